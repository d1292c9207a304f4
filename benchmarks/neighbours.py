"""Rows that predict their neighbours: when a fit says so, and whether its number is right.

The real sets are taken in the order of their file.  Without ``--data`` only simulated rows are
looked at.
"""

import re

import numpy as np
from sklearn.model_selection import KFold

from benchmarks._benchmark import Benchmark
from benchmarks._data import load, real_sets
from benchmarks._ordered_rows import INDEPENDENT, SERIES, SORTED, series
from benchmarks._warned import warned
from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm.exceptions import DependentRowsWarning

MAX_ROWS, FEWEST = 4000, 200
DRAWS = {"independent": 100, "sorted": 50, "series": 200}
TOLD = re.compile(r"Rows predict their neighbours: .* be ([\d.]+) \+- [\d.]+ times")


def fitted(X, y):
    """Return the model, the growth of the risk it tells (or NaN), and whether copies are told."""
    model = TheoryGuidedRidgeCV()
    said = warned(model, X, y, DependentRowsWarning)
    found = [match for match in map(TOLD.match, said) if match]
    return model, float(found[0][1]) if found else np.nan, len(said) > len(found)


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
