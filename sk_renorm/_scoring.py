"""What is minimized: squared error, or any scorer evaluated on held-out predictions."""

from dataclasses import dataclass, field

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

from sk_renorm._risk import GeneralizedCrossValidation, LeaveFoldOut, LeaveOneOut

_BLOCK_ENTRIES = 2**23  # errors kept at a time for a scorer: rows x penalties x targets


class HeldOutPredictions(RegressorMixin, BaseEstimator):
    """Hands the predictions that it is given as X to a scorer."""

    def fit(self, X, y=None):
        """Do nothing."""
        return self

    def predict(self, X):
        """Return ``X``."""
        return X

    def __sklearn_is_fitted__(self):
        return True


@dataclass(frozen=True)
class AtPenalty:
    """One penalty, or one per target, evaluated: see ``Selection`` for the fields."""

    loss: np.ndarray
    risk: np.ndarray
    errors: np.ndarray
    leverage_dispersion: np.ndarray


@dataclass(frozen=True)
class Objective:
    """Losses to minimize and risks to report, from one risk estimate.

    Attributes
    ----------
    estimate : LeaveOneOut, LeaveFoldOut or GeneralizedCrossValidation
        Source of risks and errors.
    y : ndarray of shape (n,) or (n, q)
        Targets as the user gave them.
    weights : ndarray of shape (n,) or None
        Sample weights.
    scorer : callable or None
        scikit-learn scorer; None stands for squared error.
    score_params : dict
        What to pass to the scorer with each set of rows, such as sample_weight (n,).
    per_target : bool
        Whether each target has its own loss; otherwise targets are averaged.
    """

    estimate: LeaveOneOut | LeaveFoldOut | GeneralizedCrossValidation
    y: np.ndarray
    weights: np.ndarray | None = None
    scorer: object = None
    score_params: dict = field(default_factory=dict)
    per_target: bool = False

    def path(self, alphas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return losses and risks at ``alphas`` (L,): (L, q), or (L, 1) if targets share one."""
        if self.scorer is None:
            risks = self._joint(self.estimate.risk(alphas[:, None]))
            return risks, risks
        step = max(1, _BLOCK_ENTRIES // self.y.size)
        parts = [
            self.from_errors(self.estimate.errors(alphas[start : start + step, None]))
            for start in range(0, len(alphas), step)
        ]
        losses, risks = (np.concatenate(part) for part in zip(*parts, strict=True))
        return losses, risks

    def at(self, alpha: np.ndarray) -> AtPenalty:
        """Evaluate one penalty (1,), or one for each target (q,)."""
        penalties = alpha[None, :]
        errors, dispersion = LeaveOneOut(self.estimate.factorization).errors_and_dispersion(
            penalties
        )
        sets = [(slice(None), errors[:, None, :])]
        if isinstance(self.estimate, LeaveFoldOut):
            sets = self.estimate.errors(penalties)
            errors = self.by_row(sets)[:, 0]
        if isinstance(self.estimate, GeneralizedCrossValidation):
            losses = risks = self._joint(self.estimate.risk(penalties))
        else:
            losses, risks = self.from_errors(sets)
        return AtPenalty(losses[0], risks[0], errors, dispersion)

    def by_row(self, errors: list) -> np.ndarray:
        """Arrange errors by row (n, L, q): the mean of several, NaN for rows never held out."""
        shape = len(self.y), *errors[0][1].shape[1:]
        total, count = np.zeros(shape), np.zeros((len(self.y), 1, 1))
        for rows, error in errors:
            total[rows] += error
            count[rows] += 1.0
        return np.divide(total, count, out=np.full(shape, np.nan), where=count > 0.0)

    def from_errors(self, errors: list) -> tuple[np.ndarray, np.ndarray]:
        """Return losses and risks, each (L, q or 1), from sets of errors ``(rows, (m, L, q))``."""
        risks = self._joint(self._pooled(errors))
        if self.scorer is None:
            return risks, risks
        n_penalties = errors[0][1].shape[1]
        scores = [
            [self._scores(rows, error[:, k]) for k in range(n_penalties)] for rows, error in errors
        ]
        return -np.mean(scores, axis=0), risks

    def _pooled(self, errors: list) -> np.ndarray:
        """Weighted mean squared error (L, q) over all rows of all sets."""
        weights = np.ones(len(self.y)) if self.weights is None else self.weights
        total = sum(np.einsum("b,blq,blq->lq", weights[rows], e, e) for rows, e in errors)
        return total / sum(weights[rows].sum() for rows, _ in errors)

    def _joint(self, risks: np.ndarray) -> np.ndarray:
        return risks if self.per_target else risks.mean(axis=1, keepdims=True)

    def _scores(self, rows: slice | np.ndarray, errors: np.ndarray) -> np.ndarray:
        """Scores (q or 1,) of one set of rows at one penalty."""
        y = self.y[rows]
        predictions = y - errors.reshape(y.shape)
        params = {name: value[rows] for name, value in self.score_params.items()}
        model = HeldOutPredictions()
        if self.per_target and y.ndim == 2:
            columns = range(y.shape[1])
            return np.array(
                [self.scorer(model, predictions[:, j], y[:, j], **params) for j in columns]
            )
        return np.array([self.scorer(model, predictions, y, **params)])
