"""Data whose population is known, with the exact theory of that population.

Conventions: ``y = X w + noise``, inputs and noise have zero mean; theory uses the per-sample ridge
(scikit-learn's alpha divided by n) and a risk that contains the label noise.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sk_renorm.theory import (
    CorrelatedRisk,
    RidgeRisk,
    Spectrum,
    correlated_risk,
    ridge_risk,
)
from sk_renorm.theory._arguments import (
    FloatArray,
    count,
    number,
    psd_eigenvalues,
    symmetric_matrix,
    vector,
)

__all__ = ["Population", "make_spectral_regression"]

_DEGREES = 5.0  # of Student's t: heavy tails whose fourth moment, that the theory needs, is finite


@dataclass(frozen=True, eq=False)
class Population:
    """What is known about the population behind a draw.

    Parameters
    ----------
    n_samples : int
        Number of rows n of the draw.
    coefficients : ndarray of shape (p,)
        True coefficients, in the coordinates of X.
    spectrum : Spectrum
        Population spectrum with the signal.
    noise_variance : float
        Variance of the label noise.
    row_correlation : ndarray of shape (n, n) or None
        Correlation of the rows and of their noise; None if they are independent.
    """

    n_samples: int
    coefficients: FloatArray
    spectrum: Spectrum
    noise_variance: float
    row_correlation: FloatArray | None

    def ridge_risk(self, ridge: ArrayLike) -> RidgeRisk | CorrelatedRisk:
        """Return the exact population theory of ridge regression on a draw like this one.

        Parameters
        ----------
        ridge : array_like
            Penalty per sample; scikit-learn's alpha divided by n.  The fit has no intercept.

        Returns
        -------
        RidgeRisk or CorrelatedRisk
            The latter for correlated rows.
        """
        if self.row_correlation is None:
            return ridge_risk(self.spectrum, ridge, self.n_samples, self.noise_variance)
        return correlated_risk(self.spectrum, ridge, self.row_correlation, self.noise_variance)

    def conditional_risk(self, coefficients: ArrayLike) -> float:
        """Return the exact risk of given coefficients on fresh data, with the label noise.

        Parameters
        ----------
        coefficients : array_like of shape (p,)
            Coefficients of a fitted linear model without intercept.

        Returns
        -------
        float
            ``(v - w)' Sigma (v - w) + noise_variance``.
        """
        fitted = vector("coefficients", coefficients, len(self.coefficients))
        error, basis = fitted - self.coefficients, self.spectrum.basis
        error = error if basis is None else basis.T @ error
        return float(self.spectrum.eigenvalues @ error**2 + self.noise_variance)


def make_spectral_regression(
    n_samples: int,
    spectrum: Spectrum,
    *,
    noise_variance: float = 0.0,
    row_correlation: ArrayLike | None = None,
    distribution: str = "gaussian",
    rng: np.random.Generator | int | None = None,
) -> tuple[FloatArray, FloatArray, Population]:
    """Draw a regression problem with a known population spectrum, signal and noise.

    Conventions: the rows of X have covariance exactly ``spectrum``; their noise has variance
    `noise_variance` and is Gaussian.

    Parameters
    ----------
    n_samples : int
        Number of rows n.
    spectrum : Spectrum
        Population spectrum with its signal; without a tail and unexplained power, which no finite
        number of features can draw.
    noise_variance : float, default=0.0
        Variance of the label noise.
    row_correlation : array_like of shape (n, n), default=None
        Correlation matrix of the rows, with unit diagonal; the noise is correlated alike.  None
        draws independent rows.
    distribution : {"gaussian", "t", "rademacher"}, default="gaussian"
        Law of the independent entries of X in the eigenbasis: normal, Student's t with 5 degrees of
        freedom, or signs; all of unit variance.
    rng : numpy.random.Generator or int, default=None
        Generator or seed, as for `numpy.random.default_rng`.

    Returns
    -------
    X : ndarray of shape (n, p)
        Inputs.
    y : ndarray of shape (n,)
        Labels, with noise.
    population : Population
        Spectrum, coefficients and noise, with the exact theory of ridge regression.

    Raises
    ------
    ValueError
        If an argument is outside its domain or shapes do not match.

    Notes
    -----
    ``X = K**0.5 Z diag(eigenvalues)**0.5 V'``.  O(n p), plus O(p**2 n) with a basis and O(n**3)
    with correlated rows.

    References
    ----------
    Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2405.00592 and arXiv:2408.04607.

    Examples
    --------
    >>> from sk_renorm.datasets import make_spectral_regression
    >>> from sk_renorm.theory import power_law
    >>> X, y, population = make_spectral_regression(
    ...     50, power_law(80, 1.5), noise_variance=0.1, rng=0)
    >>> X.shape, y.shape, round(float(population.ridge_risk(0.01).risk), 4)
    ((50, 80), (50,), 0.1424)
    """
    n, noise_variance = count("n_samples", n_samples), number("noise_variance", noise_variance)
    _check(spectrum, distribution)
    rng = np.random.default_rng(rng)
    Z = _entries(rng, distribution, (n, spectrum.n_features))
    noise = rng.standard_normal(n)
    correlation = None
    if row_correlation is not None:
        correlation, root = _square_root(row_correlation, n)
        Z, noise = root @ Z, root @ noise
    X = Z * np.sqrt(spectrum.eigenvalues)
    y = X @ spectrum.signal + np.sqrt(noise_variance) * noise
    if spectrum.basis is not None:
        X = X @ spectrum.basis.T
    return X, y, Population(n, spectrum.coefficients, spectrum, noise_variance, correlation)


def _check(spectrum: Spectrum, distribution: str) -> None:
    if not isinstance(spectrum, Spectrum):
        raise TypeError("spectrum must be a Spectrum of sk_renorm.theory, such as power_law(...).")
    if spectrum.tail or spectrum.unexplained:
        raise ValueError(
            "spectrum must have neither tail nor unexplained power; add them to noise_variance or "
            "to the eigenvalues."
        )
    if distribution not in ("gaussian", "t", "rademacher"):
        raise ValueError(
            f'distribution must be "gaussian", "t" or "rademacher"; got {distribution!r}.'
        )


def _entries(rng: np.random.Generator, distribution: str, shape: tuple[int, int]) -> FloatArray:
    """Return independent entries of zero mean and unit variance."""
    if distribution == "gaussian":
        return rng.standard_normal(shape)
    if distribution == "t":
        return rng.standard_t(_DEGREES, shape) * np.sqrt((_DEGREES - 2.0) / _DEGREES)
    return 2.0 * rng.integers(2, size=shape) - 1.0


def _square_root(row_correlation: ArrayLike, n: int) -> tuple[FloatArray, FloatArray]:
    """Return K and its symmetric square root."""
    K = symmetric_matrix("row_correlation", row_correlation)
    if K.shape != (n, n):
        raise ValueError(f"row_correlation must be a symmetric matrix of shape ({n}, {n}).")
    if not np.allclose(np.diag(K), 1.0, atol=1e-8):
        raise ValueError("row_correlation must have a unit diagonal; divide out the variances.")
    values, vectors = np.linalg.eigh(K)
    return K, (vectors * np.sqrt(psd_eigenvalues("row_correlation", values))) @ vectors.T
