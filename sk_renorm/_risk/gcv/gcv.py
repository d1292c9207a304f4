"""Generalized cross-validation: one renormalization for all rows, from moments alone."""

import numpy as np

from sk_renorm._linalg import Factorization
from sk_renorm._risk.estimate import Evaluation, RiskEstimate, Slack
from sk_renorm._risk.leave_one_out.rows import at_other_risk, sums_of_other_risk
from sk_renorm._risk.uncertainty.sums import LossSums


class GeneralizedCrossValidation(RiskEstimate):
    """The training error times ``S**2``, ``S = kappa / ridge = 1 / (1 - df / n)``.

    With an intercept, ``n`` is the sum of the weights less one, and the factor ``1 + 1/(n + 1)`` is
    for the error of the mean.

    Parameters
    ----------
    factorization : Factorization
        Rows are not needed.

    Notes
    -----
    O(r q) per penalty.  One trace stands for every row's leverage, so it fails where leverages
    differ much, near interpolation above all (Golub, Heath and Wahba 1979; Patil, Wei, Rinaldo and
    Tibshirani 2021, arXiv:2103.00948).
    """

    needs = "moments"
    leaves_rows_out = False
    weights_are_counts = True

    def __init__(self, factorization: Factorization):
        self.factorization = factorization

    def risk(self, penalties: np.ndarray, some: slice | np.ndarray = slice(None)) -> np.ndarray:
        """Return the estimated risk (L, q) at ``penalties`` (L, 1) or (L, q)."""
        f = self.factorization
        residual, rest = f.shrunk(penalties)
        with np.errstate(divide="ignore", invalid="ignore"):
            risk = np.where(rest > 0.0, f.n_modes * residual / rest**2, np.inf)
        return (risk * (1.0 + f.data.fit_intercept / f.data.total_weight))[:, some]

    def at(self, penalties: np.ndarray, slack: Slack | None = None) -> Evaluation:
        """Evaluate ``penalties`` (1, 1) or (1, q), with errors of rows left out: it takes rows."""
        return at_other_risk(self, penalties)

    def sums(self, nodes: np.ndarray, joint: bool) -> LossSums:
        """Sum up the errors at ``nodes`` (K,) of rows left out, brought to this risk."""
        return sums_of_other_risk(self, nodes, joint)
