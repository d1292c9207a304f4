"""Rows in blocks: dask against plain loops, and a tuned fit from disk against X.T @ X in memory.

``python benchmarks/streaming.py [--quick] [--rows 2000000] [--features 200] [--block 20000]``

See README.md beside this file for what is measured and how.
"""

import argparse
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import dask
import dask.array as da
import numpy as np
from _common import RESULTS, environment, write_csv

from sk_renorm import TheoryGuidedRidgeCV
from sk_renorm._linalg import DaskRows, Moments

PAUSE = 0.06  # seconds for the BLAS threads of one method to fall asleep before the next


def write_rows(
    folder: Path, n: int, p: int, dtype: str, block: int
) -> tuple[np.memmap, np.ndarray]:
    """Write a C-ordered X (n, p) of a power-law spectrum to disk; return it mapped, and y."""
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
    starts = range(0, len(X), block)
    in_memory = np.array(X)
    lazy = da.from_array(X, chunks=(block, X.shape[1]), name=False)
    lazy_y = da.from_array(y, chunks=block, name=False)
    rows = DaskRows.of(lazy, y, None)

    def numpy_blocks():
        return Moments.from_rows(X, y[:, None], None)

    def stream():
        model = TheoryGuidedRidgeCV()
        for start in starts:
            model.partial_fit(X[start : start + block], y[start : start + block])
        return model.alpha_

    return {
        "moments of numpy blocks": (numpy_blocks, ""),
        "moments by dask": (rows.moments, "moments of numpy blocks"),
        "fit gcv by dask": (
            lambda: TheoryGuidedRidgeCV(risk="gcv").fit(lazy, lazy_y),
            "moments of numpy blocks",
        ),
        "fit loo by dask": (
            lambda: TheoryGuidedRidgeCV().fit(lazy, lazy_y),
            "moments of numpy blocks",
        ),
        "X.T @ X in memory": (lambda: in_memory.T @ in_memory, ""),
        "partial_fit from memmap": (stream, "X.T @ X in memory"),
        "fit gcv from memmap": (
            lambda: TheoryGuidedRidgeCV(risk="gcv").fit(X, y),
            "X.T @ X in memory",
        ),
        "fit loo from memmap": (
            lambda: TheoryGuidedRidgeCV(store_rows=False).fit(X, y),
            "X.T @ X in memory",
        ),
    }


def seconds(task: Callable) -> float:
    time.sleep(PAUSE)
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def peak_bytes(task: Callable) -> int:
    """Return the most that Python and numpy have allocated at a time, the mapped file left out."""
    tracemalloc.start()
    task()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def run(n: int, p: int, dtype: str, block: int, rounds: int) -> list[dict]:
    """Return one row per method."""
    with tempfile.TemporaryDirectory() as folder:
        X, y = write_rows(Path(folder), n, p, dtype, block)
        tasks = methods(X, y, block)
        peaks = {name: peak_bytes(task) for name, (task, _) in tasks.items()}  # and warms up
        times = {name: np.empty(rounds) for name in tasks}
        for turn in range(rounds):
            for name, (task, _) in tasks.items():
                times[name][turn] = seconds(task)
    rows = []
    for name, (_, unit) in tasks.items():
        over = times[name] / times[unit] if unit else np.full(rounds, np.nan)
        rows.append(
            {
                "rows": n,
                "features": p,
                "dtype": dtype,
                "block": block,
                "method": name,
                "rounds": rounds,
                "seconds_median": np.median(times[name]),
                "seconds_min": times[name].min(),
                "unit": unit,
                "median_of_ratios": np.median(over),
                "ratio_of_minima": times[name].min() / times[unit].min() if unit else np.nan,
                "peak_over_block": peaks[name] / (X.itemsize * block * p),
                "peak_over_X": peaks[name] / X.nbytes,
            }
        )
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--features", type=int, default=200)
    parser.add_argument("--block", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dtypes", default="float32,float64")
    parser.add_argument("--output", type=Path, default=RESULTS / "streaming.csv")
    parser.add_argument("--quick", action="store_true", help="a small run that writes nothing")
    options = parser.parse_args()
    if options.quick:
        options.rows, options.features, options.block, options.rounds = 40_000, 20, 4000, 1
    env = environment()
    env["dask"] = dask.__version__
    rows = []
    for dtype in options.dtypes.split(","):
        rows += run(options.rows, options.features, dtype, options.block, options.rounds)
        for row in rows[-8:]:
            print(f"{dtype} {row['method']:<26} {row['seconds_median']:8.3f} s", end="")
            print(f"  {row['median_of_ratios']:6.2f} x {row['unit']}" if row["unit"] else "")
    if not options.quick:
        write_csv(options.output, rows, ["turns are interleaved; see README.md"], env)


if __name__ == "__main__":
    main()
