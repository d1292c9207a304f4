"""Sparse data too large for a Gram matrix: time, memory and error of a tuned fit against Ridge."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV

from benchmarks._benchmark import Benchmark
from benchmarks._memory import peak_allocated
from benchmarks._timing import seconds_of, take_turns
from sk_renorm import TheoryGuidedRidgeCV

ALPHAS = np.geomspace(1e-2, 1e3, 10)
TOLERANCE = 1e-6  # of the normal equations, for Ridge
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

    def __str__(self):
        return f"{self.n}x{self.p} {self.kind}"

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


def measure(case: Case, options) -> list[dict]:
    """Return one row per method."""
    X, y, X_test, y_test = case.draw()
    models = {"Ridge": make_ridge(), "sk_renorm": TheoryGuidedRidgeCV()}
    calls = {name: lambda model=model: model.fit(X, y) for name, model in models.items()}
    take_turns(calls, 1)  # warms up
    seconds = take_turns(calls, options.turns or ROUNDS)
    search = models["GridSearchCV"] = make_grid_search()
    seconds["GridSearchCV"] = np.array([seconds_of(lambda: search.fit(X, y))])
    size = X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    ridge = seconds["Ridge"]
    rows = []
    for name, model in models.items():
        peak = peak_allocated(calls[name]) if name in calls else np.nan
        report = getattr(model, "report_", None)
        monte_carlo = report.monte_carlo if report else None
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
                "risk_monte_carlo_error": monte_carlo.risk_error if monte_carlo else np.nan,
                "peak_over_X": peak / size,
            }
        )
    return rows


BENCHMARK = Benchmark(
    cases=lambda options: QUICK_CASES if options.quick else CASES,
    measure=measure,
    shown="n p kind method seconds_median ratio_of_medians ratio_of_minima alpha heldout_mse"
    " risk risk_std_error risk_monte_carlo_error peak_over_X",
    times=True,
)
