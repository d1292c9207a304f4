"""A row is left out with all of its weight: an integer weight is copies kept together."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import make_data
from sklearn.model_selection import KFold

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV


def weighted_and_repeated(shape, seed=0):
    X, y = make_data(*shape, noise=4.0, seed=seed)
    weights = np.random.default_rng(seed).integers(1, 5, len(X))
    rows = np.repeat(np.arange(len(X)), weights)
    return X, y, weights, rows


@pytest.mark.parametrize("shape", [(40, 6), (20, 35), (25, 40)])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("alphas", [None, 12])
def test_weight_equals_copies_left_out_together(shape, fit_intercept, alphas):
    """25 rows of 40 features are more than 40 with copies: either side may be the smaller one."""
    X, y, weights, rows = weighted_and_repeated(shape)
    model = TheoryGuidedRidgeCV(alphas, fit_intercept=fit_intercept)
    weighted = model.fit(X, y, sample_weight=weights)
    expected = TheoryGuidedRidgeCV(alphas, fit_intercept=fit_intercept)
    expected.fit(X[rows], y[rows], groups=rows)
    assert_allclose(weighted.report_.path.alpha, expected.report_.path.alpha, rtol=1e-6)
    assert_allclose(weighted.report_.path.risk, expected.report_.path.risk, rtol=1e-6)
    assert_allclose(weighted.alpha_, expected.alpha_, rtol=1e-6)
    assert_allclose(weighted.risk_, expected.risk_, rtol=1e-9)
    assert_allclose(weighted.coef_, expected.coef_, rtol=1e-6)
    assert_allclose(
        weighted.loo_predictions_[rows], expected.loo_predictions_, rtol=1e-6, atol=1e-9
    )
    assert_allclose(
        weighted.report_.path.effective_df, expected.report_.path.effective_df, rtol=1e-6
    )
    assert_allclose(
        weighted.report_.path.effective_ridge, expected.report_.path.effective_ridge, rtol=1e-6
    )


@pytest.mark.filterwarnings("ignore:risk='gcv' takes weights")
@pytest.mark.filterwarnings("ignore:The best of the given alphas")
@pytest.mark.filterwarnings("ignore::sk_renorm.exceptions.DependentRowsWarning")
@pytest.mark.parametrize("shape", [(40, 6), (20, 35)])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_gcv_weight_equals_plain_repetition(shape, fit_intercept):
    X, y, weights, rows = weighted_and_repeated(shape)
    # duplicates are interpolated at no cost, which fools GCV as alpha -> 0: stay where it is sound
    alphas = np.geomspace(1.0, 1e5, 15)
    common = {"risk": "gcv", "fit_intercept": fit_intercept}
    weighted = TheoryGuidedRidgeCV(alphas, **common).fit(X, y, weights)
    expected = TheoryGuidedRidgeCV(alphas, **common).fit(X[rows], y[rows])
    assert_allclose(weighted.report_.path.risk, expected.report_.path.risk, rtol=1e-9)
    assert weighted.alpha_ == expected.alpha_
    assert_allclose(weighted.coef_, expected.coef_, rtol=1e-8)


@pytest.mark.parametrize("cv", [None, KFold(4)])
def test_zero_weight_equals_removal(cv):
    X, y = make_data(40, 6, noise=4.0)
    weights = np.random.default_rng(0).integers(0, 3, 40).astype(float)
    kept = weights > 0
    folds = None
    if cv is not None:  # the same folds of the rows that remain
        position = np.cumsum(kept) - 1
        folds = [(position[a[kept[a]]], position[b[kept[b]]]) for a, b in cv.split(X)]
    for scoring in (None, "r2"):
        weighted = TheoryGuidedRidgeCV(cv=cv, scoring=scoring).fit(X, y, weights)
        removed = TheoryGuidedRidgeCV(cv=folds, scoring=scoring)
        removed.fit(X[kept], y[kept], weights[kept])
        assert_allclose(weighted.alpha_, removed.alpha_, rtol=1e-9)
        assert_allclose(weighted.best_score_, removed.best_score_, rtol=1e-9)
        assert_allclose(weighted.coef_, removed.coef_, rtol=1e-9)
        assert_allclose(weighted.loo_predictions_[kept], removed.loo_predictions_, rtol=1e-9)
        assert_allclose(weighted.loo_predictions_[~kept], weighted.predict(X[~kept]), rtol=1e-12)


@pytest.mark.parametrize("risk", ["loo", "gcv"])
def test_zero_weights_of_a_target_in_a_column(risk):
    X, y = make_data(40, 6, noise=4.0)
    weights = np.arange(40) % 4 + 0.0
    flat = TheoryGuidedRidgeCV(risk=risk).fit(X, y, weights)
    column = TheoryGuidedRidgeCV(risk=risk).fit(X, y[:, None], weights)
    assert column.loo_predictions_.shape == column.report_.held_out.errors.shape == (40, 1)
    assert_allclose(column.loo_predictions_[:, 0], flat.loo_predictions_)


def test_scale_of_weights_is_a_scale_of_alpha():
    X, y = make_data(40, 6, noise=4.0)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, 40)
    one = TheoryGuidedRidgeCV().fit(X, y, weights)
    thousand = TheoryGuidedRidgeCV().fit(X, y, 1000.0 * weights)
    assert_allclose(thousand.alpha_, 1000.0 * one.alpha_, rtol=1e-6)
    assert_allclose(thousand.risk_, one.risk_, rtol=1e-9)
    assert_allclose(thousand.predict(X), one.predict(X), rtol=1e-7)


def test_scalar_and_unit_weights_are_none():
    X, y = make_data(30, 4, noise=4.0)
    plain = RenormalizedRidge().fit(X, y)
    for weights in (np.ones(30), [1] * 30, 1.0):
        assert_allclose(RenormalizedRidge().fit(X, y, weights).risk_, plain.risk_, rtol=1e-12)
    doubled = RenormalizedRidge(2.0).fit(X, y, 2.0)
    assert_allclose(doubled.coef_, RenormalizedRidge(1.0).fit(X, y).coef_, rtol=1e-10)


@pytest.mark.filterwarnings("ignore::sk_renorm.exceptions.InfluentialRowsWarning")
def test_wide_rows_that_are_all_mean_where_weight_is():
    """Light rows far from it hide the mean of the heavy ones, but from who looks by weight."""
    rng = np.random.default_rng(0)
    X = rng.choice([-1.0, 1.0], 400) + 1e-5 * rng.standard_normal((100, 400))
    X[:10] = 10.0 * rng.choice([-1.0, 1.0], (10, 400))
    y, weights = rng.standard_normal(100), np.where(np.arange(100) < 10, 2e-5, 1.0)
    alpha, expected = 4e-9, np.empty(100)
    for row, others in enumerate(~np.eye(100, dtype=bool)):
        w, root = weights[others], np.sqrt(weights[others])
        x_mean, y_mean = np.average(X[others], 0, w), np.average(y[others], weights=w)
        U, s, V = np.linalg.svd(root[:, None] * (X[others] - x_mean), full_matrices=False)
        coef = V.T @ (s / (s**2 + alpha) * (U.T @ (root * (y[others] - y_mean))))
        expected[row] = y_mean + (X[row] - x_mean) @ coef
    model = RenormalizedRidge(alpha).fit(X, y, sample_weight=weights)
    assert_allclose(model.risk_, np.average((y - expected) ** 2, weights=weights), rtol=1e-7)


def test_weights_too_small_for_an_effective_ridge_leave_it_infinite():
    """Weights that sum to fewer rows than degrees of freedom: no effective sample is left."""
    X, y = make_data(30, 4)
    model = RenormalizedRidge(1e-8).fit(X, y, np.full(30, 1e-2))
    assert model.effective_ridge_ == np.inf
    assert np.isfinite(model.risk_)


def weighted_sample(kind, rng, n, coef):
    """Draw rows, labels and weights, and the noise and shift of the population they speak of."""
    X = rng.standard_normal((n, len(coef)))
    deviation, shift, kink = np.ones(n), 0.0, 0.0
    if kind == "frequency":
        weights = rng.integers(1, 6, n).astype(float)
    elif kind == "any":
        weights = rng.gamma(1.0, 1.0, n)
    elif kind == "importance":
        shift, kink = 0.6, 0.5
        weights = np.exp(shift * X[:, 0] - 0.5 * shift**2)
    else:  # inverse variance
        weights = rng.uniform(0.3, 3.0, n)
        deviation = 1.0 / np.sqrt(weights)
    y = X @ coef + kink * np.abs(X[:, 0]) + deviation * rng.standard_normal(n)
    counts = np.ones(n) if kind == "inverse, all alike" else weights
    return X, y, weights, np.average(deviation**2, weights=counts), shift, kink


def true_risk(model, coef, noise, shift, kink):
    """Expected squared error of fresh rows, but for one integral over the first feature exact."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(100)
    x, off = nodes + shift, model.coef_ - coef
    rest = off[0] * x + model.intercept_ - kink * np.abs(x)
    return weights @ rest**2 / weights.sum() + off[1:] @ off[1:] + noise


@pytest.mark.filterwarnings("ignore:.*come[s]? from row")
@pytest.mark.parametrize(
    "kind", ["frequency", "any", "inverse variance", "inverse, all alike", "importance"]
)
def test_claimed_risk_is_the_truth_within_five_percent(kind):
    """200 rows, 100 features.  GCV on weighted sums, as if weights were rows, is far too low."""
    rng, found = np.random.default_rng(5), []
    for _ in range(260):
        coef = rng.standard_normal(100) / 10.0
        X, y, weights, *population = weighted_sample(kind, rng, 200, coef)
        all_alike = 1.0 / weights if kind == "inverse, all alike" else None
        model = RenormalizedRidge(10.0).fit(X, y, weights, risk_weight=all_alike)
        truth = true_risk(model, coef, *population)
        residuals = y - model.predict(X)
        naive = np.average(residuals**2, weights=weights)
        naive /= (1.0 - (model.effective_df_ + 1.0) / 200) ** 2
        low, high = model.report_.interval(0.9)
        found.append([model.risk_ / truth, naive / truth, low < truth < high])
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(260)
    assert error[0] < 0.05 / 3.0  # 5 % are resolved
    assert abs(mean[0] - 1.0) < 0.05
    assert 0.82 < mean[2] < 0.95
    if kind in ("frequency", "any", "importance"):
        assert mean[1] < {"frequency": 0.85, "any": 0.6, "importance": 0.85}[kind]
