"""Prediction intervals: against n refits, against MAPIE, ranks, weights, coverage, messages."""

import copy
import os
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import make_data, one_by_one, ridge_fit
from sklearn.linear_model import Ridge
from sklearn.model_selection import LeaveOneOut
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm.report.intervals import quantile, row_shares

FULL = os.environ.get("SK_RENORM_SLOW") == "1"


def jackknife_plus(X, y, alpha, new, level, fit_intercept=True):
    """Barber et al. (2021), by fitting n models."""
    n = len(X)
    lower, upper = [], []
    for train, test in one_by_one(n):
        coef, intercept = ridge_fit(X[train], y[train], alpha, fit_intercept=fit_intercept)
        predictions = (new @ coef + intercept)[:, 0]
        error = abs(y[test] - (X[test] @ coef + intercept)[:, 0])
        lower.append(predictions - error)
        upper.append(predictions + error)
    rank = int(np.ceil(level * (n + 1) - 1e-9))
    low = -np.sort(-np.array(lower), axis=0)[rank - 1]
    return np.stack([low, np.sort(upper, axis=0)[rank - 1]], axis=1)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize(
    ("n", "p", "alpha"), [(40, 6, 2.0), (15, 40, 0.5), (15, 40, 0.0), (14, 13, 1.0), (40, 6, 0.0)]
)
@pytest.mark.parametrize("level", [0.5, 0.9])
def test_jackknife_plus_equals_refitting(n, p, alpha, level, fit_intercept):
    X, y = make_data(n + 5, p)
    new, X, y = X[n:], X[:n], y[:n]
    model = RenormalizedRidge(alpha, fit_intercept=fit_intercept).fit(X, y)
    limits = model.predict_interval(new, level, method="jackknife+")
    expected = jackknife_plus(X, y, alpha, new, level, fit_intercept)
    assert limits.shape == (5, 2)
    assert_allclose(limits, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("n", "p"), [(60, 7), (25, 40)])
def test_jackknife_plus_equals_mapie(n, p):
    regression = pytest.importorskip("mapie.regression", reason="MAPIE is not installed")
    X, y = make_data(n + 20, p)
    new, X, y = X[n:], X[:n], y[:n]
    rival = regression.CrossConformalRegressor(
        Ridge(3.0), confidence_level=0.9, cv=LeaveOneOut(), method="plus"
    ).fit_conformalize(X, y)
    expected = rival.predict_interval(new)[1][:, :, 0]
    model = RenormalizedRidge(3.0).fit(X, y)
    limits = model.predict_interval(new, 0.9, method="jackknife+")
    assert_allclose(limits, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("method", ["residual", "jackknife+"])
def test_targets_together_equal_each_alone(method):
    X, Y = make_data(30, 8, 3)
    model = TheoryGuidedRidgeCV(alpha_per_target=True).fit(X, Y)
    limits = model.predict_interval(X[:4], 0.8, method=method)
    assert limits.shape == (4, 3, 2)
    for target in range(3):
        alone = RenormalizedRidge(model.alpha_[target]).fit(X, Y[:, target])
        assert_allclose(limits[:, target], alone.predict_interval(X[:4], 0.8, method=method))


def test_residual_limits_are_order_statistics():
    X, y = make_data(39, 4)
    model = RenormalizedRidge(1.0).fit(X, y)
    errors = np.sort(model.report_.held_out.errors)
    limits = model.predict_interval(X, 0.9) - model.predict(X)[:, None]
    # (n + 1) * 0.95 = 38 from below, and from above
    assert_allclose(limits, np.broadcast_to([errors[1], errors[37]], limits.shape))


@pytest.mark.parametrize("method", ["residual", "jackknife+"])
def test_blocks_of_new_rows_do_not_matter(method, monkeypatch):
    X, y = make_data(30, 5)
    model = TheoryGuidedRidgeCV().fit(X, y)
    whole = model.predict_interval(X, method=method)
    monkeypatch.setattr("sk_renorm.report.intervals._BLOCK_ENTRIES", 100)
    assert_allclose(model.predict_interval(X, method=method), whole)


def test_weighted_quantile_is_that_of_repeated_values():
    values = np.array([3.0, 1.0, 2.0, 5.0])
    weights = np.array([1, 4, 2, 3])
    repeated = np.repeat(values, weights)
    for level in (0.05, 0.4, 0.41, 0.6, 0.61, 0.95, 1.0):
        expected = np.sort(repeated)[int(np.ceil(10 * level - 1e-9)) - 1]
        assert quantile(values, weights / 10.0, level) == expected


@pytest.mark.parametrize("method", ["residual", "jackknife+"])
def test_equal_weights_change_nothing_and_zero_weight_is_absence(method):
    X, y = make_data(30, 5)
    plain = RenormalizedRidge(2.0).fit(X[:25], y[:25]).predict_interval(X, 0.8, method=method)
    zero = np.repeat([1.0, 0.0], [25, 5])
    dropped = RenormalizedRidge(2.0).fit(X, y, sample_weight=zero)
    assert_allclose(dropped.predict_interval(X, 0.8, method=method), plain, rtol=1e-9)
    heavier = RenormalizedRidge(6.0).fit(X[:25], y[:25], sample_weight=np.full(25, 3.0))
    assert_allclose(heavier.predict_interval(X, 0.8, method=method), plain, rtol=1e-9)


def test_weights_move_the_quantiles():
    """Rows of the noisy kind that stand for most new rows widen the interval."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 3))
    noisy = np.arange(400) % 2 == 0
    y = X.sum(axis=1) + np.where(noisy, 5.0, 0.5) * rng.standard_normal(400)
    new = rng.standard_normal((4000, 3))
    for often, weights in ((0.9, np.where(noisy, 9.0, 1.0)), (0.1, np.where(noisy, 1.0, 9.0))):
        kind = rng.random(4000) < often
        truth = new.sum(axis=1) + np.where(kind, 5.0, 0.5) * rng.standard_normal(4000)
        model = RenormalizedRidge(1.0).fit(X, y, sample_weight=weights)
        for method in ("residual", "jackknife+"):
            low, high = model.predict_interval(new, method=method).T
            assert abs(np.mean((low <= truth) & (truth <= high)) - 0.9) < 0.05
    assert_allclose(row_shares(None, 9), 0.1)


def test_levels_that_few_rows_cannot_support_say_which_they_can():
    model = RenormalizedRidge(1.0).fit(*make_data(9, 2))
    assert np.all(np.isfinite(model.predict_interval(np.zeros((1, 2)), 0.8)))
    assert np.all(np.isfinite(model.predict_interval(np.zeros((1, 2)), 0.9, method="jackknife+")))
    with pytest.raises(ValueError, match=r"levels up to 0\.8\."):
        model.predict_interval(np.zeros((1, 2)), 0.81)
    with pytest.raises(ValueError, match=r"levels up to 0\.9\."):
        model.predict_interval(np.zeros((1, 2)), 0.91, method="jackknife+")


def test_jackknife_needs_the_rows_as_they_were():
    X, y = make_data(30, 5)
    with pytest.raises(ValueError, match="needs the rows"):
        RenormalizedRidge(1.0, store_rows=False).fit(X, y).predict_interval(X, method="jackknife+")
    model = RenormalizedRidge(1.0).fit(X, y)
    for copied in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert_allclose(copied.predict_interval(X), model.predict_interval(X))
        with pytest.raises(ValueError, match="needs the rows"):
            copied.predict_interval(X, method="jackknife+")
    with pytest.raises(ValueError, match="folds or groups"):
        RenormalizedRidge(1.0, cv=5).fit(X, y).predict_interval(X, method="jackknife+")
    X *= 2.0
    with pytest.raises(ValueError, match="have been changed since"):
        model.predict_interval(X, method="jackknife+")
    with pytest.raises(ValueError, match="method must be"):
        model.predict_interval(X, method="bootstrap")


def test_a_pickle_holds_no_rows():
    X, y = make_data(2000, 30)
    assert len(pickle.dumps(TheoryGuidedRidgeCV().fit(X, y))) < 0.2 * X.nbytes


def test_intervals_and_deviations_pass_through_a_pipeline():
    X, y = make_data(40, 5)
    model = make_pipeline(StandardScaler(), TheoryGuidedRidgeCV()).fit(X, y)
    mean, std = model.predict(X[:3], return_std=True)
    assert mean.shape == std.shape == (3,)
    assert_allclose(std, np.sqrt(model[-1].risk_))
    assert model[-1].predict_interval(model[:-1].transform(X[:3])).shape == (3, 2)


def test_deviations_of_targets_are_their_own():
    X, Y = make_data(60, 5, 2)
    Y[:, 1] *= 10.0
    _, std = RenormalizedRidge(1.0).fit(X, Y).predict(X, return_std=True)
    each = [RenormalizedRidge(1.0).fit(X, Y[:, j]).risk_ for j in range(2)]
    assert_allclose(std, np.broadcast_to(np.sqrt(each), (60, 2)))


def test_float32_rows_give_float32_limits():
    X, y = make_data(30, 5)
    model = RenormalizedRidge(1.0).fit(X.astype(np.float32), y.astype(np.float32))
    for method in ("residual", "jackknife+"):
        limits = model.predict_interval(X.astype(np.float32), method=method)
        assert limits.dtype == np.float32
        expected = RenormalizedRidge(1.0).fit(X, y).predict_interval(X, method=method)
        assert_allclose(limits, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["residual", "jackknife+"])
@pytest.mark.parametrize("skewed", [False, True])
def test_coverage_of_fresh_labels(method, skewed):
    rng = np.random.default_rng(0)
    n, p, repetitions = 60, 80, 400 if FULL else 100
    eta = 1.0 / np.arange(1, p + 1)
    inside = []
    for _ in range(repetitions):
        X = rng.standard_normal((n + 50, p)) * np.sqrt(eta)
        noise = rng.exponential(size=n + 50) - 1.0 if skewed else rng.standard_normal(n + 50)
        y = X.sum(axis=1) + 2.0 * noise
        model = TheoryGuidedRidgeCV().fit(X[:n], y[:n])
        low, high = model.predict_interval(X[n:], 0.9, method=method).T
        inside.append(np.mean((low <= y[n:]) & (y[n:] <= high)))
    spread = 3.0 * np.std(inside) / np.sqrt(repetitions)
    assert 0.88 - spread < np.mean(inside) < 0.93 + spread
