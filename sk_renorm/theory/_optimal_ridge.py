"""The best penalty, and the learning curve at it or at a given one.

Along kappa everything is explicit: ``risk(kappa) = B(kappa) / (1 - gamma(kappa))`` with
``B = bias2 + noise_variance``.  No root of the effective ridge is needed until the optimum is
found, where ``B' (1 - gamma) + B gamma' = 0``.
"""

from dataclasses import dataclass

import numpy as np
import scipy.optimize
from numpy.typing import ArrayLike

from sk_renorm.theory._arguments import FloatArray, nonnegative, positive, ratio, together
from sk_renorm.theory._degrees_of_freedom import spectral_sums
from sk_renorm.theory._effective_ridge import effective_ridge, minimum_ridge, ridge_from_kappa
from sk_renorm.theory._newton import sorted_positive, spare, split
from sk_renorm.theory._ridge import RidgeRisk, ridge_risk
from sk_renorm.theory._spectrum import Spectrum, as_spectrum

_PER_DECADE = 25  # points of the grid that finds the local minima


@dataclass(frozen=True, eq=False)
class OptimalRidge:
    """The penalty with the smallest risk, in the broadcast shape of n_samples and noise_variance.

    Parameters
    ----------
    ridge : ndarray
        Penalty per sample; scikit-learn's alpha divided by n.
    risk : ndarray
        Risk there (E_out), with the label noise.
    """

    ridge: FloatArray
    risk: FloatArray


def optimal_ridge(
    spectrum: Spectrum | ArrayLike,
    n_samples: ArrayLike,
    noise_variance: ArrayLike = 0.0,
    *,
    allow_negative: bool = False,
) -> OptimalRidge:
    """Return the penalty that minimizes the risk of ridge regression.

    Conventions: per-sample ridge (scikit-learn's alpha is ``n * ridge``).

    Parameters
    ----------
    spectrum : Spectrum or array_like of shape (p,)
        Population spectrum with its signal.
    n_samples : array_like
        Number of samples, finite.
    noise_variance : array_like, default=0.0
        Variance of the label noise, broadcast against `n_samples`.
    allow_negative : bool, default=False
        Whether to search the negative penalties above `minimum_ridge` too.  They can win for n < p
        when the signal lies on the leading eigenvectors.

    Returns
    -------
    OptimalRidge
        Penalty and risk; the penalty is zero where the risk falls all the way down.

    Raises
    ------
    ValueError
        If the spectrum has no signal: then the risk falls with every further penalty and no finite
        one is optimal.

    Notes
    -----
    For an isotropic prior, equal ``w_k**2 = t**2``, the optimum is exactly
    ``noise_variance / (n t**2)``, whatever the eigenvalues: scikit-learn's
    ``alpha = noise_variance / t**2``.  Every local minimum on a grid of kappas, 25 for each factor
    of ten from far below the smallest eigenvalue to where the risk rises, is solved for; O(p) per
    kappa.

    References
    ----------
    Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2405.00592; Kobak, Lomond and Sanchez (2020),
    arXiv:1805.10939; Wu and Xu (2020), arXiv:2006.05800.

    Examples
    --------
    >>> from sk_renorm.theory import isotropic, optimal_ridge
    >>> best = optimal_ridge(isotropic(100), n_samples=50, noise_variance=0.5)
    >>> round(float(best.ridge), 9)  # noise_variance * p / (n |w|**2)
    1.0
    """
    spectrum = as_spectrum(spectrum)
    n, noise = together(
        n_samples=positive("n_samples", n_samples),
        noise_variance=nonnegative("noise_variance", noise_variance),
    )
    if np.isinf(n).any():
        raise ValueError("n_samples must be finite: the optimal ridge tends to zero with 1 / n.")
    if not spectrum.signal_power.any():
        raise ValueError("The spectrum has no signal, so that no finite ridge is optimal.")
    pairs = zip(np.ravel(n), np.ravel(noise) + spectrum.unexplained, strict=True)
    ridges = [_best_of(spectrum, *pair, allow_negative) for pair in pairs]
    ridge = np.reshape(ridges, n.shape)
    return OptimalRidge(ridge[()], ridge_risk(spectrum, ridge, n, noise).risk)


def _best_of(spectrum: Spectrum, n: float, noise: float, allow_negative: bool) -> float:
    """Return the penalty of the lowest local minimum along kappa."""
    floor, least_ridge = _lower_end(spectrum, n, allow_negative)
    eta, w2 = spectrum.eigenvalues, spectrum.signal**2
    terms = ((eta * w2, 0, 2), (w2, 2, 1), (ratio(1.0, eta), 3, 0))
    modes = split(sorted_positive(eta), n)

    def risk_and_slope(kappa: ArrayLike) -> tuple[FloatArray, FloatArray]:
        kappa = np.atleast_1d(kappa)
        bias2, rise, fall = spectral_sums(eta, kappa, *terms)
        gap, total = sum(spare(modes, kappa, n)), bias2 + noise  # gap = 1 - gamma, not subtracted
        risk = np.divide(total, gap, out=np.full(np.shape(gap), np.inf), where=gap > 0.0)
        return risk, rise * gap - total * fall / n  # half of B' (1-gamma) + B gamma'

    top = spectrum.trace
    while risk_and_slope(floor + top)[1][0] < 0.0:  # positive beyond some kappa, for any signal
        top *= 10.0
    least = 1e-16 * eta[eta > 0.0].min()
    size = int(_PER_DECADE * np.log10(top / least))
    kappa = floor + np.geomspace(least, top, size)
    risk, slope = risk_and_slope(kappa)
    turns = np.flatnonzero((slope[:-1] < 0.0) & (slope[1:] >= 0.0))
    minima = [
        scipy.optimize.brentq(
            lambda k: risk_and_slope(k)[1][0], kappa[i], kappa[i + 1], xtol=1e-300, rtol=1e-14
        )
        for i in turns
    ]
    lowest = min(minima, key=lambda k: risk_and_slope(k)[0][0], default=None)
    if lowest is None or (slope[0] >= 0.0 and risk[0] <= risk_and_slope(lowest)[0][0]):
        return least_ridge
    return max(float(ridge_from_kappa(spectrum, lowest, n)), least_ridge)


def _lower_end(spectrum: Spectrum, n: float, allow_negative: bool) -> tuple[float, float]:
    """Return the smallest kappa of the search, and its penalty."""
    if allow_negative:
        edge = minimum_ridge(spectrum, n)
        return float(edge.kappa), float(edge.ridge)
    return float(effective_ridge(spectrum, 0.0, n).kappa), 0.0


def learning_curve(
    spectrum: Spectrum | ArrayLike,
    n_samples: ArrayLike,
    noise_variance: ArrayLike = 0.0,
    *,
    ridge: ArrayLike | None = None,
) -> RidgeRisk:
    """Return the risk as a function of the number of samples.

    Conventions: per-sample ridge; to hold scikit-learn's alpha fixed, pass ``ridge=alpha /
    n_samples``.

    Parameters
    ----------
    spectrum : Spectrum or array_like of shape (p,)
        Population spectrum with its signal.
    n_samples : array_like
        Numbers of samples.
    noise_variance : array_like, default=0.0
        Variance of the label noise.
    ridge : array_like, default=None
        Penalty per sample, broadcast against `n_samples`; None takes the best at every n.

    Returns
    -------
    RidgeRisk
        Its `ridge` holds the penalties used.

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    At the best penalty the risk never increases with n; at a fixed one it can (double descent).

    References
    ----------
    Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2405.00592; Nakkiran, Venkat, Kakade and Ma
    (2021), arXiv:2003.01897.

    Examples
    --------
    >>> from sk_renorm.theory import isotropic, learning_curve
    >>> learning_curve(isotropic(100), [50, 100, 200], noise_variance=0.25).risk.round(3)
    array([0.89 , 0.64 , 0.425])
    """
    if ridge is None:
        ridge = optimal_ridge(spectrum, n_samples, noise_variance).ridge
    return ridge_risk(spectrum, ridge, n_samples, noise_variance)
