"""What every rival offers: one meaning of alpha, and a sentence on what it cannot do."""

from typing import ClassVar

import numpy as np

from benchmarks._data import ALPHAS


class Rival:
    """A ridge regression that another library tunes, in scikit-learn's convention.

    It minimizes ``||y - X w - b||^2 + alpha ||w||^2`` with a free intercept b: ``alphas`` are given
    and ``alpha_`` is returned so.  The docstring of each rival says what its library calls alpha,
    and what it does to X and to several targets.  The library is imported by ``make``.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,), default=None
        Penalties to choose from; None for those of the class.

    Attributes
    ----------
    alpha_ : float or ndarray of shape (n_targets,)
        The penalty chosen.
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients.
    """

    name: ClassVar[str]
    package: ClassVar[str]  # that is installed, whose version is reported
    default_alphas: ClassVar = ALPHAS  # empty if the rival needs none
    fits_per_alpha: ClassVar[int] = 0  # if that is all it does: few penalties then stand for many
    fits_at_end: ClassVar[int] = 0

    def __init__(self, alphas=None):
        self.alphas = np.asarray(self.default_alphas if alphas is None else alphas, dtype=float)

    def cannot(self, n: int, p: int, q: int) -> str:
        """Return why it cannot fit data of this shape, or nothing."""
        return ""

    def make(self, n: int, p: int, q: int):
        """Return the library's estimator."""
        raise NotImplementedError

    def fit(self, X, y):
        """Tune and fit."""
        self.model_ = self.make(*X.shape, 1 if y.ndim == 1 else y.shape[1]).fit(X, y)
        return self

    def predict(self, X):
        """Return predictions."""
        return self.model_.predict(X)

    @property
    def alpha_(self):
        return self.model_.alpha_

    @property
    def coef_(self):
        return self.model_.coef_

    def work(self, n_alphas: int) -> int:
        """Return the number of untuned fits that a search over ``n_alphas`` makes."""
        return self.fits_per_alpha * n_alphas + self.fits_at_end
