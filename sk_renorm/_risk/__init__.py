"""Estimates of the risk from one Factorization, for any penalty.  They never see X.

Every estimate is a class that is built on a factorization, says in ``needs`` what that must hold
(``"rows"`` or ``"moments"``) and has ``risk(penalties)``.  Those that leave rows out also have
``errors(penalties)``.  ``penalties`` has shape (L, 1), or (L, q) for one penalty per target.
"""

from sk_renorm._linalg import Factorization
from sk_renorm._risk._gcv import GeneralizedCrossValidation
from sk_renorm._risk._leave_fold_out import LeaveFoldOut
from sk_renorm._risk._leave_one_out import LeaveOneOut
from sk_renorm._risk._path import (
    alpha_from_df,
    alpha_from_ridge,
    effective_df,
    effective_ridge,
)

RISKS = {"loo": LeaveOneOut, "gcv": GeneralizedCrossValidation}

__all__ = [
    "RISKS",
    "GeneralizedCrossValidation",
    "LeaveFoldOut",
    "LeaveOneOut",
    "alpha_from_df",
    "alpha_from_ridge",
    "effective_df",
    "effective_ridge",
    "make_risk",
]


def make_risk(name: str, factorization: Factorization):
    """Return the risk estimate called ``name``, or say what the factorization lacks for it."""
    risk = RISKS[name]
    if risk.needs == "rows" and factorization.data.X is None:
        raise ValueError(
            f"risk={name!r} needs the rows; this fit keeps only second moments; use risk='gcv'."
        )
    return risk(factorization)
