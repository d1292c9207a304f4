"""Degrees of freedom of a spectrum at an effective ridge, as traces.

Each mode is split into the part that is learned and the part that is not,

    L_k = eta_k / (eta_k + kappa),    U_k = kappa / (eta_k + kappa) = 1 - L_k,

and every quantity of the theory is a sum of products of the two:

    df1 = sum L,   df2 = sum L**2,   df1 - df2 = sum L U,   bias**2 = sum eta w**2 U**2, ...

Summing ``L U`` rather than subtracting keeps full relative accuracy in both limits.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import ArrayLike

from sk_renorm.theory._arguments import FloatArray, finite_array, ratio
from sk_renorm.theory._quadrature import compress, pays
from sk_renorm.theory._spectrum import Spectrum, as_spectrum

_SHORT = 1000  # modes that a plain loop sums to rounding
_BLOCK_ENTRIES = 2**15  # eigenvalues x kappas evaluated at a time: stays in the cache of a core


@dataclass(frozen=True, eq=False)
class DegreesOfFreedom:
    """Degrees of freedom at an effective ridge; traces, not means.

    Parameters
    ----------
    kappa : ndarray
        Effective ridge, in units of the eigenvalues.
    df1 : ndarray
        ``tr Sigma (Sigma + kappa)**-1``.
    df2 : ndarray
        ``tr Sigma**2 (Sigma + kappa)**-2``, at most `df1`.
    df1_derivative : ndarray
        ``d df1 / d kappa = -(df1 - df2) / kappa``, negative.
    df2_derivative : ndarray
        ``d df2 / d kappa``, negative.
    """

    kappa: FloatArray
    df1: FloatArray
    df2: FloatArray
    df1_derivative: FloatArray
    df2_derivative: FloatArray


def blocks(size: int, n_modes: int) -> Iterator[slice]:
    """Yield slices over ``size`` kappas such that a block times the modes fits the cache."""
    step = max(1, _BLOCK_ENTRIES // n_modes)
    return (slice(start, min(start + step, size)) for start in range(0, size, step))


def sum_modes(terms: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the weighted sums over modes, the last axis.

    A matrix product is fast but rounds 10,000 equal terms a hundred times worse than numpy's sum,
    which adds in pairs; for short rows there is no difference.
    """
    return terms @ weights if terms.shape[1] <= _SHORT else (terms * weights).sum(axis=1)


def spectral_sums(
    eigenvalues: FloatArray, kappa: FloatArray, *terms: tuple[FloatArray | None, int, int]
) -> list[FloatArray]:
    """Return ``sum_k c_k L_k**a U_k**b`` over positive eigenvalues, for every term ``(c, a, b)``.

    ``kappa`` has any shape; ``c = None`` stands for ones.  Memory is O(p), not O(p x kappas);
    many sums over many modes are taken on a short equivalent measure.
    """
    flat = np.ravel(kappa)
    keep = eigenvalues > 0.0
    eta = eigenvalues[keep]
    weights = np.array([np.ones(eta.size) if c is None else c[keep] for c, _, _ in terms])
    if pays(eta.size, flat):
        eta, weights = compress(eta, weights)
    out = np.empty((len(terms), flat.size))
    for block in blocks(flat.size, eta.size):
        k = flat[block, None]
        inverse = 1.0 / (eta + k)
        learned, rest = eta * inverse, k * inverse
        for row, (_, a, b), c in zip(out, terms, weights, strict=True):
            term = reduce(np.multiply, [learned] * a + [rest] * b)
            row[block] = sum_modes(term, c)
    return [row.reshape(np.shape(kappa))[()] for row in out]


def with_tail(spectrum: Spectrum, kappa: FloatArray, value: FloatArray) -> FloatArray:
    """Return ``df1``, or ``df1 - df2``, of the modes with the tail's ``tail / kappa`` added."""
    if not spectrum.tail:
        return value
    with np.errstate(divide="ignore"):
        return value + spectrum.tail / kappa


def degrees_of_freedom(spectrum: Spectrum | ArrayLike, kappa: ArrayLike) -> DegreesOfFreedom:
    """Return df1, df2 and their derivatives at an effective ridge.

    Conventions: traces, not means; `kappa` is in units of the eigenvalues, and is the *effective*
    ridge, not the penalty of the fit (that is what `effective_ridge` turns into kappa).

    Parameters
    ----------
    spectrum : Spectrum or array_like of shape (p,)
        Population spectrum, or its eigenvalues.
    kappa : array_like
        Effective ridge, of any shape; above minus the smallest positive eigenvalue, and positive if
        the spectrum has a tail.

    Returns
    -------
    DegreesOfFreedom
        Arrays in the shape of `kappa`.

    Raises
    ------
    ValueError
        If `kappa` is at or below the smallest admissible value.

    Notes
    -----
    O(p) per kappa in time, O(p) in memory.

    References
    ----------
    Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2405.00592.

    Examples
    --------
    >>> from sk_renorm.theory import degrees_of_freedom
    >>> df = degrees_of_freedom([3.0, 1.0], kappa=1.0)
    >>> float(df.df1), float(df.df2)
    (1.25, 0.8125)
    """
    spectrum = as_spectrum(spectrum)
    kappa = finite_array("kappa", kappa)
    check_kappa(spectrum, kappa)
    eta = spectrum.eigenvalues
    scale = ratio(1.0, eta)
    df1, df2, slope1, slope2 = spectral_sums(
        eta, kappa, (None, 1, 0), (None, 2, 0), (scale, 2, 0), (scale, 3, 0)
    )
    if spectrum.tail:
        slope1 = slope1 + spectrum.tail / kappa**2
    df1 = with_tail(spectrum, kappa, df1)
    return DegreesOfFreedom(kappa[()], df1, df2, -slope1, -2.0 * slope2)


def check_kappa(spectrum: Spectrum, kappa: FloatArray) -> None:
    """Raise where ``Sigma + kappa`` is not positive definite on the modes."""
    least = 0.0 if spectrum.tail else -spectrum.eigenvalues[spectrum.eigenvalues > 0.0].min()
    if (kappa <= least).any():
        raise ValueError(
            f"kappa must be above {least:g} for this spectrum (minus its smallest positive "
            f"eigenvalue, or zero with a tail); got {kappa.min():g}."
        )
