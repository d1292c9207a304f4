"""Constructors of spectra: textbook families, a covariance matrix, a kernel."""

import numpy as np
from numpy.typing import ArrayLike

from sk_renorm.theory._arguments import (
    FloatArray,
    count,
    finite_array,
    nonnegative,
    number,
    psd_eigenvalues,
    symmetric_matrix,
    vector,
)
from sk_renorm.theory._spectrum import Spectrum


def _with_norm(direction: FloatArray, signal_norm: float | None) -> FloatArray:
    if signal_norm is None:
        return direction
    return direction * (number("signal_norm", signal_norm) / np.linalg.norm(direction))


def power_law(
    n_features: int, capacity: float, source: float = 0.5, *, signal_norm: float | None = None
) -> Spectrum:
    """Return the source / capacity spectrum ``eta_k = k**-capacity``.

    The target power of mode ``k`` is ``eta_k w_k**2 = k**-(2 * capacity * source + 1)`` before
    normalization, so a larger `source` is an easier target.

    Parameters
    ----------
    n_features : int
        Number of eigenvalues p.
    capacity : float
        Capacity exponent (alpha in both papers), zero or positive.
    source : float, default=0.5
        Source exponent (r in both papers); 0.5 makes ``w_k**2 = 1 / k``.
    signal_norm : float, default=None
        Length of ``w``; None leaves ``w_1 = 1``.

    Returns
    -------
    Spectrum
        Eigenvalues in descending order with positive coefficients.

    Raises
    ------
    ValueError
        If `n_features` is below 1, `capacity` negative or `source` not finite.

    References
    ----------
    Caponnetto and de Vito (2007); Cui, Loureiro, Krzakala and Zdeborova (2021), arXiv:2105.15004.

    Examples
    --------
    >>> from sk_renorm.theory import power_law
    >>> power_law(3, capacity=1.0, source=1.0).eigenvalues
    array([1.        , 0.5       , 0.33333333])
    """
    capacity = number("capacity", capacity)
    source = finite_array("source", source)
    if source.ndim:
        raise ValueError(f"source must be one number; got shape {source.shape}.")
    k = np.arange(1.0, count("n_features", n_features) + 1.0)
    signal = k ** (-0.5 * (1.0 + capacity * (2.0 * source - 1.0)))
    return Spectrum(k**-capacity, _with_norm(signal, signal_norm))


def isotropic(n_features: int, *, variance: float = 1.0, signal_norm: float = 1.0) -> Spectrum:
    """Return a white spectrum: every direction has the same variance and the same signal.

    Parameters
    ----------
    n_features : int
        Number of eigenvalues p.
    variance : float, default=1.0
        The eigenvalue.
    signal_norm : float, default=1.0
        Length of ``w``.

    Returns
    -------
    Spectrum
        Equal eigenvalues, equal coefficients.

    Raises
    ------
    ValueError
        If `n_features` is below 1, `variance` not positive or `signal_norm` negative.

    Examples
    --------
    >>> from sk_renorm.theory import isotropic
    >>> isotropic(4, signal_norm=2.0).signal
    array([1., 1., 1., 1.])
    """
    p = count("n_features", n_features)
    variance = number("variance", variance)
    return Spectrum(np.full(p, variance), _with_norm(np.ones(p), signal_norm))


def spiked(
    n_features: int,
    spikes: ArrayLike,
    *,
    bulk: float = 1.0,
    alignment: float = 0.5,
    signal_norm: float = 1.0,
) -> Spectrum:
    """Return a few large eigenvalues over a white bulk.

    Parameters
    ----------
    n_features : int
        Number of eigenvalues p, spikes included.
    spikes : array_like of shape (s,)
        Eigenvalues of the spikes, s < p.
    bulk : float, default=1.0
        Eigenvalue of the other p - s directions.
    alignment : float, default=0.5
        Fraction of ``|w|**2`` that lies on the spikes, from 0 to 1, spread evenly over them.
    signal_norm : float, default=1.0
        Length of ``w``.

    Returns
    -------
    Spectrum
        The spikes first.

    Raises
    ------
    ValueError
        If there is no spike or no bulk, or an argument is out of range.

    Notes
    -----
    A spike is a single direction and does not self-average: formulas are accurate to O(s / n).

    References
    ----------
    Johnstone (2001), Annals of Statistics 29.

    Examples
    --------
    >>> from sk_renorm.theory import spiked
    >>> spiked(4, [10.0], alignment=0.25).signal
    array([0.5, 0.5, 0.5, 0.5])
    """
    p = count("n_features", n_features)
    spikes = np.atleast_1d(nonnegative("spikes", spikes))
    if spikes.ndim != 1 or not 0 < spikes.size < p:
        raise ValueError(f"spikes must be a vector of 1 to {p - 1} eigenvalues.")
    share = number("alignment", alignment)
    if share > 1.0:
        raise ValueError(f"alignment is a fraction from 0 to 1; got {share:g}.")
    s = spikes.size
    signal = np.repeat([np.sqrt(share / s), np.sqrt((1.0 - share) / (p - s))], [s, p - s])
    floor = np.full(p - s, number("bulk", bulk))
    return Spectrum(np.concatenate([spikes, floor]), _with_norm(signal, signal_norm))


def from_covariance(covariance: ArrayLike, coefficients: ArrayLike | None = None) -> Spectrum:
    """Return the spectrum of a covariance matrix and of a linear target.

    Parameters
    ----------
    covariance : array_like of shape (p, p)
        Symmetric, positive semidefinite.  Eigenvalues that rounding cannot tell from zero become
        zero.
    coefficients : array_like of shape (p,), default=None
        Coefficients ``w`` of the target in the coordinates of the features; None means no signal.

    Returns
    -------
    Spectrum
        Eigenvalues in descending order, with the eigenvectors in `basis`.

    Raises
    ------
    ValueError
        If `covariance` is not square, symmetric and positive semidefinite.

    Notes
    -----
    One symmetric eigendecomposition, O(p**3).

    Examples
    --------
    >>> import numpy as np
    >>> from sk_renorm.theory import from_covariance
    >>> spectrum = from_covariance([[2.0, 1.0], [1.0, 2.0]], [1.0, 1.0])
    >>> spectrum.eigenvalues.round(12), spectrum.signal_power.round(12)
    (array([3., 1.]), array([6., 0.]))
    """
    values, vectors = np.linalg.eigh(symmetric_matrix("covariance", covariance))
    values, vectors = psd_eigenvalues("covariance", values)[::-1], vectors[:, ::-1]
    w = np.zeros(len(values)) if coefficients is None else coefficients
    return Spectrum(values, vectors.T @ vector("coefficients", w, len(values)), basis=vectors)


def from_kernel(kernel: ArrayLike, target: ArrayLike | None = None) -> Spectrum:
    """Return the spectrum of a kernel, estimated from its matrix on a large reference sample.

    The eigenvalues of the integral operator are those of ``kernel / m``.  Mode ``k`` carries the
    target power ``(u_k . target)**2 / m``; the power on modes that rounding cannot tell from zero
    goes to `unexplained`.

    Parameters
    ----------
    kernel : array_like of shape (m, m)
        Kernel matrix of m reference points, drawn like the training points and several times as
        many.
    target : array_like of shape (m,), default=None
        Noiseless target at the reference points; None means no signal.

    Returns
    -------
    Spectrum
        Positive eigenvalues in descending order.

    Raises
    ------
    ValueError
        If `kernel` is not square, symmetric and positive semidefinite.

    Notes
    -----
    Eigenvalues beyond the m-th do not exist here, so use it for n well below m.  One symmetric
    eigendecomposition, O(m**3).

    References
    ----------
    Bordelon, Canatar and Pehlevan (2020), arXiv:2002.02561; Simon, Dickens, Karkada and DeWeese
    (2021), arXiv:2110.03922.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_renorm.theory import from_kernel
    >>> x = np.linspace(-1.0, 1.0, 50)
    >>> spectrum = from_kernel(np.outer(x, x), target=x + 1.0)
    >>> spectrum.rank, round(spectrum.unexplained, 10)
    (1, 1.0)
    """
    matrix = symmetric_matrix("kernel", kernel)
    m = len(matrix)
    values, vectors = np.linalg.eigh(matrix / m)
    values = psd_eigenvalues("kernel", values)[::-1]
    keep = values > 0.0
    target = np.zeros(m) if target is None else vector("target", target, m)
    power = (vectors[:, ::-1].T @ target) ** 2 / m
    signal = np.sqrt(power[keep] / values[keep])
    return Spectrum(values[keep], signal, unexplained=float(power[~keep].sum()))
