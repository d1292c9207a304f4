"""The best penalty of a random-feature model, and its best number of features."""

from dataclasses import dataclass

import numpy as np
import scipy.optimize
from numpy.typing import ArrayLike

from sk_renorm.theory._arguments import FloatArray, number, positive, together
from sk_renorm.theory._optimal_ridge import OptimalRidge
from sk_renorm.theory._random_features import (
    as_features,
    random_feature_risk,
    with_feature_noise,
)
from sk_renorm.theory._s_transform import STransform
from sk_renorm.theory._spectrum import Spectrum

_LARGEST_OFFSET = 300.0  # of the logarithm of the penalty; beyond it the penalty overflows


@dataclass(frozen=True)
class OptimalFeatures:
    """The number of features with the smallest risk at a given penalty.

    Parameters
    ----------
    n_features : float
        Number of features N, not rounded; infinity if more features always help.
    risk : float
        Risk there (E_out).
    """

    n_features: float
    risk: float


def optimal_feature_ridge(
    spectrum: Spectrum | ArrayLike,
    n_samples: ArrayLike,
    features: STransform | ArrayLike,
    noise_variance: float = 0.0,
    *,
    feature_noise: float = 0.0,
) -> OptimalRidge:
    """Return the nonnegative penalty that minimizes the risk of a random-feature model.

    Conventions: per-sample ridge on features with ``E F F' = identity``.

    Parameters
    ----------
    spectrum : Spectrum or array_like of shape (p,)
        Population spectrum of the inputs, with the signal.
    n_samples : array_like
        Number of samples n.
    features : STransform or array_like
        As in `random_feature_risk`; broadcast against `n_samples`.
    noise_variance : float, default=0.0
        Variance of the label noise.
    feature_noise : float, default=0.0
        As in `random_feature_risk`.

    Returns
    -------
    OptimalRidge
        Arrays in the broadcast shape.

    Raises
    ------
    ValueError
        If an argument is outside its domain or the spectrum has no signal.

    Notes
    -----
    The search runs over the penalty's logarithm, on a grid refined around its minimum until the
    penalty is known to 1e-6; O(p) per penalty.

    References
    ----------
    Simon, Karkada, Ghosh and Belkin (2023), arXiv:2311.14646.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_renorm.theory import isotropic, optimal_feature_ridge
    >>> best = optimal_feature_ridge(isotropic(100), 50, [25, 100, np.inf], noise_variance=0.5)
    >>> best.risk.round(3)
    array([1.444, 1.342, 1.207])
    """
    spectrum, features = with_feature_noise(spectrum, feature_noise), as_features(features)
    if not spectrum.signal_power.any():
        raise ValueError("The spectrum has no signal, so that no finite ridge is optimal.")
    n, _ = together(n_samples=positive("n_samples", n_samples), features=features.max_df)

    def risk(log_ridge: FloatArray) -> FloatArray:
        return random_feature_risk(spectrum, np.exp(log_ridge), n, features, noise_variance).risk

    center = np.full(n.shape, np.log(spectrum.trace))
    offsets = np.linspace(-35.0, 15.0, 101)
    while True:
        lowest = np.argmin([risk(center + offset) for offset in offsets], axis=0)
        spacing, at_the_end = offsets[1] - offsets[0], (lowest == len(offsets) - 1).any()
        if at_the_end and spacing >= 0.5 and offsets[-1] < _LARGEST_OFFSET:
            offsets = np.arange(offsets[0], offsets[-1] + 50.0, spacing)  # much noise
            continue
        center = center + offsets[lowest]
        if spacing <= 1e-6:
            break
        offsets = np.linspace(-spacing, spacing, 11)
    ridgeless = random_feature_risk(spectrum, 0.0, n, features, noise_variance).risk
    found = risk(center)
    wins = ridgeless <= found
    return OptimalRidge(
        np.where(wins, 0.0, np.exp(center))[()], np.where(wins, ridgeless, found)[()]
    )


def optimal_n_features(
    spectrum: Spectrum | ArrayLike,
    ridge: float,
    n_samples: float,
    noise_variance: float = 0.0,
    *,
    feature_noise: float = 0.0,
) -> OptimalFeatures:
    """Return the number of Gaussian features with the smallest risk at a given penalty.

    Conventions: per-sample ridge on features with ``E F F' = identity``.

    Parameters
    ----------
    spectrum : Spectrum or array_like of shape (p,)
        Population spectrum of the inputs, with the signal.
    ridge : float
        Penalty per sample, zero or positive.
    n_samples : float
        Number of samples n, finite.
    noise_variance : float, default=0.0
        Variance of the label noise.
    feature_noise : float, default=0.0
        As in `random_feature_risk`.

    Returns
    -------
    OptimalFeatures
        The number and the risk; infinity where more features always help, as they do at the best
        penalty.

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    The risk can have two minima, one on each side of N = n.  A logarithmic grid from N = 1 to far
    beyond n and p finds the basin, a bounded search the minimum; N = infinity is compared last.

    References
    ----------
    Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2405.00592; Simon, Karkada, Ghosh and Belkin
    (2023), arXiv:2311.14646.

    Examples
    --------
    >>> from sk_renorm.theory import isotropic, optimal_n_features
    >>> best = optimal_n_features(isotropic(100), ridge=1e-4, n_samples=120, noise_variance=0.1)
    >>> round(best.n_features), round(best.risk, 3)
    (103, 0.555)
    """
    spectrum = with_feature_noise(spectrum, feature_noise)
    ridge, n = number("ridge", ridge), number("n_samples", n_samples)
    noise = number("noise_variance", noise_variance)

    def risk(log_n_features: ArrayLike) -> FloatArray:
        return random_feature_risk(spectrum, ridge, n, np.exp(log_n_features), noise).risk

    grid = np.linspace(0.0, np.log(1e3 * (n + spectrum.n_features)), 201)
    best = int(np.argmin(risk(grid)))
    around = (grid[max(best - 1, 0)], grid[min(best + 1, 200)])
    found = scipy.optimize.minimize_scalar(
        risk, bounds=around, method="bounded", options={"xatol": 1e-9}
    )
    limit = float(risk(np.inf))
    if limit <= found.fun:
        return OptimalFeatures(np.inf, limit)
    return OptimalFeatures(float(np.exp(found.x)), float(found.fun))
