"""S-transforms of correlated samples: any correlation matrix, and two closed forms.

Conventions: ``X = K**0.5 Z Sigma**0.5`` with independent Z; K (n x n) correlates the rows.
"""

import numpy as np
from numpy.typing import ArrayLike

from sk_renorm.theory._arguments import (
    FloatArray,
    finite_array,
    number,
    positive,
    psd_eigenvalues,
    symmetric_matrix,
)
from sk_renorm.theory._s_transform import STransform, from_eigenvalues, vector_of_eigenvalues


def correlated_samples(row_correlation: ArrayLike) -> STransform:
    """Return S of ``Z' K Z / n``: a sample covariance whose n rows are correlated with each other.

    Parameters
    ----------
    row_correlation : array_like of shape (n, n) or (n,)
        Correlation matrix K of the rows, or its eigenvalues.

    Returns
    -------
    STransform
        ``S = n / (df1 kappa_K)`` where ``df1 = tr K (K + kappa_K)**-1``.

    Raises
    ------
    ValueError
        If K is not symmetric positive semidefinite.

    Notes
    -----
    One root in kappa_K per value, O(n) each Newton step, after one eigendecomposition.

    References
    ----------
    Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2408.04607.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_renorm.theory import correlated_samples
    >>> float(correlated_samples(np.eye(100))(50.0).round(12))
    2.0
    """
    if np.ndim(row_correlation) == 2:
        matrix = symmetric_matrix("row_correlation", row_correlation)
        values = psd_eigenvalues("row_correlation", np.linalg.eigvalsh(matrix))
    else:
        values = vector_of_eigenvalues("row_correlation", row_correlation)
    return from_eigenvalues(values)


def exponential_samples(n_samples: ArrayLike, correlation_length: float) -> STransform:
    """Return S of rows with ``K_ts = exp(-|t - s| / correlation_length)``, in closed form.

    Parameters
    ----------
    n_samples : array_like
        Number of samples n, many correlation lengths.
    correlation_length : float
        Correlation length xi > 0; an AR(1) process of coefficient ``exp(-1 / xi)``.

    Returns
    -------
    STransform
        With ``u = df1 / n``, ``b = coth(1 / xi)``:
        ``S = (sqrt(1 + (b**2 - 1) u**2) + b u) / (1 - u**2)``.

    Raises
    ------
    ValueError
        If an argument is not positive.

    References
    ----------
    Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2408.04607.

    Examples
    --------
    >>> from sk_renorm.theory import exponential_samples
    >>> float(exponential_samples(100, 1e-3)(50.0))  # no correlation: white_wishart(100)
    2.0
    """
    n = positive("n_samples", n_samples)
    length = number("correlation_length", positive("correlation_length", correlation_length))
    b = 1.0 / np.tanh(min(1.0 / length, 1e3))  # 1 for any shorter correlation

    def root(u: FloatArray) -> FloatArray:
        return np.sqrt(1.0 + (b**2 - 1.0) * u**2)

    def value(df1: FloatArray) -> FloatArray:
        u = df1 / n
        return (root(u) + b * u) / (1.0 - u**2)

    def log_derivative(df1: FloatArray) -> FloatArray:
        u = df1 / n
        return (b / root(u) + u) / (1.0 - u**2) / n

    return STransform(value, log_derivative, n)


def nearest_neighbour_samples(n_samples: ArrayLike, strength: float) -> STransform:
    """Return S of rows with correlation ``strength / 2`` between neighbours only, in closed form.

    Parameters
    ----------
    n_samples : array_like
        Number of samples n, large.
    strength : float
        Twice the correlation of neighbours, b, from -1 to 1.

    Returns
    -------
    STransform
        With ``u = df1 / n``, ``v = 1 - u``:
        ``S = (1 + v) / (v (v + sqrt(1 - b**2 (1 - v**2))))``.

    Raises
    ------
    ValueError
        If `strength` is outside [-1, 1], where K is not positive semidefinite.

    References
    ----------
    Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2408.04607.

    Examples
    --------
    >>> from sk_renorm.theory import nearest_neighbour_samples
    >>> float(nearest_neighbour_samples(100, 0.0)(50.0))
    2.0
    """
    n, b = positive("n_samples", n_samples), finite_array("strength", strength)
    if b.ndim or abs(b) > 1.0:
        raise ValueError(f"strength must be one number from -1 to 1; got {strength!r}.")

    def parts(df1: FloatArray) -> tuple[FloatArray, FloatArray]:
        v = 1.0 - df1 / n
        return v, np.sqrt(1.0 - b**2 * (1.0 - v**2))

    def value(df1: FloatArray) -> FloatArray:
        v, root = parts(df1)
        return (1.0 + v) / (v * (v + root))

    def log_derivative(df1: FloatArray) -> FloatArray:
        v, root = parts(df1)
        return (1.0 / v - 1.0 / (1.0 + v) + (1.0 + b**2 * v / root) / (v + root)) / n

    return STransform(value, log_derivative, n)
