"""Rows with the same target and nearly the same features: a thing that was measured again.

Where targets rarely tie, rows that do and whose predictions are neighbours are compared by what
they do to the fit: the cosine between their rows of ``sqrt(d) U``, whose squares are leverages.
"""

import numpy as np

from sk_renorm._checks.copies import FEWEST, WORTH
from sk_renorm._checks.near_copies import NO_LEVERAGE, NearCopies
from sk_renorm._checks.rows_left_out import RowsLeftOut
from sk_renorm._checks.ties import combined, differ_in_few, labels
from sk_renorm._risk import MOST_ROWS, effective_df, small_fold_errors

_MOST, _WINDOWS = 1024, 4  # pairs that are compared; stretches of pairs they are taken from
_ALIKE = 0.9  # cosine
_MORE = 3.0  # times as often alike as where the target changes
# Different targets, and as a part of the rows: else these are classes, whose ties say nothing.
_VALUES, _DIFFER = 20, 0.1


def retaken_rows(left: RowsLeftOut) -> NearCopies | None:
    """Return what rows seem to be measured again, if that makes the risk larger; or None.

    For rows whose `targets_tie`.
    """
    n = left.n
    if effective_df(left.f, left.alpha).max() < NO_LEVERAGE * n:
        return None
    y = labels(combined(left.targets))
    order = np.lexsort([combined(left.targets - left.errors), y])
    tied = y[order][1:] == y[order][:-1]
    n_tied = np.count_nonzero(tied)
    if n - n_tied < max(_VALUES, _DIFFER * n):
        return None
    tied, others = _some(np.flatnonzero(tied)), _some(np.flatnonzero(~tied))
    share, found = n_tied / len(tied), tied[_are_alike(left, order, tied)]
    by_chance = (1 + np.count_nonzero(_are_alike(left, order, others))) / len(others)
    if len(found) < max(FEWEST, _MORE * by_chance * len(tied)):
        return None
    if differ_in_few(left.rows, order[found], order[found + 1]):
        return None
    runs = np.split(found, np.flatnonzero(np.diff(found) > 1) + 1)
    sets = [order[run[0] : run[-1] + 2] for run in runs]
    growth = _growth(left, sets, share)
    if growth < WORTH:
        return None
    first, second = sorted(order[found[0] : found[0] + 2].tolist())
    return NearCopies(share * sum(map(len, sets)) / n, growth, (first, second))


def _some(places: np.ndarray) -> np.ndarray:
    """Return some of many ``places``, in stretches, so that those next to each other stay so."""
    if len(places) <= _MOST:
        return places
    size = _MOST // _WINDOWS
    starts = np.linspace(0, len(places) - size, _WINDOWS).astype(int)
    return places[np.unique(starts[:, None] + np.arange(size))]


def _are_alike(left: RowsLeftOut, order: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Say of ``places`` (k,) whether the row there and the next do nearly the same to the fit.

    At the weakest penalty.
    """
    some, at = np.unique(np.concatenate([places, places + 1]), return_inverse=True)
    s = left.f.eigenvalues
    own = left.f.left_block(order[some]).U * np.sqrt(s / (s + left.alpha.min()))
    size = np.sqrt(np.square(own).sum(axis=1))
    own /= np.where(size > 0.0, size, 1.0)[:, None]
    first, second = own[at].reshape(2, len(places), -1)
    return np.einsum("ij,ij->i", first, second) > _ALIKE


def _growth(left: RowsLeftOut, sets: list[np.ndarray], share: float) -> float:
    """Return how many times larger the risk is if each of the ``sets`` is left out together."""
    n_rows = np.array([len(rows) for rows in sets])
    rows, errors = [np.empty(0, dtype=int)], [np.empty((0, left.errors.shape[1]))]
    for size in np.unique(n_rows[n_rows <= MOST_ROWS]):
        folds = np.array([rows for rows in sets if len(rows) == size])
        together, usable = small_fold_errors(left.f, folds, left.alpha[None, :])
        rows.append(folds[usable].ravel())
        errors.append(together[usable, :, 0].reshape(-1, left.errors.shape[1]))
    rows, errors = np.concatenate(rows), np.concatenate(errors)
    return left.growth(rows, errors, share)
