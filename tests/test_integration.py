"""As part of other people's programs: pipelines, searches, frames, routing, persistence."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
import skops.io
from numpy.testing import assert_allclose
from reference import make_data
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.ensemble import BaggingRegressor
from sklearn.metrics import get_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV

ESTIMATORS = [TheoryGuidedRidgeCV(), RenormalizedRidge(), RenormalizedRidge(effective_df=3)]
IDS = ["cv", "auto", "df"]


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=IDS)
def test_in_a_pipeline_and_in_cross_validation(estimator):
    X, y = load_diabetes(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), estimator)
    scores = cross_val_score(pipeline, X, y, cv=5)
    assert scores.mean() > 0.35
    assert cross_val_predict(pipeline, X, y).shape == y.shape
    assert pipeline.fit(X, y).score(X, y) > 0.4


@pytest.mark.parametrize(
    "grid",
    [{"alpha": [0.1, 10.0]}, {"effective_df": [2, 5, 9]}, {"effective_ridge": [1e-4, 1e-2]}],
    ids=lambda grid: next(iter(grid)),
)
def test_grid_search_over_any_dial(grid):
    X, y = load_diabetes(return_X_y=True)
    search = GridSearchCV(RenormalizedRidge(), grid, cv=3).fit(X, y)
    (name,) = grid
    assert search.best_params_[name] in grid[name]
    assert search.best_score_ > 0.3


def test_wrapped_by_other_estimators():
    X, y = load_diabetes(return_X_y=True)
    bag = BaggingRegressor(TheoryGuidedRidgeCV(), n_estimators=4, random_state=0).fit(X, y)
    assert bag.score(X, y) > 0.4
    target = TransformedTargetRegressor(RenormalizedRidge(), func=np.log, inverse_func=np.exp)
    assert target.fit(X, y).score(X, y) > 0.4
    threads = GridSearchCV(TheoryGuidedRidgeCV(), {"risk": ["loo", "gcv"]}, n_jobs=2).fit(X, y)
    assert threads.best_score_ > 0.4


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=IDS)
def test_clone_set_params_repr_and_refit(estimator):
    X, y = make_data(40, 6)
    model = clone(estimator)
    assert model.get_params() == estimator.get_params()
    model.set_params(fit_intercept=False).fit(X, y)
    assert model.intercept_ == 0.0
    assert "fit_intercept=False" in repr(model)
    assert type(model).__name__ in model._repr_html_()
    model.set_params(fit_intercept=True).fit(X[:, :5], y)
    assert model.n_features_in_ == 5
    assert_allclose(model.coef_, clone(model).fit(X[:, :5], y).coef_)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=IDS)
def test_persistence(estimator):
    X, Y = make_data(40, 6, q=2)
    model = clone(estimator).fit(X, Y)
    assert_allclose(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
    dumped = skops.io.dumps(model)
    ours = f"{type(model).__module__}.{type(model).__name__}"
    assert skops.io.get_untrusted_types(data=dumped) == [ours]
    loaded = skops.io.loads(dumped, trusted=[ours])
    assert_allclose(loaded.predict(X), model.predict(X))
    for name, value in vars(model).items():
        if name.endswith("_"):
            assert isinstance(value, np.ndarray | np.generic | float | int | str | dict | None), (
                name
            )


# scikit-learn reads the names of polars columns since 1.9
NEW = tuple(int(part) for part in sklearn.__version__.split(".")[:2]) >= (1, 9)
KEEPS_NAMES = [pd.DataFrame, pl.DataFrame] if NEW else [pd.DataFrame]


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames(frame):
    X, y = make_data(40, 3)
    data = frame({name: X[:, i] for i, name in enumerate("abc")})
    target = pd.Series(y) if frame is pd.DataFrame else pl.Series(y)
    model = TheoryGuidedRidgeCV().fit(data, target)
    if frame in KEEPS_NAMES:
        assert model.feature_names_in_.tolist() == ["a", "b", "c"]
        with pytest.raises(ValueError, match="feature names"):
            model.predict(data[["b", "a", "c"]])
    assert_allclose(model.predict(data), TheoryGuidedRidgeCV().fit(X, y).predict(X), rtol=1e-9)
    weights = target * 0 + 1.0
    assert_allclose(TheoryGuidedRidgeCV().fit(data, target, weights).risk_, model.risk_, rtol=1e-9)
    groups = np.arange(40) // 4
    grouped = TheoryGuidedRidgeCV(cv=GroupKFold(5)).fit(data, target, groups=groups)
    assert_allclose(
        grouped.risk_, TheoryGuidedRidgeCV(cv=GroupKFold(5)).fit(X, y, groups=groups).risk_
    )


def test_text_columns_of_a_frame_are_refused():
    data = pd.DataFrame({"a": ["1", "2", "3"], "b": [1.0, 2.0, 3.0]})
    with pytest.raises(ValueError, match="got text"):
        TheoryGuidedRidgeCV().fit(data, [1.0, 2.0, 3.0])


def test_groups_and_weights_are_routed_through_a_pipeline(routing):
    X, y = make_data(60, 5, noise=3.0)
    groups, weights = np.arange(60) // 6, np.random.default_rng(0).uniform(0.5, 2.0, 60)
    model = TheoryGuidedRidgeCV(cv=GroupKFold(5))
    model.set_fit_request(groups=True, sample_weight=True).set_score_request(sample_weight=False)
    pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
    pipeline.fit(X, y, groups=groups, sample_weight=weights)
    expected = TheoryGuidedRidgeCV(cv=GroupKFold(5))
    scaled = StandardScaler().fit_transform(X)
    with sklearn.config_context(enable_metadata_routing=False):
        expected.fit(scaled, y, weights, groups)
    assert_allclose(pipeline[-1].risk_, expected.risk_, rtol=1e-9)
    results = cross_validate(
        pipeline,
        X,
        y,
        params={"groups": groups},
        scoring="r2",
        cv=GroupKFold(3),
        error_score="raise",
        return_estimator=True,
    )
    assert len(results["estimator"]) == 3
    assert np.isfinite(results["test_score"]).all()


def test_routing_reaches_the_scorer_as_it_asks(routing):
    X, y = make_data(60, 5, noise=3.0)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, 60)
    asks = get_scorer("neg_mean_squared_error").set_score_request(sample_weight=True)
    refuses = get_scorer("neg_mean_squared_error").set_score_request(sample_weight=False)
    weighted = TheoryGuidedRidgeCV([1.0, 10.0, 1e3], scoring=asks).fit(X, y, weights)
    assert_allclose(-weighted.best_score_, weighted.risk_)
    plain = TheoryGuidedRidgeCV([1.0], scoring=refuses).fit(X, y, weights)
    assert_allclose(-plain.best_score_, np.mean((y - plain.loo_predictions_) ** 2))
    default = TheoryGuidedRidgeCV().fit(X, y, weights)
    assert_allclose(-default.best_score_, default.risk_)


def test_nested_in_a_search_with_groups():
    X, y = make_data(60, 5, noise=1.0)
    search = GridSearchCV(
        TheoryGuidedRidgeCV(cv=KFold(3)), {"alphas": [None, 10]}, cv=GroupKFold(3)
    )
    search.fit(X, y, groups=np.arange(60) // 6)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.risk_ < np.var(y)
