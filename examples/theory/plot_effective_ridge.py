"""
One data set measures the effective ridge
=========================================

The effective ridge kappa, and the degrees of freedom df1 and df2 that belong to it, are properties
of the population.  All three can be read off a single sample Gram matrix, without knowing the
population, for any ratio of features to samples.

250 white features, ridge 1e-3.  Lines are theory; points are estimates from the Gram matrix with
their standard deviation over data sets, not of the mean: each single data set is that accurate.
The ratio of samples to features runs from 0.01 to 100, over 50 data sets each.
"""

import os

import matplotlib.pyplot as plt
import numpy as np

from sk_renorm.theory import effective_ridge, isotropic

REPETITIONS = int(os.environ.get("SK_RENORM_REPETITIONS", "50"))
P, RIDGE = 250, 1e-3
spectrum = isotropic(P)

# %%
# With ``G = (K + ridge)^-1``, K the n x n Gram matrix over n, ``kappa = 1 / mean diagonal of G``,
# ``df1 = n (1 - ridge / kappa)`` and ``df2 = n (1 - (tr G)^2 / (n tr G^2))``.

rng = np.random.default_rng(0)
sizes = np.unique(np.geomspace(3, 25_000, 17).astype(int))
estimates = np.empty((len(sizes), REPETITIONS, 3))
for i, n in enumerate(sizes):
    for j in range(REPETITIONS):
        X = rng.standard_normal((n, P))
        values = np.linalg.eigvalsh(X @ X.T if n < P else X.T @ X) / n
        gains, zeros = 1.0 / (values + RIDGE), n - len(values)  # zeros: modes beyond the rank
        first = (gains.sum() + zeros / RIDGE) / n
        second = (np.sum(gains**2) + zeros / RIDGE**2) / n
        estimates[i, j] = 1.0 / first, n * (1.0 - RIDGE * first), n * (1.0 - first**2 / second)

# %%
# The claim, checked
# ------------------

expected = effective_ridge(spectrum, RIDGE, sizes)
expected = np.transpose([expected.kappa, expected.df1, expected.df2])
bias = np.abs(estimates.mean(axis=1) / expected - 1.0)
for name, column in zip(("kappa", "df1", "df2"), bias.T, strict=True):
    print(f"largest error of the mean estimate of {name}: {100 * column.max():.1f} %")
# what the estimates of one data set are off by on average is of order 1 / n
error = estimates.std(axis=1, ddof=1) / REPETITIONS**0.5 / expected
assert (bias < 3.0 * error + 2.0 / sizes[:, None]).all()

# %%

grid = np.geomspace(2.5, 25_000, 400)
theory = effective_ridge(spectrum, RIDGE, grid)
fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
lines = (theory.kappa, theory.df1 / P, theory.df2 / P)
scales = (1.0, P, P)
for k, (line, scale, label) in enumerate(
    zip(lines, scales, ("kappa", "df1 / p", "df2 / p"), strict=True)
):
    ax = axes[min(k, 1)]
    mean, spread = estimates[:, :, k].mean(axis=1), estimates[:, :, k].std(axis=1)
    ax.plot(P / grid, line, color=f"C{k}", label=label)
    ax.errorbar(P / sizes, mean / scale, spread / scale, fmt="o", ms=3.5, color=f"C{k}")
    ax.set(xscale="log", yscale="log", xlabel="features / samples")
    ax.legend()
axes[0].set(title="effective ridge", ylabel="kappa")
axes[1].set(title="degrees of freedom", ylabel="degrees of freedom / p")
plt.show()
