"""Sparse data too large for a Gram matrix: Krylov spaces against exact sums, where both exist."""

import pickle
import warnings
from contextlib import nullcontext

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal
from reference import ridge_fit
from sklearn.model_selection import GroupKFold
from sklearn.utils import estimator_checks

from sk_renorm import RenormalizedRidge, SpectrumDisplay, TheoryGuidedRidgeCV
from sk_renorm._linalg import SparseData, choose_factorization, factorize, krylov_factorizations
from sk_renorm._linalg.krylov.space import Lanczos
from sk_renorm._risk import (
    GeneralizedCrossValidation,
    LeaveOneOut,
    effective_df,
    effective_df_error,
    effective_ridge,
    make_risk,
)
from sk_renorm.exceptions import UnresolvedPenaltyWarning

SHAPES = [(700, 250), (250, 700)]
LIMIT = "sk_renorm._linalg.choose._LARGEST_GRAM"


@pytest.fixture
def small_is_large(monkeypatch):
    monkeypatch.setattr(LIMIT, 1)


def large_data(n, p, q=None, *, seed=0):
    """Sparse rows whose columns fall off as a power law, labels of signal and noise alike."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * (rng.random((n, p)) < 0.1) * np.arange(1, p + 1.0) ** -0.3
    Y = X @ rng.standard_normal((p, q or 1))
    Y = Y / Y.std(axis=0) + rng.standard_normal(Y.shape) + 2.0
    return X, Y if q else Y[:, 0]


def last(X, Y, weights=None, fit_intercept=True, seed=0):
    """The factorization of the most steps."""
    data = SparseData.from_rows(sp.csr_array(X), Y, weights, fit_intercept)
    *_, f = krylov_factorizations(data, seed, "")
    return f


@pytest.mark.parametrize("n_orthogonal", [0, 1])
def test_spaces_are_exact_once_they_hold_the_start_vector(n_orthogonal):
    rng = np.random.default_rng(0)
    B = rng.standard_normal((12, 12))
    A, starts = B @ B.T, rng.standard_normal((12, 1))
    lanczos = Lanczos(lambda v: A @ v, starts, 1, n_orthogonal)
    lanczos.extend(5)
    lanczos.extend(12)
    space = lanczos.space(0, 12)
    values, vectors = np.linalg.eigh(A)
    exact = (vectors.T @ starts[:, 0]) ** 2
    for power in (1, 2):
        for alpha in (1.0, 10.0):
            found = np.sum(space.weights**2 / (space.nodes + alpha) ** power)
            assert found == pytest.approx(np.sum(exact / (values + alpha) ** power), rel=1e-8)
    solved = space.solve(np.array([1.0, 10.0]))
    assert_allclose(solved[:, 0], np.linalg.solve(A + np.eye(12), starts[:, 0]), rtol=1e-6)


def test_an_exhausted_space_stays_as_it_is():
    """Three eigenvalues: the fourth step has nowhere to go."""
    values = np.repeat([1.0, 2.0, 5.0], 4)
    lanczos = Lanczos(lambda v: values[:, None] * v, np.ones((12, 2)), 2, 1)
    lanczos.extend(9)
    for column in range(2):
        space = lanczos.space(column, 9)
        assert np.sum(space.weights**2) == pytest.approx(12.0)
        assert np.sum(space.weights**2 * space.nodes) == pytest.approx(values.sum())
        assert_allclose(space.solve(np.array([1.0]))[:, 0], 1.0 / (values + 1.0), rtol=1e-10)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_quadratic_forms_and_solutions_are_those_of_brute_force(shape, fit_intercept, weighted):
    X, Y = large_data(*shape, 2)
    weights = np.random.default_rng(1).random(len(X)) + 0.5 if weighted else None
    f = last(X, Y, weights, fit_intercept)
    root = np.ones(len(X)) if weights is None else np.sqrt(weights)
    for alpha in (3.0, 300.0):
        coef, intercept = ridge_fit(X, Y, alpha, weights, fit_intercept)
        residuals = root[:, None] * (Y - X @ coef - intercept)
        penalties = np.array([[alpha]])
        assert_allclose(f.coefficients(alpha), coef, rtol=1e-5, atol=1e-7 * np.abs(coef).max())
        assert_allclose(f.shrunk(penalties)[0][0], (residuals**2).sum(axis=0), rtol=1e-6)
        both = np.full((1, 2), alpha)
        found = f.residuals(slice(3, 9), f.solutions(both), both)
        assert_allclose(found[:, 0], residuals[3:9], rtol=1e-4, atol=1e-4)
    per_target = f.coefficients(np.array([3.0, 300.0]))
    assert_allclose(per_target[:, 1], coef[:, 1], rtol=1e-5, atol=1e-7 * np.abs(coef).max())


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_traces_are_off_by_as_much_as_they_say(shape):
    """Over seeds: errors of mean zero, and of the variance reported."""
    X, Y = large_data(*shape, 1)
    exact = factorize(X, Y)
    alphas = np.array([1.0, 30.0])
    seeds, n_probes = 40, 4
    fits = [last(X, Y, seed=seed) for seed in range(seeds)]
    errors = np.array([effective_df(f, alphas) for f in fits]) - effective_df(exact, alphas)
    said = np.array([effective_df_error(f, alphas) for f in fits])
    assert np.all(np.abs(errors.mean(axis=0)) < 4.0 * errors.std(axis=0) / np.sqrt(seeds))
    ratio = np.mean(errors**2, axis=0) / np.mean(said**2, axis=0)
    law = scipy.stats.f(seeds, seeds * (n_probes - 1))
    assert np.all((law.ppf(1e-4) < ratio) & (ratio < law.ppf(1.0 - 1e-4)))
    assert np.all(effective_df_error(exact, alphas) == 0.0)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_risk_is_generalized_cross_validation(shape):
    """Within four of the Monte-Carlo errors that follow from those of the traces."""
    X, Y = large_data(*shape, 2)
    exact = GeneralizedCrossValidation(factorize(X, Y))
    penalties = np.array([[3.0], [30.0]])
    for seed in range(5):
        f = last(X, Y, seed=seed)
        risk = make_risk("loo", f).risk(penalties)
        error = 2.0 * effective_df_error(f, penalties[:, 0]) / f.remaining(penalties)[:, 0]
        slack = scipy.stats.t(3).ppf(1.0 - 1e-4) * error[:, None]
        assert np.all(np.abs(risk / exact.risk(penalties) - 1.0) < slack + 1e-3)


def test_steps_go_on_until_the_risk_has_settled():
    X, Y = large_data(700, 250, 1)
    data = SparseData.from_rows(sp.csr_array(X), Y, None, True)
    fits = list(krylov_factorizations(data, 0, ""))
    resolutions = [f.resolution for f in fits]
    assert np.all(np.diff(resolutions) <= 1e-9 * resolutions[0])
    assert resolutions[0] > resolutions[-1] == pytest.approx(1e-10 * fits[-1].eigenvalues[-1])
    best = make_risk("gcv", fits[-1])
    for f in fits:
        penalties = f.resolution * np.geomspace(1.0, 1e3, 9)[:, None]
        assert_allclose(make_risk("gcv", f).risk(penalties), best.risk(penalties), rtol=5e-3)
    assert np.isnan(make_risk("gcv", fits[0]).risk(np.array([[0.5 * resolutions[0]]]))).all()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("per_target", [False, True])
def test_a_fit_is_that_of_the_spectrum_within_its_error(shape, per_target, monkeypatch):
    X, Y = large_data(*shape, 2)
    exact = TheoryGuidedRidgeCV(risk="gcv", alpha_per_target=per_target).fit(sp.csr_array(X), Y)
    monkeypatch.setattr(LIMIT, 1)
    model = TheoryGuidedRidgeCV(alpha_per_target=per_target).fit(sp.csr_array(X), Y)
    assert model.report_.factorization.startswith("krylov: a Gram matrix of 250 rows")
    # the risk is flat at its minimum: the exact one at the penalty chosen is as good
    at = GeneralizedCrossValidation(factorize(X, Y)).risk(np.atleast_1d(model.alpha_)[None, :])[0]
    at = at if per_target else at.mean()
    assert_allclose(at, exact.risk_, rtol=5e-3)
    error = np.asarray(model.report_.monte_carlo.risk_error)
    assert np.all((error > 0.0) & (np.abs(model.risk_ - at) < 6.0 * error + 1e-3))
    assert_allclose(model.risk_std_error_, exact.risk_std_error_, rtol=0.2)
    coef, intercept = zip(
        *(
            ridge_fit(X, Y[:, [j]], alpha)
            for j, alpha in enumerate(np.broadcast_to(model.alpha_, 2))
        ),
        strict=True,
    )
    assert_allclose(model.coef_, np.hstack(coef).T, atol=1e-6 * np.abs(coef).max())
    assert_allclose(model.intercept_, np.hstack(intercept), rtol=1e-6)
    mean_square = np.mean(model.report_.held_out.errors**2, axis=0)
    assert_allclose(mean_square if per_target else mean_square.mean(), model.risk_, rtol=1e-9)
    gap = model.report_.held_out.errors - exact.report_.held_out.errors
    assert np.std(gap) < 0.2 * np.std(exact.report_.held_out.errors)


@pytest.mark.usefixtures("small_is_large")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_weights(shape):
    """Weights in another unit change the penalty alone; the risk is that of rows left out whole."""
    X, y = large_data(*shape)
    plain = TheoryGuidedRidgeCV().fit(sp.csr_array(X), y)
    same = TheoryGuidedRidgeCV().fit(sp.csr_array(X), y, np.full(len(X), 0.25))
    assert same.alpha_ / 0.25 == pytest.approx(plain.alpha_, rel=1e-6)
    assert same.risk_ == pytest.approx(plain.risk_, rel=1e-9)
    assert_allclose(same.coef_, plain.coef_, rtol=1e-5, atol=1e-8)
    weights = np.random.default_rng(1).random(len(X)) + 0.5
    weights[:5] = 0.0
    model = TheoryGuidedRidgeCV().fit(sp.csr_array(X), y, weights)
    expected = np.average(model.report_.held_out.errors[5:] ** 2, weights=weights[5:])
    assert model.risk_ == pytest.approx(expected, rel=1e-9)
    exact = LeaveOneOut(factorize(X[5:], y[5:, None], weights[5:]))
    assert model.risk_ == pytest.approx(exact.risk(np.array([[model.alpha_]]))[0, 0], rel=0.05)
    assert np.isnan(model.report_.held_out.errors[:5]).all()


def test_scatter_of_leverages():
    """From two random vectors: right on average."""
    X, Y = large_data(300, 100, 1)
    X[::7] *= 4.0
    exact = factorize(X, Y)
    alphas = np.array([3.0, 30.0])
    U = exact.vectors.left(slice(None))
    leverages = (U**2) @ (exact.eigenvalues[:, None] / (exact.eigenvalues[:, None] + alphas))
    found = np.array([last(X, Y, seed=seed).leverage_scatter(alphas) for seed in range(100)])
    error = found.std(axis=0, ddof=1) / np.sqrt(100)
    assert np.all(np.abs(found.mean(axis=0) - leverages.var(axis=0)) < 4.0 * error)


@pytest.mark.usefixtures("small_is_large")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_dials(shape):
    X, y = large_data(*shape)
    exact = factorize(X, y[:, None])
    for dial, value in (("effective_df", 60), ("effective_ridge", 0.05)):
        model = RenormalizedRidge(**{dial: value}).fit(sp.csr_array(X), y)
        assert getattr(model, f"{dial}_") == pytest.approx(value, rel=1e-8)
        df = effective_df(exact, np.array([model.alpha_]))[0]
        assert abs(df - model.effective_df_) < 6.0 * model.report_.monte_carlo.effective_df_error
    limit = float(effective_ridge(exact, np.array(0.0)))
    assert RenormalizedRidge(effective_ridge=limit + 1e-3).fit(sp.csr_array(X), y).alpha_ < 2.0
    for dial, value in (("effective_df", 1000), ("effective_ridge", 0.5 * limit - 1.0)):
        with pytest.raises(ValueError, match=dial):
            RenormalizedRidge(**{dial: value}).fit(sp.csr_array(X), y)
    model = RenormalizedRidge(alpha=5.0).fit(sp.csr_array(X), y)
    assert model.alpha_ == 5.0
    assert_allclose(model.coef_, ridge_fit(X, y, 5.0)[0][:, 0], atol=1e-6)


@pytest.mark.usefixtures("small_is_large")
def test_candidates_below_what_can_be_resolved_have_no_risk():
    X, y = large_data(*SHAPES[0])
    model = TheoryGuidedRidgeCV(alphas=[1e-13, 1.0, 10.0, 100.0]).fit(sp.csr_array(X), y)
    assert_array_equal(np.isnan(model.report_.path.risk), [True, False, False, False])
    assert model.alpha_ in (1.0, 10.0, 100.0)
    with pytest.raises(ValueError, match=r"Penalties below .* cannot be told apart"):
        RenormalizedRidge(alpha=0.0).fit(sp.csr_array(X), y)
    with pytest.raises(ValueError, match=r"Penalties below .* cannot be told apart"):
        RenormalizedRidge(alpha=[1.0, 0.0]).fit(sp.csr_array(X), np.column_stack([y, y]))


@pytest.mark.usefixtures("small_is_large")
def test_random_state():
    X, y = large_data(*SHAPES[0])
    X = sp.csr_array(X)
    first = TheoryGuidedRidgeCV().fit(X, y)
    again = TheoryGuidedRidgeCV().fit(X, y)
    # sums of BLAS depend on where arrays lie in memory, in their last digits
    assert first.alpha_ == pytest.approx(again.alpha_, rel=1e-9)
    assert first.effective_df_ == pytest.approx(again.effective_df_, rel=1e-9)
    other = TheoryGuidedRidgeCV(random_state=1).fit(X, y)
    assert abs(other.effective_df_ - first.effective_df_) > 1e-3
    state = np.random.RandomState(0)
    models = [TheoryGuidedRidgeCV(random_state=state).fit(X, y) for _ in range(2)]
    assert abs(models[0].effective_df_ - models[1].effective_df_) > 1e-3


@pytest.mark.usefixtures("small_is_large")
def test_what_a_model_answers():
    X, y = large_data(*SHAPES[0])
    X = sp.csr_array(X)
    model = TheoryGuidedRidgeCV(selection="1se").fit(X, y)
    assert model.alpha_ > TheoryGuidedRidgeCV().fit(X, y).alpha_
    assert "krylov" in str(model.report_)
    assert "of 250" in str(model.report_)
    assert model.score(X, y) > 0.3
    assert model.report_.eigenvalues.shape == (0,)
    assert np.isnan(model.report_.noise.variance)
    low, high = model.report_.noise.interval
    assert 0.5 < low < 1.0 < high < 1.5  # the noise has variance one
    low, high = model.report_.interval()
    assert low < model.risk_ < high
    assert model.report_.compare(model.alpha_, 1e6).difference < 0.0
    curve = model.report_.learning_curve([350, 700, 1400])
    assert np.all(np.diff(curve.risk) < 0.0)
    assert curve.risk[1] == pytest.approx(model.risk_, rel=0.1)
    limits = model.predict_interval(X)
    assert 0.8 < np.mean((y > limits[:, 0]) & (y < limits[:, 1])) < 0.97
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict(X), model.predict(X))
    with pytest.raises(ValueError, match="needs the leverage of every row"):
        model.predict_interval(X[:3], method="jackknife+")
    with pytest.raises(ValueError, match="spectrum of this fit is not known"):
        SpectrumDisplay.from_estimator(model)


@pytest.mark.usefixtures("small_is_large")
@pytest.mark.parametrize(
    ("params", "fit", "name"),
    [
        ({"cv": 3}, {}, "cv or groups"),
        ({}, {"groups": np.arange(700) % 5}, "cv or groups"),
        ({"cv": GroupKFold(2)}, {"groups": np.arange(700) % 5}, "cv or groups"),
        ({"scoring": "neg_mean_absolute_error"}, {}, "scoring"),
        ({"sample_correlation": "ar1"}, {}, "sample_correlation"),
        ({"store_cv_results": True}, {}, "store_cv_results"),
    ],
)
def test_what_takes_rows_left_out_is_refused(params, fit, name):
    X, y = large_data(*SHAPES[0])
    model = TheoryGuidedRidgeCV(**params)
    with pytest.raises(ValueError, match=f"{name} needs errors of rows left out"):
        model.fit(sp.csr_array(X), y, **fit)
    assert not hasattr(model, "coef_")


@pytest.mark.usefixtures("small_is_large")
@pytest.mark.parametrize("estimator", [TheoryGuidedRidgeCV, RenormalizedRidge])
def test_hostile_matrices(estimator):
    """Nothing at all, a line, copies, constants, scales: finite numbers, those of brute force."""
    X, y = large_data(60, 30)
    nothing = estimator().fit(sp.csr_array(0.0 * X), y)
    assert_array_equal(nothing.coef_, 0.0)
    assert nothing.effective_df_ == 0.0
    constant = estimator().fit(sp.csr_array(X), np.full(60, 3.0))
    assert_allclose(constant.predict(X), 3.0)
    lines = np.zeros((60, 30))
    lines[:, 4], lines[7] = X[:, 4], X[7]
    copies = np.hstack([X, X[:, :10], np.ones((60, 2))])
    copies[:30] = copies[30:]
    scaled = X * np.geomspace(1e-3, 1e3, 30)
    for rows in (lines, copies, X + 5.0 * (X != 0), scaled, 1e-8 * X, 1e8 * X):
        with pytest.warns(UnresolvedPenaltyWarning) if rows is scaled else nullcontext():
            model = estimator().fit(sp.csr_array(rows), y)
        coef, intercept = ridge_fit(rows, y, model.alpha_)
        expected = (rows @ coef + intercept)[:, 0]
        assert_allclose(model.predict(rows), expected, atol=1e-5 * np.std(y))
        assert np.isfinite(model.risk_)
        assert 0.0 <= model.effective_df_ <= 60.0


@pytest.mark.usefixtures("small_is_large")
@pytest.mark.parametrize("estimator", [TheoryGuidedRidgeCV(), RenormalizedRidge()], ids=repr)
@pytest.mark.parametrize("name", ["check_estimator_sparse_array", "check_estimator_sparse_matrix"])
def test_scikit_learns_checks_of_sparse_input(estimator, name):
    getattr(estimator_checks, name)(type(estimator).__name__, estimator)


def test_a_large_fit():
    """Beyond the limit as it stands."""
    rng = np.random.default_rng(0)
    places = rng.integers(0, 14_000, 154_000), rng.integers(0, 5500, 154_000)
    X = sp.csr_array((rng.random(154_000), places), shape=(14_000, 5500))
    y = X @ rng.standard_normal(5500) + rng.standard_normal(14_000)
    X, fresh, y, targets = X[:7000], X[7000:], y[:7000], y[7000:]
    assert choose_factorization(*X.shape, sparse=True).name == "krylov"
    assert choose_factorization(*X.shape).name == "column_gram"
    model = TheoryGuidedRidgeCV().fit(X, y)
    assert model.report_.factorization.startswith("krylov: a Gram matrix of 5500 rows (0.24 GB)")
    # the normal equations of the centred rows
    residuals = y - model.predict(X)
    assert residuals.mean() == pytest.approx(0.0, abs=1e-10)
    gradient = X.T @ residuals - model.alpha_ * model.coef_
    assert np.linalg.norm(gradient) < 1e-6 * np.linalg.norm(X.T @ (y - y.mean()))
    errors = (targets - model.predict(fresh)) ** 2
    slack = 4.0 * np.hypot(np.std(errors) / np.sqrt(7000), model.risk_std_error_)
    assert abs(errors.mean() - model.risk_) < slack


@pytest.mark.usefixtures("small_is_large")
def test_summary_says_what_leave_one_out_would_take():
    X, y = large_data(250, 300)
    X[::9] *= 8.0
    model = TheoryGuidedRidgeCV().fit(sp.csr_array(X), y)
    assert model.report_.leverage_dispersion > 0.25
    assert "leave-one-out is, which takes fewer rows or features" in str(model.report_)


@pytest.mark.parametrize(("factor", "is_told"), [(1e3, False), (1e6, True)])
def test_columns_that_iterations_may_miss_are_told(small_is_large, factor, is_told):
    X, y = large_data(120, 60)
    X[:, 3] *= factor
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", UnresolvedPenaltyWarning)
        TheoryGuidedRidgeCV().fit(sp.csr_array(X), y)
    assert [str(w.message).startswith("Columns of X differ") for w in told] == [True] * is_told
