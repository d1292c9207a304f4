"""
Quickstart: a tuned ridge regression from one fit
=================================================

Four ways to choose the penalty of a ridge regression are compared on two data sets that come with
scikit-learn:

- **diabetes**: 10 features, one target (disease progression);
- **digits**: 64 pixels, and ten targets, one for each digit: 1 where the image shows that digit, 0
  elsewhere.  One penalty is shared by the ten; errors are means over them.

Each method learns from 200 rows, and its error is measured on all other rows.  This is repeated for
three random splits, and for twenty in the figure.  The methods are

- :class:`~sk_renorm.TheoryGuidedRidgeCV`: no grid, no folds;
- :class:`~sklearn.linear_model.RidgeCV` with its default penalties 0.1, 1 and 10;
- :class:`~sklearn.linear_model.RidgeCV` with 100 penalties;
- :class:`~sklearn.model_selection.GridSearchCV` over the same 100 penalties, 5 folds.

What to look for: the risk predicted from the training rows follows the error on held-out rows over
the whole path, up to the chance of which rows were drawn.  The best penalty lies at very different
places for the two data sets, and the default penalties of ``RidgeCV`` hold neither: next to no harm
for diabetes, where the curve is flat, but a seventh more error for digits.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV, train_test_split

from sk_renorm import TheoryGuidedRidgeCV

N_TRAIN = 200
N_SPLITS = 3
N_SPLITS_OF_PATHS = 20
ALPHAS = np.geomspace(1e-5, 1e5, 100)

# %%
# The data
# --------

digits = load_digits()
data_sets = {
    "diabetes": load_diabetes(return_X_y=True),
    "digits": (digits.data, np.eye(10)[digits.target]),
}

# %%
# The methods
# -----------
# Each is scored by squared error, so that what it reports compares with the held-out error.

methods = {
    "TheoryGuidedRidgeCV": TheoryGuidedRidgeCV(),
    "RidgeCV, default alphas": RidgeCV(),
    "RidgeCV, 100 alphas": RidgeCV(ALPHAS),
    "GridSearchCV, 100 alphas": GridSearchCV(
        Ridge(), {"alpha": ALPHAS}, scoring="neg_mean_squared_error", cv=5
    ),
}


def squared_error(model, X, y):
    return np.mean((y - model.predict(X)) ** 2)


def compare(X, y):
    """Fit every method on every split; return (alpha, predicted, held out) for each."""
    results = {name: [] for name in methods}
    for seed in range(N_SPLITS):
        X_train, X_test, y_train, y_test = train_test_split(
            X, y, train_size=N_TRAIN, random_state=seed
        )
        for name, method in methods.items():
            method.fit(X_train, y_train)
            alpha = method.best_params_["alpha"] if "Grid" in name else method.alpha_
            held_out = squared_error(method, X_test, y_test)
            results[name].append((alpha, -method.best_score_, held_out))
    return {name: np.array(rows) for name, rows in results.items()}


results = {name: compare(X, y) for name, (X, y) in data_sets.items()}

# %%
# The table: penalties are medians over the splits, errors are means.

print(f"{'':26}{'penalty':>10}{'predicted risk':>17}{'held-out error':>17}")
for data_name, by_method in results.items():
    print(f"{data_name} ({N_TRAIN} rows)")
    for name, rows in by_method.items():
        alpha = np.median(rows[:, 0])
        predicted, held_out = rows[:, 1:].mean(axis=0)
        print(f"  {name:24}{alpha:>10.3g}{predicted:>17.4g}{held_out:>17.4g}")

# %%
# The risk path
# -------------
# ``report_.path.risk`` holds the predicted risk at every penalty.  Held-out errors are measured
# with scikit-learn's ``Ridge``, one fit for each point.  Lines and dots are means over twenty
# splits; the band is one standard deviation of the predicted risk, from one draw of 200 rows to
# another.


def paths(X, y, alphas):
    """Return predicted risks and held-out errors, each of shape (n_splits, n_alphas)."""
    predicted, held_out = [], []
    for seed in range(N_SPLITS_OF_PATHS):
        X_train, X_test, y_train, y_test = train_test_split(
            X, y, train_size=N_TRAIN, random_state=seed
        )
        predicted.append(TheoryGuidedRidgeCV(alphas).fit(X_train, y_train).report_.path.risk)
        models = [Ridge(alpha).fit(X_train, y_train) for alpha in alphas]
        held_out.append([squared_error(model, X_test, y_test) for model in models])
    return np.array(predicted), np.array(held_out)


def draw_path(ax, data_name):
    X, y = data_sets[data_name]
    by_method = results[data_name]
    chosen = np.median(by_method["TheoryGuidedRidgeCV"][:, 0])
    alphas = chosen * np.geomspace(1e-5, 1e4, 37)
    predicted, held_out = paths(X, y, alphas)
    ax.axvspan(0.1, 10, color="0.9", lw=0, label="RidgeCV's default range")
    mean, std = predicted.mean(axis=0), predicted.std(axis=0)
    ax.fill_between(alphas, mean - std, mean + std, color="C0", alpha=0.2, lw=0)
    ax.plot(alphas, mean, color="C0", lw=2, label="predicted risk")
    ax.plot(alphas, held_out.mean(axis=0), "o", color="k", mfc="w", ms=4, label="held-out error")
    ax.axvline(chosen, color="C3", ls="--", label="chosen penalty")
    ax.set(xscale="log", xlim=alphas[[0, -1]], xlabel="penalty alpha", title=data_name)
    ax.set_ylabel("mean squared error")


figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
draw_path(axes[0], "diabetes")
draw_path(axes[1], "digits")
figure.legend(
    *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False
)
for ax in axes:
    ax.spines[["top", "right"]].set_visible(False)

# %%
# Run as a script, this saves the figure in the current directory, or where its argument says.

if "sphinx_gallery" not in sys.modules:
    given = [argument for argument in sys.argv[1:] if argument.endswith((".png", ".pdf", ".svg"))]
    path = Path(given[0] if given else "quickstart.png").resolve()
    figure.savefig(path, dpi=150)
    print(f"\nFigure saved to {path}")
