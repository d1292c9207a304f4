"""What both estimators share: from data to factorization, selection and fitted attributes."""

import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.metrics import check_scoring
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import check_is_fitted

from sk_renorm._folds import check_groups, resolve_folds
from sk_renorm._linalg import Factorization, factorize, refit
from sk_renorm._risk import LeaveFoldOut, effective_df, effective_ridge, make_risk
from sk_renorm._scoring import Objective
from sk_renorm._selection import Candidates, Selection, better_beyond, search_nodes, select
from sk_renorm._validation import (
    TrainingData,
    check_new_data,
    check_training_data,
    unchanged_on_error,
)

# A choice this near the smallest penalty that a Gram matrix resolves is made again from the rows.
_SAFE_DISTANCE = 100.0

MakeCandidates = Callable[[Factorization], Candidates | None]


class RenormalizedRegressor(MultiOutputMixin, RegressorMixin, BaseEstimator):
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
        per_target: bool = False,
        warn_at_edge: bool = False,
        store_cv_results: bool = False,
    ):
        """Fit and set attributes; an error leaves the estimator as it was."""
        with unchanged_on_error(self):
            data = check_training_data(self, X, y, sample_weight)
            split_params, score_params = self._route(X, sample_weight, groups, data.kept)
            folds = resolve_folds(self.cv, X, y, groups, data.kept, split_params)
            scorer = self._scorer()
            make_objective = partial(
                _make_objective,
                data,
                self.fit_intercept,
                risk,
                folds,
                scorer,
                score_params,
                per_target,
            )
            factorization, objective, selection = _solve(
                data, self.fit_intercept, make_objective, make_candidates
            )
            if warn_at_edge:
                _warn_at_edge(factorization, objective, selection)
            self._set_model(data, factorization, selection)
            self._set_path(factorization, selection)
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
        predictions = (data.Y - selection.errors).reshape(data.y.shape)
        dropped = 0.0 if data.X_dropped is None else self._predict(data.X_dropped)
        self.loo_predictions_ = data.all_rows(predictions, dropped).astype(dtype)

    def _set_path(self, f: Factorization, selection: Selection) -> None:
        self.alpha_ = _scalar_if_one(selection.alpha)
        self.risk_ = _scalar_if_one(selection.risk)
        self.best_score_ = _scalar_if_one(-selection.loss)
        self.effective_df_ = _scalar_if_one(effective_df(f, selection.alpha))
        self.effective_ridge_ = _scalar_if_one(effective_ridge(f, selection.alpha))
        self.leverage_dispersion_ = _scalar_if_one(selection.leverage_dispersion)
        self.alphas_ = selection.alphas
        one_column = selection.risks.shape[1] == 1
        self.risk_path_ = selection.risks[:, 0] if one_column else selection.risks
        self.effective_df_path_ = effective_df(f, selection.alphas)
        self.effective_ridge_path_ = effective_ridge(f, selection.alphas)

    def _set_cv_results(self, data: TrainingData, objective: Objective, alphas) -> None:
        errors = objective.by_row(objective.estimate.errors(alphas[:, None]))
        predictions = data.Y[:, None, :] - errors
        results = np.square(errors) if objective.scorer is None else predictions
        results = results[:, :, 0] if data.y.ndim == 1 else results.transpose(0, 2, 1)
        self.cv_results_ = data.all_rows(results, np.nan).astype(data.X.dtype)

    def predict(self, X):
        """Predict targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            Predictions, in the unit of y.
        """
        check_is_fitted(self)
        return self._predict(check_new_data(self, X))

    def _predict(self, X: np.ndarray) -> np.ndarray:
        return X @ self.coef_.T + self.intercept_


def _scalar_if_one(values: np.ndarray) -> float | np.ndarray:
    return float(values[0]) if len(values) == 1 else values


def _make_objective(
    data, fit_intercept, risk, folds, scorer, score_params, per_target, factorization
) -> Objective:
    if folds is None:
        estimate = make_risk(risk, factorization)
    else:
        hold_out = partial(refit, data.X, data.Y, data.weights, fit_intercept=fit_intercept)
        estimate = LeaveFoldOut(factorization, folds, hold_out)
    return Objective(estimate, data.y, data.weights, scorer, score_params, per_target)


def _solve(
    data: TrainingData,
    fit_intercept: bool,
    make_objective: Callable[[Factorization], Objective],
    make_candidates: MakeCandidates,
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
        selection = select(objective, candidates)
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
    if not len(found):
        return
    falls = "the risk still falls" if objective.scorer is None else "the score still rises"
    who = f" for {len(found)} of {len(better)} targets" if len(better) > 1 else ""
    warnings.warn(
        f"The best of the given alphas lies at their edge{who} ({selection.alpha[found[0]]:.3g}), "
        f"and {falls} beyond it: alpha={better[found[0]]:.3g} is better. "
        "Give a wider range, or alphas=None to search all of it.",
        UserWarning,
        stacklevel=4,
    )
