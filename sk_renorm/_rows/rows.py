"""TrainingData: rows, targets and weights of a fit, checked."""

from dataclasses import dataclass, replace

import numpy as np

from sk_renorm._linalg import Device

_SMALL = 2.0**-100  # a size of y: below, and above its inverse, y gets units of its own


@dataclass(frozen=True)
class TrainingData:
    """Checked data of a fit.

    Attributes
    ----------
    X : ndarray, csr_array, or array on a device, of shape (n, p), float64 or float32
        Never modified.
    Y : ndarray of shape (n, q), float64
        Targets as columns.
    weights : ndarray of shape (n,), float64, or None
        Positive weights; None where all are one.
    y : ndarray of shape (n,) or (n, q), float64
        Targets in the shape given.
    kept : ndarray of shape (n_given,), bool, or None
        Rows of positive weight, if others were dropped.
    X_dropped : ndarray of shape (n_given - n, p) or None
        The others.
    place : Device or None
        Where X lives; None for numpy.
    risk_weights : ndarray of shape (n,) or None
        Further weights that count in the risk alone; None where all are alike.
    unit : ndarray of shape (1,) or (q,), or 1.0
        What the values of y are multiples of, see `in_units_of`.
    """

    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray | None
    y: np.ndarray
    kept: np.ndarray | None = None
    X_dropped: np.ndarray | None = None
    place: Device | None = None
    risk_weights: np.ndarray | None = None
    unit: np.ndarray | float = 1.0

    is_in_blocks = False  # and let go: see `BlockRows`

    @property
    def dtype(self) -> np.dtype:
        """Precision of X."""
        if self.place is None:
            return self.X.dtype
        return np.dtype("f4" if self.X.dtype == self.place.xp.float32 else "f8")

    @property
    def weights_in_risk(self) -> np.ndarray | None:
        """How much each row counts in the risk (n,): the product of its weights."""
        given = [w for w in (self.weights, self.risk_weights) if w is not None]
        return np.prod(given, axis=0) if given else None

    @property
    def mean_weight(self) -> float:
        """Mean of the weights."""
        return 1.0 if self.weights is None else float(self.weights.mean())

    @property
    def target_variance(self) -> np.ndarray:
        """Weighted variance of each target (q,)."""
        mean = np.average(self.Y, axis=0, weights=self.weights)
        power = np.average(np.square(self.Y - mean), axis=0, weights=self.weights)
        return power * len(self.Y) / (len(self.Y) - 1.0)

    @property
    def target_sizes(self) -> np.ndarray:
        """Largest absolute value of each target (q,)."""
        return np.maximum(self.Y.max(axis=0), -self.Y.min(axis=0))

    def in_units_of(self, size: np.ndarray) -> "TrainingData":
        """Return the same data with y in units of its ``size`` (1,) or (q,), if extraordinary.

        Error bars take fourth powers of y, which leave the range of floating point long before y
        does.  Units are powers of two, by which nothing is rounded; each target has its own if each
        has its own penalty.
        """
        ordinary = (size == 0.0) | ((size > _SMALL) & (size < 1.0 / _SMALL))
        if ordinary.all():
            return self
        unit = np.where(ordinary, 1.0, np.ldexp(0.5, np.frexp(size)[1]))
        Y = self.Y / unit
        return replace(self, Y=Y, y=Y.reshape(self.y.shape), unit=unit)

    def given_rows(self, rows) -> tuple[int, ...]:
        """Return the numbers that ``rows`` of the fit had among all rows given."""
        rows = np.asarray(rows)
        rows = rows if self.kept is None else np.flatnonzero(self.kept)[rows]
        return tuple(rows.tolist())

    def all_rows(self, values: np.ndarray, dropped: np.ndarray | float) -> np.ndarray:
        """Put ``values`` (n, ...) in the order of all rows given, ``dropped`` for the others."""
        if self.kept is None:
            return values
        full = np.empty((len(self.kept), *values.shape[1:]), dtype=values.dtype)
        full[self.kept], full[~self.kept] = values, dropped
        return full
