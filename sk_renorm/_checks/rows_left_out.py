"""RowsLeftOut: what a fit knows of its rows, each left out alone."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sk_renorm._linalg import CentredData, Factorization

_ROUNDING = 1e-20  # of the power of the targets: squared errors below are rounding


@dataclass(frozen=True)
class RowsLeftOut:
    """Leave-one-out at the penalty chosen.

    Attributes
    ----------
    f : Factorization
        Of the rows.
    targets, errors : ndarray of shape (n, q)
        Theirs, in the unit of y.
    slack : ndarray of shape (n, 1) or (n, q)
        One minus the leverages, the intercept's share included; of each target's penalty, if they
        differ.
    alpha : ndarray of shape (1,) or (q,)
        The penalties.
    in_risk : ndarray of shape (n,)
        Weights of the squared errors in the risk.
    """

    f: Factorization
    targets: np.ndarray
    errors: np.ndarray
    slack: np.ndarray
    alpha: np.ndarray
    in_risk: np.ndarray

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.errors)

    @property
    def rows(self) -> CentredData:
        """The rows in their features, whatever the model is linear in."""
        return self.f.data.as_features

    @property
    def weights(self) -> np.ndarray:
        """Sample weights (n,)."""
        root = self.f.data.root_weight
        return np.ones(self.n) if root is None else np.square(root)

    @cached_property
    def power(self) -> float:
        """Weighted sum of squared errors; zero if they are but rounding."""
        power, size = (self.in_risk @ np.square(a).sum(axis=1) for a in (self.errors, self.targets))
        return float(power) if power > _ROUNDING * size else 0.0

    def growth(self, rows: np.ndarray | slice, errors: np.ndarray, scale: float = 1.0) -> float:
        """Return how many times larger the risk is if ``rows`` have other ``errors`` (m, q).

        They stand for ``scale`` times as many.
        """
        if not self.power:
            return 1.0
        more = np.square(errors) - np.square(self.errors[rows])
        return 1.0 + scale * float(self.in_risk[rows] @ more.sum(axis=1)) / self.power
