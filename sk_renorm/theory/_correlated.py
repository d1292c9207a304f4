"""Correlated rows: ridge regression on a time series, on clusters, or with sample weights.

Conventions: ``X = K**0.5 Z Sigma**0.5`` with independent Z, so that K (n x n) correlates the rows;
the label noise has covariance ``noise_variance * K'``.  The fit is unaware of this and minimizes
``(1/n) sum (y_i - w.x_i)**2 + ridge * |w|**2``.  Traces, not means; `risk` is that of a fresh,
independent labelled sample.

Rows and columns play dual roles.  Each side has its effective ridge, and both see the same df1:

    tr Sigma (Sigma + kappa)**-1 = df1 = tr K (K + row_kappa)**-1,
    ridge = kappa * row_kappa * df1 / n.

Correlation does not change how the bias depends on kappa; it changes kappa, and the amplification,
``gamma = (df2 / df1) (row_df2 / df1)``.  The training residuals are ``row_kappa (K +
row_kappa)**-1`` times the errors on fresh data, whose covariance over the rows is ``excess_risk K +
noise K'``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sk_renorm.theory._arguments import (
    FloatArray,
    finite_array,
    nonnegative,
    product,
    psd_eigenvalues,
    symmetric_matrix,
    vector,
)
from sk_renorm.theory._degrees_of_freedom import spectral_sums
from sk_renorm.theory._newton import kappa_at_df1
from sk_renorm.theory._row_transforms import correlated_samples
from sk_renorm.theory._s_transform import STransform
from sk_renorm.theory._spectrum import Spectrum, as_spectrum
from sk_renorm.theory._subordination import Subordination, subordinate


@dataclass(frozen=True, eq=False)
class CorrelatedRisk:
    """Risk of ridge regression with correlated rows, in units of y**2.

    Parameters
    ----------
    ridge : ndarray
        Penalty per sample (lambda).
    n_samples : float
        Number of rows n (T in 2408.04607).
    kappa : ndarray
        Effective ridge of the covariance, in units of its eigenvalues.
    row_kappa : ndarray
        Effective ridge of the rows' correlation, in units of its eigenvalues (kappa tilde).
    df1 : ndarray
        ``tr Sigma (Sigma + kappa)**-1``, equal to ``tr K (K + row_kappa)**-1``.
    df2 : ndarray
        ``tr Sigma**2 (Sigma + kappa)**-2``.
    row_df2 : ndarray
        ``tr K**2 (K + row_kappa)**-2``.
    gamma : ndarray
        ``(df2 / df1) (row_df2 / df1)``; the excess risk is amplified by ``1 / (1 - gamma)``.
    gamma_noise : ndarray
        The same with one K replaced by K' in the rows' trace; equals `gamma` if they match.
    renormalization : ndarray
        ``S = kappa / ridge``.
    bias2 : ndarray
        Squared error of the predictor averaged over data sets.
    variance_data : ndarray
        Variance over the draws of X, without noise.
    variance_noise : ndarray
        Variance that the label noise adds.
    noise_variance : ndarray
        Label noise of a fresh sample.
    risk : ndarray
        Mean squared error on a fresh, independent labelled sample; the four terms above add up to
        it.
    training_error : ndarray
        Mean squared error on the training set.
    """

    ridge: FloatArray
    n_samples: float
    kappa: FloatArray
    row_kappa: FloatArray
    df1: FloatArray
    df2: FloatArray
    row_df2: FloatArray
    gamma: FloatArray
    gamma_noise: FloatArray
    renormalization: FloatArray
    bias2: FloatArray
    variance_data: FloatArray
    variance_noise: FloatArray
    noise_variance: FloatArray
    risk: FloatArray
    training_error: FloatArray

    @property
    def excess_risk(self) -> FloatArray:
        """Risk without the label noise (E_g)."""
        return self.bias2 + self.variance_data + self.variance_noise

    @property
    def gcv_limit(self) -> FloatArray:
        """What generalized cross-validation, unaware of the correlation, converges to."""
        return self.training_error / (1.0 - self.df1 / self.n_samples) ** 2

    @property
    def naive_correction_limit(self) -> FloatArray:
        """What ``S**2 * training_error`` converges to, with the right S of the correlated rows."""
        return self.renormalization**2 * self.training_error

    @property
    def corr_gcv_limit(self) -> FloatArray:
        """What CorrGCV converges to: the risk, if the noise is correlated as the rows are.

        ``S (df1 / (df1 - row_df2)) * training_error``.
        """
        correction = self.df1 / (self.df1 - self.row_df2)
        return self.renormalization * correction * self.training_error


def correlated_risk(
    spectrum: Spectrum | ArrayLike,
    ridge: ArrayLike,
    row_correlation: STransform | ArrayLike,
    noise_variance: float = 0.0,
    *,
    noise_correlation: ArrayLike | None = None,
) -> CorrelatedRisk:
    """Return the risk of ridge regression whose rows are correlated with each other.

    Conventions: per-sample ridge (scikit-learn's alpha is ``n * ridge``); traces, not means; `risk`
    is that of a fresh, independent sample and contains the label noise.

    Parameters
    ----------
    spectrum : Spectrum or array_like of shape (p,)
        Population spectrum with its signal.
    ridge : array_like
        Penalty per sample, zero or positive.
    row_correlation : array_like of shape (n, n) or (n,), or STransform
        Correlation matrix K of the rows (unit diagonal: each row alone has covariance Sigma), its
        eigenvalues, or a closed form such as `exponential_samples`.
    noise_variance : float, default=0.0
        Variance of the label noise.
    noise_correlation : array_like of shape (n, n) or (n,), default=None
        Correlation K' of the noise: a matrix, or the diagonal of ``V' K' V`` in the order of the
        eigenvalues when `row_correlation` is a vector.  None means matched, K' = K.

    Returns
    -------
    CorrelatedRisk
        Arrays in the shape of `ridge`.

    Raises
    ------
    ValueError
        If an argument is outside its domain, or `noise_correlation` comes with a closed form.

    Notes
    -----
    One eigendecomposition of K if it is a matrix, O(n**3); then O(p + n) per step and penalty.
    An unmatched noise leaves GCV and CorrGCV wrong, see `CorrelatedRisk.corr_gcv_limit`.

    References
    ----------
    Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2408.04607.

    Examples
    --------
    >>> from sk_renorm.theory import correlated_risk, exponential_samples, isotropic
    >>> r = correlated_risk(isotropic(100), 0.01, exponential_samples(150, 5.0), 0.25)
    >>> round(float(r.corr_gcv_limit / r.risk), 12), round(float(r.gcv_limit / r.risk), 3)
    (1.0, 0.21)
    """
    spectrum = as_spectrum(spectrum)
    ridge = finite_array("ridge", ridge)
    noise = float(nonnegative("noise_variance", noise_variance)) + spectrum.unexplained
    if isinstance(row_correlation, STransform):
        if noise_correlation is not None:
            raise ValueError(
                "noise_correlation needs row_correlation as a matrix or its eigenvalues: a closed "
                "form does not know the eigenvectors."
            )
        point = subordinate(spectrum, ridge, row_correlation)
        return _assemble(spectrum, point, noise, _closed_form(row_correlation, point.df1))
    rows, noise_power = _in_eigenbasis(row_correlation, noise_correlation)
    point = subordinate(spectrum, ridge, correlated_samples(rows))
    return _assemble(spectrum, point, noise, _traces(rows, noise_power, point.df1))


@dataclass(frozen=True, eq=False)
class _Rows:
    """Traces of the rows' side; ``lag = tr K row_kappa (K + row_kappa)**-2``."""

    n: float
    kappa: FloatArray
    lag: FloatArray
    mixed: FloatArray  # tr K K' (K + row_kappa)**-2
    rest: FloatArray  # row_kappa**2 tr K' (K + row_kappa)**-2


def _closed_form(s: STransform, df1: FloatArray) -> _Rows:
    """Matched traces from S alone: ``d ln S / d df1 = 1 / lag - 1 / df1``."""
    if np.ndim(s.max_df):
        raise ValueError("row_correlation must describe one number of samples.")
    n, df1 = float(s.max_df), np.asarray(df1)
    inside = df1 < n
    safe = np.where(inside, df1, 0.5 * n)
    kappa = np.where(inside, n / (safe * s(safe)), 0.0)
    lag = np.where(inside, 1.0 / (s.log_derivative(safe) + 1.0 / safe), 0.0)
    return _Rows(n, kappa, lag, df1 - lag, kappa * lag)


def _traces(rows: FloatArray, noise_power: FloatArray, df1: FloatArray) -> _Rows:
    """Traces from the eigenvalues of K and the diagonal of K' in its eigenbasis."""
    kappa = kappa_at_df1(rows, np.asarray(df1))
    seen = rows > 0.0
    ratio = np.divide(noise_power, rows, out=np.zeros_like(rows), where=seen)
    lag, mixed, rest = spectral_sums(rows, kappa, (None, 1, 1), (ratio, 2, 0), (noise_power, 0, 2))
    return _Rows(float(len(rows)), kappa, lag, mixed, rest + noise_power[~seen].sum())


def _in_eigenbasis(
    row_correlation: ArrayLike, noise_correlation: ArrayLike | None
) -> tuple[FloatArray, FloatArray]:
    """Return the eigenvalues of K and the diagonal of K' in its eigenbasis."""
    if np.ndim(row_correlation) != 2:
        rows = nonnegative("row_correlation", row_correlation)
        if rows.ndim != 1:
            raise ValueError("row_correlation must be a matrix or a vector of eigenvalues.")
        if noise_correlation is None:
            return rows, rows
        power = vector("noise_correlation", noise_correlation, len(rows))
        return rows, nonnegative("noise_correlation", power)
    values, vectors = np.linalg.eigh(symmetric_matrix("row_correlation", row_correlation))
    rows = psd_eigenvalues("row_correlation", values)
    if noise_correlation is None:
        return rows, rows
    noise = symmetric_matrix("noise_correlation", noise_correlation)
    if noise.shape != (len(rows), len(rows)):
        raise ValueError(
            f"noise_correlation must have shape ({len(rows)}, {len(rows)}); got {noise.shape}."
        )
    psd_eigenvalues("noise_correlation", np.linalg.eigvalsh(noise))
    return rows, np.einsum("ij,ij->j", vectors, noise @ vectors)


def _assemble(
    spectrum: Spectrum, point: Subordination, noise: float, rows: _Rows
) -> CorrelatedRisk:
    """Return the risk from the traces of both sides."""
    bias2, lag = spectral_sums(
        spectrum.eigenvalues, point.kappa, (spectrum.signal_power, 0, 2), (None, 1, 1)
    )
    if spectrum.tail:
        lag = lag + spectrum.tail / point.kappa
    a, b = lag / point.df1, rows.lag / point.df1
    with np.errstate(divide="ignore"):
        amplification = 1.0 / (a + b - a * b)  # 1 / (1 - gamma), from positive parts
    gamma = (1.0 - a) * (1.0 - b)
    gamma_noise = (1.0 - a) * rows.mixed / point.df1
    variance_data = product(bias2, gamma * amplification)
    variance_noise = product(noise * gamma_noise, amplification)
    excess = bias2 + variance_data + variance_noise
    return CorrelatedRisk(
        ridge=point.ridge,
        n_samples=rows.n,
        kappa=point.kappa,
        row_kappa=rows.kappa[()],
        df1=point.df1,
        df2=point.df2,
        row_df2=(point.df1 - rows.lag)[()],
        gamma=gamma[()],
        gamma_noise=gamma_noise[()],
        renormalization=point.renormalization,
        bias2=bias2,
        variance_data=variance_data,
        variance_noise=variance_noise,
        noise_variance=np.full(np.shape(bias2), noise)[()],
        risk=excess + noise,
        training_error=((product(excess, rows.kappa * rows.lag) + noise * rows.rest) / rows.n)[()],
    )
