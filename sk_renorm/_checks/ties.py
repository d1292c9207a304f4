"""Rows that are equal: labels of equal values, and combinations of columns that tell rows apart."""

from functools import lru_cache

import numpy as np
from scipy.sparse import issparse

from sk_renorm._linalg import CentredData, Scratch, row_ranges

_EQUAL = 1e-9  # of what values usually differ by from their median: rounding
_SOME, _ENTRIES = 1024, 2**22  # rows, and entries, that are made dense
_PAIRS, _SPLITS = 256, 4  # that are compared; of the columns in halves


def has_ties(values: np.ndarray, fewest: float) -> bool:
    """Say whether at least ``fewest`` of the values (n,) equal another one before them."""
    ordered = np.sort(values)
    return np.count_nonzero(ordered[1:] - ordered[:-1] <= _EQUAL * _usual(ordered)) >= fewest


def labels(values: np.ndarray) -> np.ndarray:
    """Return integers (n,) from 0 that are the same where ``values`` (n,) are, to rounding."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    found = np.empty(len(values), dtype=np.int64)
    steps = np.diff(ordered) > _EQUAL * _usual(ordered)
    found[order] = np.concatenate([[0], np.cumsum(steps)])
    return found


def both(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return labels (n,) of rows that agree in two labels."""
    return np.unique(first * (second.max() + 1) + second, return_inverse=True)[1]


def n_pairs(labels: np.ndarray) -> float:
    """Return the number of pairs of rows with the same label."""
    sizes = np.bincount(labels).astype(np.float64)
    return float(sizes @ (sizes - 1.0)) / 2.0


def combined(columns: np.ndarray) -> np.ndarray:
    """Return a combination (n,) of columns (n, q) that is equal where all of them are."""
    return columns[:, 0] if columns.shape[1] == 1 else columns @ random_weights(columns)


def random_weights(columns: np.ndarray) -> np.ndarray:
    """Return weights (q,) that give every one of the columns (n, q) its say, whatever its unit."""
    spread = columns[:: -(-len(columns) // _SOME)].std(axis=0)
    return _normal(columns.shape[1]) / np.where(spread > 0.0, spread, 1.0)


@lru_cache(maxsize=8)
def _normal(size: int) -> np.ndarray:
    """Return standard normal numbers (size,), the same every time."""
    return np.random.default_rng(0).standard_normal(size)


def some_rows(data: CentredData) -> np.ndarray:
    """Return positions of rows, evenly spread, that are few enough to be made dense."""
    return np.arange(0, data.n_rows, -(-data.n_rows // _most_rows(data)))


def _most_rows(data: CentredData) -> int:
    return min(_SOME, max(64, _ENTRIES // max(1, len(data.x_mean))))


def features(data: CentredData, rows: np.ndarray) -> np.ndarray:
    """Return some rows of X (m, p), dense."""
    X = data.X[rows]
    return np.asarray(X.toarray() if issparse(X) else X, dtype=np.float64)


def combined_features(data: CentredData, rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return combinations (m, k) of the features of some rows by ``weights`` (p, k)."""
    product, scratch = np.empty((len(rows), weights.shape[1])), Scratch()
    for part in row_ranges(0, len(rows), len(weights)):
        product[part] = data.row_product(rows[part], weights, scratch)
    return product if data.root_weight is None else product / data.root_weight[rows, None]


def differ_in_few(data: CentredData, first: np.ndarray, second: np.ndarray) -> bool:
    """Say whether most pairs of rows (k,) are equal in some half of the columns.

    Rows of few levels that are near each other are; what is measured again differs in most columns.
    """
    most = min(_PAIRS, _most_rows(data))
    first, second = first[:most], second[:most]
    differ = features(data, first) != features(data, second)
    rng, p = np.random.default_rng(0), differ.shape[1]
    halves = [np.isin(np.arange(p), rng.permutation(p)[: p // 2]) for _ in range(_SPLITS)]
    equal = [~differ[:, half].any(axis=1) | ~differ[:, ~half].any(axis=1) for half in halves]
    return bool(np.mean(equal) > 0.5)


def _usual(ordered: np.ndarray) -> float:
    """Return the median distance of ascending values from their median, or the largest if zero."""
    away = np.abs(ordered[:: -(-len(ordered) // _SOME)] - ordered[len(ordered) // 2])
    away.partition(len(away) // 2)
    return float(away[len(away) // 2] or ordered[-1] - ordered[0] or 1.0)
