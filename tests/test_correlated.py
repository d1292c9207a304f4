"""Correlated rows: against exact bases, simulation, and the case of no correlation."""

import os

import numpy as np
import pytest
import scipy.fft
from numpy.testing import assert_allclose
from reference import make_data
from scipy.linalg import toeplitz

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm._risk.correlated.row_correlation import RowCorrelation
from sk_renorm._risk.correlated.rows import effective_row_ridge

FULL = os.environ.get("SK_RENORM_SLOW") == "1"
pytestmark = [
    pytest.mark.filterwarnings("ignore:Rows predict their neighbours"),
    pytest.mark.filterwarnings("ignore:The best of the given alphas"),
]


def autoregression(rng, n, rho, columns):
    noise = rng.standard_normal((n, columns))
    rows = np.empty_like(noise)
    rows[0] = noise[0]
    for t in range(1, n):
        rows[t] = rho * rows[t - 1] + np.sqrt(1.0 - rho**2) * noise[t]
    return rows


def draw(rng, n, p, rho, noise_rho, sigma=0.5):
    """Rows of a power law in time order, with labels and coefficients."""
    eta = 1.0 / np.arange(1, p + 1)
    w = np.ones(p) / np.sqrt(eta.sum())
    X = autoregression(rng, n, rho, p) * np.sqrt(eta)
    return X, X @ w + sigma * autoregression(rng, n, noise_rho, 1)[:, 0], eta, w


def far_risk(model, eta, w, sigma=0.5):
    delta = model.coef_ - w
    return eta @ delta**2 + model.intercept_**2 + sigma**2


@pytest.mark.parametrize("n", [5, 40, 41])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_spectrum_is_the_diagonal_in_cosines(n, fit_intercept):
    lags = 0.8 ** np.arange(n)
    correlation = RowCorrelation.stationary(lags, n, fit_intercept)
    basis = scipy.fft.dct(np.eye(n), axis=0, norm="ortho")
    diagonal = np.einsum("jt,ts,js->j", basis, toeplitz(lags), basis)
    assert_allclose(correlation.spectrum, diagonal[int(fit_intercept) :], rtol=1e-9)
    assert_allclose(correlation.mean, toeplitz(lags).mean())
    assert_allclose(correlation.sum_of_squares, np.sum(toeplitz(lags) ** 2) / n)


def test_matrix_keeps_the_complement_of_the_constant():
    rng = np.random.default_rng(0)
    factor = rng.standard_normal((12, 12))
    matrix = np.corrcoef(factor)
    correlation = RowCorrelation.from_matrix(matrix, True)
    assert correlation.basis.shape == (12, 11)
    assert_allclose(correlation.basis.sum(axis=0), 0.0, atol=1e-10)
    centring = np.eye(12) - 1.0 / 12
    rebuilt = correlation.basis * correlation.spectrum @ correlation.basis.T
    assert_allclose(rebuilt, centring @ matrix @ centring, atol=1e-7)


def test_effective_row_ridge_solves_its_equation():
    spectrum = np.geomspace(1e-4, 1e3, 50)
    share = np.array([[1e-6, 0.3], [0.9, 1.0 - 1e-6]])
    kt = effective_row_ridge(spectrum, share)
    assert_allclose(
        np.mean(spectrum[:, None, None] / (spectrum[:, None, None] + kt), axis=0), share
    )


@pytest.mark.parametrize("p", [5, 60])
def test_without_correlation_corrgcv_is_gcv(p):
    X, y = make_data(40, p)
    alphas = [0.1, 1.0, 10.0]
    for given in ([1.0], np.eye(40)):
        corr = TheoryGuidedRidgeCV(alphas, risk="gcv", sample_correlation=given).fit(X, y)
        plain = TheoryGuidedRidgeCV(alphas, risk="gcv").fit(X, y)
        assert_allclose(corr.report_.path.risk, plain.report_.path.risk, rtol=1e-6)
        assert corr.alpha_ == plain.alpha_


def test_cosines_and_the_matrix_agree():
    rng = np.random.default_rng(0)
    X, y, _, _ = draw(rng, 200, 50, 0.8, 0.8)
    lags = 0.8 ** np.arange(200)
    for risk in ("loo", "gcv"):
        by_lags = TheoryGuidedRidgeCV([5.0], risk=risk, sample_correlation=lags).fit(X, y)
        by_matrix = TheoryGuidedRidgeCV([5.0], risk=risk, sample_correlation=toeplitz(lags))
        by_function = TheoryGuidedRidgeCV(
            [5.0], risk=risk, sample_correlation=lambda n: 0.8 ** np.arange(n)
        )
        assert_allclose(by_lags.risk_, by_matrix.fit(X, y).risk_, rtol=0.03)
        assert_allclose(by_lags.risk_, by_function.fit(X, y).risk_)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "p", "rho"), [(200, 100, 0.8), (200, 300, 0.9), (400, 40, 0.7)])
@pytest.mark.parametrize("matched", [True, False], ids=["correlated noise", "independent noise"])
def test_risk_of_far_rows(n, p, rho, matched):
    """The fit of both kinds of noise holds for either; leave-one-out and CorrGCV do not."""
    rng = np.random.default_rng(0)
    lags = rho ** np.arange(n)
    ratios = {name: [] for name in ("two", "corrgcv", "loo", "ar1")}
    for _ in range(200 if FULL else 40):
        X, y, eta, w = draw(rng, n, p, rho, rho if matched else 0.0)
        models = {
            "two": RenormalizedRidge(0.1 * n, sample_correlation=lags),
            "corrgcv": TheoryGuidedRidgeCV([0.1 * n], risk="gcv", sample_correlation=lags),
            "loo": RenormalizedRidge(0.1 * n),
            "ar1": RenormalizedRidge(0.1 * n, sample_correlation="ar1"),
        }
        for name, model in models.items():
            ratios[name].append(model.fit(X, y).risk_ / far_risk(model, eta, w))
    mean = {name: np.mean(values) for name, values in ratios.items()}
    error = {name: np.std(values) / np.sqrt(len(values)) for name, values in ratios.items()}
    assert abs(mean["two"] - 1.0) < 0.05 + 3.0 * error["two"]
    assert abs(mean["ar1"] - 1.0) < 0.08 + 3.0 * error["ar1"]
    assert mean["loo"] < 0.95
    if matched:
        assert abs(mean["corrgcv"] - 1.0) < 0.05 + 3.0 * error["corrgcv"]
    else:
        assert mean["corrgcv"] > mean["two"]


@pytest.mark.parametrize("rho", [0.5, 0.9])
@pytest.mark.parametrize("order", ["ar1", "estimate"])
def test_correlation_is_found_from_the_rows(rho, order):
    found = []
    for seed in range(5):
        X, y, _, _ = draw(np.random.default_rng(seed), 400, 30, rho, 0.0)
        model = RenormalizedRidge(1.0, sample_correlation=order).fit(X, y)
        found.append(model.report_.dependence.sample_correlation[1])
    assert_allclose(np.mean(found), rho, atol=0.05)


def test_estimate_finds_no_correlation_where_there_is_none():
    X, y = make_data(300, 10)
    model = RenormalizedRidge(1.0, sample_correlation="estimate").fit(X, y)
    assert len(model.report_.dependence.sample_correlation) == 1


def test_targets_together_equal_each_alone():
    rng = np.random.default_rng(0)
    X, y, _, _ = draw(rng, 100, 30, 0.8, 0.8)
    Y = np.column_stack([y, autoregression(rng, 100, 0.8, 1)[:, 0]])
    both = TheoryGuidedRidgeCV(alpha_per_target=True, sample_correlation="ar1").fit(X, Y)
    for target in range(2):
        one = TheoryGuidedRidgeCV(sample_correlation="ar1").fit(X, Y[:, target])
        assert_allclose(both.risk_[target], one.risk_, rtol=1e-3)
        assert_allclose(
            both.report_.dependence.far_error_factor[target],
            one.report_.dependence.far_error_factor,
            rtol=1e-2,
        )


def test_scale_does_not_matter():
    X, y, _, _ = draw(np.random.default_rng(0), 100, 30, 0.8, 0.8)
    model = TheoryGuidedRidgeCV(sample_correlation="ar1").fit(X, y)
    scaled = TheoryGuidedRidgeCV(sample_correlation="ar1").fit(1e6 * X, 1e-6 * y)
    assert_allclose(scaled.risk_, 1e-12 * model.risk_, rtol=1e-4)


@pytest.mark.parametrize("alpha", [0.0, 1e-12, 1e12])
@pytest.mark.parametrize("p", [3, 200])
def test_extreme_penalties_are_finite(alpha, p):
    X, y, _, _ = draw(np.random.default_rng(0), 60, p, 0.9, 0.9)
    for risk in ("loo", "gcv"):
        model = TheoryGuidedRidgeCV([alpha], risk=risk, sample_correlation="ar1").fit(X, y)
        assert np.isfinite(model.risk_)
        assert np.isfinite(model.risk_std_error_)


@pytest.mark.parametrize(
    "given", ["ar1", "estimate", np.eye(30)], ids=["ar1", "estimate", "matrix"]
)
def test_constant_columns_leave_the_mean(given):
    y = np.random.default_rng(0).standard_normal(30)
    model = TheoryGuidedRidgeCV(sample_correlation=given).fit(np.ones((30, 2)), y)
    assert_allclose(model.predict(np.ones((1, 2))), y.mean())
    assert np.isfinite(model.risk_)


@pytest.mark.slow
def test_intervals_are_for_far_rows():
    rng = np.random.default_rng(0)
    inside, near = [], []
    for _ in range(200 if FULL else 50):
        X, y, eta, w = draw(rng, 200, 60, 0.9, 0.9)
        new = rng.standard_normal((200, 60)) * np.sqrt(eta)
        labels = new @ w + 0.5 * rng.standard_normal(200)
        for hits, given in ((inside, "ar1"), (near, "independent")):
            model = RenormalizedRidge(5.0, sample_correlation=given).fit(X, y)
            low, high = model.predict_interval(new).T
            hits.append(np.mean((low <= labels) & (labels <= high)))
    assert 0.83 < np.mean(inside) < 0.95
    assert np.mean(near) < np.mean(inside) - 0.1


# messages


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([0.5, 0.2], "must start with 1"),
        ([1.0, 2.0], "between -1 and 1"),
        ([1.0, np.nan], "finite"),
        (np.eye(7), "shape"),
        (np.triu(np.ones((30, 30))), "symmetric"),
        (np.zeros((30, 30)), "positive diagonal"),
        ("arma", "sample_correlation"),
    ],
    ids=str,
)
def test_correlations_that_make_no_sense_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        RenormalizedRidge(1.0, sample_correlation=given).fit(*make_data(30, 5))


def test_combinations_that_make_no_sense_are_refused():
    X, y = make_data(30, 5)
    model = TheoryGuidedRidgeCV(sample_correlation="ar1")
    with pytest.raises(ValueError, match="cv or groups"):
        model.set_params(cv=5).fit(X, y)
    model.set_params(cv=None)
    with pytest.raises(ValueError, match="cv or groups"):
        model.fit(X, y, groups=np.arange(30) // 3)
    with pytest.raises(ValueError, match="sample_weight"):
        model.fit(X, y, sample_weight=np.arange(1.0, 31.0))
    with pytest.raises(ValueError, match="scoring"):
        TheoryGuidedRidgeCV(sample_correlation="ar1", scoring="r2").fit(X, y)
    fitted = TheoryGuidedRidgeCV(sample_correlation="ar1").fit(X, y)
    with pytest.raises(ValueError, match="jackknife"):
        fitted.predict_interval(X, method="jackknife+")
