"""Blocks left out with a gap: the splits, and their errors in closed form."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import held_out_errors, make_data
from scipy.signal import lfilter
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold, LeaveOneOut, cross_val_score

from sk_renorm import HBlockSplit, RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm._linalg import Fold, factorize
from sk_renorm._risk import LeaveFoldOut


def autoregressive(rng, n, p, rho):
    rows = lfilter([np.sqrt(1.0 - rho**2)], [1.0, -rho], rng.standard_normal((n + 200, p)), axis=0)
    return rows[200:]


@pytest.mark.parametrize(("n", "gap", "size"), [(10, 2, 3), (11, 0, 4), (7, 1, 1), (9, 3, 2)])
def test_blocks_and_gaps(n, gap, size):
    tested = []
    splitter = HBlockSplit(gap, test_size=size)
    for train, test in splitter.split(np.zeros((n, 2))):
        distance = np.abs(np.subtract.outer(np.arange(n), test)).min(axis=1)
        assert_array_equal(train, np.flatnonzero(distance > gap))
        tested.append(test)
    assert len(tested) == splitter.get_n_splits(np.zeros((n, 2)))
    assert_array_equal(np.concatenate(tested), np.arange(n))


def test_without_a_gap_it_is_leave_one_out():
    pairs = zip(HBlockSplit(0).split(range(6)), LeaveOneOut().split(range(6)), strict=True)
    for mine, theirs in pairs:
        for a, b in zip(mine, theirs, strict=True):
            assert_array_equal(a, b)


@pytest.mark.parametrize("alpha", [0.0, 1e-6, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(60, 8), (24, 50), (30, 14)])
@pytest.mark.parametrize(
    "splitter", [HBlockSplit(1), HBlockSplit(2, 3), HBlockSplit(5, 8)], ids=repr
)
def test_equals_brute_force(shape, splitter, weighted, alpha):
    X, Y = make_data(*shape, q=2)
    weights = np.random.default_rng(1).uniform(0.3, 3.0, len(X)) if weighted else None
    expected = held_out_errors(X, Y, alpha, list(splitter.split(X)), weights)
    model = RenormalizedRidge(alpha, cv=splitter).fit(X, Y, weights)
    scale = np.abs(expected).max()
    assert_allclose(Y - model.loo_predictions_, expected, rtol=1e-8, atol=1e-9 * scale)


@pytest.mark.parametrize("shape", [(60, 8), (24, 50)])
def test_gaps_need_no_refit(shape):
    X, Y = make_data(*shape, q=2)

    def refit(train, test):
        raise AssertionError("the closed form should do")

    splits = list(HBlockSplit(2, 2).split(X))
    folds = [Fold.from_split(*split, len(X)) for split in splits]
    penalties = np.array([[1e-3, 2.0], [1.0, 0.1]])
    estimate = LeaveFoldOut(factorize(X, Y), folds, refit)
    for test, found in estimate.errors(penalties):
        fold = [split for split in splits if set(split[1]) == set(test)]
        for level, alphas in enumerate(penalties):
            for target, alpha in enumerate(alphas):
                expected = held_out_errors(X, Y[:, [target]], alpha, fold)[test]
                assert_allclose(found[:, level, [target]], expected, rtol=1e-8)


def test_folds_with_repeats_are_refitted():
    """Rows that a splitter repeats, in training or in the test, count as often as it says."""
    X, y = make_data(30, 4, noise=3.0)
    rng = np.random.default_rng(0)
    for train, test in [
        (rng.integers(0, 20, 25), np.arange(20, 30)),
        (np.arange(20), np.r_[np.arange(20, 29), 20]),
        (np.arange(25), np.arange(20, 30)),
    ]:
        model = RenormalizedRidge(2.0, cv=[(train, test)]).fit(X, y)
        errors = y[test] - Ridge(2.0).fit(X[train], y[train]).predict(X[test])
        assert_allclose(model.risk_, np.mean(errors**2), rtol=1e-9)


def test_equals_grid_search():
    X, y = make_data(60, 8, noise=5.0)
    alphas, splitter = np.geomspace(1e-3, 1e4, 20), HBlockSplit(3, 6)
    scoring = "neg_mean_absolute_error"
    search = GridSearchCV(Ridge(), {"alpha": alphas}, cv=splitter, scoring=scoring).fit(X, y)
    model = TheoryGuidedRidgeCV(alphas, cv=splitter, scoring=scoring).fit(X, y)
    assert model.alpha_ == search.best_params_["alpha"]
    assert_allclose(model.best_score_, search.best_score_, rtol=1e-9)


def test_small_folds_that_own_a_column_are_refitted():
    X, y = make_data(40, 5)
    X = np.column_stack([X, np.r_[0.0, 1.0, np.zeros(38)], np.zeros(40)])
    for splitter in (HBlockSplit(1), KFold(20)):
        expected = held_out_errors(X, y, 1e-9, list(splitter.split(X)))
        model = RenormalizedRidge(1e-9, cv=splitter).fit(X, y)
        assert_allclose(y - model.loo_predictions_, expected, rtol=1e-6)


def test_gaps_tell_the_risk_of_far_rows():
    """Neighbours give a row away, and a gap keeps them from it."""
    ratios = {0: [], 20: []}
    for seed in range(40):
        rng = np.random.default_rng(seed)
        X, noise = autoregressive(rng, 200, 40, 0.8), autoregressive(rng, 200, 1, 0.8)[:, 0]
        for gap, found in ratios.items():
            model = RenormalizedRidge(1.0, cv=HBlockSplit(gap)).fit(X, noise)
            found.append(model.risk_ / (1.0 + model.coef_ @ model.coef_ + model.intercept_**2))
    gapped = np.array(ratios[20])
    # 40 of 200 rows fewer make the risk a little larger
    assert gapped.mean() + 3.0 * gapped.std() / np.sqrt(40) > 0.97
    assert gapped.mean() - 3.0 * gapped.std() / np.sqrt(40) < 1.2
    assert np.mean(ratios[0]) < 0.7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gap": -1}, "gap must be a whole number of at least 0; got -1"),
        ({"gap": 1.5}, "gap must be a whole number"),
        ({"gap": 1, "test_size": 0}, "test_size must be a whole number of at least 1; got 0"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        HBlockSplit(**arguments)


def test_a_gap_as_wide_as_the_data():
    X, y = make_data(10, 2)
    with pytest.raises(ValueError, match="leaves none of the 10 rows to train on"):
        TheoryGuidedRidgeCV(cv=HBlockSplit(20)).fit(X, y)
    with pytest.raises(ValueError, match="X is needed"):
        HBlockSplit(1).get_n_splits()


def test_it_serves_scikit_learn():
    X, y = make_data(30, 3)
    assert len(cross_val_score(Ridge(), X, y, cv=HBlockSplit(2, 10))) == 3
