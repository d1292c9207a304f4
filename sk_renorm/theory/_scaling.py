"""Scaling laws: how the excess risk falls with the number of samples, and which term decides.

Conventions: source / capacity spectra ``eta_k = k**-capacity``, ``eta_k w_k**2 = k**-(2 capacity
source + 1)``; the penalty per sample is ``ridge = n**-l`` (l: ridge exponent), the number of random
features ``N = n**q`` (q: width exponent, infinite for ridge regression without features).  The
excess risk is ``n**-rate``; noise is of order one.

What bottlenecks the resolution first decides it: ``kappa ~ n**(-capacity m)``, ``df1 ~ n**m`` with

    m = min(1, l / capacity, q)          (samples, ridge, width),

    bias2             ~ kappa**(2 min(source, 1))
    feature variance  ~ (df1 / N)**c kappa**min(1, 2 source)
    noise variance    ~ df1 / n

so that their rates are ``2 capacity min(source, 1) m``, ``capacity min(1, 2 source) m + c (q - m)``
and ``1 - m``, with ``c = 1`` for white features.  The smallest rate wins.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk_renorm.theory._arguments import (
    FloatArray,
    finite_array,
    nonnegative,
    positive,
    real_array,
    together,
)

REGIMES = (
    "signal-source",
    "signal-capacity",
    "ridge-source",
    "ridge-capacity",
    "width-source",
    "width-capacity",
    "feature variance",
    "feature variance, ridge",
    "noise",
    "noise, mitigated by ridge",
    "noise, mitigated by width",
)


@dataclass(frozen=True, eq=False)
class ScalingLaw:
    """Rates at which the excess risk falls, ``n**-rate``, in the broadcast shape of the exponents.

    Parameters
    ----------
    rate : ndarray
        Rate of the excess risk: the smallest of the three below.
    regime : ndarray of str
        Name of the term with that rate, one of `REGIMES`.
    bias : ndarray
        Rate of the squared bias.
    feature_variance : ndarray
        Rate of the variance due to random features; infinite without them.
    noise : ndarray
        Rate of the variance due to label noise; infinite without noise.
    resolution : ndarray
        ``m``: df1 grows as ``n**m``.
    """

    rate: FloatArray
    regime: NDArray[np.str_]
    bias: FloatArray
    feature_variance: FloatArray
    noise: FloatArray
    resolution: FloatArray


def feature_variance_exponent(feature_decay: ArrayLike) -> FloatArray:
    """Return c, the power of ``df1 / N`` in the feature variance, for structured features.

    Parameters
    ----------
    feature_decay : array_like
        Exponent of the features' own spectrum ``k**-feature_decay``; zero for white features.

    Returns
    -------
    ndarray
        1 up to 1/2, ``2 (1 - feature_decay)`` up to 1, then 0: the variance of features that decay
        so fast does not fall with their number.

    Raises
    ------
    ValueError
        If `feature_decay` is negative.

    References
    ----------
    Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2405.00592, whose guide line for decays
    between 1/2 and 1 differs; the derivation and the local slopes of the theory agree with this
    one.

    Examples
    --------
    >>> from sk_renorm.theory import feature_variance_exponent
    >>> feature_variance_exponent([0.0, 0.75, 2.0])
    array([1. , 0.5, 0. ])
    """
    decay = nonnegative("feature_decay", feature_decay)
    return np.clip(2.0 * (1.0 - decay), 0.0, 1.0)[()]


def scaling_law(
    capacity: ArrayLike,
    source: ArrayLike,
    ridge_exponent: ArrayLike,
    width_exponent: ArrayLike = np.inf,
    *,
    feature_decay: ArrayLike = 0.0,
    noisy: bool = False,
) -> ScalingLaw:
    """Return the rate of the excess risk in n, and the term that dominates it.

    Conventions: ``ridge = n**-ridge_exponent`` per sample, ``N = n**width_exponent`` features.  Two
    arrays of exponents, one as a column and one as a row, give a phase diagram.

    Parameters
    ----------
    capacity : array_like
        Capacity exponent, above 1 (alpha in the papers).
    source : array_like
        Source exponent, positive (r in the papers).
    ridge_exponent : array_like
        Exponent l, zero or positive; infinity for ridgeless.
    width_exponent : array_like, default=inf
        Exponent q, positive; infinity for ridge regression without random features.
    feature_decay : array_like, default=0.0
        Exponent of the features' own spectrum, see `feature_variance_exponent`.
    noisy : bool, default=False
        Whether there is label noise of order one.

    Returns
    -------
    ScalingLaw
        Arrays in the broadcast shape.

    Raises
    ------
    ValueError
        If an exponent is out of range; a capacity of at most 1 has a trace that grows with p, so
        that no limit exists.

    Notes
    -----
    On the boundary between two regimes both terms count, and the first one in `REGIMES` is named;
    at ``source = 1/2`` or 1 and at ``feature_decay = 1/2`` the laws carry logarithms.  At
    width_exponent = 1 with ridge exponents above the capacity, n = N is the interpolation threshold
    and its peak is not part of the law.

    References
    ----------
    Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2405.00592; Cui, Loureiro, Krzakala and
    Zdeborova (2021), arXiv:2105.15004; Defilippis, Loureiro and Misiakiewicz (2024),
    arXiv:2405.15699.

    Examples
    --------
    >>> from sk_renorm.theory import scaling_law
    >>> law = scaling_law(capacity=1.5, source=1.2, ridge_exponent=3.0, width_exponent=1.5)
    >>> float(law.rate), str(law.regime)
    (2.0, 'feature variance')
    >>> scaling_law(1.5, 0.4, [0.5, 3.0], noisy=True).regime
    array(['ridge-source', 'noise'], dtype='<U25')
    """
    capacity, source, decay, q, c = together(
        capacity=_capacity(capacity),
        source=positive("source", source),
        ridge_exponent=_nonnegative_or_infinite("ridge_exponent", ridge_exponent),
        width_exponent=positive("width_exponent", width_exponent),
        feature_decay=feature_variance_exponent(feature_decay),
    )
    bottlenecks = np.stack([np.ones_like(q), decay / capacity, q])
    which = np.argmin(bottlenecks, axis=0)  # samples, ridge or width
    m = bottlenecks.min(axis=0)
    bias = 2.0 * capacity * np.minimum(source, 1.0) * m
    feature_variance = np.full_like(m, np.inf)
    finite = np.isfinite(q)
    feature_variance[finite] = (
        capacity * np.minimum(1.0, 2.0 * source) * m + c * (np.where(finite, q, 1.0) - m)
    )[finite]
    noise = 1.0 - m if noisy else np.full_like(m, np.inf)
    rates = np.stack([bias, feature_variance, noise])
    # equal rates up to rounding are a boundary, where the first name wins
    term = np.argmax(rates <= rates.min(axis=0) + 1e-12, axis=0)
    return ScalingLaw(
        rates.min(axis=0)[()],
        _names(which, term, source)[()],
        bias[()],
        feature_variance[()],
        noise[()],
        m[()],
    )


def _names(which: NDArray, term: NDArray, source: FloatArray) -> NDArray[np.str_]:
    """Return the regime's name from its bottleneck, its dominating term and the source."""
    bias = 2 * which + (source >= 1.0)
    # with the width as bottleneck, the features' variance saturates at source 1/2 instead of 1
    width = 4 + (source >= 0.5)
    index = np.choose(term, [bias, 6 + which, 8 + which])
    index = np.where((which == 2) & (term < 2), width, index)
    return np.asarray(np.array(REGIMES)[index])


def optimal_scaling(capacity: ArrayLike, source: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the ridge exponent that is best for noisy data, and the rate it achieves.

    Parameters
    ----------
    capacity : array_like
        Capacity exponent, above 1.
    source : array_like
        Source exponent, positive.

    Returns
    -------
    ridge_exponent : ndarray
        ``l = capacity / (1 + 2 capacity min(source, 1))``.
    rate : ndarray
        ``2 capacity min(source, 1) / (1 + 2 capacity min(source, 1))``, of ridge regression or of
        random features wide enough not to matter.

    Raises
    ------
    ValueError
        If an exponent is out of range.

    References
    ----------
    Caponnetto and de Vito (2007); Cui, Loureiro, Krzakala and Zdeborova (2021), arXiv:2105.15004.

    Examples
    --------
    >>> from sk_renorm.theory import optimal_scaling
    >>> l, rate = optimal_scaling(capacity=2.0, source=0.5)
    >>> round(float(l), 4), round(float(rate), 4)
    (0.6667, 0.6667)
    """
    capacity, source = together(capacity=_capacity(capacity), source=positive("source", source))
    decay = 2.0 * capacity * np.minimum(source, 1.0)
    return (capacity / (1.0 + decay))[()], (decay / (1.0 + decay))[()]


def _capacity(value: ArrayLike) -> FloatArray:
    capacity = finite_array("capacity", value)
    if (capacity <= 1.0).any():
        raise ValueError(
            "capacity must be above 1: otherwise the trace diverges with p and no scaling exists."
        )
    return capacity


def _nonnegative_or_infinite(name: str, value: ArrayLike) -> FloatArray:
    array = real_array(name, value)
    if (array < 0.0).any():
        raise ValueError(f"{name} must be zero or positive; got {array.min():g}.")
    return array
