"""
How much would twice the data help?
===================================

One fit to 100 rows knows how the risk depends on the number of rows: the bias and the degrees of
freedom at every effective ridge belong to the population, not to the sample.  So the learning curve
is read off that one fit, without splitting the rows and without a single refit.

The lines are forecasts from the first 100 (or 150) rows of one random order, the points what models
tuned at each size got on rows that none of them saw, averaged over random orders.

What to look for: for diabetes, and for the pixels of digits, the measured curve lies in the band
from a quarter to more than twice the rows.  How far a single forecast is off, at all sizes alike,
is the luck of its rows; the band says how much luck there is.  With a quarter of the rows models
that tune themselves do about a tenth worse than forecast.

The third panel is where it ends: with 2000 random features of the same pixels the model
interpolates its rows, and what lies beyond the fit is drawn dashed, because the fit cannot tell
signal that it has not learned yet from noise.  There the band is all that can be said.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes, load_digits
from sklearn.kernel_approximation import RBFSampler

from sk_renorm import LearningCurveForecastDisplay, TheoryGuidedRidgeCV

diabetes = load_diabetes()
digits = load_digits()
pixels = digits.data / 16.0
is_eight = (digits.target == 8).astype(float)
features = RBFSampler(gamma=0.05, n_components=2000, random_state=0).fit_transform(pixels)

cases = {
    "diabetes": (diabetes.data, diabetes.target, 100, [25, 50, 100, 200, 300]),
    "digits: is it an 8?": (pixels, is_eight, 150, [40, 75, 150, 300, 600]),
    "the same, 2000 random features": (features, is_eight, 150, [40, 75, 150, 300, 600]),
}


# %%
# Measured learning curves
# ------------------------
# These are what the forecast saves: models tuned at every size, in several random orders.


def measure(X, y, sizes, n_orders=12):
    """Return errors on rows that no model saw (sizes, orders)."""
    errors = np.empty((len(sizes), n_orders))
    for order in range(n_orders):
        rows = np.random.default_rng(order).permutation(len(X))
        test = rows[max(sizes) :]
        for place, size in enumerate(sizes):
            model = TheoryGuidedRidgeCV().fit(X[rows[:size]], y[rows[:size]])
            errors[place, order] = np.mean((y[test] - model.predict(X[test])) ** 2)
    return errors


# %%
# Forecasts from one fit each
# ---------------------------

fig, axes = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
inside, error = {}, {}
for ax, (name, (X, y, n_rows, sizes)) in zip(axes, cases.items(), strict=True):
    rows = np.random.default_rng(0).permutation(len(X))[:n_rows]
    model = TheoryGuidedRidgeCV().fit(X[rows], y[rows])
    errors = measure(X, y, sizes)
    LearningCurveForecastDisplay.from_estimator(model, measured=(sizes, errors), ax=ax)
    ax.set_title(name)
    curve = model.report_.learning_curve(sizes)
    measured = errors.mean(axis=1)
    others = []
    for order in range(12):
        some = np.random.default_rng(order).permutation(len(X))[:n_rows]
        fit = TheoryGuidedRidgeCV().fit(X[some], y[some])
        others.append(fit.report_.learning_curve(sizes))
    inside[name] = np.mean([(c.lower <= measured) & (measured <= c.upper) for c in others])
    error[name] = np.mean([c.risk for c in others], axis=0) / measured - 1.0
    print(f"\n{name}, one fit to {n_rows} rows")
    print("  rows   forecast   measured")
    for size, risk, edge, truth in zip(sizes, curve.risk, curve.at_edge, measured, strict=True):
        print(f"  {size:4d}   {risk:8.4g}   {truth:8.4g}{'   at the edge' if edge else ''}")
    print(f"  {model.report_.samples_needed(0.9 * model.risk_)}")
    print(
        f"  12 fits: {100 * inside[name]:.0f} % of points in the bands, mean forecast off by",
        ", ".join(f"{100 * e:+.0f} %" for e in error[name]),
    )
plt.show()

# %%
# The claim of this example: for the first two, bands of single fits hold the measured curve, and
# the mean of the forecasts is near it, from half the rows on; the third is flagged.

for name in ("diabetes", "digits: is it an 8?"):
    assert inside[name] > 0.8
    assert np.abs(error[name][1:]).max() < 0.1
assert curve.at_edge[sizes.index(600)]
