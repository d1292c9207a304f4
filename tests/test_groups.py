"""Rows in groups: risks, error bars and intervals are for rows of a new group."""

import os

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import make_data, sklearn_errors
from scipy import sparse
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV

pytestmark = pytest.mark.filterwarnings("ignore:Rows predict their neighbours")
FULL = os.environ.get("SK_RENORM_SLOW") == "1"


def grouped_data(n_groups, seed=0, *, p=4, spread=2.0, noise=1.0):
    """Rows of a group share an offset and features: sizes 1 to 9."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), rng.integers(1, 10, n_groups))
    centres = rng.standard_normal((n_groups, p))
    X = centres[groups] + 0.3 * rng.standard_normal((len(groups), p))
    offsets = spread * rng.standard_normal(n_groups)
    y = X.sum(axis=1) + offsets[groups] + noise * rng.standard_normal(len(groups))
    return X, y, groups


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("p", [4, 60])
def test_first_term_of_the_error_is_the_scatter_of_groups(weighted, p):
    X, y, groups = grouped_data(12, p=p)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, len(y)) if weighted else None
    model = RenormalizedRidge(1e6).fit(X, y, sample_weight=weights, groups=groups)
    folds = list(LeaveOneGroupOut().split(X, y, groups))
    losses = sklearn_errors(X, y, 1e6, folds, weights) ** 2
    w = np.ones(len(y)) if weights is None else weights
    risk = w @ losses / w.sum()
    assert_allclose(model.risk_, risk, rtol=1e-9)
    sums = np.bincount(groups, w * (losses - risk))
    # nothing is learned at this penalty, so nothing is shared
    assert_allclose(model.risk_std_error_, np.sqrt(np.sum(sums**2)) / w.sum(), rtol=1e-3)


def test_groups_of_one_row_are_rows():
    X, y = make_data(30, 5)
    alone = TheoryGuidedRidgeCV().fit(X, y, groups=np.arange(30))
    plain = TheoryGuidedRidgeCV().fit(X, y)
    assert_allclose(alone.risk_std_error_, plain.risk_std_error_, rtol=1e-6)
    assert_allclose(alone.predict_interval(X), plain.predict_interval(X), rtol=1e-6)


def test_names_of_groups_do_not_matter():
    X, y, groups = grouped_data(15)
    names = np.array([f"patient {code}" for code in groups])
    a = TheoryGuidedRidgeCV().fit(X, y, groups=groups)
    b = TheoryGuidedRidgeCV().fit(X, y, groups=names)
    assert_allclose(a.risk_std_error_, b.risk_std_error_)
    assert_allclose(a.predict_interval(X, 0.8), b.predict_interval(X, 0.8))
    assert b.report_.held_out.groups.max() == 14


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (np.zeros((6, 2)), r"one label for each row, got an array of shape \(6, 2\)"),
        (3, r"one label for each row, got an array of shape \(\)"),
        (sparse.csr_array(np.ones((6, 1))), "groups must be dense"),
        (np.array([1, 1, "a", "a", 2, 2], dtype=object), "cannot be sorted.*make them all text"),
    ],
)
def test_labels_that_are_none_are_refused(groups, message):
    X, y = make_data(6, 2)
    with pytest.raises((TypeError, ValueError), match=message):
        TheoryGuidedRidgeCV().fit(X, y, groups=groups)


def test_a_splitter_of_groups_has_their_error_too():
    X, y, groups = grouped_data(40)
    rows = TheoryGuidedRidgeCV([1.0]).fit(X, y).risk_std_error_
    folds = TheoryGuidedRidgeCV([1.0], cv=GroupKFold(5)).fit(X, y, groups=groups).risk_std_error_
    single = TheoryGuidedRidgeCV([1.0]).fit(X, y, groups=groups).risk_std_error_
    assert folds > 1.3 * rows
    assert_allclose(folds, single, rtol=0.1)


def test_levels_count_groups():
    X, y, groups = grouped_data(9)
    model = RenormalizedRidge(1.0).fit(X, y, groups=groups)
    assert np.all(np.isfinite(model.predict_interval(X, 0.8)))
    with pytest.raises(ValueError, match=r"groups.*up to 0\.8\."):
        model.predict_interval(X, 0.81)


@pytest.mark.slow
def test_interval_of_the_risk_is_for_new_groups():
    """With 100 groups; about 40 leave 80 % coverage, since their scatter is hardly known."""
    repetitions = 1000 if FULL else 200
    covered, covered_as_rows = [], []
    for seed in range(repetitions):
        X, y, groups = grouped_data(100, seed)
        for hits, labels in ((covered, groups), (covered_as_rows, None)):
            model = RenormalizedRidge(1.0).fit(X, y, groups=labels)
            delta = model.coef_ - 1.0
            truth = 1.09 * delta @ delta + model.intercept_**2 + 2.0**2 + 1.0
            low, high = model.report_.interval()
            hits.append(low <= truth <= high)
    spread = 3.0 * np.sqrt(0.9 * 0.1 / repetitions)
    assert 0.87 - spread < np.mean(covered) < 0.9 + spread
    assert np.mean(covered_as_rows) < 0.6


@pytest.mark.slow
def test_intervals_cover_rows_of_new_groups():
    repetitions = 400 if FULL else 60
    inside, inside_as_rows = [], []
    for seed in range(repetitions):
        X, y, groups = grouped_data(140, seed)
        known = groups < 40
        sizes = np.bincount(groups[~known])[40:]
        for hits, labels in ((inside, groups[known]), (inside_as_rows, None)):
            model = RenormalizedRidge(1.0).fit(X[known], y[known], groups=labels)
            low, high = model.predict_interval(X[~known], 0.8).T
            hit = (low <= y[~known]) & (y[~known] <= high)
            # a row of a new group: groups count alike, whatever their size
            hits.append(np.mean(np.bincount(groups[~known], hit)[40:] / sizes))
    spread = 3.0 * np.std(inside) / np.sqrt(repetitions)
    assert 0.8 - spread < np.mean(inside) < 0.84 + spread
    assert np.mean(inside_as_rows) < np.mean(inside)
