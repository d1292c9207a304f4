"""What both estimators share: from data to factorization, selection and fitted attributes."""

import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.sparse import issparse
from sklearn import get_config
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.metrics import check_scoring
from sklearn.utils import check_random_state
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from sk_renorm._dependence import (
    copied_rows,
    neighbours_are_alike,
    neighbours_correlation,
    row_correlation,
)
from sk_renorm._folds import check_groups, group_codes, resolve_folds
from sk_renorm._iterative import refuse_rows_left_out, solve_iteratively
from sk_renorm._linalg import (
    Factorization,
    SparseData,
    choose_factorization,
    factorize,
    is_dask,
    refit,
)
from sk_renorm._risk import (
    CorrelatedRows,
    LeaveFoldOut,
    make_risk,
)
from sk_renorm._scoring import Objective
from sk_renorm._selection import Candidates, Selection, select, warn_if_at_edge
from sk_renorm._stream import StreamingFit
from sk_renorm._validation import (
    TrainingData,
    check_training_data,
    unchanged_on_error,
)

# A choice this near the smallest penalty that a Gram matrix resolves is made again from the rows.
_SAFE_DISTANCE = 100.0

MakeCandidates = Callable[[Factorization], Candidates | None]


class RenormalizedRegressor(StreamingFit, MultiOutputMixin, RegressorMixin, BaseEstimator):
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
        if is_dask(X):
            tuning = make_candidates, n_errors, per_target, warn_at_edge
            return self._fit_dask(X, y, sample_weight, groups, risk, *tuning)
        with unchanged_on_error(self):
            self._forget_fit()
            data = check_training_data(self, X, y, sample_weight)
            split_params, score_params = self._route(X, sample_weight, groups, data.kept)
            folds = resolve_folds(self.cv, X, y, groups, data.kept, split_params)
            codes = group_codes(groups)
            correlated = self._check_correlation(folds, data)
            scorer = self._scorer()
            make_objective = partial(
                _make_objective,
                data,
                self.fit_intercept,
                risk,
                self.sample_correlation if correlated else None,
                folds,
                codes if codes is None or data.kept is None else codes[data.kept],
                scorer,
                score_params,
                per_target,
            )
            choice = choose_factorization(*data.X.shape, sparse=issparse(data.X))
            if choice.name == "krylov":
                asked = {
                    "cv or groups": folds is not None,
                    "scoring": scorer is not None,
                    "sample_correlation": correlated,
                    "store_cv_results": store_cv_results,
                }
                refuse_rows_left_out(asked, choice.reason)
                factorization, objective, selection = solve_iteratively(
                    SparseData.from_rows(data.X, data.Y, data.weights, self.fit_intercept),
                    check_random_state(self.random_state).randint(2**31),
                    choice.reason,
                    make_objective,
                    make_candidates,
                    n_errors,
                )
            else:
                factorization, objective, selection = _solve(
                    data, self.fit_intercept, make_objective, make_candidates, n_errors
                )
            if warn_at_edge:
                warn_if_at_edge(objective, selection)
            self._set_model(data, factorization, selection)
            self._set_held_out(data, selection)
            self.groups_ = codes
            self._set_path(factorization, selection)
            self._set_error_bars(data, selection)
            self._keep_rows(factorization, not correlated and folds is None)
            self._set_correlation(objective, selection)
            if self.sample_correlation is None and folds is None:
                self._warn_of_dependence(factorization, data, selection)
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

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

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

    def _check_correlation(self, folds, data: TrainingData) -> bool:
        """Say whether rows are to be taken as correlated; refuse what that excludes."""
        given = self.sample_correlation
        if given is None or (isinstance(given, str) and given == "independent"):
            return False
        asked = {
            "cv or groups": folds is not None,
            "scoring": getattr(self, "scoring", None) is not None,
            "sample_weight": data.weights is not None or data.kept is not None,
        }
        for name in (name for name, value in asked.items() if value):
            raise ValueError(
                f"sample_correlation cannot be combined with {name}: its risk is that of rows far "
                "from the training rows, of equal weight. Leave one of the two out."
            )
        return True

    def _warn_of_dependence(self, f, data: TrainingData, selection: Selection) -> None:
        errors = selection.errors
        copies = copied_rows(errors, data.Y, lambda: _combined_features(data.X))
        if len(copies):
            warnings.warn(
                f"{len(copies)} of {len(errors)} rows repeat another one, such as rows "
                f"{copies[0].min()} and {copies[0].max()}: left out, such a row is still among the "
                "training rows, and risk_ is too small for new rows. Remove the copies, or give "
                "fit their number as sample_weight, or the same label in groups=.",
                UserWarning,
                stacklevel=4,
            )
        if not neighbours_are_alike(f, errors, data.Y - errors, selection.alpha):
            return
        warnings.warn(
            "Neighbouring rows are alike (correlation of the held-out errors "
            f"{neighbours_correlation(errors):.2f}). If they come in time order or in groups, "
            "risk_ is too small for rows that are not their neighbours: give fit the groups=, set "
            "cv=, or sample_correlation='ar1' for time order. If the order means nothing, as after "
            "sorting, say sample_correlation='independent'.",
            UserWarning,
            stacklevel=4,
        )


def _combined_features(X: np.ndarray) -> np.ndarray:
    """Return a combination (n,) of the features in which different rows differ."""
    return X @ np.random.default_rng(0).standard_normal(X.shape[1]).astype(X.dtype)


def _make_objective(
    data,
    fit_intercept,
    risk,
    correlation,
    folds,
    groups,
    scorer,
    score_params,
    per_target,
    factorization,
) -> Objective:
    if correlation is not None:
        estimate = CorrelatedRows(
            factorization, *row_correlation(correlation, factorization), matched=risk == "gcv"
        )
    elif folds is None:
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
