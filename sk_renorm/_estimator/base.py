"""What both estimators share: from data to factorization, selection and fitted attributes."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.metrics import check_scoring
from sklearn.utils import check_random_state
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from sk_renorm._checks.warn import (
    warn_at_edge_of,
    warn_of_rows_and_scales,
    warn_of_unscored,
)
from sk_renorm._estimator.progress import reported
from sk_renorm._estimator.streaming import StreamingFit
from sk_renorm._linalg import is_dask
from sk_renorm._rows.check import (
    TrainingData,
    check_training_data,
    in_own_units,
    refuse,
    unchanged_on_error,
)
from sk_renorm._rows.compat import CallbackSupportMixin
from sk_renorm._rows.devices import (
    SUPPORTED,
    has_float64,
    move_fitted,
    place_of,
    to_host,
)
from sk_renorm._rows.folds import check_groups, group_codes, resolve_folds
from sk_renorm._tuning.request import Request
from sk_renorm._tuning.scorer import HeldOutScorer
from sk_renorm._tuning.tune import Fit, no_leverages, tune


class Routed(NamedTuple):
    """What goes to the splitter, and to the scorer with each set of rows."""

    split: dict
    score: dict


class RenormalizedRegressor(
    CallbackSupportMixin, StreamingFit, MultiOutputMixin, RegressorMixin, BaseEstimator
):
    """Linear regression whose penalty is chosen from one factorization."""

    def _fit(self, X, y, sample_weight, groups, risk_weight, request: Request):
        """Fit and set attributes; an error leaves the estimator as it was."""
        if is_dask(X):
            return self._fit_dask(X, y, sample_weight, groups, risk_weight, request)
        with reported(self, X, y, sample_weight) as stage, unchanged_on_error(self):
            self._forget_fit()
            place = place_of(X)
            given = (to_host(values) for values in (y, sample_weight, groups, risk_weight))
            y, sample_weight, groups, risk_weight = given
            if place is not None and self._needs_host(place, groups, risk_weight):
                X = to_host(X)
            data = check_training_data(self, X, y, sample_weight, risk_weight)
            data = in_own_units(data, request.per_target)
            labels = check_groups(groups, X)
            codes = group_codes(labels)
            routed = self._route(sample_weight, labels, data)
            folds = resolve_folds(self.cv, X, y, codes, data.kept, routed.split)
            request = self._of_rows(request, data, folds, codes, routed.score)
            fit = tune(data, request, stage)
            self._learn(fit, codes)
            if place is not None:
                move_fitted(self, place)
        return self

    def _of_rows(
        self, request: Request, data: TrainingData, folds, codes, score_params: dict
    ) -> Request:
        """Return the request with what it takes from the rows: folds, correlation, scorer."""
        _check_folds_weigh(folds, data)
        correlated = self._check_correlation(folds, data)
        scorer = self._scorer()
        later = request.risk == "gcv" and folds is None and not correlated and self.store_rows
        request = replace(
            request,
            correlation=to_host(self.sample_correlation) if correlated else None,
            folds=folds,
            groups=codes if codes is None or data.kept is None else codes[data.kept],
            scorer=None if scorer is None else HeldOutScorer(scorer),
            score_params=score_params,
            rows_later=later and data.place is None and not request.rule.n_errors,
        )
        reason = no_leverages(data)
        if reason is None:
            return request
        _refuse_what_needs_leverages(request, data, reason)
        return replace(request, seed=check_random_state(self.random_state).randint(2**31))

    def _learn(self, fit: Fit, codes: np.ndarray | None) -> None:
        """Set attributes, and warn of what makes them doubtful."""
        data, request, objective, selection = fit.data, fit.request, fit.objective, fit.selection
        alone = request.folds is None and request.correlation is None
        warn_of_unscored(objective, selection)
        if request.candidates.may_end_early:
            warn_at_edge_of(objective, selection)
        self._set_fit(data, objective, selection, codes)
        self._keep_rows(fit.factorization, alone)
        may_depend = self.sample_correlation is None and request.folds is None
        warn_of_rows_and_scales(objective, data, selection, may_depend)
        if request.store_path:
            self._set_cv_results(data, objective, selection.alphas)

    def _route(self, sample_weight, groups, data: TrainingData) -> Routed:
        """Return what goes to the splitter and, for the rows kept, to the scorer.

        Risk weights multiply the sample weights that the scorer gets.
        """
        given = {"sample_weight": sample_weight, "groups": groups}
        given = {name: value for name, value in given.items() if value is not None}
        if get_config()["enable_metadata_routing"] and given:
            routed = process_routing(self, "fit", **given)
            split, score = dict(routed.splitter.split), dict(routed.scorer.score)
        else:
            split = {"groups": groups} if "groups" in given else {}
            score = {"sample_weight": sample_weight} if "sample_weight" in given else {}
        rows = slice(None) if data.kept is None else data.kept
        # a single number weighs all rows alike, which no score sees
        arrays = {name: np.asarray(value) for name, value in score.items()}
        arrays = {name: value[rows] for name, value in arrays.items() if value.ndim}
        if data.risk_weights is not None:
            arrays["sample_weight"] = data.risk_weights * arrays.get("sample_weight", 1.0)
        return Routed(split, arrays)

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

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.array_api_support = SUPPORTED
        tags.input_tags.sparse = True
        return tags

    def _needs_host(self, place, groups, risk_weight) -> bool:
        """Say whether what is asked for needs the rows in numpy."""
        folds = self.cv is not None or groups is not None or risk_weight is not None
        return folds or self._rows_are_correlated() or not has_float64(place)

    def _check_correlation(self, folds, data: TrainingData) -> bool:
        """Say whether rows are to be taken as correlated; refuse what that excludes."""
        if not self._rows_are_correlated():
            return False
        asked = {
            "cv or groups": folds is not None,
            "scoring": getattr(self, "scoring", None) is not None,
            "sample_weight": data.weights is not None or data.kept is not None,
            "risk_weight": data.risk_weights is not None,
        }
        refuse(
            asked,
            "sample_correlation cannot be combined with {name}: its risk is that of rows far from "
            "the training rows, of equal weight. Leave one of the two out.",
        )
        return True


def _refuse_what_needs_leverages(request: Request, data: TrainingData, reason: str) -> None:
    """Refuse what needs errors of rows left out, where there are none."""
    asked = {
        "cv or groups": request.folds is not None,
        "scoring": request.scorer is not None,
        "risk_weight": data.risk_weights is not None,
        "sample_correlation": request.correlation is not None,
        "store_cv_results": request.store_path,
        "selection='robust'": request.rule.is_bounded,
    }
    refuse(
        asked,
        "{name} needs errors of rows left out, which sparse data of this size do not give: "
        f"{reason}. Leave {{name}} out, or fit to fewer rows or features.",
    )


def _check_folds_weigh(folds, data: TrainingData) -> None:
    weights = data.risk_weights
    if folds is None or weights is None or any(weights[fold.test].any() for fold in folds):
        return
    raise ValueError("No row that cv tests has a risk_weight above zero; give some of them one.")
