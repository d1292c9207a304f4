"""Warnings of a fit: rows that depend on each other or decide alone, and a grid that ends early."""

import sys
import warnings
from dataclasses import replace

import numpy as np

from sk_renorm._checks import RowsLeftOut, equal_rows, near_copies, neighbours, retaken_rows
from sk_renorm._checks.leverage import decisive_rows
from sk_renorm._linalg import Factorization, KrylovFactorization
from sk_renorm._risk import GeneralizedCrossValidation, LeaveOneOut, search_nodes
from sk_renorm._rows.names import listed
from sk_renorm._rows.rows import TrainingData
from sk_renorm._tuning.minima import best_node, better_beyond
from sk_renorm._tuning.objective import Objective
from sk_renorm._tuning.robust import bounded_differences
from sk_renorm._tuning.search import Selection
from sk_renorm.exceptions import (
    DependentRowsWarning,
    GridEdgeWarning,
    InfluentialRowsWarning,
    UnreliableGCVWarning,
    UnresolvedPenaltyWarning,
)

_MANY_TIMES = 1000.0  # growth of a risk: digits of it would say nothing

_UNLIKE = 1e5  # ratio of column lengths: its square is all that a product with X~'X~ holds
_NO_SHARE = 1e3  # times the largest eigenvalue: penalties that leave the features no share


def outside() -> int:
    """Return the ``stacklevel`` of whoever called the package: a fit may begin in many ways."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == "sk_renorm":
        frame, level = frame.f_back, level + 1
    return level


def warn_of_rows_and_scales(
    objective: Objective, data: TrainingData, selection: Selection, may_depend: bool
) -> None:
    """Warn of all that makes a fit doubtful, of dependent rows only if they ``may_depend``."""
    f = objective.estimate.factorization
    if may_depend:
        warn_of_dependence(f, data, selection)
    warn_of_leverage(objective, data, selection)
    warn_of_weights_in_gcv(objective, selection)
    warn_of_scales(f)


def warn_of_dependence(f: Factorization, data: TrainingData, selection: Selection) -> None:
    """Warn if rows repeat others, or else if they predict their neighbours."""
    left = _rows_left_out(f, data, selection)
    if left is not None and not _warn_of_copies(left, data):
        _warn_of_neighbours(left)


def _warn_of_copies(left: RowsLeftOut, data: TrainingData) -> bool:
    """Warn if rows repeat others, just or nearly, and say whether they do."""
    found = equal_rows(left)
    if found is not None:
        what = f"{found.n_rows} of {left.n} rows repeat another one in X and y"
    else:
        found = retaken_rows(left)
        what = "have the same target and nearly the same features as another one"
        if found is None:
            found = near_copies(left)
            what = "nearly repeat another one"
        if found is None:
            return False
        what = f"About {found.share:.0%} of the rows {what}"
    first, second = found.pair if data.kept is None else np.flatnonzero(data.kept)[[*found.pair]]
    times = f"about {found.growth:.3g} times" if found.growth < _MANY_TIMES else "many times"
    warnings.warn(
        f"{what}, such as rows {first} and {second}, more than chance explains: left out with "
        f"their copies, risk_ would be {times} as large. If new rows will have no copies here, "
        "keep one of each, or give copies one label in groups=; else say "
        "sample_correlation='independent'.",
        DependentRowsWarning,
        stacklevel=outside(),
    )
    return True


def _warn_of_neighbours(left: RowsLeftOut) -> None:
    """Warn if rows predict their neighbours, so that rows far from all do worse."""
    found = neighbours(left)
    if found is None or not found.matter:
        return
    warnings.warn(
        f"Rows predict their neighbours: left out in blocks of {found.block}, risk_ would be "
        f"{found.growth:.2f} +- {found.error:.2f} times as large. If new rows will not lie between "
        "these, give groups= or cv=HBlockSplit(...), or sample_correlation='ar1' for time order; "
        "if the order means nothing, shuffle the rows.",
        DependentRowsWarning,
        stacklevel=outside(),
    )


def _rows_left_out(
    f: Factorization, data: TrainingData, selection: Selection
) -> RowsLeftOut | None:
    """Return what a fit knows of rows left out; None if that is for later, or not in numpy."""
    if not isinstance(f, Factorization) or selection.errors is None or data.place is not None:
        return None
    rest = selection.left * (selection.alpha if f.interpolates else 1.0)
    in_risk = data.weights_in_risk
    in_risk = np.ones(len(rest)) if in_risk is None else in_risk
    return RowsLeftOut(f, data.Y, selection.errors, rest, selection.alpha, in_risk)


def warn_of_scales(f: Factorization | KrylovFactorization) -> None:
    """Warn if Krylov spaces, which meet the longest columns first, may not have met the others."""
    if not isinstance(f, KrylovFactorization):
        return
    lengths = np.sqrt(f.data.column_power())
    lengths = lengths[lengths > 0.0]
    if not len(lengths) or lengths.max() <= _UNLIKE * lengths.min():
        return
    warnings.warn(
        f"Columns of X differ in length by a factor of {lengths.max() / lengths.min():.1g}, and "
        "sparse data of this size are solved in Krylov spaces, which may miss what short columns "
        "say beside long ones. Scale the columns, for instance by "
        "sklearn.preprocessing.MaxAbsScaler, or fit to fewer rows or features.",
        UnresolvedPenaltyWarning,
        stacklevel=outside(),
    )


def warn_of_leverage(objective: Objective, data: TrainingData, selection: Selection) -> None:
    """Warn if the penalty, or most of the risk of rows left out singly, rests on a few rows."""
    estimate = objective.estimate
    if not isinstance(estimate, LeaveOneOut):
        return
    by_risk = selection.is_chosen and not selection.is_robust and objective.scorer is None
    path = slice(None) if by_risk else slice(1)
    chosen = selection.alpha, selection.errors, selection.left
    found = decisive_rows(estimate, *chosen, selection.alphas[path], selection.risks[path])
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
        InfluentialRowsWarning,
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
            UnreliableGCVWarning,
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
    nodes = search_nodes(f)
    better = better_beyond(selection.alphas, losses, nodes, evaluate)
    found = np.flatnonzero(np.isfinite(better))
    best = selection.alphas[best_node(selection.alphas, losses)]
    if not len(found):
        return
    falls = "the risk still falls" if objective.scorer is None else "the score still rises"
    who = f" for {len(found)} of {len(better)} targets" if len(better) > 1 else ""
    what = f"{falls} beyond it: alpha={better[found[0]]:.3g} is better"
    if better[found[0]] > _NO_SHARE * f.eigenvalues.max(initial=0.0):
        constant = "the mean" if f.data.fit_intercept else "zero"
        what = f"{falls} beyond it: {constant} alone predicts better than any of them"
    warnings.warn(
        f"The best of the given alphas lies at their edge{who} ({best[found[0]]:.3g}), "
        f"and {what}. Give a wider range, or alphas=None to search all of it.",
        GridEdgeWarning,
        stacklevel=outside(),
    )
