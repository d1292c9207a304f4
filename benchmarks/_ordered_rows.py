"""Kinds of rows in an order: one that means nothing, one that somebody sorted, or a series.

``INDEPENDENT[name](rng)`` and ``SORTED[name](rng)`` return X, y; ``series`` too.
"""

import numpy as np
from scipy.signal import lfilter

LENGTH_3 = np.exp(-1.0 / 3.0)


def _autoregression(rng, n, columns, rho):
    noise = rng.standard_normal((n + 200, columns))
    return lfilter([np.sqrt(1.0 - rho**2)], [1.0, -rho], noise, axis=0)[200:]


def _sorted_by(key, X, y):
    order = np.argsort(key, kind="stable")
    return X[order], y[order]


def series(rng, p, rho, noise_rho, n=500):
    """Return autoregressions, with a target that is the first of them and noise."""
    X = _autoregression(rng, n, p, rho)
    return X, X[:, 0] + _autoregression(rng, n, 1, noise_rho)[:, 0]


# rows that are independent of each other, in an order that means nothing


def gauss(rng, n=500, p=20):
    X = rng.standard_normal((n, p))
    return X, X[:, 0] + rng.standard_normal(n)


def wide(rng):
    X = rng.standard_normal((300, 600))
    return X, X[:, :9].sum(axis=1) + 3.0 * rng.standard_normal(300)


def heavy_tails(rng):
    X = rng.standard_t(2, (500, 20))
    return X, X[:, 0] + rng.standard_t(1.5, 500)


def skewed(rng):
    X = np.exp(1.5 * rng.standard_normal((400, 15)))
    return X, X[:, 0] + np.exp(1.5 * rng.standard_normal(400))


def clusters(rng):
    X = 3.0 * rng.standard_normal((8, 20))[rng.integers(0, 8, 400)]
    X += rng.standard_normal((400, 20))
    return X, X[:, 0] + rng.standard_normal(400)


def uneven_noise(rng):
    X = rng.standard_normal((500, 20))
    return X, X[:, 0] + np.abs(X[:, 1]) * rng.standard_normal(500)


def survey(rng):
    mood = rng.standard_normal((800, 1))
    answers = np.clip(np.round(3.0 + mood + rng.standard_normal((800, 9))), 1.0, 5.0)
    return answers[:, 1:], answers[:, 0]


def rare_words(rng):
    X = (rng.random((600, 200)) < 0.02).astype(float)
    return X, (rng.random(600) < 0.2 + 0.5 * X[:, 0]).astype(float)


def factors(rng):
    codes = [rng.integers(0, k, 500) for k in (4, 8, 20)]
    X = np.column_stack([np.eye(k)[c] for k, c in zip((4, 8, 20), codes, strict=True)])
    return X, np.round(X @ rng.standard_normal(32) + rng.standard_normal(500), 1)


def shuffled_series(rng):
    X, y = series(rng, 100, LENGTH_3, LENGTH_3)
    order = rng.permutation(len(y))
    return X[order], y[order]


# rows that somebody has sorted


def by_target(rng):
    X, y = gauss(rng)
    return _sorted_by(y, X, y)


def by_target_falling_in_bins(rng):
    X, y = gauss(rng, p=60)
    return _sorted_by(-np.round(y, 1), X, y)


def by_target_mostly_zero(rng):
    X, y = gauss(rng)
    y = np.maximum(y, 0.0)
    return _sorted_by(y, X, y)


def by_class(rng, k=3, n=500):
    labels = rng.integers(0, k, n)
    X = rng.standard_normal((n, 40)) + 1.5 * np.eye(k, 40)[labels]
    return _sorted_by(labels, X, np.eye(k)[labels])


def by_one_of_12_classes(rng):
    return by_class(rng, 12)


def by_class_code(rng):
    X, Y = by_class(rng, 4)
    return X, Y @ [2.0, 0.0, 3.0, 1.0]


def by_column(rng):
    X, y = gauss(rng)
    return _sorted_by(X[:, 3], X, y)


def by_column_bent(rng):
    X, y = gauss(rng)
    return _sorted_by(X[:, 3], X, y + X[:, 3] ** 2)


def by_column_bent_wide(rng):
    X, y = gauss(rng, 300, 200)
    return _sorted_by(X[:, 3], X, y + X[:, 3] ** 2)


def by_column_wave(rng):
    X, y = gauss(rng)
    return _sorted_by(X[:, 3], X, y + 2.0 * np.sin(3.0 * X[:, 3]))


def by_levels(rng):
    levels = rng.integers(0, 30, 600)
    X = np.column_stack([levels, rng.standard_normal((600, 15))])
    return _sorted_by(levels, X, np.sqrt(levels) + X[:, 3] + rng.standard_normal(600))


def by_factor(rng):
    codes, slopes = rng.integers(0, 20, 600), rng.standard_normal(20)
    X = np.column_stack([np.eye(20)[codes], rng.standard_normal((600, 10))])
    return _sorted_by(codes, X, 2.0 * slopes[codes] * X[:, 25] + rng.standard_normal(600))


KINDS = {
    name.replace("_", " "): kind
    for name, kind in list(globals().items())
    if getattr(kind, "__module__", None) == __name__ and name[0] != "_" and name != "series"
}
SORTED = {name: kind for name, kind in KINDS.items() if name.startswith("by ")}
INDEPENDENT = {name: kind for name, kind in KINDS.items() if name not in SORTED}
SERIES = {
    "series, length 3 in both": (LENGTH_3, LENGTH_3),
    "series, length 3 in the noise alone": (0.0, LENGTH_3),
    "series, 0.9 in the features alone": (0.9, 0.0),
}
