"""Errors of a fold from its block of the hat matrix: ``(I - H)_FF^-1 r_F``.

``I - H = N + alpha M`` with N the projector on what no mode explains and ``M = U D U'``, ``D = 1 /
(s + alpha)``.  Rows that hold a direction of the data alone (a group, and the column that marks
it) make N_FF singular.  There residuals and I - H share the factor alpha: in the basis of the
eigenvectors of N_FF it drops out of these equations, so that no digits are lost as alpha -> 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sk_renorm._linalg import Factorization, LeftBlock

_WORST_CONDITION = 1e7  # of a fold's matrix, as a probe shows it: leaves eight digits
_BLOCK_ENTRIES = 2**18  # made at a time
_SURELY_ZERO = 1e-12  # rounding above that could hide a direction that is nearly owned


@dataclass(frozen=True)
class _Equations:
    """``(null + diag(factor) M) e = residual + diag(factor) b``, with ``b = U D z``.

    Attributes
    ----------
    U : ndarray of shape (m, r)
        Left vectors, in the basis of the equations.
    null : ndarray of shape (m, m)
        Projector on what no mode explains; zero in rows of ``owned``.
    residual : ndarray of shape (m, q)
        Targets that no mode explains; zero in rows of ``owned``.
    owned : ndarray of shape (m,), bool
        Where the factor is 1 in place of alpha.
    basis : ndarray of shape (m, m) or None
        What takes solutions back to rows, if these are other than the equations' unknowns.
    """

    U: np.ndarray
    null: np.ndarray
    residual: np.ndarray
    owned: np.ndarray
    basis: np.ndarray | None = None

    @classmethod
    def of_rows(cls, block: LeftBlock) -> "_Equations":
        owned = np.full(len(block.U), not block.null.any())
        return cls(block.U, block.null_projector, block.residual, owned)

    def apart(self, rounding: float) -> "_Equations | None":
        """Tell directions that the rows own from others; None if there are none, or no saying."""
        if self.owned.any() or rounding > _SURELY_ZERO:
            return None
        power, basis = np.linalg.eigh(self.null)
        owned = power <= rounding
        if not owned.any():
            return None
        residual = np.where(owned[:, None], 0.0, basis.T @ self.residual)
        return _Equations(
            basis.T @ self.U, np.diag(np.where(owned, 0.0, power)), residual, owned, basis
        )

    def errors(self, f: Factorization, penalties: np.ndarray) -> np.ndarray | None:
        """Solve for errors (m, L, q), in the unit of weighted targets; None if digits are lost."""
        gains = 1.0 / (f.eigenvalues[:, None, None] + penalties)
        factors = np.where(self.owned[:, None, None], 1.0, penalties)
        right = np.tensordot(self.U, gains * f.projections[:, None, :], axes=1)
        right = self.residual[:, None, :] + factors * right
        # a random direction: a regular one can miss the singular one, as that of copies
        probe = np.random.default_rng(0).standard_normal(len(self.U))
        errors = np.empty_like(right)
        for levels, place in _shared(penalties, len(self.U) * sum(self.U.shape)):
            matrices = self._matrices(f.eigenvalues, levels)
            part = right[:, place]
            columns = part.reshape(len(part), len(levels), -1).swapaxes(0, 1)
            solution = _solution(matrices, columns, probe)
            if solution is None:
                return None
            errors[:, place] = solution.swapaxes(0, 1).reshape(part.shape)
        if self.basis is None:
            return errors
        return np.tensordot(self.basis, errors, axes=1)

    def _matrices(self, eigenvalues: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """Return the matrices (k, m, m) at k penalties, from one product."""
        m, r = self.U.shape
        scaled = self.U / (eigenvalues + levels[:, None])[:, None, :]
        matrices = (scaled.reshape(-1, r) @ self.U.T).reshape(len(levels), m, m)
        if not self.owned.all():
            matrices *= np.where(self.owned, 1.0, levels[:, None])[:, :, None]
            matrices += self.null
        return matrices


def hat_block_errors(f: Factorization, rows: np.ndarray, penalties: np.ndarray):
    """Return errors (m, L, q) of ``rows`` (m,) left out together, or None if digits are lost."""
    block = f.left_block(rows)
    equations = _Equations.of_rows(block)
    errors = equations.errors(f, penalties)
    if errors is None:
        equations = equations.apart(_rounding(f, block))
        errors = None if equations is None else equations.errors(f, penalties)
    if errors is not None and f.data.root_weight is not None:
        errors /= f.data.root_weight[rows, None, None]
    return errors


def _rounding(f: Factorization, block: LeftBlock) -> float:
    """Bound the rounding error of the projector's eigenvalues."""
    return 8.0 * (len(block.U) * np.finfo(float).eps + float((block.squares @ f.left_error).sum()))


def _shared(penalties: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, slice | np.ndarray]]:
    """Yield distinct penalties (k,) and where they are in (L, q): of one ``size`` entries are made.

    Some rows of them at a time, or one and the targets that share it.
    """
    if penalties.shape[1] == 1:
        step = max(1, _BLOCK_ENTRIES // size)
        for start in range(0, len(penalties), step):
            some = slice(start, start + step)
            yield penalties[some, 0], some
        return
    for level in np.unique(penalties):
        yield np.array([level]), penalties == level


def _solution(matrices: np.ndarray, right: np.ndarray, probe: np.ndarray) -> np.ndarray | None:
    """Solve (k, m, m) for ``right`` (k, m, c); None if the ``probe`` (m,) shows a bad condition."""
    size = np.abs(matrices).max(axis=2, keepdims=True)
    if not size.all():
        return None
    matrices /= size
    probes = np.broadcast_to(probe[:, None], (*right.shape[:2], 1))
    try:
        solution = np.linalg.solve(matrices, np.concatenate([right / size, probes], axis=2))
    except np.linalg.LinAlgError:
        return None
    condition = np.abs(matrices).sum(axis=2).max(axis=1) * np.abs(solution[:, :, -1]).max(axis=1)
    return solution[:, :, :-1] if (condition < _WORST_CONDITION).all() else None
