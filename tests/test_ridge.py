"""RenormalizedRidge: every dial sets the same penalty; what it must refuse."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import make_data, ridge_fit
from sklearn.linear_model import Ridge

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV


@pytest.mark.parametrize("shape", [(40, 6), (20, 45), (20, 19)])
@pytest.mark.parametrize("alpha", [0.0, 1e-8, 0.3, 1e6])
def test_dials_are_inverses_of_the_attributes(shape, alpha):
    X, y = make_data(*shape)
    model = RenormalizedRidge(alpha).fit(X, y)
    by_df = RenormalizedRidge(effective_df=model.effective_df_).fit(X, y)
    assert_allclose(by_df.effective_df_, model.effective_df_, rtol=1e-12)
    assert_allclose(by_df.coef_, model.coef_, rtol=1e-4, atol=1e-7)
    by_ridge = RenormalizedRidge(effective_ridge=model.effective_ridge_).fit(X, y)
    assert_allclose(by_ridge.effective_ridge_, model.effective_ridge_, rtol=1e-12)
    assert_allclose(by_ridge.coef_, model.coef_, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("shape", [(40, 6), (20, 45)])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_df_and_effective_ridge_are_what_they_say(shape, fit_intercept):
    X, y = make_data(*shape)
    model = RenormalizedRidge(0.7, fit_intercept=fit_intercept).fit(X, y)
    Xc = X - X.mean(axis=0) * fit_intercept
    hat = Xc @ np.linalg.solve(Xc.T @ Xc + 0.7 * np.eye(shape[1]), Xc.T)
    n = shape[0] - fit_intercept
    assert_allclose(model.effective_df_, np.trace(hat), rtol=1e-9)
    assert_allclose(model.effective_ridge_, (0.7 / n) / (1 - np.trace(hat) / n), rtol=1e-9)


def test_auto_is_the_search_of_the_cv_estimator():
    X, y = make_data(40, 10, noise=4.0)
    auto, search = RenormalizedRidge().fit(X, y), TheoryGuidedRidgeCV().fit(X, y)
    for name in ("alpha_", "risk_", "effective_df_", "effective_ridge_"):
        assert_allclose(getattr(auto, name), getattr(search, name), rtol=1e-9)


def test_one_penalty_per_target():
    X, Y = make_data(40, 10, q=3)
    alphas = np.array([0.1, 10.0, 0.1])
    model = RenormalizedRidge(alphas.tolist()).fit(X, Y)
    assert_allclose(model.coef_, Ridge(alpha=alphas).fit(X, Y).coef_, rtol=1e-8)
    assert_allclose(model.alpha_, alphas)
    assert model.risk_.shape == model.effective_df_.shape == (3,)
    with pytest.raises(ValueError, match="3 penalties for 2 targets; give one, or one for each"):
        RenormalizedRidge(alphas).fit(X, Y[:, :2])


@pytest.mark.parametrize("shape", [(15, 40), (20, 20), (20, 19)])
def test_ridgeless_limit_is_the_minimum_norm_interpolator(shape):
    X, y = make_data(*shape)
    model = RenormalizedRidge(0.0).fit(X, y)
    assert_allclose(model.predict(X), y, rtol=1e-8)
    assert_allclose(model.coef_, ridge_fit(X, y, 0.0)[0][:, 0], rtol=1e-6, atol=1e-9)
    near = RenormalizedRidge(1e-9).fit(X, y)
    assert_allclose(model.risk_, near.risk_, rtol=1e-4)
    assert_allclose(model.effective_ridge_, near.effective_ridge_, rtol=1e-4)
    assert model.effective_ridge_ > 0


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"alpha": 1.0, "effective_df": 3}, "alpha and effective_df each set the penalty"),
        ({"alpha": 1.0, "effective_ridge": 3}, "leave alpha='auto'"),
        ({"effective_df": 2, "effective_ridge": 3}, "effective_df and effective_ridge each set"),
        ({"effective_df": 7}, "at most 6, the rank"),
        ({"effective_df": 0}, "effective_df"),
        ({"effective_df": -1}, "effective_df"),
        ({"effective_ridge": -1}, "effective_ridge"),
        ({"effective_ridge": np.inf}, r"range \[0.0, inf\)"),
        ({"effective_df": np.nan}, "effective_df"),
        ({"alpha": -1.0}, "'alpha' parameter of RenormalizedRidge must be"),
        ({"alpha": np.inf}, r"range \[0.0, inf\)"),
        ({"alpha": [1.0, np.inf]}, "finite penalties"),
        ({"alpha": [1.0, -2.0]}, "none below zero"),
        ({"alpha": ["1.0"]}, "must hold numbers"),
        ({"alpha": np.nan}, "alpha"),
        ({"alpha": "best"}, "'auto'"),
        ({"alpha": "1.0"}, "'auto'"),
        ({"alpha": None}, "alpha"),
        ({"alpha": []}, "not empty"),
        ({"alpha": 1 + 2j}, "alpha"),
        ({"fit_intercept": "yes"}, "fit_intercept"),
        ({"cv": 1.5}, "cv"),
    ],
)
def test_bad_parameters_are_refused_with_a_sentence(parameters, message):
    X, y = make_data(40, 6)
    model = RenormalizedRidge(**parameters)
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(X, y)
    assert not [name for name in vars(model) if name.endswith("_")]


def test_effective_ridge_below_its_least_value_names_it():
    X, y = make_data(15, 40)
    least = RenormalizedRidge(0.0).fit(X, y).effective_ridge_
    with pytest.raises(ValueError, match=f"at least {least:.5g}"[:14]):
        RenormalizedRidge(effective_ridge=0.5 * least).fit(X, y)
    assert RenormalizedRidge(effective_ridge=1.01 * least).fit(X, y).alpha_ > 0


def test_an_effective_ridge_where_no_feature_varies():
    model = RenormalizedRidge(effective_ridge=3.0).fit(np.ones((20, 2)), np.arange(20.0))
    assert_allclose([model.alpha_, model.effective_ridge_], [3.0 * 19, 3.0])
    assert model.effective_df_ == 0.0
