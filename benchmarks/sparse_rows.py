"""Sparse data too large for a Gram matrix: time, memory and error of a tuned fit against Ridge.

``python benchmarks/sparse_rows.py [--quick] [--output FILE]``

See README.md beside this file for what is measured and how.
"""

import argparse
import time
import tracemalloc
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from _common import RESULTS, environment, write_csv
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV

from sk_renorm import TheoryGuidedRidgeCV

ALPHAS = np.geomspace(1e-2, 1e3, 10)
TOLERANCE = 1e-6  # of the normal equations, for Ridge
PAUSE = 0.06
ROUNDS = 5
N_TEST = 5000


@dataclass(frozen=True)
class Case:
    """A shape, a density and a kind of columns, with data drawn for it.

    Columns are "even": each as full as any, normal entries; or "words": counts, column k used in
    proportion to ``k ** -0.8``.
    """

    n: int
    p: int
    density: float
    kind: str

    def draw(self):
        """Return X, y, X_test, y_test, with signal and noise of variance 1."""
        rng = np.random.default_rng([self.n, self.p])
        coef = rng.standard_normal(self.p)
        X = self._rows(rng, self.n)
        scale = np.std(X @ coef)
        drawn = []
        for rows in (X, self._rows(rng, N_TEST)):
            drawn += [rows, rows @ coef / scale + rng.standard_normal(rows.shape[0]) + 3.0]
        return drawn

    def _rows(self, rng, n: int) -> sp.csr_array:
        count = round(n * self.p * self.density)
        rows = rng.integers(0, n, count)
        if self.kind == "even":
            columns, entries = rng.integers(0, self.p, count), rng.standard_normal(count)
        else:
            used = np.arange(1, self.p + 1.0) ** -0.8
            columns, entries = rng.choice(self.p, count, p=used / used.sum()), np.ones(count)
        return sp.coo_array((entries, (rows, columns)), shape=(n, self.p)).tocsr()


CASES = [
    Case(100_000, 20_000, 1e-3, "even"),
    Case(100_000, 20_000, 1e-3, "words"),
    Case(20_000, 100_000, 1e-3, "words"),
]
QUICK_CASES = [Case(6000, 5000, 2e-3, "words")]


def make_ridge() -> Ridge:
    """One fit at a penalty that is given."""
    return Ridge(alpha=1.0, solver="sparse_cg", tol=TOLERANCE)


def make_grid_search() -> GridSearchCV:
    """Five folds over ten penalties."""
    return GridSearchCV(make_ridge(), {"alpha": ALPHAS}, cv=5, scoring="neg_mean_squared_error")


def seconds_of(model, X, y) -> float:
    """Time one fit after a pause."""
    time.sleep(PAUSE)
    start = time.perf_counter()
    model.fit(X, y)
    return time.perf_counter() - start


def peak_over_X(model, X, y) -> float:
    """Return the peak memory of one fit, as numpy allocates it, over the size of X."""
    tracemalloc.start()
    model.fit(X, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / (X.data.nbytes + X.indices.nbytes + X.indptr.nbytes)


def run_case(case: Case) -> list[dict]:
    """Return one row per method."""
    X, y, X_test, y_test = case.draw()
    models = {"Ridge": make_ridge(), "sk_renorm": TheoryGuidedRidgeCV()}
    seconds = {name: [] for name in models}
    for turn in range(ROUNDS + 1):  # the first one warms up
        for name, model in models.items():
            elapsed = seconds_of(model, X, y)
            if turn:
                seconds[name].append(elapsed)
    models["GridSearchCV"] = make_grid_search()
    seconds["GridSearchCV"] = [seconds_of(models["GridSearchCV"], X, y)]
    ridge = np.array(seconds["Ridge"])
    rows = []
    for name, model in models.items():
        memory = np.nan if name == "GridSearchCV" else peak_over_X(model, X, y)
        alpha = getattr(model, "best_params_", {}).get("alpha", getattr(model, "alpha_", 1.0))
        rows.append(
            {
                "n": case.n,
                "p": case.p,
                "density": case.density,
                "kind": case.kind,
                "method": name,
                "rounds": len(seconds[name]),
                "seconds_median": np.median(seconds[name]),
                "ratio_of_medians": np.median(seconds[name]) / np.median(ridge),
                "ratio_of_minima": np.min(seconds[name]) / ridge.min(),
                "alpha": alpha,
                "heldout_mse": float(np.mean((model.predict(X_test) - y_test) ** 2)),
                "risk": getattr(model, "risk_", np.nan),
                "risk_std_error": getattr(model, "risk_std_error_", np.nan),
                "risk_monte_carlo_error": getattr(model, "risk_monte_carlo_error_", np.nan),
                "peak_over_X": memory,
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one small case; writes nothing")
    parser.add_argument("--output", type=Path, help="default: results/ when all cases run")
    args = parser.parse_args()
    env = environment()
    rows = []
    for case in QUICK_CASES if args.quick else CASES:
        for row in run_case(case):
            rows.append(row)
            print(
                ", ".join(
                    f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in row.items()
                )
            )
    output = args.output or (None if args.quick else RESULTS / "sparse_rows.csv")
    if output:
        write_csv(output, rows, [], env)


if __name__ == "__main__":
    main()
