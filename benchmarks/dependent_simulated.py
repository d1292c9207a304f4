"""Simulated rows of known correlation: claimed risk against that of rows far away."""

import warnings

import numpy as np
from scipy.linalg import cholesky, toeplitz

from benchmarks._benchmark import Benchmark
from sk_renorm import TheoryGuidedRidgeCV

CORRELATIONS = {
    "AR(1), 0.8": lambda n: 0.8 ** np.arange(n),
    "exponential, length 10": lambda n: np.exp(-np.arange(n) / 10.0),
    "power law, 1.5": lambda n: (1.0 + np.arange(n)) ** -1.5,
    "power law, 0.7": lambda n: (1.0 + np.arange(n)) ** -0.7,
}


def cases(options) -> list[tuple]:
    """Return correlations, shapes, and whether the noise is correlated as the rows."""
    return [
        (name, n, p, noise)
        for name in CORRELATIONS
        for n, p in ((200, 100), (100, 200))
        for noise in ("as the rows", "independent")
    ]


def measure(case: tuple, options) -> list[dict]:
    """Return claimed over true risk of far rows by each method."""
    name, n, p, noise = case
    repetitions = 5 if options.quick else 200
    known = CORRELATIONS[name](n)
    root = cholesky(toeplitz(known) + 1e-12 * np.eye(n), lower=True)
    with warnings.catch_warnings(action="ignore"):
        answers = [one(root, known, p, noise, seed) for seed in range(repetitions)]
    rows = []
    for method in answers[0]:
        claimed, true = np.array([answer[method] for answer in answers]).T
        ratio = claimed.mean() / true.mean()
        spread = np.std(claimed / claimed.mean() - true / true.mean())
        rows.append(
            {
                "correlation": name,
                "rows": n,
                "features": p,
                "noise": noise,
                "method": method,
                "claimed_over_true": ratio,
                "std_error": ratio * spread / np.sqrt(repetitions),
                "repetitions": repetitions,
            }
        )
    return rows


def one(root: np.ndarray, known: np.ndarray, p: int, noise: str, seed: int) -> dict:
    """Return claimed and true risk of one draw by each method."""
    rng = np.random.default_rng(seed)
    eta = 1.0 / np.arange(1, p + 1)
    w = np.ones(p) / np.sqrt(eta.sum())
    X = root @ rng.standard_normal((len(root), p)) * np.sqrt(eta)
    e = rng.standard_normal(len(root))
    y = X @ w + 0.5 * (root @ e if noise == "as the rows" else e)
    answers = {}
    for method, settings in {
        "leave-one-out": {"sample_correlation": "independent"},
        "two kinds of noise": {"sample_correlation": known},
        "CorrGCV": {"sample_correlation": known, "risk": "gcv"},
        "two kinds, AR estimated": {"sample_correlation": "estimate"},
    }.items():
        model = TheoryGuidedRidgeCV([1.0], **settings).fit(X, y)
        delta = model.coef_ - w
        answers[method] = model.risk_, eta @ delta**2 + model.intercept_**2 + 0.25
    return answers


def notes(rows: list[dict]) -> list[str]:
    """Return the summary, as sentences."""
    sentences = []
    for noise in ("as the rows", "independent"):
        for method in dict.fromkeys(row["method"] for row in rows):
            ratios = [
                row["claimed_over_true"]
                for row in rows
                if row["noise"] == noise and row["method"] == method
            ]
            sentences.append(
                f"noise {noise}, {method}: claimed / true "
                f"{min(ratios):.3f} to {max(ratios):.3f}, off by "
                f"{100 * np.mean(np.abs(np.array(ratios) - 1.0)):.1f} % (mean)"
            )
    return sentences


BENCHMARK = Benchmark(
    cases=cases,
    measure=measure,
    shown="correlation rows features noise method claimed_over_true std_error",
    notes=notes,
)
