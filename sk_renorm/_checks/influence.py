"""Influential rows: whether the penalty, or most of the risk, rests on a few of high leverage."""

from sk_renorm._checks.leverage import decisive_rows
from sk_renorm._checks.problem import Problem
from sk_renorm._rows.names import listed
from sk_renorm._tuning.tune import Fit
from sk_renorm.exceptions import InfluentialRowsWarning


def influential_rows(fit: Fit) -> Problem | None:
    """Return what a few rows far from all others decide."""
    selection, choice = fit.selection, fit.selection.choice
    is_by_risk = fit.objective.scorer is None and not selection.is_robust
    path = slice(None) if selection.is_chosen and is_by_risk else slice(1)
    found = decisive_rows(
        fit.objective.estimate,
        choice.alpha,
        choice.errors,
        choice.slack,
        selection.alphas[path],
        selection.risks[path],
    )
    if found is None:
        return None
    rows = fit.data.given_rows(found.rows)
    names = listed(rows, "row")
    what = (
        f"The penalty is decided by {names}, far from all others: the risk of the other rows is "
        f"{found.cost:.0%} larger than it could be. "
        if found.choose
        else f"{found.share:.0%} of risk_ comes from {names}, far from all others, whose errors "
        "say little of other rows. "
    )
    return Problem(
        InfluentialRowsWarning,
        what + "Check for errors; or tame the feature that sets them apart, as "
        "sklearn.preprocessing.QuantileTransformer does; or give them risk_weight=0"
        + ("; or bound their influence by selection='robust'." if found.choose else "."),
        rows,
    )
