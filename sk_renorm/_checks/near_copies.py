"""Rows that nearly repeat others: rows made from others by adding noise, a thing measured again.

Rows of one density have distances ``d_1 <= d_2 <= ...`` to their neighbours with independent
spacings: ``j dim log(d_j+1 / d_j)`` is exponential of mean one, where the data have ``dim``
dimensions [1]_.  A row among near copies is much nearer to them than to the next, and one of these
spacings is larger than chance allows, however visible the noise.

References
----------
.. [1] Facco, d'Errico, Rodriguez and Laio (2017), "Estimating the intrinsic dimension of datasets
   by a minimal neighborhood information", Scientific Reports 7, 12140; Levina and Bickel (2004).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sk_renorm._checks.rows_left_out import RowsLeftOut
from sk_renorm._checks.ties import differ_in_few
from sk_renorm._linalg import Factorization
from sk_renorm._risk import alike_block_errors, effective_df

_FEWEST, _MOST = 50, 768  # rows that are compared
_WINDOWS = 3  # of rows next to each other in what is predicted, if not all are
_GLANCE, _PROBES = 32, 256  # of them, whose neighbours are looked for: at first, and then
_DIRECTIONS = 16  # in which they are compared
_COPIES, _NEIGHBOURS = 4, 24  # that a row may have; that are looked at, the rest for the dimension
_NO_SPACING = 1e-9  # but rounding
_CHANCE = 0.003  # of a spacing to be too large: that of independent rows
_SETS, _FEWEST_SETS = 64, 10  # that are left out
# Near copies worth a word: this share of the rows, of which more than half, by so many standard
# errors, are predicted worse without them, and the risk of all rows grows by so much.
_MANY, _CLEAR, _MATTERS = 0.15, 3.0, 0.05
# Their targets differ by less than this share of what rows differ by from predictions without them:
# else they are one setting measured again, or a cluster.
_SAME_TARGET = 0.1
NO_LEVERAGE = 0.002  # on average: then no five rows change the risk that much
_TWO_DIGITS = 0.01  # relative error of what near copies are left out by
_EXACT = 1e-16  # of the power of y: errors below are rounding


@dataclass(frozen=True)
class NearCopies:
    """What was found.

    Attributes
    ----------
    share : float
        Part of the rows that nearly repeat others.
    growth : float
        How many times larger the risk is if each of them is left out with those it repeats.
    pair : tuple of int
        Two rows that nearly repeat each other.
    """

    share: float
    growth: float
    pair: tuple[int, int]


def near_copies(left: RowsLeftOut) -> NearCopies | None:
    """Return what nearly repeats, if it is many rows and the risk is too small for it; or None.

    Notes
    -----
    A sample of rows that keeps near copies together is compared in the leading directions of X, in
    each by its own spread: these hold least of the noise.  A few hundred thousand multiply-adds.
    """
    f, n = left.f, left.n
    if n < _FEWEST or effective_df(f, left.alpha).max() < NO_LEVERAGE * n:
        return None
    rows = _with_their_like(left.targets - left.errors)
    points = _positions(f, rows)
    probes = _probes(len(rows))
    for some in (probes[:_GLANCE], probes):
        distances = _distances(points, some)
        n_copies, excess = _gaps(distances)
        found = np.flatnonzero(excess > 1.0)
        share = len(found) / len(some)
        if share < 0.5 * _MANY:
            return None
    clearest = found[np.argsort(-excess[found])]
    nearest = (np.argsort(distances[probe])[: n_copies[probe]] for probe in clearest)
    sets = _disjoint(
        rows[np.append(probes[probe], near)] for probe, near in zip(clearest, nearest, strict=True)
    )
    if share < _MANY or differ_in_few(left.rows, *np.array([rows[:2] for rows in sets]).T):
        return None
    growth = _growth(left, sets, share)
    if growth is None:
        return None
    first, second = sorted(sets[0][:2].tolist())
    return NearCopies(share, growth, (first, second))


@lru_cache(maxsize=8)
def _probes(size: int) -> np.ndarray:
    """Return some of ``size`` rows, the same every time."""
    return np.random.default_rng(0).permutation(size)[:_PROBES]


def _with_their_like(predictions: np.ndarray) -> np.ndarray:
    """Return rows of like predictions (n, q), from the least to the largest.

    Near copies of one are mostly among them.  Of several targets, by that whose predictions vary
    most.
    """
    n = len(predictions)
    if n <= _MOST:
        return np.arange(n)
    values = predictions[:, predictions.var(axis=0).argmax()]
    size = _MOST // _WINDOWS
    starts = np.linspace(0, n - size, _WINDOWS).astype(int)
    order = np.argpartition(values, np.unique(np.append(starts, starts[:-1] + size)))
    return np.concatenate([order[start : start + size] for start in starts])


def _positions(f: Factorization, rows: np.ndarray) -> np.ndarray:
    """Return coordinates (m, k) of some rows in the leading directions, of unit variance."""
    U = f.vectors.leading(rows, _DIRECTIONS) * np.sqrt(f.data.n_rows)
    root = f.data.root_weight
    return U if root is None else U / root[rows, None]


def _distances(points: np.ndarray, some: np.ndarray) -> np.ndarray:
    """Return squared distances (k, m) of ``some`` points (k,) to all; infinite to themselves.

    By one product of matrices, which scipy's cdist does without.
    """
    squares = np.square(points).sum(axis=1)
    distances = squares[some, None] + squares - 2.0 * points[some] @ points.T
    np.maximum(distances, 1e-14 * squares.mean(), out=distances)  # rounding
    distances[np.arange(len(some)), some] = np.inf
    return distances


def _gaps(distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how many rows come before the widest gap, and its width over what chance allows.

    From squared ``distances`` (k, m), of which the least count.
    """
    least = np.partition(distances, _NEIGHBOURS, axis=1)[:, : _NEIGHBOURS + 1]
    least.sort(axis=1)
    np.log(least, out=least)
    spacings = np.arange(0.5, 0.5 * _NEIGHBOURS + 0.1, 0.5) * (least[:, 1:] - least[:, :-1])
    usual, before = spacings[:, _COPIES + 1 :].mean(), spacings[:, :_COPIES]
    if usual < _NO_SPACING:  # rows are of few kinds, and no gap is wider than usual
        return np.ones(len(before), int), np.zeros(len(before))
    return 1 + before.argmax(axis=1), before.max(axis=1) / (usual * np.log(_COPIES / _CHANCE))


def _disjoint(sets) -> list[np.ndarray]:
    """Return sets of rows that share none, the first of those that do."""
    seen: set[int] = set()
    kept = []
    for rows in sets:
        if len(kept) < _SETS and seen.isdisjoint(rows.tolist()):
            seen.update(rows.tolist())
            kept.append(rows)
    return kept


def _growth(left: RowsLeftOut, sets: list[np.ndarray], share: float) -> float | None:
    """Return how many times larger the risk is if near copies are left out too; None if hardly.

    Of each of the ``sets`` the first row is left out, with all others.
    """
    targets, errors = left.targets, left.errors
    n_rows, losses = np.array([len(rows) for rows in sets]), []
    for size in np.unique(n_rows):
        alike = np.array([rows for rows in sets if len(rows) == size])
        for some, found in alike_block_errors(left.f, alike, left.alpha, _TWO_DIGITS):
            first, others = alike[some, 0], alike[some, 1:]
            alone, together = (np.square(e).sum(axis=1) for e in (errors[first], found[:, 0]))
            apart = np.square(targets[others] - targets[first, None]).sum(axis=2).mean(axis=1)
            losses.append([alone, together, apart])
    alone, together, apart = np.concatenate(losses, axis=1)
    known = np.isfinite(together)
    risk = np.square(errors).sum(axis=1).mean()
    power = np.square(targets - targets.mean(axis=0)).sum(axis=1).mean()
    if np.count_nonzero(known) < _FEWEST_SETS or risk <= _EXACT * power:
        return None
    more = (together - alone)[known]
    is_clear = np.sign(more).sum() > _CLEAR * np.sqrt(len(more))
    same_target = apart[known].sum() < 2.0 * _SAME_TARGET * together[known].sum()
    if not (is_clear and same_target):
        return None
    growth = 1.0 + share * float(more.mean() / risk)
    return growth if growth > 1.0 + _MATTERS else None
