"""What is minimized: squared error, or any scorer evaluated on held-out predictions."""

from dataclasses import dataclass, field, replace

import numpy as np

from sk_renorm._linalg import Factorization
from sk_renorm._risk import (
    Evaluation,
    GeneralizedCrossValidation,
    PathRisk,
    RatioToGCV,
    RiskEstimate,
    Slack,
    pooled_risk,
    profile_nodes,
)
from sk_renorm._tuning.choice import Choice

_FEWER = 2**18  # multiply-adds of a penalty for which fewer of them pay
_LARGE = 2**21  # those that make a pass over the rows most of a fit
_BLOCK_ENTRIES = 2**23  # errors kept at a time for a scorer: rows x penalties x targets


@dataclass(frozen=True)
class Objective:
    """Losses to minimize and risks to report, from one risk estimate.

    Attributes
    ----------
    estimate : RiskEstimate
        Source of risks and errors.
    y : ndarray of shape (n,) or (n, q)
        Targets in the shape that the user gave them.
    weights : ndarray of shape (n,) or None
        How much rows count in the risk.
    scorer : callable or None
        Returns the score of predictions, given them, the targets and ``score_params``; None stands
        for squared error.
    score_params : dict
        What to pass to the scorer with each set of rows, such as sample_weight (n,).
    per_target : bool
        Whether each target has its own loss; otherwise targets are averaged.
    errors_later : bool
        Whether errors of rows left out, which are not what is minimized, are left out.
    with_nodes : bool
        Whether the nodes of the profile are evaluated with the penalty, since rows are made again
        for every pass.
    unit : ndarray of shape (1,) or (q,), or 1.0
        What y is a multiple of, as the scorer is to see it.
    unscored : ndarray of shape (q,), bool, or None
        Targets that the scorer cannot score: a joint score leaves them out, and a target with its
        own penalty has squared error for a loss.
    """

    estimate: RiskEstimate
    y: np.ndarray
    weights: np.ndarray | None = None
    scorer: object = None
    score_params: dict = field(default_factory=dict)
    per_target: bool = False
    errors_later: bool = False
    with_nodes: bool = False
    unit: np.ndarray | float = 1.0
    unscored: np.ndarray | None = None

    def without_unscored(self, alphas: np.ndarray) -> "Objective":
        """Return the same objective without targets whose score is NaN at all of ``alphas``."""

        def alone(predictions, y, **params):  # still with columns, as a joint scorer expects
            columns = (values.reshape(len(values), -1) for values in (predictions, y))
            return self.scorer(*columns, **params)

        each = self if self.per_target else replace(self, per_target=True, scorer=alone)
        losses, _ = each.path(alphas)
        unscored = np.isnan(losses).all(axis=0)
        objective = replace(self, unscored=unscored)
        if unscored.all() or np.isnan(objective.path(alphas)[0]).all(axis=0).any():
            raise ValueError(
                f"scoring={self.scorer!r} is NaN at every penalty, so it can choose none: a target "
                "may be constant, or too few rows held out at a time. Use another scoring, or None."
            )
        return objective

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

    def at(self, alpha: np.ndarray, slack: Slack | None = None) -> Choice:
        """Evaluate a penalty (1,), or one for each target (q,), with what is known of the rows."""
        if self.errors_later:
            risk = self._joint(self.estimate.risk(alpha[None, :]))[0]
            return Choice(alpha, risk, risk)
        return self.choice(alpha, self.estimate.at(alpha[None, :], slack))

    def at_with_sums(self, alpha: np.ndarray, nodes: np.ndarray) -> Choice:
        """Evaluate a penalty, and sum up errors at ``nodes`` (K,), in one pass over blocks."""
        joint = not self.per_target
        at, sums = self.estimate.at_with_sums(alpha[None, :], nodes, joint)
        return replace(self.choice(alpha, at), nodes=nodes, sums=sums)

    def choice(self, alpha: np.ndarray, at: Evaluation) -> Choice:
        """Return what an evaluation says of the loss."""
        risk = self._joint(at.risk[None])[0]
        loss = risk if self.scorer is None else self.from_errors(at.errors)[0][0]
        errors = self.by_row(at.errors)[:, 0]
        return Choice(alpha, loss, risk, errors, at.leverage_dispersion, at.slack)

    def even_noise(self, choice: Choice) -> np.ndarray | None:
        """Return the part of the risk (k,) that does not grow with the size of a row, or None."""
        errors = [(slice(None), choice.errors[:, None])]
        at = Evaluation(errors, choice.risk, choice.leverage_dispersion, choice.slack)
        even = self.estimate.even_noise(choice.alpha[None, :], at)
        return None if even is None else np.clip(self._joint(even[None])[0], 0.0, choice.risk)

    def losses(self, penalties: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return squared errors (m, L, k), row by row, and the weights (m,) of the rows.

        ``penalties`` are (L, 1), or (L, k); k is one for targets that share one.
        """
        step, parts = max(1, _BLOCK_ENTRIES // self.y.size), []
        for start in range(0, len(penalties), step):
            sets = self.estimate.errors(penalties[start : start + step])
            squares = np.concatenate([np.square(errors) for _, errors in sets])
            parts.append(squares if self.per_target else squares.mean(axis=2, keepdims=True))
        losses = np.concatenate(parts, axis=1)
        weights = np.ones(len(self.y)) if self.weights is None else self.weights
        weights = np.concatenate([weights[rows] for rows, _ in sets])
        counts = weights > 0.0
        return (losses, weights) if counts.all() else (losses[counts], weights[counts])

    @property
    def is_large(self) -> bool:
        """Whether a pass over the rows is most of a fit."""
        return is_large(self.estimate.factorization)

    @property
    def nodes_suffice(self) -> bool:
        """Whether nodes of the profile are enough to search, and that pays."""
        work = self.estimate.work
        return self.scorer is None and work is not None and work >= _FEWER

    def between_nodes(self, alphas: np.ndarray, guess: np.ndarray) -> tuple[RatioToGCV, PathRisk]:
        """Evaluate few nodes of the path, and both ends of ``alphas``; GCV tells the rest.

        Also the evaluation, which may know the rows about a ``guess`` (1,) of the penalty.
        """
        nodes = profile_nodes(self.estimate.factorization, np.zeros(0))
        nodes = np.concatenate([alphas[:1], nodes, alphas[-1:]])
        single = float(guess[0]) if len(guess) == 1 else None
        path = self.estimate.risk_of_path(nodes, single)
        risks = self._joint(path.risks)
        return RatioToGCV.of(self.estimate.factorization, nodes, risks.T), path

    def gcv(self, alphas: np.ndarray) -> np.ndarray:
        """Return GCV losses (L, k) at ``alphas`` (L,), which cost next to nothing."""
        gcv = GeneralizedCrossValidation(self.estimate.factorization)
        return self._joint(gcv.risk(alphas[:, None]))

    def refined(self, between: RatioToGCV) -> RatioToGCV:
        """Evaluate more nodes about the minima of what lies between those that are known."""
        more = between.finer_nodes()
        path = self.estimate.risk_of_path(more)
        risks = np.concatenate([between.risks, self._joint(path.risks)])
        nodes = np.concatenate([between.nodes, more])
        order = nodes.argsort()
        return RatioToGCV.of(self.estimate.factorization, nodes[order], risks[order].T)

    def by_row(self, errors: list) -> np.ndarray:
        """Arrange errors by row (n, L, q): the mean of several, NaN for rows never held out."""
        if isinstance(errors[0][0], slice) and errors[0][0] == slice(None):
            return errors[0][1]
        shape = len(self.y), *errors[0][1].shape[1:]
        total, count = np.zeros(shape), np.zeros((len(self.y), 1, 1))
        for rows, error in errors:
            total[rows] += error
            count[rows] += 1.0
        return np.divide(total, count, out=np.full(shape, np.nan), where=count > 0.0)

    def from_errors(self, errors: list) -> tuple[np.ndarray, np.ndarray]:
        """Return losses and risks, each (L, q or 1), from sets of errors ``(rows, (m, L, q))``."""
        weights = np.ones(len(self.y)) if self.weights is None else self.weights
        risks = self._joint(pooled_risk(errors, weights))
        if self.scorer is None:
            return risks, risks
        n_penalties = errors[0][1].shape[1]
        scores = [
            [self.scores(rows, error[:, k]) for k in range(n_penalties)]
            for rows, error in errors
            if weights[rows].any()
        ]
        return -np.mean(scores, axis=0), risks

    def _joint(self, risks: np.ndarray) -> np.ndarray:
        return risks if self.per_target else risks.mean(axis=1, keepdims=True)

    def scores(self, rows: slice | np.ndarray, errors: np.ndarray) -> np.ndarray:
        """Scores (q or 1,) of one set of rows at one penalty."""
        y = self.y[rows]
        predictions, y = (y - errors.reshape(y.shape)) * self.unit, y * self.unit
        params = {name: value[rows] for name, value in self.score_params.items()}
        unscored = np.zeros(errors.shape[1], bool) if self.unscored is None else self.unscored
        if self.per_target and y.ndim == 2:
            scores = np.empty(y.shape[1])
            for j, is_unscored in enumerate(unscored):
                if is_unscored:
                    squares = np.square(errors[:, j])
                    scores[j] = -np.average(squares, weights=params.get("sample_weight"))
                else:
                    scores[j] = self.scorer(predictions[:, j], y[:, j], **params)
            return scores
        if unscored.any():
            predictions, y = predictions[:, ~unscored], y[:, ~unscored]
        return np.array([self.scorer(predictions, y, **params)])


def is_large(f: Factorization) -> bool:
    """Say whether a pass over the rows of a factorization is most of a fit."""
    return f.data.n_rows * f.rank * f.n_targets >= _LARGE
