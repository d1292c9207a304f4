"""
One descent for each scale of the spectrum
==========================================

If the eigenvalues come in well separated groups, the learning curve of ridgeless regression has one
double descent per group: a peak of the variance wherever the samples have just used up one group
and do not yet see the next.  The bias is a staircase without peaks.

Groups of 10, 100 and 10,000 eigenvalues 1, 1e-2 and 1e-5, ridge 1e-8, no noise.  Lines are theory,
points are means over data sets with their standard errors.
"""

import os

import matplotlib.pyplot as plt
import numpy as np

from sk_renorm.theory import Spectrum, ridge_risk

REPETITIONS = int(os.environ.get("SK_RENORM_REPETITIONS", "20"))
GROUPS, RIDGE = (10, 100, 10_000), 1e-8
eta = np.repeat([1.0, 1e-2, 1e-5], GROUPS)
signal = np.repeat([1.0, 10.0, 100.0], GROUPS)
signal *= 100.0 / np.linalg.norm(signal)
spectrum = Spectrum(eta, signal)

# %%
# Simulation
# ----------

rng = np.random.default_rng(0)
sizes = np.array([3, 6, 9, 11, 20, 50, 80, 110, 150, 250, 500])
mean, error = np.empty((2, len(sizes)))
for i, n in enumerate(sizes):
    risks = []
    for _ in range(REPETITIONS):
        X = rng.standard_normal((n, len(eta))) * np.sqrt(eta)
        fit = X.T @ np.linalg.solve(X @ X.T + n * RIDGE * np.eye(n), X @ signal)
        risks.append(eta @ (fit - signal) ** 2)
    mean[i], error[i] = np.mean(risks), np.std(risks, ddof=1) / REPETITIONS**0.5

# %%
# The claim, checked
# ------------------

grid = np.geomspace(2, 2000, 600)
theory = ridge_risk(spectrum, RIDGE, grid)
rising = np.diff(theory.risk) > 0.0
peaks = grid[1:-1][rising[:-1] & ~rising[1:]]
print("the risk peaks at n =", peaks.round(1))
assert len(peaks) == 2
assert np.abs(np.log(peaks / [10, 110])).max() < 0.2
assert np.diff(theory.bias2).max() <= 0.0
expected = ridge_risk(spectrum, RIDGE, sizes).risk
calm = np.array([n not in (9, 11, 110) for n in sizes])  # at a peak ten samples do not self-average
assert (np.abs(mean - expected) < 3 * error + expected / sizes)[calm].all()

# %%

fig, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
ax.plot(grid, theory.risk, "k", label="risk")
ax.plot(grid, theory.bias2, "C0", label="squared bias")
ax.plot(grid, theory.variance_data, "C1", label="variance")
ax.errorbar(sizes, mean, error, fmt="ko", ms=3.5, label="simulated risk")
for n in np.cumsum(GROUPS)[:2]:
    ax.axvline(n, color="0.8", lw=0.8, zorder=0)
ax.set(xscale="log", yscale="log", xlabel="samples n", ylabel="squared error")
ax.set_title("Multiple descent")
ax.legend()
plt.show()
