"""Sample weights, as a correlation matrix of the rows that is diagonal."""

from numpy.typing import ArrayLike

from sk_renorm.theory._arguments import nonnegative, vector
from sk_renorm.theory._correlated import CorrelatedRisk, correlated_risk
from sk_renorm.theory._spectrum import Spectrum


def weighted_risk(
    spectrum: Spectrum | ArrayLike,
    ridge: ArrayLike,
    sample_weight: ArrayLike,
    noise_variance: float = 0.0,
    *,
    noise_scale: ArrayLike | None = None,
) -> CorrelatedRisk:
    """Return the risk of weighted ridge regression, for weights independent of the inputs.

    Conventions: the fit minimizes ``(1/n) sum c_i (y_i - w.x_i)**2 + ridge * |w|**2``, weights as
    given, not normalized; traces, not means.  `risk` is the unweighted error on a fresh sample of
    noise `noise_variance`; `training_error` is ``(1/n) sum c_i r_i**2``.

    Parameters
    ----------
    spectrum : Spectrum or array_like of shape (p,)
        Population spectrum with its signal.
    ridge : array_like
        Penalty per sample, zero or positive.
    sample_weight : array_like of shape (n,)
        Weights c.
    noise_variance : float, default=0.0
        Variance of the label noise.
    noise_scale : array_like of shape (n,), default=None
        Factors of the noise variance of each row; None means ones.

    Returns
    -------
    CorrelatedRisk
        Arrays in the shape of `ridge`.

    Raises
    ------
    ValueError
        If the weights are negative or all zero, or shapes do not match.

    Notes
    -----
    Weights are rows scaled by ``sqrt(c_i)``: ``K = diag(c)``, ``K' = diag(c * noise_scale)``.
    Equal noise is the matched case.  O(p + n) per step and penalty.

    References
    ----------
    Atanasov, Zavatone-Veth and Pehlevan (2024), arXiv:2408.04607.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_renorm.theory import isotropic, ridge_risk, weighted_risk
    >>> twice = weighted_risk(isotropic(50), 0.2, np.full(80, 2.0), 0.5).risk
    >>> bool(np.isclose(twice, ridge_risk(isotropic(50), 0.1, 80, 0.5).risk))
    True
    """
    weights = nonnegative("sample_weight", sample_weight)
    if weights.ndim != 1:
        raise ValueError(f"sample_weight must be a vector; got shape {weights.shape}.")
    if noise_scale is None:
        return correlated_risk(spectrum, ridge, weights, noise_variance)
    scale = nonnegative("noise_scale", vector("noise_scale", noise_scale, len(weights)))
    return correlated_risk(
        spectrum, ridge, weights, noise_variance, noise_correlation=weights * scale
    )
