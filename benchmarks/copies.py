"""The warning that rows repeat others: false alarms, copies found, and whether its number is right.

Without ``--data`` only simulated rows are looked at.
"""

import re

import numpy as np

from benchmarks import _copied_rows, _independent_rows
from benchmarks._benchmark import Benchmark
from benchmarks._data import load, real_sets
from benchmarks._warned import warned
from sk_renorm import TheoryGuidedRidgeCV
from sk_renorm.exceptions import DependentRowsWarning

DRAWS, COPIED_DRAWS, MAX_ROWS, SMALL = 20, 12, 30000, 60


def told(X, y) -> tuple[TheoryGuidedRidgeCV, float]:
    """Return a fit, and how many times larger it says that the risk would be; NaN if nothing."""
    model = TheoryGuidedRidgeCV()
    said = map(growth_in, warned(model, X, y, DependentRowsWarning))
    growths = [growth for growth in said if growth]
    return model, growths[0] if growths else np.nan


def growth_in(message: str) -> float | None:
    """Return the number that a warning of copies tells, or None of another one."""
    if "left out with their copies" not in message:
        return None
    number = re.search(r"would be about (\S+) times", message)
    return float(number.group(1)) if number else np.inf


def independent(name: str, size, options) -> list[dict]:
    """Count alarms for a kind of independent rows."""
    args = () if size == "usual" else (size,)
    growths = [
        told(*_independent_rows.KINDS[name](np.random.default_rng([7, seed]), *args))[1]
        for seed in range(2 if options.quick else DRAWS)
    ]
    return [row("independent", name, size, growths)]


def copied(name: str, options) -> list[dict]:
    """Count what is told for a kind of copies, and compare it with fresh originals."""
    growths, groups, claimed, corrected, true = [], [], [], [], []
    for seed in range(2 if options.quick else COPIED_DRAWS):
        drawn = _copied_rows.KINDS[name](np.random.default_rng([8, seed]))
        model, growth = told(drawn.X, drawn.y)
        growths.append(growth)
        at_alpha = TheoryGuidedRidgeCV(alphas=[model.alpha_])
        by_group = at_alpha.fit(drawn.X, drawn.y, groups=drawn.original)
        groups.append(by_group.risk_ / model.risk_)
        if np.isfinite(growth):
            claimed.append(model.risk_)
            corrected.append(model.risk_ * growth)
            true.append(drawn.true_risk(model))
    truth = np.mean(true) if true else np.nan
    ratios = [np.mean(values) / truth if true else np.nan for values in (claimed, corrected)]
    return [row("copied", name, "usual", growths, np.median(groups), *ratios)]


def real(name: str, options) -> list[dict]:
    """Say what is told of a real set, in the order of the file and in random order."""
    X, y, _ = load(options, name, max_rows=MAX_ROWS)
    if X.size > 4e7:
        return []
    shuffled = np.random.default_rng(0).permutation(len(X))
    return [
        row("real", name, "stored", [told(X, y)[1]]),
        row("real", name, "random", [told(X[shuffled], y[shuffled])[1]]),
    ]


def row(part, kind, size, growths, by_groups=np.nan, before=np.nan, after=np.nan) -> dict:
    """Return a row of the table."""
    found = [growth for growth in growths if not np.isnan(growth)]
    return {
        "part": part,
        "kind": kind,
        "size": size,
        "draws": len(growths),
        "told": len(found),
        "growth_median": float(np.median(found)) if found else np.nan,
        "growth_by_groups_median": by_groups,
        "risk_over_true": before,
        "risk_times_growth_over_true": after,
    }


def cases(options) -> list[tuple]:
    """Return kinds of rows, the independent ones in two sizes, and real sets."""
    return [
        *(("independent", name, n) for name in _independent_rows.KINDS for n in ("usual", SMALL)),
        *(("copied", name) for name in _copied_rows.KINDS),
        *(("real", name) for name in real_sets(options)),
    ]


def measure(case: tuple, options) -> list[dict]:
    """Return the rows of a case."""
    part, *what = case
    return {"independent": independent, "copied": copied, "real": real}[part](*what, options)


BENCHMARK = Benchmark(
    cases=cases,
    measure=measure,
    shown="part kind size draws told growth_median growth_by_groups_median risk_over_true"
    " risk_times_growth_over_true",
    real=True,
)
