"""Sparse rows: centred by arithmetic on products, never entry by entry and never dense as a whole.

``X~ B = sqrt(w) (X B - m B)``, and ``X~' X~`` is ``X' W X`` less ``m m'`` times the sum of the
weights.  Such a difference loses as many digits as a column's mean square exceeds its variance.
That ratio is 1 / (1 - density) at least for a column of equal entries, so a column where it is
large has hardly a zero, and costs hardly more if it is stored in full, centred.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse

from sk_renorm._linalg.blocks import CentredData, Scratch, is_constant, weighted_mean
from sk_renorm._linalg.sums.moments import Moments

_MOSTLY_MEAN = 0.1  # variance over mean square: below it nine tenths of the entries are not zero
_DENSER = 0.05  # density from which dense products of blocks are faster than sparse ones
_BLOCK_ENTRIES = 2**20  # of a dense block: 8 MB


@dataclass(frozen=True)
class SparseData(CentredData):
    """Centred, weighted data whose rows are sparse; see `CentredData`.

    Attributes
    ----------
    X : csr_array of shape (n, p), float64
        The data; columns that are mostly mean have been centred.
    offset : ndarray of shape (p,)
        Weighted means of the columns of ``X`` as it is stored; zeros without an intercept.
    given : csr_array of shape (n, p)
        The data as given.
    """

    offset: np.ndarray
    given: scipy.sparse.csr_array

    is_sparse = True

    @classmethod
    def from_rows(
        cls,
        X: scipy.sparse.csr_array,
        Y: np.ndarray,
        weights: np.ndarray | None,
        fit_intercept: bool,
    ) -> "SparseData":
        """Centre ``Y``, and of ``X`` what has to be."""
        stored = X.astype(np.float64, copy=False)
        if not stored.has_canonical_format:
            stored = stored.copy()
            stored.sum_duplicates()
        n, p = X.shape
        x_mean, y_mean, offset = np.zeros(p), np.zeros(Y.shape[1]), np.zeros(p)
        if fit_intercept:
            shares = np.full(n, 1.0 / n) if weights is None else weights / weights.sum()
            y_mean = weighted_mean(Y, weights)
            x_mean = offset = stored.T @ shares
            mean_square = _squared(stored).T @ shares
            full = mean_square - x_mean**2 < _MOSTLY_MEAN * mean_square
            if full.any():
                stored = _centred_columns(stored, x_mean, np.flatnonzero(full))
                offset = stored.T @ shares
                x_mean = np.where(full, x_mean + offset, offset)
        of_rows = cls.centring(stored, Y, weights, fit_intercept, y_mean)
        return cls(**of_rows, x_mean=x_mean, offset=offset, given=X)

    def rows(self, rows: slice | np.ndarray, scratch: Scratch | None = None) -> np.ndarray:
        """Return some rows of ``X~`` (b, p), dense."""
        block = self.X[rows].toarray()
        block -= self.offset
        if self.root_weight is not None:
            block *= self.root_weight[rows, None]
        return block

    def row_product(
        self, rows: slice | np.ndarray, B: np.ndarray, scratch: Scratch | None = None
    ) -> np.ndarray:
        """Return some rows of ``X~ B`` (b, k) for ``B`` (p, k)."""
        whole = isinstance(rows, slice) and rows == slice(None)  # scipy would copy
        product = (self.X if whole else self.X[rows]) @ B
        product -= self.offset @ B
        if self.root_weight is not None:
            product *= self.root_weight[rows, None]
        return product

    def right_product(self, B: np.ndarray) -> np.ndarray:
        """Return ``X~' B`` (p, k) for ``B`` (n, k)."""
        if self.root_weight is not None:
            B = B * self.root_weight[:, None]
        product = self.X.T @ B
        product -= np.multiply.outer(self.offset, B.sum(axis=0))
        return product

    def arranged(self, B: np.ndarray) -> np.ndarray:
        """Return ``B`` C-ordered: of any other order scipy makes a copy for every product."""
        return np.ascontiguousarray(B)

    def inner_products(self, X_centred: np.ndarray) -> np.ndarray:
        """Return ``X_centred X~'`` (m, n) for a few dense rows (m, p)."""
        return self.row_product(slice(None), X_centred.T).T

    def column_gram(self) -> np.ndarray:
        """Return ``X~' X~`` (p, p)."""
        gram = _gram(self._weighted())
        gram -= self.total_weight * np.multiply.outer(self.offset, self.offset)
        return gram

    def row_gram(self) -> tuple[np.ndarray, "SparseData"]:
        """Return ``X~ X~'`` (n, n), and the data: columns that rounding moves are zero already."""
        weighted = self._weighted()
        gram = _gram(weighted.T.tocsr())
        if self.fit_intercept:
            root = np.ones(self.n_rows) if self.root_weight is None else self.root_weight
            shift = weighted @ self.offset - 0.5 * (self.offset @ self.offset) * root
            cross = np.multiply.outer(shift, root)
            gram -= cross
            gram -= cross.T
        return gram.T, self

    def moments(self) -> Moments:
        """Return the centred second moments of X and Y."""
        n_targets = self.targets.shape[1]
        moments = Moments(0, n_targets, centre=self.fit_intercept)  # no room for what is at hand
        moments.total_weight = self.total_weight
        moments.x_mean, moments.y_mean = self.x_mean, self.y_mean
        moments.x_low = np.zeros_like(self.x_mean)
        moments.xx = self.column_gram()
        moments.xy = self.right_product(self.targets)
        moments.yy = np.square(self.targets).sum(axis=0)
        return moments

    def columns(self, columns: np.ndarray) -> np.ndarray:
        """Return some columns of ``X~`` (n, k), dense."""
        block = self.X[:, columns].toarray() - self.offset[columns]
        return block if self.root_weight is None else block * self.root_weight[:, None]

    def column_power(self) -> np.ndarray:
        """Return the sums of squares (p,) of the columns of ``X~``; one pass, for all who ask."""
        return self._column_power

    @cached_property
    def _column_power(self) -> np.ndarray:
        weights = np.ones(self.n_rows) if self.root_weight is None else self.root_weight**2
        power = _squared(self.X).T @ weights - self.total_weight * self.offset**2
        return np.maximum(power, 0.0)

    def fingerprint(self) -> int:
        """Return a checksum of X, to notice that the caller has changed it."""
        parts = self.given.data, self.given.indices, self.given.indptr
        return sum(_checksum(part) for part in parts)

    def _weighted(self) -> scipy.sparse.csr_array:
        """Return ``sqrt(w) X``, not centred."""
        if self.root_weight is None:
            return self.X
        row_roots = np.repeat(self.root_weight, np.diff(self.X.indptr))
        return _with_entries(self.X, self.X.data * row_roots)


def as_csr_array(X) -> scipy.sparse.csr_array:
    """Return a csr matrix or array as an array on the same memory."""
    return scipy.sparse.csr_array((X.data, X.indices, X.indptr), shape=X.shape)


def _with_entries(X: scipy.sparse.csr_array, entries: np.ndarray) -> scipy.sparse.csr_array:
    return scipy.sparse.csr_array((entries, X.indices, X.indptr), shape=X.shape)


def _squared(X: scipy.sparse.csr_array) -> scipy.sparse.csr_array:
    return _with_entries(X, np.square(X.data))


def _centred_columns(
    X: scipy.sparse.csr_array, means: np.ndarray, columns: np.ndarray
) -> scipy.sparse.csr_array:
    """Return a copy of X with ``columns`` centred; those that only rounding moves become zero."""
    n, k = X.shape[0], len(columns)
    subtracted = scipy.sparse.csr_array(
        (np.tile(means[columns], n), np.tile(columns, n), np.arange(0, n * k + 1, k)),
        shape=X.shape,
    )
    X = X - subtracted
    power = _squared(X).sum(axis=0) - X.sum(axis=0) ** 2 / n  # means are rounded
    constant = np.zeros(X.shape[1], dtype=bool)
    constant[columns] = is_constant(power[columns], means[columns], n)
    X.data[constant[X.indices]] = 0.0
    X.eliminate_zeros()
    return X


def _gram(A: scipy.sparse.csr_array) -> np.ndarray:
    """Return ``A' A`` (k, k), dense, for sparse ``A`` (m, k)."""
    m, k = A.shape
    if A.nnz > _DENSER * m * k:
        gram = np.zeros((k, k))
        step = max(256, _BLOCK_ENTRIES // k)
        for start in range(0, m, step):
            block = A[start : start + step].toarray()
            gram += block.T @ block
        return gram
    gram = np.empty((k, k))
    transposed = A.T.tocsr()
    step = max(1, _BLOCK_ENTRIES // k)
    for start in range(0, k, step):
        some = slice(start, start + step)
        (transposed[some] @ A).toarray(out=gram[some])
    return gram


def _checksum(values: np.ndarray) -> int:
    bits = values.view(f"u{values.dtype.itemsize}")
    total = 0
    for start in range(0, len(bits), _BLOCK_ENTRIES):
        block = bits[start : start + _BLOCK_ENTRIES]
        places = np.arange(start + 1, start + len(block) + 1, dtype=np.uint64)
        total += int((block * places).sum(dtype=np.uint64))
    return total
