"""Singular vectors of centred data: stored, or made from the data where storing would copy it."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sk_renorm._linalg._blocks import CentredData, Scratch, row_ranges


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


@dataclass(frozen=True)
class ColumnGramVectors:
    """``V / singular_values`` is stored, U is made from the rows block by block (n > p)."""

    data: CentredData
    left_map: np.ndarray
    singular_values: np.ndarray
    null_basis: None = None

    def left(self, rows: slice | np.ndarray, scratch: Scratch | None = None) -> np.ndarray:
        return self.data.row_product(rows, self.left_map, scratch)

    def leading(self, rows: np.ndarray, k: int) -> np.ndarray:
        return self.data.row_product(rows, self.left_map[:, -k:])

    def left_product(self, A: np.ndarray) -> np.ndarray:
        B = self.left_map @ A
        product = np.empty((self.data.n_rows, B.shape[1]))
        scratch = Scratch()
        for rows in row_ranges(0, len(product), len(B)):
            product[rows] = self.data.row_product(rows, B, scratch)
        return product

    def right_product(self, A: np.ndarray) -> np.ndarray:
        return self.left_map @ (self.singular_values[:, None] * A)

    def project(self, X_centred: np.ndarray) -> np.ndarray:
        return (X_centred @ self.left_map) * self.singular_values


@dataclass(frozen=True)
class RowGramVectors:
    """U is stored, V is a combination of the rows (n <= p)."""

    data: CentredData
    U: np.ndarray
    singular_values: np.ndarray
    null_basis: np.ndarray | None = None

    def left(self, rows: slice | np.ndarray, scratch: Scratch | None = None) -> np.ndarray:
        return self.U[rows]

    def leading(self, rows: np.ndarray, k: int) -> np.ndarray:
        return self.U[rows, -k:]

    def left_product(self, A: np.ndarray) -> np.ndarray:
        return self.U @ A

    def right_product(self, A: np.ndarray) -> np.ndarray:
        return self.data.right_product(self.U @ (A / self.singular_values[:, None]))

    def project(self, X_centred: np.ndarray) -> np.ndarray:
        return self.data.inner_products(X_centred) @ (self.U / self.singular_values)


@dataclass(frozen=True)
class StoredVectors:
    """Both sides are stored."""

    U: np.ndarray
    V: np.ndarray
    null_basis: None = None

    def left(self, rows: slice | np.ndarray, scratch: Scratch | None = None) -> np.ndarray:
        return self.U[rows]

    def leading(self, rows: np.ndarray, k: int) -> np.ndarray:
        return self.U[rows, -k:]

    def left_product(self, A: np.ndarray) -> np.ndarray:
        return self.U @ A

    def right_product(self, A: np.ndarray) -> np.ndarray:
        return self.V @ A

    def project(self, X_centred: np.ndarray) -> np.ndarray:
        return X_centred @ self.V


@dataclass(frozen=True)
class KeptLeft:
    """U is kept for many passes over it, all else is left to other ``vectors``."""

    vectors: SingularVectors
    U: np.ndarray

    @property
    def null_basis(self) -> np.ndarray | None:
        return self.vectors.null_basis

    def left(self, rows: slice | np.ndarray, scratch: Scratch | None = None) -> np.ndarray:
        return self.U[rows]

    def leading(self, rows: np.ndarray, k: int) -> np.ndarray:
        return self.U[rows, -k:]

    def left_product(self, A: np.ndarray) -> np.ndarray:
        return self.U @ A

    def right_product(self, A: np.ndarray) -> np.ndarray:
        return self.vectors.right_product(A)

    def project(self, X_centred: np.ndarray) -> np.ndarray:
        return self.vectors.project(X_centred)
