"""Prediction intervals from held-out errors: quantiles of residuals, and the jackknife+."""

from numbers import Real

import numpy as np

from sk_renorm._linalg import Factorization

_BLOCK_ENTRIES = 2**21  # leave-one-out predictions made at a time
_ROUNDING = 1e-9  # of a level that meets a rank exactly


def effective_size(
    weights: np.ndarray | None, n_rows: int, groups: np.ndarray | None = None
) -> float:
    """Return how many rows (or groups) of equal weight scatter as little: (sum w)^2 / sum w^2."""
    weights = np.ones(n_rows) if weights is None else weights
    totals = weights if groups is None else np.bincount(groups, weights)
    return float(totals.sum() ** 2 / (totals @ totals))


def target_shares(weights: np.ndarray, n_rows: int, groups: np.ndarray | None = None) -> np.ndarray:
    """Return each row's share (n,) of a population that rows of more weight are more typical of.

    A new row of it has their weighted mean weight: its share is one over the effective size and
    one (Tibshirani, Barber, Candes and Ramdas 2019, arXiv:1904.06019, with the mean of what they
    know of each new row).
    """
    own = 1.0 / (1.0 + effective_size(weights, n_rows, groups))
    return (1.0 - own) * weights / weights.sum()


def row_shares(
    weights: np.ndarray | None, n_rows: int, groups: np.ndarray | None = None
) -> np.ndarray:
    """Return each row's share (n,) of the probability, where a new row has the mean weight.

    Without weights it is ``1 / (n + 1)``: the new row's rank among n + 1 exchangeable ones.  With
    groups the new row is of a new group, exchangeable with the others: each has the same share, and
    its rows divide it by their weights.
    """
    weights = np.ones(n_rows) if weights is None else weights
    if groups is None:
        return weights / (weights.sum() + weights.mean())
    _, codes = np.unique(groups, return_inverse=True)
    totals = np.bincount(codes, weights)
    return weights / totals[codes] / (len(totals) + 1.0)


def quantile(values: np.ndarray, shares: np.ndarray, level: float) -> np.ndarray:
    """Return the least of ``values`` (..., n) up to which the shares (n,) reach ``level``."""
    weights = None if np.ptp(shares) == 0.0 else shares
    part = (level - _ROUNDING) / shares.sum()
    return np.quantile(values, part, axis=-1, weights=weights, method="inverted_cdf")


def check_level(confidence_level: float, sides: int, total_share: float) -> None:
    """Refuse a level that needs errors larger than any seen.

    Each of ``sides`` tails has to hold the ``1 - total_share`` that the new row itself stands for.
    """
    if not (isinstance(confidence_level, Real) and 0.0 < confidence_level < 1.0):
        raise ValueError(f"confidence_level must lie between 0 and 1, got {confidence_level!r}.")
    highest = 1.0 - sides * (1.0 - total_share)
    if highest <= 0.0:
        raise ValueError("An interval takes held-out errors of more rows (or groups); fit to more.")
    if confidence_level > highest + _ROUNDING:
        raise ValueError(
            f"confidence_level={confidence_level:g} needs more rows (or groups, if fit had groups):"
            f" this many support levels up to {np.floor(1e4 * highest + _ROUNDING) / 1e4:g}. Ask "
            "for a lower one, or fit to more."
        )


def residual_limits(errors: np.ndarray, shares: np.ndarray, confidence_level: float) -> np.ndarray:
    """Return the two quantiles (q, 2) of held-out errors (n, q) that hold a new one in between."""
    check_level(confidence_level, 2, shares.sum())
    tail = 0.5 * (1.0 - confidence_level)
    columns = errors.T
    # ranks from below and from above alike: the least of -e is the largest of e
    lower = -quantile(-columns, shares, 1.0 - tail)
    return np.stack([lower, quantile(columns, shares, 1.0 - tail)], axis=1)


def jackknife_plus(
    f: Factorization,
    alpha: np.ndarray,
    errors: np.ndarray,
    X: np.ndarray,
    predictions: np.ndarray,
    shares: np.ndarray,
    confidence_level: float,
) -> np.ndarray:
    """Return the jackknife+ interval (m, q, 2) of Barber, Candes, Ramdas and Tibshirani (2021).

    The model without row i predicts ``f(x) - k_i(x) e_i``, with k_i(x) what the prediction owes to
    y_i and e_i the leave-one-out error: one factorization holds all n models.

    Parameters
    ----------
    f : Factorization
        Of the training rows.
    alpha : ndarray of shape (1,) or (q,)
        Penalty.
    errors : ndarray of shape (n, q)
        Leave-one-out errors.
    X, predictions : ndarray of shape (m, p), (m, q)
        New rows, and what the model predicts for them.
    shares : ndarray of shape (n,)
        Each training row's share of the probability.
    confidence_level : float
        Nominal coverage.
    """
    check_level(confidence_level, 1, shares.sum())
    limits = np.empty((*predictions.shape, 2))
    step = max(1, _BLOCK_ENTRIES // max(f.data.n_rows, X.shape[1]))
    for start in range(0, X.shape[0], step):
        rows = slice(start, start + step)
        projected = f.vectors.project(f.data.centred(X[rows]))
        influence = _influence(f, projected, alpha[0])
        for target in range(predictions.shape[1]):
            if target and len(alpha) > 1:
                influence = _influence(f, projected, alpha[target])
            size = np.abs(errors[:, target])
            left_out = predictions[rows, target, None] - influence * errors[:, target]
            limits[rows, target, 0] = -quantile(size - left_out, shares, confidence_level)
            limits[rows, target, 1] = quantile(size + left_out, shares, confidence_level)
    return limits


def _influence(f: Factorization, projected: np.ndarray, alpha: float) -> np.ndarray:
    """Return ``k_i(x)`` (b, n), derivatives by y of predictions at rows ``projected`` (b, r)."""
    gains = np.sqrt(f.eigenvalues) / (f.eigenvalues + alpha)
    influence = f.vectors.left_product((projected * gains).T).T
    influence += f.data.constant / np.sqrt(f.data.total_weight)
    return influence if f.data.root_weight is None else influence * f.data.root_weight
