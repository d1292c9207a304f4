"""Generalized cross-validation: one renormalization for all rows, from moments alone."""

import numpy as np

from sk_renorm._linalg import Factorization
from sk_renorm._risk._evaluation import Evaluation
from sk_renorm._risk._leave_one_out import at_other_risk


class GeneralizedCrossValidation:
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

    def __init__(self, factorization: Factorization):
        self.factorization = factorization

    def risk(self, penalties: np.ndarray) -> np.ndarray:
        """Return the estimated risk (L, q) at ``penalties`` (L, 1) or (L, q)."""
        f = self.factorization
        residual, rest = f.shrunk(penalties)
        with np.errstate(divide="ignore", invalid="ignore"):
            risk = np.where(rest > 0.0, f.n_modes * residual / rest**2, np.inf)
        return risk * (1.0 + f.data.fit_intercept / f.data.total_weight)

    def at(self, penalties: np.ndarray, nodes: np.ndarray, joint: bool) -> Evaluation:
        """Evaluate ``penalties`` (1, 1) or (1, q).

        The errors are those of rows left out, so rows are needed; their sums are brought to this
        risk.
        """
        return at_other_risk(self, penalties, nodes, joint)
