"""RiskProfile: the path at a few penalties, with its covariance: all that outlives the fit."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import make_interp_spline

from sk_renorm._linalg import Factorization
from sk_renorm._risk.degrees_of_freedom import effective_df
from sk_renorm._risk.uncertainty.sums import (
    LossSums,
    excess_variance,
    remaining_shares,
    scatter_of_rows,
    shared_training,
)


@dataclass(frozen=True)
class RiskProfile:
    """Estimates at K penalties, for k losses: one per target, or one for all.

    Attributes
    ----------
    alphas : ndarray of shape (K,)
        Penalties, ascending, positive.
    risks : ndarray of shape (k, K)
        Estimated risks.
    covariance : ndarray of shape (k, K, K)
        Of the risk estimates about the risks: ``scatter_of_rows + 4 shared``.
    shared : ndarray of shape (k, K, K)
        See `shared_training`.
    df1, df2 : ndarray of shape (K,)
        Degrees of freedom ``tr H`` and, of the population at the effective ridge,
        ``n gamma = tr Sigma^2 (Sigma + kappa)^-2``.
    kappa : ndarray of shape (K,)
        Effective ridge per row of mean weight.
    leverage_dispersion : ndarray of shape (K,)
        Standard deviation over mean of one minus the leverage.
    bias_and_noise, relative_error : ndarray of shape (k, K)
        ``B = risk (1 - gamma)``, squared bias plus noise, and its relative standard error.
    even_noise : ndarray of shape (k,) or None
        Part of the risk at the penalty chosen that does not grow with the size of a row.
    residual_noise : ndarray of shape (k,) or None
        Residual sum of squares over its degrees of freedom, where there are any.
    n_free : int
        Those degrees of freedom: rows less one for the intercept less rank.
    n_rows : int
        Number of rows.
    fit_intercept : bool
        Whether there is an intercept.
    """

    alphas: np.ndarray
    risks: np.ndarray
    covariance: np.ndarray
    shared: np.ndarray
    df1: np.ndarray
    df2: np.ndarray
    kappa: np.ndarray
    leverage_dispersion: np.ndarray
    bias_and_noise: np.ndarray
    relative_error: np.ndarray
    even_noise: np.ndarray | None
    residual_noise: np.ndarray | None
    n_free: int
    n_rows: int
    fit_intercept: bool


def make_profile(
    f: Factorization,
    alphas: np.ndarray,
    sums: LossSums,
    by_row: LossSums,
    share: float = 1.0,
    even_noise: np.ndarray | None = None,
) -> RiskProfile:
    """Summarize held-out errors at ``alphas``.

    ``sums`` are those that the risk is made of; ``by_row``, of rows left out singly or by group,
    say what does not depend on the number of rows.  ``share`` is the `concentration` of targets,
    ``even_noise`` (k,) that of the losses.
    """
    left, spare = remaining_shares(f, alphas)
    total = f.trace(left) + spare
    weakest = f.eigenvalues[0] if not spare and f.rank else 0.0
    mean_weight = f.data.total_weight / f.data.n_rows
    excess = excess_variance(f, alphas)
    gamma_over = np.diag(excess)
    shared = shared_training(sums, excess, share)
    noise = None
    if spare and f.null_power is not None:
        noise = f.null_power / (spare * mean_weight)
        noise = noise if len(noise) == len(sums.losses) else noise.mean(keepdims=True)
    return RiskProfile(
        alphas=alphas,
        risks=sums.losses / sums.weight,
        covariance=scatter_of_rows(sums) + 4.0 * shared,
        shared=shared,
        df1=effective_df(f, alphas),
        df2=(spare + f.rank) * gamma_over / (1.0 + gamma_over),
        kappa=(weakest + alphas) / (total * mean_weight),
        leverage_dispersion=by_row.leverage_dispersion,
        **_bias_and_noise(f, by_row, excess, share),
        even_noise=even_noise,
        residual_noise=noise,
        n_free=spare,
        n_rows=f.data.n_rows,
        fit_intercept=f.data.fit_intercept,
    )


def _bias_and_noise(f: Factorization, sums: LossSums, excess: np.ndarray, share: float) -> dict:
    """Return B and its relative error: half the shared term, since it is not about one fit."""
    risks = sums.losses / sums.weight
    covariance = scatter_of_rows(sums) + 2.0 * shared_training(sums, excess, share)
    error = np.sqrt(np.einsum("kaa->ka", covariance))
    mean_error = 1.0 + f.data.fit_intercept / f.data.n_rows
    return {
        "bias_and_noise": risks / (mean_error * (1.0 + np.diag(excess))),
        "relative_error": np.divide(error, risks, out=np.zeros_like(error), where=risks > 0.0),
    }


def node_weights(nodes: np.ndarray, alphas: np.ndarray) -> np.ndarray:
    """Return W (L, K) such that ``W @ values`` interpolates values at ``nodes`` to ``alphas``.

    Cubic splines in log alpha, constant beyond the ends.  The variance of a difference comes out as
    ``(W_a - W_b)' Cov (W_a - W_b)``: never negative, and zero where a = b.
    """
    if len(nodes) == 1:
        return np.ones((len(alphas), 1))
    t = np.log(nodes)
    degree = min(3, len(nodes) - 1)
    spline = make_interp_spline(t, np.eye(len(nodes)), k=degree)
    return spline(np.log(np.clip(alphas, nodes[0], nodes[-1])))


def standard_errors(covariance: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return standard errors of estimates interpolated by ``weights``.

    Of shape (L, k) for weights (L, K) and covariance (k, K, K), (L,) for covariance (K, K).
    """
    variance = np.sum((weights @ covariance) * weights, axis=-1)
    return np.sqrt(np.maximum(variance, 0.0)).T


def difference_errors(
    nodes: np.ndarray, covariance: np.ndarray, alphas: np.ndarray, references: np.ndarray
) -> np.ndarray:
    """Return standard errors (L, k) of estimates at ``alphas`` (L,) less those at ``references``.

    ``references`` has shape (1,) or (k,), ``covariance`` (k, K, K) is that of the ``nodes`` (K,).
    """
    path = node_weights(nodes, alphas)
    at = np.broadcast_to(node_weights(nodes, references), (len(covariance), len(nodes)))
    columns = [
        standard_errors(matrix, path - row) for matrix, row in zip(covariance, at, strict=True)
    ]
    return np.stack(columns, axis=1)
