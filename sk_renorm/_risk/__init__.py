"""Estimates of the risk from one Factorization, for any penalty.  They never see X.

Every estimate is a `RiskEstimate`; a new one is a file with such a class and an entry in ``RISKS``.
"""

from sk_renorm._linalg import Factorization
from sk_renorm._risk.apart import rows_apart
from sk_renorm._risk.correlated.autoregression import estimate_correlations
from sk_renorm._risk.correlated.row_correlation import RowCorrelation
from sk_renorm._risk.correlated.rows import CorrelatedRows
from sk_renorm._risk.degrees_of_freedom import (
    alpha_from_df,
    alpha_from_ridge,
    effective_df,
    effective_df_error,
    effective_ridge,
)
from sk_renorm._risk.estimate import Evaluation, PathRisk, RiskEstimate, Slack, pooled_risk
from sk_renorm._risk.gcv.gcv import GeneralizedCrossValidation
from sk_renorm._risk.gcv.quadrature import QuadratureGCV
from sk_renorm._risk.gcv.ratio import RatioToGCV
from sk_renorm._risk.gcv.sampled import SampledGCV, sampled_leave_one_out
from sk_renorm._risk.leave_fold_out.folds import LeaveFoldOut
from sk_renorm._risk.leave_fold_out.hat_block import alike_block_errors, hat_block_errors
from sk_renorm._risk.leave_fold_out.small_folds import MOST_ROWS, small_fold_errors
from sk_renorm._risk.leave_one_out.by_block import LeaveOneOutByBlock
from sk_renorm._risk.leave_one_out.rows import LeaveOneOut, leave_one_out_of
from sk_renorm._risk.nodes import STEP, deeper_nodes, log_spaced, profile_nodes, search_nodes
from sk_renorm._risk.uncertainty.noise import noise_interval
from sk_renorm._risk.uncertainty.profile import (
    RiskProfile,
    difference_errors,
    make_profile,
    node_weights,
    standard_errors,
)
from sk_renorm._risk.uncertainty.sums import ONE_SIDED_95, LossSums, concentration

DISPERSED = 0.25  # leverages: beyond this GCV and its like cannot be trusted
RISKS = {"loo": LeaveOneOut, "gcv": GeneralizedCrossValidation}

__all__ = [
    "DISPERSED",
    "MOST_ROWS",
    "ONE_SIDED_95",
    "RISKS",
    "STEP",
    "CorrelatedRows",
    "Evaluation",
    "GeneralizedCrossValidation",
    "LeaveFoldOut",
    "LeaveOneOut",
    "LeaveOneOutByBlock",
    "LossSums",
    "PathRisk",
    "QuadratureGCV",
    "RatioToGCV",
    "RiskEstimate",
    "RiskProfile",
    "RowCorrelation",
    "SampledGCV",
    "Slack",
    "alike_block_errors",
    "alpha_from_df",
    "alpha_from_ridge",
    "concentration",
    "deeper_nodes",
    "difference_errors",
    "effective_df",
    "effective_df_error",
    "effective_ridge",
    "estimate_correlations",
    "hat_block_errors",
    "log_spaced",
    "make_profile",
    "make_risk",
    "node_weights",
    "noise_interval",
    "pooled_risk",
    "profile_nodes",
    "rows_apart",
    "sampled_leave_one_out",
    "search_nodes",
    "small_fold_errors",
    "standard_errors",
]


def make_risk(name: str, factorization: Factorization, risk_weights=None):
    """Return the risk estimate called ``name``, or say what the factorization lacks for it.

    Only estimates that leave rows out take ``risk_weights`` (n,).
    """
    if factorization.trace_weights is not None:
        return QuadratureGCV(factorization)
    risk = RISKS[name]
    if risk.needs == "rows" and factorization.data.X is None:
        raise ValueError(
            f"risk={name!r} needs the rows; this fit keeps only second moments; use risk='gcv'."
        )
    if risk_weights is not None:
        return risk(factorization, risk_weights)
    return leave_one_out_of(factorization) if risk is LeaveOneOut else risk(factorization)
