"""Time of 1,000 effective ridges on 10,000 eigenvalues, against a loop of scipy's brentq.

Both solve ``ridge = kappa (1 - df1(kappa) / n)`` for ridges over fourteen orders of magnitude and
return kappa, df1 and df2.  The loop is what one writes in a notebook: the bracket of the theorem,
``[ridge, ridge + tr Sigma / n]``, one ridge at a time, to a relative 1e-12 (brentq's default of an
absolute 2e-12 is off by half at the smallest ridges).  Run it with one
thread (OPENBLAS_NUM_THREADS=1); the best of several repetitions counts.  Memory is the peak that
tracemalloc sees.
"""

import numpy as np
from scipy.optimize import brentq

from benchmarks._benchmark import Benchmark
from benchmarks._memory import peak_allocated
from benchmarks._timing import fastest
from sk_renorm.theory import effective_ridge

ETA = np.arange(1.0, 10_001.0) ** -1.2
RIDGES = np.geomspace(1e-12, 1e2, 1000)


def notebook_loop(n):
    """Return kappa, df1 and df2 (3, ridges), one ridge at a time."""
    out = np.empty((3, RIDGES.size))
    for i, ridge in enumerate(RIDGES):

        def equation(kappa, ridge=ridge):
            return kappa * (1.0 - np.sum(ETA / (ETA + kappa)) / n) - ridge

        kappa = brentq(equation, ridge, ridge + ETA.sum() / n, xtol=1e-300, rtol=1e-12)
        learned = ETA / (ETA + kappa)
        out[:, i] = kappa, learned.sum(), np.sum(learned**2)
    return out


def library(n):
    """Return the same by the library."""
    eff = effective_ridge(ETA, RIDGES, n)
    return np.array([eff.kappa, eff.df1, eff.df2])


def measure(n: int, options) -> list[dict]:
    """Return one row: the fastest of both."""
    found, ours = fastest(lambda: library(n), options.turns or 7)
    reference, loop = fastest(lambda: notebook_loop(n), options.turns or 3)
    return [
        {
            "n_samples": n,
            "library_seconds": ours,
            "loop_seconds": loop,
            "ratio": loop / ours,
            "peak_bytes_over_p_bytes": peak_allocated(lambda: library(n)) / ETA.nbytes,
            "largest_relative_difference": np.max(np.abs(found[0] / reference[0] - 1)),
        }
    ]


BENCHMARK = Benchmark(
    cases=lambda options: [300] if options.quick else [300, 3000, 30_000],
    measure=measure,
    shown="n_samples library_seconds loop_seconds ratio largest_relative_difference",
    times=True,
)
