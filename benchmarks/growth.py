"""Growth of the time of a tuned fit with rows, features, targets and penalties.

Needs matplotlib.
"""

from dataclasses import dataclass, field

import numpy as np

from benchmarks._benchmark import Benchmark
from benchmarks._data import Case
from benchmarks._timing import interleave
from sk_renorm import TheoryGuidedRidgeCV

SECONDS = 1.5  # for the turns of one point, beyond three rounds
RISKS = {"loo": "leave-one-out", "gcv": "GCV"}


@dataclass(frozen=True)
class Sweep:
    """One size that grows while the others stay."""

    name: str
    label: str
    sizes: list[int]
    others: dict = field(default_factory=dict)

    def __str__(self):
        return self.label

    def at(self, size: int) -> dict:
        """Return n, p, q and the number of penalties, None for the continuous search."""
        return {"q": 1, "n_alphas": None, **self.others, self.name: size}


SWEEPS = [
    Sweep("n", "rows", [2000 * 2**k for k in range(7)], {"p": 200}),
    Sweep("p", "features", [32 * 2**k for k in range(6)], {"n": 10_000}),
    Sweep("q", "targets", [2**k for k in range(11)], {"n": 2000, "p": 500}),
    Sweep("n_alphas", "penalties", [32 * 2**k for k in range(8)], {"n": 10_000, "p": 200}),
]
QUICK_SWEEPS = [
    Sweep("n", "rows", [250, 500, 1000], {"p": 20}),
    Sweep("p", "features", [10, 20, 40], {"n": 500}),
    Sweep("q", "targets", [1, 4, 16], {"n": 200, "p": 50}),
    Sweep("n_alphas", "penalties", [16, 64, 256], {"n": 400, "p": 20}),
]


def multiply_adds(model, n: int, p: int, q: int) -> float:
    """Return the work of a fit by its formula, in multiply-adds.

    The Gram matrix of the shorter side m, products with the targets, an eigendecomposition or a
    tridiagonal form; then a sum over the spectrum for every penalty, and by leave-one-out leverages
    and held-out errors of all rows.  What the report makes when asked is not counted.
    """
    m = min(n, p)
    spectrum = 4.0 / 3.0 if model.report_.factorization.startswith("tridiagonal") else 9.0
    once = n * p * m / 2 + n * p * q + spectrum * m**3 + p * m * q
    searched = len(model.report_.path.alpha)
    with_rows = searched if model.risk == "loo" else 0
    return once + searched * m * (1 + q) + 2.0 * with_rows * n * m * (1 + q)


def exponent(sizes: list[int], values: list[float]) -> float:
    """Return the slope over the upper half of a sweep, on logarithmic axes."""
    upper = len(sizes) // 2
    return float(np.polyfit(np.log(sizes[upper:]), np.log(values[upper:]), 1)[0])


def measure(sweep: Sweep, options) -> list[dict]:
    """Return one row per size and risk."""
    rows = {risk: [] for risk in RISKS}
    for size in sweep.sizes:
        at = sweep.at(size)
        X, y = Case(at["n"], at["p"], at["q"], "float64").draw()[:2]
        models = {risk: TheoryGuidedRidgeCV(alphas=at["n_alphas"], risk=risk) for risk in RISKS}
        calls = {
            risk: lambda model=model, X=X, y=y: model.fit(X, y) for risk, model in models.items()
        }
        seconds, _ = interleave(calls, 0.1 if options.quick else SECONDS, options.turns)
        for risk, turns in seconds.items():
            row = {
                "sweep": sweep.label,
                "risk": risk,
                **at,
                "n_evaluated": len(models[risk].report_.path.alpha),
                "rounds": len(turns),
                "seconds_median": np.median(turns),
                "seconds_min": turns.min(),
                "multiply_adds": multiply_adds(models[risk], at["n"], at["p"], at["q"]),
            }
            rows[risk].append({**row, "n_alphas": at["n_alphas"] or ""})
    for found in rows.values():
        measured = exponent(sweep.sizes, [row["seconds_min"] for row in found])
        predicted = exponent(sweep.sizes, [row["multiply_adds"] for row in found])
        for row in found:
            row |= {"measured_exponent": measured, "predicted_exponent": predicted}
    return [row for found in rows.values() for row in found]


def draw(rows: list[dict]):
    """Draw a panel for every sweep: times, and the slope predicted beside the slope measured."""
    from matplotlib.figure import Figure

    labels = list(dict.fromkeys(row["sweep"] for row in rows))
    sweeps = [sweep for label in labels for sweep in SWEEPS if sweep.label == label]
    figure = Figure(figsize=(9, 7), layout="constrained")
    for sweep, ax in zip(sweeps, figure.subplots(2, 2).flat, strict=False):
        for (risk, name), color in zip(RISKS.items(), ("C0", "C1"), strict=True):
            found = [row for row in rows if row["sweep"] == sweep.label and row["risk"] == risk]
            sizes = [row[sweep.name] for row in found]
            times = np.array([row["seconds_min"] for row in found])
            measured, predicted = (found[0][f"{k}_exponent"] for k in ("measured", "predicted"))
            ax.loglog(
                sizes,
                times,
                "o-",
                color=color,
                label=f"{name}: {measured:.2f} (predicted {predicted:.2f})",
            )
            upper = np.array(sizes[len(sizes) // 2 :], dtype=float)
            line = (upper / upper[-1]) ** predicted * times[-1]
            ax.loglog(upper, line, ":", color=color, lw=2)
        names = {"n": "rows", "p": "features", "q": "targets"}
        others = [
            f"{found[0][k]} {v}" for k, v in names.items() if found[0][k] > 1 and k != sweep.name
        ]
        ax.set(xlabel=sweep.label, ylabel="seconds", title=", ".join(others))
        ax.legend(title="exponent over the upper half", loc="upper left")
        low, high = ax.get_ylim()
        ax.set_ylim(low, high * (high / low) ** 0.35)  # room for the legend
    figure.suptitle("Time to tune and fit; dotted: the slope that the algorithm's work predicts")
    return figure


BENCHMARK = Benchmark(
    cases=lambda options: QUICK_SWEEPS if options.quick else SWEEPS,
    measure=measure,
    shown="sweep risk n p q n_alphas seconds_min measured_exponent predicted_exponent",
    figure=draw,
    times=True,
)
