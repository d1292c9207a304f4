"""Generalized cross-validation from Krylov spaces, with residuals in place of rows left out."""

import numpy as np

from sk_renorm._linalg import KrylovFactorization
from sk_renorm._risk._evaluation import Evaluation
from sk_renorm._risk._uncertainty import LossSums

_BLOCK_ENTRIES = 2**20  # residuals made at a time: rows x penalties x targets
_ROUNDING = 1e-9


class QuadratureGCV:
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

    def __init__(self, factorization: KrylovFactorization):
        self.factorization = factorization

    def risk(self, penalties: np.ndarray) -> np.ndarray:
        """Return the estimated risk (L, q); NaN below what the Krylov spaces resolve."""
        f = self.factorization
        n, n_modes = f.data.n_rows, f.data.n_rows - f.data.fit_intercept
        rest = f.remaining(penalties)
        with np.errstate(divide="ignore", invalid="ignore"):
            risk = np.where(rest > 0.0, n_modes * f.residual_power(penalties) / rest**2, np.inf)
        risk *= (n + f.data.fit_intercept) / f.data.total_weight
        return np.where(penalties < f.resolution * (1.0 - _ROUNDING), np.nan, risk)

    def at(self, penalties: np.ndarray, nodes: np.ndarray, joint: bool) -> Evaluation:
        """Evaluate ``penalties`` (1, 1) or (1, q), and sum up the errors at ``nodes`` (K,)."""
        f = self.factorization
        n_rows = f.data.n_rows
        weights = np.ones(n_rows) if f.data.root_weight is None else f.data.root_weight**2
        both = np.broadcast_to(nodes[:, None], (len(nodes), f.n_targets))
        both = np.concatenate([np.broadcast_to(penalties, (1, f.n_targets)), both])
        solutions = f.solutions(both)
        errors = np.empty((n_rows, 1, f.n_targets))
        sums = None
        step = max(1, _BLOCK_ENTRIES // (len(nodes) * f.n_targets))
        for start in range(0, n_rows, step):
            rows = slice(start, min(start + step, n_rows))
            residuals = f.residuals(rows, solutions, both)
            errors[rows] = residuals[:, :1]
            block = LossSums.of([residuals[:, 1:]], weights[rows], joint)
            sums = block if sums is None else sums + block
        risks = self.risk(nodes[:, None]).T
        sums = sums.scaled(sums.factor_to(risks.mean(axis=0, keepdims=True) if joint else risks))
        sums = sums.with_scatter(*self._one_minus_leverage(nodes))
        mean, scatter = self._one_minus_leverage(penalties[0])
        risk = self.risk(penalties)[0]
        power = np.square(errors[:, 0]).sum(axis=0) / f.data.total_weight
        errors *= np.sqrt(np.divide(risk, power, out=np.ones_like(power), where=power > 0.0))
        if f.data.root_weight is not None:
            errors /= f.data.root_weight[:, None, None]
        dispersion = np.divide(np.sqrt(scatter), mean, out=np.zeros_like(mean), where=mean > 0.0)
        return Evaluation([(slice(None), errors)], risk, dispersion, sums, sums)

    def _one_minus_leverage(self, penalties: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and variance over rows (L,)."""
        f = self.factorization
        mean = f.remaining(penalties[:, None])[:, 0] / f.data.n_rows
        return mean, f.leverage_scatter(penalties)
