"""The effective ridge of any multiplicative noise, from its S-transform.

Conventions: ``kappa = ridge * S(df1(kappa))`` with the per-sample ridge and unnormalized traces.

In ``u = ln kappa`` the equation ``h(u) = u - ln S(df1) - ln ridge = 0`` has slope
``h' = 1 + (df1 - df2) d ln S / d df1 >= 1``: there is one root.  Newton's method is kept inside a
bracket, because unlike that of independent samples h is not convex for every S.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sk_renorm.theory._arguments import FloatArray, finite_array, product, together
from sk_renorm.theory._degrees_of_freedom import spectral_sums, with_tail
from sk_renorm.theory._newton import solve
from sk_renorm.theory._s_transform import STransform
from sk_renorm.theory._spectrum import Spectrum, as_spectrum

_MAX_STEPS = 300
_CERTIFIED = 1e-11  # largest accepted relative distance to the root, as one more step measures it
_RESOLVED = 1e-6  # the same next to max_df, where df1 in floats resolves kappa no better


@dataclass(frozen=True, eq=False)
class Subordination:
    """The effective ridge behind a multiplicative noise.

    Parameters
    ----------
    ridge : ndarray
        Penalty per sample.
    kappa : ndarray
        Effective ridge, in units of the eigenvalues.
    df1 : ndarray
        ``tr Sigma (Sigma + kappa)**-1``, with the tail.
    df2 : ndarray
        ``tr Sigma**2 (Sigma + kappa)**-2``.
    renormalization : ndarray
        ``S(df1) = kappa / ridge``; infinite where the noise interpolates.
    log_derivative : ndarray
        ``d ln kappa / d ln ridge``, from 0 (interpolation) to 1.
    residual : ndarray
        Relative distance to the root: the certificate.  Below 1e-11, and larger only where df1 is
        so close to `max_df` that their difference is all rounding; never above 1e-6.
    """

    ridge: FloatArray
    kappa: FloatArray
    df1: FloatArray
    df2: FloatArray
    renormalization: FloatArray
    log_derivative: FloatArray
    residual: FloatArray


def subordinate(
    spectrum: Spectrum | ArrayLike, ridge: ArrayLike, noise: STransform
) -> Subordination:
    """Return the effective ridge of a covariance behind a multiplicative noise.

    Conventions: per-sample ridge; traces, not means.  With ``noise = white_wishart(n)`` this is
    `effective_ridge`, which also knows negative ridges.

    Parameters
    ----------
    spectrum : Spectrum or array_like of shape (p,)
        Population spectrum, or its eigenvalues.
    ridge : array_like
        Penalty per sample, zero or positive.
    noise : STransform
        S-transform of the noise, or a product of several; its parameters broadcast against `ridge`.

    Returns
    -------
    Subordination
        Arrays in the broadcast shape.

    Raises
    ------
    ValueError
        If `ridge` is negative.
    RuntimeError
        If a root fails its certificate: because a user's S-transform decreases, or because df1 and
        `max_df` agree to 10 digits (rank = max_df, with a tiny ridge).

    Notes
    -----
    O(p) per step and point, about ten steps.  For ridge = 0, kappa solves ``df1(kappa) = max_df``,
    or is zero if that exceeds the rank.

    References
    ----------
    Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2405.00592.

    Examples
    --------
    >>> from sk_renorm.theory import gaussian_features, isotropic, subordinate, white_wishart
    >>> point = subordinate(isotropic(200), 0.002, white_wishart(200) * gaussian_features(100))
    >>> round(float(point.kappa), 5)
    1.00794
    """
    spectrum = as_spectrum(spectrum)
    if not isinstance(noise, STransform):
        raise TypeError("noise must be an STransform, such as white_wishart(n_samples).")
    ridge, max_df = together(ridge=finite_array("ridge", ridge), noise=noise.max_df)
    if (ridge < 0.0).any():
        raise ValueError(
            "ridge must be zero or positive here; effective_ridge knows negative ridges of "
            "independent samples."
        )
    if spectrum.tail and ((ridge == 0.0) & np.isinf(max_df)).any():
        raise ValueError("ridge must be positive for a spectrum with a tail and max_df = inf.")
    floor = _ridgeless(spectrum, max_df)
    kappa = np.where(ridge > 0.0, _solve(spectrum, ridge, noise, floor), floor)
    df1, df2, h, slope = _equation(spectrum, kappa, ridge, noise)
    df1 = np.where((ridge == 0.0) & (kappa > 0.0), max_df, df1)
    residual = np.where(ridge > 0.0, _certified(df1, h, slope, noise, ridge), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        s = np.where(kappa > 0.0, np.divide(kappa, ridge), noise.value(df1))
    return Subordination(
        ridge[()], kappa[()], df1[()], df2[()], s[()], (1.0 / slope)[()], residual[()]
    )


def _certified(
    df1: FloatArray, h: FloatArray, slope: FloatArray, noise: STransform, ridge: FloatArray
) -> FloatArray:
    """Return the relative distances to the roots, or raise."""
    unresolved = ~np.isfinite(h)  # df1 equals max_df in floats
    residual = np.where(unresolved, np.inf, np.abs(np.where(unresolved, 0.0, h)) / slope)
    rounding = 8.0 * np.finfo(float).eps * df1 * noise.log_derivative(_inside(df1, noise)) / slope
    failed = (ridge > 0.0) & ~(residual <= np.clip(rounding, _CERTIFIED, _RESOLVED))
    if failed.any():
        raise RuntimeError(
            f"The effective ridge is only known to a relative {residual[failed].max():.1e}; check "
            "that the S-transform increases with df1, or use a larger ridge: df1 may be too close "
            "to max_df."
        )
    return residual


def _ridgeless(spectrum: Spectrum, max_df: FloatArray) -> FloatArray:
    """Return kappa at ridge = 0: where df1 is all that the noise lets through."""
    width = np.ravel(max_df)
    with np.errstate(invalid="ignore"):
        kappa, _ = solve(spectrum.eigenvalues, spectrum.tail / width, width)
    return kappa.reshape(max_df.shape)


def _equation(
    spectrum: Spectrum, kappa: FloatArray, ridge: FloatArray, noise: STransform
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return df1, df2, h(ln kappa) and its slope; h = -inf at and below the ridgeless limit."""
    df1, df2, lag = spectral_sums(
        spectrum.eigenvalues, kappa, (None, 1, 0), (None, 2, 0), (None, 1, 1)
    )
    df1, lag = with_tail(spectrum, kappa, df1), with_tail(spectrum, kappa, lag)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        inside = df1 < noise.max_df
        safe = _inside(df1, noise)
        h = np.where(inside, np.log(kappa / ridge) - np.log(noise.value(safe)), -np.inf)
        steepness = np.where(inside, noise.log_derivative(safe), np.inf)
    return df1, df2, h, 1.0 + product(lag, steepness)


def _inside(df1: FloatArray, noise: STransform) -> FloatArray:
    """Return df1 where S exists there, else some df1 where it does."""
    return np.where(df1 < noise.max_df, df1, 0.5 * np.minimum(noise.max_df, df1))


def _solve(
    spectrum: Spectrum, ridge: FloatArray, noise: STransform, floor: FloatArray
) -> FloatArray:
    """Newton in ln kappa inside a bracket, for all points at once."""
    ridge = np.where(ridge > 0.0, ridge, 1.0)  # the ridgeless points are answered by ``floor``

    def h(u: FloatArray) -> tuple[FloatArray, FloatArray]:
        _, _, value, slope = _equation(spectrum, np.exp(u), ridge, noise)
        return value, slope

    # h(u + t) >= h(u) + t, because the slope is at least one: one step finds the upper end
    high = np.log(np.maximum(2.0 * floor, ridge))
    value, _ = h(high)
    high = high + np.maximum(-np.where(np.isfinite(value), value, -1.0), 0.0)
    low = np.where(floor > 0.0, np.log(np.where(floor > 0.0, floor, 1.0)), high)
    value, _ = h(high)
    low = np.where(floor > 0.0, low, high - np.maximum(value, 0.0))
    u = high
    for _ in range(_MAX_STEPS):
        value, slope = h(u)
        high, low = np.where(value > 0.0, u, high), np.where(value > 0.0, low, u)
        with np.errstate(invalid="ignore"):  # -inf / inf below the limit: bisect
            newton = u - value / slope
        step_to = np.where((newton >= low) & (newton <= high), newton, 0.5 * (low + high))
        done = np.abs(step_to - u) <= 4.0 * np.finfo(float).eps * np.maximum(np.abs(u), 1.0)
        u = np.where(done, u, step_to)
        if done.all():
            break
    # where df1 cannot be told from max_df at u, the root is between u and high, a rounding apart
    return np.exp(np.where(np.isfinite(value), u, high))
