"""
The narrowest layer decides how deep linear features learn
==========================================================

Random linear layers multiply their renormalizations of the ridge: the S-transform of the product is
the product of the S-transforms.  With few samples a deep model of widths 300 and 600 pays for the
variance of both layers.  With many, it ends where its narrowest layer alone would end: the wider
one costs nothing more, whichever comes first.

2,000 inputs, capacity 1.5, source 0.7, ridge 2e-5, no noise.  The paper has 10,000 inputs and
widths 2,000, 1,000, 1,000, whose features take seconds to draw, once per repetition; here
everything is several times smaller, and four models tell the layers apart.  (The public notebook
puts every layer's width into the prefactor of the ridge; the derivation puts in the last one only,
as here.)
Lines are theory, points are means over data sets and features with their standard errors.
"""

import itertools
import os

import matplotlib.pyplot as plt
import numpy as np

from sk_renorm.theory import gaussian_features, power_law, random_feature_risk

REPETITIONS = int(os.environ.get("SK_RENORM_REPETITIONS", "12"))
P, RIDGE = 2000, 2e-5
MODELS = {"300": (300,), "300, 600": (300, 600), "600, 300": (600, 300), "600": (600,)}
spectrum = power_law(P, 1.5, 0.7, signal_norm=1.0)


def features_of(widths):
    product = gaussian_features(widths[0])
    for width in widths[1:]:
        product = product * gaussian_features(width)
    return product


# %%
# Simulation
# ----------

rng = np.random.default_rng(0)
eta, w = spectrum.eigenvalues, spectrum.signal
sizes = np.array([10, 30, 100, 200, 600, 1000])
risks = np.empty((len(MODELS), REPETITIONS, len(sizes)))
for j in range(REPETITIONS):
    for k, widths in enumerate(MODELS.values()):
        F = rng.standard_normal((P, widths[0])) / np.sqrt(widths[0])
        for before, width in itertools.pairwise(widths):
            F = F @ rng.standard_normal((before, width)) / np.sqrt(width)
        for i, n in enumerate(sizes):
            X = rng.standard_normal((n, P)) * np.sqrt(eta)
            phi = X @ F
            v = np.linalg.solve(phi.T @ phi + n * RIDGE * np.eye(F.shape[1]), phi.T @ (X @ w))
            risks[k, j, i] = eta @ (F @ v - w) ** 2
mean, error = risks.mean(axis=1), risks.std(axis=1, ddof=1) / REPETITIONS**0.5

# %%
# The claim, checked
# ------------------

grid = np.geomspace(8, 4000, 200)
curves = [random_feature_risk(spectrum, RIDGE, grid, features_of(m)) for m in MODELS.values()]
for k, widths in enumerate(MODELS.values()):
    expected = random_feature_risk(spectrum, RIDGE, sizes, features_of(widths)).risk
    assert (np.abs(mean[k] - expected) < 3 * error[k] + expected / np.minimum(sizes, 300)).all()
# kappa does not care about the order of the layers, and neither does the risk
assert np.allclose(curves[1].risk, curves[2].risk, rtol=1e-10)
deep, shallow = curves[1].risk, curves[0].risk
assert (deep > shallow)[grid < 200].all()
floor = deep[-1] / shallow[-1]
print(f"at n = 4000 the deep model's risk is {floor:.2f} times that of its narrowest layer alone")
assert abs(floor - 1.0) < 0.05

# %%

fig, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
for k, (label, curve) in enumerate(zip(MODELS, curves, strict=True)):
    ax.plot(grid, curve.risk, color=f"C{k}", ls="--" if k == 2 else "-", label=f"widths {label}")
    ax.errorbar(sizes, mean[k], error[k], fmt="o", ms=3.5, color=f"C{k}")
ax.axvline(300, color="0.7", ls=":", zorder=0)
ax.set(xscale="log", yscale="log", xlabel="samples n", ylabel="excess risk")
ax.set_title("Deep linear random features")
ax.legend()
plt.show()
