"""
Learning curves are power laws of source and capacity
=====================================================

For eigenvalues ``k**-capacity`` and target powers ``k**-(2 capacity source + 1)``, the excess risk
of ridgeless regression falls as ``n**-(2 capacity source)``, until source = 1, where it saturates
at ``n**-(2 capacity)``.  Measured slopes are printed next to the predicted ones.

10,000 features, capacity 2, ridge 1e-12, no noise.  Lines are theory, points are means over data
sets with their standard errors, dashes have the predicted slope.
"""

import os

import matplotlib.pyplot as plt
import numpy as np

from sk_renorm.theory import power_law, ridge_risk, scaling_law

REPETITIONS = int(os.environ.get("SK_RENORM_REPETITIONS", "12"))
P, CAPACITY, RIDGE = 10_000, 2.0, 1e-12
SOURCES = (0.2, 0.4, 0.8, 1.8)

# %%
# Simulation
# ----------
# One draw of X serves every target.

rng = np.random.default_rng(0)
spectra = [power_law(P, CAPACITY, source, signal_norm=1.0) for source in SOURCES]
eta, W = spectra[0].eigenvalues, np.transpose([s.signal for s in spectra])
sizes = np.array([10, 20, 40, 80, 160])
risks = np.empty((len(sizes), REPETITIONS, len(SOURCES)))
for i, n in enumerate(sizes):
    for j in range(REPETITIONS):
        X = rng.standard_normal((n, P)) * np.sqrt(eta)
        fit = X.T @ np.linalg.solve(X @ X.T + n * RIDGE * np.eye(n), X @ W)
        risks[i, j] = eta @ (fit - W) ** 2
mean, error = risks.mean(axis=1), risks.std(axis=1, ddof=1) / REPETITIONS**0.5

# %%
# The claim, checked
# ------------------

grid = np.geomspace(8, 400, 60)
curves = [ridge_risk(spectrum, RIDGE, grid).risk for spectrum in spectra]
print("source  predicted slope  slope of theory  slope of simulation")
for k, source in enumerate(SOURCES):
    predicted = scaling_law(CAPACITY, source, np.inf).rate
    of_theory = -np.polyfit(np.log(grid), np.log(curves[k]), 1)[0]
    weights = mean[:, k] / error[:, k]
    of_simulation = -np.polyfit(np.log(sizes), np.log(mean[:, k]), 1, w=weights)[0]
    print(f"{source:6.1f}  {predicted:15.2f}  {of_theory:15.2f}  {of_simulation:19.2f}")
    assert abs(of_theory / predicted - 1.0) < 0.06
    expected = ridge_risk(spectra[k], RIDGE, sizes).risk
    assert (np.abs(mean[:, k] - expected) < 4 * error[:, k] + 2 * expected / sizes).all()

# %%

fig, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
for k, source in enumerate(SOURCES):
    ax.plot(grid, curves[k], color=f"C{k}", label=f"source {source}")
    ax.errorbar(sizes, mean[:, k], error[:, k], fmt="o", ms=3.5, color=f"C{k}")
    rate = scaling_law(CAPACITY, source, np.inf).rate
    ax.plot(grid, 1.5 * curves[k][-1] * (grid / grid[-1]) ** -rate, "k--", lw=0.7)
ax.set(xscale="log", yscale="log", xlabel="samples n", ylabel="excess risk")
ax.set_title("Harder targets are learned more slowly, down to saturation")
ax.legend()
plt.show()
