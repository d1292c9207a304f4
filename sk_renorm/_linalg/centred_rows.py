"""CentredRows: what a Factorization asks of its rows, whatever a model of them is linear in."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from sk_renorm._linalg.threads import enough_rows, map_ranges


@dataclass(frozen=True)
class CentredRows(ABC):
    """Weighted rows ``X~`` less their mean, in the space that a model is linear in, and ``Y~``.

    That space has coordinates, in which coefficients are: those of `CentredData` are the columns of
    X.  A new storage is a subclass with what is abstract here, and a reduction to a
    `Factorization`.

    Attributes
    ----------
    X : array of shape (n, p) or None
        The rows as given; None where only moments are known, as are ``targets`` and ``constant``.
        Only some of the rows after ``holding``.
    targets : ndarray of shape (n, q) or None
        ``Y~ = sqrt(w) (Y - y_mean)``.
    constant : ndarray of shape (n,) or None
        The intercept's unit vector ``sqrt(w / sum w)``; zeros without an intercept.
    root_weight : ndarray of shape (n,) or None
        Square roots of the sample weights; None where all are one.
    y_mean : ndarray of shape (q,)
        Weighted mean; zeros without an intercept.
    total_weight : float
        Sum of the weights: the number of rows where there are none.
    n_rows : int
        Number of rows of the fit, all of positive weight.
    fit_intercept : bool
        Whether the mean is a fitted direction.
    """

    X: np.ndarray | None
    targets: np.ndarray | None
    constant: np.ndarray | None
    root_weight: np.ndarray | None
    y_mean: np.ndarray
    total_weight: float
    n_rows: int
    fit_intercept: bool

    @staticmethod
    def centring(
        X: np.ndarray,
        Y: np.ndarray,
        weights: np.ndarray | None,
        fit_intercept: bool,
        y_mean: np.ndarray,
        y_low: np.ndarray | None = None,
    ) -> dict:
        """Return the fields of this class; ``y_low`` (q,) is what ``y_mean`` has lost."""
        n = len(Y)
        root = None if weights is None else np.sqrt(weights)
        total_weight = float(n) if weights is None else float(weights.sum())
        targets = Y - y_mean
        if y_low is not None:
            targets -= y_low
        if root is not None:
            targets *= root[:, None]
        direction = np.ones(n) if root is None else root
        return {
            "X": X,
            "targets": targets,
            "constant": fit_intercept * direction / np.sqrt(total_weight),
            "root_weight": root,
            "y_mean": y_mean,
            "total_weight": total_weight,
            "n_rows": n,
            "fit_intercept": fit_intercept,
        }

    @property
    def is_at_hand(self) -> bool:
        """Whether all rows are in memory."""
        return self.X is not None and self.X.shape[0] == self.n_rows

    @property
    @abstractmethod
    def width(self) -> int:
        """Number of coordinates, by which blocks of rows are sized."""

    @property
    @abstractmethod
    def most_df(self) -> float:
        """Degrees of freedom that no model has more of, whatever the number of rows."""

    @property
    @abstractmethod
    def as_features(self) -> "CentredRows":
        """The same rows in the features that they came in, where copies and orders are seen."""

    @abstractmethod
    def intercepts(self, coef: np.ndarray) -> np.ndarray:
        """Return the intercepts (q,) that go with coefficients (k, q)."""

    @abstractmethod
    def predictions(self, X, coef: np.ndarray) -> np.ndarray:
        """Return predictions (m, q) of new rows (m, p) by coefficients (k, q)."""

    @abstractmethod
    def centred(self, X) -> np.ndarray:
        """Return coordinates (m, k) of a few new rows (m, p), dense, less the means."""

    @abstractmethod
    def inner_products(self, X_centred: np.ndarray) -> np.ndarray:
        """Return inner products (m, n) of new rows in coordinates (m, k) with the rows."""

    @abstractmethod
    def right_product(self, B: np.ndarray) -> np.ndarray:
        """Return ``X~' B`` (k, q) for ``B`` (n, q), as coefficients are."""

    @abstractmethod
    def has_own_column(self, row: int) -> bool:
        """Say whether all other rows are equal in some column, so that this row owns it."""

    def fingerprint(self) -> int:
        """Return a checksum of X, to notice that the caller has changed it or reordered its rows.

        The bits of each row are added up as integers, at the speed of memory.
        """
        bits = self.X.view(f"u{self.X.dtype.itemsize}")

        def over_range(start: int, stop: int) -> np.uint64:
            sums = bits[start:stop].sum(axis=1, dtype=np.uint64)
            return (sums * np.arange(start + 1, stop + 1, dtype=np.uint64)).sum()

        least = enough_rows(self.X.shape[1], read_once=True)
        return sum(map(int, map_ranges(over_range, self.n_rows, min_items=least))) % 2**64
