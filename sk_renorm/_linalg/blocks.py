"""Centred, weighted data in cache-sized blocks of rows or columns; X itself is never copied."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from scipy.sparse import issparse

from sk_renorm._linalg.centred_rows import CentredRows
from sk_renorm._linalg.graded import are_of_like_scale
from sk_renorm._linalg.threads import enough_rows, map_ranges

_EPS = float(np.finfo(float).eps)
OF_ONE_MEAN = 64.0  # roundings of a mean that is one number, and those of its sum
_MAJORITY = 0.5  # of a column's sum of squares: what the single row of a column has
LOW = 1e-13  # of the standard deviation: what rounding of the mean may lose
_ROW_LOW = 1e-9  # the same for a Gram matrix of rows, where the intercept's direction is left out
_VARIED = 1e-6  # of a column's sum of squares: the least that is about its mean
_SMALL_MEANS = 0.9  # of the sum of squares of X: the most that means may make up
_EVEN = 1e3  # ratio of squared lengths of rows whose products are of like size
_FEWEST_COLUMNS = 256  # of a range that has a core of its own
_BLOCK_ENTRIES = 2**19  # 4 MB of float64: fits the outer cache, long enough for BLAS-3 speed
_LARGEST_BLOCK = 2**24  # 128 MB: of wider rows fewer are taken at a time


def row_ranges(start: int, stop: int, width: int) -> Iterator[slice]:
    """Yield slices that cover ``start:stop``, each a block of rows of ``width`` columns."""
    width = max(width, 1)
    fewest = max(1, min(256, _LARGEST_BLOCK // width))
    n_rows = max(fewest, min(_BLOCK_ENTRIES // width, 1024))
    for begin in range(start, stop, n_rows):
        yield slice(begin, min(begin + n_rows, stop))


class Scratch:
    """Buffers used again from block to block: fresh pages cost more than the arithmetic on them."""

    def __init__(self):
        self._buffers: dict[str, np.ndarray] = {}

    def __call__(self, name: str, *shape: int) -> np.ndarray:
        """Return a float64 array of some shape, overwriting the last of this name."""
        size = math.prod(shape)
        buffer = self._buffers.get(name)
        if buffer is None or buffer.size < size:
            buffer = self._buffers[name] = np.empty(size)
        return buffer[:size].reshape(shape)


def weighted_mean(A: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Return the weighted column means of ``A`` (n, k), in float64."""
    # A.mean adds up rounding errors of the same sign, one for each row, where entries are equal
    weights = np.ones(len(A)) if weights is None else weights
    if A.size <= _BLOCK_ENTRIES:
        return weights @ A / weights.sum()
    blocks = row_ranges(0, len(A), A.shape[1])  # float32 is converted a block at a time
    return sum(weights[rows] @ A[rows] for rows in blocks) / weights.sum()


def is_constant(
    power: np.ndarray, mean: np.ndarray, total_weight: float, roundings: float = 2.0
) -> np.ndarray:
    """Say which columns have no more ``power`` (p,) about their mean than rounding makes.

    That of the data, if the mean is known better than in one number; else `OF_ONE_MEAN`.
    """
    return power <= total_weight * (roundings * _EPS * mean) ** 2


@dataclass(frozen=True)
class CentredData(CentredRows):
    """``X~ = sqrt(w) (X - x_mean)``, made block by block: a model is linear in the columns of X.

    Attributes
    ----------
    X : ndarray of shape (n, p) or None
        The data as given, float32 or float64, any memory order, read-only allowed.
    x_mean : ndarray of shape (p,)
        Weighted means; zeros without an intercept.
    constant_columns : ndarray of shape (p,), bool, or None
        Columns of ``X~`` that are taken as zero, since only rounding moves them; None for none.
    low : tuple of ndarray of shape (p,), (q,), or None
        What ``x_mean`` and ``y_mean`` have lost in rounding; None where that is nothing to the
        columns.
    """

    is_sparse = False

    x_mean: np.ndarray
    constant_columns: np.ndarray | None = field(default=None, kw_only=True)
    low: tuple[np.ndarray, np.ndarray] | None = field(default=None, kw_only=True)

    @classmethod
    def from_rows(
        cls,
        X: np.ndarray,
        Y: np.ndarray,
        weights: np.ndarray | None,
        fit_intercept: bool,
        means: tuple[np.ndarray, np.ndarray] | None = None,
        low: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> "CentredData":
        """Centre ``Y`` and keep ``X`` as it is; ``means`` saves the pass over X that finds them."""
        if means is not None:
            x_mean, y_mean = means
        elif fit_intercept:
            x_mean, y_mean = weighted_mean(X, weights), weighted_mean(Y, weights)
        else:
            x_mean, y_mean = np.zeros(X.shape[1]), np.zeros(Y.shape[1])
        y_low = None if low is None else low[1]
        of_rows = cls.centring(X, Y, weights, fit_intercept, y_mean, y_low)
        return cls(**of_rows, x_mean=x_mean, low=low)

    @property
    def width(self) -> int:
        return self.x_mean.size

    @property
    def most_df(self) -> float:
        return self.x_mean.size

    @property
    def as_features(self) -> "CentredData":
        return self

    def intercepts(self, coef: np.ndarray) -> np.ndarray:
        return self.y_mean - self.x_mean @ coef

    def predictions(self, X, coef: np.ndarray) -> np.ndarray:
        return X @ coef + self.intercepts(coef)

    def holding(self, X: np.ndarray, Y: np.ndarray, weights: np.ndarray | None) -> "CentredData":
        """Return the same data with only these of its rows at hand; means and sums are of all."""
        root = None if weights is None else np.sqrt(weights)
        targets = Y - self.y_mean
        if self.low is not None:
            targets -= self.low[1]
        constant = np.full(len(X), float(self.fit_intercept) / np.sqrt(self.total_weight))
        if root is not None:
            targets *= root[:, None]
            constant *= root
        return replace(self, X=X, targets=targets, constant=constant, root_weight=root)

    def rows(self, rows: slice | np.ndarray, scratch: Scratch | None = None) -> np.ndarray:
        """Return some rows of ``X~`` (b, p) as float64."""
        X = self.X[rows]
        out = None if scratch is None else scratch("rows", *X.shape)
        block = np.subtract(X, self.x_mean, out=out, dtype=np.float64)
        if self.low is not None:
            block -= self.low[0]
        if self.root_weight is not None:
            block *= self.root_weight[rows, None]
        return block

    def columns(self, columns: slice | np.ndarray, scratch: Scratch | None = None) -> np.ndarray:
        """Return some columns of ``X~`` (n, k), in ``scratch`` space if given."""
        X = self.X[:, columns]
        out = None if scratch is None else scratch("columns", *X.shape)
        block = np.subtract(X, self.x_mean[columns], out=out, dtype=np.float64)
        if self.low is not None:
            block -= self.low[0][columns]
        if self.root_weight is not None:
            block *= self.root_weight[:, None]
        if self.constant_columns is not None:
            block[:, self.constant_columns[columns]] = 0.0
        return block

    def column_power(self) -> np.ndarray:
        """Return the sums of squares (p,) of the columns of ``X~``; one pass, for all who ask."""
        return self._column_power

    @cached_property
    def _column_power(self) -> np.ndarray:
        blocks = (block for _, block in self.column_blocks())
        return np.concatenate([np.einsum("ij,ij->j", block, block) for block in blocks])

    def has_own_column(self, row: int) -> bool:
        squares = np.square(self.rows(np.array([row]))[0])
        for column in np.flatnonzero(squares > _MAJORITY * self.column_power()):
            others = np.delete(self.columns(np.array([column]))[:, 0], row)
            if self.root_weight is not None:
                others = others / np.delete(self.root_weight, row)
            if np.ptp(others) <= 4.0 * _EPS * np.abs(self.x_mean[column]):
                return True
        return False

    def gram_of(self, directions: np.ndarray) -> np.ndarray:
        """Return ``T' X~' X~ T`` (k, k) for ``directions`` T (p, k), in one pass over the rows."""
        width = len(self.x_mean)
        directions = self.arranged(directions)

        def over_range(start: int, stop: int) -> np.ndarray:
            scratch, total = Scratch(), 0.0
            for rows in row_ranges(start, stop, width):
                product = self.row_product(rows, directions, scratch)
                total = total + product.T @ product
            return total

        return sum(map_ranges(over_range, self.n_rows, min_items=enough_rows(width)))

    def cross_of(self, directions: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return ``T' X~' (Y~ - X~ T z)`` (k, q) for ``directions`` T (p, k) and z (k, q)."""
        total = 0.0
        for rows in row_ranges(0, self.n_rows, len(self.x_mean)):
            product = self.row_product(rows, directions)
            total = total + product.T @ (self.targets[rows] - product @ z)
        return total

    def row_product(
        self, rows: slice | np.ndarray, B: np.ndarray, scratch: Scratch | None = None
    ) -> np.ndarray:
        """Return some rows of ``X~ B`` (b, k) for ``B`` (p, k), in ``scratch`` space if given."""
        X = self.rows(rows, scratch)
        out = None if scratch is None else scratch("U", len(X), B.shape[1])
        return np.matmul(X, B, out=out)

    def arranged(self, B: np.ndarray) -> np.ndarray:
        """Return ``B`` in the memory order that `row_product` is fast with: here any."""
        return B

    def inner_products(self, X_centred: np.ndarray) -> np.ndarray:
        """Return ``X_centred X~'`` (m, n) for new rows (m, p)."""
        products = np.zeros((len(X_centred), self.n_rows))
        for columns, block in self.column_blocks():
            products += X_centred[:, columns] @ block.T
        return products

    def centred(self, X) -> np.ndarray:
        """Return a few new rows (m, p), dense or sparse, less the means, dense."""
        X = X.toarray() if issparse(X) else X
        block = np.subtract(X, self.x_mean, dtype=np.float64)
        return block if self.low is None else block - self.low[0]

    def row_gram(self) -> tuple[np.ndarray, "CentredData"]:
        """Return ``X~ X~'`` (n, n), and the data that it is the product of.

        That knows its constant columns, and means to the digits that their columns need.  Where X
        is even and its means are small, the products are those of X as it is: what means add to
        them is all along the intercept, which a `Reflection` leaves out.
        """
        gram = self._plain_gram() if self._has_small_means() else None
        if gram is not None:
            return gram.T, self
        n, p = self.X.shape
        constant, low = np.zeros(p, dtype=bool), np.zeros(p)

        def over_range(start: int, stop: int) -> np.ndarray:
            gram, product = np.zeros((n, n)), np.empty((n, n))
            for columns, block in self.column_blocks(start, stop):
                self._centre_again(columns, block, constant, low)
                gram += np.matmul(block, block.T, out=product)
            return gram

        gram = self._sum_over_columns(over_range)
        low = (low, np.zeros_like(self.y_mean)) if low.any() else None
        constant = constant if constant.any() else None
        return gram.T, replace(self, constant_columns=constant, low=low)

    def _plain_gram(self) -> np.ndarray | None:
        """Return the products of the rows as they are, or None if some are much longer."""

        def over_range(start: int, stop: int) -> np.ndarray:
            return self.X[:, start:stop] @ self.X[:, start:stop].T

        gram = self._sum_over_columns(over_range)
        if self.root_weight is not None:
            gram *= np.multiply.outer(self.root_weight, self.root_weight)
        lengths = np.diagonal(gram)
        return gram if lengths.max() <= _EVEN * lengths.min() else None

    def _sum_over_columns(self, over_range: Callable[[int, int], np.ndarray]) -> np.ndarray:
        """Return the sum (n, n) of what ranges of columns give, each on a core of its own."""
        n, p = self.X.shape
        total, *others = map_ranges(over_range, p, min_items=max(_FEWEST_COLUMNS, n))
        for other in others:
            total += other
        return total

    def _has_small_means(self) -> bool:
        """Say whether products of X as it is have the digits that those of centred X have.

        No column may be constant, or nearly so, unless it is zero.
        """
        if self.X.dtype != np.float64 or not self.X.flags.c_contiguous:
            return False
        if self.root_weight is None:
            power = np.einsum("ij,ij->j", self.X, self.X)
        else:  # as rows count: heavy ones may be all mean
            power = np.einsum("i,ij,ij->j", np.square(self.root_weight), self.X, self.X)
        of_means = self.total_weight * np.square(self.x_mean)
        varied = of_means <= (1.0 - _VARIED) * power
        small = of_means.sum() <= _SMALL_MEANS * power.sum()
        return bool(small and varied.all()) and are_of_like_scale(power)

    def _centre_again(
        self, columns: slice, block: np.ndarray, constant: np.ndarray, low: np.ndarray
    ) -> None:
        """Take out of a ``block`` (n, k) what its means have missed; note that, and constants."""
        power = np.einsum("ij,ij->j", block, block)
        missed = self.constant @ block / np.sqrt(self.total_weight)
        missed[self.total_weight * missed**2 <= _ROW_LOW**2 * power] = 0.0
        if missed.any():
            block -= np.multiply.outer(np.sqrt(self.total_weight) * self.constant, missed)
            power = np.einsum("ij,ij->j", block, block)
        constant[columns] = is_constant(power, self.x_mean[columns], self.total_weight)
        block[:, constant[columns]] = 0.0
        low[columns] = np.where(constant[columns], 0.0, missed)

    def column_blocks(
        self, first: int = 0, last: int | None = None
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield ``(columns, block)``: all rows of some columns of ``X~``, in scratch space."""
        n, p = self.X.shape
        width, last = int(np.clip(2 * _BLOCK_ENTRIES // n, 128, 2048)), p if last is None else last
        scratch = Scratch()
        for start in range(first, last, width):
            columns = slice(start, min(start + width, last))
            yield columns, self.columns(columns, scratch)

    def right_product(self, B: np.ndarray) -> np.ndarray:
        """Return ``X~' B`` (p, k) for ``B`` (n, k), without a centred copy."""
        if self.low is not None:  # products with X itself would lose what sets rows apart
            return np.concatenate([block.T @ B for _, block in self.column_blocks()])
        if self.root_weight is not None:
            B = B * self.root_weight[:, None]
        product = np.outer(-self.x_mean, B.sum(axis=0))
        for start in range(0, len(product), 1024):  # float32 is converted a block at a time
            columns = slice(start, start + 1024)
            product[columns] += (B.T @ self.X[:, columns]).T
        if self.constant_columns is not None:
            product[self.constant_columns] = 0.0
        return product
