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

from sk_renorm.theory._arguments import FloatArray, finite_array, number, product
from sk_renorm.theory._degrees_of_freedom import spectral_sums, with_tail
from sk_renorm.theory._row_traces import RowTraces, closed_form, in_eigenbasis, traces_of
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
    gcv_limit : ndarray
        What generalized cross-validation, unaware of the correlation, converges to:
        ``training_error / (1 - df1 / n)**2``.
    naive_correction_limit : ndarray
        What ``S**2 * training_error`` converges to, with the right S of the correlated rows.
    corr_gcv_limit : ndarray
        What CorrGCV, ``S df1 / (df1 - row_df2) * training_error``, converges to: the risk, if the
        noise is correlated as the rows are.  All three exist for interpolating fits too.
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
    gcv_limit: FloatArray
    naive_correction_limit: FloatArray
    corr_gcv_limit: FloatArray

    @property
    def excess_risk(self) -> FloatArray:
        """Risk without the label noise (E_g)."""
        return self.bias2 + self.variance_data + self.variance_noise


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
    An unmatched noise leaves GCV and CorrGCV wrong, see `CorrelatedRisk`.  With a closed form the
    three estimates of an interpolating fit are taken just before its limit, accurate to 1e-7.

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
    noise = number("noise_variance", noise_variance) + spectrum.unexplained
    if isinstance(row_correlation, STransform):
        if noise_correlation is not None:
            raise ValueError(
                "noise_correlation needs row_correlation as a matrix or its eigenvalues: a closed "
                "form does not know the eigenvectors."
            )
        point = subordinate(spectrum, ridge, row_correlation)
        return _assemble(spectrum, point, noise, closed_form(row_correlation, point.df1))
    rows, noise_power = in_eigenbasis(row_correlation, noise_correlation)
    point = subordinate(spectrum, ridge, correlated_samples(rows))
    return _assemble(spectrum, point, noise, traces_of(rows, noise_power, point.df1))


def _assemble(
    spectrum: Spectrum, point: Subordination, noise: float, rows: RowTraces
) -> CorrelatedRisk:
    """Return the risk from the traces of both sides."""
    bias2, lag = spectral_sums(
        spectrum.eigenvalues, point.kappa, (spectrum.signal_power, 0, 2), (None, 1, 1)
    )
    lag, row_lag = with_tail(spectrum, point.kappa, lag), rows.kappa * rows.square
    a, b = lag / point.df1, row_lag / point.df1
    with np.errstate(divide="ignore"):
        amplification = 1.0 / (a + b - a * b)  # 1 / (1 - gamma), from positive parts
    gamma = (1.0 - a) * (1.0 - b)
    gamma_noise = (1.0 - a) * rows.mixed / point.df1
    variance_data = product(bias2, gamma * amplification)
    variance_noise = product(noise * gamma_noise, amplification)
    excess = bias2 + variance_data + variance_noise
    # the training error is row_kappa**2 times this mean, plus the noise on modes that K lacks
    mean = (product(excess, rows.square) + noise * rows.noise_square) / rows.n
    lost = noise * rows.unseen / rows.n
    training_error = product(rows.kappa**2, mean) + lost
    gcv, naive, corr_gcv = _estimates(rows, point.df1, mean, training_error)
    return CorrelatedRisk(
        ridge=point.ridge,
        n_samples=rows.n,
        kappa=point.kappa,
        row_kappa=rows.kappa[()],
        df1=point.df1,
        df2=point.df2,
        row_df2=(point.df1 - row_lag)[()],
        gamma=gamma[()],
        gamma_noise=gamma_noise[()],
        renormalization=point.renormalization,
        bias2=bias2,
        variance_data=variance_data,
        variance_noise=variance_noise,
        noise_variance=np.full(np.shape(bias2), noise)[()],
        risk=excess + noise,
        training_error=training_error,
        gcv_limit=gcv[()],
        naive_correction_limit=naive[()],
        corr_gcv_limit=corr_gcv[()],
    )


def _estimates(
    rows: RowTraces, df1: FloatArray, mean: FloatArray, training_error: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return what GCV, its naive correction and CorrGCV converge to; row_kappa may be zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if rows.unseen:  # the training error does not vanish with row_kappa
            mean = training_error / rows.kappa**2
        plain = training_error / (1.0 - df1 / rows.n) ** 2
    # K without all its modes leaves df1 below n even if row_kappa = 0
    gcv = np.where(np.isinf(rows.unlearned), plain, product(mean, (rows.n / rows.unlearned) ** 2))
    return gcv, mean * (rows.n / df1) ** 2, mean * rows.n / rows.square
