"""From rows and a request to a fit: factorize, choose, and once more where rows outweigh all."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.sparse import issparse

from sk_renorm._linalg import (
    Factorization,
    SparseData,
    Stage,
    choose_factorization,
    factorize,
    factorize_on_device,
    krylov_factorizations,
)
from sk_renorm._risk import LeaveOneOut, rows_apart
from sk_renorm._rows.rows import TrainingData
from sk_renorm._tuning.candidates import Candidates
from sk_renorm._tuning.iterative import is_resolved, refuse_unresolved
from sk_renorm._tuning.objective import Objective
from sk_renorm._tuning.request import Request
from sk_renorm._tuning.search import Selection, select


@dataclass(frozen=True)
class Fit:
    """A penalty chosen, and all that it was chosen from.

    Attributes
    ----------
    data : TrainingData
        Rows, or what is at hand of them.
    request : Request
        What was asked for.
    objective : Objective
        What was minimized; its estimate holds the factorization.
    selection : Selection
        What was chosen.
    """

    data: TrainingData
    request: Request
    objective: Objective
    selection: Selection

    @property
    def factorization(self) -> Factorization:
        return self.objective.estimate.factorization


def no_leverages(data: TrainingData) -> str | None:
    """Return why single rows of ``data`` cannot be left out, or None if they can."""
    choice = choose_factorization(*data.X.shape, sparse=issparse(data.X))
    return choice.reason if choice.name == "krylov" else None


def tune(data: TrainingData, request: Request, stage: Stage) -> Fit:
    """Choose the penalty of a ridge regression.

    Parameters
    ----------
    data : TrainingData
        Rows, targets and weights.
    request : Request
        What is asked for.
    stage : Stage
        Told of what is done.

    Returns
    -------
    Fit
        Which knows no estimator.
    """
    reason = no_leverages(data)
    if reason is not None:
        with stage("factorize and select"):
            return _tune_in_krylov_spaces(data, request, reason)
    reduce = factorize if data.place is None else partial(factorize_on_device, data.place)
    how = {"least": request.candidates.least, "fit_intercept": request.fit_intercept}
    if request.rows_later:
        how["traces"] = True
    with stage("factorize"):
        f = reduce(data.X, data.Y, data.weights, **how)
    with stage("select"):
        candidates, objective = request.candidates.of(f), request.objective(f, data)
        fit = Fit(data, request, objective, select(objective, candidates, request.rule))
        objective = _with_rows_apart(fit)
        if objective is None:
            return fit
        return Fit(data, request, objective, select(objective, candidates, request.rule))


def tune_estimate(estimate, data: TrainingData, candidates: Candidates, request: Request) -> Fit:
    """Choose the penalty by an estimate that is made already, of rows that come in blocks."""
    objective = Objective(estimate, data.y, data.weights, per_target=request.per_target)
    return Fit(data, request, objective, select(objective, candidates, request.rule))


def _with_rows_apart(fit: Fit) -> Objective | None:
    """Return the objective with fits of their own for rows that outweigh all others, or None."""
    estimate = fit.objective.estimate
    if not (isinstance(estimate, LeaveOneOut) and estimate.lost):
        return None
    lost = np.array(sorted(estimate.lost))
    apart = rows_apart(fit.factorization, lost, fit.request.hold_out(fit.data))
    if not apart:
        return None
    estimate = LeaveOneOut(fit.factorization, estimate.risk_weights, apart)
    return replace(fit.objective, estimate=estimate)


def _tune_in_krylov_spaces(data: TrainingData, request: Request, reason: str) -> Fit:
    """Factorize with as many steps as the choice takes, and select."""
    sparse = SparseData.from_rows(data.X, data.Y, data.weights, request.fit_intercept)
    for f in krylov_factorizations(sparse, request.seed, reason):
        try:
            candidates = request.candidates.of(f)
        except ValueError:  # few steps do not see all of the range that a dial has
            continue
        if is_resolved(f, candidates, request.objective(f, data)):
            break
    candidates, objective = request.candidates.of(f), request.objective(f, data)
    refuse_unresolved(f, candidates, reason)
    return Fit(data, request, objective, select(objective, candidates, request.rule))
