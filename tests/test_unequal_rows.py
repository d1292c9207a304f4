"""Rows of unequal size: averages over them, what leverages tell of them, and forecasts."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import make_data
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import norm

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV, theory
from sk_renorm.report.learning_curve import FittedPath
from sk_renorm.report.unequal_rows import Sizes, row_averages, spread_of

P = 60
ETA = 1.0 / np.arange(1, P + 1) ** 1.2
ETA /= ETA.mean()
W = np.random.default_rng(5).standard_normal(P)
W /= np.sqrt(np.sum(ETA * W**2))


def average(of, spread):
    """Mean of ``of(tau)`` over lognormal sizes of mean one, by adaptive quadrature."""
    if not spread:
        return of(1.0)

    def integrand(z):
        return of(np.exp(np.sqrt(spread) * z - 0.5 * spread)) * np.exp(-0.5 * z * z)

    return quad(integrand, -12.0, 12.0, limit=400, epsabs=0.0)[0] / np.sqrt(2.0 * np.pi)


@pytest.mark.parametrize("spread", [0.0, 0.1, 1.0, 4.0])
@pytest.mark.parametrize("leverage", [1e-6, 0.05, 0.5, 0.95, 1.0 - 1e-6])
def test_averages_are_those_of_adaptive_quadrature(spread, leverage):
    found = row_averages(np.array([spread]), np.array([leverage]))
    kappa = np.exp(
        brentq(lambda x: average(lambda t: t / (t + np.exp(x)), spread) - leverage, -40.0, 40.0)
    )
    square = average(lambda t: (t / (t + kappa)) ** 2, spread)
    even = average(lambda t: t / (t + kappa) ** 2, spread)
    rtol = 1e-7 if spread <= 1.0 else 2e-4
    assert_allclose(found.row_kappa, kappa, rtol=rtol)
    assert_allclose(found.square, square / leverage**2, rtol=rtol)
    assert_allclose(found.even_square, even / leverage**2, rtol=rtol)


@pytest.mark.parametrize("spread", [0.0, 0.3, 2.0])
def test_spread_is_read_off_the_scatter_of_leverages(spread):
    leverage = np.array([1e-3, 0.3, 0.9])
    scatter = row_averages(np.full(3, spread), leverage).scatter
    assert_allclose(spread_of(scatter, leverage), spread, atol=1e-5)


def exact_risk(sizes, noise, alphas, spectrum):
    """Rows of size tau and even noise: ``sqrt(tau)`` times rows of size one and noise 1 / tau."""
    return theory.weighted_risk(
        spectrum, alphas / len(sizes), sizes, noise, noise_scale=1.0 / sizes
    )


def exact_path(sizes, noise, alphas, spectrum):
    """What a fit to rows of these sizes sees: as `FittedPath`, with the gamma of equal rows."""
    n = len(sizes)
    step = 1e-4

    here, less, more = (
        exact_risk(sizes, noise, factor * alphas, spectrum)
        for factor in (1.0, 1.0 - step, 1.0 + step)
    )
    falls = (less.df1 - more.df1) / (2.0 * step)
    df2 = here.df1 - falls / (1.0 - falls / (n - here.df1))
    leverages = sizes / (sizes + here.row_kappa[:, None])
    path = FittedPath(
        kappa=alphas / (n - here.df1),
        df1=here.df1,
        df2=df2,
        B=(here.risk * (1.0 - df2 / n))[:, None],
        relative_error=np.zeros((len(alphas), 1)),
        even_noise=np.zeros((len(alphas), 1)),
        leverage_dispersion=leverages.std(axis=1) / (1.0 - leverages.mean(axis=1)),
        n_modes=n,
        most_df=len(spectrum.eigenvalues),
        fit_intercept=False,
        interpolates=False,
        least_noise=np.zeros(1),
    )
    return path, here


def quantiles(n, spread):
    sizes = np.exp(np.sqrt(spread) * norm.ppf((np.arange(n) + 0.5) / n))
    return sizes / sizes.mean()


def test_from_the_exact_path_come_the_exact_degrees_of_freedom_and_other_sizes():
    """Against the theory of weighted rows: a thousand modes, so that chance scatters nothing."""
    eta = 1.0 / np.arange(1, 1001) ** 0.5
    spectrum, noise = theory.Spectrum(eta, np.ones(1000)), 200.0
    n, alphas = 2000, np.geomspace(1.0, 300.0, 8)
    path, here = exact_path(quantiles(n, 1.0), noise, alphas, spectrum)
    unequal = path.for_unequal_rows(np.array([noise]))
    assert_allclose(unequal.df2, here.df2, rtol=5e-3)
    assert_allclose(unequal.kappa, here.kappa, rtol=5e-3)
    assert_allclose(unequal.B[:, 0], here.bias2 + noise, rtol=5e-3)
    for m in (1000, 2000, 8000):
        risks, penalties = unequal.risks(m)
        possible = (penalties > 0.0) & np.isfinite(risks[:, 0])
        there = exact_risk(quantiles(m, 1.0), noise, penalties[possible], spectrum)
        assert possible.sum() >= 4
        assert_allclose(risks[possible, 0], there.risk, rtol=5e-3)
    taken_for_equal = path.risks(8000)[0][possible, 0]
    assert np.max(np.abs(taken_for_equal / there.risk - 1.0)) > 0.2


def test_equal_rows_keep_their_path():
    leverage = np.array([0.1, 0.5, 0.9])
    sizes = Sizes.of(100.0 * leverage, 60.0 * leverage, 100, np.zeros(3))
    assert_allclose(sizes.spread, 0.0, atol=1e-6)
    assert_allclose(sizes.df2, 60.0 * leverage, rtol=1e-5)
    assert_allclose(sizes.averages.square, 1.0, rtol=1e-5)


@pytest.mark.parametrize(("n", "p"), [(80, 20), (50, 90)])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_even_noise_is_a_regression_of_the_errors_on_the_leverages(n, p, fit_intercept):
    X, y = make_data(n, p)
    X = X * np.exp(np.random.default_rng(1).standard_normal(n))[:, None]
    centred = X - X.mean(axis=0) if fit_intercept else X
    target = y - y.mean() if fit_intercept else y
    model = RenormalizedRidge(1.0, fit_intercept=fit_intercept).fit(X, y)
    hat = centred @ np.linalg.solve(centred.T @ centred + np.eye(p), centred.T)
    leverage = np.diag(hat)
    rest = 1.0 - leverage - (1.0 / n if fit_intercept else 0.0)
    squares = np.square(target - hat @ target)  # (1 - h)^2 e^2
    moments = np.array([rest @ rest, rest @ leverage, leverage @ leverage])
    sums = np.array([squares.sum(), squares @ (leverage / rest)])
    wanted, _ = np.linalg.solve([moments[:2], moments[1:]], sums)
    assert_allclose(model.report_.profile.even_noise, np.clip(wanted, 0.0, model.risk_), rtol=1e-8)


def draw(rng, n, spread, matched):
    tau = np.exp(np.sqrt(spread) * rng.standard_normal(n) - 0.5 * spread)
    noise = 0.5 * rng.standard_normal(n) * (np.sqrt(tau) if matched else 1.0)
    X = rng.standard_normal((n, P)) * np.sqrt(ETA * tau[:, None])
    return X, X @ W + noise


@pytest.mark.filterwarnings("ignore:.* far from all others")
@pytest.mark.parametrize(("spread", "matched"), [(0.0, False), (1.0, False), (1.0, True)])
def test_forecasts_hold_for_rows_of_unequal_size(spread, matched):
    """Mean forecast from 150 rows at a fixed penalty, to a third and 4 times as many."""
    rng = np.random.default_rng(2)
    alpha, sizes = 3.0, [50, 600]
    model = RenormalizedRidge(alpha, fit_intercept=False)
    forecasts = np.array(
        [
            model.fit(*draw(rng, 150, spread, matched))
            .report_.learning_curve(sizes, alpha=alpha)
            .risk
            for _ in range(60)
        ]
    )
    for size, some in zip(sizes, forecasts.T, strict=True):
        exact = []
        for _ in range(40):
            X, y = draw(rng, size, spread, matched)
            coef = np.linalg.solve(X.T @ X + alpha * np.eye(P), X.T @ y)
            exact.append(ETA @ (coef - W) ** 2 + 0.25)
        error = np.hypot(np.std(some) / np.sqrt(len(some)), np.std(exact) / np.sqrt(40))
        assert abs(np.mean(some) - np.mean(exact)) < 3.0 * error + 0.03 * np.mean(exact)


def test_weights_and_groups_have_no_even_noise():
    X, y = make_data(60, 10)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, 60)
    assert RenormalizedRidge().fit(X, y, sample_weight=weights).report_.profile.even_noise is None
    grouped = TheoryGuidedRidgeCV().fit(X, y, groups=np.repeat(np.arange(20), 3))
    assert grouped.report_.profile.even_noise is None
    same = RenormalizedRidge().fit(X, y, sample_weight=np.full(60, 3.0)).report_.profile.even_noise
    assert np.all(np.isfinite(same))


def test_targets_have_even_noise_of_their_own():
    X, y = make_data(60, 10)
    Y = np.column_stack([y, 10.0 * y])
    model = TheoryGuidedRidgeCV(alpha_per_target=True).fit(X, Y)
    even = model.report_.profile.even_noise
    assert_allclose(even[1], 100.0 * even[0], rtol=1e-9)


@pytest.mark.parametrize("alpha", [0.0, 1e-3, 1.0])
def test_a_row_with_a_column_of_its_own_has_leverage_one_and_no_say(alpha):
    X, y = make_data(60, 10)
    X[:, 3] = 0.0
    X[7, 3] = 2.0
    model = RenormalizedRidge(alpha).fit(X, y)
    assert 0.0 <= model.report_.profile.even_noise <= model.risk_
    assert np.all(np.isfinite(model.report_.learning_curve([20, 60, 240], alpha=alpha).risk))
