"""Ridge regression: risk, its decomposition, and everything else that kappa determines.

Conventions: the fit minimizes ``(1/n) sum (y_i - w.x_i)**2 + ridge * |w|**2``; ``risk`` is the mean
squared error on a fresh labelled sample (E_out), so it contains the label noise, and
``excess_risk = risk - noise_variance`` (E_g in 2405.00592).  With ``U = kappa / (eta + kappa)``,

    bias2   = sum eta w**2 U**2                  error of the mean predictor
    risk    = (bias2 + noise_variance) / (1 - gamma)
    training_error = risk / S**2,   S = kappa / ridge       hence GCV: S**2 * training_error

``bias2 + noise_variance`` depends on n only through kappa.  The amplification ``1 / (1 - gamma)``
is the variance over data sets, of the signal not yet learned and of the noise alike.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sk_renorm.theory._arguments import (
    FloatArray,
    finite_array,
    nonnegative,
    positive,
    product,
    ratio,
    together,
)
from sk_renorm.theory._degrees_of_freedom import spectral_sums, with_tail
from sk_renorm.theory._effective_ridge import EffectiveRidge, effective_ridge
from sk_renorm.theory._spectrum import Spectrum, as_spectrum


@dataclass(frozen=True, eq=False)
class RidgeRisk(EffectiveRidge):
    """Risk of ridge regression and its terms, in units of y**2.

    Parameters
    ----------
    ridge : ndarray
        Penalty per sample (lambda in both papers); scikit-learn's alpha divided by n.
    n_samples : ndarray
        Number of samples n (P in 2405.00592, T in 2408.04607).
    kappa : ndarray
        Effective ridge, in units of the eigenvalues.
    df1 : ndarray
        ``tr Sigma (Sigma + kappa)**-1``; p times the papers' df_1.
    df2 : ndarray
        ``tr Sigma**2 (Sigma + kappa)**-2``; p times the papers' df_2.
    gamma : ndarray
        ``df2 / n``; the risk is amplified by ``1 / (1 - gamma)``.
    derivative : ndarray
        ``d kappa / d ridge = 1 / (1 - gamma)``; infinite at the interpolation threshold.
    renormalization : ndarray
        ``S = kappa / ridge = 1 / (1 - df1 / n)``; infinite for a fit that interpolates.
    residual : ndarray
        ``|kappa (1 - df1 / n) - ridge|`` relative to its terms: the certificate of the root.
    bias2 : ndarray
        Squared error of the predictor averaged over data sets (Bias**2).
    variance_data : ndarray
        Variance over the draws of X, without noise (Var_X).
    variance_noise : ndarray
        Variance that the label noise adds, an interaction with X (Var_{X eps}).
    noise_variance : ndarray
        Label noise (sigma**2), with the spectrum's unexplained power.
    risk : ndarray
        Mean squared error on a fresh labelled sample (E_out); the four terms above add up to it.
    training_error : ndarray
        Mean squared error on the training set (E_tr), without the penalty.
    squared_norm : ndarray
        Mean squared length of the estimated coefficients.
    """

    bias2: FloatArray
    variance_data: FloatArray
    variance_noise: FloatArray
    noise_variance: FloatArray
    risk: FloatArray
    training_error: FloatArray
    squared_norm: FloatArray

    @property
    def excess_risk(self) -> FloatArray:
        """Risk without the label noise (E_g in 2405.00592)."""
        return self.bias2 + self.variance_data + self.variance_noise


def ridge_risk(
    spectrum: Spectrum | ArrayLike,
    ridge: ArrayLike,
    n_samples: ArrayLike,
    noise_variance: ArrayLike = 0.0,
) -> RidgeRisk:
    """Return the risk of ridge regression, its decomposition and the training error.

    Conventions: per-sample ridge (scikit-learn's alpha is ``n * ridge``); traces, not means; `risk`
    contains the label noise.

    Parameters
    ----------
    spectrum : Spectrum or array_like of shape (p,)
        Population spectrum with its signal; a bare array of eigenvalues has no signal.
    ridge : array_like
        Penalty per sample; zero and admissible negative values included.
    n_samples : array_like
        Number of samples.
    noise_variance : array_like, default=0.0
        Variance of the label noise.  The three arrays are broadcast.

    Returns
    -------
    RidgeRisk
        Arrays in the broadcast shape.  At the interpolation threshold (ridge = 0, n = rank) the
        risk is infinite with noise, and zero without.

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    O(p) per point and Newton step.  Relative accuracy at finite size is O(1 / n).

    References
    ----------
    Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2405.00592; Canatar, Bordelon and Pehlevan
    (2021), arXiv:2006.13198; Hastie, Montanari, Rosset and Tibshirani (2022), arXiv:1903.08560.

    Examples
    --------
    >>> from sk_renorm.theory import isotropic, ridge_risk
    >>> r = ridge_risk(isotropic(100), ridge=0.0, n_samples=[50, 200], noise_variance=0.25)
    >>> r.risk  # (1 - n/p + sigma^2) p / (p - n), then sigma^2 n / (n - p)
    array([1. , 0.5])
    """
    spectrum = as_spectrum(spectrum)
    ridge, n, noise = together(
        ridge=finite_array("ridge", ridge),
        n_samples=positive("n_samples", n_samples),
        noise_variance=nonnegative("noise_variance", noise_variance),
    )
    noise = noise + spectrum.unexplained
    eff = effective_ridge(spectrum, ridge, n)
    eta, w2 = spectrum.eigenvalues, spectrum.signal**2
    bias2, learned2, spread = spectral_sums(
        eta, eff.kappa, (eta * w2, 0, 2), (w2, 2, 0), (ratio(1.0, eta), 2, 0)
    )
    if spectrum.tail:
        spread = spread + spectrum.tail / eff.kappa**2
    risk = product(bias2 + noise, eff.derivative)
    return RidgeRisk(
        **vars(eff),
        bias2=bias2,
        variance_data=product(bias2, eff.gamma * eff.derivative),
        variance_noise=product(noise, eff.gamma * eff.derivative),
        noise_variance=noise[()],
        risk=risk,
        training_error=product(risk, (1.0 / eff.renormalization) ** 2),
        squared_norm=learned2 + spread / eff.n_samples * risk,
    )


def cross_risk(
    spectrum: Spectrum | ArrayLike,
    ridge_a: ArrayLike,
    ridge_b: ArrayLike,
    n_samples: ArrayLike,
    noise_variance: ArrayLike = 0.0,
) -> FloatArray:
    """Return ``E[(y - f_a(x)) (y - f_b(x))]`` of two ridges fitted to the same sample.

    Conventions: per-sample ridges; contains the label noise; equals the risk for equal ridges.

    Parameters
    ----------
    spectrum : Spectrum or array_like of shape (p,)
        Population spectrum with its signal.
    ridge_a, ridge_b : array_like
        Penalties per sample.
    n_samples : array_like
        Number of samples.
    noise_variance : array_like, default=0.0
        Variance of the label noise.  The four arrays are broadcast.

    Returns
    -------
    ndarray
        Cross risk in the broadcast shape.

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    With ``gamma_ab = (1/n) sum L_a L_b`` the cross risk is
    ``(sum eta w**2 U_a U_b + noise_variance) / (1 - gamma_ab)``.  It is the risk of any linear
    combination of ridges, hence of every spectral filter.  O(p) per point.

    References
    ----------
    Atanasov, Bordelon, Zavatone-Veth, Paquette and Pehlevan (2025), arXiv:2502.05074.

    Examples
    --------
    >>> from sk_renorm.theory import cross_risk, isotropic, ridge_risk
    >>> spectrum = isotropic(50)
    >>> same = cross_risk(spectrum, 0.1, 0.1, 80, 0.5) / ridge_risk(spectrum, 0.1, 80, 0.5).risk
    >>> round(float(same), 12)
    1.0
    """
    spectrum = as_spectrum(spectrum)
    a, b, n, noise = together(
        ridge_a=finite_array("ridge_a", ridge_a),
        ridge_b=finite_array("ridge_b", ridge_b),
        n_samples=positive("n_samples", n_samples),
        noise_variance=nonnegative("noise_variance", noise_variance),
    )
    eff_a, eff_b = effective_ridge(spectrum, a, n), effective_ridge(spectrum, b, n)
    pairs = zip(np.ravel(eff_a.kappa), np.ravel(eff_b.kappa), strict=True)
    keep = spectrum.eigenvalues > 0.0
    eta, power = spectrum.eigenvalues[keep], spectrum.signal_power[keep]
    bias, mixed = np.empty(n.shape), np.empty(n.shape)
    for i, (k_a, k_b) in enumerate(pairs):
        learned, rest = eta / (eta + k_a), k_b / (eta + k_b)
        bias.flat[i], mixed.flat[i] = power @ (k_a / (eta + k_a) * rest), learned @ rest
    # 1 - gamma_ab = 1 - df1_a / n + sum L_a U_b / n, which does not cancel at the threshold
    gap = 1.0 / eff_a.renormalization + with_tail(spectrum, eff_a.kappa, mixed) / n
    total = bias + noise + spectrum.unexplained
    with np.errstate(divide="ignore"):
        return product(total, 1.0 / gap)
