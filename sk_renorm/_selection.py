"""Search over the penalty: continuous or among candidates, joint or per target, no silent edge."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import make_interp_spline

from sk_renorm._error_bars import strongest_within
from sk_renorm._risk import RiskProfile, difference_errors
from sk_renorm._scoring import AtPenalty, KnownNodes, Objective

# The loss is analytic in log(alpha); its singularities lie on the negative axis of alpha, at
# distance pi, so steps of 1/2 and nine-point interpolation give its minima to 0.5 %, their loss to
# 1e-4, or much better: these are for a single mode, the sharpest loss there is.
_STEP = 0.5
_WINDOW = 4.1 * _STEP
_REACH = 1e3  # beyond the spectrum: where alpha changes no mode's share by more than that
_WORTH_TELLING = 1e-4  # relative fall of the loss beyond a grid's edge
_ROUNDING = 1e-12  # of losses that are equal
_AS_GOOD = 1e-6  # relative rise of the loss that saves a pass over the rows
_AGREES = 3e-5  # relative error of a loss between nodes that are far apart
_NO_WORSE = 1e-9  # relative rise of the loss that a refined penalty may show over its best node

Evaluate = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Candidates:
    """Penalties to try.

    Attributes
    ----------
    alphas : ndarray of shape (L,)
        Nodes of a continuous search, ascending, or the only ones allowed, in any order.
    continuous : bool
        Whether penalties between the nodes may be chosen.
    fixed : ndarray of shape (1,) or (q,), or None
        What is chosen, where there is no choice.
    """

    alphas: np.ndarray
    continuous: bool = False
    fixed: np.ndarray | None = None


def search_nodes(eigenvalues: np.ndarray, resolution: float) -> np.ndarray:
    """Return penalties that cover all that the data can tell apart, ascending.

    From no shrinkage (0, or ``resolution`` where the factorization loses smaller ones) to 1e8 times
    the largest eigenvalue, which leaves the constant predictor.
    """
    if not len(eigenvalues):
        return np.ones(1)  # nothing to shrink: every penalty is the constant predictor
    low, high = np.log(eigenvalues[0] / _REACH), np.log(eigenvalues[-1] * _REACH)
    nodes = np.exp(np.arange(high, low - _STEP, -_STEP)[::-1])
    nodes = np.concatenate([[0.0], nodes, [1e5 * eigenvalues[-1], 1e8 * eigenvalues[-1]]])
    return np.concatenate([[resolution], nodes[nodes > resolution]]) if resolution else nodes


def log_spaced(eigenvalues: np.ndarray, resolution: float, count: int) -> np.ndarray:
    """Return ``count`` log-spaced penalties over the range of the continuous search."""
    nodes = search_nodes(eigenvalues, resolution)
    positive = nodes[nodes > 0.0]
    return np.geomspace(positive[0], positive[-1], count)


def best_node(alphas: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """Return where ``losses`` (L, q) are smallest; ties go to the stronger penalty."""
    finite = np.where(np.isnan(losses), np.inf, losses)
    least = finite.min(axis=0)
    tied = finite <= least + _ROUNDING * np.abs(least)
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
        where = np.linspace(t[node - 1], min(t[node + 1], t[near[-1]]), 201)
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
    best = alphas[best_node(alphas, losses)]
    least = losses.min(axis=0)
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
        found = at_edge & (loss < least - _WORTH_TELLING * np.abs(least)) & (alpha != edge)
        better[found] = alpha[found]
    return better


@dataclass(frozen=True)
class Selection:
    """The penalty chosen, what it promises, and the path it was chosen on.

    Attributes
    ----------
    alpha, loss, risk : ndarray of shape (1,) or (q,)
        For all targets together, or one of each per target.
    alphas : ndarray of shape (L,)
        Candidates.
    losses, risks : ndarray of shape (L, 1) or (L, q)
        On the candidates.
    errors : ndarray of shape (n, q) or None
        Held-out errors at the chosen penalty; None, as the next two, if rows come later.
    leverage_dispersion : ndarray of shape (1,) or (q,), or None
        Standard deviation over mean of one minus the leverage.
    profile : RiskProfile or None
        The path at a few penalties, with its covariance.
    left : ndarray of shape (n, 1) or (n, q), or None
        One minus the leverages at the chosen penalty, up to a factor.
    is_chosen : bool
        Whether the risk had a say, or the penalty was given.
    """

    alpha: np.ndarray
    loss: np.ndarray
    risk: np.ndarray
    alphas: np.ndarray
    losses: np.ndarray
    risks: np.ndarray
    errors: np.ndarray
    leverage_dispersion: np.ndarray
    profile: RiskProfile
    left: np.ndarray | None = None
    is_chosen: bool = True


def select(objective: Objective, candidates: Candidates, n_errors: float = 0.0) -> Selection:
    """Choose the strongest penalty whose loss is within ``n_errors`` standard errors of the least.

    The errors are those of the difference, which is known better than either loss.
    A continuous search refines the minima of its nodes by interpolation and keeps a refined penalty
    only where its own loss, evaluated, is no larger than the best node's.
    """
    alphas = candidates.alphas
    if len(alphas) == 1 and not objective.per_target:  # the path is the point: one pass for both
        at = objective.at(alphas, alphas)
        return _selection(at, alphas, alphas, at.loss[None], at.risk[None])
    if candidates.continuous and not n_errors and objective.nodes_suffice:
        selection = _select_between(objective, alphas)
        if selection is not None:
            return selection
    losses, risks = objective.path(alphas)
    best = best_node(alphas, losses)
    alpha, columns = alphas[best], np.arange(losses.shape[1])
    if candidates.fixed is not None:
        alpha = candidates.fixed
    elif candidates.continuous:
        alpha, _ = interpolated_minimum(alphas, losses)
    at = objective.at(alpha, candidates.alphas)
    if candidates.continuous:
        node_loss = losses[best, columns]
        worse = at.loss > node_loss + _NO_WORSE * np.abs(node_loss)
        if worse.any():
            alpha = np.where(worse, alphas[best], alpha)
            at = objective.at(alpha, candidates.alphas)
    if n_errors and candidates.fixed is None:
        covariance = objective.loss_covariance(at.profile)
        path = _finely(alphas, losses) if candidates.continuous else (alphas, losses)
        errors = difference_errors(at.profile.alphas, covariance, path[0], alpha)
        bounds = at.loss + _ROUNDING * np.abs(at.loss) + n_errors * errors
        alpha = np.maximum(alpha, strongest_within(*path, bounds, candidates.continuous))
        at = objective.at(alpha, candidates.alphas)
    if candidates.continuous:
        alphas, losses, risks = _with_choice(at, alpha, alphas, losses, risks)
    return _selection(at, alpha, alphas, losses, risks, candidates.fixed is None)


def _select_between(objective: Objective, alphas: np.ndarray) -> Selection | None:
    """Choose the minimum of the path between few nodes, or None if all must be evaluated.

    What is chosen is evaluated; GCV's choice was already, and stays where it is as good.  Where
    that contradicts the path, or the ratio is in doubt, a single loss is evaluated at more nodes,
    and of many losses those concerned at all penalties.
    A path with a relative error of eps misses no loss that is lower by more than 2 eps.
    """
    guess = None
    if objective.guess_is_free:
        guess, _ = interpolated_minimum(alphas, objective.gcv(alphas))
    known = objective.nodes_first(guess)
    if len(known.between.doubtful) == 1:
        at, alpha = _single_between(objective, alphas, known)
    else:
        at, alpha = _each_between(objective, alphas, known)
    if at is None:
        return None
    path = _with_choice(at, alpha, known.alphas, known.risks, known.risks)
    return _selection(at, alpha, *path)


def _single_between(objective: Objective, alphas: np.ndarray, known: KnownNodes):
    between = known.between
    for is_last in (False, True):
        if not between.doubtful.any():
            alpha, expected = interpolated_minimum(alphas, between.risk(alphas))
            if known.guess is not None:
                risk = known.at_guess.risk.mean()
                alpha = np.where(risk <= (1.0 + _AS_GOOD) * expected, known.guess, alpha)
            at = objective.at(alpha, alphas, known)
            if _agrees(at, expected).all():
                return at, alpha
        if not is_last:
            between = objective.refined(between)
    return None, None


def _each_between(objective: Objective, alphas: np.ndarray, known: KnownNodes):
    alpha, expected = interpolated_minimum(alphas, known.between.risk(alphas))
    unsure = known.between.doubtful
    exact = np.zeros(len(unsure), dtype=bool)
    best_alpha, least = alpha.copy(), np.full(len(unsure), np.inf)
    while True:
        if unsure.any():
            some = np.flatnonzero(unsure)
            losses = objective.estimate.risk(alphas[:, None], some)
            best = best_node(alphas, losses)
            best_alpha[some], least[some] = alphas[best], losses[best, np.arange(len(some))]
            alpha[some], _ = interpolated_minimum(alphas, losses)
            exact[some] = True
        at = objective.at(alpha, alphas, known)
        unsure = ~exact & ~_agrees(at, expected)
        worse = at.loss > least + _NO_WORSE * np.abs(least)
        if not (unsure | worse).any():
            return at, alpha
        alpha[worse], least[worse] = best_alpha[worse], np.inf


def _agrees(at: AtPenalty, expected: np.ndarray) -> np.ndarray:
    """Say whether losses are what the path between nodes told."""
    return np.abs(at.loss - expected) <= _AGREES * at.loss


def _with_choice(at: AtPenalty, alpha, alphas, losses, risks):
    """Add the penalty chosen to the path, if it is one for all and new."""
    if len(alpha) > 1 or alpha[0] in alphas:
        return alphas, losses, risks
    place = np.searchsorted(alphas, alpha[0])
    return (
        np.insert(alphas, place, alpha[0]),
        np.insert(losses, place, at.loss, axis=0),
        np.insert(risks, place, at.risk, axis=0),
    )


def _finely(alphas: np.ndarray, losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Interpolate losses (L, k) in log alpha, four to a node."""
    known = (alphas > 0.0) & np.isfinite(losses).all(axis=1)
    alphas, losses = alphas[known], losses[known]
    if len(alphas) < 4:
        return alphas, losses
    t = np.log(alphas)
    fine = np.interp(np.arange(4 * len(t) - 3) / 4.0, np.arange(len(t)), t)
    return np.exp(fine), make_interp_spline(t, losses)(fine)


def _selection(at: AtPenalty, alpha, alphas, losses, risks, is_chosen=True) -> Selection:
    return Selection(
        alpha,
        at.loss,
        at.risk,
        alphas,
        losses,
        risks,
        at.errors,
        at.leverage_dispersion,
        at.profile,
        at.left,
        is_chosen,
    )
