"""Neighbours that tell of each other: blocks against refits, far rows, and rows of no order."""

import os
import re
import sys
import warnings
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import held_out_errors, make_data, one_by_one
from scipy.signal import lfilter
from scipy.sparse import csr_array
from sklearn.datasets import load_diabetes

from sk_renorm import HBlockSplit, RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm._checks import dependence
from sk_renorm._checks.neighbours import (
    _is_at_once,
    excess_losses,
    growth_of_blocks,
    sets_of_rows,
)
from sk_renorm._checks.neighbours import neighbours as find_neighbours
from sk_renorm._checks.order import is_in_order
from sk_renorm.exceptions import DependentRowsWarning

FULL = os.environ.get("SK_RENORM_SLOW") == "1"
LENGTH_3 = np.exp(-1.0 / 3.0)
pytestmark = pytest.mark.filterwarnings("ignore:.*far from all others")


def told(X, y, model=None, **fit):
    """Return growth, its error and the length of the blocks that a fit tells, or None."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        (model or TheoryGuidedRidgeCV()).fit(X, y, **fit)
    caught = [w for w in caught if "predict their neighbours" in str(w.message)]
    if not caught:
        return None
    (warning,) = caught
    assert warning.category is DependentRowsWarning
    numbers = re.search(r"blocks of (\d+), risk_ .* be ([\d.]+) \+- ([\d.]+) times", str(warning))
    return tuple(map(float, numbers.group(2, 3, 1)))


def rows_left_out(model, X, y, **fit):
    """Return what the checks of a fit are given."""
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dependence, "_copies", lambda *_: None)
        patch.setattr(dependence, "neighbours", seen.append)
        model.fit(X, y, **fit)
    return seen[0]


def autoregression(rng, n, columns, rho):
    noise = rng.standard_normal((n + 100, columns))
    return lfilter([np.sqrt(1.0 - rho**2)], [1.0, -rho], noise, axis=0)[100:]


def series(seed, n=500, p=30, rho=LENGTH_3, noise_rho=LENGTH_3):
    """Rows in time order, and the target: the first feature, with noise."""
    rng = np.random.default_rng(seed)
    X = autoregression(rng, n, p, rho)
    return X, X[:, 0] + autoregression(rng, n, 1, noise_rho)[:, 0]


def sorted_by(key, X, y):
    order = np.argsort(key, kind="stable")
    return X[order], y[order]


# what is left out, against refits


def growth_by_refits(X, y, sets, alpha, weights=None, fit_intercept=True):
    """Growth of the losses of each set, over the risk, one refit for each set."""
    w = np.ones(len(X)) if weights is None else weights

    def losses(folds):
        errors = held_out_errors(X, y, alpha, folds, weights, fit_intercept)
        return w * np.square(errors.reshape(len(X), -1)).sum(axis=1)

    alone = losses(one_by_one(len(X)))
    growth = []
    for rows in sets:
        train = np.setdiff1d(np.arange(len(X)), rows)
        growth.append(np.mean((losses([(train, rows)]) - alone)[rows]))
    return np.array(growth) / alone.mean()


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize(("n", "p", "q"), [(90, 6, None), (90, 6, 2), (60, 100, 2), (60, 59, None)])
def test_blocks_and_random_sets_are_those_of_refits(n, p, q, weighted, fit_intercept):
    X, y = make_data(n, p, q)
    weights = np.random.default_rng(1).uniform(0.2, 3.0, n) if weighted else None
    left = rows_left_out(
        RenormalizedRidge(3.0, fit_intercept=fit_intercept), X, y, sample_weight=weights
    )
    blocks, anywhere = sets_of_rows(n, 5)
    near = growth_by_refits(X, y, blocks, 3.0, weights, fit_intercept)
    control = growth_by_refits(X, y, anywhere, 3.0, weights, fit_intercept)
    assert_allclose(excess_losses(left, blocks), near, rtol=1e-7, atol=1e-9)
    found = growth_of_blocks(left, 5)
    assert_allclose(found.value, 1.0 + near.mean() - control.mean(), rtol=1e-8)
    assert_allclose(found.error, np.sqrt((near.var(ddof=1) + control.var(ddof=1)) / len(near)))


def test_each_target_may_have_its_penalty():
    X, Y = make_data(80, 10, 12)
    left = rows_left_out(TheoryGuidedRidgeCV(alpha_per_target=True), X, Y)
    assert len(np.unique(left.alpha)) == 12
    blocks, _ = sets_of_rows(80, 4)
    alone, together = 0.0, np.zeros((12, len(blocks)))
    for j, alpha in enumerate(left.alpha):
        risk = np.mean(np.square(held_out_errors(X, Y[:, j], alpha, one_by_one(80))))
        together[j] = risk * growth_by_refits(X, Y[:, j], blocks, alpha)
        alone += risk
    assert_allclose(excess_losses(left, blocks), together.sum(axis=0) / alone, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("alpha", [0.0, 1e-12, 1.0])
def test_blocks_that_own_a_column_keep_their_digits(alpha):
    """An indicator of each block: without the block its coefficient is zero."""
    rng = np.random.default_rng(0)
    n, b = 80, 8
    X = np.column_stack([rng.standard_normal((n, 4)), np.eye(n // b)[np.arange(n) // b]])
    y = X.sum(axis=1) + rng.standard_normal(n)
    left = rows_left_out(RenormalizedRidge(alpha), X, y)
    blocks, _ = sets_of_rows(n, b)
    assert_allclose(
        excess_losses(left, blocks), growth_by_refits(X, y, blocks, alpha), rtol=1e-5, atol=1e-7
    )


def test_risk_weights_count():
    X, y = make_data(60, 5)
    risk_weight = np.random.default_rng(0).uniform(0.0, 2.0, 60)
    left = rows_left_out(RenormalizedRidge(1.0), X, y, risk_weight=risk_weight)
    rows, train = np.arange(20, 30), np.r_[:20, 30:60]
    alone = held_out_errors(X, y, 1.0, one_by_one(60)) ** 2
    together = held_out_errors(X, y, 1.0, [(train, rows)]) ** 2
    expected = np.mean(risk_weight[rows] * (together - alone)[rows]) / np.mean(risk_weight * alone)
    assert_allclose(excess_losses(left, rows[None]), expected, rtol=1e-8)


def test_blocks_are_spread_over_many_rows():
    blocks, anywhere = sets_of_rows(100_000, 16)
    assert blocks.shape == anywhere.shape == (64, 16)
    assert blocks[0, 0] == 0
    assert blocks[-1, -1] >= 100_000 - 16
    assert (np.diff(blocks) == 1).all()
    for rows in (blocks, anywhere):
        assert len(np.unique(rows)) == rows.size


# rows that predict their neighbours


@pytest.mark.slow
@pytest.mark.parametrize("p", [10, 30, 100, 700])
def test_the_number_is_that_of_far_rows(p):
    """Dependent features and noise: told each time, and by how much."""
    growth, far = [], []
    for seed in range(40 if FULL else 10):
        model = TheoryGuidedRidgeCV()
        found = told(*series(seed, p=p), model)
        growth.append(np.nan if found is None else found[0])
        miss = model.coef_ - np.eye(p)[0]
        far.append((miss @ miss + model.intercept_**2 + 1.0) / model.risk_)
    assert np.mean(far) > 1.1
    assert np.mean(np.isfinite(growth)) >= 0.9
    assert_allclose(np.nanmean(growth), np.mean(far), rtol=0.15)


@pytest.mark.slow
def test_features_alone_are_enough_where_they_outnumber_the_rows():
    """White noise, and errors of neighbours that are not alike: their correlation is negative."""
    growth, far, correlations = [], [], []
    for seed in range(20 if FULL else 6):
        rng = np.random.default_rng(seed)
        X = autoregression(rng, 300, 400, 0.9)
        y = X[:, :5].sum(axis=1) + rng.standard_normal(300)
        model = TheoryGuidedRidgeCV()
        growth.append(told(X, y, model)[0])
        miss = model.coef_ - (np.arange(400) < 5)
        far.append((miss @ miss + model.intercept_**2 + 1.0) / model.risk_)
        errors = y - model.loo_predictions_
        correlations.append(np.corrcoef(errors[1:], errors[:-1])[0, 1])
    assert np.max(correlations) < -0.1
    assert np.mean(far) > 2.0
    # blocks are but three times as long as the memory: a row at their edge still has neighbours
    assert 0.6 * np.mean(far) < np.mean(growth) < 1.15 * np.mean(far)


def test_noise_alone_costs_nothing():
    """Its errors are alike, and risk_ is right."""
    for seed in range(10):
        X, y = series(seed, p=20, rho=0.0)
        model = TheoryGuidedRidgeCV()
        assert told(X, y, model) is None
        errors = y - model.loo_predictions_
        assert np.corrcoef(errors[1:], errors[:-1])[0, 1] > 0.5


def test_features_alone_cost_nothing_where_rows_are_many():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X = autoregression(rng, 500, 5, 0.9)
        assert told(X, X[:, 0] + rng.standard_normal(500)) is None


def test_a_column_of_time_does_not_hide_them():
    hits = 0
    for seed in range(10):
        X, y = series(seed)
        hits += told(np.column_stack([np.arange(500.0), X]), y) is not None
    assert hits >= 8


@pytest.mark.parametrize("time", [np.arange(300.0), 1.6e12 + 3.6e6 * np.arange(300.0)])
@pytest.mark.parametrize("p", [10, 40])
def test_a_column_of_time_hides_no_long_memory(p, time):
    """Its growth does not end within a block, but is large at once: with time stamps or without."""
    hits = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        X = autoregression(rng, 300, p, 0.9)
        y = X[:, 0] + autoregression(rng, 300, 1, 0.9)[:, 0]
        hits += told(np.column_stack([X, time]), y) is not None
    assert hits >= 7


@pytest.mark.parametrize("columns", [1, 3])
def test_groups_in_their_order_are_told(columns):
    """Plots of eight rows each, on soil of their own."""
    rng = np.random.default_rng(0)
    plot = np.repeat(np.arange(60), 8)
    X = rng.standard_normal((60, 25))[plot] + 0.7 * rng.standard_normal((480, 25))
    soil = rng.standard_normal((60, columns))[plot]
    y = X[:, :columns] + soil + 0.7 * rng.standard_normal((480, columns))
    growth, error, block = told(X, y)
    assert growth > 1.2
    assert error < 0.5 * (growth - 1.0)
    assert block == 48
    assert told(X, y, groups=plot) is None


# rows whose order means nothing


def independent(kind, seed):
    rng = np.random.default_rng(seed)
    n, p = {"wide": (300, 600), "few levels": (800, 4)}.get(kind, (500, 20))
    if kind == "heavy tails":
        X, noise = rng.standard_t(2, (n, p)), rng.standard_t(1.5, n)
    elif kind == "few levels":
        X, noise = rng.integers(0, 3, (n, p)) * 1.0, rng.integers(-1, 2, n)
    else:
        X, noise = rng.standard_normal((n, p)), rng.standard_normal(n)
    if kind == "uneven noise":
        noise *= np.abs(X[:, 1])
    return X, X[:, 0] + noise


KINDS = ["normal", "wide", "heavy tails", "few levels", "uneven noise"]


@pytest.mark.parametrize("kind", KINDS)
def test_independent_rows_are_not_told(kind, monkeypatch):
    """Nor if blocks of them are left out in each fit, whether they look alike or not."""
    module = sys.modules["sk_renorm._checks.neighbours"]
    monkeypatch.setattr(module, "neighbours_are_alike", lambda *_: True)
    assert not any(told(*independent(kind, seed)) for seed in range(20))


def kinds_in_order(seed):
    """Rows sorted by what somebody may sort by."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((500, 20))
    y = X[:, 0] + rng.standard_normal(500)
    bent = y + X[:, 3] ** 2
    labels = rng.integers(0, 12, 500)
    factor = np.eye(12)[labels]
    signal = X + 1.5 * factor @ np.eye(12, 20)
    few = labels // 3
    return {
        "target": sorted_by(y, X, y),
        "target, falling, in bins": sorted_by(-np.round(y, 1), X, y),
        "target, mostly zero": sorted_by(np.maximum(y, 0.0), X, np.maximum(y, 0.0)),
        "class": sorted_by(few, signal, np.eye(4)[few]),
        "one of twelve classes": sorted_by(labels, signal, factor),
        "class by its code": sorted_by(few, signal, np.array([2.0, 0.0, 3.0, 1.0])[few]),
        "column": sorted_by(X[:, 3], X, y),
        "column, bent": sorted_by(X[:, 3], X, bent),
        "column, bent, wide": sorted_by(
            X[:, 3], np.column_stack([X, rng.standard_normal((500, 180))]), bent
        ),
        "column, wave": sorted_by(X[:, 3], X, y + 2.0 * np.sin(3.0 * X[:, 3])),
        "column in bins": sorted_by(np.round(X[:, 3], 1), X, bent),
        "factor": sorted_by(
            labels, np.column_stack([X, factor]), y + 2.0 * (labels - 5.5) / 6.0 * X[:, 5]
        ),
    }


@pytest.mark.parametrize("kind", kinds_in_order(0))
def test_sorted_rows_are_not_told(kind):
    assert [seed for seed in range(6) if told(*kinds_in_order(seed)[kind])] == []


def test_short_blocks_of_a_sorted_column_with_heavy_ends_are_not_certain():
    """A few rows at its ends lie far from all others and tell of each other: no sign of memory."""
    large = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        for X in (np.exp(rng.standard_normal((200, 5))), rng.standard_t(3, (200, 5))):
            key = (X[:, 0] - X[:, 0].mean()) / X[:, 0].std()
            bent = 5.0 * key**2 + X[:, 1] + rng.standard_normal(200)
            left = rows_left_out(TheoryGuidedRidgeCV(), *sorted_by(key, X, bent))
            large += growth_of_blocks(left, 4).value > 1.2
            assert not _is_at_once(partial(growth_of_blocks, left))
    assert large > 3


def test_lagged_designs_are_not_told():
    """Trials of a moving average, its lags the features, and white noise."""
    for seed in range(6):
        rng = np.random.default_rng(seed)
        X, y = [], []
        for _ in range(10):
            smooth = np.convolve(rng.standard_normal(62), np.ones(5) / 5.0, "same")
            X.append(np.column_stack([smooth[12 - lag : 62 - lag] for lag in range(12)]))
            y.append(X[-1][:, :4].sum(axis=1) + rng.standard_normal(50))
        assert told(np.vstack(X), np.concatenate(y)) is None


# what it rests on


def test_it_depends_on_nothing_else():
    X, y = series(0)
    tuned = TheoryGuidedRidgeCV()
    expected = np.array(told(X, y, tuned))
    shuffled = np.random.default_rng(0).permutation(30)
    for same in (
        told(X[:, shuffled], y),
        told(1e3 * X - 5.0, y),
        told(X, 1e3 * y + 1e5),
        told(X, np.column_stack([y, y])),
        told(csr_array(X), y),
        told(X, y, RenormalizedRidge(tuned.alpha_)),
    ):
        assert_allclose(same, expected, atol=0.011)  # of the two digits told
    assert_allclose(told(X.astype(np.float32), y), expected, atol=0.011)


def test_what_was_said_of_dependence_is_not_repeated():
    X, y = series(0)
    assert told(X, y)
    for model in (
        TheoryGuidedRidgeCV(sample_correlation="independent"),
        TheoryGuidedRidgeCV(sample_correlation="ar1"),
        TheoryGuidedRidgeCV(cv=HBlockSplit(gap=10, test_size=5)),
    ):
        assert told(X, y, model) is None


def test_copies_are_the_only_word_on_them():
    """Each row twice, one after the other, is told by its copies."""
    X, y = make_data(150, 40, noise=3.0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        TheoryGuidedRidgeCV().fit(np.repeat(X, 2, axis=0), np.repeat(y, 2))
    dependent = [str(w.message) for w in caught if w.category is DependentRowsWarning]
    assert len(dependent) == 1
    assert "repeat another one" in dependent[0]


def test_rows_of_zero_weight_are_not_there():
    X, y = series(0)
    rng = np.random.default_rng(0)
    places = np.sort(rng.choice(501, 50))
    more_X, more_y = (np.insert(a, places, 7.0, axis=0) for a in (X, y))
    weights = np.insert(np.ones(500), places, 0.0)
    assert told(more_X, more_y, sample_weight=weights) == told(X, y)


@pytest.mark.parametrize("n", [199, 200])
def test_fewer_than_200_rows_are_too_few(n):
    X, y = series(0, n=n, p=100, rho=0.9)
    assert (told(X, y) is not None) == (n == 200)


def hostile():
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.standard_normal((200, 300)), axis=0)
    y = walk[:, 0] + np.cumsum(rng.standard_normal(200))
    runs = np.repeat(np.eye(10), 20, axis=0)
    return {
        "interpolation": (walk, y, 1e-12),
        "interpolation, no penalty": (walk, y, 0.0),
        "no penalty": (walk[:, :20], y, 0.0),
        "blocks that own a column": (np.column_stack([walk[:, :5], runs]), y, 0.0),
        "rows that own a column": (np.column_stack([walk[:, :5], np.eye(200, 60)]), y, 1e-10),
        "constant target": (walk, np.full(200, 0.1), 1.0),
        "one column": (walk[:, :1], y, 1.0),
        "constant columns": (np.ones((200, 3)), y, 1.0),
        "an exact model": (walk[:, :5], walk[:, :5].sum(axis=1), 0.0),
        "two values": (walk[:, :20], (y > np.median(y)) * 1.0, 1.0),
        "huge": (1e40 * walk, 1e40 * y, 1e80),
        "tiny": (1e-40 * walk, 1e-40 * y, 1e-80),
        "strong penalty": (walk, y, 1e30),
    }


@pytest.mark.parametrize("kind", hostile())
def test_hostile_data_raise_nothing(kind):
    X, y, alpha = hostile()[kind]
    left = rows_left_out(RenormalizedRidge(alpha), X, y)
    found = find_neighbours(left)
    assert found is None or np.isfinite([found.growth, found.error]).all()


def test_few_targets_stand_for_many_penalties():
    """The number is about that of one penalty for all."""
    rng = np.random.default_rng(0)
    X = autoregression(rng, 400, 60, 0.8)
    Y = X[:, :30] + autoregression(rng, 400, 30, 0.8) * np.geomspace(0.5, 2.0, 30)
    each = told(X, Y, TheoryGuidedRidgeCV(alpha_per_target=True))
    shared = told(X, Y)
    assert_allclose(each[0], shared[0], rtol=0.15)


# the order of rows


@pytest.mark.parametrize("shape", [np.array, lambda c: csr_array(np.asarray(c))], ids=str)
def test_order_is_seen(shape):
    rng = np.random.default_rng(0)
    values = np.sort(rng.standard_normal(300))
    noise = rng.standard_normal((300, 2))
    runs = rng.permutation(12)[np.arange(300) // 25]
    for column, expected in (
        (values, True),
        (np.exp(5.0 * values), True),
        (-np.round(values, 1), True),
        (np.maximum(values, 0.0), True),
        (values + 0.05 * noise[:, 0], True),
        (runs, True),
        (np.arange(300) >= 280, True),
        (rng.permutation(values), False),
        (rng.permutation(runs), False),
        (np.cumsum(noise[:, 0]), False),
        (np.arange(300) == 0, False),
        (np.arange(300) == 299, False),
        (np.ones(300), False),
        (rng.random(300) < 0.03, False),
        (np.arange(300) % 25, False),
    ):
        table = np.column_stack([noise, np.asarray(column, dtype=float)])
        assert is_in_order(shape(table)) == expected
    assert is_in_order(shape(np.column_stack([noise, np.eye(12)[runs]])))
    part = np.eye(12)[runs][:, runs[50:150:25]]  # indicators of a third of the rows
    assert not is_in_order(shape(np.column_stack([noise, part])))


def test_real_rows_in_random_order_are_not_told():
    X, y = load_diabetes(return_X_y=True)
    assert told(X, y) is None
    assert told(*sorted_by(y, X, y)) is None
    assert told(*sorted_by(X[:, 2], X, y)) is None
