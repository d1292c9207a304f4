"""Warnings of a fit: rows that depend on each other or decide alone, and a grid that ends early."""

import sys
import warnings
from dataclasses import replace

import numpy as np

from sk_renorm._array_api import like, matmul, to_host
from sk_renorm._dependence import copied_rows, neighbours_are_alike, neighbours_correlation
from sk_renorm._leverage import decisive_rows
from sk_renorm._linalg import Factorization
from sk_renorm._minima import best_node, better_beyond, search_nodes
from sk_renorm._near_copies import near_copies
from sk_renorm._numbers import listed
from sk_renorm._risk import GeneralizedCrossValidation, LeaveOneOut
from sk_renorm._robust import bounded_differences
from sk_renorm._scoring import Objective
from sk_renorm._selection import Selection
from sk_renorm._validation import TrainingData


def outside() -> int:
    """Return the ``stacklevel`` of whoever called the package: a fit may begin in many ways."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == "sk_renorm":
        frame, level = frame.f_back, level + 1
    return level


def warn_of_dependence(
    f: Factorization, data: TrainingData, errors: np.ndarray, selection: Selection
) -> None:
    """Warn if rows repeat others, or if neighbouring rows are alike, by their errors (n, q)."""
    copies = copied_rows(errors, data.Y, lambda: _combined_features(data.X))
    if len(copies):
        warnings.warn(
            f"{len(copies)} of {len(errors)} rows repeat another one, such as rows "
            f"{copies[0].min()} and {copies[0].max()}: left out, such a row is still among the "
            "training rows, and risk_ is too small for new rows. Remove the copies, or give "
            "fit their number as sample_weight, or the same label in groups=.",
            UserWarning,
            stacklevel=outside(),
        )
    elif _leaves_rows_out(f, data, selection):
        _warn_of_near_copies(f, data, selection)
    if not neighbours_are_alike(f, errors, data.Y - errors, selection.alpha):
        return
    warnings.warn(
        "Neighbouring rows are alike (correlation of the held-out errors "
        f"{neighbours_correlation(errors):.2f}). If they come in time order or in groups, "
        "risk_ is too small for rows that are not their neighbours: give fit the groups=, set "
        "cv=, or sample_correlation='ar1' for time order. If the order means nothing, as after "
        "sorting, say sample_correlation='independent'.",
        UserWarning,
        stacklevel=outside(),
    )


def _leaves_rows_out(f: Factorization, data: TrainingData, selection: Selection) -> bool:
    """Say whether rows were left out, in numpy: not in Krylov spaces, nor if that is for later."""
    return isinstance(f, Factorization) and selection.errors is not None and data.place is None


def _warn_of_near_copies(f: Factorization, data: TrainingData, selection: Selection) -> None:
    found = near_copies(f, data.Y, selection.errors, selection.alpha)
    if found is None:
        return
    first, second = found.pair if data.kept is None else np.flatnonzero(data.kept)[[*found.pair]]
    warnings.warn(
        f"About {found.share:.0%} of the rows nearly repeat others, such as rows {first} and "
        f"{second}. Left out together they are predicted worse, and risk_ would be "
        f"{found.growth:.3g} times as large. If they were made from one row, or measured on one "
        "thing, and new rows will have no such company, give them the same label in groups=, or "
        "remove all but one; else say sample_correlation='independent'.",
        UserWarning,
        stacklevel=outside(),
    )


def _combined_features(X: np.ndarray) -> np.ndarray:
    """Return a combination (n,) of the features in which different rows differ."""
    weights = np.random.default_rng(0).standard_normal(X.shape[1])
    return to_host(matmul(X, like(X, weights)))


def warn_of_leverage(objective: Objective, data: TrainingData, selection: Selection) -> None:
    """Warn if the penalty, or most of the risk of rows left out singly, rests on a few rows."""
    estimate = objective.estimate
    if not isinstance(estimate, LeaveOneOut):
        return
    by_risk = selection.is_chosen and not selection.is_robust and objective.scorer is None
    path = slice(None) if by_risk else slice(1)
    found = decisive_rows(
        estimate, selection.errors, selection.left, selection.alphas[path], selection.risks[path]
    )
    if found is None:
        return
    rows = found.rows if data.kept is None else np.flatnonzero(data.kept)[found.rows]
    names = ("row " if len(rows) == 1 else "rows ") + ", ".join(str(row) for row in rows)
    what = (
        f"The penalty is decided by {names}, far from all others: the risk of the other rows is "
        f"{found.cost:.0%} larger than it could be. "
        if found.choose
        else f"{found.share:.0%} of risk_ comes from {names}, far from all others, whose errors "
        "say little of other rows. "
    )
    warnings.warn(
        what + "Check for errors; or tame the feature that sets them apart, as "
        "sklearn.preprocessing.QuantileTransformer does; or give them risk_weight=0"
        + ("; or bound their say by selection='robust'." if found.choose else "."),
        UserWarning,
        stacklevel=outside(),
    )


def warn_of_weights_in_gcv(objective: Objective, selection: Selection) -> None:
    """Warn if GCV, where weights are copies, was fooled by a model that fits them at no cost."""
    if not (isinstance(objective.estimate, GeneralizedCrossValidation) and selection.is_chosen):
        return
    f = objective.estimate.factorization
    n_rows, total = f.data.n_rows, f.data.total_weight
    if not f.interpolates or abs(total - n_rows) <= 1e-9 * n_rows:
        return
    weakest = selection.alpha.min() <= selection.alphas.min()
    if weakest or np.isinf(selection.risks).any():
        warnings.warn(
            f"risk='gcv' takes weights for numbers of rows, and here they sum to {total:.4g} where "
            f"{n_rows} rows can be fitted exactly: its risk at weak penalties, and with it the "
            "choice, means nothing. Use risk='loo', which leaves a row out with all of its weight.",
            UserWarning,
            stacklevel=outside(),
        )


def warn_of_unscored(objective: Objective, selection: Selection) -> None:
    """Warn of targets whose score is NaN at every penalty."""
    if selection.unscored is None:
        return
    who = listed(np.flatnonzero(selection.unscored), "target")
    what = (
        "chosen by squared error for it, and best_score_ is NaN"
        if objective.per_target
        else "chosen by the score of the other targets alone"
    )
    warnings.warn(
        f"scoring={objective.scorer!r} is NaN at every penalty for {who}, which may be constant: "
        f"the penalty is {what}. Leave such targets out, or use another scoring.",
        UserWarning,
        stacklevel=outside(),
    )


def warn_at_edge_of(objective: Objective, selection: Selection) -> None:
    """Warn if candidates end where the risk still falls."""
    f, objective = objective.estimate.factorization, replace(objective, unscored=selection.unscored)

    def evaluate(alphas: np.ndarray) -> np.ndarray:
        if selection.is_robust:
            differences, level = bounded_differences(objective.losses, alphas, selection.alpha)
            return level + differences
        return objective.path(alphas)[0]

    losses = evaluate(selection.alphas) if selection.is_robust else selection.losses
    nodes = search_nodes(f.eigenvalues, f.resolution)
    better = better_beyond(selection.alphas, losses, nodes, evaluate)
    found = np.flatnonzero(np.isfinite(better))
    best = selection.alphas[best_node(selection.alphas, losses)]
    if not len(found):
        return
    falls = "the risk still falls" if objective.scorer is None else "the score still rises"
    who = f" for {len(found)} of {len(better)} targets" if len(better) > 1 else ""
    warnings.warn(
        f"The best of the given alphas lies at their edge{who} ({best[found[0]]:.3g}), "
        f"and {falls} beyond it: alpha={better[found[0]]:.3g} is better. "
        "Give a wider range, or alphas=None to search all of it.",
        UserWarning,
        stacklevel=outside(),
    )
