"""Where precision ends, and degenerate data: finite, meaningful numbers."""

import mpmath
import numpy as np
import pytest
from exact import exact_errors
from numpy.testing import assert_allclose
from reference import answer, held_out_errors, make_data, one_by_one, ridge_fit
from sklearn.model_selection import KFold

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm._linalg import choose_factorization, factorize

ATTRIBUTES = ["alpha_", "risk_", "effective_df_", "effective_ridge_", "report_.leverage_dispersion"]


def assert_finite(model, X):
    for name in [*ATTRIBUTES, "coef_", "intercept_", "report_.path.risk", "loo_predictions_"]:
        assert np.isfinite(answer(model, name)).all(), name
    assert np.isfinite(model.predict(X)).all()
    assert 0 <= model.effective_df_ <= min(len(X) - 1, X.shape[1]) + 1e-9
    assert model.risk_ >= 0


def graded_data(shape, smallest, noise, seed=0):
    """Singular values from 1 down to ``smallest``, one unit of signal along each left vector."""
    rng = np.random.default_rng(seed)
    n, p = shape
    r = min(n - 1, p)
    basis = np.column_stack([np.ones(n), rng.standard_normal((n, r))])
    U = np.linalg.qr(basis)[0][:, 1 : r + 1]
    V = np.linalg.qr(rng.standard_normal((p, r)))[0]
    s = np.geomspace(1.0, smallest, r)
    return (U * s) @ V.T, U @ (s * rng.standard_normal(r)) + noise * rng.standard_normal(n)


@pytest.mark.parametrize("shape", [(60, 30), (30, 60)])
def test_singular_values_that_a_gram_matrix_loses_are_found(shape):
    """Singular values 1 ... 1e-10 with noise 1e-9: the Gram matrix ends at 1e-8."""
    X, y = graded_data(shape, 1e-10, 1e-9)
    model = TheoryGuidedRidgeCV().fit(X, y)
    grid = np.geomspace(1e-24, 1.0, 120)
    risks = [np.mean(held_out_errors(X, y, a, one_by_one(len(X))) ** 2) for a in grid]
    assert model.risk_ <= min(risks) * 1.01
    errors = held_out_errors(X, y, model.alpha_, one_by_one(len(X)))
    assert_allclose(model.risk_, np.mean(errors**2), rtol=1e-3)
    assert model.alpha_ < 1e-14, "the case is meant to need penalties that a Gram matrix loses"


def test_rows_only_where_given_penalties_need_them():
    """Lost singular values cost nothing where penalties that are given drown them anyway."""
    X, y = graded_data((60, 30), 1e-10, 1e-2)
    for alpha, name in ((1e-3, "column_gram"), (1e-16, "rows")):
        model = RenormalizedRidge(alpha).fit(X, y)
        assert model.report_.factorization.startswith(name)
        errors = held_out_errors(X, y, alpha, one_by_one(len(X)))
        assert_allclose(y - model.loo_predictions_, errors, rtol=1e-5)


@pytest.mark.parametrize("graded", [1.0, 1e9])
@pytest.mark.parametrize("shape", [(60, 30), (30, 60), (31, 30)])
def test_all_factorizations_agree(shape, graded):
    """With singular values of forty digits, also for a column of another scale."""
    X, Y = make_data(*shape, q=2)
    X[:, 3] *= graded
    f = factorize(X, Y)
    with mpmath.workdps(40):
        exact = mpmath.matrix(X.tolist())
        centring = mpmath.eye(shape[0]) - mpmath.ones(shape[0]) / shape[0]
        values = mpmath.svd_r(centring * exact, compute_uv=False)
    values = np.sort([float(value) for value in values])[-f.rank :]
    assert f.rank == min(shape[0] - 1, shape[1])
    assert_allclose(f.eigenvalues, values**2, rtol=1e-10)


def test_rows_and_columns_give_the_same():
    """The same problem through the Gram matrix of rows and of columns: add columns of zeros."""
    X, y = make_data(60, 10, noise=3.0)
    wide = np.column_stack([X, np.zeros((60, 60))])
    assert choose_factorization(*X.shape).name != choose_factorization(*wide.shape).name
    one, other = TheoryGuidedRidgeCV().fit(X, y), TheoryGuidedRidgeCV().fit(wide, y)
    for name in ATTRIBUTES:
        assert_allclose(answer(one, name), answer(other, name), rtol=1e-8)
    assert_allclose(one.report_.path.risk, other.report_.path.risk, rtol=1e-9)
    assert_allclose(one.coef_, other.coef_[:10], rtol=1e-8)


DEGENERATE = {
    "two rows": (np.array([[1.0, 2.0], [3.0, 1.0]]), np.array([1.0, 2.0])),
    "two rows, one feature": (np.array([[1.0], [3.0]]), np.array([1.0, 2.0])),
    "one feature": (make_data(30, 1)[0], make_data(30, 1)[1]),
    "constant y": (make_data(30, 4)[0], np.full(30, 7.0)),
    "zero y": (make_data(30, 4)[0], np.zeros(30)),
    "all rows equal": (np.tile([1.0, 2.0, 3.0], (20, 1)), np.arange(20.0)),
    "all zero": (np.zeros((20, 3)), np.arange(20.0)),
    "rank one": (np.outer(np.arange(20.0), [1.0, 2.0, 3.0]), np.arange(20.0) ** 2),
    "rank one, wide": (np.outer(np.arange(20.0), np.arange(1.0, 40.0)), np.arange(20.0) ** 2),
}


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("risk", ["loo", "gcv"])
@pytest.mark.parametrize("case", DEGENERATE.values(), ids=DEGENERATE)
def test_degenerate_data_gives_finite_numbers(case, risk, fit_intercept):
    X, y = case
    model = TheoryGuidedRidgeCV(risk=risk, fit_intercept=fit_intercept).fit(X, y)
    for name in [*ATTRIBUTES, "coef_", "intercept_", "report_.path.risk", "loo_predictions_"]:
        assert np.isfinite(answer(model, name)).all(), name
    for alpha in (0.0, 1e-300, 1e300):
        assert np.isfinite(RenormalizedRidge(alpha).fit(X, y).predict(X)).all()


def test_meaning_of_degenerate_answers():
    X = make_data(30, 4)[0]
    constant = TheoryGuidedRidgeCV().fit(X, np.full(30, 7.0))
    assert_allclose(constant.predict(X), 7.0)
    assert constant.risk_ < 1e-28
    equal = TheoryGuidedRidgeCV().fit(np.ones((20, 2)), np.arange(20.0))
    assert equal.effective_df_ == 0.0
    assert_allclose(equal.predict(np.ones((1, 2))), 9.5)
    assert_allclose(equal.risk_, np.mean((np.arange(20.0) - 9.5) ** 2) * (20 / 19) ** 2)
    two = TheoryGuidedRidgeCV().fit(np.array([[1.0], [3.0]]), np.array([1.0, 2.0]))
    assert_allclose(two.loo_predictions_, [2.0, 1.0])


def test_constant_and_duplicate_columns_change_nothing():
    X, y = make_data(60, 6, noise=4.0)
    plain = TheoryGuidedRidgeCV().fit(X, y)
    for extra in (np.full(60, 5.0), np.full(60, 1e6 + 0.1), np.zeros(60)):
        model = TheoryGuidedRidgeCV().fit(np.column_stack([X, extra]), y)
        assert_allclose(model.risk_, plain.risk_, rtol=1e-9)
        assert_allclose(model.coef_, np.append(plain.coef_, 0.0), rtol=1e-6, atol=1e-9)
    # twice the same columns at twice the penalty
    twice = TheoryGuidedRidgeCV().fit(np.hstack([X, X]), y)
    assert_allclose(twice.alpha_, 2 * plain.alpha_, rtol=1e-6)
    assert_allclose(twice.risk_, plain.risk_, rtol=1e-9)
    assert twice.effective_df_ <= 6
    ols = RenormalizedRidge(0.0).fit(np.hstack([X, X]), y)
    assert_allclose(ols.predict(X=np.hstack([X, X])), RenormalizedRidge(0.0).fit(X, y).predict(X))
    assert_allclose(ols.coef_[:6], ols.coef_[6:], rtol=1e-8)


@pytest.mark.parametrize("shape", [(60, 6), (20, 40)])
def test_columns_of_wildly_different_scales(shape):
    X, y = make_data(*shape, noise=2.0)
    X = X * np.geomspace(1e-8, 1e8, shape[1])
    model = TheoryGuidedRidgeCV().fit(X, y)
    assert_finite(model, X)
    expected = exact_errors(X, y, [model.alpha_])
    assert_allclose(model.risk_, np.mean(expected**2), rtol=1e-12)


@pytest.mark.parametrize("shape", [(60, 6), (20, 40)])
@pytest.mark.parametrize("offset", [1e3, 1e6, 1e9])
def test_means_far_above_the_standard_deviation(shape, offset):
    X, y = make_data(*shape, noise=2.0, offset=0.0)
    plain = TheoryGuidedRidgeCV().fit(X, y)
    shifted = TheoryGuidedRidgeCV().fit(X + offset, y + offset)
    assert_allclose(shifted.alpha_, plain.alpha_, rtol=offset * 1e-11)
    assert_allclose(shifted.risk_, plain.risk_, rtol=max(offset * 1e-13, 1e-9))
    assert_allclose(shifted.predict(X + offset) - offset, plain.predict(X), atol=offset * 1e-10)


@pytest.mark.parametrize("scale", [1e-8, 1e-3, 1e3, 1e8])
@pytest.mark.parametrize("shape", [(60, 6), (20, 40)])
def test_scales_of_x_and_y(shape, scale):
    X, y = make_data(*shape, noise=2.0)
    plain = TheoryGuidedRidgeCV().fit(X, y)
    of_x = TheoryGuidedRidgeCV().fit(scale * X, y)
    assert_allclose(of_x.alpha_, scale**2 * plain.alpha_, rtol=1e-6)
    assert_allclose(of_x.report_.path.risk, plain.report_.path.risk, rtol=1e-8)
    assert_allclose(of_x.predict(scale * X), plain.predict(X), rtol=1e-7)
    of_y = TheoryGuidedRidgeCV().fit(X, scale * y)
    assert_allclose(of_y.alpha_, plain.alpha_, rtol=1e-6)
    assert_allclose(of_y.report_.path.risk, scale**2 * plain.report_.path.risk, rtol=1e-8)


def test_nearly_perfect_fits_keep_their_digits():
    X, y = make_data(60, 6, noise=0.0)
    y = y + 1e-9 * np.random.default_rng(0).standard_normal(60)
    for risk in ("loo", "gcv"):
        model = TheoryGuidedRidgeCV(risk=risk).fit(X, y)
        expected = held_out_errors(X, y, 0.0, one_by_one(60))
        assert_allclose(model.risk_, np.mean(expected**2), rtol=0.05)


@pytest.mark.parametrize("shape", [(300, 20), (40, 100)])
def test_float32_stays_float32_and_chooses_the_same(shape):
    X, y = make_data(*shape, noise=3.0)
    single = TheoryGuidedRidgeCV().fit(X.astype(np.float32), y.astype(np.float32))
    double = TheoryGuidedRidgeCV().fit(X, y)
    assert_allclose(single.alpha_, double.alpha_, rtol=0.01)
    for name in ("coef_", "loo_predictions_"):
        assert answer(single, name).dtype == np.float32
    assert single.predict(X.astype(np.float32)).dtype == np.float32
    assert_allclose(single.coef_, double.coef_, rtol=1e-3, atol=1e-4)
    ints = TheoryGuidedRidgeCV().fit(np.round(X).astype(int), np.round(y).astype(int))
    assert ints.coef_.dtype == np.float64


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("cv", [None, KFold(2)])
@pytest.mark.parametrize("shape", [(30, 1), (3, 1), (2, 1), (2, 3)])
def test_one_direction_is_enough(shape, cv, fit_intercept):
    """The matrix factorized is 1 x 1, which the oldest scipy cannot do."""
    X, y = make_data(*shape)
    model = RenormalizedRidge(alpha=0.3, cv=cv, fit_intercept=fit_intercept).fit(X, y)
    folds = one_by_one(len(X)) if cv is None else list(cv.split(X))
    expected = held_out_errors(X, y, 0.3, folds, fit_intercept=fit_intercept)
    assert_allclose(model.report_.held_out.errors, expected, rtol=1e-9)
    coef, intercept = ridge_fit(X, y, 0.3, fit_intercept=fit_intercept)
    assert_allclose(model.coef_, coef[:, 0], rtol=1e-9)
    assert_allclose(model.intercept_, intercept[0], rtol=1e-9, atol=1e-12)
