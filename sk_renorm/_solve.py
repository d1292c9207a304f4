"""From data to a factorization, an objective on it, and the penalty chosen."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from sk_renorm._dependence import row_correlation
from sk_renorm._iterative import solve_iteratively
from sk_renorm._linalg import (
    Factorization,
    SparseData,
    Stage,
    factorize,
    factorize_on_device,
    refit,
)
from sk_renorm._risk import CorrelatedRows, LeaveFoldOut, make_risk
from sk_renorm._scoring import Objective
from sk_renorm._selection import Candidates, Selection, select
from sk_renorm._validation import TrainingData

# A choice this near the smallest penalty that a Gram matrix resolves is made again from the rows.
_SAFE_DISTANCE = 100.0

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
        hold_out = partial(refit, data.X, data.Y, data.weights, fit_intercept=fit_intercept)
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
    **how,
) -> tuple[Factorization, Objective, Selection]:
    """Factorize and select; once more, precisely, if the Gram matrix cannot resolve the choice."""
    reduce = factorize if data.place is None else partial(factorize_on_device, data.place)
    for precise in (False, True):
        with stage("factorize"):
            factorization = reduce(
                data.X, data.Y, data.weights, fit_intercept=fit_intercept, precise=precise, **how
            )
        resolution = factorization.resolution
        candidates = make_candidates(factorization)
        if candidates is None or candidates.alphas.min() < resolution:
            continue
        with stage("select"):
            objective = of_factorization(factorization)
            selection = select(objective, candidates, n_errors)
        if not resolution or selection.alpha.min() > _SAFE_DISTANCE * resolution:
            break
    return factorization, objective, selection


def solve_in_krylov_spaces(
    seed: int, reason: str, stage: Stage, data: TrainingData, fit_intercept: bool, *how_to_select
) -> tuple[Factorization, Objective, Selection]:
    """The same from Krylov spaces, where no Gram matrix fits."""
    sparse = SparseData.from_rows(data.X, data.Y, data.weights, fit_intercept)
    with stage("factorize and select"):
        return solve_iteratively(sparse, seed, reason, *how_to_select)
