"""The effective ridge kappa: what n noisy looks at the covariance make of a penalty.

Conventions: the fit minimizes ``(1/n) sum (y_i - w.x_i)**2 + ridge * |w|**2``, so scikit-learn's
``alpha = n * ridge``.  Degrees of freedom are traces.

The sample covariance ``Sh`` is the population covariance times multiplicative noise (a white
Wishart matrix).  For n, p -> infinity the noise leaves the eigenvectors alone and renormalizes the
penalty:

    ridge (Sh + ridge)^-1  ~  kappa (Sigma + kappa)^-1,      ridge = kappa (1 - df1(kappa) / n).

The slope of the right side is ``1 - df2 / n = 1 - gamma``.
"""

from dataclasses import dataclass

import numpy as np
import scipy.optimize
from numpy.typing import ArrayLike

from sk_renorm.theory._arguments import FloatArray, finite_array, positive, together
from sk_renorm.theory._degrees_of_freedom import check_kappa, spectral_sums, with_tail
from sk_renorm.theory._newton import groups, solve, sorted_positive, spare, split
from sk_renorm.theory._spectrum import Spectrum, as_spectrum


@dataclass(frozen=True, eq=False)
class EffectiveRidge:
    """The effective ridge and its degrees of freedom, in the broadcast shape of the inputs.

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
    """

    ridge: FloatArray
    n_samples: FloatArray
    kappa: FloatArray
    df1: FloatArray
    df2: FloatArray
    gamma: FloatArray
    derivative: FloatArray
    renormalization: FloatArray
    residual: FloatArray


@dataclass(frozen=True, eq=False)
class MinimumRidge:
    """The end of the negative-ridge branch, in the shape of n_samples.

    Parameters
    ----------
    ridge : ndarray
        Infimum of the admissible penalties per sample: minus the lower edge of the nonzero spectrum
        of the sample covariance.  Every variance diverges there.
    kappa : ndarray
        Effective ridge there, where ``df2 = n`` (gamma = 1).
    """

    ridge: FloatArray
    kappa: FloatArray


def effective_ridge(
    spectrum: Spectrum | ArrayLike, ridge: ArrayLike, n_samples: ArrayLike
) -> EffectiveRidge:
    """Return the effective ridge ``kappa`` that solves ``ridge = kappa (1 - df1(kappa) / n)``.

    Conventions: per-sample ridge (scikit-learn's alpha is ``n * ridge``); traces, not means.

    Parameters
    ----------
    spectrum : Spectrum or array_like of shape (p,)
        Population spectrum, or its eigenvalues.
    ridge : array_like
        Penalty per sample.  Zero gives the ridgeless limit from above; negative values are admitted
        above `minimum_ridge`.
    n_samples : array_like
        Number of samples, positive, not necessarily an integer; infinity gives ``kappa = ridge``.
        Broadcast against `ridge`.

    Returns
    -------
    EffectiveRidge
        Arrays in the broadcast shape.

    Raises
    ------
    ValueError
        If `n_samples` is not positive or `ridge` is below the admissible minimum.
    RuntimeError
        If a root fails its certificate.

    Notes
    -----
    The branches: for ridge = 0 and n above the rank, kappa = 0; for ridge = 0 and n below the rank,
    kappa > 0 solves ``df1(kappa) = n`` (implicit regularization of interpolation); at n = rank both
    meet, gamma = 1 and the derivative is infinite.  A negative ridge with n above the rank gives a
    negative kappa.  O(p) per Newton step and point, O(p) memory.

    References
    ----------
    Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2405.00592; Silverstein (1995).

    Examples
    --------
    >>> import numpy as np
    >>> from sk_renorm.theory import effective_ridge, isotropic
    >>> eff = effective_ridge(isotropic(200), ridge=[0.0, 0.1], n_samples=100)
    >>> eff.kappa.round(4)
    array([1.    , 1.1844])
    >>> bool(np.allclose(eff.kappa * (1 - eff.df1 / 100), [0.0, 0.1]))
    True
    """
    spectrum = as_spectrum(spectrum)
    ridge, n = together(
        ridge=finite_array("ridge", ridge), n_samples=positive("n_samples", n_samples)
    )
    tilted = ridge + spectrum.tail / n  # the tail acts as extra ridge
    check_ridge(spectrum, ridge, tilted, n)
    kappa, residual = solve(spectrum.eigenvalues, np.ravel(tilted), np.ravel(n))
    kappa, residual = kappa.reshape(n.shape)[()], residual.reshape(n.shape)[()]
    df1, df2, lag = spectral_sums(
        spectrum.eigenvalues, kappa, (None, 1, 0), (None, 2, 0), (None, 1, 1)
    )
    df1, lag = with_tail(spectrum, kappa, df1), with_tail(spectrum, kappa, lag)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # 1 - df1/n = ridge/kappa exactly; the difference is needed only where kappa = 0
        shrinkage = np.where(kappa == 0.0, 1.0 - spectrum.rank / n, ridge / kappa)
        derivative = 1.0 / (shrinkage + lag / n)
        renormalization = 1.0 / shrinkage
    return EffectiveRidge(
        ridge[()], n[()], kappa, df1, df2, df2 / n, derivative, renormalization[()], residual
    )


def ridge_from_kappa(
    spectrum: Spectrum | ArrayLike, kappa: ArrayLike, n_samples: ArrayLike
) -> FloatArray:
    """Return the penalty whose effective ridge is ``kappa``: the explicit inverse.

    Conventions: per-sample ridge; traces, not means.

    Parameters
    ----------
    spectrum : Spectrum or array_like of shape (p,)
        Population spectrum, or its eigenvalues.
    kappa : array_like
        Effective ridge.
    n_samples : array_like
        Number of samples; broadcast against `kappa`.

    Returns
    -------
    ndarray
        ``kappa (1 - df1(kappa) / n)``, in the broadcast shape; negative where fewer than df1
        samples cannot reach so small a kappa with a positive penalty.

    Raises
    ------
    ValueError
        If `kappa` is outside its domain, or below the value at which ``df2 = n``: no penalty leads
        there.

    Notes
    -----
    O(p) per point.

    References
    ----------
    Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2405.00592.

    Examples
    --------
    >>> from sk_renorm.theory import isotropic, ridge_from_kappa
    >>> float(ridge_from_kappa(isotropic(200), kappa=1.0, n_samples=200))
    0.5
    """
    spectrum = as_spectrum(spectrum)
    kappa, n = together(
        kappa=finite_array("kappa", kappa), n_samples=positive("n_samples", n_samples)
    )
    check_kappa(spectrum, kappa)
    (df2,) = spectral_sums(spectrum.eigenvalues, kappa, (None, 2, 0))
    if (df2 > n * (1.0 + 1e-12)).any():
        raise ValueError(
            "kappa must be at least the value at which df2(kappa) = n_samples; use "
            "minimum_ridge(spectrum, n_samples).kappa to find it."
        )
    out = np.empty(n.size)
    for value, index in groups(np.ravel(n)):
        if np.isinf(value):
            out[index] = np.ravel(kappa)[index]
            continue
        modes = split(sorted_positive(spectrum.eigenvalues), value)
        rest, _ = spare(modes, np.ravel(kappa)[index], value)
        out[index] = np.ravel(kappa)[index] * rest
    return (out.reshape(n.shape) - spectrum.tail / n)[()]


def minimum_ridge(spectrum: Spectrum | ArrayLike, n_samples: ArrayLike) -> MinimumRidge:
    """Return the infimum of the admissible, negative penalties and kappa there.

    Conventions: per-sample ridge; traces, not means.

    Parameters
    ----------
    spectrum : Spectrum or array_like of shape (p,)
        Population spectrum, or its eigenvalues.
    n_samples : array_like
        Number of samples, finite.

    Returns
    -------
    MinimumRidge
        Penalty and kappa in the shape of `n_samples`.  The penalty is zero at n = rank.

    Raises
    ------
    ValueError
        If `n_samples` is not positive and finite.

    Notes
    -----
    Solves ``df2(kappa) = n`` by Brent's method in ``log(kappa + eta_min)``, once per distinct n.
    Directions without variance are ignored.  In a finite sample the edge fluctuates; half of it is
    a practical floor.

    References
    ----------
    Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2405.00592.

    Examples
    --------
    >>> from sk_renorm.theory import isotropic, minimum_ridge
    >>> float(minimum_ridge(isotropic(100), 400).ridge.round(10))  # -(1 - sqrt(p / n))**2
    -0.25
    """
    spectrum = as_spectrum(spectrum)
    n = positive("n_samples", n_samples)
    if np.isinf(n).any():
        raise ValueError("n_samples must be finite: the edge is the smallest eigenvalue itself.")
    eta = sorted_positive(spectrum.eigenvalues)
    edge, kappa = np.empty(n.size), np.empty(n.size)
    for value, index in groups(np.ravel(n)):
        # with a tail kappa stays positive, so that nothing is gained beyond n = rank
        bounded = value == len(eta) or (spectrum.tail > 0.0 and value > len(eta))
        kappa[index] = 0.0 if bounded else _kappa_at_df2(eta, value)
        rest, _ = spare(split(eta, value), kappa[index], value)
        edge[index] = kappa[index] * rest
    edge = edge.reshape(n.shape) - spectrum.tail / n
    return MinimumRidge(edge[()], kappa.reshape(n.shape)[()])


def _kappa_at_df2(eta: FloatArray, n: float) -> float:
    """Return the kappa above -min(eta) at which ``df2 = n``, by v = kappa + min(eta)."""

    def excess(log_v: float) -> float:
        v = np.exp(log_v)
        return float(np.sum((eta / (eta - eta[-1] + v)) ** 2) - n)

    low = np.log(eta[-1]) - 0.5 * np.log(n)  # one mode alone has df2 = (eta_min / v)**2
    high = np.log(eta[-1] + eta.sum() / n)  # df1 = n at the latest, where df2 < n
    if excess(low) <= 0.0:  # a single mode: the bound is the root
        return float(np.exp(low) - eta[-1])
    root = scipy.optimize.brentq(excess, low, high, xtol=1e-14, rtol=1e-14)
    return float(np.exp(root) - eta[-1])


def check_ridge(spectrum: Spectrum, ridge: FloatArray, tilted: FloatArray, n: FloatArray) -> None:
    """Raise where ``tilted``, the ridge with the tail's share, is below the admissible minimum."""
    negative = (tilted < 0.0) | ((tilted == 0.0) & (spectrum.tail > 0.0) & (n >= spectrum.rank))
    if not negative.any():
        return
    if np.isinf(n[negative]).any():
        least = "be positive (the spectrum has a tail)" if spectrum.tail else "not be negative"
        raise ValueError(f"ridge must {least} for infinitely many samples.")
    edge = np.atleast_1d(minimum_ridge(spectrum, n[negative]).ridge)
    outside = np.flatnonzero(ridge[negative] <= edge)
    if outside.size:
        first = outside[0]
        raise ValueError(
            f"ridge must be above {edge[first]:.6g}, the admissible minimum for this spectrum and "
            f"n_samples = {n[negative][first]:g} (see minimum_ridge); "
            f"got {ridge[negative][first]:.6g}."
        )
