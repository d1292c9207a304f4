"""
Six terms of a random-feature model
===================================

The excess risk of ridge regression on random features splits into a squared bias and five
variances: from the features, from the data, from their interaction, and from the noise with the
data and with both.  At the peak, where samples and features are equal in number, it is the
interactions with the features that diverge, so that averaging over features removes the peak.

200 white inputs, 100 Gaussian features, noise of standard deviation 0.25, ridge 2e-3.  Lines are
theory; points come from an unbiased two-way analysis of variance over independent features and data
sets, five of each in every repetition, with standard errors over 16 repetitions.  (The paper has
one analysis of 25 by 25, which has no standard error.)
"""

import os

import matplotlib.pyplot as plt
import numpy as np

from sk_renorm.theory import isotropic, random_feature_risk

REPETITIONS = int(os.environ.get("SK_RENORM_REPETITIONS", "16"))
P, N, RIDGE, NOISE, MEMBERS = 200, 100, 2e-3, 0.0625, 5
spectrum = isotropic(P)
TERMS = {
    "bias2": "squared bias",
    "variance_features": "features",
    "variance_data": "data",
    "variance_data_features": "data x features",
    "variance_noise_data": "noise x data",
    "variance_noise_data_features": "noise x data x features",
}

# %%
# Analysis of variance
# --------------------


def two_way(u):
    """Unbiased components of factor 0, factor 1 and their interaction; and the grand mean."""
    a, b = u.shape[:2]
    grand, rows, columns = u.mean(axis=(0, 1)), u.mean(axis=1), u.mean(axis=0)
    both = np.sum((u - rows[:, None] - columns + grand) ** 2) / ((a - 1) * (b - 1))
    first = np.sum((rows - grand) ** 2) / (a - 1) - both / b
    second = np.sum((columns - grand) ** 2) / (b - 1) - both / a
    return first, second, both, grand


def one_repetition(n, rng):
    clean, noisy = np.empty((2, MEMBERS, MEMBERS, P))
    features = rng.standard_normal((MEMBERS, P, N)) / np.sqrt(N)
    for b in range(MEMBERS):
        X = rng.standard_normal((n, P))
        y = np.column_stack([X @ spectrum.signal, np.sqrt(NOISE) * rng.standard_normal(n)])
        for a, F in enumerate(features):
            phi = X @ F
            v = F @ np.linalg.solve(phi.T @ phi + n * RIDGE * np.eye(N), phi.T @ y)
            clean[a, b], noisy[a, b] = v.T
    by_features, by_data, by_both, grand = two_way(clean)
    distance = np.sum((grand - spectrum.signal) ** 2)
    bias2 = distance - by_features / MEMBERS - by_data / MEMBERS - by_both / MEMBERS**2
    _, noise_data, noise_both, _ = two_way(noisy)
    return bias2, by_features, by_data, by_both, noise_data, noise_both


rng = np.random.default_rng(0)
sizes = np.array([20, 40, 70, 100, 150, 250, 500, 1000])
samples = np.array([[one_repetition(n, rng) for _ in range(REPETITIONS)] for n in sizes])
mean, error = samples.mean(axis=1), samples.std(axis=1, ddof=1) / REPETITIONS**0.5

# %%
# The claim, checked
# ------------------

expected = random_feature_risk(spectrum, RIDGE, sizes, N, NOISE)
for k, name in enumerate(TERMS):
    gap = np.abs(mean[:, k] - getattr(expected, name))
    finite_size = expected.excess_risk / np.minimum(sizes, N)  # the theory's own, of order 1 / n
    assert (gap < 3 * error[:, k] + finite_size)[sizes != N].all(), name
ratio = np.geomspace(0.1, 5.0, 300)
theory = random_feature_risk(spectrum, RIDGE, ratio * P, N, NOISE)
assert abs(ratio[np.argmax(theory.risk)] * P / N - 1.0) < 0.05
assert theory.infinite_ensemble_risk[np.argmax(theory.risk)] < 0.2 * theory.risk.max()

# %%

fig, ax = plt.subplots(figsize=(7.5, 4.8), layout="constrained")
ax.plot(ratio, theory.excess_risk, "k", lw=2, label="excess risk")
for k, (name, label) in enumerate(TERMS.items()):
    ax.plot(ratio, getattr(theory, name), color=f"C{k}", label=label)
    ax.errorbar(sizes / P, mean[:, k], error[:, k], fmt="o", ms=3.5, color=f"C{k}")
ax.plot(ratio, theory.infinite_ensemble_risk - NOISE, "k:", label="infinite ensemble")
ax.set(xscale="log", yscale="log", ylim=(1e-3, 20), xlabel="samples / inputs")
ax.set(ylabel="squared error", title="100 random features of 200 inputs")
ax.legend(fontsize=8, ncols=2)
plt.show()
