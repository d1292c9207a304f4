"""
Learning curves are power laws of source and capacity
=====================================================

For eigenvalues ``k**-capacity`` and target powers ``k**-(2 capacity source + 1)``, the excess risk
of ridgeless regression falls as ``n**-(2 capacity source)``, until source = 1, where it saturates
at ``n**-(2 capacity)``.  Measured slopes are printed next to the predicted ones.  With a ridge the
power laws end where it limits the resolution instead of the samples: at
``n = ridge**(-1 / capacity)``.

10,000 features, capacity 2, ridge 1e-4, no noise.  Lines are theory, points are means over 30 data
sets (8 at 1,000 samples) with their standard errors, dashes have the predicted slope.
"""

import os

import matplotlib.pyplot as plt
import numpy as np

from sk_renorm.theory import power_law, ridge_risk, scaling_law

REPETITIONS = int(os.environ.get("SK_RENORM_REPETITIONS", "30"))
P, CAPACITY, RIDGE = 10_000, 2.0, 1e-4
SOURCES = (0.2, 0.4, 0.8, 1.8)

# %%
# Simulation
# ----------
# One draw of X serves every target.

rng = np.random.default_rng(0)
spectra = [power_law(P, CAPACITY, source, signal_norm=1.0) for source in SOURCES]
eta, W = spectra[0].eigenvalues, np.transpose([s.signal for s in spectra])
sizes = np.array([1, 3, 5, 10, 20, 30, 100, 300, 1000])
mean, error = np.empty((2, len(sizes), len(SOURCES)))
for i, n in enumerate(sizes):
    risks = []
    for _ in range(REPETITIONS if n < 1000 else max(3, REPETITIONS // 4 + 1)):
        X = rng.standard_normal((n, P)) * np.sqrt(eta)
        fit = X.T @ np.linalg.solve(X @ X.T + n * RIDGE * np.eye(n), X @ W)
        risks.append(eta @ (fit - W) ** 2)
    mean[i], error[i] = np.mean(risks, axis=0), np.std(risks, axis=0, ddof=1) / len(risks) ** 0.5

# %%
# The claim, checked
# ------------------

grid = np.geomspace(1, 1000, 121)
window = (sizes >= 5) & (sizes <= 30)  # beyond the first modes, before the ridge
n = sizes[window]


def slope(n, risk, relative_error):
    """Return the exponent of a power law, and its standard error."""
    fit, covariance = np.polyfit(np.log(n), np.log(risk), 1, w=1.0 / relative_error, cov="unscaled")
    return -fit[0], covariance[0, 0] ** 0.5


curves = [ridge_risk(spectrum, RIDGE, grid).risk for spectrum in spectra]
print("source  predicted  theory, no ridge  theory, n = 5 to 30  simulation, n = 5 to 30")
for k, source in enumerate(SOURCES):
    predicted = scaling_law(CAPACITY, source, np.inf).rate
    at_30, at_100 = ridge_risk(spectra[k], 0.0, [30.0, 100.0]).risk
    ridgeless = np.log(at_30 / at_100) / np.log(100.0 / 30.0)
    expected = ridge_risk(spectra[k], RIDGE, sizes).risk
    relative = error[window, k] / mean[window, k]
    of_theory, _ = slope(n, expected[window], relative)
    of_simulation, its_error = slope(n, mean[window, k], relative)
    slopes = f"{ridgeless:16.2f}  {of_theory:19.2f}  {of_simulation:23.2f}"
    print(f"{source:6.1f}  {predicted:9.2f}  {slopes}")
    assert abs(ridgeless / predicted - 1.0) < 0.03
    assert abs(of_simulation - of_theory) < 3.0 * its_error
    assert (np.abs(mean[:, k] - expected) < 3 * error[:, k] + expected / sizes).all()

# %%

fig, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
for k, source in enumerate(SOURCES):
    ax.plot(grid, curves[k], color=f"C{k}", label=f"source {source}")
    ax.errorbar(sizes, mean[:, k], error[:, k], fmt="o", ms=3.5, color=f"C{k}")
    rate = scaling_law(CAPACITY, source, np.inf).rate
    guide = grid[(grid >= 10) & (grid <= 100)]
    ax.plot(guide, 1.6 * curves[k][60] * (guide / grid[60]) ** -rate, "k--", lw=0.7)
ax.set(xscale="log", yscale="log", xlabel="samples n", ylabel="excess risk")
ax.set_title("Harder targets are learned more slowly, down to saturation")
ax.legend()
plt.show()
