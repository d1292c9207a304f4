"""Spectrum: what every reduction of rows can say, whether or not it can leave single rows out."""

from typing import Protocol, runtime_checkable

import numpy as np

from sk_renorm._linalg.limit import Limit


@runtime_checkable
class Spectrum(Protocol):
    """Centred, weighted rows ``X~ = U diag(sqrt(s)) V'`` with targets ``Y~``, as far as traces go.

    Penalties have shape (L, 1), or (L, q) for one of each target; everything is in the sum
    convention of scikit-learn's ``alpha``.  A `Factorization` knows rows too, and leaves them out.

    Attributes
    ----------
    name, reason : str
        What was made of the rows, and why.
    data : CentredRows
        The rows, or what is known of them.
    eigenvalues : ndarray of shape (r,)
        ``s``, ascending; of Krylov spaces nodes that stand for them.
    multiplicity : ndarray of shape (r,), or 1.0
        How often each counts in a trace.
    trace_weights : ndarray of shape (r, b) or None
        The same by each of b random vectors; None where traces are exact.
    null_power : ndarray of shape (q,) or None
        Squared length of the targets that no mode explains; None where it is not known.
    resolution : float
        Smallest penalty whose results can be told from those of alpha = 0.
    known_from : float
        Smallest penalty whose results are right; weaker ones are roughly told.
    limit : Limit or None
        Why it resolves no smaller ones, where that is to be told.
    is_rough : bool
        Whether the eigenvalues are too rough to convert penalties.
    leaves_rows_out : bool
        Whether it knows the leverages of the rows at hand.
    participation : ndarray of shape (r,)
        Share of the rows that each mode is made of; ones if no row is left out, zeros if not all
        rows are at hand.
    rank : float
        Number of modes.
    n_targets : int
        Number of targets, q.
    n_modes : float
        Sum of the weights less the intercept's one: all modes, in the sense of traces.
    """

    name: str
    reason: str
    resolution: float
    known_from: float
    limit: Limit | None
    multiplicity: np.ndarray | float
    trace_weights: np.ndarray | None
    null_power: np.ndarray | None
    leaves_rows_out: bool

    @property
    def data(self): ...

    @property
    def eigenvalues(self) -> np.ndarray: ...

    @property
    def is_rough(self) -> bool: ...

    @property
    def participation(self) -> np.ndarray: ...

    @property
    def rank(self) -> float: ...

    @property
    def n_targets(self) -> int: ...

    @property
    def n_modes(self) -> float: ...

    def trace(self, shares: np.ndarray) -> np.ndarray:
        """Return the sum (K,) over modes of their ``shares`` (r, K)."""

    def shrunk(self, penalties: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the squared length of the residuals (L, q), and modes less degrees of freedom.

        Where modes explain all rows both vanish with alpha, and common factors may be left out.
        """

    def coefficients(self, alpha: float | np.ndarray) -> np.ndarray:
        """Return ridge coefficients (p, q) at one penalty, or at one for each target (q,)."""
