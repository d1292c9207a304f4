"""Test error on real data: TheoryGuidedRidgeCV against ten-fold search, RidgeCV and hindsight."""

import warnings

import numpy as np
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV, KFold, train_test_split
from sklearn.preprocessing import StandardScaler

from benchmarks._benchmark import Benchmark
from benchmarks._data import as_columns, load, real_sets, spread
from benchmarks._hindsight import ALPHAS, Modes
from benchmarks._timing import timed
from sk_renorm import TheoryGuidedRidgeCV

# A choice at either end of ALPHAS is counted in ``tenfold_at_edge``.
FOLDS = KFold(10)  # training rows come shuffled from the split
MAX_ROWS = 20_000
REAL_SEARCH_SECONDS = 20.0  # that a real GridSearchCV or RidgeCV may take per data set
MISS = 1.03
METHODS = ("ours", "gcv", "tenfold", "ridgecv_default", "ridgecv_100", "hindsight")


def tenfold_errors(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Return what GridSearchCV(Ridge, cv=10) computes: the mean over folds of the fold's error."""
    folds = [
        Modes(X[train], Y[train]).test_errors(X[test], Y[test]) for train, test in FOLDS.split(X)
    ]
    return np.mean(folds, axis=0)


def one_split(X, Y, seed: int) -> tuple[dict, dict]:
    """Return test errors and more of one 70/30 split, and its training part with its risk paths."""
    X_train, X_test, Y_train, Y_test = train_test_split(X, Y, test_size=0.3, random_state=seed)
    scaler = StandardScaler().fit(X_train)
    X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)

    def test_error(model) -> float:
        return float(np.mean((Y_test - model.predict(X_test).reshape(Y_test.shape)) ** 2))

    ours, ours_seconds = timed(lambda: TheoryGuidedRidgeCV().fit(X_train, Y_train))
    gcv, gcv_seconds = timed(lambda: TheoryGuidedRidgeCV(risk="gcv").fit(X_train, Y_train))
    default, default_seconds = timed(lambda: RidgeCV().fit(X_train, Y_train))
    modes = Modes(X_train, Y_train)
    path, loo = modes.test_errors(X_test, Y_test), modes.loo_errors()
    tenfold = tenfold_errors(X_train, Y_train)
    row = {
        "ours": test_error(ours),
        "gcv": test_error(gcv),
        "tenfold": path[tenfold.argmin()],
        "ridgecv_default": test_error(default),
        "ridgecv_100": path[loo.argmin()],
        "hindsight": path.min(),
        "risk": ours.risk_,
        "ours_alpha": ours.alpha_,
        "gcv_alpha": gcv.alpha_,
        "tenfold_alpha": ALPHAS[tenfold.argmin()],
        "ridgecv_default_alpha": default.alpha_,
        "ridgecv_100_alpha": ALPHAS[loo.argmin()],
        "hindsight_alpha": ALPHAS[path.argmin()],
        "leverage_dispersion": ours.report_.leverage_dispersion,
        "ours_seconds": ours_seconds,
        "gcv_seconds": gcv_seconds,
        "ridgecv_default_seconds": default_seconds,
    }
    return row, {"X": X_train, "Y": Y_train, "tenfold": tenfold, "loo": loo}


def ten_folds(alphas: np.ndarray) -> GridSearchCV:
    """Return the search over these penalties."""
    return GridSearchCV(Ridge(), {"alpha": alphas}, cv=FOLDS, scoring="neg_mean_squared_error")


def real_searches(train: dict, ridgecv_default_seconds: float, budget: float) -> dict:
    """Time GridSearchCV and RidgeCV themselves; compare their choice with the equivalents'."""
    X, Y = train["X"], train["Y"]
    _, ridge_seconds = timed(lambda: Ridge().fit(X, Y))
    row = {"ridge_seconds": ridge_seconds}
    for name, equivalent, per_alpha, make in (
        ("tenfold", train["tenfold"], 10.0 * ridge_seconds, ten_folds),
        ("ridgecv_100", train["loo"], ridgecv_default_seconds / 3.0, RidgeCV),
    ):
        some = spread(ALPHAS, max(budget / per_alpha, 4))
        search = make(ALPHAS[some])
        with warnings.catch_warnings(action="ignore"):  # ill-conditioned at the smallest penalties
            _, seconds = timed(lambda search=search: search.fit(X, Y))
        alpha = search.best_params_["alpha"] if name == "tenfold" else search.alpha_
        chosen = int(np.flatnonzero(ALPHAS[some] == alpha)[0])
        row[f"{name}_real_alphas"] = len(some)
        row[f"{name}_real_seconds"] = seconds
        row[f"{name}_steps_apart"] = chosen - int(equivalent[some].argmin())
        row[f"{name}_scaled_seconds"] = seconds * len(ALPHAS) / len(some)
    return row


def summarize(name: str, task: str, X, Y, splits: list[dict], real: dict) -> dict:
    """Return the row of one data set: means over splits, medians of seconds."""
    column = {key: np.array([split[key] for split in splits], dtype=float) for key in splits[0]}
    versus = column["ours"] / column["tenfold"]
    clipped = np.isin(column["tenfold_alpha"], ALPHAS[[0, -1]])
    row = {
        "set": name,
        "task": task,
        "rows": len(X),
        "train_rows": int(len(X) - np.ceil(0.3 * len(X))),
        "features": X.shape[1],
        "targets": Y.shape[1],
        "splits": len(splits),
        "ours_over_tenfold": versus.mean(),
        "ours_over_tenfold_se": versus.std(ddof=1) / np.sqrt(len(versus)),
        "ours_over_tenfold_worst": versus.max(),
        "ours_over_tenfold_pooled": column["ours"].sum() / column["tenfold"].sum(),
        "ours_over_ridgecv_default": np.mean(column["ours"] / column["ridgecv_default"]),
        "ours_over_ridgecv_100": np.mean(column["ours"] / column["ridgecv_100"]),
    }
    for method in METHODS[:-1]:
        row[f"{method}_over_hindsight"] = np.mean(column[method] / column["hindsight"])
    row["risk_over_heldout"] = column["risk"].mean() / column["ours"].mean()
    row["leverage_dispersion"] = np.median(column["leverage_dispersion"])
    for method in ("ours", "gcv", "tenfold", "ridgecv_100", "hindsight"):
        row[f"{method}_alpha"] = np.median(column[f"{method}_alpha"])
    row["tenfold_at_edge"] = int(clipped.sum())
    for method in ("ours", "gcv", "ridgecv_default"):
        row[f"{method}_seconds"] = np.median(column[f"{method}_seconds"])
    return row | real


def n_splits(X, quick: bool) -> int:
    """Return more splits for smaller data."""
    n, p = X.shape
    cost = n * p * min(n, p)
    return 3 if quick else 100 if cost < 4e7 else 20 if cost < 1e9 else 5


def measure(name: str, options) -> list[dict]:
    """Return the summary of one data set."""
    quick = options.quick
    X, y, task = load(options, name, max_rows=500 if quick else MAX_ROWS)
    Y = as_columns(y, task)
    TheoryGuidedRidgeCV().fit(X[:50], Y[:50])  # thread pools start here, not in the first timing
    splits, real = [], {}
    for seed in range(n_splits(X, quick)):
        row, train = one_split(X, Y, seed)
        splits.append(row)
        if seed == 0:
            budget = 1.0 if quick else REAL_SEARCH_SECONDS
            real = real_searches(train, row["ridgecv_default_seconds"], budget)
    return [summarize(name, task, X, Y, splits, real)]


def notes(rows: list[dict]) -> list[str]:
    """Return the summary over data sets, as sentences."""
    versus = np.array([row["ours_over_tenfold"] for row in rows])
    large = [row for row in rows if row["rows"] >= 100]
    missed = [row for row in large if row["ours_over_tenfold"] > MISS]
    names = ", ".join(
        f"{row['set']} {row['ours_over_tenfold']:.3f} (standard error"
        f" {row['ours_over_tenfold_se']:.3f}, {row['train_rows']:.0f} training rows)"
        for row in missed
    )
    excess = {
        method: np.percentile([100.0 * (row[f"{method}_over_hindsight"] - 1.0) for row in rows], 90)
        for method in METHODS[:-1]
    }
    ratio = [row["tenfold_scaled_seconds"] / row["ours_seconds"] for row in rows]
    honest = [row["risk_over_heldout"] for row in rows]
    return [
        f"median over {len(rows)} sets of ours / ten-fold: {np.median(versus):.5f}"
        f" (mean {versus.mean():.5f}, range {versus.min():.4f} to {versus.max():.4f})",
        f"sets of 100 rows or more over 3 % worse than ten-fold: {len(missed)} of {len(large)}"
        + (f": {names}" if missed else ""),
        "90th percentile over sets of excess over hindsight, in %: "
        + ", ".join(f"{method} {value:.2f}" for method, value in excess.items()),
        f"predicted / held-out risk: median {np.median(honest):.3f}, 10th to 90th percentile"
        f" {np.percentile(honest, 10):.3f} to {np.percentile(honest, 90):.3f}",
        f"seconds of ten-fold / ours: median {np.median(ratio):.0f}, least {min(ratio):.0f}",
    ]


BENCHMARK = Benchmark(
    cases=real_sets,
    measure=measure,
    shown="set rows features targets ours_over_tenfold ours_over_tenfold_se ours_over_hindsight"
    " tenfold_over_hindsight risk_over_heldout",
    notes=notes,
    real=True,
)
