"""Rows that depend on each other: claimed risk against the error on new groups or later rows.

``python benchmarks/dependent.py FOLDER [--quick | --times] [--sets a,b]``

FOLDER holds a ``load.py`` with ``load_full(name, max_rows=...)``, a dict of X, y, groups and order.
See README.md beside this file for what is measured and how.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from _common import RESULTS, environment, import_loader, write_csv
from scipy.linalg import cholesky, toeplitz
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    TimeSeriesSplit,
)
from sklearn.preprocessing import StandardScaler

from sk_renorm import HBlockSplit, TheoryGuidedRidgeCV

ALPHAS = np.geomspace(1e-4, 1e6, 100)
TIMED = ALPHAS[::11]  # ten of them, for the search whose time is measured
MAX_ROWS = 6000
GROUPED = ("parkinsons", "crime", "ames", "flights", "insteval", "emb_tate", "bike_hour")
ORDERED = ("chicago", "bike_hour", "flights", "chem_yield", "hotel_rates")
ORIGINS = (0.4, 0.5, 0.6, 0.7, 0.8)  # shares of the rows that come before the later block
MSE = "neg_mean_squared_error"


def timed(fit):
    """Return what ``fit()`` gives and the seconds it took."""
    start = time.perf_counter()
    model = fit()
    return model, time.perf_counter() - start


def scaled(X_train, X_test):
    """Return features of unit variance, constant columns of the training rows left out."""
    kept = X_train.max(axis=0) > X_train.min(axis=0)
    scaler = StandardScaler().fit(X_train[:, kept])
    return scaler.transform(X_train[:, kept]), scaler.transform(X_test[:, kept])


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
            search = GridSearchCV(Ridge(), {"alpha": TIMED}, cv=splitter, scoring=MSE)
            _, seconds = timed(lambda search=search, groups=groups: search.fit(X, Y, groups=groups))
            n_folds = splitter.get_n_splits(X, Y, groups)
            seconds *= (n_folds * len(ALPHAS) + 1) / (n_folds * len(TIMED) + 1)
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


def group_times(data: dict, repetitions: int = 5) -> tuple[float, float]:
    """Return the seconds of our fit and of the search on the first split: minima, interleaved."""
    X, Y, groups = data["X"], data["y"].reshape(len(data["X"]), -1), data["groups"]
    train, _ = next(GroupShuffleSplit(1, test_size=0.3, random_state=0).split(X, Y, groups))
    A, _ = scaled(X[train], X[train[:1]])
    labels, Y_train, folds = groups[train], Y[train], GroupKFold(5)
    search = GridSearchCV(Ridge(), {"alpha": TIMED}, cv=folds, scoring=MSE)
    of_all = (5 * len(ALPHAS) + 1) / (5 * len(TIMED) + 1)
    seconds = []
    for _ in range(repetitions):
        ours = timed(lambda: TheoryGuidedRidgeCV().fit(A, Y_train, groups=labels))[1]
        theirs = timed(lambda: search.fit(A, Y_train, groups=labels))[1]
        seconds.append((ours, of_all * theirs))
    return tuple(np.min(seconds, axis=0))


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


CORRELATIONS = {
    "AR(1), 0.8": lambda n: 0.8 ** np.arange(n),
    "exponential, length 10": lambda n: np.exp(-np.arange(n) / 10.0),
    "power law, 1.5": lambda n: (1.0 + np.arange(n)) ** -1.5,
    "power law, 0.7": lambda n: (1.0 + np.arange(n)) ** -0.7,
}


def simulated(repetitions: int):
    """Yield claimed over true risk of far rows, for known correlations."""
    for name, correlations in CORRELATIONS.items():
        for n, p in ((200, 100), (100, 200)):
            known = correlations(n)
            root = cholesky(toeplitz(known) + 1e-12 * np.eye(n), lower=True)
            for noise in ("as the rows", "independent"):
                ratios = [_one(root, known, p, noise, seed) for seed in range(repetitions)]
                for method in ratios[0]:
                    claimed, true = np.array([ratio[method] for ratio in ratios]).T
                    ratio = claimed.mean() / true.mean()
                    spread = np.std(claimed / claimed.mean() - true / true.mean())
                    yield {
                        "correlation": name,
                        "rows": n,
                        "features": p,
                        "noise": noise,
                        "method": method,
                        "claimed_over_true": ratio,
                        "std_error": ratio * spread / np.sqrt(repetitions),
                        "repetitions": repetitions,
                    }


def _one(root: np.ndarray, known: np.ndarray, p: int, noise: str, seed: int) -> dict:
    rng = np.random.default_rng(seed)
    eta = 1.0 / np.arange(1, p + 1)
    w = np.ones(p) / np.sqrt(eta.sum())
    X = root @ rng.standard_normal((len(root), p)) * np.sqrt(eta)
    e = rng.standard_normal(len(root))
    y = X @ w + 0.5 * (root @ e if noise == "as the rows" else e)
    answers = {}
    for method, settings in {
        "leave-one-out": {"sample_correlation": "independent"},
        "two kinds of noise": {"sample_correlation": known},
        "CorrGCV": {"sample_correlation": known, "risk": "gcv"},
        "two kinds, AR estimated": {"sample_correlation": "estimate"},
    }.items():
        model = TheoryGuidedRidgeCV([1.0], **settings).fit(X, y)
        delta = model.coef_ - w
        answers[method] = model.risk_, eta @ delta**2 + model.intercept_**2 + 0.25
    return answers


def overall(rows: list[dict], simulations: list[dict]) -> list[str]:
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
    for noise in ("as the rows", "independent"):
        for method in dict.fromkeys(row["method"] for row in simulations):
            ratios = [
                row["claimed_over_true"]
                for row in simulations
                if row["noise"] == noise and row["method"] == method
            ]
            sentences.append(
                f"simulated, noise {noise}, {method}: claimed / true "
                f"{min(ratios):.3f} to {max(ratios):.3f}, off by "
                f"{100 * np.mean(np.abs(np.array(ratios) - 1.0)):.1f} % (mean)"
            )
    return sentences


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quick", action="store_true", help="few splits; writes nothing")
    parser.add_argument("--times", action="store_true", help="only time groups; writes nothing")
    parser.add_argument("--sets", help="names, separated by commas; default: all")
    args = parser.parse_args()
    load = import_loader(args.folder).load_full
    wanted = args.sets.split(",") if args.sets else GROUPED + ORDERED
    env, rows = environment(), []
    warnings.simplefilter("ignore")
    if args.times:
        for name in (name for name in GROUPED if name in wanted):
            ours, theirs = group_times(load(name, max_rows=MAX_ROWS))
            print(f"{name:12s} ours {ours:.3f} s, GroupKFold {theirs:.2f} s: {theirs / ours:.0f}")
        return
    for kind, names in (("groups", GROUPED), ("order", ORDERED)):
        for name in (name for name in names if name in wanted):
            data = load(name, max_rows=1000 if args.quick else MAX_ROWS)
            if kind == "groups":
                found = list(grouped_splits(data, 2 if args.quick else 10))
            else:
                found = list(ordered_splits(data))
            rows += [{"kind": kind, "set": name} | row for row in found]
            for method in dict.fromkeys(row["method"] for row in found):
                ratios = [r["claimed_over_error"] for r in found if r["method"] == method]
                print(f"{kind} {name:12s} {method:26s} {np.round(ratios, 2)}", flush=True)
    simulations = list(simulated(5 if args.quick else 200))
    notes = overall(rows, simulations)
    print("\n".join(notes))
    if not (args.quick or args.sets):
        write_csv(RESULTS / "dependent.csv", rows, notes, env)
        write_csv(RESULTS / "dependent_simulated.csv", simulations, [], env)


if __name__ == "__main__":
    main()
