"""Rows that depend on each other: claimed risk against the error on new groups or later rows."""

import warnings
from functools import partial

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, GroupShuffleSplit, TimeSeriesSplit
from sklearn.preprocessing import StandardScaler

from benchmarks._benchmark import Benchmark
from benchmarks._data import loader
from benchmarks._timing import timed
from sk_renorm import HBlockSplit, TheoryGuidedRidgeCV

ALPHAS = np.geomspace(1e-4, 1e6, 100)
TIMED = ALPHAS[::11]  # ten of them, for the search whose time is measured
MAX_ROWS = 6000
GROUPED = ("parkinsons", "crime", "ames", "flights", "insteval", "emb_tate", "bike_hour")
ORDERED = ("chicago", "bike_hour", "flights", "chem_yield", "hotel_rates")
ORIGINS = (0.4, 0.5, 0.6, 0.7, 0.8)  # shares of the rows that come before the later block
MSE = "neg_mean_squared_error"


def scaled(X_train, X_test):
    """Return features of unit variance, constant columns of the training rows left out."""
    kept = X_train.max(axis=0) > X_train.min(axis=0)
    scaler = StandardScaler().fit(X_train[:, kept])
    return scaler.transform(X_train[:, kept]), scaler.transform(X_test[:, kept])


def timed_search(folds) -> tuple[GridSearchCV, float]:
    """Return a search over a tenth of the penalties, and what its time is to be multiplied by."""
    n_folds = folds.get_n_splits()
    scale = (n_folds * len(ALPHAS) + 1) / (n_folds * len(TIMED) + 1)
    return GridSearchCV(Ridge(), {"alpha": TIMED}, cv=folds, scoring=MSE), scale


def compare(train, test, methods: dict, folds, groups, time_search: bool) -> list[dict]:
    """Return a row for each method, a name with settings, and for the search over ``folds``."""
    (X, Y), (X_test, Y_test) = train, test

    def error(model) -> float:
        return float(np.mean((Y_test - model.predict(X_test).reshape(Y_test.shape)) ** 2))

    def fit(groups=None, **settings):
        return TheoryGuidedRidgeCV(**settings).fit(X, Y, groups=groups)

    best = min(error(Ridge(alpha).fit(X, Y)) for alpha in ALPHAS[::3])
    found = []
    for name, settings in methods.items():
        model, seconds = timed(partial(fit, **settings))
        found.append((name, float(model.risk_), seconds, model))
    # the same choice as GridSearchCV(Ridge, ALPHAS), without its time
    model, seconds = fit(alphas=ALPHAS, cv=folds, scoring=MSE, groups=groups), np.nan
    if time_search:
        search, scale = timed_search(folds)
        seconds = scale * timed(lambda: search.fit(X, Y, groups=groups))[1]
    found.append((f"{type(folds).__name__}(5) search", -float(model.best_score_), seconds, model))
    return [
        {
            "train_rows": len(X),
            "features": X.shape[1],
            "method": name,
            "claimed": claimed,
            "error": error(model),
            "claimed_over_error": claimed / error(model),
            "excess_over_hindsight": error(model) / best - 1.0,
            "seconds": seconds,
            "alpha": model.alpha_,
        }
        for name, claimed, seconds, model in found
    ]


def grouped_splits(data: dict, n_splits: int):
    """Yield the methods compared on new groups, split by split."""
    X, Y, groups = data["X"], data["y"].reshape(len(data["X"]), -1), data["groups"]
    splitter = GroupShuffleSplit(n_splits, test_size=0.3, random_state=0)
    for seed, (train, test) in enumerate(splitter.split(X, Y, groups)):
        A, B = scaled(X[train], X[test])
        labels = groups[train]
        methods = {
            "rows left out": {"sample_correlation": "independent"},
            "groups left out": {"groups": labels},
        }
        pair = (A, Y[train]), (B, Y[test])
        for row in compare(*pair, methods, GroupKFold(5), labels, seed == 0):
            yield {"split": seed} | row


def ordered_splits(data: dict):
    """Yield the methods compared on the block that follows, origin by origin."""
    order = np.argsort(data["order"], kind="stable")
    X, Y = data["X"][order], data["y"].reshape(len(order), -1)[order]
    for share in ORIGINS:
        start, stop = int(share * len(X)), int((share + 0.2) * len(X))
        A, B = scaled(X[:start], X[start:stop])
        gap = max(1, start // 50)
        methods = {
            "rows left out": {"sample_correlation": "independent"},
            "correlation estimated": {"sample_correlation": "estimate"},
            "blocks with gaps": {"cv": HBlockSplit(gap, 5 * gap)},
        }
        pair = (A, Y[:start]), (B, Y[start:stop])
        for row in compare(*pair, methods, TimeSeriesSplit(5), None, share == ORIGINS[0]):
            yield {"split": share} | row


def notes(rows: list[dict]) -> list[str]:
    """Return the summary, as sentences."""
    sentences = []
    for kind in ("groups", "order"):
        kept = [row for row in rows if row["kind"] == kind]
        for method in dict.fromkeys(row["method"] for row in kept):
            ratios = np.array([r["claimed_over_error"] for r in kept if r["method"] == method])
            off = np.median(np.abs(ratios - 1.0))
            sentences.append(
                f"{kind}, {method}: claimed / error median {np.median(ratios):.3f}, 10th to 90th "
                f"percentile {np.percentile(ratios, 10):.3f} to {np.percentile(ratios, 90):.3f}, "
                f"off by {100 * off:.0f} % (median over sets and splits)"
            )
    groups = {
        method: [row for row in rows if row["kind"] == "groups" and row["method"] == method]
        for method in ("groups left out", "GroupKFold(5) search")
    }
    if groups["groups left out"]:
        pairs = list(zip(*groups.values(), strict=True))
        names = list(dict.fromkeys(ours["set"] for ours, _ in pairs))
        worse = {
            name: np.mean([a["error"] / b["error"] for a, b in pairs if a["set"] == name]) - 1.0
            for name in names
        }
        faster = [
            theirs["seconds"] / ours["seconds"] for ours, theirs in pairs if ours["split"] == 0
        ]
        sentences += [
            "groups, error of our penalty over GroupKFold's, mean over splits, in %: "
            + ", ".join(f"{name} {100 * value:.2f}" for name, value in worse.items()),
            f"groups, seconds of GroupKFold(5) x {len(ALPHAS)} over ours: median "
            f"{np.median(faster):.0f}, least {min(faster):.0f} (first split of each set)",
        ]
    return sentences


def cases(options) -> list[tuple[str, str]]:
    """Return the sets with groups, and those with an order."""
    if not options.data:
        return []
    return [*(("groups", name) for name in GROUPED), *(("order", name) for name in ORDERED)]


def measure(case: tuple[str, str], options) -> list[dict]:
    """Return a row for each split and method."""
    kind, name = case
    data = loader(options.data).load_full(name, max_rows=1000 if options.quick else MAX_ROWS)
    with warnings.catch_warnings(action="ignore"):
        if kind == "groups":
            found = list(grouped_splits(data, 2 if options.quick else 10))
        else:
            found = list(ordered_splits(data))
    return [{"kind": kind, "set": name} | row for row in found]


BENCHMARK = Benchmark(
    cases=cases,
    measure=measure,
    shown="kind set split method claimed_over_error excess_over_hindsight",
    notes=notes,
    real=True,
)
