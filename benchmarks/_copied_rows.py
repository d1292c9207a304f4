"""Kinds of rows that repeat others, with fresh originals: ``KINDS[name](rng) -> CopiedRows``."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks._independent_rows import factors, factors_rule, fingerprints, ordinal_sum, snps

N_FRESH = 4000


@dataclass(frozen=True)
class CopiedRows:
    """Training rows, and fresh ones from the population of the originals.

    Attributes
    ----------
    X, y : ndarray of shape (n, p), (n,) or (n, q)
        Training rows.
    original : ndarray of shape (n,)
        Which row each was made from.
    X_fresh, y_fresh : ndarray
        Originals that no training row was made from.
    weights : ndarray or None
        Of the fresh rows, where copies changed the shares of the classes.
    """

    X: np.ndarray
    y: np.ndarray
    original: np.ndarray
    X_fresh: np.ndarray
    y_fresh: np.ndarray
    weights: np.ndarray | None = None

    def true_risk(self, model) -> float:
        """Return the error of a fitted model on the fresh rows."""
        errors = np.square(self.y_fresh - model.predict(self.X_fresh)).reshape(
            len(self.y_fresh), -1
        )
        return float(np.average(errors.mean(axis=1), weights=self.weights))


def gaussian(p):
    """Return what draws Gaussian rows whose signal is as strong as the noise."""

    def draw(rng, n):
        X = rng.normal(size=(n, p))
        return X, X @ rng.normal(size=p) / np.sqrt(p) + rng.normal(size=n)

    return draw


def twice(share):
    """Return what chooses a share of n rows to come twice."""
    return lambda rng, y: np.r_[np.arange(len(y)), rng.permutation(len(y))[: int(share * len(y))]]


def join(rng, y):
    """Three rows in ten come two to four times, as in a join of tables."""
    return np.repeat(
        np.arange(len(y)), np.where(rng.random(len(y)) < 0.3, rng.integers(2, 5, len(y)), 1)
    )


def oversampled(rng, y):
    """The rare class comes as often as the other, by drawing from it again."""
    rare = np.flatnonzero(y)
    return np.r_[np.arange(len(y)), rng.choice(rare, len(y) - 2 * len(rare))]


def drawn(n):
    """Return what draws n rows with replacement."""
    return lambda rng, y: rng.integers(0, len(y), n)


def copied(original, n, choose, noise=0.0, decimals=None) -> Callable:
    """Return a kind: ``choose`` rows of n, each then with ``noise`` of its own in its features."""

    def draw(rng) -> CopiedRows:
        X, y = original(rng, n + N_FRESH)
        rows = rng.permutation(choose(rng, y[:n]))
        X, y = np.concatenate([X[rows], X[n:]]), np.concatenate([y[rows], y[n:]])
        X = X + noise * X.std(axis=0) * rng.normal(size=X.shape) if noise else X
        m, weights = len(rows), None
        if choose is oversampled:
            share = y[m:].mean()
            weights = np.where(y[m:] > 0, 0.5 / share, 0.5 / (1.0 - share))
        train = y[:m] if decimals is None else np.round(y[:m], decimals)
        return CopiedRows(X[:m], train, rows, X[m:], y[m:], weights)

    return draw


def rare_class(rng, n):
    X = rng.normal(size=(n, 20))
    return X, (X[:, 0] + rng.normal(size=n) > 2.2) * 1.0


def rare_class_mixed(rng, n):
    flags, levels = rng.integers(0, 2, (n, 6)), factors(rng, n, (8,))[1]
    X = np.column_stack([flags, levels, np.round(rng.normal(40, 12, n)), rng.normal(size=(n, 3))])
    return X, (X[:, -1] + X[:, 0] + rng.normal(size=n) > 3) * 1.0


def rare_class_census(rng, n):
    X = factors(rng, n, (2, 5, 7, 9, 14, 15))[1]
    return X, (X[:, 0] + X[:, 10] + rng.normal(size=n) > 2.3) * 1.0


def rounded(rng, n):
    X, y = gaussian(30)(rng, n)
    return np.round(X, 1), np.round(y, 1)


def flags_and_one(rng, n):
    X = np.column_stack([rng.integers(0, 2, (n, 10)), rng.normal(size=n)])
    return X, X.sum(axis=1) + rng.normal(size=n)


def sign(rng, n):
    X, y = gaussian(60)(rng, n)
    return X, (y > 0) * 1.0


def skewed(rng, n):
    X = np.exp(rng.normal(size=(n, 30)))
    return X, (X[:, 0] > 2) * 1.0


def counts(rng, n):
    X = rng.poisson(2.0, (n, 25)) * 1.0
    return X, rng.poisson(X[:, 0] + 1) * 1.0


def seven_factors(rng, n):
    X = factors(rng, n, (3, 4, 6, 8, 10, 12, 20))[1]
    return X, np.round(X @ rng.normal(size=X.shape[1]) + rng.normal(size=n), 2)


def three_targets(rng, n):
    X = gaussian(60)(rng, n)[0]
    return X, X[:, :3] + rng.normal(size=(n, 3))


def ordinal(rng, n):
    X = ordinal_sum(rng, n)[0]
    return X, np.round(X @ rng.normal(size=9) + rng.normal(size=n), 1)


def few_cells(rng, n):
    X = factors_rule(rng, n)[0]
    return X, np.round(X @ rng.normal(size=22) + rng.normal(size=n), 2)


KINDS = {
    "5 % twice, 500 x 20": copied(gaussian(20), 500, twice(0.05)),
    "5 % twice, 300 x 100": copied(gaussian(100), 300, twice(0.05)),
    "5 % twice, 100 x 200": copied(gaussian(200), 100, twice(0.05)),
    "10 % twice, 100 x 200": copied(gaussian(200), 100, twice(0.1)),
    "all three times": copied(gaussian(40), 200, lambda _, y: np.repeat(np.arange(len(y)), 3)),
    "bootstrap": copied(gaussian(30), 300, drawn(300)),
    "catalogue": copied(gaussian(25), 120, drawn(400)),
    "join": copied(gaussian(30), 300, join),
    "join, rounded": copied(rounded, 300, join),
    "oversampled": copied(rare_class, 400, oversampled),
    "oversampled, mixed": copied(rare_class_mixed, 600, oversampled),
    "oversampled, one-hot": copied(rare_class_census, 800, oversampled),
    "10 % of fingerprints": copied(fingerprints, 250, twice(0.1)),
    "10 % of flags and one": copied(flags_and_one, 300, twice(0.1)),
    "10 %, two classes": copied(sign, 300, twice(0.1)),
    "8 % of SNPs": copied(snps, 300, twice(0.08)),
    "same y, features +-1 %": copied(
        gaussian(60), 150, lambda _, y: np.repeat(np.arange(len(y)), 2), noise=0.01, decimals=2
    ),
    "15 % same y, features +-5 %": copied(gaussian(60), 300, twice(0.15), noise=0.05, decimals=2),
    "merge gone wrong": copied(skewed, 250, twice(0.3)),
    "10 % of counts": copied(counts, 300, twice(0.1)),
    "10 % of seven factors": copied(seven_factors, 400, twice(0.1)),
    "10 %, three targets": copied(three_targets, 200, twice(0.1)),
    "10 % scanned again, +-2 %": copied(gaussian(50), 250, twice(0.1), noise=0.02, decimals=1),
    "8 % of ordinal": copied(ordinal, 500, twice(0.08)),
    "20 % of few cells": copied(few_cells, 300, twice(0.2)),
}
