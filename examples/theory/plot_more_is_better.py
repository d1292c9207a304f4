"""
At the best ridge, more features never hurt
===========================================

At a small, fixed ridge the risk of a random-feature model peaks where features and samples are
equal in number.  At the best ridge for each number of features it falls all the way to the limit
of infinitely many: the peak is a matter of regularization, not of overparameterization.

2,000 inputs, capacity 1.2, source 0.6, noise of standard deviation 0.5, 200 samples.  Lines are
theory, points are means over data sets and features with their standard errors.
"""

import os

import matplotlib.pyplot as plt
import numpy as np

from sk_renorm.theory import (
    optimal_feature_ridge,
    optimal_n_features,
    optimal_ridge,
    power_law,
    random_feature_risk,
)

REPETITIONS = int(os.environ.get("SK_RENORM_REPETITIONS", "30"))
P, N_SAMPLES, NOISE, SMALL = 2000, 200, 0.25, 1e-5
spectrum = power_law(P, 1.2, 0.6)

# %%
# Theory
# ------

width = np.geomspace(10, 4000, 40)
fine = np.geomspace(10, 4000, 301)
fixed = random_feature_risk(spectrum, SMALL, N_SAMPLES, fine, NOISE).risk
best = optimal_feature_ridge(spectrum, N_SAMPLES, width, NOISE)
limit = optimal_ridge(spectrum, N_SAMPLES, NOISE)

# %%
# Simulation
# ----------

rng = np.random.default_rng(0)
eta, w = spectrum.eigenvalues, spectrum.signal
sizes = np.array([20, 60, 120, 200, 400, 1000])
tuned = optimal_feature_ridge(spectrum, N_SAMPLES, sizes, NOISE)
risks = np.empty((2, len(sizes), REPETITIONS))
for i, size in enumerate(sizes):
    for j in range(REPETITIONS):
        X = rng.standard_normal((N_SAMPLES, P)) * np.sqrt(eta)
        F = rng.standard_normal((P, size)) / np.sqrt(size)
        phi, y = X @ F, X @ w + np.sqrt(NOISE) * rng.standard_normal(N_SAMPLES)
        for k, ridge in enumerate((SMALL, tuned.ridge[i])):
            v = phi.T @ np.linalg.solve(phi @ phi.T + N_SAMPLES * ridge * np.eye(N_SAMPLES), y)
            risks[k, i, j] = eta @ (F @ v - w) ** 2 + NOISE
mean, error = risks.mean(axis=-1), risks.std(axis=-1, ddof=1) / REPETITIONS**0.5

# %%
# The claim, checked
# ------------------

assert (np.diff(best.risk) < 0.0).all()
assert best.risk[-1] > limit.risk
assert abs(best.risk[-1] / limit.risk - 1.0) < 0.02
assert abs(np.log(fine[np.argmax(fixed)] / N_SAMPLES)) < 0.02
finite_size = tuned.risk / np.minimum(sizes, N_SAMPLES)
assert (np.abs(mean[1] - tuned.risk) < 3 * error[1] + finite_size).all()
at_small = optimal_n_features(spectrum, SMALL, N_SAMPLES, NOISE)
print(f"ridge {SMALL:g}: best number of features {at_small.n_features:.0f}, {at_small.risk:.3f}")
print(f"best ridge, infinitely many features: risk {limit.risk:.3f}")
assert limit.risk < at_small.risk

# %%

fig, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
ax.plot(fine, fixed, "C1", label=f"ridge {SMALL:g}")
ax.plot(width, best.risk, "C0", label="best ridge")
ax.axhline(limit.risk, color="0.6", ls=":", label="infinitely many features, best ridge")
for k, color in enumerate(("C1", "C0")):
    ax.errorbar(sizes, mean[k], error[k], fmt="o", ms=4, color=color)
ax.set(xscale="log", yscale="log", xlabel="features N", ylabel="risk")
ax.set_title("200 noisy samples")
ax.legend(loc="upper right", fontsize=8)
plt.show()
