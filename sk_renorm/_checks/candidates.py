"""Whether the penalties that could be chosen, and the targets that could be scored, suffice."""

from dataclasses import replace

import numpy as np

from sk_renorm._checks.problem import Problem
from sk_renorm._risk import search_nodes
from sk_renorm._rows.names import listed
from sk_renorm._tuning.minima import best_node, better_beyond
from sk_renorm._tuning.robust import bounded_differences
from sk_renorm._tuning.tune import Fit
from sk_renorm.exceptions import (
    GridEdgeWarning,
    UnresolvedPenaltyWarning,
    UnscoredTargetsWarning,
)

_NO_SHARE = 1e3  # times the largest eigenvalue: penalties that leave the features no share


def unscored_targets(fit: Fit) -> Problem | None:
    """Return which targets have a score of NaN at every penalty."""
    unscored = fit.selection.unscored
    if unscored is None:
        return None
    what = (
        "chosen by squared error for it, and best_score_ is NaN"
        if fit.request.per_target
        else "chosen by the score of the other targets alone"
    )
    return Problem(
        UnscoredTargetsWarning,
        f"scoring={fit.objective.scorer!r} is NaN at every penalty for "
        f"{listed(np.flatnonzero(unscored), 'target')}, which may be constant: "
        f"the penalty is {what}. Leave such targets out, or use another scoring.",
    )


def grid_edge(fit: Fit) -> Problem | None:
    """Return that candidates end where the risk still falls."""
    f, selection = fit.factorization, fit.selection
    objective = replace(fit.objective, unscored=selection.unscored)

    def evaluate(alphas: np.ndarray) -> np.ndarray:
        if selection.is_robust:
            differences, level = bounded_differences(objective.losses, alphas, selection.alpha)
            return level + differences
        return objective.path(alphas)[0]

    losses = evaluate(selection.alphas) if selection.is_robust else selection.losses
    better = better_beyond(selection.alphas, losses, search_nodes(f), evaluate)
    found = np.flatnonzero(np.isfinite(better))
    if not len(found):
        return None
    best = selection.alphas[best_node(selection.alphas, losses)]
    falls = "the risk still falls" if objective.scorer is None else "the score still rises"
    who = f" for {len(found)} of {len(better)} targets" if len(better) > 1 else ""
    what = f"{falls} beyond it: alpha={better[found[0]]:.3g} is better"
    if better[found[0]] > _NO_SHARE * f.eigenvalues.max(initial=0.0):
        constant = "the mean" if f.data.fit_intercept else "zero"
        what = f"{falls} beyond it: {constant} alone predicts better than any of them"
    return Problem(
        GridEdgeWarning,
        f"The best of the given alphas lies at their edge{who} ({best[found[0]]:.3g}), "
        f"and {what}. Give a wider range, or alphas=None to search all of it.",
    )


def unresolved_penalty(fit: Fit) -> Problem | None:
    """Return that a search ended at the least penalty that is resolved."""
    f, selection = fit.factorization, fit.selection
    if not (selection.candidates.continuous and selection.alpha.min() <= f.resolution):
        return None
    return Problem(
        UnresolvedPenaltyWarning,
        f"The best penalty may lie below {f.resolution:.3g}, the least that is resolved by "
        f"{f.limit.by}; {f.limit.remedy}.",
    )
