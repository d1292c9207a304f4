"""
A nonlinearity is noise in the features
=======================================

Random features with a nonlinearity, ``tanh(g.x)``, behave for a linear target like linear features
with independent noise (Gaussian equivalence).  The noise uses up degrees of freedom, coarsens the
resolution kappa_2, and so costs risk at any number of samples.

200 Gaussian inputs, 100 features, noise of standard deviation 0.25, ridge 2e-3.  Lines are theory;
points come from a real network of tanh units with random first layer, on fresh test inputs.  The
strongest nonlinearity has the paper's feature noise, 200 x 0.5**2 = 50; the paper draws the noise
itself, without a network.
"""

import os
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import scipy.optimize

from sk_renorm.theory import isotropic, random_feature_risk

REPETITIONS = int(os.environ.get("SK_RENORM_REPETITIONS", "40"))
P, N, RIDGE, NOISE = 200, 100, 2e-3, 0.0625
spectrum = isotropic(P)

# %%
# The Gaussian equivalent of a nonlinearity
# -----------------------------------------
# ``f(z) = mu_1 z + rest`` for a standard normal z, where the rest is uncorrelated with z.  Features
# are scaled such that their linear part has ``E F F' = 1``.  ``gain`` sets how nonlinear tanh is.

nodes, weights = np.polynomial.hermite_e.hermegauss(200)
weights = weights / weights.sum()


def equivalent(gain):
    """Return mu_1 and the total noise variance of the scaled features."""
    mu_1 = weights @ (nodes * np.tanh(gain * nodes))
    rest = weights @ np.tanh(gain * nodes) ** 2 - mu_1**2
    return mu_1, P * rest / mu_1**2


# %%
# Simulation
# ----------

rng = np.random.default_rng(0)
strong = scipy.optimize.brentq(lambda gain: equivalent(gain)[1] - 50.0, 1.0, 20.0)
GAINS = (0.1, 1.0, strong)
sizes = np.array([20, 50, 80, 100, 150, 300, 1000])
risks = np.empty((len(GAINS), len(sizes), REPETITIONS))
for k, gain in enumerate(GAINS):
    scale = np.sqrt(P / N) / equivalent(gain)[0]
    for i, n in enumerate(sizes):
        for j in range(REPETITIONS):
            G = rng.standard_normal((P, N)) / np.sqrt(P)
            X, X_test = rng.standard_normal((n, P)), rng.standard_normal((1000, P))
            y = X @ spectrum.signal + np.sqrt(NOISE) * rng.standard_normal(n)
            phi, phi_test = (scale * np.tanh(gain * x @ G) for x in (X, X_test))
            v = np.linalg.solve(phi.T @ phi + n * RIDGE * np.eye(N), phi.T @ y)
            risks[k, i, j] = np.mean((X_test @ spectrum.signal - phi_test @ v) ** 2)
mean, error = risks.mean(axis=-1), risks.std(axis=-1, ddof=1) / REPETITIONS**0.5

# %%
# The claim, checked
# ------------------

grid = np.geomspace(15, 1500, 300)
curves = []
for k, gain in enumerate(GAINS):
    tau = equivalent(gain)[1]
    curves.append(random_feature_risk(spectrum, RIDGE, grid, N, NOISE, feature_noise=tau))
    expected = random_feature_risk(spectrum, RIDGE, sizes, N, NOISE, feature_noise=tau).excess_risk
    off_peak = np.abs(sizes - N) > 25
    gap = np.abs(mean[k] - expected)
    finite_size = expected / np.minimum(sizes, N)
    assert (gap < 4 * error[k] + finite_size)[off_peak].all(), gain  # 4: of twenty points at once
peak = [curve.risk.max() for curve in curves]
print(
    "height of the peak:",
    np.round(peak, 2),
    "for feature noise of",
    [f"{equivalent(gain)[1]:.2g}" for gain in GAINS],
)
for weak, strong in pairwise(curves):
    assert (weak.risk < strong.risk).all()
    assert (weak.kappa_2 < strong.kappa_2).all()

# %%

fig, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
for k, (gain, curve) in enumerate(zip(GAINS, curves, strict=True)):
    ax.plot(grid / P, curve.excess_risk, color=f"C{k}", label=f"tanh({gain:.2g} z)")
    ax.errorbar(sizes / P, mean[k], error[k], fmt="o", ms=3.5, color=f"C{k}")
ax.set(xscale="log", yscale="log", xlabel="samples / inputs", ylabel="excess risk")
ax.set_title("100 tanh features of 200 inputs")
ax.legend()
plt.show()
