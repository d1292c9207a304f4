"""Risk on test inputs that differ from those of training.

Conventions: the target function stays the same, the inputs change their covariance or mean; the
risk contains the label noise of the test sample.
"""

import numpy as np
from numpy.typing import ArrayLike

from sk_renorm.theory._arguments import (
    FloatArray,
    nonnegative,
    product,
    psd_eigenvalues,
    ratio,
    symmetric_matrix,
    together,
    vector,
)
from sk_renorm.theory._degrees_of_freedom import spectral_sums
from sk_renorm.theory._ridge import ridge_risk
from sk_renorm.theory._spectrum import Spectrum, as_spectrum


def out_of_distribution_risk(
    spectrum: Spectrum | ArrayLike,
    ridge: ArrayLike,
    n_samples: ArrayLike,
    noise_variance: ArrayLike = 0.0,
    *,
    test_covariance: ArrayLike | None = None,
    test_mean: ArrayLike | None = None,
    test_noise_variance: ArrayLike | None = None,
) -> FloatArray:
    """Return the risk on test inputs with another covariance or mean, for the same target function.

    Conventions: per-sample ridge; contains the label noise of the test sample; the training inputs
    have zero mean.

    Parameters
    ----------
    spectrum : Spectrum or array_like of shape (p,)
        Population spectrum of the training distribution, with its signal.
    ridge : array_like
        Penalty per sample.
    n_samples : array_like
        Number of training samples.
    noise_variance : array_like, default=0.0
        Variance of the label noise in training.  The three arrays are broadcast.
    test_covariance : array_like of shape (p,) or (p, p), default=None
        Covariance of the test inputs: variances along the eigenvectors of training, or a matrix in
        the coordinates of the features.  None keeps that of training.
    test_mean : array_like of shape (p,), default=None
        Mean of the test inputs in the coordinates of the features; None means zero.
    test_noise_variance : array_like, default=None
        Label noise of the test sample; None keeps that of training, unexplained power included.

    Returns
    -------
    ndarray
        Risk in the broadcast shape.

    Raises
    ------
    ValueError
        If shapes do not match, or `test_covariance` is not positive semidefinite.

    Notes
    -----
    With ``M`` the second moment of the test inputs, ``gamma_M = (1/n) tr Sigma M
    (Sigma+kappa)^-2``: ``risk = kappa**2 w'(Sigma+kappa)^-1 M (Sigma+kappa)^-1 w + gamma_M risk_in
    + test noise``. O(p**2) per point with a matrix, else O(p).

    References
    ----------
    Canatar, Bordelon and Pehlevan (2021), arXiv:2106.02261; Patil, Du and Tibshirani (2024),
    arXiv:2404.01233; Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2408.04607.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_renorm.theory import isotropic, out_of_distribution_risk
    >>> spectrum = isotropic(100)
    >>> shifted = out_of_distribution_risk(
    ...     spectrum, 0.0, 50, 0.25, test_covariance=np.full(100, 2.0))
    >>> round(float(shifted), 12)  # twice the excess risk of 0.75, plus the noise
    1.75
    """
    spectrum = as_spectrum(spectrum)
    fit = ridge_risk(spectrum, ridge, n_samples, noise_variance)
    moment = _second_moment(spectrum, test_covariance, test_mean)
    diagonal = moment if moment.ndim == 1 else np.diag(moment)
    eta = spectrum.eigenvalues
    (gamma,) = spectral_sums(eta, fit.kappa, (ratio(diagonal, eta), 2, 0))
    bias2 = np.empty(np.size(fit.kappa))
    for i, kappa in enumerate(np.ravel(fit.kappa)):
        # directions never seen in training are never learned: U = 1 there, also at kappa = 0
        missed = spectrum.signal * np.divide(
            kappa, eta + kappa, out=np.ones_like(eta), where=eta > 0.0
        )
        bias2[i] = missed @ (moment * missed if moment.ndim == 1 else moment @ missed)
    if test_noise_variance is None:
        noise = fit.noise_variance
    else:
        noise = nonnegative("test_noise_variance", test_noise_variance)
    excess = bias2.reshape(np.shape(fit.kappa)) + product(gamma / fit.n_samples, fit.risk)
    excess, noise = together(ridge=excess, test_noise_variance=noise)
    return (excess + noise)[()]


def _second_moment(
    spectrum: Spectrum, covariance: ArrayLike | None, mean: ArrayLike | None
) -> FloatArray:
    """Return E[x x'] of the test inputs in the eigenbasis: a vector if diagonal, else a matrix."""
    p, basis = spectrum.n_features, spectrum.basis
    if covariance is None:
        moment = spectrum.eigenvalues
    elif np.ndim(covariance) == 2:
        moment = symmetric_matrix("test_covariance", covariance)
        if moment.shape != (p, p):
            raise ValueError(f"test_covariance must have shape ({p}, {p}); got {moment.shape}.")
        psd_eigenvalues("test_covariance", np.linalg.eigvalsh(moment))
        moment = moment if basis is None else basis.T @ moment @ basis
    else:
        moment = nonnegative("test_covariance", vector("test_covariance", covariance, p))
    if mean is None:
        return moment
    shift = vector("test_mean", mean, p)
    shift = shift if basis is None else basis.T @ shift
    return (np.diag(moment) if moment.ndim == 1 else moment) + np.outer(shift, shift)
