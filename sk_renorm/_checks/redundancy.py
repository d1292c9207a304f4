"""How much of a row's features one half of them tells of the other.

Rows of few levels that are equal in half of their columns by chance mostly differ in the other
half.  Copies that are equal in half of their columns are equal in all.
"""

from bisect import bisect_left

import numpy as np

from sk_renorm._checks.ties import combined_features, features, labels, n_pairs, some_rows
from sk_renorm._linalg import CentredData

_MOST = 2**15  # rows whose halves are compared
_SPLITS = 8  # of the columns in halves
_FAR_MORE = 2  # times as many values
_TELL_APART = 0.05  # pairs of different rows that fewer columns may confuse, over repeated rows


def redundancy_of_x(
    data: CentredData, combination: np.ndarray, x: np.ndarray
) -> tuple[float, float]:
    """Return how surely rows that agree in half of the columns agree in all of them.

    The least of some splits, each of which keeps together what correlates with some column, as
    dummies of a factor and powers of a feature do; zeros for a single column.

    Parameters
    ----------
    data : CentredData
        The rows.
    combination : ndarray of shape (p,)
        Weights of a sum of the features in which different rows differ.
    x : ndarray of shape (n,)
        Labels of rows with the same features.

    Returns
    -------
    in_pairs, in_rows : float
        Of all pairs of rows, and of different rows: those that have an equal one, over these and
        the pairs of different rows that agree in the half.
    """
    if len(combination) < 2:
        return 0.0, 0.0
    rng, rows = np.random.default_rng(0), np.arange(len(x))
    if len(rows) > _MOST:  # of all pairs one in so many is left
        rows = np.sort(rng.choice(rows, _MOST, replace=False))
    x = x[rows]
    _, first, sizes = np.unique(x, return_index=True, return_counts=True)
    n_equal, n_repeated = n_pairs(x), np.count_nonzero(sizes > 1)
    columns = features(data, some_rows(data))
    most = _TELL_APART * n_repeated
    telling = _telling_columns(data, rows[first], columns, combination, most)
    halves = _halves(columns, np.flatnonzero(telling), rng)
    weights = combination * np.concatenate([halves, telling & ~halves])
    found = [labels(half) for half in combined_features(data, rows, weights.T).T]
    in_pairs = [n_equal / max(n_pairs(alike), 1.0) for alike in found]
    in_rows = [n_repeated / max(n_repeated + n_pairs(alike[first]), 1.0) for alike in found]
    # of the two halves the one that tells more, of the splits the one that tells least
    return tuple(
        float(np.reshape(values, (2, _SPLITS)).max(axis=0).min()) for values in (in_pairs, in_rows)
    )


def _telling_columns(
    data: CentredData, different: np.ndarray, columns: np.ndarray, combination: np.ndarray, most
) -> np.ndarray:
    """Say which columns (p,), those of fewest values, confuse at ``most`` so many pairs of rows.

    Of ``different`` ones.  A product of two factors has far more values than they, and that it
    tells rows apart is no evidence.
    """
    n_values = 1 + np.count_nonzero(np.diff(np.sort(columns, axis=0), axis=0), axis=0)
    counts = np.unique(n_values)
    counts = counts[np.append(counts[1:] >= _FAR_MORE * counts[:-1], True)]

    def tell_apart(count: int) -> bool:
        telling = n_values <= count
        alike = labels(combined_features(data, different, (combination * telling)[:, None])[:, 0])
        return np.count_nonzero(telling) > 1 and n_pairs(alike) <= most

    return n_values <= counts[min(bisect_left(counts, True, key=tell_apart), len(counts) - 1)]


def _halves(columns: np.ndarray, places: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return halves (S, p), bool, of the ``columns`` (m, p) that are at some ``places`` (k,)."""
    centred = columns[:, places] - columns[:, places].mean(axis=0)
    size = np.sqrt(np.square(centred).sum(axis=0))
    shapes = centred / np.where(size > 0.0, size, 1.0)
    halves = np.zeros((_SPLITS, columns.shape[1]), dtype=bool)
    for half in halves:
        start = rng.integers(len(places))
        order = np.argsort(-np.abs(shapes.T @ shapes[:, start]), kind="stable")
        half[places[order[: len(places) // 2]]] = True
    return halves
