"""From data to a factorization, an objective on it, and the penalty chosen."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from sk_renorm._linalg import (
    Factorization,
    HeldOut,
    SparseData,
    Stage,
    factorize,
    factorize_on_device,
    refit,
)
from sk_renorm._risk import CorrelatedRows, LeaveFoldOut, LeaveOneOut, make_risk, rows_apart
from sk_renorm._risk.row_dependence import row_correlation
from sk_renorm._rows.rows import TrainingData
from sk_renorm._tuning.iterative import solve_iteratively
from sk_renorm._tuning.objective import Objective
from sk_renorm._tuning.search import Candidates, Selection, select

MakeCandidates = Callable[[Factorization], Candidates | None]


def make_objective(
    data,
    fit_intercept,
    risk,
    correlation,
    folds,
    groups,
    scorer,
    score_params,
    per_target,
    later,
    factorization,
) -> Objective:
    """Return what is minimized on a factorization; the other arguments are those of the fit."""
    if correlation is not None:
        estimate = CorrelatedRows(
            factorization, *row_correlation(correlation, factorization), matched=risk == "gcv"
        )
    elif folds is None:
        estimate = make_risk(risk, factorization, data.risk_weights)
    else:
        hold_out = _hold_out(data, fit_intercept)
        estimate = LeaveFoldOut(factorization, folds, hold_out, groups, data.risk_weights)
    objective = Objective(
        estimate,
        data.y,
        data.weights_in_risk,
        scorer,
        score_params,
        per_target,
        unit=data.unit,
    )
    tall = factorization.name == "column_gram" and objective.is_large
    return replace(objective, rows_later=later and (tall or factorization.name == "tridiagonal"))


def solve_exactly(
    stage: Stage,
    data: TrainingData,
    fit_intercept: bool,
    of_factorization: Callable[[Factorization], Objective],
    make_candidates: MakeCandidates,
    n_errors: float,
    least: float = 0.0,
    **how,
) -> tuple[Factorization, Objective, Selection]:
    """Factorize so that penalties down to ``least`` are resolved, and select."""
    reduce = factorize if data.place is None else partial(factorize_on_device, data.place)
    with stage("factorize"):
        factorization = reduce(
            data.X, data.Y, data.weights, fit_intercept=fit_intercept, least=least, **how
        )
    with stage("select"):
        objective = of_factorization(factorization)
        candidates = make_candidates(factorization)
        selection = select(objective, candidates, n_errors)
        estimate = objective.estimate
        if isinstance(estimate, LeaveOneOut) and estimate.lost:
            lost = np.array(sorted(estimate.lost))
            apart = rows_apart(factorization, lost, _hold_out(data, fit_intercept))
            if apart:
                estimate = LeaveOneOut(factorization, estimate.risk_weights, apart)
                objective = replace(objective, estimate=estimate)
                selection = select(objective, candidates, n_errors)
    return factorization, objective, selection


def _hold_out(data: TrainingData, fit_intercept: bool) -> Callable[..., HeldOut]:
    return partial(refit, data.X, data.Y, data.weights, fit_intercept=fit_intercept)


def solve_in_krylov_spaces(
    seed: int, reason: str, stage: Stage, data: TrainingData, fit_intercept: bool, *how_to_select
) -> tuple[Factorization, Objective, Selection]:
    """The same from Krylov spaces, where no Gram matrix fits."""
    sparse = SparseData.from_rows(data.X, data.Y, data.weights, fit_intercept)
    with stage("factorize and select"):
        return solve_iteratively(sparse, seed, reason, *how_to_select)
