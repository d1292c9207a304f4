"""Generalized cross-validation from Krylov spaces, with residuals in place of rows left out."""

import functools
import operator
from collections.abc import Iterator

import numpy as np

from sk_renorm._linalg import KrylovFactorization
from sk_renorm._risk.estimate import Evaluation, RiskEstimate, Slack
from sk_renorm._risk.uncertainty.sums import LossSums

_BLOCK_ENTRIES = 2**20  # residuals made at a time: rows x penalties x targets
_ROUNDING = 1e-9


class QuadratureGCV(RiskEstimate):
    """Leave-one-out errors with the mean of all leverages in place of each row's own.

    Without weights the risk is that of `GeneralizedCrossValidation`.  With weights a row is left
    out with all of its weight, as in leave-one-out.  Errors are residuals times one factor, which
    makes their weighted mean square the risk.

    Parameters
    ----------
    factorization : KrylovFactorization
        Traces and quadratic forms.

    Notes
    -----
    O(r q) per penalty for the risk; a product with the rows per penalty for the errors.
    """

    needs = "moments"
    leaves_rows_out = False

    def __init__(self, factorization: KrylovFactorization):
        self.factorization = factorization

    def risk(self, penalties: np.ndarray, some: slice | np.ndarray = slice(None)) -> np.ndarray:
        """Return the estimated risk (L, q); NaN below what the Krylov spaces resolve."""
        f = self.factorization
        n, n_modes = f.data.n_rows, f.data.n_rows - f.data.fit_intercept
        power, remaining = f.residual_power(penalties), f.remaining(penalties)
        with np.errstate(divide="ignore", invalid="ignore"):
            risk = np.where(remaining > 0.0, n_modes * power / remaining**2, np.inf)
        risk *= (n + f.data.fit_intercept) / f.data.total_weight
        return np.where(penalties < f.resolution * (1.0 - _ROUNDING), np.nan, risk)[:, some]

    def at(self, penalties: np.ndarray, slack: Slack | None = None) -> Evaluation:
        """Evaluate ``penalties`` (1, 1) or (1, q)."""
        f = self.factorization
        each = np.broadcast_to(penalties, (1, f.n_targets))
        residuals = np.concatenate([residuals for _, residuals in self._residuals(each)])
        risk = self.risk(penalties)[0]
        power = np.square(residuals[:, 0]).sum(axis=0) / f.data.total_weight
        residuals *= np.sqrt(np.divide(risk, power, out=np.ones_like(power), where=power > 0.0))
        if f.data.root_weight is not None:
            residuals /= f.data.root_weight[:, None, None]
        mean, scatter = self._slack(penalties[0])
        dispersion = np.divide(np.sqrt(scatter), mean, out=np.zeros_like(mean), where=mean > 0.0)
        return Evaluation([(slice(None), residuals)], risk, dispersion)

    def sums(self, nodes: np.ndarray, joint: bool) -> LossSums:
        """Sum up the residuals at ``nodes`` (K,), brought to this risk."""
        f = self.factorization
        root = f.data.root_weight
        weights = np.ones(f.data.n_rows) if root is None else root**2
        each = np.broadcast_to(nodes[:, None], (len(nodes), f.n_targets))
        parts = (
            LossSums.of([residuals], weights[rows], joint)
            for rows, residuals in self._residuals(each)
        )
        sums = functools.reduce(operator.add, parts)
        risks = self.risk(nodes[:, None]).T
        sums = sums.scaled(sums.factor_to(risks.mean(axis=0, keepdims=True) if joint else risks))
        return sums.with_scatter(*self._slack(nodes))

    def _residuals(self, penalties: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield rows and their residuals (b, L, q) at ``penalties`` (L, q)."""
        f = self.factorization
        solutions = f.solutions(penalties)
        step = max(1, _BLOCK_ENTRIES // penalties.size)
        for start in range(0, f.data.n_rows, step):
            rows = slice(start, min(start + step, f.data.n_rows))
            yield rows, f.residuals(rows, solutions, penalties)

    def _slack(self, penalties: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and variance over rows of one minus the leverage (L,)."""
        f = self.factorization
        mean = f.remaining(penalties[:, None])[:, 0] / f.data.n_rows
        return mean, f.leverage_scatter(penalties)
