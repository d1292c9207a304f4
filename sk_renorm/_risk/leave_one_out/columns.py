"""Columns: what blocks of rows are multiplied with, and what that gives for rows left out."""

import math

import numpy as np

from sk_renorm._linalg import Factorization, LeftBlock, Scratch


class Columns:
    """One column for every penalty (and some targets): what blocks of rows are multiplied with.

    Rows that the modes explain in full have residuals and one minus leverages proportional to
    alpha, which drops out; for the others both are multiplied by it.  With ``units`` (q,) errors
    are in these units and in float32; leverages never are.
    """

    def __init__(
        self,
        f: Factorization,
        penalties: np.ndarray,
        some: slice | np.ndarray = slice(None),
        units: np.ndarray | None = None,
    ):
        gains = 1.0 / (f.eigenvalues[:, None, None] + penalties)
        projections = f.projections[:, None, some]
        self.some, self.penalties = some, penalties
        self.units = None if units is None else units[some]
        self.interpolates = f.interpolates
        self.n_levels = penalties.shape
        self.shape = np.broadcast_shapes(gains.shape, projections.shape)[1:]
        self.gains = gains.reshape(f.rank, math.prod(self.n_levels))
        self.projections = projections
        if self.interpolates:
            self.targets = self._targets()
            return
        shares = gains * penalties
        self.scaled_gains = shares.reshape(self.gains.shape)
        if units is not None:
            shares, projections = np.float32(shares), np.float32(projections / self.units)
        self.scaled_targets = (shares * projections).reshape(f.rank, math.prod(self.shape))

    def _targets(self) -> np.ndarray:
        gains = self.gains.reshape(-1, *self.n_levels)
        return (gains * self.projections).reshape(len(gains), math.prod(self.shape))

    def errors(self, block: LeftBlock, scratch: Scratch) -> tuple[np.ndarray, np.ndarray]:
        """Return weighted errors (b, L, q), and one minus the leverages (b, L, 1 or q) up to scale.

        Both arrays are scratch space.
        """
        n_rows, size = len(block.U), math.prod(self.shape)
        fitted = scratch("fitted", n_rows * size)
        leverage = scratch("leverage", n_rows, self.gains.shape[1])
        rest = leverage.reshape(n_rows, *self.n_levels)
        if self.interpolates:
            fitted = np.matmul(block.U, self.targets, out=fitted.reshape(n_rows, size))
            np.matmul(block.squares, self.gains, out=leverage)
            errors = fitted.reshape(n_rows, *self.shape)
            errors /= rest
            return errors, rest
        U, residual, divisor = block.U, block.residual[:, None, self.some], rest
        np.matmul(block.squares, self.scaled_gains, out=leverage)
        leverage += block.null[:, None]
        if self.units is not None:
            fitted = fitted.view(np.float32)[: fitted.size]
            U, residual, divisor = (
                np.float32(U),
                np.float32(residual / self.units),
                np.float32(rest),
            )
        fitted = np.matmul(U, self.scaled_targets, out=fitted.reshape(n_rows, size))
        errors = fitted.reshape(n_rows, *self.shape)
        errors += residual
        explained = np.flatnonzero(block.null == 0.0)
        if not len(explained):
            errors /= divisor
            return errors, rest
        errors /= np.where(divisor > 0.0, divisor, 1.0)
        exact = (block.U[explained] @ self._targets()).reshape(-1, *self.shape)
        exact /= (block.squares[explained] @ self.gains).reshape(-1, *self.n_levels)
        errors[explained] = exact if self.units is None else exact / self.units
        return errors, rest
