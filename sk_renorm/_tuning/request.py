"""Request: all that a fit is asked for, as one value that knows no estimator."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from sk_renorm._linalg import Factorization, Fold, HeldOut, factorize, refit
from sk_renorm._risk import (
    CorrelatedRows,
    LeaveFoldOut,
    LeaveOneOutByBlock,
    RiskEstimate,
    SampledGCV,
    make_risk,
)
from sk_renorm._risk.correlated.given import row_correlation
from sk_renorm._rows.rows import TrainingData
from sk_renorm._tuning.candidates import Asked
from sk_renorm._tuning.objective import Objective, is_large
from sk_renorm._tuning.rule import Rule


@dataclass(frozen=True)
class Request:
    """What to choose from, by which rule, from which estimate of which loss.

    Attributes
    ----------
    candidates : Asked
        Penalties to choose from.
    rule : Rule
        Which of them.
    risk : str
        Estimate of the risk, a key of ``RISKS``.
    per_target : bool
        Whether each target has a penalty of its own.
    fit_intercept : bool
        Whether to centre.
    correlation : object or None
        Of rows, as the user says it; None for independent rows.
    is_order_known : bool
        Whether it is known what the order of the rows means, so that nobody need look.
    folds : sequence of Fold or None
        Rows left out together; None for each alone.
    groups : ndarray of shape (n,), int, or None
        Labels of rows that scatter together.
    scorer : callable or None
        See `Objective`.
    score_params : dict
        What the scorer takes beside.
    store_rows : bool
        Whether what has a number for each row is kept.
    store_path : bool
        Whether errors of all candidates are kept.
    errors_later : bool
        Whether errors of rows left out may wait until they are asked for, if not minimized.
    seed : int
        Of random vectors, where these stand for a spectrum.
    reduce : callable or None
        Makes a `Factorization` of rows in memory, as `factorize` does, for a model that is not
        linear in their columns; None for one that is, whose rows may live anywhere.
    """

    candidates: Asked
    rule: Rule = field(default_factory=Rule)
    risk: str = "loo"
    per_target: bool = False
    fit_intercept: bool = True
    correlation: object = None
    is_order_known: bool = False
    folds: Sequence[Fold] | None = None
    groups: np.ndarray | None = None
    scorer: Callable | None = None
    score_params: dict = field(default_factory=dict)
    store_rows: bool = True
    store_path: bool = False
    errors_later: bool = False
    seed: int = 0
    reduce: Callable[..., Factorization] | None = None

    def hold_out(self, data: TrainingData) -> Callable[..., HeldOut]:
        """Return what refits to some rows of ``data``."""
        how = {"fit_intercept": self.fit_intercept, "reduce": self.reduce or factorize}
        return partial(refit, data.X, data.Y, data.weights, **how)

    def estimate(self, f: Factorization, data: TrainingData) -> RiskEstimate:
        """Return the estimate of the risk from a factorization of ``data``."""
        if data.is_in_blocks:
            if data.digest is not None:
                return SampledGCV(f, data.digest)
            return LeaveOneOutByBlock(f, data.blocks)
        if self.correlation is not None:
            correlation = row_correlation(self.correlation, f)
            return CorrelatedRows(f, *correlation, matched=self.risk == "gcv")
        if self.folds is None:
            return make_risk(self.risk, f, data.risk_weights)
        return LeaveFoldOut(f, self.folds, self.hold_out(data), self.groups, data.risk_weights)

    def objective(self, f: Factorization, data: TrainingData) -> Objective:
        """Return what is minimized on a factorization of ``data``."""
        large = not f.leaves_rows_out or (f.name == "column_gram" and is_large(f))
        return Objective(
            self.estimate(f, data),
            data.y,
            data.weights_in_risk,
            self.scorer,
            self.score_params,
            self.per_target,
            unit=data.unit,
            with_nodes=data.is_in_blocks and data.digest is None,
            errors_later=self.errors_later and large,
        )
