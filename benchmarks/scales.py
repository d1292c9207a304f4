"""What a fit costs where columns differ in scale, depend on each other or are nearly alike."""

from functools import partial

import numpy as np

from benchmarks._benchmark import Benchmark
from benchmarks._data import Case
from benchmarks._timing import take_turns
from sk_renorm import TheoryGuidedRidgeCV

CASES = [Case(100_000, 100), Case(20_000, 500), Case(3000, 1000), Case(300, 5000)]
QUICK_CASES = [Case(2000, 50), Case(50, 400)]
ROUNDS = 3


def kinds(X: np.ndarray) -> dict[str, np.ndarray]:
    """Return the same columns as they are, and made hostile in several ways."""
    rng = np.random.default_rng(0)
    n, p = X.shape
    graded = np.ones(p)
    graded[:3], graded[3:6] = 1e5, 1e9
    alike = X.copy()
    alike[:, 1] = alike[:, 0] + 1e-7 * alike[:, 1]
    copies = X.copy()
    copies[:, p // 2 : p // 2 + p // 20] = X[:, : p // 20]
    stamp = X.copy()
    stamp[:, 0] = 1.6e12 + 1e8 * rng.integers(0, 1000, n)
    return {
        "even": X,
        "copies": copies,
        "one time stamp": stamp,
        "three of 1e5, three of 1e9": X * graded,
        "scales 1e8 to 1": X * np.geomspace(1e8, 1.0, p),
        "two alike to 1e-7": alike,
    }


def measure(case: Case, options) -> list[dict]:
    """Return one row for every kind of columns, measured in turns."""
    X, y, _, _ = case.draw()
    data = kinds(X)
    model = TheoryGuidedRidgeCV()
    made_of = {}
    for name, rows in data.items():
        made_of[name] = model.fit(rows, y).report_.factorization.partition(":")[0]
    calls = {name: partial(model.fit, rows, y) for name, rows in data.items()}
    seconds = take_turns(calls, options.turns or ROUNDS)
    found = []
    for name in data:
        low, middle, high = np.quantile(seconds[name] / seconds["even"], [0.25, 0.5, 0.75])
        found.append(
            {
                "n": case.n,
                "p": case.p,
                "columns": name,
                "rounds": len(seconds[name]),
                "seconds": np.median(seconds[name]),
                "ratio": middle,
                "ratio_low": low,
                "ratio_high": high,
                "made_of": made_of[name],
            }
        )
    return found


BENCHMARK = Benchmark(
    cases=lambda options: QUICK_CASES if options.quick else CASES,
    measure=measure,
    shown="n p columns seconds ratio made_of",
    notes=lambda rows: [
        "ratio: to the fit of even columns in the same turn; median and quartiles over rounds"
    ],
    times=True,
)
