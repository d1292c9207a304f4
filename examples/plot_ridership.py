"""
Daily ridership
===============

How many people take the train at Clark/Lake station, Chicago?  Riders of 20 stations two weeks
before, weather, games and the calendar predict it (Kuhn and Johnson 2019).

Days follow each other, and so do the errors: a leave-one-out error is that of a day *between* days
that the model knows.  Of days that come later, the error is larger.  ``sample_correlation`` says by
how much, from the correlation that the features show; blocks left out with a gap measure it.

Checked by training on 500 days at a time, and waiting.  (Errors are correlated for a few days only,
so the last ones say little about the next: ``predict_ahead`` gains nothing here.)
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.preprocessing import StandardScaler

from sk_renorm import HBlockSplit, TheoryGuidedRidgeCV

with np.load(Path(sys.argv[0]).parent / "data" / "chicago.npz") as data:
    X, y = data["X"].astype(float), data["ridership"].astype(float)

N_DAYS, LATER = 500, slice(50, 250)
SETTINGS = {
    "rows left out": {"sample_correlation": "independent"},
    "correlation estimated": {"sample_correlation": "estimate"},
    "blocks with gaps": {"cv": HBlockSplit(gap=25, test_size=50)},
}

# %%
# Claimed and found
# -----------------

claimed = {name: [] for name in SETTINGS}
found = {name: [] for name in SETTINGS}
of_errors, of_features = [], []
lags = np.arange(31)
for start in range(0, len(y) - N_DAYS - LATER.stop, 220):
    train, later = (
        slice(start, start + N_DAYS),
        slice(start + N_DAYS + LATER.start, start + N_DAYS + LATER.stop),
    )
    kept = X[train].std(axis=0) > 0.0
    scaler = StandardScaler().fit(X[train][:, kept])
    X_train, X_later = scaler.transform(X[train][:, kept]), scaler.transform(X[later][:, kept])
    for name, settings in SETTINGS.items():
        model = TheoryGuidedRidgeCV(**settings).fit(X_train, y[train])
        claimed[name].append(model.risk_)
        found[name].append(np.mean((y[later] - model.predict(X_later)) ** 2))
        if name == "correlation estimated":
            errors = model.report_.held_out.errors
            errors = errors - errors.mean()
            products = [errors[lag:] @ errors[: N_DAYS - lag] for lag in lags]
            of_errors.append(np.array(products) / products[0])
            correlation = model.report_.dependence.sample_correlation
            of_features.append(np.pad(correlation, (0, N_DAYS))[: len(lags)])

for name in SETTINGS:
    ratio = np.median(np.array(claimed[name]) / found[name])
    print(
        f"{name:22s} claimed {np.mean(claimed[name]):.2f}, 50 to 250 days later "
        f"{np.mean(found[name]):.2f}; median of claimed / found {ratio:.2f}"
    )

fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
for place, name in enumerate(SETTINGS):
    ratios = np.array(claimed[name]) / found[name]
    axes[0].scatter(np.full(len(ratios), place), ratios, s=14, color=f"C{place}", alpha=0.6)
    axes[0].plot([place - 0.25, place + 0.25], 2 * [np.median(ratios)], color=f"C{place}", lw=3)
axes[0].axhline(1.0, color="0.3", ls=":")
axes[0].set_yscale("log")
axes[0].set_yticks([0.25, 0.5, 1.0, 2.0], ["1/4", "1/2", "1", "2"])
axes[0].minorticks_off()
axes[0].set_xticks(range(len(SETTINGS)), [name.replace(" ", "\n", 1) for name in SETTINGS])
axes[0].set_ylabel("claimed error / error of later days")

axes[1].plot(
    lags, np.mean(of_features, axis=0), color="C1", lw=2, label="estimated from the features"
)
axes[1].bar(lags, np.mean(of_errors, axis=0), color="0.6", label="of the left-out errors")
axes[1].set_xlabel("days apart")
axes[1].set_ylabel("correlation")
axes[1].legend(frameon=False)
plt.show()

# %%
# What was claimed:

ratio = {name: np.median(np.array(claimed[name]) / found[name]) for name in SETTINGS}
assert ratio["rows left out"] < 0.93
for name in ("correlation estimated", "blocks with gaps"):
    assert 0.93 < ratio[name] < 1.07
