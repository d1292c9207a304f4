"""A factorization without eigenvectors: enough for GCV and coefficients, at a quarter of the cost.

Householder reflections Q make the Gram matrix tridiagonal, ``G = Q T Q'`` (LAPACK's sytrd).  The
eigenvalues of T give traces; systems with ``T + alpha`` take a few operations a row.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import lapack

from sk_renorm._linalg.blocks import CentredData
from sk_renorm._linalg.factorization import RESOLVED, Factorization

_GONE = 1e-13  # of the largest eigenvalue: a hundred roundings of the others
_SEEN = 1e-8  # of the largest eigenvalue: 1e8 times the rounding of the others
_LEFT = 1e-6  # share of the targets' power that a difference of two sums still knows


@dataclass(frozen=True)
class Tridiagonal:
    """A symmetric matrix as ``Q T Q'``.

    Attributes
    ----------
    diagonal, beside : ndarray of shape (m,), (m - 1,)
        Of T.
    reflectors, scales : ndarray of shape (m - 1, m - 1), (m - 1,)
        Of Q, as LAPACK keeps them.
    """

    diagonal: np.ndarray
    beside: np.ndarray
    reflectors: np.ndarray
    scales: np.ndarray

    @classmethod
    def of(cls, lower: np.ndarray) -> "Tridiagonal":
        """Reduce the lower triangle of a Fortran-ordered matrix (m, m), which is overwritten."""
        work = int(lapack.dsytrd_lwork(len(lower), lower=1)[0])
        reduced, *parts, _ = lapack.dsytrd(lower, lower=1, lwork=work, overwrite_a=1)
        diagonal, beside, scales = parts
        return cls(diagonal, beside, np.asfortranarray(reduced[1:, :-1]), scales)

    def eigenvalues(self) -> np.ndarray:
        """Return the eigenvalues (m,), ascending, clipped at zero."""
        values, info = lapack.dsterf(self.diagonal, self.beside)
        if info:
            raise np.linalg.LinAlgError("eigenvalues of a tridiagonal matrix did not converge")
        return np.maximum(values, 0.0)

    def multiply(self, B: np.ndarray, *, transpose: bool = False) -> np.ndarray:
        """Return ``Q B``, or ``Q' B``, for ``B`` (m, q)."""
        result = np.array(B, dtype=np.float64)
        args = "L", "T" if transpose else "N", self.reflectors, self.scales
        inner = np.asfortranarray(result[1:])
        work = int(lapack.dormqr(*args, inner, lwork=-1)[1][0])
        result[1:] = lapack.dormqr(*args, inner, lwork=work)[0]
        return result

    def solve(self, alpha: float, B: np.ndarray) -> np.ndarray:
        """Return ``(T + alpha)^-1 B`` (m, q); NaN if ``T + alpha`` is not definite."""
        diagonal, beside, failed = lapack.dpttrf(self.diagonal + alpha, self.beside)
        if failed:  # rounding has left it indefinite
            return np.full(B.shape, np.nan)
        return lapack.dpttrs(diagonal, beside, B)[0]


@dataclass(frozen=True)
class TridiagonalFactorization(Factorization):
    """A `Factorization` whose ``vectors`` are `Tridiagonal`: it knows no rows left out.

    If the Gram matrix is that of the rows, which modes explain in full, ``projections`` (m, q) are
    ``Q' Y~``; else they are ``Q' X~' Y~``, and ``power`` (q,) is the squared length of the targets.
    ``to_features`` brings what the Gram matrix multiplies (m, q) to coefficients (p, q).

    Where rounding of the Gram matrix is as large as its weakest modes, penalties from
    ``known_from`` on do not see it; weaker ones are roughly told.
    """

    of_rows: bool = False
    power: np.ndarray | None = None
    known_from: float = 0.0
    leaves_rows_out = False
    to_features: Callable[[np.ndarray], np.ndarray] = np.asarray

    @property
    def participation(self) -> np.ndarray:
        """No row is left out by what this is for: gaps are gaps."""
        return np.ones(self.rank)

    def shrunk(self, penalties: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        residual = np.empty((len(penalties), self.n_targets))
        for row, alphas in enumerate(penalties):
            for alpha, some in self._by_penalty(alphas):
                b = self.projections[:, some]
                w = self.vectors.solve(alpha, b)
                if self.of_rows:
                    residual[row, some] = np.square(w).sum(axis=0)
                else:
                    explained = (w * (b + alpha * w)).sum(axis=0)
                    residual[row, some] = np.maximum(self.power[some] - explained, 0.0)
        gains = (1.0 / (self.eigenvalues[:, None, None] + penalties)).sum(axis=0)
        spare = self.n_modes - self.rank
        if self.of_rows and spare == 0.0:  # a common factor alpha drops out
            return residual, gains
        if self.of_rows:
            residual *= np.square(penalties)
        return residual, spare + penalties * gains

    def coefficients(self, alpha: float | np.ndarray) -> np.ndarray:
        solution = np.empty(self.projections.shape)
        for value, some in self._by_penalty(np.atleast_1d(alpha)):
            solution[:, some] = self.vectors.solve(value, self.projections[:, some])
        return self.to_features(self.vectors.multiply(solution))

    def _by_penalty(self, alphas: np.ndarray) -> Iterator[tuple[float, slice]]:
        """Yield penalties (1,) or (q,), each with its targets."""
        if len(alphas) == 1:
            yield alphas[0], slice(None)
            return
        for target, alpha in enumerate(alphas):
            yield alpha, slice(target, target + 1)


def tridiagonal_factorization(
    data: CentredData,
    lower: np.ndarray,
    B: np.ndarray,
    are_alike: Callable[[], bool],
    **known,
) -> TridiagonalFactorization | None:
    """Factorize without eigenvectors, or return None where it takes them to be sure.

    ``lower`` is the lower triangle of a Gram matrix in Fortran order, which is overwritten; ``B``
    is what it is to solve; ``are_alike`` says whether columns are of like scale, without which
    weak modes are not small; ``known`` are further fields.
    """
    vectors = Tridiagonal.of(lower)
    eigenvalues = vectors.eigenvalues()
    largest = eigenvalues[-1]
    if not eigenvalues[0] > _GONE * largest:  # nothing, or modes of which rounding has left nothing
        return None
    # some modes may be lost in rounding
    known_from = 0.0 if eigenvalues[0] > RESOLVED * largest else _SEEN * largest
    if known_from and not are_alike():
        return None
    f = TridiagonalFactorization(
        name="tridiagonal",
        data=data,
        eigenvalues=eigenvalues,
        projections=vectors.multiply(B, transpose=True),
        null_power=np.zeros(B.shape[1]),
        vectors=vectors,
        left_error=np.full(len(eigenvalues), np.nan),
        known_from=known_from,
        **known,
    )
    if f.of_rows:
        return f
    (least,), _ = f.shrunk(np.full((1, 1), known_from))
    return replace(f, null_power=least) if np.all(least > _LEFT * f.power) else None
