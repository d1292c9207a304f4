"""S-transforms: how a multiplicative noise renormalizes the ridge.

Conventions: a noisy covariance ``Sigma * B`` (B free of Sigma, a product symmetric on paper only)
acts like Sigma with another ridge,

    ridge (Sigma * B + ridge)^-1  ~  kappa (Sigma + kappa)^-1,     kappa = ridge * S_B(df1(kappa)).

Noises multiply, and so do their S-transforms.  Here S is a function of ``df1``, an unnormalized
trace (p times the papers' df; Voiculescu's variable is ``-df1 / p``).  ``S`` increases with ``df1``
and diverges at ``max_df``, the largest ``df1`` that the noise lets through: the number of samples,
or of features.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sk_renorm.theory._arguments import (
    FloatArray,
    nonnegative,
    number,
    positive,
)
from sk_renorm.theory._degrees_of_freedom import spectral_sums
from sk_renorm.theory._newton import kappa_at_df1


def _slope(
    value: Callable[[FloatArray], FloatArray], df1: FloatArray, max_df: FloatArray
) -> FloatArray:
    """Return d ln S / d df1 by central differences of fourth order, accurate to about 1e-10."""
    h = 1e-3 * np.minimum(df1, max_df - df1)

    def log_s(shift: float) -> FloatArray:
        return np.log(value(df1 + shift * h))

    return (8.0 * (log_s(1.0) - log_s(-1.0)) - (log_s(2.0) - log_s(-2.0))) / (12.0 * h)


@dataclass(frozen=True, eq=False)
class STransform:
    """An S-transform as a function of degrees of freedom; products of them multiply.

    Parameters
    ----------
    value : callable
        ``value(df1) -> S``, elementwise on arrays of ``0 < df1 < max_df``; positive, not
        decreasing.
    log_derivative : callable, default=None
        ``log_derivative(df1) -> d ln S / d df1``.  None differentiates `value` numerically.
    max_df : array_like, default=inf
        Where S diverges.  An array broadcasts against df1 (a family of S-transforms).

    Raises
    ------
    ValueError
        If `max_df` is not positive.

    References
    ----------
    Voiculescu (1987); Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2405.00592.

    Examples
    --------
    >>> from sk_renorm.theory import STransform, gaussian_features, white_wishart
    >>> both = white_wishart(200) * gaussian_features(50)
    >>> float(both(25.0)), float(both.max_df)
    (2.2857142857142856, 50.0)
    >>> mine = STransform(lambda df1: 1 / (1 - df1 / 200), max_df=200)
    >>> float(mine(25.0) * mine.log_derivative(25.0).round(9))
    0.006530612...
    """

    value: Callable[[FloatArray], FloatArray]
    log_derivative: Callable[[FloatArray], FloatArray] = None  # type: ignore[assignment]
    max_df: ArrayLike = np.inf

    def __post_init__(self) -> None:
        if not callable(self.value):
            raise TypeError("value must be a function of df1.")
        object.__setattr__(self, "max_df", positive("max_df", self.max_df))
        if self.log_derivative is None:
            value, end = self.value, self.max_df
            object.__setattr__(self, "log_derivative", lambda df1: _slope(value, df1, end))

    def __call__(self, df1: ArrayLike) -> FloatArray:
        """Return S at ``df1``; infinite at ``max_df``."""
        df1 = nonnegative("df1", df1)
        if (df1 > self.max_df).any():
            raise ValueError(f"df1 must not exceed max_df = {np.min(self.max_df):g}.")
        with np.errstate(divide="ignore"):
            return np.asarray(self.value(df1))[()]

    def __mul__(self, other: "STransform") -> "STransform":
        """Return the S-transform of the free product of two noises."""
        if not isinstance(other, STransform):
            return NotImplemented
        return STransform(
            lambda df1: self.value(df1) * other.value(df1),
            lambda df1: self.log_derivative(df1) + other.log_derivative(df1),
            np.minimum(self.max_df, other.max_df),
        )


def _inverse_of_one_minus(width: FloatArray) -> STransform:
    return STransform(lambda df1: 1.0 / (1.0 - df1 / width), lambda df1: 1.0 / (width - df1), width)


def white_wishart(n_samples: ArrayLike) -> STransform:
    """Return ``S = 1 / (1 - df1 / n)``, of the sample covariance ``Z'Z / n`` of n independent rows.

    Parameters
    ----------
    n_samples : array_like
        Number of samples n.

    Returns
    -------
    STransform
        With ``max_df = n``.

    Raises
    ------
    ValueError
        If `n_samples` is not positive.

    Examples
    --------
    >>> from sk_renorm.theory import white_wishart
    >>> float(white_wishart(100)(50.0))
    2.0
    """
    return _inverse_of_one_minus(positive("n_samples", n_samples))


def gaussian_features(n_features: ArrayLike) -> STransform:
    """Return ``S = 1 / (1 - df1 / N)``, of ``F F'`` with F (p x N) of variance ``1 / N``.

    Deep linear features, ``F = F_1 F_2 ...`` with entries of variance one over each layer's width,
    are products: ``gaussian_features(N_1) * gaussian_features(N_2)``.

    Parameters
    ----------
    n_features : array_like
        Number of features N.

    Returns
    -------
    STransform
        With ``max_df = N``.

    Raises
    ------
    ValueError
        If `n_features` is not positive.

    Examples
    --------
    >>> from sk_renorm.theory import gaussian_features
    >>> float((gaussian_features(100) * gaussian_features(200))(50.0).round(6))
    2.666667
    """
    return _inverse_of_one_minus(positive("n_features", n_features))


def orthogonal_features(n_features: ArrayLike, n_inputs: int) -> STransform:
    """Return ``S = (1 - df1/p) / (1 - df1/N)``, of ``F F' = (p/N) x projection`` on N directions.

    The factor p/N makes the mean of ``F F'`` the identity, as for Gaussian features.

    Parameters
    ----------
    n_features : array_like
        Number of random orthogonal directions N, at most p.
    n_inputs : int
        Dimension p that the directions live in: the spectrum's number of features.

    Returns
    -------
    STransform
        With ``max_df = N``.

    Raises
    ------
    ValueError
        If `n_features` is not positive or exceeds `n_inputs`.

    Examples
    --------
    >>> from sk_renorm.theory import orthogonal_features
    >>> float(orthogonal_features(100, 200)(50.0))
    1.5
    """
    width, p = positive("n_features", n_features), number("n_inputs", n_inputs)
    if (width > p).any():
        raise ValueError("n_features must not exceed n_inputs: there are no more directions.")
    # 1/(N - df1) - 1/(p - df1), in a form that is 0 for N = p also at df1 = p
    share = np.where(width < p, (p - width) / p, 0.0)

    def value(df1: FloatArray) -> FloatArray:
        full = np.where(width < p, df1, 0.0)
        return (1.0 - full / p) / (1.0 - full / width)

    def log_derivative(df1: FloatArray) -> FloatArray:
        full = np.where(width < p, df1, 0.0)
        return share / (1.0 - full / p) / (width - full)

    return STransform(value, log_derivative, width)


def structured_features(eigenvalues: ArrayLike) -> STransform:
    """Return S of ``F F'``, ``F = Z diag(eigenvalues)**0.5 / sqrt(N)``, with N eigenvalues.

    Parameters
    ----------
    eigenvalues : array_like of shape (N,)
        Spectrum of the features' covariance.

    Returns
    -------
    STransform
        ``S = N / (df1 kappa_F)`` where ``df1 = sum eigenvalues / (eigenvalues + kappa_F)``.

    Raises
    ------
    ValueError
        If the eigenvalues are negative or all zero.

    Notes
    -----
    One root in kappa_F per value, O(N) each Newton step.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_renorm.theory import structured_features
    >>> float(structured_features(np.ones(100))(50.0).round(12))  # white: gaussian_features(100)
    2.0
    """
    return from_eigenvalues(vector_of_eigenvalues("eigenvalues", eigenvalues))


def vector_of_eigenvalues(name: str, eigenvalues: ArrayLike) -> FloatArray:
    """Return a vector of nonnegative numbers, at least one of them positive."""
    values = nonnegative(name, eigenvalues)
    if values.ndim != 1 or not (values > 0.0).any():
        raise ValueError(f"{name} must be a vector with at least one positive eigenvalue.")
    return values


def from_eigenvalues(values: FloatArray) -> STransform:
    """S-transform of ``Z diag(values) Z' / len(values)``; d ln S = d df1 (1/lag - 1/df1)."""
    size, total = len(values), values.sum()

    def value(df1: FloatArray) -> FloatArray:
        positive_df = np.where(df1 > 0.0, df1, 1.0)
        s = size / (positive_df * kappa_at_df1(values, positive_df))
        return np.where(df1 > 0.0, s, size / total)

    def log_derivative(df1: FloatArray) -> FloatArray:
        df1 = np.asarray(df1)
        kappa = kappa_at_df1(values, df1)
        (lag,) = spectral_sums(values, kappa, (None, 1, 1))
        return 1.0 / lag - 1.0 / df1

    return STransform(value, log_derivative, float(np.count_nonzero(values)))
