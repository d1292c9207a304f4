"""Whether rows come in the order of a column, as after sorting by it."""

import numpy as np
from scipy.sparse import issparse

_APART = 10  # columns that rise, rise over this part of the rows
_AGAINST, _ALONG = 0.005, 0.25  # of such pairs of rows: those that may fall; that rise, not tie
_RUN = 5  # rows of one value, and no others of it: that is no chance
_BLOCK_ENTRIES = 2**20  # looked at together


def is_in_order(columns: np.ndarray) -> bool:
    """Say whether the rows of ``columns`` (n, k), maybe sparse, are sorted by one of them.

    A column that rises or falls all along, but for what happens within a tenth of the rows, is
    in order.  So are levels, in any order, of which each comes in one run, for most of the rows: of
    one column, or of indicator columns.
    """
    n, k = columns.shape
    in_run = np.zeros(n, dtype=bool)
    if issparse(columns):
        columns = columns.tocsc()
    width = max(1, _BLOCK_ENTRIES // n)
    for start in range(0, k, width):
        block = columns[:, start : start + width]
        block = block.toarray() if issparse(block) else block
        if _goes_one_way(block):
            return True
        changes = np.count_nonzero(block[1:] != block[:-1], axis=0)
        for column in block.T[(changes > 0) & (changes < n // _RUN)]:
            in_run |= _in_one_run(column)
    return bool(np.count_nonzero(in_run) > 0.5 * n)


def _goes_one_way(block: np.ndarray) -> bool:
    """Say whether one of the columns (n, k) rises all along, or falls."""
    n = len(block)
    late, early = block[n // _APART :], block[: -(n // _APART)]
    counts = [np.count_nonzero(late > early, axis=0), np.count_nonzero(late < early, axis=0)]
    less, more = np.sort(counts, axis=0)
    return bool(np.any((less <= _AGAINST * n) & (more > _ALONG * n)))


def _in_one_run(column: np.ndarray) -> np.ndarray:
    """Return which rows (n,) have a value that comes in one run, as all but one value must.

    None of them if other values come in several runs, of which one may come before the others and
    after them, as zeros of an indicator do.
    """
    n = len(column)
    starts = np.append(0, 1 + np.flatnonzero(column[1:] != column[:-1]))
    lengths = np.diff(starts, append=n)
    values, value, times = np.unique(column[starts], return_inverse=True, return_counts=True)
    alone = (times[value] == 1) & (lengths >= _RUN) & (lengths <= n - _RUN)
    return np.repeat(alone & (len(starts) <= len(values) + 1), lengths)
