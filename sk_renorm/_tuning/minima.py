"""Minima of losses over the penalty: at nodes, between them, and beyond those given."""

from collections.abc import Callable

import numpy as np

from sk_renorm._risk import STEP

_WINDOW = 4.1 * STEP  # nine nodes
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
        near = np.flatnonzero(np.abs(t - t[node]) <= _WINDOW)
        if len(near) < 3:  # between the last nodes of the constant predictor: nothing to refine
            continue
        if not np.isfinite(values[np.ix_(near, which)]).all():
            continue
        # a neighbour in the middle of a gap is not near: nothing changes towards it
        where = np.linspace(max(t[node - 1], t[near[0]]), min(t[node + 1], t[near[-1]]), 201)
        refined_t, refined = _vertex(
            where, _polynomial(t[near], values[np.ix_(near, which)], where)
        )
        better = refined < best_loss[which]
        best_alpha[which[better]] = np.exp(refined_t[better])
        best_loss[which[better]] = refined[better]
    return best_alpha, best_loss


def _polynomial(t: np.ndarray, values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Evaluate the polynomial through ``values`` (m, k) at few nodes t (m,), by Lagrange's formula.

    The barycentric one: backward stable (Higham 2004), and its cost here is that of one product.
    """
    gaps = t[:, None] - t
    np.fill_diagonal(gaps, 1.0)
    distance = where[:, None] - t
    hit = distance == 0.0
    with np.errstate(divide="ignore"):
        terms = 1.0 / (distance * gaps.prod(axis=1))
    on_node = hit.any(axis=1)
    terms[on_node] = hit[on_node]
    return (terms @ values) / terms.sum(axis=1, keepdims=True)


def _vertex(t: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Minimum of the parabola through the smallest of even steps of ``values`` (m, k)."""
    columns = np.arange(values.shape[1])
    index = values.argmin(axis=0).clip(1, len(t) - 2)
    left, middle, right = (values[index + shift, columns] for shift in (-1, 0, 1))
    curvature = left - 2.0 * middle + right
    slope = right - left
    shift = np.divide(-0.5 * slope, curvature, out=np.zeros_like(slope), where=curvature > 0.0)
    shift = shift.clip(-1.0, 1.0)
    value = middle + 0.5 * slope * shift + 0.5 * curvature * shift**2
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
