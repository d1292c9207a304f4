"""Time and memory of a tuned fit against one untuned Ridge, RidgeCV and GridSearchCV.

``python benchmarks/speed.py [--quick] [--shapes 100000x100,50x5] [--output FILE]``

See README.md beside this file for what is measured and how.
"""

import argparse
import contextlib
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from _common import (
    ALPHAS,
    RESULTS,
    Case,
    environment,
    interleave,
    parse_shapes,
    seconds_per_fit,
    write_csv,
)
from scipy.linalg import blas, eigh
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV

from sk_renorm import TheoryGuidedRidgeCV

SHAPES = [
    (100_000, 100, 1),
    (10_000, 1000, 1),
    (20_000, 500, 1),
    (2000, 2000, 1),
    (1000, 10_000, 1),
    (300, 4000, 1),
    (50, 5, 1),
    (2000, 1000, 1000),
]
QUICK_SHAPES = [(2000, 50, 1), (60, 300, 1), (50, 5, 1), (100, 50, 20)]
ALPHAS_PER_TARGET = np.geomspace(1e-3, 1e7, 10)  # RidgeCV needs minutes for 1000 targets and 100
PENALTIES = np.geomspace(1e-8, 1e2, 50)  # of the prototype, relative to the largest eigenvalue
INTERLEAVED_SECONDS = 6.0  # for the interleaved fits of one case, beyond three rounds
SEARCH_SECONDS = 5.0  # for GridSearchCV, beyond two alphas
SMALLEST_MEMORY_CASE = 4e6  # bytes of X
MEMORY_OF = ("Ridge", "sk_renorm loo")
N_TEST = 1000


# Every rival minimizes ||y - Xw - b||^2 + alpha ||w||^2: one convention, scikit-learn's.


def make_ridge(case: Case):
    """One fit at a penalty that is given."""
    return Ridge(alpha=1.0)


def make_loo(case: Case):
    """Continuous search by exact leave-one-out risk."""
    return TheoryGuidedRidgeCV(alpha_per_target=case.q > 1)


def make_gcv(case: Case):
    """Continuous search by generalized cross-validation."""
    return TheoryGuidedRidgeCV(risk="gcv", alpha_per_target=case.q > 1)


def make_ridgecv(case: Case):
    """Exact leave-one-out over a grid."""
    if case.q > 1:
        return RidgeCV(alphas=ALPHAS_PER_TARGET, alpha_per_target=True)
    return RidgeCV(alphas=ALPHAS)


def make_grid_search(case: Case, n_alphas: int = 100):
    """Five folds over a grid, or over some of it that span the same range."""
    some = np.linspace(0, len(ALPHAS) - 1, n_alphas).round().astype(int)
    return GridSearchCV(Ridge(), {"alpha": ALPHAS[some]}, cv=5, scoring="neg_mean_squared_error")


class Straightforward:
    """The plain way: centred copy, Gram matrix, eigh, leave-one-out by two products."""

    def fit(self, X, y):
        """Fit to one target, in the precision of X; assumes that X has full rank."""
        n, p = X.shape
        x_mean, y_mean = X.mean(axis=0), y.mean()
        Xc, yc = X - x_mean, y - y_mean
        syrk, gemm, gemv = blas.get_blas_funcs(("syrk", "gemm", "gemv"), (Xc,))
        if n > p:
            s, V = eigh(syrk(1.0, Xc.T), lower=False, driver="evd", overwrite_a=True)
            W = gemm(1.0, V, Xc.T, trans_a=True)  # (p, n)
            z = gemv(1.0, W, yc)
            alphas, gains = self._grid(s)
            leverage = gemm(1.0, W**2, gains, trans_a=True) + 1.0 / n
            fitted = gemm(1.0, W, z[:, None] * gains, trans_a=True)
            best = (((yc[:, None] - fitted) / (1.0 - leverage)) ** 2).mean(axis=0).argmin()
            self.coef_ = V @ (z * gains[:, best])
        else:
            s, U = eigh(syrk(1.0, Xc.T, trans=True), lower=False, driver="evd", overwrite_a=True)
            s, U = s[n - min(n - 1, p) :], U[:, n - min(n - 1, p) :]  # without the constant
            alphas, gains = self._grid(s)
            dual = gemm(1.0, U, (U.T @ yc)[:, None] * gains)
            diagonal = gemm(1.0, U**2, gains)
            best = ((dual / diagonal) ** 2).mean(axis=0).argmin()
            self.coef_ = gemv(1.0, Xc.T, np.ascontiguousarray(dual[:, best]))
        self.alpha_ = alphas[best]
        self.intercept_ = y_mean - x_mean @ self.coef_
        return self

    @staticmethod
    def _grid(s):
        alphas = (PENALTIES * s[-1]).astype(s.dtype)
        return alphas, 1.0 / (s[:, None] + alphas)

    def predict(self, X):
        """Return predictions."""
        return X @ self.coef_ + self.intercept_


def make_straightforward(case: Case):
    """Fifty log-spaced penalties by the prototype above."""
    return Straightforward()


INTERLEAVED = {
    "Ridge": make_ridge,
    "sk_renorm loo": make_loo,
    "sk_renorm gcv": make_gcv,
    "straightforward": make_straightforward,
}


def run_case(case: Case, quick: bool) -> list[dict]:
    """Return one row per method."""
    X, y, X_test, y_test = case.draw(N_TEST)
    makers = dict(INTERLEAVED)
    if case.q > 1:
        del makers["straightforward"]  # is for one target
    models = {name: make(case) for name, make in makers.items()}
    seconds, fits = interleave(models, X, y, 0.3 if quick else INTERLEAVED_SECONDS)
    ridge = seconds["Ridge"]
    for name, model in grids(case, np.median(ridge), 0.3 if quick else SEARCH_SECONDS).items():
        models[name] = model
        seconds[name] = repeated(model, X, y)
    rows = []
    for name, model in models.items():
        fits_per_round = fits if name in INTERLEAVED else 1
        count = n_alphas(model)
        rows.append(
            {
                "n": case.n,
                "p": case.p,
                "q": case.q,
                "dtype": case.dtype,
                "method": name,
                "n_alphas": count,
                "rounds": len(seconds[name]),
                "fits_per_round": fits_per_round,
                **ratios(seconds[name], ridge, paired=name in INTERLEAVED),
                "scaled_ratio": scaled_ratio(name, count, seconds[name], ridge),
                "alpha": chosen_alpha(model),
                "heldout_mse": float(np.mean((model.predict(X_test) - y_test) ** 2, dtype=float)),
            }
        )
    loo = next(row["heldout_mse"] for row in rows if row["method"] == "sk_renorm loo")
    for row in rows:
        row["loo_heldout_over_this"] = loo / row["heldout_mse"]
        name = row["method"]
        row["extra_memory_over_X"] = (
            memory_in_new_process(case, name) if name in MEMORY_OF else np.nan
        )
    return rows


def grids(case: Case, ridge_seconds: float, budget: float) -> dict[str, object]:
    """Return the rivals that search a grid, GridSearchCV over as many penalties as time allows."""
    models = {"RidgeCV": make_ridgecv(case)}
    if case.q == 1:  # GridSearchCV has one penalty for all targets
        count = int(np.clip(budget / (5.0 * ridge_seconds), 2, len(ALPHAS)))
        models["GridSearchCV"] = make_grid_search(case, count)
    return models


def repeated(model, X, y) -> np.ndarray:
    """Return seconds of one fit, or of nine short ones."""
    once = seconds_per_fit(model, X, y)
    return np.array([once, *(seconds_per_fit(model, X, y) for _ in range(8 if once < 0.1 else 0))])


def ratios(seconds: np.ndarray, ridge: np.ndarray, paired: bool) -> dict:
    """Return seconds, and ratios to Ridge; paired ones only where both took turns."""
    return {
        "seconds_median": np.median(seconds),
        "seconds_min": seconds.min(),
        "ratio_of_medians": np.median(seconds) / np.median(ridge),
        "median_of_ratios": np.median(seconds / ridge) if paired else np.nan,
        "ratio_of_minima": seconds.min() / ridge.min(),
    }


def n_alphas(model) -> int | str:
    """Return how many penalties a model tries; nothing where it searches continuously."""
    if isinstance(model, GridSearchCV):
        return len(model.param_grid["alpha"])
    if isinstance(model, TheoryGuidedRidgeCV):
        return ""
    if isinstance(model, Straightforward):
        return len(PENALTIES)
    return len(model.alphas) if isinstance(model, RidgeCV) else 1


def scaled_ratio(name: str, n_alphas, seconds, ridge) -> float:
    """Return the ratio of medians, for GridSearchCV as if it had tried all of ALPHAS."""
    ratio = np.median(seconds) / np.median(ridge)
    if name != "GridSearchCV":
        return ratio
    return ratio * (5 * len(ALPHAS) + 1) / (5 * n_alphas + 1)


def chosen_alpha(model) -> float:
    """Return the penalty; the median over targets where each has its own."""
    if hasattr(model, "best_params_"):
        return model.best_params_["alpha"]
    return float(np.median(model.alpha_ if hasattr(model, "alpha_") else model.alpha))


def peak_memory() -> int:
    """Return the peak resident bytes of this process since it began or ``forget_peak``."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would also count the parent, from which this one was forked
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM"):
                return 1024 * int(line.split()[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def forget_peak() -> None:
    """Make the present memory the peak, where the system can."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def measure_memory(case: Case, name: str) -> float:
    """Return the peak memory of one fit beyond X and y, over the size of X, in this process."""
    for n, p in ((1000, 300), (300, 1000)):  # imports, thread pools and their buffers
        small = Case(n, p, 2 if case.q > 1 else 1, case.dtype)
        INTERLEAVED[name](small).fit(*small.draw()[:2])
    X, y = case.draw()[:2]
    forget_peak()
    before = peak_memory()
    INTERLEAVED[name](case).fit(X, y)
    return (peak_memory() - before) / X.nbytes


def memory_in_new_process(case: Case, name: str) -> float:
    """Return ``measure_memory`` of a fresh process."""
    if case.n * case.p * np.dtype(case.dtype).itemsize < SMALLEST_MEMORY_CASE:
        return np.nan
    arguments = json.dumps([case.n, case.p, case.q, case.dtype, name])
    done = subprocess.run(
        [sys.executable, __file__, "--memory", arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def show(row: dict) -> None:
    """Print one row."""
    print(
        f"{row['n']:7d} x {row['p']:5d} x {row['q']:4d} {row['dtype']} {row['method']:15s}"
        f" {row['seconds_median']:10.5f} s  ratios {row['ratio_of_medians']:8.2f}"
        f" {row['median_of_ratios']:8.2f} {row['ratio_of_minima']:8.2f}"
        f"  scaled {row['scaled_ratio']:8.2f}  alpha {row['alpha']:9.3g}"
        f"  held-out {row['heldout_mse']:.5f}  memory {row['extra_memory_over_X']:.2f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small shapes, few rounds")
    parser.add_argument("--shapes", help="such as 100000x100,2000x1000x1000; default: all")
    parser.add_argument("--dtypes", default="float64,float32")
    parser.add_argument("--output", type=Path, help="default: results/ when all shapes run in full")
    parser.add_argument("--memory", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.memory:
        *shape, name = json.loads(args.memory)
        print(measure_memory(Case(*shape), name))
        return
    shapes = parse_shapes(args.shapes) or (QUICK_SHAPES if args.quick else SHAPES)
    env = environment()
    start, rows = time.perf_counter(), []
    for shape in shapes:
        for dtype in args.dtypes.split(","):
            case = Case(*shape, dtype)
            for row in run_case(case, args.quick):
                show(row)
                rows.append(row)
    print(f"{time.perf_counter() - start:.0f} s in all")
    full = not (args.quick or args.shapes or args.dtypes != "float64,float32")
    output = args.output or (RESULTS / "speed.csv" if full else None)
    if output:
        write_csv(output, rows, [], env)


if __name__ == "__main__":
    main()
