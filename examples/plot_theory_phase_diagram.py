"""
What limits learning: a phase diagram
=====================================

With ``ridge = n**-l`` and ``N = n**q`` random features, the plane of (l, q) splits into regimes, in
each of which one term of the excess risk decides the rate.  Label noise takes over wherever nothing
else is slower.  Local slopes of the exact theory, taken inside the regimes, agree with the rates.

Capacity 1.2, source 1.1.  (The public notebook's noisy diagram leaves the source out of one of its
boundaries; the rates here are those of the derivation.)
"""

import matplotlib.pyplot as plt
import numpy as np

from sk_renorm.theory import REGIMES, power_law, random_feature_risk, scaling_law

CAPACITY, SOURCE = 1.2, 1.1
ridges, q = np.linspace(0.02, 2.5, 300)[:, None], np.linspace(0.02, 2.5, 300)
diagrams = {
    "no noise": scaling_law(CAPACITY, SOURCE, ridges, q),
    "noise": scaling_law(CAPACITY, SOURCE, ridges, q, noisy=True),
}

# %%
# The claim, checked
# ------------------
# Slopes converge slowly, with corrections that are themselves small powers of n.

spectrum = power_law(300_000, CAPACITY, SOURCE)
points = [(2.4, 0.6), (0.5, 0.9), (2.4, 1.6), (0.7, 0.5)]
print("   l    q  regime                      predicted  local slope")
for l_here, q_here in points:
    law = scaling_law(CAPACITY, SOURCE, l_here, q_here)
    n = np.array([1000.0, 2000.0])
    risk = random_feature_risk(spectrum, n**-l_here, n, n**q_here).risk
    slope = -np.diff(np.log(risk))[0] / np.log(2.0)
    print(f"{l_here:4.1f} {q_here:4.1f}  {law.regime!s:26}  {law.rate:9.2f}  {slope:11.2f}")
    assert abs(slope / law.rate - 1.0) < 0.2
assert (diagrams["noise"].rate <= diagrams["no noise"].rate + 1e-12).all()

# %%

fig, axes = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained", sharey=True)
palette = plt.get_cmap("tab20")
for ax, (title, law) in zip(axes, diagrams.items(), strict=True):
    index = np.searchsorted(np.sort(REGIMES), law.regime)
    ax.imshow(
        np.transpose(palette(index % 20), (1, 0, 2)),
        origin="lower",
        extent=(ridges[0, 0], ridges[-1, 0], q[0], q[-1]),
        aspect="auto",
    )
    lines = ax.contour(ridges[:, 0], q, law.rate.T, levels=8, colors="k", linewidths=0.5)
    ax.clabel(lines, fontsize=7)
    for name in np.unique(law.regime):
        rows, columns = np.nonzero(law.regime == name)
        ax.text(
            ridges[int(np.median(rows)), 0],
            q[int(np.median(columns))],
            name,
            ha="center",
            fontsize=8,
        )
    ax.set(title=title, xlabel="ridge exponent l")
axes[0].set_ylabel("width exponent q")
plt.show()
