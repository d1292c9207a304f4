"""What error bars say of penalties: which are as good as the best, and the strongest of them."""

import numpy as np

from sk_renorm._risk import difference_errors

# One-sided 95 %: a penalty further than this above the least risk is worse beyond reasonable doubt.
EQUIVALENT = 1.645


def strongest_within(
    alphas: np.ndarray, losses: np.ndarray, bounds: np.ndarray, continuous: bool
) -> np.ndarray:
    """Return the strongest penalty (k,) whose loss is within its bound.

    Parameters
    ----------
    alphas : ndarray of shape (L,)
        Penalties; ascending if ``continuous``.
    losses, bounds : ndarray of shape (L, k)
        Each loss, and how large it may be.
    continuous : bool
        Whether to go on to where loss and bound, linear in log alpha, cross.
    """
    last = np.where(losses <= bounds, alphas[:, None], -1.0).argmax(axis=0)
    if not continuous:
        return alphas[last]
    return _crossings(alphas, losses - bounds, last, np.minimum(last + 1, len(alphas) - 1))


def equivalent_range(
    alphas: np.ndarray, risks: np.ndarray, nodes: np.ndarray, covariance: np.ndarray
) -> np.ndarray:
    """Return the least and the greatest penalty (k, 2) that the data cannot tell from the best.

    Parameters
    ----------
    alphas : ndarray of shape (L,)
        Penalties, in any order.
    risks : ndarray of shape (L, k)
        Their risks.
    nodes, covariance : ndarray of shape (K,), (k, K, K)
        Of the profile.
    """
    order = np.argsort(alphas)
    alphas, risks = alphas[order], np.where(np.isfinite(risks[order]), risks[order], np.inf)
    best = risks.argmin(axis=0)
    least = risks[best, np.arange(risks.shape[1])]
    bounds = least + EQUIVALENT * difference_errors(nodes, covariance, alphas, alphas[best])
    excess = risks - bounds
    within = excess <= 0.0
    first = within.argmax(axis=0)
    last = len(alphas) - 1 - within[::-1].argmax(axis=0)
    low = _crossings(alphas, excess, first, np.maximum(first - 1, 0))
    high = _crossings(alphas, excess, last, np.minimum(last + 1, len(alphas) - 1))
    return np.stack([low, high], axis=1)


def _crossings(
    alphas: np.ndarray, excess: np.ndarray, inside: np.ndarray, outside: np.ndarray
) -> np.ndarray:
    """Return where columns of ``excess`` (L, k) cross zero between two indices (k,) each."""
    columns = np.arange(excess.shape[1])
    inner, outer = excess[inside, columns], excess[outside, columns]
    # zero has no logarithm, and an infinite loss no line towards it
    line = (alphas[inside] > 0.0) & (alphas[outside] > 0.0) & np.isfinite(outer) & (outer > inner)
    fraction = np.divide(-inner, outer - inner, out=np.zeros_like(inner), where=line)
    ratio = np.divide(alphas[outside], alphas[inside], out=np.ones_like(inner), where=line)
    return alphas[inside] * ratio ** fraction.clip(0.0, 1.0)
