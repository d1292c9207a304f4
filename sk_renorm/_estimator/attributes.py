"""From a selection to the attributes that a fitted estimator has."""

from dataclasses import replace

import numpy as np

from sk_renorm._estimator.fitted import FittedModel
from sk_renorm._linalg import Factorization
from sk_renorm._risk import (
    CorrelatedRows,
    GeneralizedCrossValidation,
    effective_df,
    effective_df_error,
    effective_ridge,
    node_weights,
    noise_interval,
    standard_errors,
)
from sk_renorm._rows.rows import TrainingData
from sk_renorm._tuning.error_bars import equivalent_range, is_identified
from sk_renorm._tuning.objective import Objective
from sk_renorm._tuning.search import Selection
from sk_renorm.report.intervals import effective_size

# What takes held-out errors.  Where GCV chooses from large data, that costs more than the fit
# itself, and is made when first asked for.
OF_ROWS = (
    "loo_residuals_",
    "loo_predictions_",
    "leverage_dispersion_",
    "sample_weight_",
    "risk_weight_",
    "risk_effective_size_",
    "risk_std_error_",
    "risk_path_std_error_",
    "equivalent_alphas_",
    "alpha_identified_",
    "noise_variance_",
    "noise_variance_interval_",
    "r2_ceiling_interval_",
    "risk_profile_",
    "row_correlation_",
    "row_correlation_std_error_",
    "noise_correlation_",
    "noise_correlation_std_error_",
    "correlated_error_",
    "far_error_factor_",
)

# What has a number for each row; ``store_rows=False`` keeps none of it.
OF_EACH_ROW = (
    "loo_residuals_",
    "loo_predictions_",
    "sample_weight_",
    "risk_weight_",
    "groups_",
    "row_correlation_",
    "row_correlation_std_error_",
    "correlated_error_",
)


class FittedAttributes(FittedModel):
    """Sets fitted attributes; see the estimators for what they are."""

    def _set_fit(
        self, data: TrainingData, objective: Objective, selection: Selection, groups=None
    ) -> None:
        f = objective.estimate.factorization
        self._set_model(data, f, selection)
        self.groups_ = groups
        self._set_path(data, objective, selection)
        if objective.rows_later:
            y = data.y.copy()
            weights = None if data.weights is None else data.weights.copy()
            data = replace(data, y=y, Y=y.reshape(len(y), -1), weights=weights)
            self._later = data, replace(objective, y=y, weights=weights), selection
        else:
            self._set_rows(data, objective, selection)

    def _set_rows(self, data: TrainingData, objective: Objective, selection: Selection) -> None:
        """Set what takes held-out errors: the attributes ``OF_ROWS``."""
        self._set_held_out(data, selection)
        self._set_error_bars(data, selection)
        self._set_correlation(data, objective, selection)
        self._set_risk_weights(data)

    def _set_rows_now(self, name: str) -> None:
        """Set the attributes ``OF_ROWS``, one of which, ``name``, is asked for."""
        estimate = GeneralizedCrossValidation(self._kept_factorization(name))
        data, objective, selection = self._later
        objective = replace(objective, estimate=estimate, rows_later=False)
        at = objective.at(selection.alpha, selection.alphas)
        self._set_rows(data, objective, replace(selection, **vars(at)))
        del self._later

    def __getattr__(self, name):
        # called for what is missing
        if name in (*OF_ROWS, *OF_EACH_ROW) and "alpha_" in vars(self):
            self._set_rows_now(name)
            return object.__getattribute__(self, name)
        message = f"{type(self).__name__!r} object has no attribute {name!r}"
        raise AttributeError(message, name=name, obj=self)

    def __getstate__(self):
        # a copy holds no rows to make them of
        if "_later" in vars(self):
            getattr(self, OF_ROWS[0], None)
        state = super().__getstate__()
        state.pop("_later", None)
        return state

    def _set_model(self, data: TrainingData, f: Factorization, selection: Selection) -> None:
        dtype = data.dtype
        coef = f.coefficients(selection.alpha) * data.unit
        intercept = f.data.y_mean * data.unit - f.data.x_mean @ coef
        self.coef_ = (coef[:, 0] if coef.shape[1] == 1 else coef.T).astype(dtype)
        if not self.fit_intercept:
            self.intercept_ = 0.0
        elif data.y.ndim == 1:
            self.intercept_ = float(intercept[0])
        else:
            self.intercept_ = intercept.astype(dtype)

    def _set_held_out(self, data: TrainingData, selection: Selection) -> None:
        dtype = data.dtype
        errors = selection.errors.reshape(data.y.shape) * data.unit
        dropped = np.nan
        if data.X_dropped is not None:
            dropped = self._predict(data.X_dropped).reshape(-1, *data.y.shape[1:])
        self.leverage_dispersion_ = _scalar_if_one(selection.leverage_dispersion)
        predictions = data.y * data.unit - errors
        self.loo_predictions_ = data.all_rows(predictions, dropped).astype(dtype)
        self.loo_residuals_ = data.all_rows(errors, np.nan).astype(dtype)
        self.sample_weight_ = None if data.weights is None else data.all_rows(data.weights, 0.0)

    def _set_risk_weights(self, data: TrainingData) -> None:
        relative = data.risk_weights
        self.risk_weight_ = None if relative is None else data.all_rows(relative, 0.0)
        errors, weights, groups = self._held_out()
        self.risk_effective_size_ = effective_size(weights, len(errors), groups)

    def _set_path(self, data: TrainingData, objective: Objective, selection: Selection) -> None:
        f, square = objective.estimate.factorization, np.square(data.unit)
        self.alpha_ = _scalar_if_one(selection.alpha)
        self.risk_ = _scalar_if_one(selection.risk * square)
        score = -selection.loss * (square if objective.scorer is None else 1.0)
        if objective.per_target and selection.unscored is not None:
            score = np.where(selection.unscored, np.nan, score)
        self.best_score_ = _scalar_if_one(score)
        df = effective_df(f, selection.alpha)
        self.effective_df_ = _scalar_if_one(df)
        self.effective_ridge_ = _scalar_if_one(effective_ridge(f, selection.alpha))
        n_modes = f.data.n_rows - f.data.fit_intercept
        mean_weight = f.data.total_weight / f.data.n_rows
        self.eigenvalues_ = f.spectrum[::-1] / (n_modes * mean_weight)
        self.alphas_ = selection.alphas
        df_error = effective_df_error(f, selection.alpha)
        self.effective_df_monte_carlo_error_ = _scalar_if_one(df_error)
        rest = n_modes - df
        slope = np.divide(2.0 * selection.risk, rest, out=np.zeros_like(rest), where=df_error > 0.0)
        self.risk_monte_carlo_error_ = _scalar_if_one(slope * df_error * square)
        self.factorization_ = f"{f.name}: {f.reason}"
        self.risk_path_ = _first_if_one((selection.risks * square).T).T
        self.effective_df_path_ = effective_df(f, selection.alphas)
        self.effective_ridge_path_ = effective_ridge(f, selection.alphas)

    def _set_error_bars(self, data: TrainingData, selection: Selection) -> None:
        profile = selection.profile
        nodes, covariance, square = profile.alphas, profile.covariance, np.square(data.unit)
        weights = node_weights(nodes, np.append(selection.alphas, selection.alpha))
        path, chosen = np.split(weights, [len(selection.alphas)])
        errors = standard_errors(covariance, path) * square
        self.risk_path_std_error_ = _first_if_one(errors.T).T
        # one penalty per target: each with its own
        own = standard_errors(covariance, chosen[:, None, :])
        self.risk_std_error_ = _scalar_if_one(own.ravel() * square)
        ends = equivalent_range(profile)
        identified = is_identified(profile, ends)
        self.equivalent_alphas_ = _first_if_one(ends)
        self.alpha_identified_ = bool(identified[0]) if len(identified) == 1 else identified
        noise = noise_interval(profile)
        unbiased = profile.residual_noise
        unbiased = np.full(len(noise), np.nan) if unbiased is None else unbiased * square
        self.noise_variance_ = _scalar_if_one(unbiased)
        self.noise_variance_interval_ = _first_if_one((noise.T * square).T)
        self.r2_ceiling_interval_ = _first_if_one(_ceiling(noise, data.target_variance))
        even_noise = profile.even_noise
        self.risk_profile_ = {
            "alpha": nodes,
            "risk": _first_if_one(profile.risks).T,
            "covariance": _first_if_one(covariance),
            "bias_and_noise": _first_if_one(profile.bias_and_noise).T,
            "relative_error": _first_if_one(profile.relative_error).T,
            "even_noise": None if even_noise is None else _scalar_if_one(even_noise),
            "df1": profile.df1,
            "df2": profile.df2,
            "kappa": profile.kappa,
            "leverage_dispersion": profile.leverage_dispersion,
            "n_rows": profile.n_rows,
            "mean_weight": data.mean_weight,
            "fit_intercept": bool(profile.fit_intercept),
            "interpolates": profile.residual_noise is None,
            "least_noise": _scalar_if_one(noise[:, 0]),
            "unit": _scalar_if_one(np.atleast_1d(data.unit)),
        }

    def _set_correlation(
        self, data: TrainingData, objective: Objective, selection: Selection
    ) -> None:
        correlated = isinstance(objective.estimate, CorrelatedRows)
        self.row_correlation_ = objective.estimate.numbers if correlated else None
        self.row_correlation_std_error_ = objective.estimate.std_errors if correlated else None
        self.noise_correlation_ = self.noise_correlation_std_error_ = None
        found = objective.estimate.noise_correlations if correlated else None
        if found is not None:
            lag_one = np.array([noise.at_lag_one for noise in found])
            errors = np.array([noise.std_error for noise in found])
            self.noise_correlation_ = _scalar_if_one(lag_one)
            self.noise_correlation_std_error_ = _scalar_if_one(errors)
        self.correlated_error_ = None
        if correlated:
            n_targets = objective.estimate.factorization.n_targets
            chosen = np.broadcast_to(selection.alpha, (1, n_targets))
            parts = vars(objective.estimate.parts(chosen))
            powers = {"excess": 2, "noise": 2, "residuals": 1}
            self.correlated_error_ = {
                name: (values[:, 0] if name == "residuals" else values[0])
                * np.power(data.unit, powers.get(name, 0))
                for name, values in parts.items()
            }
        near = np.square(selection.errors).mean(axis=0)
        near = near if objective.per_target else near.mean(keepdims=True)
        scale = np.ones(len(selection.risk))
        if correlated:
            np.divide(selection.risk, near, out=scale, where=near > 0.0)
        self.far_error_factor_ = _scalar_if_one(np.sqrt(scale))

    def _keep_rows(self, f: Factorization | None, single_rows: bool) -> None:
        """Keep the factorization, if it has rows; or nothing of single rows."""
        self._left_out_single_rows = single_rows
        self._factorization = f if self.store_rows else None
        self._fingerprint = None if self._factorization is None else f.data.fingerprint()
        self._rows_stored = self.store_rows
        if not self.store_rows:
            for name in OF_EACH_ROW:
                if getattr(self, name) is not None:  # None says that nothing was given
                    delattr(self, name)

    def _set_cv_results(self, data: TrainingData, objective: Objective, alphas) -> None:
        errors = objective.by_row(objective.estimate.errors(alphas[:, None]))
        predictions = (data.Y[:, None, :] - errors) * data.unit
        results = np.square(errors * data.unit) if objective.scorer is None else predictions
        results = results[:, :, 0] if data.y.ndim == 1 else results.transpose(0, 2, 1)
        self.cv_results_ = data.all_rows(results, np.nan).astype(data.dtype)


def _scalar_if_one(values: np.ndarray) -> float | np.ndarray:
    return float(values[0]) if len(values) == 1 else values


def _first_if_one(values: np.ndarray) -> np.ndarray:
    """Drop the first axis, that of losses, if there is only one."""
    return values[0] if len(values) == 1 else values


def _ceiling(noise: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return what share of the variance (q,) is at most not noise (k, 2), for ``noise`` (k, 2)."""
    variance = variance.mean(keepdims=True) if len(noise) == 1 else variance
    share = np.divide(
        noise, variance[:, None], out=np.zeros_like(noise), where=variance[:, None] > 0
    )
    return (1.0 - share[:, ::-1]).clip(0.0, 1.0)
