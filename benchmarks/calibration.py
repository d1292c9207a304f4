"""What the error bars, intervals and forecasts claim, against held-out rows and more rows.

``python benchmarks/calibration.py FOLDER [--quick] [--sets a,b] [--output FILE]``

FOLDER holds a ``load.py`` as for accuracy.py.  See README.md beside this file.
"""

import time

import numpy as np
from sklearn.linear_model import Ridge

from sk_renorm import TheoryGuidedRidgeCV
from sk_renorm.forecast import learning_curve

Z = 1.645
MAX_ROWS = 20_000
MAX_TRAIN = 1000
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)  # sizes forecast, in units of the fit's
RULES = (0.25, "1se")


def standardized(X_train, X_test):
    """Return both, by mean and standard deviation of the first; constant columns as zeros."""
    mean, scale = X_train.mean(axis=0), X_train.std(axis=0)
    scale[scale <= 1e-12 * np.abs(mean)] = np.inf
    return (X_train - mean) / scale, (X_test - mean) / scale


def squared_errors(model, X, Y) -> np.ndarray:
    """Return the squared error of every row (m,), a mean over targets."""
    return np.mean((Y - model.predict(X).reshape(Y.shape)) ** 2, axis=1)


def seconds_of(call) -> float:
    """Return the shorter of two runs of ``call()``."""
    times = []
    for _ in range(2):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def answers(model, X):
    """Ask everything that a fit can be asked, for as many rows as it was fitted to."""
    model.risk_interval()
    model.compare(model.alpha_, 2.0 * model.alpha_ + 1.0)
    model.predict_interval(X)
    learning_curve(model, [100, 1000])
    model.summary()


def one_split(X, Y, n_train: int, rng) -> dict:
    """Fit to some rows, compare every claim with the others."""
    order = rng.permutation(len(X))
    train, test = order[:n_train], order[n_train:]
    X_train, X_test = standardized(X[train], X[test])
    y_train = Y[train, 0] if Y.shape[1] == 1 else Y[train]
    model = TheoryGuidedRidgeCV().fit(X_train, y_train)
    errors = squared_errors(model, X_test, Y[test])
    truth, truth_se = errors.mean(), errors.std(ddof=1) / np.sqrt(len(errors))
    held_out = np.square(model.loo_residuals_.reshape(n_train, -1)).mean(axis=1)
    naive_se = held_out.std(ddof=1) / np.sqrt(n_train)
    some = slice(0, 300)
    row = {
        "risk": model.risk_,
        "truth": truth,
        "covered": abs(model.risk_ - truth) <= Z * np.hypot(model.risk_std_error_, truth_se),
        "covered_naive": abs(model.risk_ - truth) <= Z * np.hypot(naive_se, truth_se),
        "residual": coverage(model.predict_interval(X_test), Y[test]),
        "jackknife": coverage(
            model.predict_interval(X_test[some], method="jackknife+"), Y[test][some]
        ),
    }
    best = min(
        squared_errors(Ridge(alpha=max(alpha, 1e-9)).fit(X_train, y_train), X_test, Y[test]).mean()
        for alpha in model.risk_profile_["alpha"]
    )
    best = min(best, truth)
    row["excess_min"] = truth / best - 1.0
    for rule in RULES:
        other = TheoryGuidedRidgeCV(selection=rule).fit(X_train, y_train)
        row[f"excess_{rule}"] = squared_errors(other, X_test, Y[test]).mean() / best - 1.0
    row["time"] = seconds_of(lambda: answers(model, X_train)) / seconds_of(
        lambda: TheoryGuidedRidgeCV().fit(X_train, y_train)
    )
    return row


def coverage(limits, Y) -> float:
    """Return the share of labels inside their limits."""
    limits = limits.reshape(*Y.shape, 2)
    return float(np.mean((limits[..., 0] <= Y) & (limits[..., 1] >= Y)))


def one_curve(X, Y, n_fit: int, sizes, rng) -> dict:
    """Forecast from ``n_fit`` rows, and measure at every size on rows used by none."""
    order = rng.permutation(len(X))
    test = order[max(sizes) :][:2000]
    curve, measured, fixed, measured_fixed = None, [], None, []
    X_fit, _ = standardized(X[order[:n_fit]], X[test[:1]])
    y_of = (lambda rows: Y[rows, 0]) if Y.shape[1] == 1 else (lambda rows: Y[rows])
    model = TheoryGuidedRidgeCV().fit(X_fit, y_of(order[:n_fit]))
    alpha = max(model.alpha_, 1e-9)
    curve = learning_curve(model, sizes)
    fixed = learning_curve(model, sizes, alpha=alpha)
    for size in sizes:
        train = order[:size]
        X_train, X_test = standardized(X[train], X[test])
        tuned = TheoryGuidedRidgeCV().fit(X_train, y_of(train))
        measured.append(squared_errors(tuned, X_test, Y[test]).mean())
        # features scaled by other rows: the same penalty in the units of the fit
        untuned = Ridge(alpha=alpha).fit(X_train, y_of(train))
        measured_fixed.append(squared_errors(untuned, X_test, Y[test]).mean())
    return {
        "risk": curve.risk,
        "lower": curve.lower,
        "upper": curve.upper,
        "at_edge": curve.at_edge,
        "measured": np.array(measured),
        "fixed": fixed.risk,
        "fixed_at_edge": fixed.at_edge,
        "measured_fixed": np.array(measured_fixed),
    }


def run_set(load, name: str, quick: bool) -> list[dict]:
    """Return rows of one set: one of claims about the fit, and one per size of the curve."""
    X, y, task = load(name, max_rows=MAX_ROWS)
    if task == "classification":
        y = (y[:, None] == np.unique(y)).astype(float)
    Y = y.reshape(len(X), -1)
    n, p = X.shape
    rng = np.random.default_rng(0)
    n_train = min(n // 2, MAX_TRAIN)
    repeats = 4 if quick else 100 if n_train * min(n_train, p) * p < 4e7 else 30
    splits = [one_split(X, Y, n_train, rng) for _ in range(repeats)]
    column = {key: np.array([split[key] for split in splits], dtype=float) for key in splits[0]}
    about = {"set": name, "rows": n, "features": p, "targets": Y.shape[1], "splits": repeats}
    rows = [about | {"kind": "fit", "n": n_train} | {key: c.mean() for key, c in column.items()}]
    rows[0]["covered_naive"] = column["covered_naive"].mean()
    rows[0]["time"] = np.median(column["time"])
    n_fit = min(n // 5, MAX_TRAIN // 2)
    sizes = [round(factor * n_fit) for factor in FACTORS]
    curves = [one_curve(X, Y, n_fit, sizes, rng) for _ in range(max(repeats // 2, 3))]
    stack = {key: np.array([curve[key] for curve in curves], dtype=float) for key in curves[0]}
    measured = stack["measured"].mean(axis=0)
    measured_fixed = stack["measured_fixed"].mean(axis=0)
    inside = (stack["lower"] <= measured) & (measured <= stack["upper"])
    for place, factor in enumerate(FACTORS):
        error = stack["risk"][:, place] / measured[place] - 1.0
        fixed = stack["fixed"][:, place] / measured_fixed[place] - 1.0
        rows.append(
            about
            | {
                "kind": f"curve {factor:g}",
                "n": sizes[place],
                "splits": len(curves),
                "forecast_error": error.mean(),
                "single_error": np.median(np.abs(error)),
                "single_at_fit": np.median(np.abs(stack["risk"][:, 2] / measured[2] - 1.0)),
                "fixed_error": fixed.mean(),
                "inside": inside[:, place].mean(),
                "at_edge": stack["at_edge"][:, place].mean(),
                "fixed_at_edge": stack["fixed_at_edge"][:, place].mean(),
            }
        )
    return rows
