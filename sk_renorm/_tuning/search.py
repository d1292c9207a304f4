"""Choice of the penalty: continuous or among candidates, joint or per target."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import make_interp_spline

from sk_renorm._risk import RiskProfile, difference_errors
from sk_renorm._tuning.candidates import Candidates
from sk_renorm._tuning.error_bars import strongest_within
from sk_renorm._tuning.minima import ROUNDING, best_node, interpolated_minimum
from sk_renorm._tuning.objective import AtPenalty, KnownNodes, Objective
from sk_renorm._tuning.robust import undefeated
from sk_renorm._tuning.rule import Rule

_AS_GOOD = 1e-6  # relative rise of the loss that saves a pass over the rows
_AGREES = 3e-5  # relative error of a loss between nodes that are far apart
_NO_WORSE = 1e-9  # relative rise of the loss that a refined penalty may show over its best node


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
    is_robust : bool
        Whether the influence of each row on the choice was bounded; losses and risks are not.
    unscored : ndarray of shape (q,), bool, or None
        Targets that the scorer could not score, see `Objective`.
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
    is_robust: bool = False
    unscored: np.ndarray | None = None


def select(objective: Objective, candidates: Candidates, rule: Rule) -> Selection:
    """Choose a penalty by the loss, or next by differences of losses that are bounded by row."""
    selection = _select_by_loss(objective, candidates, rule.n_errors)
    return _robustly(objective, candidates, selection) if rule.is_bounded else selection


def _robustly(objective: Objective, candidates: Candidates, selection: Selection) -> Selection:
    alpha = undefeated(objective.losses, candidates.alphas, selection.alpha, candidates.continuous)
    if (alpha == selection.alpha).all():
        return replace(selection, is_robust=True)
    at = objective.at(alpha, candidates.alphas)
    path = selection.alphas, selection.losses, selection.risks
    path = _with_choice(at, alpha, *path) if candidates.continuous else path
    return replace(_selection(at, alpha, *path), is_robust=True)


def _select_by_loss(objective: Objective, candidates: Candidates, n_errors: float) -> Selection:
    """Choose the strongest penalty whose loss is within ``n_errors`` standard errors of the least.

    The errors are those of the difference, which is known better than either loss.
    A continuous search refines the minima of its nodes by interpolation and keeps a refined penalty
    only where its own loss, evaluated, is no larger than the best node's.
    """
    alphas, at = candidates.alphas, None
    if candidates.continuous and not n_errors and objective.nodes_suffice:
        selection = _select_between(objective, alphas)
        if selection is not None:
            return selection
    if len(alphas) == 1 and not objective.per_target:  # the path is the point: one pass for both
        at = objective.at(alphas, alphas)
    losses, risks = objective.path(alphas) if at is None else (at.loss[None], at.risk[None])
    if objective.scorer is not None and np.isnan(losses).all(axis=0).any():
        objective = objective.without_unscored(alphas)
        selection = _select_by_loss(objective, candidates, n_errors)
        return replace(selection, unscored=objective.unscored)
    if at is not None:
        return _selection(at, alphas, alphas, losses, risks)
    best = best_node(alphas, losses)
    alpha, columns = alphas[best], np.arange(losses.shape[1])
    if candidates.fixed is not None:
        alpha = candidates.fixed
    elif candidates.continuous:
        alpha, _ = interpolated_minimum(alphas, losses)
    at = objective.at(alpha, candidates.alphas)
    if candidates.continuous:
        node_loss = losses[best, columns]
        worse = ~(at.loss <= node_loss + _NO_WORSE * np.abs(node_loss))  # a score of NaN too
        if worse.any():
            alpha = np.where(worse, alphas[best], alpha)
            at = objective.at(alpha, candidates.alphas)
    if n_errors and candidates.fixed is None:
        covariance = objective.loss_covariance(at.profile)
        path = _finely(alphas, losses) if candidates.continuous else (alphas, losses)
        errors = difference_errors(at.profile.alphas, covariance, path[0], alpha)
        bounds = at.loss + ROUNDING * np.abs(at.loss) + n_errors * errors
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
