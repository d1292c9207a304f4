"""What both estimators share: from data to factorization, selection and fitted attributes."""

import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.metrics import check_scoring
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from sk_renorm._error_bars import equivalent_range, is_identified
from sk_renorm._fitted import FittedModel
from sk_renorm._folds import check_groups, group_codes, resolve_folds
from sk_renorm._linalg import Factorization, factorize, refit
from sk_renorm._risk import (
    LeaveFoldOut,
    effective_df,
    effective_ridge,
    make_risk,
    node_weights,
    noise_interval,
    standard_errors,
)
from sk_renorm._scoring import Objective
from sk_renorm._selection import (
    Candidates,
    Selection,
    best_node,
    better_beyond,
    search_nodes,
    select,
)
from sk_renorm._validation import (
    TrainingData,
    check_training_data,
    unchanged_on_error,
)

# A choice this near the smallest penalty that a Gram matrix resolves is made again from the rows.
_SAFE_DISTANCE = 100.0

MakeCandidates = Callable[[Factorization], Candidates | None]


class RenormalizedRegressor(FittedModel, MultiOutputMixin, RegressorMixin, BaseEstimator):
    """Linear regression whose penalty is chosen from one factorization."""

    def _fit(
        self,
        X,
        y,
        sample_weight,
        groups,
        make_candidates: MakeCandidates,
        *,
        risk: str = "loo",
        n_errors: float = 0.0,
        per_target: bool = False,
        warn_at_edge: bool = False,
        store_cv_results: bool = False,
    ):
        """Fit and set attributes; an error leaves the estimator as it was."""
        with unchanged_on_error(self):
            data = check_training_data(self, X, y, sample_weight)
            split_params, score_params = self._route(X, sample_weight, groups, data.kept)
            folds = resolve_folds(self.cv, X, y, groups, data.kept, split_params)
            codes = group_codes(groups)
            scorer = self._scorer()
            make_objective = partial(
                _make_objective,
                data,
                self.fit_intercept,
                risk,
                folds,
                codes if codes is None or data.kept is None else codes[data.kept],
                scorer,
                score_params,
                per_target,
            )
            factorization, objective, selection = _solve(
                data, self.fit_intercept, make_objective, make_candidates, n_errors
            )
            if warn_at_edge:
                _warn_at_edge(factorization, objective, selection)
            self._set_model(data, factorization, selection)
            self._set_held_out(data, selection)
            self.groups_ = codes
            self._set_path(factorization, selection)
            self._set_error_bars(data, selection)
            self._keep_rows(factorization, left_out_folds=folds is not None)
            if store_cv_results:
                self._set_cv_results(data, objective, selection.alphas)
        return self

    def _route(self, X, sample_weight, groups, kept) -> tuple[dict, dict]:
        """Return what goes to the splitter and, for the rows kept, to the scorer."""
        given = {"sample_weight": sample_weight, "groups": check_groups(groups, X)}
        given = {name: value for name, value in given.items() if value is not None}
        if get_config()["enable_metadata_routing"] and given:
            routed = process_routing(self, "fit", **given)
            split, score = dict(routed.splitter.split), dict(routed.scorer.score)
        else:
            split = {"groups": groups} if "groups" in given else {}
            score = {"sample_weight": sample_weight} if "sample_weight" in given else {}
        rows = slice(None) if kept is None else kept
        # a single number weighs all rows alike, which no score sees
        arrays = {name: np.asarray(value) for name, value in score.items()}
        return split, {name: value[rows] for name, value in arrays.items() if value.ndim}

    def _scorer(self):
        """Return the scorer, or None for squared error."""
        scoring = getattr(self, "scoring", None)
        return None if scoring is None else check_scoring(self, scoring=scoring)

    def get_metadata_routing(self):
        """Say which metadata ``fit`` takes and hands on to the splitter and the scorer.

        Returns
        -------
        MetadataRouter
            See scikit-learn's user guide on metadata routing.
        """
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(splitter=self.cv, method_mapping=MethodMapping().add(caller="fit", callee="split"))
            .add(
                scorer=self._scorer(),
                method_mapping=MethodMapping().add(caller="fit", callee="score"),
            )
        )

    def _set_model(self, data: TrainingData, f: Factorization, selection: Selection) -> None:
        dtype = data.X.dtype
        coef = f.coefficients(selection.alpha)
        intercept = f.data.y_mean - f.data.x_mean @ coef
        self.coef_ = (coef[:, 0] if coef.shape[1] == 1 else coef.T).astype(dtype)
        if not self.fit_intercept:
            self.intercept_ = 0.0
        else:
            self.intercept_ = (
                dtype.type(intercept[0]) if data.y.ndim == 1 else intercept.astype(dtype)
            )

    def _set_held_out(self, data: TrainingData, selection: Selection) -> None:
        dtype = data.X.dtype
        errors = selection.errors.reshape(data.y.shape)
        dropped = 0.0 if data.X_dropped is None else self._predict(data.X_dropped)
        self.loo_predictions_ = data.all_rows(data.y - errors, dropped).astype(dtype)
        self.loo_residuals_ = data.all_rows(errors, np.nan).astype(dtype)
        self.sample_weight_ = None if data.weights is None else data.all_rows(data.weights, 0.0)

    def _set_path(self, f: Factorization, selection: Selection) -> None:
        self.alpha_ = _scalar_if_one(selection.alpha)
        self.risk_ = _scalar_if_one(selection.risk)
        self.best_score_ = _scalar_if_one(-selection.loss)
        self.effective_df_ = _scalar_if_one(effective_df(f, selection.alpha))
        self.effective_ridge_ = _scalar_if_one(effective_ridge(f, selection.alpha))
        self.leverage_dispersion_ = _scalar_if_one(selection.leverage_dispersion)
        n_modes = f.data.n_rows - f.data.fit_intercept
        mean_weight = f.data.total_weight / f.data.n_rows
        self.eigenvalues_ = f.eigenvalues[::-1] / (n_modes * mean_weight)
        self.alphas_ = selection.alphas
        self.risk_path_ = _first_if_one(selection.risks.T).T
        self.effective_df_path_ = effective_df(f, selection.alphas)
        self.effective_ridge_path_ = effective_ridge(f, selection.alphas)

    def _set_error_bars(self, data: TrainingData, selection: Selection) -> None:
        profile = selection.profile
        nodes, covariance = profile.alphas, profile.covariance
        weights = node_weights(nodes, np.append(selection.alphas, selection.alpha))
        path, chosen = np.split(weights, [len(selection.alphas)])
        self.risk_path_std_error_ = _first_if_one(standard_errors(covariance, path).T).T
        # one penalty per target: each with its own
        own = standard_errors(covariance, chosen[:, None, :])
        self.risk_std_error_ = _scalar_if_one(own.ravel())
        ends = equivalent_range(profile)
        identified = is_identified(profile, ends)
        self.equivalent_alphas_ = _first_if_one(ends)
        self.alpha_identified_ = bool(identified[0]) if len(identified) == 1 else identified
        noise = noise_interval(profile)
        unbiased = profile.residual_noise
        self.noise_variance_ = _scalar_if_one(
            np.full(len(noise), np.nan) if unbiased is None else unbiased
        )
        self.noise_variance_interval_ = _first_if_one(noise)
        self.r2_ceiling_interval_ = _first_if_one(_ceiling(noise, data, joint=len(noise) == 1))
        self.risk_profile_ = {
            "alpha": nodes,
            "risk": _first_if_one(profile.risks).T,
            "covariance": _first_if_one(covariance),
            "bias_and_noise": _first_if_one(profile.bias_and_noise).T,
            "relative_error": _first_if_one(profile.relative_error).T,
            "df1": profile.df1,
            "df2": profile.df2,
            "kappa": profile.kappa,
            "leverage_dispersion": profile.leverage_dispersion,
            "n_rows": profile.n_rows,
            "mean_weight": 1.0 if data.weights is None else float(data.weights.mean()),
            "fit_intercept": bool(profile.fit_intercept),
            "interpolates": profile.residual_noise is None,
        }

    def _keep_rows(self, f: Factorization, left_out_folds: bool) -> None:
        self._left_out_folds = left_out_folds
        self._factorization = f if self.store_rows else None
        self._fingerprint = f.data.fingerprint() if self.store_rows else None

    def _set_cv_results(self, data: TrainingData, objective: Objective, alphas) -> None:
        errors = objective.by_row(objective.estimate.errors(alphas[:, None]))
        predictions = data.Y[:, None, :] - errors
        results = np.square(errors) if objective.scorer is None else predictions
        results = results[:, :, 0] if data.y.ndim == 1 else results.transpose(0, 2, 1)
        self.cv_results_ = data.all_rows(results, np.nan).astype(data.X.dtype)


def _scalar_if_one(values: np.ndarray) -> float | np.ndarray:
    return float(values[0]) if len(values) == 1 else values


def _first_if_one(values: np.ndarray) -> np.ndarray:
    """Drop the first axis, that of losses, if there is only one."""
    return values[0] if len(values) == 1 else values


def _ceiling(noise: np.ndarray, data: TrainingData, joint: bool) -> np.ndarray:
    """Return what share of the variance of y is at most not noise (k, 2), for ``noise`` (k, 2)."""
    mean = np.average(data.Y, axis=0, weights=data.weights)
    power = np.average(np.square(data.Y - mean), axis=0, weights=data.weights)
    variance = power * len(data.Y) / (len(data.Y) - 1.0)
    variance = variance.mean(keepdims=True) if joint else variance
    share = np.divide(
        noise, variance[:, None], out=np.zeros_like(noise), where=variance[:, None] > 0
    )
    return (1.0 - share[:, ::-1]).clip(0.0, 1.0)


def _make_objective(
    data, fit_intercept, risk, folds, groups, scorer, score_params, per_target, factorization
) -> Objective:
    if folds is None:
        estimate = make_risk(risk, factorization)
    else:
        hold_out = partial(refit, data.X, data.Y, data.weights, fit_intercept=fit_intercept)
        estimate = LeaveFoldOut(factorization, folds, hold_out, groups)
    return Objective(estimate, data.y, data.weights, scorer, score_params, per_target)


def _solve(
    data: TrainingData,
    fit_intercept: bool,
    make_objective: Callable[[Factorization], Objective],
    make_candidates: MakeCandidates,
    n_errors: float,
) -> tuple[Factorization, Objective, Selection]:
    """Factorize and select; once more, precisely, if the Gram matrix cannot resolve the choice."""
    for precise in (False, True):
        factorization = factorize(
            data.X, data.Y, data.weights, fit_intercept=fit_intercept, precise=precise
        )
        resolution = factorization.resolution
        candidates = make_candidates(factorization)
        if candidates is None or candidates.alphas.min() < resolution:
            continue
        objective = make_objective(factorization)
        selection = select(objective, candidates, n_errors)
        if not resolution or selection.alpha.min() > _SAFE_DISTANCE * resolution:
            break
    return factorization, objective, selection


def _warn_at_edge(f: Factorization, objective: Objective, selection: Selection) -> None:
    """Warn if candidates end where the risk still falls."""
    better = better_beyond(
        selection.alphas,
        selection.losses,
        search_nodes(f.eigenvalues, f.resolution),
        lambda alphas: objective.path(alphas)[0],
    )
    found = np.flatnonzero(np.isfinite(better))
    best = selection.alphas[best_node(selection.alphas, selection.losses)]
    if not len(found):
        return
    falls = "the risk still falls" if objective.scorer is None else "the score still rises"
    who = f" for {len(found)} of {len(better)} targets" if len(better) > 1 else ""
    warnings.warn(
        f"The best of the given alphas lies at their edge{who} ({best[found[0]]:.3g}), "
        f"and {falls} beyond it: alpha={better[found[0]]:.3g} is better. "
        "Give a wider range, or alphas=None to search all of it.",
        UserWarning,
        stacklevel=4,
    )
