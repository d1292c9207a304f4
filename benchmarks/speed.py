"""Time and memory of a tuned fit against one untuned Ridge, RidgeCV and GridSearchCV."""

import numpy as np
from scipy.linalg import blas, eigh
from sklearn.linear_model import Ridge

from benchmarks._benchmark import Benchmark
from benchmarks._data import ALPHAS, SHAPES, Case, spread
from benchmarks._memory import resident_growth
from benchmarks._process import in_new_process
from benchmarks._timing import interleave, seconds_of
from benchmarks.rivals import RIVALS
from sk_renorm import TheoryGuidedRidgeCV

QUICK_SHAPES = [(2000, 50, 1), (60, 300, 1), (50, 5, 1), (100, 50, 20)]
DTYPES = ("float64", "float32")
ALPHAS_PER_TARGET = np.geomspace(1e-3, 1e7, 10)  # RidgeCV needs minutes for 1000 targets and 100
PENALTIES = np.geomspace(1e-8, 1e2, 50)  # of the prototype, relative to the largest eigenvalue
INTERLEAVED_SECONDS = 6.0  # for the interleaved fits of one case, beyond three rounds
SEARCH_SECONDS = 5.0  # for GridSearchCV, beyond two alphas
SMALLEST_MEMORY_CASE = 4e6  # bytes of X
MEMORY_OF = ("Ridge", "sk_renorm loo")
N_TEST = 1000


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


# Every method minimizes ||y - Xw - b||^2 + alpha ||w||^2: one convention, scikit-learn's.
INTERLEAVED = {
    "Ridge": lambda case: Ridge(alpha=1.0),
    "sk_renorm loo": lambda case: TheoryGuidedRidgeCV(alpha_per_target=case.q > 1),
    "sk_renorm gcv": lambda case: TheoryGuidedRidgeCV(risk="gcv", alpha_per_target=case.q > 1),
    "straightforward": lambda case: Straightforward(),
}
N_ALPHAS = {"Ridge": 1, "straightforward": len(PENALTIES)}  # nothing for a continuous search


def measure(case: Case, options) -> list[dict]:
    """Return one row per method."""
    X, y, X_test, y_test = case.draw(N_TEST)
    makers = dict(INTERLEAVED)
    if case.q > 1:
        del makers["straightforward"]  # is for one target
    models = {name: make(case) for name, make in makers.items()}
    calls = {name: lambda model=model: model.fit(X, y) for name, model in models.items()}
    budget = 0.3 if options.quick else INTERLEAVED_SECONDS
    seconds, fits = interleave(calls, budget, options.turns)
    ridge = seconds["Ridge"]
    budget = 0.3 if options.quick else SEARCH_SECONDS
    for name, model in grids(case, np.median(ridge), budget).items():
        models[name] = model
        seconds[name] = repeated(model, X, y)
    rows = []
    for name, model in models.items():
        rows.append(
            {
                "n": case.n,
                "p": case.p,
                "q": case.q,
                "dtype": case.dtype,
                "method": name,
                "n_alphas": len(model.alphas) if name in RIVALS else N_ALPHAS.get(name, ""),
                "rounds": len(seconds[name]),
                "fits_per_round": fits if name in INTERLEAVED else 1,
                **ratios(seconds[name], ridge, paired=name in INTERLEAVED),
                "scaled_ratio": scale(model) * np.median(seconds[name]) / np.median(ridge),
                "alpha": float(np.median(getattr(model, "alpha_", 1.0))),
                "heldout_mse": float(np.mean((model.predict(X_test) - y_test) ** 2, dtype=float)),
            }
        )
    loo = next(row["heldout_mse"] for row in rows if row["method"] == "sk_renorm loo")
    for row in rows:
        row["loo_heldout_over_this"] = loo / row["heldout_mse"]
        name = row["method"]
        if name in MEMORY_OF and X.nbytes >= SMALLEST_MEMORY_CASE:
            row["extra_memory_over_X"] = in_new_process(extra_memory_over_X, case, name)
    return rows


def grids(case: Case, ridge_seconds: float, budget: float) -> dict[str, object]:
    """Return the rivals that search a grid, GridSearchCV over as many penalties as time allows."""
    models = {"RidgeCV": RIVALS["RidgeCV"](ALPHAS_PER_TARGET if case.q > 1 else ALPHAS)}
    if case.q == 1:  # GridSearchCV has one penalty for all targets
        some = spread(ALPHAS, budget / (5.0 * ridge_seconds))
        models["GridSearchCV"] = RIVALS["GridSearchCV"](ALPHAS[some])
    return models


def repeated(model, X, y) -> np.ndarray:
    """Return seconds of one fit, or of nine short ones."""
    once = seconds_of(lambda: model.fit(X, y))
    more = 8 if once < 0.1 else 0
    return np.array([once, *(seconds_of(lambda: model.fit(X, y)) for _ in range(more))])


def ratios(seconds: np.ndarray, ridge: np.ndarray, paired: bool) -> dict:
    """Return seconds, and ratios to Ridge; paired ones only where both took turns."""
    return {
        "seconds_median": np.median(seconds),
        "seconds_min": seconds.min(),
        "ratio_of_medians": np.median(seconds) / np.median(ridge),
        "median_of_ratios": np.median(seconds / ridge) if paired else np.nan,
        "ratio_of_minima": seconds.min() / ridge.min(),
    }


def scale(model) -> float:
    """Return the fits that GridSearchCV makes for all of ALPHAS over those it made; else 1."""
    if not getattr(model, "fits_per_alpha", 0):
        return 1.0
    return model.work(len(ALPHAS)) / model.work(len(model.alphas))


def extra_memory_over_X(case: Case, name: str) -> float:
    """Return the peak memory of one fit beyond X and y, over the size of X, in this process."""
    for n, p in ((1000, 300), (300, 1000)):  # imports, thread pools and their buffers
        small = Case(n, p, 2 if case.q > 1 else 1, case.dtype)
        INTERLEAVED[name](small).fit(*small.draw()[:2])
    X, y = case.draw()[:2]
    return resident_growth(lambda: INTERLEAVED[name](case).fit(X, y)) / X.nbytes


BENCHMARK = Benchmark(
    cases=lambda options: [
        Case(*shape, dtype)
        for shape in (QUICK_SHAPES if options.quick else SHAPES)
        for dtype in DTYPES
    ],
    measure=measure,
    shown="n p q dtype method seconds_median ratio_of_medians median_of_ratios ratio_of_minima"
    " scaled_ratio alpha heldout_mse extra_memory_over_X",
    times=True,
)
