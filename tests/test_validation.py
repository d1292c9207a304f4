"""Bad input gets one clear sentence, and leaves the estimator as it was."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import make_data
from scipy import sparse
from sklearn import config_context

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV

X, Y = make_data(20, 4)


def with_value(array, value):
    array = array.copy()
    array.flat[3] = value
    return array


BAD_DATA = {
    "nan in X": (with_value(X, np.nan), Y, None, "X contains NaN in column 3; leave out their"),
    "inf in X": (with_value(X, np.inf), Y, None, "infinity or .* in column 3; leave out their"),
    "nan in y": (X, with_value(Y, np.nan), None, "NaN"),
    "inf in y": (X, with_value(Y, np.inf), None, "infinity or a value too large.* in row 3; leave"),
    "None in y": (X, with_value(Y.astype(object), None), None, "y contains NaN in row 3; leave"),
    "sparse y": (X, sparse.csr_array(Y[:, None]), None, r"y must be dense; give y.toarray\(\)"),
    "dates as y": (
        X,
        np.full(20, np.datetime64("2020-01-01")),
        None,
        "y must hold numbers, got date",
    ),
    "None in X": (with_value(X.astype(object), None), Y, None, "got missing values .* in column 3"),
    "object in X": (with_value(X.astype(object), {}), Y, None, "not a number in column 3:.*dict"),
    "large value of X": (
        with_value(X, 1e200),
        Y,
        None,
        "largest value of X is 1e\\+200, .*scale X",
    ),
    "large X": (1e200 * X, Y, None, "value of X is .*e\\+200, .*scale X"),
    "small X": (1e-170 * X, Y, None, "value of X is .*e-170, .*scale X"),
    "large sparse X": (sparse.csr_array(1e200 * X), Y, None, "value of X is .*e\\+200, .*scale X"),
    "strided large X": (np.repeat(1e200 * X, 2, 1)[::2, ::2], Y[::2], None, "value of X is"),
    "large y": (X, 1e200 * Y, None, "value of y is .*e\\+200, .*divide y"),
    "large y of float32": (
        np.float32(X),
        1e100 * Y,
        None,
        "float32, leave its range; give X as float",
    ),
    "small y of float32": (
        np.float32(X),
        1e-40 * Y,
        None,
        "float32, leave its range; give X as float",
    ),
    "large weights": (X, Y, np.full(20, 1e300), "largest sample_weight is 1e\\+300.*Divide"),
    "small weights": (X, Y, np.full(20, 1e-300), "largest sample_weight is 1e-300.*Divide"),
    "large X and weights": (1e110 * X, Y, np.full(20, 1e90), r"its square \(times sample_weight\)"),
    "lengths": (X, Y[:-1], None, "inconsistent numbers of samples"),
    "empty": (X[:0], Y[:0], None, "0 sample"),
    "no features": (X[:, :0], Y, None, "0 feature"),
    "one row": (X[:1], Y[:1], None, "minimum of 2 is required"),
    "one-dimensional X": (Y, Y, None, "2D array"),
    "three-dimensional y": (X, np.zeros((20, 2, 2)), None, "dim 3"),
    "no y": (X, None, None, "y"),
    "complex": (X + 1j, Y, None, "Complex data not supported; give X as real numbers.$"),
    "complex lists": ((X + 1j).tolist(), Y, None, "supported; give X as real numbers.$"),
    "complex y": (X, Y + 1j, None, "Complex data not supported; give y as real numbers.$"),
    "complex weights": (X, Y, np.ones(20) + 1j, "give sample_weight as real numbers.$"),
    "text": (X.astype(str), Y, None, "X must hold numbers, got text"),
    "numbers as text": (np.full(X.shape, "1.5"), Y, None, "got text"),
    "objects with text": (with_value(X.astype(object), "2.5"), Y, None, "got text"),
    "text in y": (X, Y.astype(str), None, "y must hold numbers, got text"),
    "nan in sparse X": (sparse.csr_array(with_value(X, np.nan)), Y, None, "NaN in column 3; leave"),
    "complex sparse X": (sparse.csr_array(X + 1j), Y, None, "give X as real numbers.$"),
    "negative weight": (X, Y, with_value(np.ones(20), -1.0), "Negative values in sample_weight"),
    "zero weights": (X, Y, np.zeros(20), "weights are zero"),
    "one positive weight": (X, Y, np.eye(20)[0], "leave 1 of 20 rows"),
    "nan weight": (X, Y, with_value(np.ones(20), np.nan), "sample_weight contains NaN in row 3; "),
    "infinite weight": (X, Y, with_value(np.ones(20), np.inf), "contains infinity in row 3; give"),
    "None as weights": (X, Y, [None, None, *np.ones(18)], "contains NaN in rows 0, 1; give a"),
    "nan as the weight": (X, Y, np.nan, "sample_weight must be finite, got nan"),
    "text as weights": (X, Y, ["a"] * 20, "sample_weight must hold numbers, got text; convert"),
    "sparse weights": (X, Y, sparse.csr_array(np.ones((20, 1))), "dense data is required"),
    "too few weights": (X, Y, np.ones(19), "19 values for 20 rows"),
    "matrix of weights": (X, Y, np.ones((20, 2)), "1D array or .*; give one value for each row"),
    "column of weights": (X, Y, np.ones((20, 1)), r"\(20, 1\); give sample_weight.ravel\(\)"),
}


@pytest.mark.parametrize("case", BAD_DATA.values(), ids=BAD_DATA)
@pytest.mark.parametrize("estimator", [TheoryGuidedRidgeCV, RenormalizedRidge])
def test_bad_data_is_refused_and_changes_nothing(estimator, case):
    bad_X, bad_y, weights, message = case
    fresh = estimator()
    with pytest.raises((ValueError, TypeError), match=message):
        fresh.fit(bad_X, bad_y, weights)
    assert vars(fresh) == vars(estimator())
    fitted = estimator().fit(X, Y)
    before = dict(vars(fitted))
    with pytest.raises((ValueError, TypeError), match=message):
        fitted.fit(bad_X, bad_y, weights)
    assert vars(fitted) == before


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"risk": "bootstrap"}, "'risk' parameter of TheoryGuidedRidgeCV must be a str among"),
        ({"risk": None}, "'risk' parameter"),
        ({"alphas": [-1.0, 1.0]}, "none below zero"),
        ({"alphas": [np.nan]}, "finite"),
        ({"alphas": []}, "not empty"),
        ({"alphas": [[1.0, 2.0]]}, "one-dimensional"),
        ({"alphas": ["1.0", "2.0"]}, "must hold numbers"),
        ({"alphas": "1.0"}, "'alphas' parameter"),
        ({"alphas": 1}, r"Got 1 instead\. For this one penalty give alphas=\[1\], or use"),
        (
            {"alphas": np.int64(0)},
            r"Got 0 instead\. For this one penalty give alphas=\[0\], or use",
        ),
        ({"alphas": -1}, "'alphas' parameter"),
        ({"alphas": np.nan}, "'alphas' parameter"),
        ({"alphas": 0.5}, r"give alphas=\[0.5\], or use RenormalizedRidge\(alpha=0.5\)"),
        ({"alphas": True}, r"must be a list of penalties, .*Got True instead\.$"),
        ({"alphas": np.False_}, r"must be a list of penalties, .*Got False instead\.$"),
        ({"alphas": np.float32(0.5)}, r"Got 0.5 instead\. For this one penalty"),
        ({"scoring": "nonsense"}, "'scoring' parameter"),
        ({"alpha_per_target": 1}, "'alpha_per_target' parameter"),
        ({"cv": "five"}, "'cv' parameter"),
        ({"store_cv_results": None}, "'store_cv_results' parameter"),
    ],
)
def test_bad_parameters_are_refused_before_anything_is_set(parameters, message):
    model = TheoryGuidedRidgeCV(**parameters)
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(X, Y)
    assert vars(model) == vars(TheoryGuidedRidgeCV(**parameters))


def test_targets_that_are_not_known_on_all_rows_are_named():
    Y30 = np.tile(Y[:, None], 30)
    Y30[[3, 5, 5], [7, 9, 7]] = np.nan
    with pytest.raises(
        ValueError, match=r"NaN in 2 of 30 targets \(targets 7, 9\), on 2 of 20 rows"
    ):
        TheoryGuidedRidgeCV().fit(X, Y30)
    Y30[:, 10:] = np.inf
    with pytest.raises(
        ValueError, match=r"22 of 30 targets \(targets 7, 9, .* and 17 more\), on 20"
    ):
        TheoryGuidedRidgeCV().partial_fit(X, Y30)


def test_large_and_small_values_that_can_be_computed_with():
    plain = TheoryGuidedRidgeCV().fit(X, Y)
    for size in (1e-100, 1e100):
        scaled = TheoryGuidedRidgeCV().fit(X * size, Y)
        assert_allclose(scaled.predict(X * size), plain.predict(X), rtol=1e-6)
        weighted = TheoryGuidedRidgeCV().fit(X, Y, np.full(20, 0.99 * size**0.99))
        assert_allclose(weighted.predict(X), plain.predict(X), rtol=1e-6)
        column = TheoryGuidedRidgeCV().fit(np.column_stack([X, np.full(20, size)]), Y)
        assert_allclose(column.predict(np.column_stack([X, np.full(20, size)])), plain.predict(X))
    one_light = np.where(np.arange(20) == 3, 1e-300, 1.0)
    without = TheoryGuidedRidgeCV().fit(np.delete(X, 3, 0), np.delete(Y, 3))
    assert_allclose(TheoryGuidedRidgeCV().fit(X, Y, one_light).alpha_, without.alpha_, rtol=1e-6)
    assert TheoryGuidedRidgeCV().fit(np.zeros((20, 2)), Y).coef_.tolist() == [0.0, 0.0]


def test_scikit_learn_is_believed_that_all_is_finite():
    with config_context(assume_finite=True):
        assert TheoryGuidedRidgeCV().fit(X, Y).alpha_ == TheoryGuidedRidgeCV().fit(X, Y).alpha_


def test_groups_must_match_the_rows():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        TheoryGuidedRidgeCV().fit(X, Y, groups=np.arange(19))
    with pytest.raises(ValueError, match="one group only"):
        TheoryGuidedRidgeCV().fit(X, Y, groups=np.zeros(20))


def test_predict_needs_a_fit_and_the_same_features():
    model = RenormalizedRidge()
    with pytest.raises(ValueError, match="not fitted yet"):
        model.predict(X)
    model.fit(X, Y)
    with pytest.raises(ValueError, match="expecting 4 features"):
        model.predict(X[:, :3])
    with pytest.raises(ValueError, match="got text"):
        model.predict(X.astype(str))
    with pytest.raises(ValueError, match="NaN"):
        model.predict(with_value(X, np.nan))


def test_numbers_in_objects_and_lists_are_fine():
    expected = RenormalizedRidge(1.0).fit(X, Y).coef_
    for data in (X.astype(object), X.tolist(), X.astype(np.longdouble)):
        assert_allclose(RenormalizedRidge(1.0).fit(data, Y.tolist()).coef_, expected)
