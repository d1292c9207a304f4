"""Krylov spaces of large data: from the targets for the fit, from random vectors for traces.

Lanczos' recurrence for the Gram matrix A of the shorter side, started from a vector s, gives
``s' f(A) s`` as a sum over few nodes, and ``(A + alpha)^-1 s`` from a basis of as many vectors, for
every penalty at once.  With s of random signs the mean of the first is the trace of f(A) (Golub
and Meurant 2010; Ubaru, Chen and Saad 2017).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg

from sk_renorm._linalg.threads import one_blas_thread

_EPS = np.finfo(float).eps

Operator = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class KrylovSpace:
    """What some steps of the recurrence know of A and of its start vector.

    Attributes
    ----------
    nodes : ndarray of shape (k,)
        Eigenvalues of A in the space, none below zero.
    rotation : ndarray of shape (k, k)
        Eigenvectors there.
    length : float
        Length of the start vector.
    basis : ndarray of shape (k, m) or None
        The space; None where it was not kept.
    """

    nodes: np.ndarray
    rotation: np.ndarray
    length: float
    basis: np.ndarray | None

    @property
    def weights(self) -> np.ndarray:
        """Components (k,) of the start vector: their squares are the weights of the nodes."""
        return self.length * self.rotation[0]

    def coordinates(self, alphas: np.ndarray) -> np.ndarray:
        """Return approximations of ``(A + alpha)^-1 s`` in the basis: (k, L)."""
        return self.rotation @ (self.weights[:, None] / (self.nodes[:, None] + alphas))

    def solve(self, alphas: np.ndarray) -> np.ndarray:
        """Return approximations (m, L) of ``(A + alpha)^-1 s``."""
        return self.basis.T @ self.coordinates(alphas)


class Lanczos:
    """The recurrence for several start vectors side by side; goes on where it stopped.

    Parameters
    ----------
    operator : callable
        Product of A (m, m) with a block of vectors (m, c).
    starts : ndarray of shape (m, c)
        Start vectors.
    n_kept, n_orthogonal : int
        How many of the first ones keep their bases, and of these are kept orthogonal.  Sums over
        nodes do not need it: what rounding brings back only splits nodes.
    """

    def __init__(self, operator: Operator, starts: np.ndarray, n_kept: int, n_orthogonal: int):
        self._operator = operator
        self._lengths = np.linalg.norm(starts, axis=0)
        self._current = _normalized(starts, self._lengths)
        self._previous = np.zeros_like(starts)
        self._n_orthogonal = n_orthogonal
        self._bases = np.empty((n_kept, 0, len(starts)))
        self._diagonal: list[np.ndarray] = []
        self._beside: list[np.ndarray] = [np.zeros(starts.shape[1])]

    @property
    def n_steps(self) -> int:
        """Steps made so far."""
        return len(self._diagonal)

    def extend(self, n_steps: int) -> None:
        """Go on to ``n_steps`` steps."""
        more = np.empty((len(self._bases), n_steps - self.n_steps, len(self._current)))
        self._bases = np.concatenate([self._bases, more], axis=1)
        with one_blas_thread():
            for step in range(self.n_steps, n_steps):
                self._step(step)

    def _step(self, step: int) -> None:
        q = self._current
        self._bases[:, step] = q[:, : len(self._bases)].T
        following = self._operator(q)
        self._diagonal.append(np.einsum("ij,ij->j", following, q))
        following -= self._diagonal[-1] * q + self._beside[-1] * self._previous
        for column in range(self._n_orthogonal):
            basis = self._bases[column, : step + 1]
            following[:, column] -= (basis @ following[:, column]) @ basis
        beside = np.linalg.norm(following, axis=0)
        exhausted = beside <= 64.0 * _EPS * np.max(self._diagonal, axis=0)
        beside[exhausted] = 0.0
        self._current, self._previous = _normalized(following, beside), q
        self._beside.append(beside)

    def space(self, column: int, n_steps: int) -> KrylovSpace:
        """Return the space of one start vector after the first ``n_steps`` steps."""
        diagonal = np.array([values[column] for values in self._diagonal[:n_steps]])
        beside = np.array([values[column] for values in self._beside[1:n_steps]])
        # small, and LAPACK's faster driver may not converge where scales differ much
        nodes, rotation = scipy.linalg.eigh_tridiagonal(diagonal, beside, lapack_driver="stev")
        basis = self._bases[column, :n_steps] if column < len(self._bases) else None
        return KrylovSpace(np.maximum(nodes, 0.0), rotation, float(self._lengths[column]), basis)


def _normalized(columns: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return columns of length one, or zeros: a space that is exhausted ends its recurrence."""
    return columns * np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0.0)
