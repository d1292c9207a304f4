"""Singular vectors of centred data: stored, or made from the data where storing would copy it."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sk_renorm._linalg.blocks import CentredData, Scratch, row_ranges
from sk_renorm._linalg.centred_rows import CentredRows


class SingularVectors(Protocol):
    """What a factorization needs of ``X~ = U diag(singular_values) V'``.

    ``null_basis`` (n, k) spans what neither U nor the intercept do, where that is known.
    """

    null_basis: np.ndarray | None

    def left(self, rows: slice | np.ndarray, scratch: Scratch | None = None) -> np.ndarray:
        """Return some rows of U (b, r), in ``scratch`` space if given."""

    def leading(self, rows: np.ndarray, k: int) -> np.ndarray:
        """Return some rows of U (b, k) in the ``k`` directions of the largest singular values."""

    def left_product(self, A: np.ndarray) -> np.ndarray:
        """Return ``U A`` (n, k) for ``A`` (r, k)."""

    def right_product(self, A: np.ndarray) -> np.ndarray:
        """Return ``V A`` (p, k) for ``A`` (r, k)."""

    def project(self, X_centred: np.ndarray) -> np.ndarray:
        """Return ``X_centred V`` (m, r) for new rows (m, p)."""

    def fourth_powers(self) -> np.ndarray:
        """Return ``sum U**4`` (r,) over all rows."""


@dataclass(frozen=True)
class ColumnGramVectors:
    """``U = X~ left_map`` is made from the rows block by block (n > p).

    ``V`` is stored apart where columns differ in scale or depend on each other; else it is
    ``left_map * singular_values``.
    """

    data: CentredData
    left_map: np.ndarray
    singular_values: np.ndarray
    V: np.ndarray | None = None
    null_basis: None = None

    def left(self, rows: slice | np.ndarray, scratch: Scratch | None = None) -> np.ndarray:
        return self.data.row_product(rows, self.left_map, scratch)

    def leading(self, rows: np.ndarray, k: int) -> np.ndarray:
        return self.data.row_product(rows, self.left_map[:, -k:])

    def fourth_powers(self) -> np.ndarray:
        blocks = row_ranges(0, self.data.n_rows, len(self.left_map))
        return sum(np.square(np.square(self.left(rows))).sum(axis=0) for rows in blocks)

    def left_product(self, A: np.ndarray) -> np.ndarray:
        B = self.left_map @ A
        product = np.empty((self.data.n_rows, B.shape[1]))
        scratch = Scratch()
        for rows in row_ranges(0, len(product), len(B)):
            product[rows] = self.data.row_product(rows, B, scratch)
        return product

    def right_product(self, A: np.ndarray) -> np.ndarray:
        if self.V is not None:
            return self.V @ A
        return self.left_map @ (self.singular_values[:, None] * A)

    def project(self, X_centred: np.ndarray) -> np.ndarray:
        if self.V is not None:
            return X_centred @ self.V
        return (X_centred @ self.left_map) * self.singular_values


class StoredLeft:
    """U is an array."""

    U: np.ndarray

    def left(self, rows: slice | np.ndarray, scratch: Scratch | None = None) -> np.ndarray:
        return self.U[rows]

    def leading(self, rows: np.ndarray, k: int) -> np.ndarray:
        return self.U[rows, -k:]

    def fourth_powers(self) -> np.ndarray:
        return np.square(np.square(self.U)).sum(axis=0)

    def left_product(self, A: np.ndarray) -> np.ndarray:
        return self.U @ A


@dataclass(frozen=True)
class RowGramVectors(StoredLeft):
    """U is stored, V is a combination of the rows (n <= p), but for that of ``strong`` columns.

    In a column a million times longer than others, weak modes cancel in the combination.
    """

    data: CentredRows
    U: np.ndarray
    singular_values: np.ndarray
    null_basis: np.ndarray | None = None
    strong: np.ndarray | None = None
    V_strong: np.ndarray | None = None

    def right_product(self, A: np.ndarray) -> np.ndarray:
        product = self.data.right_product(self.U @ (A / self.singular_values[:, None]))
        if self.strong is not None:
            product[self.strong] = self.V_strong @ A
        return product

    def project(self, X_centred: np.ndarray) -> np.ndarray:
        if self.strong is None:
            return self.data.inner_products(X_centred) @ (self.U / self.singular_values)
        others = X_centred.copy()
        others[:, self.strong] = 0.0
        apart = X_centred[:, self.strong] @ self.V_strong
        return apart + self.data.inner_products(others) @ (self.U / self.singular_values)


@dataclass(frozen=True)
class KeptLeft(StoredLeft):
    """U is kept for many passes over it, all else is left to other ``vectors``."""

    vectors: SingularVectors
    U: np.ndarray

    @property
    def null_basis(self) -> np.ndarray | None:
        return self.vectors.null_basis

    def right_product(self, A: np.ndarray) -> np.ndarray:
        return self.vectors.right_product(A)

    def project(self, X_centred: np.ndarray) -> np.ndarray:
        return self.vectors.project(X_centred)
