"""Time of 1,000 effective ridges on 10,000 eigenvalues, against a loop of scipy's brentq.

    python benchmarks/theory.py

Both solve ``ridge = kappa (1 - df1(kappa) / n)`` for ridges over fourteen orders of magnitude and
return kappa, df1 and df2.  The loop is what one writes in a notebook: the bracket of the theorem,
``[ridge, ridge + tr Sigma / n]``, one ridge at a time, to a relative 1e-12 (brentq's default of an
absolute 2e-12 is off by half at the smallest ridges).  Run it with one
thread (OPENBLAS_NUM_THREADS=1); the best of several repetitions counts.  Memory is the peak that
tracemalloc sees.
"""

import csv
import platform
import time
import tracemalloc
from pathlib import Path

import numpy as np
import scipy
from scipy.optimize import brentq

from sk_renorm.theory import effective_ridge

ETA = np.arange(1.0, 10_001.0) ** -1.2
RIDGES = np.geomspace(1e-12, 1e2, 1000)


def notebook_loop(n):
    out = np.empty((3, RIDGES.size))
    for i, ridge in enumerate(RIDGES):

        def equation(kappa, ridge=ridge):
            return kappa * (1.0 - np.sum(ETA / (ETA + kappa)) / n) - ridge

        kappa = brentq(equation, ridge, ridge + ETA.sum() / n, xtol=1e-300, rtol=1e-12)
        learned = ETA / (ETA + kappa)
        out[:, i] = kappa, learned.sum(), np.sum(learned**2)
    return out


def library(n):
    eff = effective_ridge(ETA, RIDGES, n)
    return np.array([eff.kappa, eff.df1, eff.df2])


def best_time(function, n, repetitions):
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        result = function(n)
        times.append(time.perf_counter() - start)
    return min(times), result


def peak_bytes(n):
    tracemalloc.start()
    library(n)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def main():
    rows = []
    for n in (300, 3000, 30_000):
        ours, found = best_time(library, n, 7)
        loop, reference = best_time(notebook_loop, n, 3)
        rows.append(
            {
                "n_samples": n,
                "library_seconds": f"{ours:.4f}",
                "loop_seconds": f"{loop:.4f}",
                "ratio": f"{loop / ours:.1f}",
                "peak_bytes_over_p_bytes": f"{peak_bytes(n) / ETA.nbytes:.1f}",
                "largest_relative_difference": f"{np.max(np.abs(found[0] / reference[0] - 1)):.1e}",
                "python": platform.python_version(),
                "numpy": np.__version__,
                "scipy": scipy.__version__,
            }
        )
        print(rows[-1])
    with (Path(__file__).parent / "results" / "theory.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
