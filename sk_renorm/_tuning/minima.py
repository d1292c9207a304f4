"""Minima of losses over the penalty: at nodes, between them, and beyond those given."""

from collections.abc import Callable

import numpy as np

from sk_renorm._risk import STEP

_WINDOW = 4.1 * STEP  # nine nodes
_ON_NODE = 1e-200  # distance from a node, whose value then is all that counts
_BESIDE = np.array([[-1], [0], [1]])
_FINELY = np.linspace(0.0, 1.0, 201)  # of the stretch between the neighbours of a node
WORTH_TELLING = 1e-4  # relative fall of the loss; less is within the error of interpolation
ROUNDING = 1e-12  # of losses that are equal

Evaluate = Callable[[np.ndarray], np.ndarray]


def best_node(alphas: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """Return where ``losses`` (L, q) are smallest; ties go to the stronger penalty."""
    finite = np.where(np.isnan(losses), np.inf, losses)
    least = finite.min(axis=0)
    tied = finite <= least + ROUNDING * np.abs(least)
    return np.where(tied, alphas[:, None], -1.0).argmax(axis=0)


def interpolated_minimum(alphas: np.ndarray, losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the penalty of the smallest interpolated loss, and that loss, for every column.

    Every local minimum of the nodes is refined on the polynomial through its neighbours, so that
    the deepest of several is found, not the one with the luckiest node.

    Parameters
    ----------
    alphas : ndarray of shape (L,)
        Ascending nodes.
    losses : ndarray of shape (L, q)
        Losses there.

    Returns
    -------
    alpha, loss : ndarray of shape (q,)
        The best node where no minimum lies between nodes.
    """
    columns = np.arange(losses.shape[1])
    index = best_node(alphas, losses)
    best_alpha, best_loss = alphas[index].astype(float), losses[index, columns]
    first = int(alphas[0] == 0.0)  # zero has no logarithm
    t = np.log(alphas[first:])
    values = losses[first:]
    inner = values[1:-1]
    is_minimum = (inner < values[:-2]) & (inner <= values[2:])
    for node in np.flatnonzero(is_minimum.any(axis=1)) + 1:
        which = np.flatnonzero(is_minimum[node - 1])
        near = slice(*t.searchsorted((t[node] - _WINDOW, t[node] + _WINDOW)))
        around, levels = t[near], values[near, which]
        if len(around) < 3:  # between the last nodes of the constant predictor: nothing to refine
            continue
        if not np.isfinite(levels).all():
            continue
        # a neighbour in the middle of a gap is not near: nothing changes towards it
        left, right = max(t[node - 1], around[0]), min(t[node + 1], around[-1])
        where = left + (right - left) * _FINELY
        refined_t, refined = _vertex(where, _polynomial(around, levels, where))
        better = refined < best_loss[which]
        best_alpha[which[better]] = np.exp(refined_t[better])
        best_loss[which[better]] = refined[better]
    return best_alpha, best_loss


def _polynomial(t: np.ndarray, values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Evaluate the polynomial through ``values`` (m, k) at few nodes t (m,), by Lagrange's formula.

    The barycentric one: backward stable (Higham 2004), and its cost here is that of one product.
    """
    gaps = np.subtract.outer(t, t)
    gaps.flat[:: len(t) + 1] = 1.0
    distance = np.subtract.outer(where, t)
    distance[distance == 0.0] = _ON_NODE
    terms = 1.0 / (distance * gaps.prod(axis=1))
    terms /= terms.sum(axis=1)[:, None]  # before the product, which values of 1e300 would overflow
    return terms @ values


def _vertex(t: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Minimum of the parabola through the smallest of even steps of ``values`` (m, k)."""
    index = values[1:-1].argmin(axis=0) + 1
    left, middle, right = values[index + _BESIDE, np.arange(values.shape[1])]
    curvature = left - 2.0 * middle + right
    slope = right - left
    shift = -0.5 * slope / np.where(curvature > 0.0, curvature, np.inf)
    shift = np.minimum(np.maximum(shift, -1.0), 1.0)
    value = middle + 0.5 * (slope + curvature * shift) * shift
    return t[index] + shift * (t[1] - t[0]), value


def better_beyond(
    alphas: np.ndarray, losses: np.ndarray, nodes: np.ndarray, evaluate: Evaluate
) -> np.ndarray:
    """Return for every column a better penalty beyond the edge its best candidate lies at, or NaN.

    Better when evaluated, not only between nodes.

    Parameters
    ----------
    alphas : ndarray of shape (L,)
        The candidates.
    losses : ndarray of shape (L, q)
        Their losses.
    nodes : ndarray of shape (m,)
        Nodes of a continuous search.
    evaluate : callable
        Losses (m, q) at some penalties (m,).
    """
    index = best_node(alphas, losses)
    best, least = alphas[index], losses[index, np.arange(losses.shape[1])]
    better = np.full(best.shape, np.nan)
    for edge, beyond in (
        (alphas.max(), nodes[nodes > alphas.max()]),
        (alphas.min(), nodes[nodes < alphas.min()]),
    ):
        at_edge = best == edge
        if not at_edge.any() or not len(beyond):
            continue
        outside = np.sort(np.append(beyond, edge))
        alpha, loss = interpolated_minimum(outside, evaluate(outside))
        enough = least - WORTH_TELLING * np.abs(least)
        found = at_edge & (loss < enough) & (alpha != edge)
        for column in np.flatnonzero(found):
            at = evaluate(alpha[column : column + 1])[0]
            better[column] = alpha[column] if at[column] < enough[column] else np.nan
    return better
