"""Rows that predict their neighbours: when a fit says so, and whether its number is right.

The real sets are taken in the order of their file.  Without ``--data`` only simulated rows are
looked at.
"""

import re
import warnings

import numpy as np
from scipy.signal import lfilter
from sklearn.model_selection import KFold

from benchmarks._benchmark import Benchmark
from benchmarks._data import load, real_sets
from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm.exceptions import DependentRowsWarning

MAX_ROWS, FEWEST = 4000, 200
DRAWS = {"independent": 100, "sorted": 50, "series": 200}
LENGTH_3 = np.exp(-1.0 / 3.0)
TOLD = re.compile(r"Rows predict their neighbours: .* be ([\d.]+) \+- [\d.]+ times")


def fitted(X, y):
    """Return the model, the growth of the risk it tells (or NaN), and whether copies are told."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = TheoryGuidedRidgeCV().fit(X, y)
    said = [str(w.message) for w in caught if issubclass(w.category, DependentRowsWarning)]
    found = [match for match in map(TOLD.match, said) if match]
    return model, float(found[0][1]) if found else np.nan, len(said) > len(found)


def autoregression(rng, n, columns, rho):
    noise = rng.standard_normal((n + 200, columns))
    return lfilter([np.sqrt(1.0 - rho**2)], [1.0, -rho], noise, axis=0)[200:]


def sorted_by(key, X, y):
    order = np.argsort(key, kind="stable")
    return X[order], y[order]


# rows that are independent of each other, in an order that means nothing


def gauss(rng, n=500, p=20):
    X = rng.standard_normal((n, p))
    return X, X[:, 0] + rng.standard_normal(n)


def wide(rng):
    X = rng.standard_normal((300, 600))
    return X, X[:, :9].sum(axis=1) + 3.0 * rng.standard_normal(300)


def heavy_tails(rng):
    X = rng.standard_t(2, (500, 20))
    return X, X[:, 0] + rng.standard_t(1.5, 500)


def skewed(rng):
    X = np.exp(1.5 * rng.standard_normal((400, 15)))
    return X, X[:, 0] + np.exp(1.5 * rng.standard_normal(400))


def clusters(rng):
    X = 3.0 * rng.standard_normal((8, 20))[rng.integers(0, 8, 400)]
    X += rng.standard_normal((400, 20))
    return X, X[:, 0] + rng.standard_normal(400)


def uneven_noise(rng):
    X = rng.standard_normal((500, 20))
    return X, X[:, 0] + np.abs(X[:, 1]) * rng.standard_normal(500)


def survey(rng):
    mood = rng.standard_normal((800, 1))
    answers = np.clip(np.round(3.0 + mood + rng.standard_normal((800, 9))), 1.0, 5.0)
    return answers[:, 1:], answers[:, 0]


def rare_words(rng):
    X = (rng.random((600, 200)) < 0.02).astype(float)
    return X, (rng.random(600) < 0.2 + 0.5 * X[:, 0]).astype(float)


def factors(rng):
    codes = [rng.integers(0, k, 500) for k in (4, 8, 20)]
    X = np.column_stack([np.eye(k)[c] for k, c in zip((4, 8, 20), codes, strict=True)])
    return X, np.round(X @ rng.standard_normal(32) + rng.standard_normal(500), 1)


def shuffled_series(rng):
    X, y = series(rng, 100, LENGTH_3, LENGTH_3)
    order = rng.permutation(len(y))
    return X[order], y[order]


INDEPENDENT = {
    kind.__name__.replace("_", " "): kind
    for kind in (
        gauss,
        wide,
        heavy_tails,
        skewed,
        clusters,
        uneven_noise,
        survey,
        rare_words,
        factors,
        shuffled_series,
    )
}


# rows that somebody has sorted


def by_target(rng):
    X, y = gauss(rng)
    return sorted_by(y, X, y)


def by_target_falling_in_bins(rng):
    X, y = gauss(rng, p=60)
    return sorted_by(-np.round(y, 1), X, y)


def by_target_mostly_zero(rng):
    X, y = gauss(rng)
    y = np.maximum(y, 0.0)
    return sorted_by(y, X, y)


def by_class(rng, k=3, n=500):
    labels = rng.integers(0, k, n)
    X = rng.standard_normal((n, 40)) + 1.5 * np.eye(k, 40)[labels]
    return sorted_by(labels, X, np.eye(k)[labels])


def by_one_of_12_classes(rng):
    return by_class(rng, 12)


def by_class_code(rng):
    X, Y = by_class(rng, 4)
    return X, Y @ [2.0, 0.0, 3.0, 1.0]


def by_column(rng):
    X, y = gauss(rng)
    return sorted_by(X[:, 3], X, y)


def by_column_bent(rng):
    X, y = gauss(rng)
    return sorted_by(X[:, 3], X, y + X[:, 3] ** 2)


def by_column_bent_wide(rng):
    X, y = gauss(rng, 300, 200)
    return sorted_by(X[:, 3], X, y + X[:, 3] ** 2)


def by_column_wave(rng):
    X, y = gauss(rng)
    return sorted_by(X[:, 3], X, y + 2.0 * np.sin(3.0 * X[:, 3]))


def by_levels(rng):
    levels = rng.integers(0, 30, 600)
    X = np.column_stack([levels, rng.standard_normal((600, 15))])
    return sorted_by(levels, X, np.sqrt(levels) + X[:, 3] + rng.standard_normal(600))


def by_factor(rng):
    codes, slopes = rng.integers(0, 20, 600), rng.standard_normal(20)
    X = np.column_stack([np.eye(20)[codes], rng.standard_normal((600, 10))])
    return sorted_by(codes, X, 2.0 * slopes[codes] * X[:, 25] + rng.standard_normal(600))


SORTED = {
    kind.__name__.replace("_", " "): kind
    for kind in (
        by_target,
        by_target_falling_in_bins,
        by_target_mostly_zero,
        by_class,
        by_one_of_12_classes,
        by_class_code,
        by_column,
        by_column_bent,
        by_column_bent_wide,
        by_column_wave,
        by_levels,
        by_factor,
    )
}


def series(rng, p, rho, noise_rho, n=500):
    """Return autoregressions, with a target that is the first of them and noise."""
    X = autoregression(rng, n, p, rho)
    return X, X[:, 0] + autoregression(rng, n, 1, noise_rho)[:, 0]


SERIES = {
    "series, length 3 in both": (LENGTH_3, LENGTH_3),
    "series, length 3 in the noise alone": (0.0, LENGTH_3),
    "series, 0.9 in the features alone": (0.9, 0.0),
}


def silent(part: str, name: str, draws: int) -> dict:
    """Count what is told of rows of a kind whose neighbours say nothing."""
    kind = {"independent": INDEPENDENT, "sorted": SORTED}[part][name]
    told = [fitted(*kind(np.random.default_rng(seed))) for seed in range(draws)]
    return {
        "part": part,
        "kind": name,
        "draws": draws,
        "told": sum(np.isfinite(growth) for _, growth, _ in told),
        "copies_told": sum(copies for *_, copies in told),
    }


def powerful(name: str, p: int, draws: int) -> dict:
    """Compare what is told of series with the risk of rows far from them, which is known."""
    far, told = np.empty(draws), np.empty(draws)
    for seed in range(draws):
        model, told[seed], _ = fitted(*series(np.random.default_rng(seed), p, *SERIES[name]))
        miss = model.coef_ - np.eye(p)[0]
        far[seed] = (miss @ miss + model.intercept_**2 + 1.0) / model.risk_
    found = np.isfinite(told)
    return {
        "part": "series",
        "kind": name,
        "features": p,
        "draws": draws,
        "told": found.sum(),
        "far_over_risk": far.mean(),
        "growth": told[found].mean() if found.any() else np.nan,
        "growth_over_far": told[found].mean() / far[found].mean() if found.any() else np.nan,
    }


def real(name: str, options):
    """Yield a row for the middle of a set as it is stored, and one for a random order of it."""
    X, y, task = load(options, name)
    if len(X) < FEWEST:
        return
    max_rows = 500 if options.quick else MAX_ROWS
    middle = slice(max(0, (len(X) - max_rows) // 2), (len(X) + max_rows) // 2)
    X, y = X[middle], y[middle]
    if task == "classification":
        y = np.eye(int(y.max()) + 1)[y.astype(int)]
    X = X[:, X.std(axis=0) > 0.0]
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    for order in ("stored", "random"):
        if order == "random":
            rows = np.random.default_rng(0).permutation(len(X))
            X, y = X[rows], y[rows]
        model, growth, copies = fitted(X, y)
        risks = [
            np.mean(RenormalizedRidge(model.alpha_, cv=folds).fit(X, y).risk_)
            for folds in (KFold(10), KFold(10, shuffle=True, random_state=0))
        ]
        yield {
            "part": f"set, {order} order",
            "kind": name,
            "rows": len(X),
            "features": X.shape[1],
            "told": int(np.isfinite(growth)),
            "copies_told": int(copies),
            "growth": growth,
            "contiguous_over_shuffled": risks[0] / risks[1],
        }


def cases(options) -> list[tuple]:
    """Return kinds of rows, the series with several numbers of features, and real sets."""
    return [
        *(("independent", name) for name in INDEPENDENT),
        *(("sorted", name) for name in SORTED),
        *(("series", name, p) for name in SERIES for p in (5, 10, 20, 50, 100, 300)),
        *(("set", name) for name in real_sets(options)),
    ]


def measure(case: tuple, options) -> list[dict]:
    """Return the rows of a case."""
    part, name, *features = case
    if part == "set":
        return list(real(name, options))
    draws = 2 if options.quick else DRAWS[part]
    if part == "series":
        return [powerful(name, *features, draws)]
    return [silent(part, name, draws)]


def notes(rows: list[dict]) -> list[str]:
    """Return the summary, as sentences."""
    sentences = []
    for part in ("independent", "sorted"):
        found = [row for row in rows if row["part"] == part]
        told, draws = (sum(row[key] for row in found) for key in ("told", "draws"))
        sentences.append(f"{part} rows: told {told} of {draws} draws of {len(found)} kinds")
    found = [row for row in rows if row["part"] == "series"]
    for what, some in (
        ("1.1 times risk_ or more", [row for row in found if row["far_over_risk"] >= 1.1]),
        ("less than that", [row for row in found if row["far_over_risk"] < 1.1]),
    ):
        if not some:
            continue
        rates = [row["told"] / row["draws"] for row in some]
        sentences.append(
            f"series whose far rows have {what}: told in {min(rates):.3f} to {max(rates):.3f} "
            f"of the draws, {np.mean(rates):.3f} over all"
        )
    for order in ("stored", "random"):
        found = [row for row in rows if row["part"] == f"set, {order} order"]
        names = ", ".join(
            f"{row['kind']} {row['growth']:.2f} ({row['contiguous_over_shuffled']:.2f})"
            for row in found
            if row["told"]
        )
        sentences.append(
            f"{len(found)} sets in {order} order: told, growth (contiguous over shuffled folds): "
            + (names or "none")
        )
    return sentences


BENCHMARK = Benchmark(
    cases=cases,
    measure=measure,
    shown="part kind features draws told copies_told growth far_over_risk growth_over_far"
    " contiguous_over_shuffled",
    notes=notes,
    real=True,
)
