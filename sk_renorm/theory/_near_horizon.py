"""Risk at test points whose rows are correlated with those of training.

Conventions: as for correlated rows; the noise, that of the test points included, is correlated as
the rows are.  A test row is ``k' K**-1`` times the training rows plus an independent rest.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sk_renorm.theory._arguments import (
    FloatArray,
    finite_array,
    number,
    psd_eigenvalues,
    symmetric_matrix,
)
from sk_renorm.theory._correlated import correlated_risk
from sk_renorm.theory._spectrum import Spectrum


@dataclass(frozen=True, eq=False)
class NearHorizonRisk:
    """Risk at test points whose rows are correlated with those of training.

    Parameters
    ----------
    risk : ndarray
        Mean squared error of the ridge predictor there.
    kriging_risk : ndarray
        Mean squared error after the expected residual ``k' K**-1 r`` is added to the prediction.
    explained : ndarray
        ``k' K**-1 k``: the share of a test row's variance that the training rows determine.
    """

    risk: FloatArray
    kriging_risk: FloatArray
    explained: FloatArray


def near_horizon_risk(
    spectrum: Spectrum | ArrayLike,
    ridge: float,
    row_correlation: ArrayLike,
    cross_correlation: ArrayLike,
    noise_variance: float = 0.0,
) -> NearHorizonRisk:
    """Return the risk at test points that are correlated with the training rows.

    Conventions: as in `correlated_risk`; the noise, that of the test points included, is correlated
    as the rows are.

    Parameters
    ----------
    spectrum : Spectrum or array_like of shape (p,)
        Population spectrum with its signal.
    ridge : float
        Penalty per sample, zero or positive.
    row_correlation : array_like of shape (n, n)
        Correlation matrix K of the rows, unit diagonal, positive definite.
    cross_correlation : array_like of shape (n,) or (m, n)
        Correlations k of each test point with the training rows.
    noise_variance : float, default=0.0
        Variance of the label noise.

    Returns
    -------
    NearHorizonRisk
        Numbers, or arrays of shape (m,).

    Raises
    ------
    ValueError
        If K is not positive definite, or k is impossible next to it (``k' K**-1 k > 1``).

    Notes
    -----
    With the far risk E: ``risk = E (1 - k' (K + 2 row_kappa) (K + row_kappa)**-2 k)`` and
    ``kriging_risk = E (1 - k' K**-1 k)``.  O(n**3).

    References
    ----------
    Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2408.04607.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_renorm.theory import isotropic, near_horizon_risk
    >>> t = np.arange(100)
    >>> K = np.exp(-np.abs(t[:, None] - t) / 5.0)
    >>> k = np.exp(-np.abs(t - 100.0) / 5.0)  # one step after the last row
    >>> near = near_horizon_risk(isotropic(60), 0.01, K, k, 0.25)
    >>> bool(near.kriging_risk < near.risk), round(float(near.explained), 4)
    (True, 0.6703)
    """
    matrix = symmetric_matrix("row_correlation", row_correlation)
    cross = finite_array("cross_correlation", cross_correlation)
    if cross.ndim not in (1, 2) or cross.shape[-1] != len(matrix):
        raise ValueError(
            f"cross_correlation must have shape ({len(matrix)},) or (m, {len(matrix)}); "
            f"got {cross.shape}."
        )
    values, vectors = np.linalg.eigh(matrix)
    if not (psd_eigenvalues("row_correlation", values) > 0.0).all():
        raise ValueError("row_correlation must be positive definite; drop repeated rows.")
    shares = (cross @ vectors) ** 2
    explained = (shares / values).sum(axis=-1)
    if (explained > 1.0 + 1e-8).any():
        raise ValueError(
            "cross_correlation is impossible next to row_correlation: k' K**-1 k is at most 1, "
            f"got {np.max(explained):g}."
        )
    far = correlated_risk(spectrum, number("ridge", ridge), values, noise_variance)
    shared = (shares * (values + 2.0 * far.row_kappa) / (values + far.row_kappa) ** 2).sum(axis=-1)
    return NearHorizonRisk(far.risk * (1.0 - shared), far.risk * (1.0 - explained), explained)
