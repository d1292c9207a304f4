"""Data of the benchmarks: drawn from a power law, or real sets of a folder."""

import functools
import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ALPHAS = np.geomspace(1e-3, 1e7, 100)  # of searches over a grid, for data that are drawn
SHAPES = [
    (100_000, 100, 1),
    (10_000, 1000, 1),
    (20_000, 500, 1),
    (2000, 2000, 1),
    (1000, 10_000, 1),
    (300, 4000, 1),
    (2000, 50, 1),
    (500, 20, 1),
    (200, 20, 1),
    (50, 5, 1),
    (2000, 1000, 1000),
]
REGRESSION = ("regression", "multitarget")  # tasks


@functools.cache
def loader(folder: Path):
    """Return the module FOLDER/load.py."""
    spec = importlib.util.spec_from_file_location("load", folder / "load.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def real_sets(options) -> list[str]:
    """Return the names of the real data sets, none without a folder."""
    return list(loader(options.data).names()) if options.data else []


def load(options, name: str, max_rows: int | None = None):
    """Return X (n, p), y (n,) or (n, q), and the task, one word, of a real data set."""
    return loader(options.data).load(name, max_rows=max_rows)


def as_columns(y: np.ndarray, task: str) -> np.ndarray:
    """Return targets (n, q), labels of classes as an indicator for each."""
    if task == "classification":
        return (y[:, None] == np.unique(y)).astype(float)
    return y.reshape(len(y), -1)


def spread(alphas: np.ndarray, count: float) -> np.ndarray:
    """Return the places of about ``count`` penalties, two at least, that span the same range."""
    some = np.linspace(0, len(alphas) - 1, int(np.clip(count, 2, len(alphas))))
    return some.round().astype(int)


@dataclass(frozen=True)
class Case:
    """A shape and a precision, with data drawn for it."""

    n: int
    p: int
    q: int = 1
    dtype: str = "float64"
    seed: int = 0

    def __str__(self):
        return f"{self.n}x{self.p}x{self.q} {self.dtype}"

    def draw(self, n_test: int = 0):
        """Return X, y, X_test, y_test from a linear model with a power-law spectrum.

        Feature k has mean 1 and variance 1/k; coefficients are normal, scaled so that signal and
        noise of every target have variance 1.
        """
        rng = np.random.default_rng([self.n, self.p, self.q] + [self.seed] * (self.seed > 0))
        scale = np.arange(1.0, self.p + 1.0) ** -0.5
        coef = rng.standard_normal((self.p, self.q))
        coef /= np.sqrt(scale**2 @ coef**2)
        drawn = []
        for rows in (self.n, n_test):
            X = rng.standard_normal((rows, self.p), dtype=self.dtype)  # no larger temporaries
            X *= scale.astype(self.dtype)
            X += 1
            y = X @ coef.astype(self.dtype) + rng.standard_normal((rows, self.q), dtype=self.dtype)
            drawn += [X, y[:, 0] if self.q == 1 else y]
        return drawn
