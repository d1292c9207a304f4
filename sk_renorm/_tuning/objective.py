"""What is minimized: squared error, or any scorer evaluated on held-out predictions."""

from dataclasses import dataclass, field, replace

import numpy as np

from sk_renorm._risk import (
    Evaluation,
    GeneralizedCrossValidation,
    LeaveFoldOut,
    LeaveOneOut,
    LossSums,
    RatioToGCV,
    RiskProfile,
    concentration,
    deeper_nodes,
    make_profile,
    node_weights,
    pooled_risk,
    profile_nodes,
)

_FALLS = 0.1  # part of the risk at the weakest node of a profile: as without noise, it falls on
_FEW = 24  # candidates that all become nodes of the profile
_GROUPS = 50  # of rows, whose scores show how a score scatters
_SMALL = 1e-3
_LARGE = 2**21  # multiply-adds of a penalty for which fewer of them pay
_BLOCK_ENTRIES = 2**23  # errors kept at a time for a scorer: rows x penalties x targets


@dataclass(frozen=True)
class AtPenalty:
    """One penalty, or one per target, evaluated: see ``Selection`` for the fields."""

    loss: np.ndarray
    risk: np.ndarray
    errors: np.ndarray | None = None
    leverage_dispersion: np.ndarray | None = None
    profile: RiskProfile | None = None
    left: np.ndarray | None = None


@dataclass(frozen=True)
class KnownNodes:
    """Nodes of the profile: penalties (K,), risks (K, k), their sums, and what lies between.

    The penalty of a ``guess`` (1,), if any, was evaluated beside them.
    """

    alphas: np.ndarray
    risks: np.ndarray
    sums: LossSums
    between: RatioToGCV
    guess: np.ndarray | None = None
    at_guess: Evaluation | None = None

    def with_node(
        self, evaluation: Evaluation, alpha: float, risk: float
    ) -> tuple[np.ndarray, Evaluation]:
        """Add a penalty of known risk to sums; how its losses scatter is interpolated."""
        if not self.alphas[0] < alpha < self.alphas[-1] or alpha in self.alphas:
            return self.alphas, evaluation
        nodes = np.sort(np.append(self.alphas, alpha))
        weights = node_weights(self.alphas, nodes)
        sums = evaluation.sums.with_node(weights)
        risks = sums.losses / sums.weight
        risks[:, nodes == alpha] = risk
        sums = by_row = sums.scaled(sums.factor_to(risks))
        if evaluation.by_row is not evaluation.sums:
            by_row = evaluation.by_row.with_node(weights)
        return nodes, replace(evaluation, sums=sums, by_row=by_row)


@dataclass(frozen=True)
class Objective:
    """Losses to minimize and risks to report, from one risk estimate.

    Attributes
    ----------
    estimate : LeaveOneOut, LeaveFoldOut or GeneralizedCrossValidation
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
    rows_later : bool
        Whether what takes another pass over the rows, and is not minimized, is left out.
    unit : ndarray of shape (1,) or (q,), or 1.0
        What y is a multiple of, as the scorer is to see it.
    unscored : ndarray of shape (q,), bool, or None
        Targets that the scorer cannot score: a joint score leaves them out, and a target with its
        own penalty has squared error for a loss.
    """

    estimate: LeaveOneOut | LeaveFoldOut | GeneralizedCrossValidation
    y: np.ndarray
    weights: np.ndarray | None = None
    scorer: object = None
    score_params: dict = field(default_factory=dict)
    per_target: bool = False
    rows_later: bool = False
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

    def at(
        self, alpha: np.ndarray, candidates: np.ndarray, known: KnownNodes | None = None
    ) -> AtPenalty:
        """Evaluate a penalty (1,), or one for each target (q,); candidates are for the profile.

        What is ``known`` at the nodes of the profile, or of this penalty, is not evaluated again.
        """
        f, joint = self.estimate.factorization, not self.per_target
        if self.rows_later:
            risk = self._joint(self.estimate.risk(alpha[None, :]))[0]
            return AtPenalty(risk, risk)
        if known is None:
            wanted = candidates if len(candidates) <= _FEW else candidates[:0]
            nodes = profile_nodes(f, np.append(wanted, alpha) if joint else wanted)
            evaluation = self.estimate.at(alpha[None, :], nodes, joint)
        elif known.guess is not None and (alpha == known.guess).all():
            nodes, evaluation = known.alphas, known.at_guess
        else:
            nodes = known.alphas
            evaluation = self.estimate.at(alpha[None, :], nodes, joint, known.sums)
        risk = self._joint(evaluation.risk[None])[0]
        first = evaluation.sums.losses[:, 0] / evaluation.sums.weight
        deeper = deeper_nodes(nodes, f.resolution)
        if len(deeper) > len(nodes) and np.any((alpha < nodes[0]) & (risk < _FALLS * first)):
            nodes, known = deeper, None
            evaluation = self.estimate.at(alpha[None, :], nodes, joint)
        errors = self.by_row(evaluation.errors)[:, 0]
        held_out = errors[~np.isnan(errors[:, 0])]
        share = 1.0 if self.per_target else concentration(held_out)
        loss = risk if self.scorer is None else self.from_errors(evaluation.errors)[0][0]
        if known is not None and len(alpha) == 1:
            nodes, evaluation = known.with_node(evaluation, float(alpha[0]), float(risk[0]))
        even = evaluation.even_noise
        if even is not None:
            even = np.clip(self._joint(even[None])[0], 0.0, risk)
        profile = make_profile(f, nodes, evaluation.sums, evaluation.by_row, share, even)
        return AtPenalty(
            loss, risk, errors, evaluation.leverage_dispersion, profile, evaluation.left
        )

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
        f = self.estimate.factorization
        return f.data.n_rows * f.rank * f.n_targets >= _LARGE

    @property
    def nodes_suffice(self) -> bool:
        """Whether nodes of the profile are enough to search, and that pays."""
        work = getattr(self.estimate, "work", None)
        if self.scorer is not None or work is None or work < _LARGE:
            return False
        # with risk weights error bars are of two populations, which takes two sums
        return self.estimate.risk_weights is None

    @property
    def guess_is_free(self) -> bool:
        """Whether one more penalty comes with the nodes; one for each target is too much."""
        return isinstance(self.estimate, LeaveOneOut) and not self.per_target

    def nodes_first(self, guess: np.ndarray | None) -> KnownNodes:
        """Evaluate the nodes of the profile, and the penalty of a ``guess`` (1,) in that pass."""
        f = self.estimate.factorization
        nodes = profile_nodes(f, np.zeros(0))
        if guess is None:
            at_guess, sums = None, self.estimate.sums(nodes, joint=not self.per_target)
        else:
            at_guess = self.estimate.at(guess[None, :], nodes, joint=not self.per_target)
            sums = at_guess.sums
        risks = sums.losses / sums.weight
        return KnownNodes(nodes, risks.T, sums, RatioToGCV.of(f, nodes, risks), guess, at_guess)

    def gcv(self, alphas: np.ndarray) -> np.ndarray:
        """Return GCV losses (L, k) at ``alphas`` (L,), which cost next to nothing."""
        gcv = GeneralizedCrossValidation(self.estimate.factorization)
        return self._joint(gcv.risk(alphas[:, None]))

    def refined(self, between: RatioToGCV) -> RatioToGCV:
        """Evaluate more nodes about the minima of what lies between those that are known."""
        more = between.finer_nodes()
        risks = np.concatenate([between.risks, self._joint(self.estimate.risk(more[:, None]))])
        nodes = np.concatenate([between.nodes, more])
        order = nodes.argsort()
        return RatioToGCV.of(self.estimate.factorization, nodes[order], risks[order].T)

    def loss_covariance(self, profile: RiskProfile) -> np.ndarray:
        """Return the covariance (k, K, K) of the losses at the nodes of ``profile``."""
        if self.scorer is None:
            return profile.covariance
        step = max(1, _BLOCK_ENTRIES // self.y.size)
        scatter, curvature = [], []
        for start in range(0, len(profile.alphas), step):
            errors = self.by_row(self.estimate.errors(profile.alphas[start : start + step, None]))
            for node in range(errors.shape[1]):
                deviations, slope = self._scatter_at(errors[:, node])
                scatter.append(deviations)
                risk = profile.risks[:, start + node]
                curvature.append(np.divide(slope, risk, out=np.zeros_like(risk), where=risk > 0.0))
        scatter, curvature = np.stack(scatter, axis=1).T, np.stack(curvature, axis=1)
        both = curvature[:, :, None] * curvature[:, None, :]
        return np.einsum("kag,kbg->kab", scatter, scatter) + both * profile.shared

    def _scatter_at(self, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how losses of groups of rows deviate (g, k), and the loss's slope (k,).

        A scorer cannot be asked for single rows at a bearable price, so groups of them stand for
        their scatter.  The slope, in the logarithm of a factor on all errors, is ``mean(l' e)``:
        over ``mean(e^2)``, the loss's mean second derivative.
        """
        held_out = ~np.isnan(errors[:, 0])
        rows = np.flatnonzero(held_out if self.weights is None else held_out & (self.weights > 0.0))
        groups = self._groups_of(rows)
        weights = self.score_params.get("sample_weight", np.ones(len(self.y)))
        shares = np.array([weights[group].sum() for group in groups]) / weights[rows].sum()
        losses = -np.array([self._scores(group, errors[group]) for group in groups])
        loss = -self._scores(rows, errors[rows])
        if not np.allclose(shares @ losses, loss, rtol=1e-6, atol=0.0):
            raise ValueError(
                "selection by standard errors needs a score that is a mean over rows, as that of "
                "'neg_mean_absolute_error'; this one is not. Use selection='min', or another "
                "scoring."
            )
        larger, smaller = (
            -self._scores(rows, factor * errors[rows]) for factor in (1.0 + _SMALL, 1.0 - _SMALL)
        )
        spread = np.sqrt(len(groups) / (len(groups) - 1.0))
        return spread * shares[:, None] * (losses - loss), (larger - smaller) / (2.0 * _SMALL)

    def _groups_of(self, rows: np.ndarray) -> list[np.ndarray]:
        """Split ``rows`` into those of the fit, or into interleaved ones."""
        codes = getattr(self.estimate, "groups", None)
        if codes is not None:
            return [rows[codes[rows] == code] for code in np.unique(codes[rows])]
        n_groups = max(min(_GROUPS, len(rows) // 2), 2)
        return [rows[start::n_groups] for start in range(n_groups)]

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
            [self._scores(rows, error[:, k]) for k in range(n_penalties)]
            for rows, error in errors
            if weights[rows].any()
        ]
        return -np.mean(scores, axis=0), risks

    def _joint(self, risks: np.ndarray) -> np.ndarray:
        return risks if self.per_target else risks.mean(axis=1, keepdims=True)

    def _scores(self, rows: slice | np.ndarray, errors: np.ndarray) -> np.ndarray:
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
