"""Dependent rows: whether ``risk_`` would be larger if copies or neighbours were left out too."""

import numpy as np

from sk_renorm._checks.copies import equal_rows, targets_tie
from sk_renorm._checks.near_copies import near_copies
from sk_renorm._checks.neighbours import neighbours
from sk_renorm._checks.problem import Problem
from sk_renorm._checks.retaken import retaken_rows
from sk_renorm._checks.rows_left_out import RowsLeftOut
from sk_renorm._tuning.tune import Fit
from sk_renorm.exceptions import DependentRowsWarning

_MANY_TIMES = 1000.0  # growth of a risk: digits of it would say nothing


def dependent_rows(fit: Fit) -> Problem | None:
    """Return what rows that repeat others make of the risk, or else what neighbours do."""
    left_out = _rows_left_out(fit)
    copies = _copies(fit, left_out)
    if copies is not None or fit.request.is_order_known:
        return copies
    return _neighbours(left_out)


def _copies(fit: Fit, left_out: RowsLeftOut) -> Problem | None:
    """Look for rows that repeat others, just or nearly."""
    are_tied = targets_tie(left_out)
    found = equal_rows(left_out) if are_tied else None
    if found is not None:
        what = f"{found.n_rows} of {left_out.n} rows repeat another one in X and y"
    else:
        found = retaken_rows(left_out) if are_tied else None
        what = "have the same target and nearly the same features as another one"
        if found is None:
            found = near_copies(left_out)
            what = "nearly repeat another one"
        if found is None:
            return None
        what = f"About {found.share:.0%} of the rows {what}"
    rows = fit.data.given_rows(found.pair)
    times = f"about {found.growth:.3g} times" if found.growth < _MANY_TIMES else "many times"
    return Problem(
        DependentRowsWarning,
        f"{what}, such as rows {rows[0]} and {rows[1]}, more than chance explains: left out with "
        f"their copies, risk_ would be {times} as large. If new rows will have no copies here, "
        "keep one of each, or give copies one label in groups=; if they will, this "
        "DependentRowsWarning can be ignored.",
        rows,
    )


def _neighbours(left_out: RowsLeftOut) -> Problem | None:
    """Look for rows that predict their neighbours, so that rows far from all do worse."""
    found = neighbours(left_out)
    if found is None or not found.matter:
        return None
    return Problem(
        DependentRowsWarning,
        f"Rows predict their neighbours: left out in blocks of {found.block}, risk_ would be "
        f"{found.growth:.2f} +- {found.error:.2f} times as large. If new rows will not lie between "
        "these, give groups= or cv=HBlockSplit(...), or sample_correlation='ar1' for time order; "
        "if the order means nothing, shuffle the rows.",
    )


def _rows_left_out(fit: Fit) -> RowsLeftOut:
    f, choice, data = fit.factorization, fit.selection.choice, fit.data
    slack = choice.slack * (choice.alpha if f.interpolates else 1.0)
    in_risk = data.weights_in_risk
    in_risk = np.ones(len(slack)) if in_risk is None else in_risk
    return RowsLeftOut(f, data.Y, choice.errors, slack, choice.alpha, in_risk)
