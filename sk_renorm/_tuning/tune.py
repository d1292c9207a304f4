"""From rows and a request to a fit: factorize, choose, and once more where rows outweigh all."""

from dataclasses import dataclass, replace

import numpy as np

from sk_renorm._linalg import Factorization, Stage, complete, silent_stage
from sk_renorm._risk import LeaveOneOut, RiskProfile, rows_apart, sampled_leave_one_out
from sk_renorm._rows.rows import TrainingData
from sk_renorm._tuning.objective import Objective
from sk_renorm._tuning.profile import profile_of
from sk_renorm._tuning.reductions import reduced
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

    @property
    def is_in_blocks(self) -> bool:
        """Whether rows come in blocks, and are let go."""
        return self.data.is_in_blocks

    def coefficients(self) -> tuple[np.ndarray, np.ndarray]:
        """Return coefficients (p, q) and intercepts (q,) at the penalty chosen."""
        f, unit = self.factorization, self.data.unit
        coef = f.coefficients(self.selection.alpha)
        return coef * unit, f.data.intercepts(coef) * unit

    def predictions(self, X) -> np.ndarray:
        """Return predictions (m, q) of new rows (m, p) at the penalty chosen."""
        f = self.factorization
        return f.data.predictions(X, f.coefficients(self.selection.alpha)) * self.data.unit

    def held_out_path(self) -> np.ndarray:
        """Return squared held-out errors, or predictions for a scorer, at the penalties tried.

        Of shape (n, L), or (n, q, L); NaN for rows that were not held out.
        """
        data, objective = self.data, self.objective
        penalties = self.selection.alphas[:, None]
        errors = objective.by_row(objective.estimate.errors(penalties))
        if objective.scorer is None:
            path = np.square(errors * data.unit)
        else:
            path = (data.Y[:, None, :] - errors) * data.unit
        path = path[:, :, 0] if data.y.ndim == 1 else path.transpose(0, 2, 1)
        return data.all_rows(path, np.nan).astype(data.dtype)

    def keeping_targets(self) -> "Fit":
        """Return the fit with targets of its own, which their owner may change."""
        Y = self.data.Y.copy()
        y = Y.reshape(self.data.y.shape)
        data = replace(self.data, Y=Y, y=y)
        return replace(self, data=data, objective=replace(self.objective, y=y))

    def with_errors(self) -> "Fit":
        """Return the fit with errors of rows left out, which a choice by GCV did without."""
        if self.selection.choice.errors is not None:
            return self
        estimate = self.request.estimate(complete(self.factorization), self.data)
        objective = replace(self.objective, estimate=estimate, errors_later=False)
        choice = objective.at(self.selection.alpha)
        return replace(self, objective=objective, selection=replace(self.selection, choice=choice))

    def sampled_leave_one_out(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the leave-one-out risk (k,) by a sample of rows, and its standard error."""
        choice, joint = self.selection.choice, not self.request.per_target
        estimate = self.objective.estimate
        return sampled_leave_one_out(estimate, choice.alpha, choice.errors, joint)

    def profile(self) -> RiskProfile:
        """Return the path at a few nodes, with its covariance; a pass over the rows."""
        fit = self.with_errors()
        selection = fit.selection
        return profile_of(fit.objective, selection.choice, selection.candidates.alphas)


def tune(data: TrainingData, request: Request, stage: Stage = silent_stage) -> Fit:
    """Choose the penalty of a ridge regression.

    Parameters
    ----------
    data : TrainingData
        Rows, targets and weights.
    request : Request
        What is asked for.
    stage : Stage, default=silent_stage
        Told of what is done.

    Returns
    -------
    Fit
        Which knows no estimator.

    Raises
    ------
    RefusedCandidates
        If penalties asked for do not go with the rows.
    """
    if data.is_in_blocks:  # which tell of every pass themselves
        stage = silent_stage
    with stage("factorize"):
        f, candidates = reduced(data, request)
    with stage("select"):
        objective = request.objective(f, data)
        fit = Fit(data, request, objective, select(objective, candidates, request.rule))
        objective = _with_rows_apart(fit)
        if objective is None:
            return fit
        return Fit(data, request, objective, select(objective, candidates, request.rule))


def _with_rows_apart(fit: Fit) -> Objective | None:
    """Return the objective with fits of their own for rows that outweigh all others, or None."""
    estimate = fit.objective.estimate
    if not estimate.lost:
        return None
    lost = np.array(sorted(estimate.lost))
    apart = rows_apart(fit.factorization, lost, fit.request.hold_out(fit.data))
    if not apart:
        return None
    estimate = LeaveOneOut(fit.factorization, estimate.risk_weights, apart)
    return replace(fit.objective, estimate=estimate)
