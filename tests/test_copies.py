"""Rows that repeat others are told where chance does not explain them, with what that does."""

import os
import re
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from reference import factorization_of, held_out_errors, make_data, one_by_one, ridge_fit
from scipy.sparse import csr_array
from sklearn.datasets import load_diabetes, load_digits, load_linnerud, load_wine
from sklearn.model_selection import KFold

from benchmarks import _copied_rows as copied_rows
from benchmarks import _independent_rows as independent_rows
from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm._checks.copies import growth_of_groups
from sk_renorm._checks.rows_left_out import RowsLeftOut
from sk_renorm.exceptions import DependentRowsWarning

FULL = os.environ.get("SK_RENORM_SLOW") == "1"
INDEPENDENT = [
    "rare_event",
    "purchases",
    "price_list",
    "tariff",
    "likert_straight",
    "survey_yes_no",
    "two_groups",
    "dose",
    "two_one_hot",
    "words",
    "factorial_design",
    "wide",
    "clinic",
    "regions_vote",
    "schools_mark",
    "ratings",
    "grid",
    "truth_table",
    "pairs_of_flags",
    "city_and_zip_rule",
    "splines_of_age",
    "skewed_factors",
]
COPIED = {
    "all three times": 1.2,
    "bootstrap": 1.08,
    "catalogue": 1.25,
    "join": 1.06,
    "join, rounded": 1.06,
    "oversampled": 1.1,
    "oversampled, mixed": 1.1,
    "oversampled, one-hot": 1.1,
    "10 % of fingerprints": 1.02,
    "10 %, two classes": 1.02,
    "8 % of SNPs": 1.04,
    "same y, features +-1 %": 1.2,
    "15 % same y, features +-5 %": 1.02,
    "10 %, three targets": 1.03,
    "10 % scanned again, +-2 %": 1.02,
}


def messages(X, y, model=None, **fit):
    """Sentences on rows that depend on each other."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        (model or TheoryGuidedRidgeCV()).fit(X, y, **fit)
    return [str(w.message) for w in caught if w.category is DependentRowsWarning]


def growth_in(message):
    return float(re.search(r"risk_ would be about (\S+) times as large", message).group(1))


def pair_in(message):
    return [int(row) for row in re.search(r"rows (\d+) and (\d+),", message).groups()]


def with_copies(X, y, share, seed=0):
    rng = np.random.default_rng(seed)
    rows = np.r_[np.arange(len(X)), rng.choice(len(X), int(share * len(X)), replace=False)]
    rows = rng.permutation(rows)
    return X[rows], y[rows]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("shape", [(30, 8), (20, 45)], ids=["n > p", "n < p"])
def test_growth_of_groups_is_that_of_refits(shape, fit_intercept, weighted):
    X, Y = make_data(*shape, q=2)
    groups = np.random.default_rng(0).integers(0, shape[0], 40)
    X, Y, alpha = X[groups], Y[groups], 0.7
    weights = np.random.default_rng(1).uniform(0.3, 3.0, 40) if weighted else None
    options = weights, fit_intercept
    alone = held_out_errors(X, Y, alpha, one_by_one(40), *options)
    folds = [(np.flatnonzero(groups != g), np.flatnonzero(groups == g)) for g in np.unique(groups)]
    together = held_out_errors(X, Y, alpha, folds, *options)
    in_risk = np.ones(40) if weights is None else weights
    expected = np.sum(in_risk @ together**2) / np.sum(in_risk @ alone**2)

    coef, intercept = ridge_fit(X, Y, alpha, *options)
    rest = (Y - X @ coef - intercept) / alone
    model = RenormalizedRidge(alpha, fit_intercept=fit_intercept)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DependentRowsWarning)
        model.fit(X, Y, weights)
    left = RowsLeftOut(factorization_of(model), Y, alone, rest[:, :1], np.array([alpha]), in_risk)
    labels = np.unique(groups, return_inverse=True)[1]
    assert growth_of_groups(left, labels) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_targets", [1, 2])
@pytest.mark.parametrize("p", [30, 200])
def test_the_number_told_is_that_of_refits(p, n_targets, weighted):
    X, Y = make_data(100, p, q=n_targets)
    groups = np.r_[np.arange(100), np.arange(20), np.arange(10)]
    X, Y, alpha = X[groups], Y[groups], 30.0
    weights = np.random.default_rng(1).uniform(0.3, 3.0, 130) if weighted else None
    (message,) = messages(X, Y, RenormalizedRidge(alpha), sample_weight=weights)
    folds = [(np.flatnonzero(groups != g), np.flatnonzero(groups == g)) for g in range(100)]
    alone, together = (
        np.average(np.sum(held_out_errors(X, Y, alpha, f, weights) ** 2, 1), weights=weights)
        for f in (one_by_one(130), folds)
    )
    assert message.startswith(
        "30 of 130 rows repeat another one in X and y, such as rows 0 and 100"
    )
    assert growth_in(message) == pytest.approx(together / alone, rel=5e-3)


@pytest.mark.parametrize("name", independent_rows.KINDS if FULL else INDEPENDENT)
def test_independent_rows_of_few_levels_are_silent(name):
    for seed in range(20 if FULL else 3):
        assert not messages(*independent_rows.KINDS[name](np.random.default_rng([1, seed])))


@pytest.mark.parametrize("name", COPIED)
def test_copies_are_told(name):
    for seed in range(3):
        drawn = copied_rows.KINDS[name](np.random.default_rng([2, seed]))
        (message,) = messages(drawn.X, drawn.y)
        first, second = pair_in(message)
        assert first < second
        if "in X and y" in message:
            assert_array_equal(drawn.X[first], drawn.X[second])
            assert_array_equal(drawn.y[first], drawn.y[second])
        else:
            assert drawn.original[first] == drawn.original[second]
        assert growth_in(message) >= COPIED[name]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "all three times",
        "bootstrap",
        "catalogue",
        "join",
        "oversampled",
        "oversampled, one-hot",
        "same y, features +-1 %",
    ],
)
def test_the_number_told_is_what_is_missing(name):
    """The risk is within 15 % of the error on fresh originals if multiplied by the number."""
    claimed, told, true = [], [], []
    for seed in range(60 if FULL else 12):
        drawn = copied_rows.KINDS[name](np.random.default_rng([3, seed]))
        model = TheoryGuidedRidgeCV()
        (message,) = messages(drawn.X, drawn.y, model)
        claimed.append(model.risk_)
        told.append(model.risk_ * growth_in(message))
        true.append(drawn.true_risk(model))
    assert np.mean(claimed) < 0.9 * np.mean(true)
    assert np.mean(told) == pytest.approx(np.mean(true), rel=0.15)


@pytest.mark.parametrize("name", ["bootstrap", "oversampled, one-hot", "same y, features +-1 %"])
def test_the_same_however_rows_and_columns_are_written(name):
    drawn = copied_rows.KINDS[name](np.random.default_rng(4))
    X, y, rng = drawn.X, drawn.y, np.random.default_rng(0)
    (message,) = messages(X, y)
    expected, rows = growth_in(message), rng.permutation(len(X))
    changed = {
        "rows": (X[rows], y[rows]),
        "columns": (X[:, rng.permutation(X.shape[1])], y),
        "scale": (1e-6 * X, y),
        "offset": (X + 3.0, 100.0 + y),
        "unit of y": (X, 1e6 * y),
        "twice the target": (X, np.column_stack([y, y])),
        "float32": (X.astype(np.float32), y),
        "sparse": (csr_array(X), y),
    }
    for what, data in changed.items():
        (message,) = messages(*data)
        assert growth_in(message) == pytest.approx(expected, rel=0.02), what
    # another ridge, and another number
    assert len(messages(X * np.geomspace(0.1, 10.0, X.shape[1]), y)) == 1


def test_silence_however_rows_and_columns_are_written():
    X, y = independent_rows.price_list(np.random.default_rng(5))
    rng = np.random.default_rng(0)
    rows, columns = rng.permutation(len(X)), rng.permutation(X.shape[1])
    for data in (
        (X[rows], y[rows]),
        (X[:, columns], y),
        (X * rng.uniform(0.1, 10.0, X.shape[1]), y),
        (X, y - 1e3),
        (X, np.column_stack([y, y])),
        (X.astype(np.float32), y),
        (csr_array(X), y),
    ):
        assert not messages(*data)


def test_one_penalty_for_each_target_and_none_chosen():
    X, Y = with_copies(*make_data(200, 60, q=2), 0.2)
    assert len(messages(X, Y, TheoryGuidedRidgeCV(alpha_per_target=True))) == 1
    assert len(messages(X, Y, TheoryGuidedRidgeCV(fit_intercept=False))) == 1
    assert len(messages(X, Y, RenormalizedRidge(effective_df=30))) == 1


def test_rows_are_named_as_they_were_given():
    """Rows of zero weight are not learned from, and count in the numbering."""
    X, y = with_copies(*make_data(200, 60, noise=2.0), 0.3)
    weights = (np.arange(len(y)) % 4 > 0) * 1.0
    (message,) = messages(X, y, sample_weight=weights)
    first, second = pair_in(message)
    assert_array_equal(X[first], X[second])
    assert weights[[first, second]].all()


def test_a_number_without_digits_is_not_told():
    """A row is known exactly from its copy, and not at all without it."""
    X, y = make_data(50, 200)
    (message,) = messages(np.repeat(X, 2, axis=0), np.repeat(y, 2), RenormalizedRidge(1e-4))
    assert "risk_ would be many times as large" in message


def test_few_copies_and_copies_that_hardly_matter_pass():
    X, y = make_data(300, 10, noise=2.0)
    assert not messages(np.r_[X, X[:4]], np.r_[y, y[:4]])
    assert not messages(*with_copies(X, y, 0.05))
    by_group = TheoryGuidedRidgeCV().fit(np.r_[X, X], np.r_[y, y], groups=np.tile(range(300), 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DependentRowsWarning)
        by_row = RenormalizedRidge(by_group.alpha_).fit(np.r_[X, X], np.r_[y, y])
    growth = by_group.risk_ / by_row.risk_
    assert 1.02 < growth < 1.1
    (message,) = messages(np.r_[X, X], np.r_[y, y])
    assert growth_in(message) == pytest.approx(growth, rel=0.02)


def test_repeated_measurements_are_not_copies():
    """A design measured again has the same features and another target."""
    X, _ = make_data(100, 6)
    X = np.repeat(X, 3, axis=0)
    y = X.sum(axis=1) + np.random.default_rng(0).standard_normal(300)
    order = np.random.default_rng(1).permutation(300)
    assert not messages(X[order], y[order])
    assert not messages(X[order], np.round(y[order]))


def test_silence_where_rows_are_said_to_depend_or_not_or_are_not_at_hand():
    X, y = with_copies(*make_data(200, 60, noise=2.0), 0.3)
    assert messages(X, y)
    assert not messages(X, y, groups=np.arange(len(y)))
    assert not messages(X, y, TheoryGuidedRidgeCV(cv=KFold(5)))
    assert not messages(X, y, TheoryGuidedRidgeCV(sample_correlation="ar1"))
    assert messages(X, y, TheoryGuidedRidgeCV(sample_correlation="independent"))
    with warnings.catch_warnings():
        warnings.simplefilter("error", DependentRowsWarning)
        assert TheoryGuidedRidgeCV().partial_fit(X, y).risk_ > 0.0


@pytest.mark.parametrize("alpha", [0.0, 1e-10, 1.0])
def test_nothing_is_infinite_and_nothing_fails(alpha):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((40, 60)), rng.standard_normal(40)
    twice = np.repeat(X, 2, axis=0)
    cases = {
        "interpolation": (X, y),
        "copies among more features": (twice, np.repeat(y, 2)),
        "copies without noise": (twice[:, :5], twice[:, :5].sum(axis=1)),
        "constant y": (twice, np.ones(80)),
        "constant X": (np.ones((40, 3)), y),
        "one row, forty times": (np.repeat(X[:1], 40, axis=0), np.repeat(y[:1], 40)),
        "two rows": (X[:2], y[:2]),
        "two equal rows": (twice[:2], np.repeat(y[:1], 2)),
        "one column": (np.repeat(X[:, :1], 2, axis=0), np.repeat(y, 2)),
        "huge and tiny": (twice * np.geomspace(1e-60, 1e60, 60), np.repeat(y, 2)),
    }
    for what, (rows, target) in cases.items():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", DependentRowsWarning)
            RenormalizedRidge(alpha).fit(rows, target)
        for message in messages(rows, target, RenormalizedRidge(alpha)):
            assert "many times" in message or np.isfinite(growth_in(message)), what
    no_risk = ["copies without noise"] if alpha < 1.0 else []
    for what in ["interpolation", "constant y", "constant X", "two rows", *no_risk]:
        assert not messages(*cases[what], RenormalizedRidge(alpha)), what


def test_classes_of_few_rows_are_silent():
    """Rows of a class lie together, and their target ties because it has few values."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        n, n_classes = rng.integers(12, 60), rng.integers(2, 5)
        labels, centres = rng.integers(0, n_classes, n), 5 * rng.standard_normal((n_classes, 3))
        assert not messages(centres[labels] + rng.standard_normal((n, 3)), labels)


def test_independent_rows_are_silent():
    rng = np.random.default_rng(0)
    # predictions that follow from the target alone, and rows that are mostly empty
    y = rng.standard_normal(20_000)
    assert not messages(rng.standard_normal((20_000, 1)), y)
    assert not messages((rng.random((20_000, 2)) < 0.01) * 1.0, y)
    for seed in range(20):  # noise is predicted by a constant: equal targets, equal errors
        rng = np.random.default_rng(seed)
        zeros = rng.exponential(size=172) * (rng.random(172) < 0.55)
        assert not messages(rng.standard_normal((172, 27)), zeros)
    for _ in range(100):
        n, p = rng.integers(20, 300), rng.integers(1, 50)
        X = rng.standard_normal((n, p))
        assert not messages(X, X[:, 0] + rng.standard_normal(n))
    X, y = load_diabetes(return_X_y=True)
    for columns in range(10):
        assert not messages(X[:, [columns]], y)
    for load in (load_diabetes, load_digits, load_linnerud, load_wine):
        X, y = load(return_X_y=True)
        order = np.random.default_rng(0).permutation(len(y))
        assert not messages(X[order], y[order])
