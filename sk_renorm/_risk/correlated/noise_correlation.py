"""What the powers of residuals say of the noise: how much of it, and how alike in neighbours.

In the basis of the row correlation the powers are ``excess k_j + noise k'_j`` on average, with k'
the spectrum of the noise, and scatter by as much as their mean (Whittle 1953).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from sk_renorm._risk.correlated.row_correlation import RowCorrelation

_N_STEPS, _SETTLED = 100, 1e-9  # of the reweighted fit: at most, and where a step is none
_N_HALVINGS = 8  # of a step that goes too far
_ROUNDING = 1e-12  # of the log likelihood of a power
# Correlation at lag one, by its length in rows; lengths from n / 8 on cannot be told from a trend.
_LENGTHS = np.array([0.5, 1.0, 2.0, 3.5, 6.0, 10.0, 17.0, 30.0, 50.0])
_NEGATIVE = np.array([-0.8, -0.6, -0.4, -0.2, 0.0])
_RESOLUTION = 1e-3  # of the correlation
_CLEAR = 4.0  # twice the log likelihood ratio: two standard errors


@dataclass(frozen=True)
class NoiseCorrelation:
    """The autoregression of order one that noise follows.

    Attributes
    ----------
    at_lag_one, std_error : float
        Its correlation, and how well it is known: inf if there is no noise to tell.
    is_clear : bool
        Whether it describes the residuals clearly better than independent noise.
    """

    at_lag_one: float
    std_error: float
    is_clear: bool


def of_noise(at_lag_one: float, n: int, fit_intercept: bool) -> RowCorrelation:
    """Return the correlation of n rows of noise."""
    return RowCorrelation.stationary(at_lag_one ** np.arange(n), n, fit_intercept)


def two_components(
    powers: np.ndarray, k: np.ndarray, signed: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Fit ``E powers = excess k + noise``; return both (L, q).

    The likeliest ones, for powers (m, L, q) that scatter by as much as their mean.  With ``signed``
    the noise may be negative, down to half of what the excess is worth in its weakest mode: where
    there is none, an estimate that is never below zero takes some on average, and what it takes
    from the excess is more.
    """
    floor = 0.5 * k.min(axis=0) if signed else 0.0
    k = k - floor
    parts = 0.5 * np.stack([np.mean(powers / k, axis=0), powers.mean(axis=0)])
    mean, likelihood = _mean_and_likelihood(powers, k, parts)
    for _ in range(_N_STEPS):
        step = _reweighted(powers, k, mean) - parts
        # a full step may overshoot, and the next one back: so for ever
        for _ in range(_N_HALVINGS):
            new_mean, new = _mean_and_likelihood(powers, k, parts + step)
            worse = new < likelihood - _ROUNDING * len(k)
            if not worse.any():
                break
            step = np.where(worse, 0.5 * step, step)
        else:
            new_mean, new = _mean_and_likelihood(powers, k, parts + step)
        parts, mean, likelihood = parts + step, new_mean, new
        if np.all(np.abs(step).sum(axis=0) <= _SETTLED * parts.sum(axis=0)):
            break
    excess, noise = parts
    return excess, noise - floor * excess


def _mean_and_likelihood(powers, k, parts) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean powers (m, L, q) of two parts (2, L, q), and the log likelihood (L, q)."""
    mean = np.maximum(parts[0] * k + parts[1], np.finfo(float).tiny)
    return mean, -0.5 * np.sum(np.log(mean) + powers / mean, axis=0)


def _reweighted(powers, k, mean) -> np.ndarray:
    """Fit two parts (2, L, q), none negative, by least squares with weights ``mean**-2``."""
    inverse = mean.max(axis=0) / mean
    powers, k = powers * inverse, k * inverse
    pairs = (k, k), (k, inverse), (inverse, inverse), (k, powers), (inverse, powers)
    a, b, c, u, v = (np.einsum("mlq,mlq->lq", *pair) for pair in pairs)
    determinant = a * c - b * b
    usable = determinant > 1e-10 * a * c
    safe = np.where(usable, determinant, 1.0)
    excess = np.where(usable, (c * u - b * v) / safe, 0.0)
    noise = np.where(usable, (a * v - b * u) / safe, v / c)
    only_excess, only_noise = np.stack([u / a, 0.0 * u]), np.stack([0.0 * v, v / c])
    both = np.stack([excess, noise])
    return np.where(noise < 0.0, only_excess, np.where(excess < 0.0, only_noise, both))


def fit_noise_correlation(powers: np.ndarray, k: np.ndarray, fit_intercept: bool):
    """Fit excess, noise and its correlation to powers (m,) in cosines of spectrum k (m,)."""
    n = len(k) + fit_intercept
    if not powers.any():
        return NoiseCorrelation(0.0, np.inf, False)
    lengths = _LENGTHS[: np.searchsorted(_LENGTHS, n / 8.0)]
    coarse = np.append(_NEGATIVE, np.exp(-1.0 / lengths))
    likelihoods = _likelihoods(powers, k, coarse, fit_intercept)
    independent = likelihoods[coarse == 0.0][0]
    best = likelihoods.argmax()
    between = minimize_scalar(
        lambda rho: -_likelihoods(powers, k, np.array([rho]), fit_intercept)[0],
        bounds=(coarse[max(best - 1, 0)], coarse[min(best + 1, len(coarse) - 1)]),
        method="bounded",
        options={"xatol": _RESOLUTION},
    )
    found, likelihood = float(between.x), -between.fun
    if likelihood < likelihoods[best]:
        found, likelihood = float(coarse[best]), likelihoods[best]
    gain = 2.0 * (likelihood - independent)
    error = _std_error(powers, k, found, fit_intercept)
    return NoiseCorrelation(found, error, bool(gain > _CLEAR))


def _likelihoods(powers, k, correlations: np.ndarray, fit_intercept: bool) -> np.ndarray:
    """Return the log likelihood of the best excess and noise for each correlation."""
    spectra = np.stack([_spectrum(rho, k, fit_intercept) for rho in correlations], axis=1)
    excess, noise = two_components(
        (powers[:, None] / spectra)[..., None], (k[:, None] / spectra)[..., None]
    )
    means = excess[:, 0] * k[:, None] + noise[:, 0] * spectra
    means = np.maximum(means, np.finfo(float).tiny)
    return -0.5 * np.sum(np.log(means) + powers[:, None] / means, axis=0)


def _std_error(powers, k, at_lag_one: float, fit_intercept: bool) -> float:
    """Return the standard error of the correlation, by Fisher's information of all three."""
    step = 1e-4
    spectrum, ahead, behind = (
        _spectrum(at_lag_one + move, k, fit_intercept) for move in (0.0, step, -step)
    )
    excess, noise = two_components(
        (powers / spectrum)[:, None, None], (k / spectrum)[:, None, None]
    )
    mean = excess[0, 0] * k + noise[0, 0] * spectrum
    slopes = np.stack([noise[0, 0] * (ahead - behind) / (2.0 * step), k, spectrum]) / mean
    information = 0.5 * slopes @ slopes.T
    # what the two amplitudes leave of it
    others, cross = information[1:, 1:], information[0, 1:]
    left = information[0, 0] - cross @ np.linalg.lstsq(others, cross, rcond=1e-10)[0]
    return float(1.0 / np.sqrt(left)) if left > 1e-12 * information[0, 0] else np.inf


def _spectrum(at_lag_one: float, k: np.ndarray, fit_intercept: bool) -> np.ndarray:
    return of_noise(at_lag_one, len(k) + fit_intercept, fit_intercept).spectrum
