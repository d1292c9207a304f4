"""
A ridge, or few features, keep label noise from piling up
=========================================================

Interpolating noisy labels of a power-law spectrum leaves a constant excess risk: more data do not
help.  A ridge that shrinks more slowly than the resolution, ``ridge = n**-l`` with l below the
capacity, leaves an excess of ``n**-(1 - l / capacity)`` instead.  A fixed number of features does
even better, ``1 / n``.

10,000 inputs, capacity 3, source 0.3, noise of standard deviation 0.4, 2,000 Gaussian features;
``ridge = 5 n**-2`` against none.  Lines are theory, points are means with standard errors.
"""

import os

import matplotlib.pyplot as plt
import numpy as np

from sk_renorm.theory import power_law, random_feature_risk, scaling_law

REPETITIONS = int(os.environ.get("SK_RENORM_REPETITIONS", "10"))
P, N, CAPACITY, SOURCE, NOISE = 10_000, 2000, 3.0, 0.3, 0.16
spectrum = power_law(P, CAPACITY, SOURCE)


def ridge_of(n):
    return 5.0 * n**-2.0


# %%
# Simulation
# ----------
# Inputs beyond the 1,000th have less than 1e-9 of the variance; their features are left out.

rng = np.random.default_rng(0)
kept = 1000
eta, w = spectrum.eigenvalues[:kept], spectrum.signal[:kept]
lost = spectrum.signal_power[kept:].sum()
sizes = np.array([10, 30, 100, 300, 600])
risks = np.empty((REPETITIONS, len(sizes)))
for j in range(REPETITIONS):
    F = rng.standard_normal((kept, N)) / np.sqrt(N)
    for i, n in enumerate(sizes):
        X = rng.standard_normal((n, kept)) * np.sqrt(eta)
        phi, y = X @ F, X @ w + np.sqrt(NOISE) * rng.standard_normal(n)
        v = phi.T @ np.linalg.solve(phi @ phi.T + n * ridge_of(n) * np.eye(n), y)
        risks[j, i] = eta @ (F @ v - w) ** 2 + lost
mean, error = risks.mean(axis=0), risks.std(axis=0, ddof=1) / REPETITIONS**0.5

# %%
# The claim, checked
# ------------------

grid = np.geomspace(8, 1e5, 200)
with_ridge = random_feature_risk(spectrum, ridge_of(grid), grid, N, NOISE)
without = random_feature_risk(spectrum, 0.0, grid[grid < 0.5 * N], N, NOISE)


def noise_part(result):
    return result.variance_noise_data + result.variance_noise_data_features


rates = scaling_law(CAPACITY, SOURCE, [2.0, np.inf], noisy=True).noise
late = (grid > 300) & (grid < 5000)  # before features run out
slope = -np.polyfit(np.log(grid[late]), np.log(noise_part(with_ridge)[late]), 1)[0]
print(f"noise with a ridge falls as n**-{slope:.2f}, predicted {rates[0]:.2f}")
assert abs(slope / rates[0] - 1.0) < 0.06
plateau = noise_part(without)[np.searchsorted(grid, 100.0)] / NOISE
print(f"noise without a ridge stays at {plateau:.2f} noise_variance, predicted {CAPACITY - 1:.0f}")
assert abs(plateau / (CAPACITY - 1.0) - 1.0) < 0.15
expected = random_feature_risk(spectrum, ridge_of(sizes), sizes, N, NOISE).excess_risk
assert (np.abs(mean - expected) < 3 * error + expected / sizes).all()

# %%

few = random_feature_risk(spectrum, 0.0, grid[grid > 40], 20, NOISE)
fig, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
ax.plot(grid, with_ridge.excess_risk, "k", lw=2, label="excess risk, ridge 5 / n**2")
ax.errorbar(sizes, mean, error, fmt="ko", ms=4)
ax.plot(grid, with_ridge.bias2, "C0", label="squared bias")
ax.plot(grid, noise_part(with_ridge), "C1", label="noise")
ax.plot(grid[grid < 0.5 * N], noise_part(without), "C1--", label="noise, no ridge")
ax.plot(grid[grid > 40], noise_part(few), "C1:", label="noise, no ridge, 20 features")
ax.set(xscale="log", yscale="log", xlabel="samples n", ylabel="squared error", ylim=(1e-5, 3))
ax.set_title("Label noise, mitigated")
ax.legend(fontsize=8)
plt.show()
