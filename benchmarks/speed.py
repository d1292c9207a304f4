"""Time and memory of a tuned fit against one untuned Ridge, RidgeCV and GridSearchCV."""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.preprocessing import StandardScaler

from benchmarks._benchmark import Benchmark
from benchmarks._data import ALPHAS, SHAPES, Case, load, real_sets, spread
from benchmarks._memory import resident_growth
from benchmarks._process import in_new_process
from benchmarks._timing import interleave, seconds_of
from benchmarks.rivals import RIVALS
from sk_renorm import TheoryGuidedRidgeCV

QUICK_SHAPES = [(2000, 50, 1), (60, 300, 1), (50, 5, 1), (100, 50, 20)]
REAL = ("blog", "hotel_rates", "bike_hour")
DTYPES = ("float64", "float32")
ALPHAS_PER_TARGET = np.geomspace(1e-3, 1e7, 10)  # RidgeCV needs minutes for 1000 targets and 100
INTERLEAVED_SECONDS = 12.0  # for the interleaved fits of one case, beyond three rounds
SEARCH_SECONDS = 5.0  # for a search over a grid, beyond two alphas
SMALLEST_MEMORY_CASE = 4e6  # bytes of X
MEMORY_OF = ("Ridge", "sk_renorm loo", "sk_renorm gcv")
N_TEST = 1000


@dataclass(frozen=True)
class RealCase:
    """A real data set, its columns standardized, with one target."""

    name: str
    folder: object
    q: int = 1
    dtype: str = "float64"

    def __str__(self):
        return self.name

    def draw(self, n_test: int = 0):
        """Return X, y of all rows, and some of them again."""
        X, y, _ = load(self.folder, self.name)
        X = StandardScaler().fit_transform(np.asarray(X, dtype=float))
        y = np.asarray(y, dtype=float).reshape(len(X), -1)[:, 0]
        return X, y, X[:n_test], y[:n_test]


# Every method minimizes ||y - Xw - b||^2 + alpha ||w||^2: one convention, scikit-learn's.
INTERLEAVED = {
    "Ridge": lambda case: Ridge(alpha=1.0),
    "sk_renorm loo": lambda case: TheoryGuidedRidgeCV(alpha_per_target=case.q > 1),
    "sk_renorm gcv": lambda case: TheoryGuidedRidgeCV(risk="gcv", alpha_per_target=case.q > 1),
    "RidgeCV, default": lambda case: RidgeCV(alpha_per_target=case.q > 1),
}
N_ALPHAS = {"Ridge": 1, "RidgeCV, default": 3}  # nothing for a continuous search


def measure(case: Case | RealCase, options) -> list[dict]:
    """Return one row per method."""
    X, y, X_test, y_test = case.draw(N_TEST)
    models = {name: make(case) for name, make in INTERLEAVED.items()}
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
                "data": getattr(case, "name", ""),
                "n": X.shape[0],
                "p": X.shape[1],
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
                "route": model.report_.route if name.startswith("sk_renorm") else "",
            }
        )
    loo = next(row["heldout_mse"] for row in rows if row["method"] == "sk_renorm loo")
    for row in rows:
        row["loo_heldout_over_this"] = loo / row["heldout_mse"]
        name = row["method"]
        if name in MEMORY_OF and X.nbytes >= SMALLEST_MEMORY_CASE:
            row["extra_memory_over_X"] = in_new_process(extra_memory_over_X, case, name)
    return rows


def grids(case: Case | RealCase, ridge_seconds: float, budget: float) -> dict[str, object]:
    """Return the searches over a grid, with as many of its penalties as time allows."""
    if case.q > 1:  # GridSearchCV has one penalty for all targets
        return {"RidgeCV": RIVALS["RidgeCV"](ALPHAS_PER_TARGET)}
    some = spread(ALPHAS, budget / (5.0 * ridge_seconds))
    searches = {"GridSearchCV": RIVALS["GridSearchCV"](ALPHAS[some])}
    if isinstance(case, Case):  # of real data the default says enough
        searches["RidgeCV"] = RIVALS["RidgeCV"](ALPHAS)
    return searches


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


def extra_memory_over_X(case: Case | RealCase, name: str) -> float:
    """Return the peak memory of one fit beyond X and y, over the size of X, in this process."""
    for n, p in ((1000, 300), (300, 1000)):  # imports, thread pools and their buffers
        small = Case(n, p, 2 if case.q > 1 else 1, case.dtype)
        INTERLEAVED[name](small).fit(*small.draw()[:2])
    X, y = case.draw()[:2]
    return resident_growth(lambda: INTERLEAVED[name](case).fit(X, y)) / X.nbytes


def cases(options) -> list:
    """Return shapes in both precisions, and real data sets."""
    shapes = QUICK_SHAPES if options.quick else SHAPES
    drawn = [Case(*shape, dtype) for shape in shapes for dtype in DTYPES]
    return drawn + [RealCase(name, options) for name in REAL if name in real_sets(options)]


BENCHMARK = Benchmark(
    cases=cases,
    measure=measure,
    shown="data n p q dtype method seconds_median ratio_of_medians median_of_ratios ratio_of_minima"
    " scaled_ratio alpha extra_memory_over_X route",
    times=True,
    real=True,
)
