"""Leave-fold-out in closed form equals refitting, and GridSearchCV."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import held_out_errors, held_out_risks, make_data
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    PredefinedSplit,
    RepeatedKFold,
    ShuffleSplit,
    TimeSeriesSplit,
)

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm._linalg import Fold, downdate, factorize, refit
from sk_renorm._risk import LeaveFoldOut

SHAPES = {"n > p": (60, 8), "n < p": (24, 50), "n - m < p < n": (40, 30)}
SPLITTERS = {
    "halves": KFold(2),
    "five": KFold(5),
    "pairs": KFold(12),
    "shuffled, unequal": KFold(7, shuffle=True, random_state=0),
}


def no_refit(train, test):
    raise AssertionError("the closed form should do")


@pytest.mark.parametrize("alpha", [0.0, 1e-9, 1e-3, 1.0, 1e6])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("splitter", SPLITTERS.values(), ids=SPLITTERS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_equals_brute_force(shape, splitter, fit_intercept, weighted, alpha):
    X, Y = make_data(*shape, q=2)
    folds = list(splitter.split(X))
    weights = np.random.default_rng(1).uniform(0.3, 3.0, len(X)) if weighted else None
    expected = held_out_errors(X, Y, alpha, folds, weights, fit_intercept)
    model = RenormalizedRidge(alpha, cv=splitter, fit_intercept=fit_intercept).fit(X, Y, weights)
    scale = np.abs(expected).max()
    assert_allclose(Y - model.loo_predictions_, expected, rtol=1e-9, atol=1e-9 * scale)
    assert_allclose(model.risk_, np.average(expected**2, axis=0, weights=weights).mean(), rtol=1e-9)


@pytest.mark.parametrize("shape", [(60, 8), (24, 50)])
@pytest.mark.parametrize("splitter", [KFold(2), KFold(5), KFold(12)])
@pytest.mark.parametrize("weighted", [False, True])
def test_closed_form_needs_no_refit(shape, splitter, weighted):
    X, Y = make_data(*shape, q=2)
    weights = np.random.default_rng(1).uniform(0.3, 3.0, len(X)) if weighted else None
    folds = list(splitter.split(X))
    left_out = [Fold.from_split(*fold, len(X)) for fold in folds]
    estimate = LeaveFoldOut(factorize(X, Y, weights), left_out, no_refit)
    for alpha in (1e-3, 1.0, 1e3):
        expected = held_out_errors(X, Y, alpha, folds, weights)
        for test, errors in estimate.errors(np.array([[alpha]])):
            assert_allclose(errors[:, 0], expected[test], rtol=1e-9)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_large_folds_are_taken_out_of_the_factorization(fit_intercept, weighted):
    X, Y = make_data(80, 6, q=2)
    weights = np.random.default_rng(1).uniform(0.3, 3.0, 80) if weighted else None
    train, test = np.arange(30, 80), np.arange(30)
    taken_out = downdate(factorize(X, Y, weights, fit_intercept=fit_intercept), test)
    afresh = refit(X, Y, weights, train, test, fit_intercept=fit_intercept)
    penalties = np.geomspace(1e-6, 1e4, 6)[:, None]
    assert_allclose(taken_out.errors(penalties), afresh.errors(penalties), rtol=1e-9)
    assert_allclose(np.sort(taken_out.eigenvalues), np.sort(afresh.eigenvalues), rtol=1e-10)


def test_a_fold_that_owns_a_column_is_refitted():
    X, y = make_data(60, 5)
    X = np.column_stack([X, np.r_[np.random.default_rng(0).random(20), np.zeros(40)]])
    for splitter in (KFold(3), KFold(20)):
        folds = list(splitter.split(X))
        for alpha in (0.0, 1e-10, 1.0):
            model = RenormalizedRidge(alpha, cv=splitter).fit(X, y)
            expected = held_out_errors(X, y, alpha, folds)
            assert_allclose(y - model.loo_predictions_, expected, rtol=1e-8)


@pytest.mark.parametrize("shape", [(61, 8), (25, 50)])
@pytest.mark.parametrize("scoring", ["neg_mean_squared_error", "r2", "neg_mean_absolute_error"])
@pytest.mark.parametrize(
    "cv",
    [
        5,
        KFold(4, shuffle=True, random_state=3),
        TimeSeriesSplit(4),
        ShuffleSplit(3, random_state=0),
    ],
)
def test_equals_grid_search(shape, scoring, cv):
    X, y = make_data(*shape, noise=5.0)
    alphas = np.geomspace(1e-3, 1e10, 27)
    search = GridSearchCV(Ridge(), {"alpha": alphas}, scoring=scoring, cv=cv).fit(X, y)
    model = TheoryGuidedRidgeCV(alphas, cv=cv, scoring=scoring).fit(X, y)
    assert model.alpha_ == search.best_params_["alpha"]
    assert_allclose(model.best_score_, search.best_score_, rtol=1e-9)
    assert_allclose(model.coef_, search.best_estimator_.coef_, rtol=1e-8)
    assert_allclose(model.predict(X), search.predict(X), rtol=1e-8)


def test_equals_grid_search_for_each_target_alone():
    X, Y = make_data(50, 10, q=4, noise=8.0)
    alphas = np.geomspace(1e-3, 1e4, 30)
    model = TheoryGuidedRidgeCV(
        alphas, cv=5, scoring="neg_mean_squared_error", alpha_per_target=True
    ).fit(X, Y)
    for target, alpha in enumerate(model.alpha_):
        search = GridSearchCV(Ridge(), {"alpha": alphas}, scoring="neg_mean_squared_error", cv=5)
        search.fit(X, Y[:, target])
        assert alpha == search.best_params_["alpha"]
        assert_allclose(model.best_score_[target], search.best_score_, rtol=1e-9)
        assert_allclose(model.coef_[target], search.best_estimator_.coef_, rtol=1e-8)


@pytest.mark.parametrize("splitter", [GroupKFold(4), LeaveOneGroupOut()])
def test_groups_reach_the_splitter(splitter):
    X, y = make_data(60, 8, noise=5.0)
    groups = np.random.default_rng(0).integers(0, 9, 60)
    alphas = np.geomspace(1e-2, 1e4, 20)
    scoring = "neg_mean_squared_error"
    search = GridSearchCV(Ridge(), {"alpha": alphas}, cv=splitter, scoring=scoring)
    search.fit(X, y, groups=groups)
    model = TheoryGuidedRidgeCV(alphas, cv=splitter, scoring=scoring).fit(X, y, groups=groups)
    assert model.alpha_ == search.best_params_["alpha"]
    assert_allclose(model.best_score_, search.best_score_, rtol=1e-9)


def test_groups_alone_leave_one_group_out():
    X, y = make_data(60, 8, noise=5.0)
    groups = np.random.default_rng(0).integers(0, 9, 60)
    alone = TheoryGuidedRidgeCV().fit(X, y, groups=groups)
    named = TheoryGuidedRidgeCV(cv=LeaveOneGroupOut()).fit(X, y, groups=groups)
    assert_allclose(alone.alpha_, named.alpha_, rtol=1e-9)
    assert alone.risk_ != TheoryGuidedRidgeCV().fit(X, y).risk_


def test_one_row_per_fold_is_leave_one_out():
    X, y = make_data(30, 6, noise=5.0)
    by_fold = TheoryGuidedRidgeCV(cv=KFold(30)).fit(X, y)
    by_row = TheoryGuidedRidgeCV().fit(X, y)
    assert_allclose(by_fold.report_.path.risk, by_row.report_.path.risk, rtol=1e-10)
    assert_allclose(by_fold.alpha_, by_row.alpha_, rtol=1e-6)


def test_continuous_search_finds_the_minimum_over_folds():
    X, y = make_data(40, 12, noise=10.0)
    folds = list(KFold(4).split(X))
    model = TheoryGuidedRidgeCV(cv=4).fit(X, y)
    fine = np.geomspace(model.alpha_ / 30, model.alpha_ * 30, 400)
    risks = held_out_risks(X, y, fine, folds)
    assert model.risk_ <= min(risks) * (1 + 1e-7)
    assert_allclose(model.alpha_, fine[np.argmin(risks)], rtol=0.03)


def test_rows_that_are_never_held_out_have_no_prediction():
    X, y = make_data(20, 3)
    fold = np.r_[np.full(5, -1), np.zeros(8, dtype=int), np.ones(7, dtype=int)]
    model = RenormalizedRidge(1.0, cv=PredefinedSplit(fold)).fit(X, y)
    assert np.isnan(model.loo_predictions_[:5]).all()
    assert np.isfinite(model.loo_predictions_[5:]).all()


def test_rows_held_out_several_times_count_each_time():
    X, y = make_data(30, 4)
    splitter = RepeatedKFold(n_splits=3, n_repeats=2, random_state=0)
    errors = [held_out_errors(X, y, 2.0, [fold])[fold[1]] for fold in splitter.split(X)]
    model = RenormalizedRidge(2.0, cv=splitter).fit(X, y)
    assert_allclose(model.risk_, np.mean(np.concatenate(errors) ** 2), rtol=1e-10)
    total = np.zeros(30)
    for (_, test), error in zip(splitter.split(X), errors, strict=True):
        total[test] += error
    assert_allclose(y - model.loo_predictions_, total / 2, rtol=1e-9)


def test_splits_may_be_an_iterable_or_masks():
    X, y = make_data(20, 3)
    mask = np.arange(20) % 2 == 0
    masks = RenormalizedRidge(1.0, cv=[(~mask, mask), (mask, ~mask)]).fit(X, y)
    rows = np.flatnonzero(mask), np.flatnonzero(~mask)
    indices = RenormalizedRidge(1.0, cv=[rows, rows[::-1]]).fit(X, y)
    assert_allclose(masks.risk_, indices.risk_)


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        ([(np.arange(20), np.array([], dtype=int))], "no fold with rows to test"),
        ([(np.array([], dtype=int), np.arange(20))], "leaves no rows to train on"),
        ([(np.arange(10), np.arange(10, 30))], "only 20 rows"),
    ],
)
def test_bad_folds_are_named(cv, message):
    X, y = make_data(20, 3)
    with pytest.raises(ValueError, match=message):
        RenormalizedRidge(1.0, cv=cv).fit(X, y)
