"""
Is alpha identified?
====================

A search over penalties returns one, whatever the data says.  The standard error of the *difference*
between two penalties, which share their rows and their training set, tells which others are as
good.

- **diabetes**: everything from least squares to a noticeable penalty is as good; the risk curve is
  flat, and no cross-validation will settle it.
- **digits**: the pixels of an 8 against the rest; a range of about one and a half decades is left.
- **noise**: the same pixels and shuffled labels.  Hardly any penalty is worse than another, and the
  fit says so: ``report_.alpha_identified`` is False.

The last part shows what a small margin is worth.  Near interpolation the leave-one-out risk has
rare, deep, false minima; ``selection=0.25`` takes the strongest penalty within a quarter of a
standard error of the smallest.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes, load_digits

from sk_renorm import RiskCurveDisplay, TheoryGuidedRidgeCV

diabetes = load_diabetes()
digits = load_digits()
rng = np.random.default_rng(0)
is_eight = (digits.target == 8).astype(float)
cases = {
    "diabetes": (diabetes.data, diabetes.target),
    "digits: is it an 8?": (digits.data, is_eight),
    "shuffled labels": (digits.data, rng.permutation(is_eight)),
}

fig, axes = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
identified = {}
for ax, (name, (X, y)) in zip(axes, cases.items(), strict=True):
    rows = rng.permutation(len(X))
    train, test = rows[:200], rows[200:]
    model = TheoryGuidedRidgeCV().fit(X[train], y[train])
    RiskCurveDisplay.from_estimator(model, X[test], y[test], ax=ax)
    ax.set_title(name)
    report = model.report_
    identified[name] = report.alpha_identified
    low, high = report.equivalent_alphas
    print(
        f"{name}: alpha {model.alpha_:.3g}, as good from {low:.3g} to {high:.3g}, "
        f"identified: {report.alpha_identified}"
    )
    result = report.compare(100.0 * model.alpha_ + 1.0, model.alpha_)
    print(f"  a hundred times as much costs {result.difference:.3g} +- {result.std_error:.2g}")
plt.show()

assert not identified["shuffled labels"]
assert identified["digits: is it an 8?"]

# %%
# What a margin is worth
# ----------------------
# 30 rows of 64 pixels, 100 random draws: the excess of the error over that of the best penalty of
# each draw, which nobody knows.

excess = {"min": [], 0.25: [], "1se": []}
for draw in range(100):
    rows = np.random.default_rng(draw).permutation(len(digits.data))
    train, test = rows[:30], rows[30:]
    X, y = digits.data[train], is_eight[train]
    if y.sum() < 2:
        continue  # hardly an 8 among them
    path = []
    for alpha in np.geomspace(1e-2, 1e6, 17):
        fixed = TheoryGuidedRidgeCV([alpha], store_rows=False).fit(X, y)
        path.append(np.mean((is_eight[test] - fixed.predict(digits.data[test])) ** 2))
    for rule, values in excess.items():
        model = TheoryGuidedRidgeCV(selection=rule).fit(X, y)
        error = np.mean((is_eight[test] - model.predict(digits.data[test])) ** 2)
        values.append(100.0 * (error / min(path) - 1.0))

print("\nexcess error in %:  median   90th percentile   worst")
for rule, values in excess.items():
    print(
        f"  selection={rule!r:6}    {np.median(values):8.1f}{np.percentile(values, 90):14.1f}"
        f"{max(values):14.1f}"
    )
assert np.percentile(excess[0.25], 90) < np.percentile(excess["min"], 90)
