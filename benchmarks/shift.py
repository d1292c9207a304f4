"""Claimed risk under a shift of x on real data: plain, and weighted by rows without labels."""

import warnings

import numpy as np
from sklearn.preprocessing import StandardScaler

from benchmarks._benchmark import Benchmark
from benchmarks._data import REGRESSION, load, real_sets
from sk_renorm import TheoryGuidedRidgeCV
from sk_renorm.shift import shift_weights

MAX_ROWS = 6000
FEWEST = 200  # rows of either kind
TRAINING = 400
STEEPNESS = 1.2  # of the odds of being elsewhere, per standard deviation of the first component


def one_split(X: np.ndarray, Y: np.ndarray, seed: int) -> dict | None:
    """Return ratios of claimed risk to error elsewhere; None if too few rows lie on one side."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(X))
    X, Y = X[rows], Y[rows]
    first = np.linalg.svd(StandardScaler().fit_transform(X), full_matrices=False)[0][:, 0]
    elsewhere = rng.uniform(size=len(X)) < 1.0 / (1.0 + np.exp(-STEEPNESS * first / first.std()))
    here, there = np.flatnonzero(~elsewhere)[:TRAINING], np.flatnonzero(elsewhere)
    if min(len(here), len(there)) < FEWEST:
        return None
    scaler = StandardScaler().fit(X[here])
    X_here, X_there = scaler.transform(X[here]), scaler.transform(X[there])
    Y_here, Y_there = Y[here], Y[there]
    weights = shift_weights(X_here, X_there[:TRAINING])
    result = {}
    for name, given in (("plain", None), ("weighted", weights)):
        model = TheoryGuidedRidgeCV(sample_correlation="independent")
        model.fit(X_here, Y_here, risk_weight=given)
        predictions = model.predict(X_there)
        low, high = np.moveaxis(model.predict_interval(X_there, 0.9), -1, 0)
        error = np.mean((Y_there - predictions) ** 2)
        interval = model.report_.interval(0.9)
        result |= {
            f"{name}_claimed_over_true": model.risk_ / error,
            f"{name}_risk_interval_holds": float(interval[0] <= error <= interval[1]),
            f"{name}_interval_coverage": np.mean((low <= Y_there) & (Y_there <= high)),
            f"{name}_error": error,
        }
    result["weighted_over_plain_error"] = result.pop("weighted_error") / result.pop("plain_error")
    return result | {"effective_size": model.report_.held_out.effective_size}


def measure(name: str, options) -> list[dict]:
    """Return medians, or means of shares, over splits of one data set; nothing if it is too small.

    Classes are left out.
    """
    X, y, task = load(options, name, max_rows=MAX_ROWS)
    if task not in REGRESSION:
        return []
    X, Y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    Y = StandardScaler().fit_transform(Y.reshape(len(Y), -1))
    Y = Y[:, 0] if Y.shape[1] == 1 else Y
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        splits = [one_split(X, Y, seed) for seed in range(2 if options.quick else 10)]
    splits = [split for split in splits if split is not None]
    if not splits:
        return []
    row = {"set": name, "rows": len(X), "features": X.shape[1], "splits": len(splits)}
    for key in splits[0]:
        values = [split[key] for split in splits]
        row[key] = np.mean(values) if "holds" in key or "coverage" in key else np.median(values)
    return [row]


def notes(rows: list[dict]) -> list[str]:
    """Return what the sets say together."""
    found = []
    for name in ("plain", "weighted"):
        off = np.array([abs(np.log(row[f"{name}_claimed_over_true"])) for row in rows])
        covered = [row[f"{name}_interval_coverage"] for row in rows]
        holds = np.mean([row[f"{name}_risk_interval_holds"] for row in rows])
        found.append(
            f"{name}: claimed risk off by a factor of {np.exp(np.median(off)):.3f} (median over "
            f"{len(rows)} sets), {np.exp(off.max()):.2f} (worst); 90 % risk interval holds the "
            f"error in {holds:.2f}; coverage of 90 % prediction intervals {min(covered):.2f} to "
            f"{max(covered):.2f}"
        )
    ratio = [row["weighted_over_plain_error"] for row in rows]
    return [
        *found,
        f"error elsewhere, weighted over plain: median {np.median(ratio):.3f}, {min(ratio):.3f} to "
        f"{max(ratio):.3f}",
    ]


BENCHMARK = Benchmark(
    cases=real_sets,
    measure=measure,
    shown="set plain_claimed_over_true weighted_claimed_over_true weighted_over_plain_error",
    notes=notes,
    real=True,
)
