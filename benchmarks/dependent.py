"""Rows that depend on each other: claimed risk against the error on new groups or later rows."""

import warnings

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    TimeSeriesSplit,
)
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


def compare(train, test, fits: dict, searches: dict, time_search: bool) -> list[dict]:
    """Return a row for each method: claimed risk, error on ``test``, seconds, excess."""
    (X, Y), (X_test, Y_test) = train, test

    def error(model) -> float:
        return float(np.mean((Y_test - model.predict(X_test).reshape(Y_test.shape)) ** 2))

    best = min(error(Ridge(alpha).fit(X, Y)) for alpha in ALPHAS[::3])
    rows = []
    for name, fit in fits.items():
        model, seconds = timed(fit)
        rows.append((name, float(model.risk_), error(model), seconds, model.alpha_))
    for name, (equal, splitter, groups) in searches.items():
        # the same choice as GridSearchCV(Ridge, ALPHAS), without its time
        model, seconds = equal(), np.nan
        if time_search:
            search, scale = timed_search(splitter)
            _, seconds = timed(lambda search=search, groups=groups: search.fit(X, Y, groups=groups))
            seconds *= scale
        rows.append((name, -float(model.best_score_), error(model), seconds, model.alpha_))
    return [
        {
            "method": name,
            "claimed": claimed,
            "error": found,
            "claimed_over_error": claimed / found,
            "excess_over_hindsight": found / best - 1.0,
            "seconds": seconds,
            "alpha": alpha,
        }
        for name, claimed, found, seconds, alpha in rows
    ]


def grouped_splits(data: dict, n_splits: int):
    """Yield the methods compared on new groups, split by split."""
    X, Y, groups = data["X"], data["y"].reshape(len(data["X"]), -1), data["groups"]
    splitter = GroupShuffleSplit(n_splits, test_size=0.3, random_state=0)
    for seed, (train, test) in enumerate(splitter.split(X, Y, groups)):
        A, B = scaled(X[train], X[test])
        labels, Y_train = groups[train], Y[train]
        folds = GroupKFold(5)

        def fit(A=A, Y_train=Y_train, groups=None, **settings):
            return TheoryGuidedRidgeCV(**settings).fit(A, Y_train, groups=groups)

        fits = {
            "rows left out": lambda fit=fit: fit(sample_correlation="independent"),
            "groups left out": lambda fit=fit, labels=labels: fit(groups=labels),
        }

        def equal(fit=fit, labels=labels, folds=folds):
            return fit(alphas=ALPHAS, cv=folds, scoring=MSE, groups=labels)

        searches = {"GroupKFold(5) search": (equal, folds, labels)}
        for row in compare((A, Y_train), (B, Y[test]), fits, searches, seed == 0):
            yield {"split": seed, "train_rows": len(train), "features": A.shape[1]} | row


def ordered_splits(data: dict):
    """Yield the methods compared on the block that follows, origin by origin."""
    order = np.argsort(data["order"], kind="stable")
    X, Y = data["X"][order], data["y"].reshape(len(order), -1)[order]
    for share in ORIGINS:
        start, stop = int(share * len(X)), int((share + 0.2) * len(X))
        A, B = scaled(X[:start], X[start:stop])
        Y_train, gap = Y[:start], max(1, start // 50)
        folds = TimeSeriesSplit(5)

        def fit(A=A, Y_train=Y_train, **settings):
            return TheoryGuidedRidgeCV(**settings).fit(A, Y_train)

        fits = {
            "rows left out": lambda fit=fit: fit(sample_correlation="independent"),
            "correlation estimated": lambda fit=fit: fit(sample_correlation="estimate"),
            "blocks with gaps": lambda fit=fit, gap=gap: fit(cv=HBlockSplit(gap, 5 * gap)),
        }

        def equal(fit=fit, folds=folds):
            return fit(alphas=ALPHAS, cv=folds, scoring=MSE)

        searches = {"TimeSeriesSplit(5) search": (equal, folds, None)}
        for row in compare((A, Y_train), (B, Y[start:stop]), fits, searches, share == ORIGINS[0]):
            yield {"split": share, "train_rows": start, "features": A.shape[1]} | row


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
