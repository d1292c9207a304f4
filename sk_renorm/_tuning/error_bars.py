"""What error bars say of penalties: which are as good as the best, and the strongest of them."""

import numpy as np

from sk_renorm._risk import ONE_SIDED_95, RiskProfile, node_weights, standard_errors

_NEARLY_ALL = 0.9  # of the degrees of freedom: then the data does not say which penalty is best


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


def equivalent_range(profile: RiskProfile) -> np.ndarray:
    """Return the least and the greatest penalty (k, 2) that the data cannot tell from the best.

    A risk further than 1.645 standard errors of the difference above the least is worse beyond
    reasonable doubt (one-sided 95 %).  The range starts at zero, if even the weakest penalty of the
    path is as good.
    """
    best = profile.risks.argmin(axis=1)
    ends = np.empty((len(best), 2))
    for node in np.unique(best):
        some = best == node
        finite = np.isfinite(profile.risks[some]).all(axis=0)
        nodes, reference = profile.alphas[finite], np.count_nonzero(finite[:node])
        risks = profile.risks[some][:, finite]
        covariances = profile.covariance[some][:, finite][:, :, finite]
        alphas = _around(nodes, reference)
        path = node_weights(nodes, alphas) - np.eye(len(nodes))[reference]
        errors = [standard_errors(covariance, path) for covariance in covariances]
        excess = path @ risks.T - ONE_SIDED_95 * np.stack(errors, axis=1)
        within, last_one = excess <= 0.0, len(alphas) - 1
        first, last = within.argmax(axis=0), last_one - within[::-1].argmax(axis=0)
        low = _crossings(alphas, excess, first, np.maximum(first - 1, 0))
        high = _crossings(alphas, excess, last, np.minimum(last + 1, last_one))
        ends[some] = np.stack([np.where((first == 0) & finite[0], 0.0, low), high], axis=1)
    return ends


def _around(nodes: np.ndarray, best: int) -> np.ndarray:
    """Return penalties from the first of ``nodes`` to the last, ever denser towards the best.

    Away from the best the risk rises by a square and its error in proportion, so the error comes
    first, however steep the risk: a step to the next node would miss that.
    """
    t = np.log(nodes)
    steps = np.arange(len(t)) - best
    fractions = np.concatenate([steps * 2.0**-halving for halving in range(12)])
    fractions = np.unique(np.concatenate([fractions, np.arange(4 * len(t) - 3) / 4.0 - best]))
    alphas = np.exp(np.interp(fractions, steps, t))
    alphas[fractions == 0.0] = nodes[best]
    return alphas


def is_identified(profile: RiskProfile, ends: np.ndarray) -> np.ndarray:
    """Say whether ranges (k, 2) leave out more than a tenth of the degrees of freedom."""
    nodes = profile.alphas
    df = np.interp(np.log(ends.clip(nodes[0], nodes[-1])), np.log(nodes), profile.df1)
    return df[:, 0] - df[:, 1] < _NEARLY_ALL * profile.df1[0]


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
