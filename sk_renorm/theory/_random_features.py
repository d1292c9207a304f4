"""Random-feature models: ridge regression on ``F' x``, with random F.

Conventions: the predictor is ``v.F'x``, F is p x N with ``E F F' = identity``; the fit minimizes
``(1/n) sum (y_i - v.F'x_i)**2 + ridge * |v|**2``; traces, not means; `risk` contains the label
noise.

The ridge is renormalized twice: by the samples into ``kappa_1``, the effective ridge of regression
on the features, and by the features into ``kappa_2``, the resolution at which the target is seen:

    kappa_1 = kappa_2 / S_F(df1),    ridge = kappa_1 (1 - df1 / n),    df1 = df1(kappa_2).

Every other quantity needs F only through ``rho = d ln kappa_2 / d ln kappa_1``.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from sk_renorm.theory._arguments import (
    FloatArray,
    finite_array,
    nonnegative,
    number,
    positive,
    product,
    together,
)
from sk_renorm.theory._degrees_of_freedom import spectral_sums, with_tail
from sk_renorm.theory._s_transform import STransform, gaussian_features, white_wishart
from sk_renorm.theory._spectrum import Spectrum, as_spectrum
from sk_renorm.theory._subordination import Subordination, subordinate


@dataclass(frozen=True, eq=False)
class RandomFeatureRisk:
    """Risk of a random-feature model and its six terms, in units of y**2.

    The terms are those of a three-way analysis of variance over the features F, the data X and the
    noise: ``risk`` is the sum of the six and of the label noise.

    Parameters
    ----------
    ridge : ndarray
        Penalty per sample (lambda).
    n_samples : ndarray
        Number of samples n (P in 2405.00592).
    kappa_1 : ndarray
        Effective ridge of the features' kernel.
    kappa_2 : ndarray
        Effective ridge of the inputs.
    df1 : ndarray
        ``tr Sigma (Sigma + kappa_2)**-1``, with the feature noise's ``feature_noise / kappa_2``.
    df2 : ndarray
        ``tr Sigma**2 (Sigma + kappa_2)**-2``.
    rho : ndarray
        ``d ln kappa_2 / d ln kappa_1``, from 0 (features are the bottleneck) to 1.
    gamma_1 : ndarray
        Degrees of freedom df2 of the features over n; ``1 / (1 - gamma_1)`` amplifies the risk.
    gamma_2 : ndarray
        ``df2 / n``: the same, averaged over features first.
    bias2 : ndarray
        Squared error of the predictor averaged over features and data (Bias**2).
    variance_features : ndarray
        Var_F.
    variance_data : ndarray
        Var_X.
    variance_data_features : ndarray
        Var_XF.
    variance_noise_data : ndarray
        Var_{X eps}.
    variance_noise_data_features : ndarray
        Var_{XF eps}.
    noise_variance : ndarray
        Label noise (sigma**2), with the spectrum's unexplained power.
    risk : ndarray
        Mean squared error on a fresh labelled sample (E_out).
    training_error : ndarray
        Mean squared error on the training set, ``(ridge / kappa_1)**2 * risk``.
    residual : ndarray
        Relative distance of kappa_2 to its root.
    """

    ridge: FloatArray
    n_samples: FloatArray
    kappa_1: FloatArray
    kappa_2: FloatArray
    df1: FloatArray
    df2: FloatArray
    rho: FloatArray
    gamma_1: FloatArray
    gamma_2: FloatArray
    bias2: FloatArray
    variance_features: FloatArray
    variance_data: FloatArray
    variance_data_features: FloatArray
    variance_noise_data: FloatArray
    variance_noise_data_features: FloatArray
    noise_variance: FloatArray
    risk: FloatArray
    training_error: FloatArray
    residual: FloatArray

    @property
    def excess_risk(self) -> FloatArray:
        """Risk without the label noise (E_g in 2405.00592)."""
        return self.risk - self.noise_variance

    @property
    def infinite_ensemble_risk(self) -> FloatArray:
        """Risk of the mean over infinitely many independent F, fitted to the same data."""
        data = self.bias2 + self.variance_data
        return data + self.noise_variance + self.variance_noise_data

    def ensemble_risk(self, n_members: ArrayLike) -> FloatArray:
        """Return the risk of the mean predictor of ``n_members`` independent F on the same data.

        Parameters
        ----------
        n_members : array_like
            Number of members M, broadcast against the other fields.

        Returns
        -------
        ndarray
            ``E_inf + (risk - E_inf) / M``: averaging divides every term that involves F by M.
        """
        limit = self.infinite_ensemble_risk
        return limit + (self.risk - limit) / positive("n_members", n_members)


def random_feature_risk(
    spectrum: Spectrum | ArrayLike,
    ridge: ArrayLike,
    n_samples: ArrayLike,
    features: STransform | ArrayLike,
    noise_variance: ArrayLike = 0.0,
    *,
    feature_noise: float = 0.0,
) -> RandomFeatureRisk:
    """Return the risk of ridge regression on random features, in six terms.

    Conventions: per-sample ridge (scikit-learn's alpha is ``n * ridge``) on features with
    ``E F F' = identity``; traces, not means; `risk` contains the label noise.

    Parameters
    ----------
    spectrum : Spectrum or array_like of shape (p,)
        Population spectrum of the inputs x, with the signal.
    ridge : array_like
        Penalty per sample, zero or positive.
    n_samples : array_like
        Number of samples n.
    features : STransform or array_like
        The features: `gaussian_features` (a bare number means that many of them), a product for
        deep linear features, `orthogonal_features`, `structured_features` or an S-transform of your
        own.
    noise_variance : array_like, default=0.0
        Variance of the label noise; a nonlinear part of the target that no feature can express
        belongs here too.  All arrays are broadcast.
    feature_noise : float, default=0.0
        Nonlinear features by their Gaussian equivalent ``F'x + xi`` (Gaussian F): total variance of
        the N entries of ``xi``, each having ``feature_noise / N``.

    Returns
    -------
    RandomFeatureRisk
        Arrays in the broadcast shape.

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    With ``L = eta / (eta + kappa_2)``, ``U = 1 - L``:
    ``bias2 = sum eta w**2 U**2``, ``variance_features = (1 - rho) sum eta w**2 L U``,
    ``gamma_1 = (df1 - rho (df1 - df2)) / n``, and
    ``risk = (bias2 + variance_features + noise_variance) / (1 - gamma_1)``.
    At ridge = 0 with noise the risk is infinite where n = min(N, rank).  O(p) per point and step.

    References
    ----------
    Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2405.00592; Adlam and Pennington (2020),
    arXiv:2011.03321; Simon, Karkada, Ghosh and Belkin (2023), arXiv:2311.14646.

    Examples
    --------
    >>> from sk_renorm.theory import isotropic, random_feature_risk
    >>> r = random_feature_risk(isotropic(200), 2e-3, 200, features=100, noise_variance=0.0625)
    >>> round(float(r.risk), 5), round(float(r.kappa_2), 5)
    (1.11624, 1.00794)
    """
    spectrum, features = with_feature_noise(spectrum, feature_noise), as_features(features)
    ridge, n, noise, _ = together(
        ridge=finite_array("ridge", ridge),
        n_samples=positive("n_samples", n_samples),
        noise_variance=nonnegative("noise_variance", noise_variance),
        features=features.max_df,
    )
    point = subordinate(spectrum, ridge, white_wishart(n) * features)
    return _terms(spectrum, ridge, n, features, noise, point)


def as_features(features: STransform | ArrayLike) -> STransform:
    """Return an S-transform; a bare number stands for that many Gaussian features."""
    return features if isinstance(features, STransform) else gaussian_features(features)


def with_feature_noise(spectrum: Spectrum | ArrayLike, feature_noise: float) -> Spectrum:
    """Return the spectrum whose tail is the noise of the features: p -> infinity tiny inputs."""
    spectrum = as_spectrum(spectrum)
    extra = number("feature_noise", feature_noise)
    return replace(spectrum, tail=spectrum.tail + extra) if extra else spectrum


def _terms(
    spectrum: Spectrum,
    ridge: FloatArray,
    n: FloatArray,
    features: STransform,
    noise: FloatArray,
    point: Subordination,
) -> RandomFeatureRisk:
    """Return the six terms at a solved kappa_2.

    Differences such as ``1 - rho`` and ``1 - gamma_1`` are formed from positive parts, so that they
    keep their relative accuracy in the ridgeless limits.
    """
    kappa_2, df1, df2 = point.kappa, point.df1, point.df2
    power = spectrum.signal_power
    bias2, mixed, lag = spectral_sums(
        spectrum.eigenvalues, kappa_2, (power, 0, 2), (power, 1, 1), (None, 1, 1)
    )
    lag = with_tail(spectrum, kappa_2, lag)
    inside = df1 < features.max_df
    below = np.where(inside, df1, 0.5 * np.minimum(df1, features.max_df))
    s_slope = np.where(inside, features.log_derivative(below), np.inf)  # d ln S_F / d df1
    steepness = product(lag, s_slope)
    with np.errstate(divide="ignore"):
        rho, lost = 1.0 / (1.0 + steepness), 1.0 / (1.0 + 1.0 / steepness)  # lost = 1 - rho
    inverse_s = np.where(inside, 1.0 / features.value(below), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        # 1 - df1/n = ridge / kappa_1; the difference is accurate only where features bind
        shrinkage = np.where(
            (features.max_df < n) | (ridge == 0.0), 1.0 - df1 / n, ridge / (kappa_2 * inverse_s)
        )
        kappa_1 = np.where(shrinkage > 0.0, ridge / shrinkage, kappa_2 * inverse_s)
        amplification_1 = 1.0 / (shrinkage + lag * rho / n)
        amplification_2 = 1.0 / (shrinkage + lag / n)
    gamma_1, gamma_2 = (df1 - lag * rho) / n, df2 / n
    # gamma_1/(1-gamma_1) - gamma_2/(1-gamma_2): what the features add to the variance over data
    added = product(product(lag * lost / n, amplification_2), amplification_1)
    at_threshold = (lag == 0.0) & np.isinf(amplification_1)  # n = rank: the limit of small ridges
    added = np.where(at_threshold, 0.25 * n * s_slope, added)[()]
    variance_features = lost * mixed
    noise = noise + spectrum.unexplained
    from_features = product(variance_features, gamma_1 * amplification_1)
    return RandomFeatureRisk(
        ridge=ridge[()],
        n_samples=n[()],
        kappa_1=kappa_1[()],
        kappa_2=kappa_2,
        df1=df1,
        df2=df2,
        rho=rho[()],
        gamma_1=gamma_1,
        gamma_2=gamma_2,
        bias2=bias2,
        variance_features=variance_features,
        variance_data=product(bias2, gamma_2 * amplification_2),
        variance_data_features=product(bias2, added) + from_features,
        variance_noise_data=product(noise, gamma_2 * amplification_2),
        variance_noise_data_features=product(noise, added),
        noise_variance=noise[()],
        risk=product(bias2 + variance_features + noise, amplification_1),
        training_error=product(
            bias2 + variance_features + noise, product(shrinkage**2, amplification_1)
        ),
        residual=point.residual,
    )
