"""Parts of the evidence: what is taken from a fit, in arrays for k losses, one per target or one.

Risks are in squared units of y times ``square``; see `TrainingData.in_units_of`.
"""

from dataclasses import dataclass

import numpy as np

from sk_renorm._risk import effective_df, effective_df_error, effective_ridge
from sk_renorm._tuning.rule import Rule
from sk_renorm._tuning.tune import Fit
from sk_renorm.report.intervals import effective_size


@dataclass(frozen=True)
class Setting:
    """What was fitted, and how.

    Attributes
    ----------
    n_rows, n_features, n_targets : int
        Numbers of rows of positive weight, features and targets.
    most_df : float
        Degrees of freedom that no model has more of.
    flat : bool
        Whether y has one dimension.
    fit_intercept : bool
        Whether there is an intercept.
    mean_weight : float
        Mean of the weights.
    unit : ndarray of shape (1,) or (q,)
        What y is a multiple of in the other parts.
    target_variance : ndarray of shape (q,)
        Weighted variance of the targets.
    dtype : str
        Precision of X.
    factorization : str
        What was factorized, and why.
    route : str
        At how many penalties the path was evaluated, and in which precision.
    is_exact : bool
        Whether traces are, or means over random vectors stand for them.
    left_out : str
        What the risk is made of, in words.
    scoring : str or None
        What else than the risk chose.
    rule : str
        Which of all penalties was chosen, if not the best one, in words.
    given : str
        What gave the penalty, in words; empty where it was chosen.
    is_search : bool
        Whether the path was searched continuously.
    single_rows : bool
        Whether single, independent rows were left out.
    has_risk_weights : bool
        Whether rows have weights in the risk alone.
    """

    n_rows: int
    n_features: int
    n_targets: int
    most_df: float
    flat: bool
    fit_intercept: bool
    mean_weight: float
    unit: np.ndarray
    target_variance: np.ndarray
    dtype: str
    factorization: str
    route: str
    is_exact: bool
    left_out: str
    scoring: str | None
    rule: str
    given: str
    is_search: bool
    single_rows: bool
    has_risk_weights: bool

    @classmethod
    def of(cls, fit: Fit) -> "Setting":
        data, f, request = fit.data, fit.factorization, fit.request
        return cls(
            n_rows=f.data.n_rows,
            n_features=data.X.shape[1],
            n_targets=data.Y.shape[1],
            most_df=f.data.most_df,
            flat=data.y.ndim == 1,
            fit_intercept=bool(f.data.fit_intercept),
            mean_weight=float(data.mean_weight),
            unit=np.atleast_1d(np.asarray(data.unit, dtype=float)),
            target_variance=data.target_variance,
            dtype=str(data.dtype),
            factorization=f"{f.name}: {f.reason}",
            route=fit.selection.route,
            is_exact=f.trace_weights is None,
            left_out=_left_out(fit),
            scoring=None if request.scorer is None else repr(request.scorer),
            rule=_in_words(request.rule),
            given=request.candidates.given,
            is_search=fit.selection.candidates.continuous,
            single_rows=request.folds is None and request.correlation is None,
            has_risk_weights=data.risk_weights is not None,
        )


def _left_out(fit: Fit) -> str:
    """Say what was left out to estimate the risk."""
    request = fit.request
    if request.correlation is not None:
        return "rows far from all others, by their correlation"
    if request.folds is not None:
        n_folds = len(request.folds)
        groups = request.groups
        is_each = groups is not None and len(np.unique(groups)) == n_folds
        return f"{n_folds} {'groups' if is_each else 'folds'}, one at a time"
    if fit.objective.estimate.leaves_rows_out:
        return "rows, one at a time"
    return "nothing: generalized cross-validation"


def _in_words(rule: Rule) -> str:
    if rule.is_bounded:
        return ", the influence of each row bounded"
    return f", the strongest within {rule.n_errors:g} standard errors" if rule.n_errors else ""


@dataclass(frozen=True)
class Chosen:
    """The penalty chosen.

    Attributes
    ----------
    alpha, risk, score : ndarray of shape (k,)
        Penalty, risk, and score, NaN for targets without one.
    df, df_error, kappa : ndarray of shape (k,)
        Degrees of freedom, their Monte-Carlo error, and the effective ridge.
    """

    alpha: np.ndarray
    risk: np.ndarray
    score: np.ndarray
    df: np.ndarray
    df_error: np.ndarray
    kappa: np.ndarray

    @classmethod
    def of(cls, fit: Fit) -> "Chosen":
        f, choice, unscored = fit.factorization, fit.selection.choice, fit.selection.unscored
        square = np.square(fit.data.unit)
        score = -choice.loss * (square if fit.objective.scorer is None else 1.0)
        if fit.request.per_target and unscored is not None:
            score = np.where(unscored, np.nan, score)
        return cls(
            alpha=choice.alpha,
            risk=choice.risk * square,
            score=score,
            df=effective_df(f, choice.alpha),
            df_error=effective_df_error(f, choice.alpha),
            kappa=effective_ridge(f, choice.alpha),
        )


@dataclass(frozen=True)
class Path:
    """Penalties tried (L,), risks there (L, k), degrees of freedom and effective ridges (L,)."""

    alphas: np.ndarray
    risks: np.ndarray
    df: np.ndarray
    kappa: np.ndarray

    @classmethod
    def of(cls, fit: Fit) -> "Path":
        f, alphas = fit.factorization, fit.selection.alphas
        risks = fit.selection.risks * np.square(fit.data.unit)
        return cls(alphas, risks, effective_df(f, alphas), effective_ridge(f, alphas))


@dataclass(frozen=True)
class HeldOutRows:
    """Rows that were held out, in the order given.

    Attributes
    ----------
    predictions, errors : ndarray of shape (n, q)
        In the unit of y; errors NaN where nothing was held out.
    weights : ndarray of shape (n,) or None
        In the risk; None where all are one.
    groups : ndarray of shape (n,) or None
        As numbers from 0.
    """

    predictions: np.ndarray
    errors: np.ndarray
    weights: np.ndarray | None
    groups: np.ndarray | None

    @classmethod
    def of(cls, fit: Fit) -> "HeldOutRows":
        data, choice = fit.data, fit.selection.choice
        errors, dropped = choice.errors * data.unit, np.nan
        if data.X_dropped is not None:
            dropped = fit.predictions(data.X_dropped)
        weights, groups = data.weights_in_risk, fit.request.groups
        if groups is not None and data.kept is not None:
            groups = data.all_rows(groups, -1)
        return cls(
            predictions=data.all_rows(data.Y * data.unit - errors, dropped),
            errors=data.all_rows(errors, np.nan),
            weights=None if weights is None else data.all_rows(weights, 0.0),
            groups=groups,
        )

    def counted(self) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
        """Return errors, weights and groups of the rows that were held out."""
        kept = ~np.isnan(self.errors[:, 0])
        weights, groups = (
            None if values is None else values[kept] for values in (self.weights, self.groups)
        )
        return self.errors[kept], weights, groups


@dataclass(frozen=True)
class RowFacts:
    """Numbers that held-out rows come to, and from which no row can be read.

    Attributes
    ----------
    dispersion : ndarray of shape (k,)
        Standard deviation over mean of one minus the leverage.
    effective_size : float
        Rows, or groups, of equal weight from which the risk would be known as well.
    target_power : ndarray of shape (k,)
        Variance of the targets where the risk is, in squared units of y.
    """

    dispersion: np.ndarray
    effective_size: float
    target_power: np.ndarray

    @classmethod
    def of(cls, fit: Fit, held_out: HeldOutRows) -> "RowFacts":
        errors, weights, groups = held_out.counted()
        Y, weights_of_all = fit.data.Y, fit.data.weights_in_risk
        kept = ~np.isnan(fit.selection.choice.errors[:, 0])
        Y = Y[kept]
        weights_of_all = None if weights_of_all is None else weights_of_all[kept]
        power = np.square(Y - np.average(Y, axis=0, weights=weights_of_all))
        power = np.average(power, axis=0, weights=weights_of_all) * np.square(fit.data.unit)
        return cls(
            dispersion=fit.selection.choice.leverage_dispersion,
            effective_size=effective_size(weights, len(errors), groups),
            target_power=power if fit.request.per_target else power.mean(keepdims=True),
        )


@dataclass(frozen=True)
class Correlation:
    """What is known of rows that are correlated: see `Dependence` for most fields.

    Attributes
    ----------
    far_error_factor : ndarray of shape (k,)
        Error of a row far from the training rows over that of a held-out one.
    """

    sample_correlation: np.ndarray
    sample_correlation_std_error: np.ndarray | None
    noise_correlation: np.ndarray | None
    noise_correlation_std_error: np.ndarray | None
    far_error_factor: np.ndarray
    excess: np.ndarray
    noise: np.ndarray
    error_noise_correlation: np.ndarray
    row_ridge: np.ndarray
    residuals: np.ndarray

    @classmethod
    def of(cls, fit: Fit) -> "Correlation | None":
        estimate, choice, unit = fit.objective.estimate, fit.selection.choice, fit.data.unit
        if fit.request.correlation is None:
            return None
        n_targets = fit.factorization.n_targets
        parts = estimate.parts(np.broadcast_to(choice.alpha, (1, n_targets)))
        found = estimate.noise_correlations
        near = np.square(choice.errors).mean(axis=0)
        near = near if fit.request.per_target else near.mean(keepdims=True)
        factor = np.ones(len(choice.risk))
        np.divide(choice.risk, near, out=factor, where=near > 0.0)
        return cls(
            sample_correlation=estimate.numbers,
            sample_correlation_std_error=estimate.std_errors,
            noise_correlation=_of_each(found, "at_lag_one"),
            noise_correlation_std_error=_of_each(found, "std_error"),
            far_error_factor=np.sqrt(factor),
            excess=parts.excess[0] * np.square(unit),
            noise=parts.noise[0] * np.square(unit),
            error_noise_correlation=parts.noise_correlation[0],
            row_ridge=parts.row_ridge[0],
            residuals=parts.residuals[:, 0] * unit,
        )


def _of_each(found, name: str) -> np.ndarray | None:
    return None if found is None else np.array([getattr(noise, name) for noise in found])


@dataclass(frozen=True)
class SampledRisk:
    """Leave-one-out risk (k,) by a sample, and its standard error (k,), in squared units of y."""

    risk: np.ndarray
    std_error: np.ndarray

    @classmethod
    def of(cls, fit: Fit) -> "SampledRisk | None":
        if not fit.is_in_blocks or fit.data.digest is None:
            return None
        return cls(*fit.sampled_leave_one_out())


def eigenvalues(fit: Fit) -> np.ndarray:
    """Return the variances (r,) along principal directions, per row of mean weight, descending.

    None are known of Krylov spaces.
    """
    f = fit.factorization
    if f.trace_weights is not None:
        return np.empty(0)
    n_modes = f.data.n_rows - f.data.fit_intercept
    return f.eigenvalues[::-1] / (n_modes * f.data.total_weight / f.data.n_rows)
