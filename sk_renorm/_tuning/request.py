"""Request: all that a fit is asked for, as one value that knows no estimator."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from sk_renorm._linalg import Factorization, Fold, HeldOut, refit
from sk_renorm._risk import CorrelatedRows, LeaveFoldOut, make_risk
from sk_renorm._risk.row_dependence import row_correlation
from sk_renorm._rows.rows import TrainingData
from sk_renorm._tuning.candidates import Asked
from sk_renorm._tuning.objective import Objective
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
    folds : sequence of Fold or None
        Rows left out together; None for each alone.
    groups : ndarray of shape (n,), int, or None
        Labels of rows that scatter together.
    scorer : callable or None
        See `Objective`.
    score_params : dict
        What the scorer takes beside.
    store_path : bool
        Whether errors of all candidates are kept.
    rows_later : bool
        Whether what takes rows and is not minimized may wait until it is asked for.
    seed : int
        Of random vectors, where these stand for a spectrum.
    """

    candidates: Asked
    rule: Rule = field(default_factory=Rule)
    risk: str = "loo"
    per_target: bool = False
    fit_intercept: bool = True
    correlation: object = None
    folds: Sequence[Fold] | None = None
    groups: np.ndarray | None = None
    scorer: Callable | None = None
    score_params: dict = field(default_factory=dict)
    store_path: bool = False
    rows_later: bool = False
    seed: int = 0

    def hold_out(self, data: TrainingData) -> Callable[..., HeldOut]:
        """Return what refits to some rows of ``data``."""
        return partial(refit, data.X, data.Y, data.weights, fit_intercept=self.fit_intercept)

    def objective(self, f: Factorization, data: TrainingData) -> Objective:
        """Return what is minimized on a factorization of ``data``."""
        if self.correlation is not None:
            correlation = row_correlation(self.correlation, f)
            estimate = CorrelatedRows(f, *correlation, matched=self.risk == "gcv")
        elif self.folds is None:
            estimate = make_risk(self.risk, f, data.risk_weights)
        else:
            hold_out = self.hold_out(data)
            estimate = LeaveFoldOut(f, self.folds, hold_out, self.groups, data.risk_weights)
        objective = Objective(
            estimate,
            data.y,
            data.weights_in_risk,
            self.scorer,
            self.score_params,
            self.per_target,
            unit=data.unit,
        )
        large = f.name == "tridiagonal" or (f.name == "column_gram" and objective.is_large)
        return replace(objective, rows_later=self.rows_later and large)
