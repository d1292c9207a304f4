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

_WORST_CONDITIONS = 1e4, 1e7  # of a fold's matrix, where U has few digits, and where it has all
_PROBES = 4  # that show it
_BLOCK_ENTRIES, _BATCH_ENTRIES = 2**18, 2**20  # made at a time
_SUSPICIOUS = 1e3  # condition: what is owned may be told apart
_ACCURATE = 1e-9  # relative error that a result may have
_FOUR_DIGITS = 1e-4  # relative error that does not matter in a mean
_OWNED = 1e-12  # of a direction's length squared: what others may hold of it


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
        owned = block.null == 0.0  # then all of the row is, but for rounding
        null = np.where(owned | owned[:, None], 0.0, block.null_projector)
        return cls(block.U, null, block.residual, owned)

    def apart(self, rounding: float) -> "_Equations | None":
        """Tell directions that the rows own from others; None if there are none to tell."""
        if self.owned.all():
            return None
        power, basis = np.linalg.eigh(self.null)
        owned = power <= min(rounding, _OWNED)
        if not owned.any():
            return None
        residual = np.where(owned[:, None], 0.0, basis.T @ self.residual)
        return _Equations(
            basis.T @ self.U, np.diag(np.where(owned, 0.0, power)), residual, owned, basis
        )

    def errors(self, f: Factorization, penalties: np.ndarray) -> tuple[np.ndarray, float]:
        """Solve for errors (m, L, q), in the unit of weighted targets; say the worst condition."""
        gains = 1.0 / (f.eigenvalues[:, None, None] + penalties)
        factors = np.where(self.owned[:, None, None], 1.0, penalties)
        right = np.tensordot(self.U, gains * f.projections[:, None, :], axes=1)
        right = self.residual[:, None, :] + factors * right
        probes = _probes(len(self.U))
        errors, worst = np.empty_like(right), 0.0
        for levels, place in _shared(penalties, len(self.U) * sum(self.U.shape)):
            matrices = self._matrices(f.eigenvalues, levels)
            part = right[:, place]
            columns = part.reshape(len(part), len(levels), -1).swapaxes(0, 1)
            solution, conditions = _solution(matrices, columns, probes)
            worst = max(worst, conditions.max())
            if solution is None:
                return errors, worst
            errors[:, place] = solution.swapaxes(0, 1).reshape(part.shape)
        if self.basis is not None:
            errors = np.tensordot(self.basis, errors, axes=1)
        return errors, worst

    def _matrices(self, eigenvalues: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """Return the matrices (k, m, m) at k penalties, from one product."""
        m, r = self.U.shape
        scaled = self.U / (eigenvalues + levels[:, None])[:, None, :]
        matrices = (scaled.reshape(-1, r) @ self.U.T).reshape(len(levels), m, m)
        if not self.owned.all():
            matrices *= np.where(self.owned, 1.0, levels[:, None])[:, :, None]
            matrices += self.null
        return matrices


def hat_block_errors(
    f: Factorization, rows: np.ndarray, penalties: np.ndarray, worst: float | None = None
) -> np.ndarray | None:
    """Return errors (m, L, q) of ``rows`` (m,) left out together, or None if digits are lost.

    ``worst`` is the condition that may be, where fewer digits are enough.
    """
    block = f.left_block(rows)
    equations = _Equations.of_rows(block)
    errors, condition = equations.errors(f, penalties)
    if condition > _SUSPICIOUS:
        apart = equations.apart(8.0 * float(_rounding(f, block.squares).sum()))
        if apart is not None:
            errors, condition = apart.errors(f, penalties)
    # digits that are gone in U are gone after a refit too, where these are many
    if worst is None:
        worst = np.clip(1.0 / lost_digits(f, block.squares).max(), *_WORST_CONDITIONS)
    if condition > worst:
        return None
    if f.data.root_weight is not None:
        errors /= f.data.root_weight[rows, None, None]
    return errors


def alike_block_errors(
    f: Factorization, rows: np.ndarray, alpha: np.ndarray, rough: float = _FOUR_DIGITS
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield which of ``rows`` (K, m), and errors (k, m, q) of each block of them left out together.

    At one penalty for all targets, ``alpha`` (1,), or at one for each (q,).  NaN where the relative
    error may be larger than is ``rough`` enough.
    """
    size = rows.shape[1]
    step = max(1, _BATCH_ENTRIES // (size * max(f.rank, size, f.n_targets)))
    for start in range(0, len(rows), step):
        some = slice(start, start + step)
        errors = np.empty((*rows[some].shape, f.n_targets))
        block = f.left_block(rows[some].ravel())
        lost = np.zeros(len(errors), dtype=bool)
        worst = rough / _rounding(f, block.squares).max()
        for level in np.unique(alpha):
            targets = np.broadcast_to(alpha == level, f.n_targets)
            errors[..., targets], conditions = _at_level(f, block, size, level, targets)
            lost |= conditions > worst
        if f.data.root_weight is not None:
            errors /= f.data.root_weight[rows[some], None]
        for place in np.flatnonzero(lost):  # one at a time, what is owned can be told apart
            found = hat_block_errors(f, rows[some][place], alpha[None], worst)
            errors[place] = np.nan if found is None else found[:, 0]
        yield some, errors


def _at_level(
    f: Factorization, block: LeftBlock, size: int, level: float, targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return weighted errors (k, m, t) of blocks of ``size`` rows, and the conditions (k,).

    The equations are those of ``_Equations.of_rows``.
    """
    owned = (block.null == 0.0).reshape(-1, size)
    factors = np.where(owned, 1.0, level)[..., None]
    scaled = block.U / (f.eigenvalues + level)
    right = (scaled @ f.projections[:, targets]).reshape(-1, size, targets.sum())
    right = factors * right + block.residual[:, targets].reshape(right.shape)
    U = block.U.reshape(len(owned), size, f.rank)
    matrices = scaled.reshape(U.shape) @ U.swapaxes(1, 2)
    if not owned.all():
        null = _null_projectors(block, size)
        null[owned[:, :, None] | owned[:, None, :]] = 0.0
        matrices = factors * matrices + null
    solution, conditions = _solution(matrices, right, _probes(size))
    return right if solution is None else solution, conditions


def _null_projectors(block: LeftBlock, size: int) -> np.ndarray:
    """Return the blocks (k, m, m) of the projector on what no mode explains."""
    if block.null_basis is not None:
        basis = block.null_basis.reshape(-1, size, block.null_basis.shape[1])
        return basis @ basis.swapaxes(1, 2)
    modes = np.column_stack([block.U, block.constant])
    modes = modes.reshape(-1, size, modes.shape[1])
    return np.eye(size) - modes @ modes.swapaxes(1, 2)


def lost_digits(f: Factorization, squares: np.ndarray) -> np.ndarray:
    """Return how small a pivot (b,) may be, relative to its row, before nine digits are lost."""
    return _rounding(f, squares) / _ACCURATE


def _rounding(f: Factorization, squares: np.ndarray) -> np.ndarray:
    """Return the rounding error (b,) of one minus the leverage of rows, from ``squares`` of U."""
    return np.finfo(float).eps + squares @ f.left_error


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


def _probes(size: int) -> np.ndarray:
    """Return random directions: a regular one can miss the singular one, as that of copies."""
    return np.random.default_rng(0).standard_normal((size, _PROBES))


def _solution(
    matrices: np.ndarray, right: np.ndarray, probes: np.ndarray
) -> tuple[np.ndarray | None, np.ndarray]:
    """Solve (k, m, m) for ``right`` (k, m, c); ``probes`` (m, j) show the conditions (k,)."""
    singular = None, np.full(len(matrices), np.inf)
    size = np.abs(matrices).max(axis=2, keepdims=True)
    if not size.all():
        return singular
    matrices /= size
    n_probes = probes.shape[1]
    probes = np.broadcast_to(probes, (len(right), *probes.shape))
    try:
        solution = np.linalg.solve(matrices, np.concatenate([right / size, probes], axis=2))
    except np.linalg.LinAlgError:
        return singular
    seen = np.abs(solution[:, :, -n_probes:]).max(axis=(1, 2))
    conditions = np.abs(matrices).sum(axis=2).max(axis=1) * seen
    return solution[:, :, :-n_probes], conditions
