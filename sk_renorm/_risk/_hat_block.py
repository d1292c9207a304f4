"""Errors of a fold from its block of the hat matrix: ``(I - H)_FF^-1 r_F``.

``I - H = N + alpha M`` with N the projector on what no mode explains and ``M = U D U'``, ``D = 1 /
(s + alpha)``.  Rows that hold a direction of the data alone (a group, and the column that marks
it) make N_FF singular.  There residuals and I - H share the factor alpha: in the basis of the
eigenvectors of N_FF it drops out of these equations, so that no digits are lost as alpha -> 0.
"""

from dataclasses import dataclass

import numpy as np

from sk_renorm._linalg import Factorization, LeftBlock

_WORST_CONDITION = 1e7  # of a fold's matrix, as a probe shows it: leaves eight digits
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
        # entries of (L, q) by penalty: a row of them each, or one each with the targets sharing it
        if penalties.shape[1] == 1:
            levels, places = penalties[:, 0], range(len(penalties))
        else:
            levels, index = np.unique(penalties, return_inverse=True)
            index = index.reshape(penalties.shape)
            places = [index == level for level in range(len(levels))]
        errors = np.empty_like(right)
        for alpha, place in zip(levels, places, strict=True):
            matrix = (self.U / (f.eigenvalues + alpha)) @ self.U.T
            if not self.owned.all():
                matrix *= np.where(self.owned, 1.0, alpha)[:, None]
                matrix += self.null
            solution = _solution(matrix, right[:, place], probe)
            if solution is None:
                return None
            errors[:, place] = solution
        if self.basis is None:
            return errors
        return np.tensordot(self.basis, errors, axes=1)


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


def _solution(matrix: np.ndarray, right: np.ndarray, probe: np.ndarray) -> np.ndarray | None:
    """Solve for ``right`` (m, k); None if the ``probe`` (m,) shows a bad condition."""
    size = np.abs(matrix).max(axis=1, keepdims=True)
    if not size.all():
        return None
    matrix = matrix / size
    try:
        solution = np.linalg.solve(matrix, np.column_stack([right / size, probe]))
    except np.linalg.LinAlgError:
        return None
    condition = np.abs(matrix).sum(axis=1).max() * np.abs(solution[:, -1]).max()
    return solution[:, :-1] if condition < _WORST_CONDITION else None
