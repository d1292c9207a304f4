"""
Finitely many features slow learning down before they stop it
=============================================================

A random-feature model learns a smooth target at first as fast as if it had infinitely many
features.  Long before samples outnumber features, at about
``N**(1 / (1 + capacity (2 source - 1)))``
of them, the variance of the features takes over and the excess risk falls only as
``n**-(capacity - 1)``, where the bias falls as ``n**-(2 capacity source)``.

10,000 inputs, 1,000 features, capacity 1.5, source 1.2 (which acts as 1: the bias saturates there),
ridge 1e-4, that is the notebook's 1e-5 times inputs over features.  Lines are theory, points are
means over data sets and features with their standard errors.  Slopes are taken without a ridge.
"""

import os

import matplotlib.pyplot as plt
import numpy as np

from sk_renorm.theory import power_law, random_feature_risk, scaling_law

REPETITIONS = int(os.environ.get("SK_RENORM_REPETITIONS", "8"))
P, N, RIDGE = 10_000, 1000, 1e-4
CAPACITY, SOURCE = 1.5, 1.2
spectrum = power_law(P, CAPACITY, SOURCE)

# %%
# Simulation
# ----------

rng = np.random.default_rng(0)
eta, w = spectrum.eigenvalues, spectrum.signal
sizes = np.array([10, 30, 100, 300])
risks = np.empty((REPETITIONS, len(sizes)))
for j in range(REPETITIONS):
    F = rng.standard_normal((P, N)) / np.sqrt(N)
    for i, n in enumerate(sizes):
        X = rng.standard_normal((n, P)) * np.sqrt(eta)
        phi = X @ F
        v = phi.T @ np.linalg.solve(phi @ phi.T + n * RIDGE * np.eye(n), X @ w)
        risks[j, i] = eta @ (F @ v - w) ** 2
mean, error = risks.mean(axis=0), risks.std(axis=0, ddof=1) / REPETITIONS**0.5

# %%
# The claim, checked
# ------------------

grid = np.geomspace(8, 5000, 200)
theory = random_feature_risk(spectrum, RIDGE, grid, N)
from_features = theory.variance_features + theory.variance_data_features
crossing = grid[np.argmax(from_features > theory.bias2 + theory.variance_data)]
estimate = N ** (1.0 / (1.0 + CAPACITY * (2.0 * min(SOURCE, 1.0) - 1.0)))
print(f"features' variance takes over at n = {crossing:.0f}; scaling estimate {estimate:.0f}")
assert 0.3 < crossing / estimate < 3.0

wide = power_law(200_000, CAPACITY, SOURCE)  # slopes need room between the crossing and N
n = np.array([300.0, 600.0])
law = scaling_law(CAPACITY, SOURCE, np.inf, 2.0)
limit = random_feature_risk(wide, 0.0, n, 50_000)
feature_slope = -np.diff(np.log(limit.variance_features + limit.variance_data_features))[0]
feature_slope /= np.log(2.0)
bias_slope = -np.diff(np.log(limit.bias2))[0] / np.log(2.0)
print(f"slope of the bias {bias_slope:.2f}, predicted {law.bias:.2f}")
print(f"slope of the features' variance {feature_slope:.2f}, predicted {CAPACITY - 1.0:.2f}")
assert abs(bias_slope / law.bias - 1.0) < 0.01
assert abs(feature_slope / (CAPACITY - 1.0) - 1.0) < 0.03
expected = random_feature_risk(spectrum, RIDGE, sizes, N).risk
assert (np.abs(mean - expected) < 3 * error + expected / sizes).all()

# %%

fig, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
ax.plot(grid, theory.risk, "k", lw=2, label="excess risk")
ax.plot(grid, theory.bias2 + theory.variance_data, "C0", label="bias and data")
ax.plot(grid, from_features, "C1", label="features, data x features")
ax.errorbar(sizes, mean, error, fmt="ko", ms=4, label="simulated")
ax.axvline(estimate, color="0.6", ls=":", label="scaling estimate of the crossing")
ax.axvline(N, color="0.6", ls="--", label="n = N")
ax.set(xscale="log", yscale="log", xlabel="samples n", ylabel="squared error")
ax.set_title("Variance of the features dominates long before n = N")
ax.legend()
plt.show()
