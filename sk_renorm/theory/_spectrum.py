"""Population spectra: what the theory knows about a problem, and all it needs to know.

Conventions: ``x`` has zero mean and covariance ``Sigma`` (p x p) with eigenvalues ``eta_k``; the
target is ``y = w.x + noise``.  In the eigenbasis of ``Sigma`` the signal is the vector of
coefficients ``w_k``; mode ``k`` carries the target power ``eta_k w_k**2``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sk_renorm.theory._arguments import (
    LARGEST,
    FloatArray,
    finite_array,
    nonnegative,
    number,
    vector,
)


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Eigenvalues of the population covariance, and the target along its eigenvectors.

    Parameters
    ----------
    eigenvalues : array_like of shape (p,)
        Eigenvalues ``eta_k >= 0``, in any order; at least one is positive.
    signal : array_like of shape (p,), default=None
        Coefficients ``w_k`` of the target, in the same order; None means no signal.
    basis : array_like of shape (p, p), default=None
        Eigenvectors in columns, in the coordinates of the features; None means that the features
        are the eigen-coordinates.
    unexplained : float, default=0.0
        Target power that lies on no mode.  It cannot be learned and acts as label noise: the risk
        functions add it to `noise_variance`.
    tail : float, default=0.0
        Total variance (trace) of infinitely many infinitesimal eigenvalues without signal.  It adds
        ``tail / kappa`` to ``df1``, nothing to ``df2``, and so acts as an extra ridge ``tail / n``.

    Raises
    ------
    ValueError
        If the eigenvalues are negative, all zero or out of range, or the shapes do not match.

    References
    ----------
    Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2405.00592.

    Examples
    --------
    >>> from sk_renorm.theory import Spectrum
    >>> spectrum = Spectrum([4.0, 1.0], signal=[1.0, -2.0])
    >>> spectrum.n_features, float(spectrum.signal_power.sum())
    (2, 8.0)
    """

    eigenvalues: FloatArray
    signal: FloatArray = None  # type: ignore[assignment]  # None is replaced by zeros below
    basis: FloatArray | None = None
    unexplained: float = 0.0
    tail: float = 0.0

    def __post_init__(self) -> None:
        eigenvalues = nonnegative("eigenvalues", self.eigenvalues)
        if eigenvalues.ndim != 1 or not (eigenvalues > 0.0).any():
            raise ValueError("eigenvalues must be a vector with at least one positive entry.")
        if ((eigenvalues > 0.0) & (eigenvalues < 1.0 / LARGEST)).any():
            raise ValueError(f"eigenvalues must be zero or at least {1.0 / LARGEST:g}.")
        p = len(eigenvalues)
        signal = np.zeros(p) if self.signal is None else vector("signal", self.signal, p)
        self._store("eigenvalues", eigenvalues)
        self._store("signal", signal)
        if self.basis is not None:
            basis = finite_array("basis", self.basis)
            if basis.shape != (p, p) or not np.allclose(basis.T @ basis, np.eye(p), atol=1e-8):
                raise ValueError(f"basis must be an orthogonal matrix of shape ({p}, {p}).")
            self._store("basis", basis)
        for name in ("unexplained", "tail"):
            object.__setattr__(self, name, number(name, getattr(self, name)))

    def _store(self, name: str, array: FloatArray) -> None:
        own = np.array(array)  # the caller's array stays writable, ours does not
        own.setflags(write=False)
        object.__setattr__(self, name, own)

    @property
    def n_features(self) -> int:
        """Number of features p, those without variance included."""
        return len(self.eigenvalues)

    @property
    def rank(self) -> int:
        """Number of positive eigenvalues."""
        return int(np.count_nonzero(self.eigenvalues))

    @property
    def trace(self) -> float:
        """Total variance of the features, the tail included."""
        return float(self.eigenvalues.sum() + self.tail)

    @property
    def signal_power(self) -> FloatArray:
        """Target power ``eta_k w_k**2`` of each mode, shape (p,)."""
        return self.eigenvalues * self.signal**2

    @property
    def coefficients(self) -> FloatArray:
        """Coefficients ``w`` in the coordinates of the features, shape (p,)."""
        return self.signal if self.basis is None else self.basis @ self.signal


def as_spectrum(spectrum: "Spectrum | ArrayLike") -> Spectrum:
    """Return a Spectrum; a bare array holds eigenvalues and has no signal."""
    return spectrum if isinstance(spectrum, Spectrum) else Spectrum(np.asarray(spectrum))
