"""Choice of the penalty: continuous or among candidates, joint or per target."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import make_interp_spline

from sk_renorm._risk import PathRisk, RatioToGCV, difference_errors
from sk_renorm._tuning.candidates import Candidates
from sk_renorm._tuning.choice import Choice
from sk_renorm._tuning.error_bars import strongest_within
from sk_renorm._tuning.loss_scatter import loss_covariance
from sk_renorm._tuning.minima import ROUNDING, best_node, interpolated_minimum
from sk_renorm._tuning.objective import Objective
from sk_renorm._tuning.profile import nodes_with, profile_of
from sk_renorm._tuning.robust import undefeated
from sk_renorm._tuning.rule import Rule

# Relative error of a loss between nodes that are far apart, and between nodes that are twice as
# close, where the path is told some fifty times as well as at the minimum first found.
_AGREES, _AGREES_FINER = 2e-6, 3e-5
_AS_GOOD = 5e-7  # relative rise of the loss over its best node
_NO_WORSE = 1e-9  # relative rise of the loss that a refined penalty may show over its best node


@dataclass(frozen=True)
class Selection:
    """The penalty chosen, and the path it was chosen on.

    Attributes
    ----------
    choice : Choice
        What it promises.
    candidates : Candidates
        What it was chosen from.
    alphas : ndarray of shape (L,)
        Penalties evaluated.
    losses, risks : ndarray of shape (L, 1) or (L, q)
        There.
    is_robust : bool
        Whether the influence of each row on the choice was bounded; losses and risks are not.
    unscored : ndarray of shape (q,), bool, or None
        Targets that the scorer could not score, see `Objective`.
    route : str
        In words, how the path was evaluated.
    """

    choice: Choice
    candidates: Candidates
    alphas: np.ndarray
    losses: np.ndarray
    risks: np.ndarray
    is_robust: bool = False
    unscored: np.ndarray | None = None
    route: str = ""

    @property
    def alpha(self) -> np.ndarray:
        return self.choice.alpha

    @property
    def is_chosen(self) -> bool:
        """Whether the risk had a say, or the penalty was given."""
        return self.candidates.fixed is None


def select(objective: Objective, candidates: Candidates, rule: Rule) -> Selection:
    """Choose a penalty by the loss, or next by differences of losses that are bounded by row."""
    selection = _select_by_loss(objective, candidates, rule.n_errors)
    return _robustly(objective, selection) if rule.is_bounded else selection


def _robustly(objective: Objective, selection: Selection) -> Selection:
    candidates = selection.candidates
    alpha = undefeated(objective.losses, candidates.alphas, selection.alpha, candidates.continuous)
    if (alpha == selection.alpha).all():
        return replace(selection, is_robust=True)
    route = selection.route
    choice = _evaluated(objective, alpha, candidates)
    path = selection.alphas, selection.losses, selection.risks
    path = _with_choice(choice, *path) if candidates.continuous else path
    return Selection(choice, candidates, *path, is_robust=True, route=route)


def _evaluated(objective: Objective, alpha: np.ndarray, candidates: Candidates) -> Choice:
    """Evaluate a penalty; take the nodes of its profile along if another pass is dear."""
    if objective.with_nodes:
        return objective.at_with_sums(alpha, nodes_with(objective, alpha, candidates.alphas))
    return objective.at(alpha)


def _select_by_loss(objective: Objective, candidates: Candidates, n_errors: float) -> Selection:
    """Choose the strongest penalty whose loss is within ``n_errors`` standard errors of the least.

    The errors are those of the difference, which is known better than either loss.
    A continuous search refines the minima of its nodes by interpolation and keeps a refined penalty
    only where its own loss, evaluated, is no larger than the best node's.
    """
    alphas, at = candidates.alphas, None
    if candidates.continuous and not n_errors and objective.nodes_suffice:
        selection = _select_between(objective, candidates)
        if selection is not None:
            return selection
    if len(alphas) == 1 and not objective.per_target:  # the path is the point: one pass for both
        at = _evaluated(objective, alphas, candidates)
    losses, risks = objective.path(alphas) if at is None else (at.loss[None], at.risk[None])
    if objective.scorer is not None and np.isnan(losses).all(axis=0).any():
        objective = objective.without_unscored(alphas)
        selection = _select_by_loss(objective, candidates, n_errors)
        return replace(selection, unscored=objective.unscored)
    if at is not None:
        return Selection(at, candidates, alphas, losses, risks, route="one penalty")
    best = best_node(alphas, losses)
    alpha, columns = alphas[best], np.arange(losses.shape[1])
    if candidates.fixed is not None:
        alpha = candidates.fixed
    elif candidates.continuous:
        alpha, _ = interpolated_minimum(alphas, losses)
    at = _evaluated(objective, alpha, candidates)
    if candidates.continuous:
        node_loss = losses[best, columns]
        worse = ~(at.loss <= node_loss + _NO_WORSE * np.abs(node_loss))  # a score of NaN too
        if worse.any():
            at = _evaluated(objective, np.where(worse, alphas[best], alpha), candidates)
    if n_errors and candidates.fixed is None:
        at = _evaluated(objective, _within(objective, at, candidates, losses, n_errors), candidates)
    path = alphas, losses, risks
    path = _with_choice(at, *path) if candidates.continuous else path
    return Selection(at, candidates, *path, route=_all_of(alphas))


def _within(
    objective: Objective, at: Choice, candidates: Candidates, losses: np.ndarray, n_errors: float
) -> np.ndarray:
    """Return the strongest penalty (k,) within ``n_errors`` standard errors of the best."""
    alphas = candidates.alphas
    nodes = profile_of(objective, at, alphas)
    covariance = loss_covariance(objective, nodes)
    path = _finely(alphas, losses) if candidates.continuous else (alphas, losses)
    errors = difference_errors(nodes.alphas, covariance, path[0], at.alpha)
    bounds = at.loss + ROUNDING * np.abs(at.loss) + n_errors * errors
    return np.maximum(at.alpha, strongest_within(*path, bounds, candidates.continuous))


def _select_between(objective: Objective, candidates: Candidates) -> Selection | None:
    """Choose the minimum of the path between few nodes, or None if all must be evaluated.

    What is chosen is evaluated.  Where that contradicts the path, or the ratio is in doubt, a
    single loss is evaluated at more nodes, and of many losses those concerned at all penalties.
    A path with a relative error of eps misses no loss that is lower by more than 2 eps.
    """
    alphas = candidates.alphas
    guess, _ = interpolated_minimum(alphas, objective.gcv(alphas))
    between, evaluated = objective.between_nodes(alphas, guess)
    route = f"{len(between.nodes)} penalties, in {evaluated.precision}; GCV tells the rest"
    if len(between.doubtful) == 1:
        at = _single_between(objective, alphas, between, evaluated)
    else:
        at, n_unsure = _each_between(objective, alphas, between)
        route += f"; {_all_of(alphas)} for {n_unsure} targets" if n_unsure else ""
    if at is None:
        return None
    path = _with_choice(at, between.nodes, between.risks, between.risks)
    return Selection(at, candidates, *path, route=route)


def _single_between(
    objective: Objective, alphas: np.ndarray, between: RatioToGCV, evaluated: PathRisk
) -> Choice | None:
    for is_last in (False, True):
        if not between.doubtful.any():
            alpha, expected = interpolated_minimum(alphas, between.risk(alphas))
            at = objective.at(alpha, evaluated.slack_at(float(alpha[0])))
            within = _AGREES_FINER if is_last else _AGREES
            if _agrees(at, expected, within).all() and _is_deepest(at, between).all():
                return at
        if not is_last:
            between = objective.refined(between)
    return None


def _each_between(
    objective: Objective, alphas: np.ndarray, between: RatioToGCV
) -> tuple[Choice, int]:
    """Return the choice for each target, and for how many of them all penalties were evaluated."""
    alpha, expected = interpolated_minimum(alphas, between.risk(alphas))
    unsure = between.doubtful
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
        at = objective.at(alpha.copy())
        unsure = ~exact & ~(_agrees(at, expected) & _is_deepest(at, between))
        worse = at.loss > least + _NO_WORSE * np.abs(least)
        if not (unsure | worse).any():
            return at, np.count_nonzero(exact)
        alpha[worse], least[worse] = best_alpha[worse], np.inf


def _all_of(alphas: np.ndarray) -> str:
    return f"all of {len(alphas)} penalties, in float64"


def _agrees(at: Choice, expected: np.ndarray, within: float = _AGREES) -> np.ndarray:
    """Say whether losses are what the path between nodes told."""
    return np.abs(at.loss - expected) <= within * at.loss


def _is_deepest(at: Choice, between: RatioToGCV) -> np.ndarray:
    """Say whether no node is better, as of two minima that the path cannot tell apart."""
    return at.loss <= (1.0 + _AS_GOOD) * between.risks.min(axis=0)


def _with_choice(at: Choice, alphas, losses, risks):
    """Add the penalty chosen to the path, if it is one for all and new."""
    if len(at.alpha) > 1 or at.alpha[0] in alphas:
        return alphas, losses, risks
    place = alphas.searchsorted(at.alpha[0])
    pairs = (alphas, at.alpha), (losses, at.loss[None]), (risks, at.risk[None])
    return tuple(np.concatenate([a[:place], new, a[place:]]) for a, new in pairs)


def _finely(alphas: np.ndarray, losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Interpolate losses (L, k) in log alpha, four to a node."""
    known = (alphas > 0.0) & np.isfinite(losses).all(axis=1)
    alphas, losses = alphas[known], losses[known]
    if len(alphas) < 4:
        return alphas, losses
    t = np.log(alphas)
    fine = np.interp(np.arange(4 * len(t) - 3) / 4.0, np.arange(len(t)), t)
    return np.exp(fine), make_interp_spline(t, losses)(fine)
