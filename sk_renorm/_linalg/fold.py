"""Fold: which rows are held out together, and which are trained on."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Fold:
    """Rows that are tested by the model fitted to all rows but those removed.

    Attributes
    ----------
    removed : ndarray of shape (m,)
        Rows that the model does not see, the tested ones first.
    n_tested : int
        How many of them are tested.
    train : ndarray of shape (k,) or None
        Rows that the model sees, where these are not just the others: few, repeated, or tested.
    """

    removed: np.ndarray
    n_tested: int
    train: np.ndarray | None = None

    @property
    def test(self) -> np.ndarray:
        """Rows that are tested."""
        return self.removed[: self.n_tested]

    @classmethod
    def from_split(cls, train: np.ndarray, test: np.ndarray, n_rows: int) -> "Fold":
        """Make it from index arrays as a scikit-learn splitter yields them."""
        unseen = np.ones(n_rows, dtype=bool)
        unseen[train] = False
        n_removed = n_rows - len(train)
        gap = unseen.copy()
        gap[test] = False
        repeats = np.count_nonzero(unseen) > n_removed
        overlap = np.count_nonzero(gap) + len(test) > n_removed
        # with most rows removed, refitting is the cheaper way
        if repeats or overlap or (gap.any() and n_removed > len(train)):
            return cls(test, len(test), train)
        return cls(np.concatenate([test, np.flatnonzero(gap)]), len(test))
