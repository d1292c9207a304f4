"""Rows in blocks: dask against plain loops, and a tuned fit from disk against X.T @ X in memory.

Needs dask.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks._benchmark import Benchmark
from benchmarks._memory import peak_allocated
from benchmarks._timing import take_turns
from sk_renorm import TheoryGuidedRidgeCV
from sk_renorm._linalg import DaskRows, Moments

ROUNDS = 5
BLOCKS, IN_MEMORY = "moments of numpy blocks", "X.T @ X in memory"  # units of the others


@dataclass(frozen=True)
class Case:
    """A shape, a precision, and the rows of a block."""

    n: int
    p: int
    dtype: str
    block: int

    def __str__(self):
        return f"{self.n}x{self.p} {self.dtype}"


def write_rows(folder: Path, case: Case) -> tuple[np.memmap, np.ndarray]:
    """Write a C-ordered X (n, p) of a power-law spectrum to disk; return it mapped, and y."""
    n, p, dtype, block = case.n, case.p, case.dtype, case.block
    rng = np.random.default_rng(0)
    scale = np.arange(1.0, p + 1.0) ** -0.5
    coef = rng.standard_normal(p)
    X, y = np.memmap(folder / dtype, dtype, "w+", shape=(n, p)), np.empty(n, dtype)
    for start in range(0, n, block):
        rows = slice(start, min(start + block, n))
        X[rows] = rng.standard_normal((rows.stop - start, p), dtype=dtype) * scale + 1.0
        y[rows] = X[rows] @ coef + rng.standard_normal(rows.stop - start)
    X.flush()
    return np.memmap(folder / dtype, dtype, "r", shape=(n, p)), y


def methods(X: np.memmap, y: np.ndarray, block: int) -> dict[str, tuple[Callable, str]]:
    """Return what takes turns, and what each is divided by."""
    import dask.array as da

    in_memory = np.array(X)
    lazy = da.from_array(X, chunks=(block, X.shape[1]), name=False)
    lazy_y = da.from_array(y, chunks=block, name=False)
    rows = DaskRows.of(lazy, y, None)

    gcv = partial(TheoryGuidedRidgeCV, risk="gcv")

    def stream():
        model = TheoryGuidedRidgeCV()
        for start in range(0, len(X), block):
            model.partial_fit(X[start : start + block], y[start : start + block])
        return model.alpha_

    return {
        BLOCKS: (lambda: Moments.from_rows(X, y[:, None], None), ""),
        "moments by dask": (rows.moments, BLOCKS),
        "fit gcv by dask": (lambda: gcv().fit(lazy, lazy_y), BLOCKS),
        "fit loo by dask": (lambda: TheoryGuidedRidgeCV().fit(lazy, lazy_y), BLOCKS),
        IN_MEMORY: (lambda: in_memory.T @ in_memory, ""),
        "partial_fit from memmap": (stream, IN_MEMORY),
        "fit gcv from memmap": (lambda: gcv().fit(X, y), IN_MEMORY),
        "fit loo from memmap": (
            lambda: TheoryGuidedRidgeCV(store_rows=False).fit(X, y),
            IN_MEMORY,
        ),
    }


def measure(case: Case, options) -> list[dict]:
    """Return one row per method."""
    rounds = options.turns or (1 if options.quick else ROUNDS)
    with tempfile.TemporaryDirectory() as folder:
        X, y = write_rows(Path(folder), case)
        tasks = methods(X, y, case.block)
        calls = {name: call for name, (call, _) in tasks.items()}
        peaks = {name: peak_allocated(call) for name, call in calls.items()}  # and warms up
        times = take_turns(calls, rounds)
    rows = []
    for name, (_, unit) in tasks.items():
        over = times[name] / times[unit] if unit else np.full(rounds, np.nan)
        rows.append(
            {
                "rows": case.n,
                "features": case.p,
                "dtype": case.dtype,
                "block": case.block,
                "method": name,
                "rounds": rounds,
                "seconds_median": np.median(times[name]),
                "seconds_min": times[name].min(),
                "unit": unit,
                "median_of_ratios": np.median(over),
                "ratio_of_minima": times[name].min() / times[unit].min() if unit else np.nan,
                "peak_over_block": peaks[name] / (X.itemsize * case.block * case.p),
                "peak_over_X": peaks[name] / X.nbytes,
            }
        )
    return rows


def notes(rows: list[dict]) -> list[str]:
    """Return what the environment does not say."""
    import dask

    return [f"dask: {dask.__version__}", "turns are interleaved; see README.md"]


BENCHMARK = Benchmark(
    cases=lambda options: [
        Case(40_000, 20, dtype, 4000) if options.quick else Case(2_000_000, 200, dtype, 20_000)
        for dtype in ("float32", "float64")
    ],
    measure=measure,
    shown="dtype method seconds_median median_of_ratios unit peak_over_block peak_over_X",
    notes=notes,
    times=True,
)
