"""
Double descent is variance, and GCV sees it
===========================================

The risk of weakly regularized ridge regression peaks where the number of samples equals that of
features.  The bias does not peak there; both variances do, by the same factor 1 / (1 - gamma), and
generalized cross-validation (GCV) follows the peak from the training set alone.

250 white features, a target of unit norm, noise of standard deviation 0.5, ridge 1e-3.  Lines are
theory, points are means over data sets with their standard errors.
"""

import os

import matplotlib.pyplot as plt
import numpy as np

from sk_renorm.datasets import make_spectral_regression
from sk_renorm.theory import isotropic, ridge_risk

REPETITIONS = int(os.environ.get("SK_RENORM_REPETITIONS", "50"))
P, RIDGE, NOISE = 250, 1e-3, 0.25
spectrum = isotropic(P)

# %%
# Theory
# ------

ratio = np.geomspace(0.1, 10.0, 400)
theory = ridge_risk(spectrum, RIDGE, ratio * P, NOISE)

# %%
# Simulation
# ----------
# The noise-free fit and the fit to the noise alone add up to the fit.  From independent data sets
# their means and variances are estimated without bias.

rng = np.random.default_rng(0)
sizes = np.array([25, 50, 100, 150, 200, 250, 300, 375, 500, 1000, 2500])
measured = {name: [] for name in ("risk", "gcv", "bias2", "variance_data", "variance_noise")}
for n in sizes:
    risks, gcv, clean, noisy = [], [], [], []
    for _ in range(REPETITIONS):
        X, y, population = make_spectral_regression(n, spectrum, noise_variance=NOISE, rng=rng)
        w = population.coefficients
        U, s, Vt = np.linalg.svd(X, full_matrices=False)
        shrink = s / (s**2 + n * RIDGE)
        fits = Vt.T @ (shrink[:, None] * (U.T @ np.column_stack([X @ w, y - X @ w])))
        clean.append(fits[:, 0])
        noisy.append(np.sum(fits[:, 1] ** 2))
        risks.append(population.conditional_risk(fits.sum(axis=1)))
        training_error = np.mean((y - X @ fits.sum(axis=1)) ** 2)
        gcv.append(training_error / (1.0 - np.sum(s * shrink) / n) ** 2)
    variance = np.var(clean, axis=0, ddof=1).sum()
    measured["risk"].append((np.mean(risks), np.std(risks, ddof=1) / REPETITIONS**0.5))
    measured["gcv"].append((np.mean(gcv), np.std(gcv, ddof=1) / REPETITIONS**0.5))
    measured["variance_data"].append((variance, variance / REPETITIONS**0.5))
    bias2 = np.sum((np.mean(clean, axis=0) - w) ** 2) - variance / REPETITIONS
    measured["bias2"].append((bias2, (bias2 * variance / P / REPETITIONS) ** 0.5))
    measured["variance_noise"].append((np.mean(noisy), np.std(noisy, ddof=1) / REPETITIONS**0.5))

# %%
# The claim, checked
# ------------------

expected = ridge_risk(spectrum, RIDGE, sizes, NOISE)
for name in ("risk", "gcv"):
    mean, error = np.transpose(measured[name])
    # finite size smears out the peak itself, and elsewhere is of order 1 / n
    off_peak = np.abs(sizes - P) > 40
    gap = np.abs(mean - expected.risk)[off_peak]
    finite_size = expected.risk[off_peak] / np.minimum(sizes, P)[off_peak]
    assert (gap < 4 * error[off_peak] + finite_size).all(), name  # 4: of twenty points at once
assert np.argmax(measured["risk"], axis=0)[0] == list(sizes).index(P)
assert np.diff(theory.bias2).max() <= 0.0  # the bias never rises

# %%

colors = {"risk": "k", "bias2": "C0", "variance_data": "C1", "variance_noise": "C2"}
labels = {
    "risk": "risk",
    "bias2": "squared bias",
    "variance_data": "variance, data",
    "variance_noise": "variance, noise",
}
fig, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
for name, color in colors.items():
    ax.plot(ratio, getattr(theory, name), color=color, label=labels[name])
    mean, error = np.transpose(measured[name])
    ax.errorbar(sizes / P, mean, error, fmt="o", ms=3.5, color=color)
mean, error = np.transpose(measured["gcv"])
ax.errorbar(sizes / P, mean, error, fmt="x", color="C3", label="GCV, from the training set")
ax.set(xscale="log", yscale="log", ylim=(1e-4, 20), xlabel="samples / features")
ax.set(ylabel="squared error", title="Double descent: the variances peak, the bias does not")
ax.legend()
plt.show()
