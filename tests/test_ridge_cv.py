"""TheoryGuidedRidgeCV where RidgeCV and it are both defined; scorers; stored results."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import held_out_risks, make_data, one_by_one
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.metrics import make_scorer, mean_squared_error

from sk_renorm import TheoryGuidedRidgeCV

ALPHAS = np.geomspace(1e-4, 1e6, 21)


@pytest.mark.parametrize("shape", [(40, 6), (20, 45)])
@pytest.mark.parametrize("q", [None, 1, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_agrees_with_ridge_cv(shape, q, fit_intercept):
    X, y = make_data(*shape, q=q, noise=4.0)
    common = {"fit_intercept": fit_intercept, "store_cv_results": True}
    theirs = RidgeCV(ALPHAS, **common).fit(X, y)
    ours = TheoryGuidedRidgeCV(ALPHAS, **common).fit(X, y)
    assert ours.alpha_ == theirs.alpha_
    assert_allclose(ours.best_score_, theirs.best_score_, rtol=1e-9)
    assert ours.cv_results_.shape == theirs.cv_results_.shape
    assert_allclose(ours.cv_results_, theirs.cv_results_, rtol=1e-6, atol=1e-9)
    for name in ("coef_", "intercept_"):
        assert np.shape(getattr(ours, name)) == np.shape(getattr(theirs, name))
        assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-7, atol=1e-9)
    assert ours.predict(X).shape == theirs.predict(X).shape


def test_agrees_with_ridge_cv_per_target():
    X, Y = make_data(40, 10, q=4, noise=4.0)
    theirs = RidgeCV(ALPHAS, alpha_per_target=True).fit(X, Y)
    ours = TheoryGuidedRidgeCV(ALPHAS, alpha_per_target=True).fit(X, Y)
    assert_allclose(ours.alpha_, theirs.alpha_)
    assert_allclose(ours.best_score_, theirs.best_score_, rtol=1e-9)
    assert_allclose(ours.coef_, theirs.coef_, rtol=1e-7)


@pytest.mark.parametrize("scoring", ["r2", "neg_mean_absolute_error", "explained_variance"])
@pytest.mark.parametrize(("q", "per_target"), [(None, False), (3, False), (3, True)])
def test_scorers_agree_with_ridge_cv(scoring, q, per_target):
    X, y = make_data(40, 10, q=q, noise=4.0)
    common = {"scoring": scoring, "alpha_per_target": per_target}
    theirs = RidgeCV(ALPHAS, store_cv_results=True, **common).fit(X, y)
    ours = TheoryGuidedRidgeCV(ALPHAS, store_cv_results=True, **common).fit(X, y)
    assert_allclose(ours.alpha_, theirs.alpha_)
    assert_allclose(ours.best_score_, theirs.best_score_, rtol=1e-9)
    assert_allclose(ours.cv_results_, theirs.cv_results_, rtol=1e-7)


def test_scorers_see_weights_as_ridge_cv_has_it():
    X, y = make_data(40, 10, noise=4.0)
    weights = np.random.default_rng(0).uniform(0.2, 5.0, 40)
    for scoring in ("r2", "neg_mean_squared_error"):
        theirs = RidgeCV(ALPHAS, scoring=scoring).fit(X, y, weights)
        ours = TheoryGuidedRidgeCV(ALPHAS, scoring=scoring).fit(X, y, weights)
        assert ours.alpha_ == theirs.alpha_
        assert_allclose(ours.best_score_, theirs.best_score_, rtol=1e-9)
    assert_allclose(-ours.best_score_, ours.risk_, rtol=1e-12)
    plain = TheoryGuidedRidgeCV(ALPHAS).fit(X, y, weights)
    assert_allclose(plain.best_score_, ours.best_score_, rtol=1e-12)


def test_any_callable_may_score_and_the_search_stays_continuous():
    X, y = make_data(40, 10, noise=4.0)

    def large_errors(y_true, y_pred):
        return np.mean((y_true - y_pred) ** 4)

    scorer = make_scorer(large_errors, greater_is_better=False)
    model = TheoryGuidedRidgeCV(scoring=scorer).fit(X, y)
    fine = model.alpha_ * np.geomspace(0.1, 10, 200)
    losses = held_out_risks(X, y, fine, one_by_one(40), power=4)
    assert -model.best_score_ <= min(losses) * (1 + 1e-7)
    mse = make_scorer(mean_squared_error, greater_is_better=False)
    assert_allclose(
        TheoryGuidedRidgeCV(scoring=mse).fit(X, y).alpha_,
        TheoryGuidedRidgeCV().fit(X, y).alpha_,
        rtol=1e-6,
    )


def test_path_attributes_belong_together():
    X, y = load_diabetes(return_X_y=True)
    model = TheoryGuidedRidgeCV().fit(X, y)
    here = np.flatnonzero(model.report_.path.alpha == model.alpha_)
    assert len(here) == 1
    assert_allclose(model.report_.path.risk[here[0]], model.risk_, rtol=1e-12)
    assert model.risk_ == pytest.approx(model.report_.path.risk.min(), rel=1e-9)
    assert_allclose(model.report_.path.effective_df[here[0]], model.effective_df_)
    assert_allclose(model.report_.path.effective_ridge[here[0]], model.effective_ridge_)
    assert np.all(np.diff(model.report_.path.alpha) > 0)
    assert np.all(np.diff(model.report_.path.effective_df) < 0)
    assert np.all(np.diff(model.report_.path.effective_ridge) > 0)
    assert_allclose(model.risk_, np.mean((y - model.loo_predictions_) ** 2), rtol=1e-12)
    refit = Ridge(alpha=model.alpha_).fit(X, y)
    assert_allclose(model.coef_, refit.coef_, rtol=1e-8)


def test_predicted_risk_is_near_the_held_out_error():
    """On real data, over splits: the ratio of promised to measured is within its errors."""
    X, labels = load_digits(return_X_y=True)
    Y = np.eye(10)[labels]
    ratios = []
    rng = np.random.default_rng(0)
    for _ in range(12):
        order = rng.permutation(len(X))
        train, test = order[:300], order[300:]
        model = TheoryGuidedRidgeCV().fit(X[train], Y[train])
        ratios.append(model.risk_ / np.mean((Y[test] - model.predict(X[test])) ** 2))
    assert abs(np.mean(ratios) - 1) < 3 * np.std(ratios, ddof=1) / np.sqrt(12) + 0.01
    assert model.score(X[test], Y[test]) > 0.4


def test_a_target_in_a_column_keeps_the_shapes_of_ridge_cv():
    """Predictions are flat, as RidgeCV's; what belongs to the rows of y has the shape of y."""
    X, y = make_data(40, 6, q=1)
    alphas = [1.0, 10.0, 100.0]
    ours = TheoryGuidedRidgeCV(alphas, store_cv_results=True).fit(X, y)
    theirs = RidgeCV(alphas, store_cv_results=True).fit(X, y)
    for name in ("coef_", "intercept_", "alpha_", "cv_results_"):
        assert np.shape(getattr(ours, name)) == np.shape(getattr(theirs, name))
    assert ours.predict(X).shape == theirs.predict(X).shape == (40,)
    assert [part.shape for part in ours.predict(X, return_std=True)] == [(40,), (40,)]
    for method in ("residual", "jackknife+"):
        assert ours.predict_interval(X, method=method).shape == (40, 2)
    assert ours.loo_predictions_.shape == ours.report_.held_out.errors.shape == y.shape
    assert_allclose(ours.loo_predictions_ + ours.report_.held_out.errors, y)
    flat = TheoryGuidedRidgeCV(alphas).fit(X, y[:, 0])
    assert_allclose(ours.predict_interval(X), flat.predict_interval(X))
    assert_allclose(ours.report_.held_out.errors[:, 0], flat.report_.held_out.errors)
