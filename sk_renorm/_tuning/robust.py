"""The penalty that no other beats, where what one row can say of two penalties is bounded.

Of two penalties that is better whose losses are smaller in the mean of differences by row, each
difference bounded by a multiple of their median size.  Swapping the two swaps the sign, so at most
one penalty beats all others; where there is none, that one is taken whose worst defeat is least
(Simpson's rule of votes).  Bounded losses, not differences, would take their say from rows that
are hard to predict at any penalty.
"""

from collections.abc import Callable

import numpy as np

from sk_renorm._tuning.minima import WORTH_TELLING, best_node, interpolated_minimum

_BOUND = 20.0  # times the median size of a difference; from 10 to 30 the choice is as good
_BLOCK_ENTRIES = 2**23  # losses kept at a time: rows x penalties x targets

# penalties (L, 1) or (L, k) -> losses (n, L, k) and weights (n,) of the rows held out
LossesAt = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def undefeated(
    losses_at: LossesAt, alphas: np.ndarray, alpha: np.ndarray, continuous: bool
) -> np.ndarray:
    """Return the penalty (k,) that none of ``alphas`` (L,), nor one between them, beats.

    That is ``alpha`` (k,) wherever nothing beats it by more than is worth telling.
    """
    differences, level = bounded_differences(losses_at, alphas, alpha)
    beaten = differences.min(axis=0) < -WORTH_TELLING * level
    if not beaten.any():
        return alpha
    index = _least_beaten(losses_at, alphas, best_node(alphas, differences))
    chosen = alphas[index]
    if continuous:
        differences, _ = bounded_differences(losses_at, alphas, chosen)
        between, _ = interpolated_minimum(alphas, differences)
        last = len(alphas) - 1
        near = (between >= alphas[(index - 1).clip(0)]) & (
            between <= alphas[(index + 1).clip(0, last)]
        )
        chosen = np.where(near, between, chosen)
    return np.where(beaten, chosen, alpha)


def _least_beaten(losses_at: LossesAt, alphas: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return which of ``alphas`` (L,) has the least worst defeat, searched from ``index`` (k,) on.

    What a penalty loses to those compared so far bounds its worst defeat from below.
    """
    columns = np.arange(len(index))
    defeats = np.zeros((len(alphas), len(index)))
    known = np.zeros(defeats.shape, dtype=bool)
    while not known[index, columns].all():
        differences, _ = bounded_differences(losses_at, alphas, alphas[index])
        defeats = np.maximum(defeats, differences)
        defeats[index, columns] = -differences.min(axis=0)
        known[index, columns] = True
        index = best_node(alphas, defeats)
    return index


def bounded_differences(
    losses_at: LossesAt, alphas: np.ndarray, reference: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return by how much mean losses at ``alphas`` (L,) exceed those at ``reference`` (k,).

    Returns
    -------
    differences : ndarray of shape (L, k)
        Of the losses, each row's bounded.
    level : ndarray of shape (k,)
        Mean of the losses at the reference, bounded too, for what is small.
    """
    here, weights = losses_at(reference[None, :])
    step = max(1, _BLOCK_ENTRIES // here.size)
    differences = []
    for start in range(0, len(alphas), step):
        there, _ = losses_at(alphas[start : start + step, None])
        with np.errstate(invalid="ignore"):  # infinite losses at both
            differences.append(bounded_mean(there - here, weights))
    return np.concatenate(differences), bounded_mean(here, weights)[0]


def bounded_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted mean over rows of ``values`` (n, L, k), each of bounded size.

    It is infinite where a value is not finite.
    """
    bound = _BOUND * weighted_median(np.abs(values), weights)
    mean = np.tensordot(weights, np.clip(values, -bound, bound), axes=1) / weights.sum()
    return np.where(np.isfinite(values).all(axis=0), mean, np.inf)


def weighted_median(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the median of ``values`` (n, ...) over rows; a weight stands for as many copies."""
    if np.ptp(weights) == 0.0:
        return np.median(values, axis=0)
    order = values.argsort(axis=0)
    ranked = np.take_along_axis(values, order, axis=0)
    shares = weights[order].cumsum(axis=0)
    shares /= shares[-1]
    # the two in the middle, which are the same one unless weights halve exactly
    middle = [(shares > 0.5 + shift).argmax(axis=0)[None] for shift in (-1e-12, 1e-12)]
    low, high = (np.take_along_axis(ranked, index, axis=0)[0] for index in middle)
    return 0.5 * (low + high)
