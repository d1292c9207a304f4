"""Splits of rows in time order."""

from numbers import Integral

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import indexable


class HBlockSplit(BaseCrossValidator):
    """Leave out a block of rows in time order, and a gap on either side of it.

    The block is tested by the model fitted to all rows but the block and its gap: h-block
    cross-validation, or hv-block for blocks of several rows.  It takes nothing for granted but
    that rows more than ``gap`` apart are independent.

    Parameters
    ----------
    gap : int
        Rows left out on either side of the block, not tested.
    test_size : int, default=1
        Rows of a block; the last one may be shorter.

    See Also
    --------
    sklearn.model_selection.TimeSeriesSplit : Train on the past only.

    Notes
    -----
    As ``cv`` of :class:`TheoryGuidedRidgeCV` it needs no refitting: blocks and gaps are taken out
    of the one factorization.

    References
    ----------
    .. [1] Burman, Chow and Nolan (1994), "A cross-validatory method for dependent data",
       Biometrika 81.
    .. [2] Racine (2000), "Consistent cross-validatory model-selection for dependent data: hv-block
       cross-validation", Journal of Econometrics 99.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_renorm import HBlockSplit
    >>> for train, test in HBlockSplit(gap=1, test_size=2).split(np.zeros((6, 1))):
    ...     print(train, test)
    [3 4 5] [0 1]
    [0 5] [2 3]
    [0 1 2] [4 5]
    """

    def __init__(self, gap, test_size=1):
        for name, value, least in (("gap", gap, 0), ("test_size", test_size, 1)):
            if not isinstance(value, Integral) or value < least:
                raise ValueError(f"{name} must be a whole number of at least {least}; got {value}.")
        self.gap = gap
        self.test_size = test_size

    def split(self, X, y=None, groups=None):
        """Yield the rows to train on and to test.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows in time order.
        y, groups : object
            Not used.

        Yields
        ------
        train, test : ndarray of shape (n_train,), (n_test,)
            Row numbers.

        Raises
        ------
        ValueError
            If a block and its gap leave no rows to train on.
        """
        n_rows = self._n_rows(X)
        rows = np.arange(n_rows)
        for start in range(0, n_rows, self.test_size):
            stop = min(start + self.test_size, n_rows)
            train = np.concatenate([rows[: max(start - self.gap, 0)], rows[stop + self.gap :]])
            if not len(train):
                raise ValueError(
                    f"A gap of {self.gap} about rows {start} to {stop - 1} leaves none of the "
                    f"{n_rows} rows to train on; use a smaller gap or test_size."
                )
            yield train, rows[start:stop]

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of blocks.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows to split.
        y, groups : object
            Not used.

        Returns
        -------
        int
            Number of splits.
        """
        if X is None:
            raise ValueError("X is needed to tell how many blocks its rows make.")
        return -(-self._n_rows(X) // self.test_size)

    @staticmethod
    def _n_rows(X) -> int:
        (X,) = indexable(X)
        return X.shape[0] if hasattr(X, "shape") else len(X)
