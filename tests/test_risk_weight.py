"""Weights in the risk alone: brute force, what they leave alone, and simulated shifts."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import answer, held_out_errors, make_data, one_by_one, sklearn_errors
from sklearn import config_context
from sklearn.linear_model import Ridge
from sklearn.metrics import get_scorer, mean_absolute_error
from sklearn.model_selection import KFold, LeaveOneGroupOut, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV

ALPHAS = np.array([0.3, 3.0, 30.0])

pytestmark = pytest.mark.filterwarnings("ignore:The best of the given alphas")


def some_weights(n, seed=0, zeros=True):
    return np.random.default_rng(seed).integers(0 if zeros else 1, 5, n).astype(float)


@pytest.mark.parametrize("shape", [(40, 6), (20, 35), (13, 12)])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_risk_is_the_weighted_mean_of_errors_left_out(shape, fit_intercept, weighted):
    X, y = make_data(*shape)
    risk_weight = some_weights(len(X))
    sample_weight = np.random.default_rng(1).uniform(0.3, 2.0, len(X)) if weighted else None
    model = TheoryGuidedRidgeCV(ALPHAS, fit_intercept=fit_intercept)
    model.fit(X, y, sample_weight, risk_weight=risk_weight)
    weights = risk_weight * (sample_weight if weighted else 1.0)
    folds = one_by_one(len(X))
    errors = np.array(
        [sklearn_errors(X, y, a, folds, sample_weight, fit_intercept) for a in ALPHAS]
    )
    risks = np.average(errors**2, axis=1, weights=weights)
    assert_allclose(model.report_.path.risk, risks, rtol=1e-8)
    assert model.alpha_ == ALPHAS[risks.argmin()]
    assert_allclose(model.risk_, risks.min(), rtol=1e-8)
    assert_allclose(model.best_score_, -model.risk_)
    ridge = Ridge(model.alpha_, fit_intercept=fit_intercept).fit(X, y, sample_weight)
    assert_allclose(model.coef_, ridge.coef_, rtol=1e-7)
    assert_allclose(model.report_.held_out.effective_size, weights.sum() ** 2 / np.sum(weights**2))
    assert_allclose(model.predict(X[:3], return_std=True)[1], np.sqrt(risks.min()), rtol=1e-8)


@pytest.mark.parametrize("what", ["folds", "groups"])
def test_folds_pool_weighted_errors(what):
    X, y = make_data(30, 8)
    risk_weight, codes = some_weights(30), np.arange(30) % 7
    risk_weight[codes == 2] = 0.0  # a fold that counts nothing
    common = {"risk_weight": risk_weight}
    if what == "groups":
        model = TheoryGuidedRidgeCV(ALPHAS).fit(X, y, groups=codes, **common)
        folds = list(LeaveOneGroupOut().split(X, y, codes))
        totals = np.bincount(codes, risk_weight)
    else:
        model = TheoryGuidedRidgeCV(ALPHAS, cv=KFold(5)).fit(X, y, **common)
        folds, totals = list(KFold(5).split(X)), risk_weight
    errors = np.array([held_out_errors(X, y, a, folds) for a in ALPHAS])
    assert_allclose(
        model.report_.path.risk, np.average(errors**2, axis=1, weights=risk_weight), rtol=1e-8
    )
    assert_allclose(model.report_.held_out.effective_size, totals.sum() ** 2 / np.sum(totals**2))


def test_copies_left_out_together_carry_their_risk_weight():
    """sample_weight still means copies: the risk counts a row by the product of both."""
    X, y = make_data(25, 40, seed=3)
    counts, risk_weight = some_weights(25, 1), np.random.default_rng(2).uniform(0.0, 2.0, 25)
    rows = np.repeat(np.arange(25), counts.astype(int))
    weighted = TheoryGuidedRidgeCV(12).fit(X, y, counts, risk_weight=risk_weight)
    copies = TheoryGuidedRidgeCV(12)
    copies.fit(X[rows], y[rows], groups=rows, risk_weight=risk_weight[rows])
    assert_allclose(weighted.report_.path.risk, copies.report_.path.risk, rtol=1e-6)
    assert_allclose(weighted.alpha_, copies.alpha_, rtol=1e-6)


def test_equal_weights_are_none_and_scale_means_nothing():
    X, y = make_data(30, 6)
    plain = TheoryGuidedRidgeCV().fit(X, y)
    equal = TheoryGuidedRidgeCV().fit(X, y, risk_weight=np.full(30, 0.1))
    assert equal.report_.held_out.weights is None
    for name in ("alpha_", "risk_", "risk_std_error_", "coef_", "report_.held_out.effective_size"):
        assert_allclose(answer(equal, name), answer(plain, name), rtol=1e-12)
    weights = some_weights(30)
    one = TheoryGuidedRidgeCV().fit(X, y, risk_weight=weights)
    huge = TheoryGuidedRidgeCV().fit(X, y, risk_weight=1e300 * weights)
    for name in ("alpha_", "risk_", "risk_std_error_", "report_.held_out.weights"):
        assert_allclose(answer(huge, name), answer(one, name), rtol=1e-12)
    assert_allclose(one.report_.held_out.weights.mean(), 1.0)


def test_rows_of_zero_sample_weight_count_for_nothing():
    X, y = make_data(30, 6)
    sample_weight, risk_weight = some_weights(30), some_weights(30, 1) + 0.5
    kept = sample_weight > 0
    full = TheoryGuidedRidgeCV().fit(X, y, sample_weight, risk_weight=risk_weight)
    part = TheoryGuidedRidgeCV()
    part.fit(X[kept], y[kept], sample_weight[kept], risk_weight=risk_weight[kept])
    for name in ("alpha_", "risk_", "risk_std_error_", "report_.held_out.effective_size"):
        assert_allclose(answer(full, name), answer(part, name), rtol=1e-12)
    assert_array_equal(full.report_.held_out.weights > 0.0, kept)


@pytest.mark.parametrize("estimator", [TheoryGuidedRidgeCV(), RenormalizedRidge()])
def test_series_lists_and_targets(estimator):
    pandas = pytest.importorskip("pandas")
    X, Y = make_data(30, 6, 2)
    weights = some_weights(30)
    before = weights.copy()
    model = estimator.fit(X, Y, risk_weight=pandas.Series(weights, index=np.arange(30)[::-1]))
    assert_array_equal(weights, before)
    errors = np.square(model.report_.held_out.errors)
    assert_allclose(model.risk_, np.average(errors, axis=0, weights=weights).mean(), rtol=1e-10)
    again = estimator.fit(X, Y, risk_weight=list(weights))
    assert_allclose(again.risk_, model.risk_)


def test_scorer_gets_the_weights():
    X, y = make_data(40, 8, noise=3.0)
    weights = some_weights(40)
    weights[:10] = 0.0  # a fold that no score can be had of
    name = "neg_mean_absolute_error"
    model = TheoryGuidedRidgeCV(ALPHAS, scoring=name).fit(X, y, risk_weight=weights)
    errors = [held_out_errors(X, y, a, one_by_one(40)) for a in ALPHAS]
    losses = [mean_absolute_error(e, np.zeros(40), sample_weight=weights) for e in errors]
    assert model.alpha_ == ALPHAS[np.argmin(losses)]
    assert_allclose(model.best_score_, -min(losses), rtol=1e-9)
    folds = list(KFold(4).split(X))
    model = TheoryGuidedRidgeCV([3.0], cv=KFold(4), scoring=name).fit(X, y, risk_weight=weights)
    errors = held_out_errors(X, y, 3.0, folds)
    scores = [np.average(np.abs(errors[test]), weights=weights[test]) for _, test in folds[1:]]
    assert_allclose(model.best_score_, -np.mean(scores), rtol=1e-9)
    by_rule = TheoryGuidedRidgeCV(scoring=name, selection="1se").fit(X, y, risk_weight=weights)
    assert by_rule.alpha_ >= TheoryGuidedRidgeCV(scoring=name).fit(X, y, risk_weight=weights).alpha_


def test_error_bar_is_the_formula():
    """Scatter and shared training set of the weighted mean; degrees of freedom as without."""
    X, y = make_data(12, 30, seed=1)
    weights, alpha = some_weights(12), 3.0
    model = RenormalizedRidge(alpha).fit(X, y, risk_weight=weights)
    losses = held_out_errors(X, y, alpha, one_by_one(12)) ** 2
    share = weights / weights.sum()
    risk = share @ losses
    values = np.linalg.svd(X - X.mean(axis=0), compute_uv=False)[:11] ** 2
    g = 1.0 / (values + alpha)
    excess = np.mean(g**2) / np.mean(g) ** 2 - 1.0
    variance = np.sum(share**2 * (losses - risk) ** 2) + np.sum(share**2) * 4 * risk**2 * excess
    assert_allclose(model.risk_std_error_, np.sqrt(variance), rtol=1e-7)


@pytest.mark.parametrize("groups", [None, np.arange(60) % 12])
def test_what_is_said_of_the_population_of_the_rows_stays(groups):
    X, y = make_data(60, 20)
    plain = RenormalizedRidge(3.0).fit(X, y, groups=groups)
    weighted = RenormalizedRidge(3.0).fit(X, y, groups=groups, risk_weight=some_weights(60))
    assert weighted.risk_ != plain.risk_
    for name in (
        "coef_",
        "report_.noise.interval",
        "report_.noise.r2_ceiling",
        "report_.held_out.errors",
    ):
        assert_allclose(answer(weighted, name), answer(plain, name), rtol=1e-10)
    curves = [model.report_.learning_curve([40, 90], alpha=3.0).risk for model in (weighted, plain)]
    assert_allclose(*curves, rtol=1e-10)
    assert "risk_weight" in str(weighted.report_)
    assert "risk_weight" not in str(plain.report_)


def test_refusals():
    X, y = make_data(20, 3)
    weights = some_weights(20)
    with pytest.raises(ValueError, match="use risk='loo' with risk_weight"):
        TheoryGuidedRidgeCV(risk="gcv").fit(X, y, risk_weight=weights)
    with pytest.raises(ValueError, match="sample_correlation cannot be combined with risk_weight"):
        RenormalizedRidge(sample_correlation="ar1").fit(X, y, risk_weight=weights)
    untested = [(np.arange(10), np.arange(10, 20))]
    with pytest.raises(ValueError, match="No row that cv tests has a risk_weight"):
        RenormalizedRidge(cv=untested).fit(X, y, risk_weight=np.repeat([1.0, 0.0], 10))
    for bad, message in [
        (-weights, "Negative values in risk_weight"),
        (weights[:-1], "risk_weight has 19 values for 20 rows"),
        (0.0 * weights, "All risk weights are zero"),
        (np.eye(20)[0], "At least two rows of positive sample_weight"),
        (weights[:, None], "Risk weights must be 1D"),
        (np.full(20, np.nan), "NaN"),
    ]:
        model = RenormalizedRidge()
        with pytest.raises(ValueError, match=message):
            model.fit(X, y, risk_weight=bad)
        assert not hasattr(model, "coef_")


def test_routing():
    X, y = make_data(40, 5)
    weights = some_weights(40, zeros=False)
    direct = TheoryGuidedRidgeCV().fit(X[:20], y[:20], risk_weight=weights[:20])
    folds = [(np.arange(20), np.arange(20, 40))]
    pipeline = make_pipeline(StandardScaler(with_std=False), TheoryGuidedRidgeCV())
    by_name = pipeline.fit(X, y, theoryguidedridgecv__risk_weight=weights)[-1]
    assert_allclose(by_name.risk_, TheoryGuidedRidgeCV().fit(X, y, risk_weight=weights).risk_)
    with config_context(enable_metadata_routing=True):
        model = TheoryGuidedRidgeCV().set_fit_request(risk_weight=True)
        result = cross_validate(
            model, X, y, cv=folds, params={"risk_weight": weights}, return_estimator=True
        )
        assert_allclose(result["estimator"][0].risk_, direct.risk_)
        scorer = get_scorer("neg_mean_absolute_error")
        model = TheoryGuidedRidgeCV(scoring=scorer).set_fit_request(risk_weight=True)
        routed = model.fit(X, y, risk_weight=weights)
    plain = TheoryGuidedRidgeCV(scoring="neg_mean_absolute_error").fit(X, y, risk_weight=weights)
    assert_allclose(routed.best_score_, plain.best_score_)


def quantile(values, shares, level):
    """The least value up to which the shares reach the level, one by one."""
    total = 0.0
    for i in np.argsort(values):
        total += shares[i]
        if total >= level - 1e-9:
            return values[i]
    raise AssertionError


def test_intervals_are_weighted_quantiles():
    X, y = make_data(60, 4)
    weights = some_weights(60)
    model = RenormalizedRidge(2.0).fit(X, y, risk_weight=weights)
    size = weights.sum() ** 2 / np.sum(weights**2)
    shares = weights / weights.sum() * size / (size + 1.0)
    x = X[:1] + 0.3
    prediction, errors = model.predict(x)[0], model.report_.held_out.errors
    low, high = model.predict_interval(x, 0.8)[0]
    assert_allclose(high, prediction + quantile(errors, shares, 0.9))
    assert_allclose(low, prediction - quantile(-errors, shares, 0.9))
    left_out = np.array(
        [Ridge(2.0).fit(X[train], y[train]).predict(x)[0] for train, _ in one_by_one(60)]
    )
    low, high = model.predict_interval(x, 0.8, "jackknife+")[0]
    assert_allclose(high, quantile(left_out + np.abs(errors), shares, 0.8), rtol=1e-8)
    assert_allclose(low, -quantile(np.abs(errors) - left_out, shares, 0.8), rtol=1e-8)
    with pytest.raises(ValueError, match="support levels up to"):
        model.predict_interval(x, 0.99)


def shifted_data(rng, n, coef, shift):
    """Rows whose first feature is off by ``shift``, and a kink in it that no line follows."""
    X = rng.standard_normal((n, len(coef)))
    X[:, 0] += shift
    return X, X @ coef + np.abs(X[:, 0]) + 0.4 * rng.standard_normal(n)


def exact_risk(model, coef, shift):
    """Expected squared error where the first feature is off by ``shift``: one integral is left."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    x, weights = nodes + shift, weights / weights.sum()
    off = model.coef_ - coef
    rest = off[0] * x + model.intercept_ - np.abs(x)
    return weights @ rest**2 + off[1:] @ off[1:] + 0.4**2


@pytest.mark.parametrize("p", [8, 100])
def test_risk_under_covariate_shift(p):
    """Risk, its error bar and intervals are those of the new population; without weights not."""
    n, shift, repetitions = 300, 0.8, 300
    rng = np.random.default_rng(p)
    found = []
    for _ in range(repetitions):
        coef = rng.standard_normal(p) / np.sqrt(p)
        X, y = shifted_data(rng, n, coef, 0.0)
        X_new, y_new = shifted_data(rng, 200, coef, shift)
        ratio = np.exp(shift * X[:, 0] - 0.5 * shift**2)
        model = TheoryGuidedRidgeCV().fit(X, y, risk_weight=ratio)
        plain = TheoryGuidedRidgeCV().fit(X, y)
        truth = exact_risk(model, coef, shift)
        low_risk, high_risk = model.report_.interval(0.9)
        low, high = model.predict_interval(X_new, 0.9).T
        found.append(
            [
                model.risk_ / truth,
                plain.risk_ / exact_risk(plain, coef, shift),
                low_risk <= truth <= high_risk,
                np.mean((low <= y_new) & (y_new <= high)),
                (model.risk_ - truth) ** 2,
                model.risk_std_error_**2,
            ]
        )
    mean = np.mean(found, axis=0)
    error = np.std(found, axis=0) / np.sqrt(repetitions)
    assert error[0] < 0.015  # so that 5 % are told from nothing
    assert abs(mean[0] - 1.0) < 3.0 * error[0]
    assert mean[1] < 0.85
    assert 0.8 < mean[2] < 0.95
    assert -3.0 * error[3] < mean[3] - 0.9 < 0.01 + 3.0 * error[3]  # at least 90 %
    assert 0.85 < np.sqrt(mean[4] / mean[5]) < 1.15
