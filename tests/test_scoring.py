"""Scores that are not numbers: NaN never wins, and where it is all there is, a sentence says so."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import make_data, sklearn_errors
from sklearn.metrics import make_scorer
from sklearn.model_selection import LeaveOneOut

from sk_renorm import TheoryGuidedRidgeCV
from sk_renorm._tuning.minima import better_beyond


def correlation(y, predicted):
    """Mean over targets; NaN for one that is constant, or predicted as constant."""
    y, predicted = (np.reshape(values, (len(values), -1)) for values in (y, predicted))
    y, predicted = y - y.mean(axis=0), predicted - predicted.mean(axis=0)
    lengths = np.linalg.norm(y, axis=0) * np.linalg.norm(predicted, axis=0)
    products = (y * predicted).sum(axis=0)
    return np.divide(
        products, lengths, out=np.full(len(products), np.nan), where=lengths > 0
    ).mean()


CORRELATION = make_scorer(correlation)


def one_constant():
    X, Y = make_data(60, 5, q=5)
    Y[:, 3] = 2.0
    return X, Y, [0, 1, 2, 4]


HOW = [{}, {"cv": 5}, {"alphas": [0.1, 1.0, 10.0]}, {"alphas": [1.0]}]


@pytest.mark.parametrize("parameters", HOW, ids=str)
@pytest.mark.filterwarnings("ignore:The best of the given alphas")
def test_a_joint_score_is_that_of_the_targets_that_have_one(parameters):
    X, Y, others = one_constant()
    model = TheoryGuidedRidgeCV(scoring=CORRELATION, **parameters)
    with pytest.warns(UserWarning, match=r"scoring=make_scorer\(correlation.* for target 3, which"):
        model.fit(X, Y)
    expected = TheoryGuidedRidgeCV(scoring=CORRELATION, **parameters).fit(X, Y[:, others])
    assert_allclose(model.alpha_, expected.alpha_, rtol=1e-9)
    assert_allclose(model.best_score_, expected.best_score_, rtol=1e-9)
    assert_allclose(model.coef_[others], expected.coef_, rtol=1e-9)
    assert_allclose(model.predict(X)[:, 3], 2.0)


@pytest.mark.parametrize("parameters", HOW, ids=str)
@pytest.mark.filterwarnings("ignore:The best of the given alphas")
def test_targets_with_a_score_are_chosen_by_it(parameters):
    X, Y, others = one_constant()
    parameters = parameters | {"scoring": CORRELATION, "alpha_per_target": True}
    with pytest.warns(UserWarning, match=r"target 3, .* chosen by squared error for it, and best"):
        model = TheoryGuidedRidgeCV(**parameters).fit(X, Y)
    expected = TheoryGuidedRidgeCV(**parameters).fit(X, Y[:, others])
    assert_allclose(model.alpha_[others], expected.alpha_, rtol=1e-9)
    # at strong penalties predictions are nearly constant, and their correlation loses digits
    assert_allclose(model.best_score_[others], expected.best_score_, rtol=1e-7)
    assert np.isnan(model.best_score_[3])
    assert_allclose(model.predict(X)[:, 3], 2.0)


def test_a_joint_score_may_need_columns():
    def of_columns(Y, predicted):
        lengths = np.linalg.norm(Y - Y.mean(axis=0), axis=0)
        errors = np.square(Y - predicted).sum(axis=0)
        return -np.divide(errors, lengths, out=np.full(Y.shape[1], np.nan), where=lengths > 0).sum()

    X, Y, others = one_constant()
    model = TheoryGuidedRidgeCV(scoring=make_scorer(of_columns))
    with pytest.warns(UserWarning, match="for target 3, which"):
        alpha = model.fit(X, Y).alpha_
    assert_allclose(alpha, model.fit(X, Y[:, others]).alpha_, rtol=1e-9)


def test_standard_errors_of_the_targets_that_have_a_score():
    def error_of_what_varies(y, predicted):
        return np.abs(y - predicted).mean() if np.ptp(y) else np.nan

    X, Y, others = one_constant()
    scoring = make_scorer(error_of_what_varies, greater_is_better=False)
    model = TheoryGuidedRidgeCV(scoring=scoring, selection="1se", alpha_per_target=True)
    with pytest.warns(UserWarning, match="is NaN at every penalty for target 3"):
        alpha = model.fit(X, Y).alpha_
    assert_allclose(alpha[others], model.fit(X, Y[:, others]).alpha_, rtol=1e-9)


@pytest.mark.parametrize("per_target", [False, True])
@pytest.mark.filterwarnings("ignore:R.2 score is not well-defined")
def test_no_score_at_all_is_refused(per_target):
    X, Y, _ = one_constant()
    model = TheoryGuidedRidgeCV(scoring=CORRELATION, alpha_per_target=per_target)
    for targets in (Y[:, 3], Y[:, [3]], Y[:, [3, 3]]):
        with pytest.raises(
            ValueError, match=r"make_scorer\(correlation.* NaN at every penalty, so"
        ):
            model.fit(X, targets)
        assert not hasattr(model, "alpha_")
    with pytest.raises(ValueError, match=r"'r2' is NaN .*too few rows held out at a time"):
        model.set_params(scoring="r2", cv=LeaveOneOut(), alphas=[1.0, 2.0]).fit(X, Y[:, 0])


def test_nan_never_wins():
    """Scores of NaN where a number would be best, between nodes too: the best number is taken."""
    X, y = make_data(60, 5, noise=3.0)
    alphas = np.geomspace(0.01, 100.0, 5)
    folds = [(np.delete(np.arange(60), i), [i]) for i in range(60)]
    errors = [np.abs(sklearn_errors(X, y, alpha, folds)).mean() for alpha in alphas]
    worst = np.sort(errors)[-2]

    def only_if_bad(y, predicted):
        error = np.abs(y - predicted).mean()
        return np.nan if error < worst * (1.0 - 1e-9) else -error

    model = TheoryGuidedRidgeCV(alphas, scoring=make_scorer(only_if_bad)).fit(X, y)
    assert_allclose(model.best_score_, -worst, rtol=1e-9)
    searched = TheoryGuidedRidgeCV(scoring=make_scorer(only_if_bad)).fit(X, y)
    assert searched.best_score_ <= -worst * (1.0 - 1e-9)


def test_nan_inside_a_grid_hides_nothing_beyond_its_edge():
    alphas = np.array([1.0, 10.0, 100.0])
    losses = np.array([[np.nan], [2.0], [1.0]])
    beyond = np.array([1e3, 1e4, 1e5])
    found = better_beyond(alphas, losses, beyond, lambda at: (np.log10(at)[:, None] - 4.0) ** 2)
    assert_allclose(found, 1e4, rtol=1e-6)


def test_scores_that_are_numbers_bring_no_word():
    X, Y, others = one_constant()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        by_others = TheoryGuidedRidgeCV(scoring=CORRELATION).fit(X, Y[:, others])
        by_all = TheoryGuidedRidgeCV(scoring="r2").fit(X, Y)
    for model in (by_others, by_all):
        assert np.isfinite(model.best_score_)
        assert model.report_.problems == ()


def returning(value):
    def scorer(model, X, y):
        return value

    return scorer


NEEDS_MORE = r"needs more of a model than its predictions.*sklearn.metrics.make_scorer\(metric\)"
BAD_SCORERS = {
    "probabilities": ("roc_auc", r"scoring='roc_auc' " + NEEDS_MORE),
    "coefficients": (lambda model, X, y: model.coef_.sum(), rf"^scoring=<lambda> {NEEDS_MORE}"),
    "None": (returning(None), "^scoring=scorer must return one number, got None; return"),
    "vector": (returning(np.ones(3)), r"must return one number, got an array of shape \(3,\); "),
    "text": (returning("good"), "must return one number, got 'good'; return"),
    "dict": (returning({"r2": 1.0}), r"must return one number, got \{'r2': 1.0\}; return"),
    "inf": (returning(np.inf), "scoring=scorer returned inf; return a finite number, or NaN"),
    "minus inf": (returning(-np.inf), "scoring=scorer returned -inf; return a finite number"),
    "a lambda of NaN": (lambda model, X, y: np.nan, "^scoring=<lambda> is NaN at every penalty"),
}


@pytest.mark.parametrize("case", BAD_SCORERS.values(), ids=BAD_SCORERS)
@pytest.mark.parametrize("per_target", [False, True])
def test_scorers_that_cannot_score_are_one_sentence(case, per_target):
    scoring, message = case
    X, Y = make_data(30, 3, q=2)
    model = TheoryGuidedRidgeCV(scoring=scoring, alpha_per_target=per_target)
    with pytest.raises(ValueError, match=message) as caught:
        model.fit(X, Y)
    assert "\n" not in str(caught.value)
    assert " at 0x" not in str(caught.value)
    assert not hasattr(model, "alpha_")


def test_a_mistake_within_a_scorer_stays_what_it_is():
    def mistaken(model, X, y):
        return y.no_such_thing

    with pytest.raises(AttributeError, match="no_such_thing"):
        TheoryGuidedRidgeCV(scoring=mistaken).fit(*make_data(30, 3))


@pytest.mark.parametrize(
    ("name", "hint"),
    [("max_error", "; the name next to it is 'neg_max_error'"), ("nonsense", "")],
)
def test_a_name_that_is_no_scorer_lists_none_of_the_others(name, hint):
    message = rf"'scoring' parameter .*get_scorer_names\(\). Got '{name}' instead{hint}\.$"
    with pytest.raises(ValueError, match=message):
        TheoryGuidedRidgeCV(scoring=name).fit(*make_data(30, 3))
