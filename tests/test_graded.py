"""Columns of any scale, nearly equal ones, time stamps: against arithmetic of a hundred digits."""

import functools

import numpy as np
import pytest
import scipy.sparse as sp
from exact import exact_coefficients, exact_errors
from graded_problems import LONGLEY, UNITS, problems, with_stamp
from numpy.testing import assert_allclose

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm._linalg import DaskRows, Moments, factorize, factorize_moments
from sk_renorm._risk import GeneralizedCrossValidation, LeaveOneOut

PROBLEMS = problems()
# what the data hold: one ulp of X moves the exact risk by as much, or half of it
HELD = {"and columns alike to 1e-7": 2e-9, "powers to 10": 1e-8}
BY_MOMENTS = {"powers to 5": 1e-9, "and columns alike to 1e-4": 1e-7}


def path(f):
    """A few penalties over all that the spectrum covers, and zero where columns are independent."""
    alphas = np.geomspace(1e-3 * f.eigenvalues[0], 1e3 * f.eigenvalues[-1], 6)
    return np.append(0.0, alphas) if f.rank == len(f.data.x_mean) else alphas


@functools.cache
def expected(name):
    """Penalties and exact errors (n, L) of rows left out."""
    X, y = PROBLEMS[name]
    alphas = path(factorize(X, y[:, None]))
    return alphas, exact_errors(X, y, alphas)


@pytest.mark.parametrize("name", PROBLEMS)
def test_errors_of_rows_left_out_are_exact(name):
    X, y = PROBLEMS[name]
    f = factorize(X, np.column_stack([y, 2.0 * y]))
    assert f.resolution == 0.0
    alphas, errors = expected(name)
    found = LeaveOneOut(f).errors(alphas[:, None])[0][1]
    rtol = {**BY_MOMENTS, **HELD}.get(name, 1e-12)
    size = np.abs(errors).max(axis=0)
    assert_allclose(found[:, :, 0] / size, errors / size, atol=100 * rtol)
    risk = np.mean(errors**2, axis=0)
    assert_allclose(LeaveOneOut(f).risk(alphas[:, None]), np.outer(risk, [1.0, 4.0]), rtol=rtol)


@pytest.mark.parametrize("name", PROBLEMS)
def test_coefficients_are_exact(name):
    """Each to the digits of what its column carries of the predictions."""
    X, y = PROBLEMS[name]
    f = factorize(X, y[:, None])
    rtol = {**BY_MOMENTS, **HELD}.get(name, 1e-11)
    spread = X.std(axis=0)
    for alpha in path(f)[-5::2]:
        exact = exact_coefficients(X, y, alpha)
        carried = np.abs(spread * exact).max()
        found = f.coefficients(alpha)[:, 0]
        assert_allclose(spread * found / carried, spread * exact / carried, atol=1000 * rtol)


@pytest.mark.parametrize("name", [name for name in PROBLEMS if len(PROBLEMS[name][0]) == 36])
def test_sparse_rows_and_blocks_have_the_same_risk(name):
    """By the route of passes, and by blocks of rows that dask makes."""
    X, y = PROBLEMS[name]
    alphas, errors = expected(name)
    risk = np.mean(errors**2, axis=0)[:, None]
    rtol = {**BY_MOMENTS, "and columns alike to 1e-7": 1e-7, "powers to 10": 1e-6}.get(name, 1e-10)
    sparse = factorize(sp.csr_array(X), y[:, None])
    assert_allclose(LeaveOneOut(sparse).risk(alphas[:, None]), risk, rtol=rtol)
    rows = DaskRows([(X[:20], y[:20], None), (X[20:], y[20:], None)], np.dtype(float))
    _, _, moments = rows.moments()
    by_block = factorize_moments(moments, 36, rows.again(moments)).holding(X, y[:, None], None)
    assert_allclose(LeaveOneOut(by_block).risk(alphas[:, None]), risk, rtol=rtol)


@pytest.mark.parametrize("name", ["powers to 10", "and columns alike to 1e-7", "powers to 5"])
def test_moments_say_what_they_resolve(name):
    X, y = PROBLEMS[name]
    moments = Moments.from_rows(X, y[:, None], None)
    f = factorize_moments(moments)
    alphas, _ = expected(name)
    resolved = alphas >= f.resolution
    assert resolved.all() == (name == "powers to 5")
    exact = GeneralizedCrossValidation(factorize(X, y[:, None])).risk(alphas[resolved, None])
    found = GeneralizedCrossValidation(f).risk(alphas[resolved, None])
    assert_allclose(found, exact, rtol=1e-5)
    assert np.count_nonzero(resolved) >= 3


@pytest.mark.parametrize("name", ["stamp in ns", "scales 1e-12 to 1e12", "wide, one column 1e10"])
def test_folds_and_weights(name):
    X, y = PROBLEMS[name]
    n = len(X)
    rng = np.random.default_rng(0)
    folds = np.array_split(rng.permutation(n), 5)
    weights = 10.0 ** rng.uniform(-4.0, 4.0, n)
    alphas = np.geomspace(1e-2, 1e2, 2)
    for alpha in alphas:
        model = RenormalizedRidge(alpha).fit(X, y, sample_weight=weights)
        errors = exact_errors(X, y, [alpha], weights=weights)[:, 0]
        assert_allclose(model.risk_, np.average(errors**2, weights=weights), rtol=1e-10)
        groups = np.empty(n, dtype=int)
        for label, fold in enumerate(folds):
            groups[fold] = label
        model = RenormalizedRidge(alpha).fit(X, y, groups=groups)
        errors = exact_errors(X, y, [alpha], folds=[list(fold) for fold in folds])[:, 0]
        assert_allclose(model.risk_, np.mean(errors**2), rtol=1e-10)


CHOICES = {
    "all at once": lambda X, y: TheoryGuidedRidgeCV().fit(X, y),
    "gcv": lambda X, y: TheoryGuidedRidgeCV(risk="gcv").fit(X, y),
    "folds": lambda X, y: TheoryGuidedRidgeCV(cv=5).fit(X, y),
    "count": lambda X, y: TheoryGuidedRidgeCV(alphas=60).fit(X, y),
    "sparse": lambda X, y: TheoryGuidedRidgeCV().fit(sp.csr_array(X), y),
    "stream": lambda X, y: (
        TheoryGuidedRidgeCV().partial_fit(X[:200], y[:200]).partial_fit(X[200:], y[200:])
    ),
    "two targets": lambda X, y: TheoryGuidedRidgeCV(alpha_per_target=True).fit(
        X, np.column_stack([y, y**2])
    ),
    "weights": lambda X, y: TheoryGuidedRidgeCV().fit(X, y, 1.0 + np.arange(len(y)) % 3),
}


@pytest.mark.parametrize("how", CHOICES)
def test_no_choice_depends_on_the_unit_of_a_stamp(how):
    models = [CHOICES[how](*with_stamp(unit)) for unit in UNITS]
    for model in models:
        assert_allclose(model.risk_, models[0].risk_, rtol=2e-3 if how == "count" else 1e-5)
    expected = models[0].predict(with_stamp("s")[0])
    for model, unit in zip(models, UNITS, strict=True):
        apart = model.predict(with_stamp(unit)[0]) - expected
        assert np.all(
            np.abs(apart).max(axis=0) < (0.02 if how == "count" else 1e-4) * expected.max(axis=0)
        )
    if how in ("all at once", "sparse"):
        # by leave-one-out refits in longer arithmetic
        assert models[0].alpha_ == pytest.approx(0.475, rel=2e-3)
        assert models[0].risk_ == pytest.approx(2998.3, abs=0.1)


def test_a_given_penalty_means_the_same_in_all_units():
    for unit in UNITS:
        X, y = with_stamp(unit)
        model = RenormalizedRidge(alpha=1.0).fit(X, y)
        # the stamp is one degree of freedom whatever its unit, the others are those without it
        assert model.effective_df_ == pytest.approx(10.9, abs=0.05)
        assert model.score(X, y) == pytest.approx(0.5203, abs=1e-4)


def test_longley_has_its_minimum_inside():
    model = TheoryGuidedRidgeCV().fit(LONGLEY[:, 1:], LONGLEY[:, 0])
    around = model.alpha_ * np.array([0.0, 0.9, 1.0, 1.1, 1e9])
    risks = np.mean(exact_errors(LONGLEY[:, 1:], LONGLEY[:, 0], around) ** 2, axis=0)
    assert_allclose(model.risk_, risks[2], rtol=1e-9)
    assert risks.argmin() == 2
    assert_allclose(risks[0], 180430.78, rtol=1e-7)


def transformed(X, y):
    """The same problem in exact arithmetic: X and the factor of its penalties."""
    rng = np.random.default_rng(0)
    n, p = X.shape
    yield "scaled", X * 2.0**7, 4.0**7
    yield "permuted", X[:, rng.permutation(p)], 1.0
    yield "negated", X * rng.choice([-1.0, 1.0], p), 1.0
    yield "halved, four times", np.tile(0.5 * X, 4), 1.0
    yield "columns of zeros", np.column_stack([X, np.zeros((n, 2 * n))]), 1.0
    yield "a constant of 1e18", np.column_stack([X, np.full(n, 1e18)]), 1.0


@pytest.mark.parametrize("name", ["scales 1e-12 to 1e12", "wide, scales 1e-8 to 1e8"])
def test_equal_problems_have_equal_paths(name):
    X, y = PROBLEMS[name]
    f = factorize(X, y[:, None])
    alphas = path(f)[-6:]
    risk = LeaveOneOut(f).risk(alphas[:, None])
    for kind, other, factor in transformed(X, y):
        same = LeaveOneOut(factorize(other, y[:, None])).risk(factor * alphas[:, None])
        assert_allclose(same, risk, rtol=1e-11, err_msg=kind)


@pytest.mark.parametrize("gap", [1e4, 1e9])
@pytest.mark.parametrize("p", [60, 350])
def test_many_columns_of_three_scales(p, gap):
    """Above 25 columns LAPACK's fastest drivers are wrong, above 300 the spectrum is split."""
    rng = np.random.default_rng(p)
    n = p + 60
    B = rng.standard_normal((n, p))
    scales = np.ones(p)
    scales[rng.permutation(p)[:6]] = np.repeat([gap, gap**2], 3)
    y = B @ rng.standard_normal(p) / np.sqrt(p) + rng.standard_normal(n)
    f = factorize(B * scales, y[:, None])
    # columns of a scale so large are not shrunk: the others are fitted to what is left of them
    alpha = 3.0
    strong = np.column_stack([np.ones(n), B[:, scales > 1.0]])
    errors = np.empty(n)
    for i in range(0, n, 37):
        train = np.delete(np.arange(n), i)
        Q, R = np.linalg.qr(strong[train])
        rest = B[train][:, scales == 1.0]
        inner, target = rest - Q @ (Q.T @ rest), y[train] - Q @ (Q.T @ y[train])
        coef = np.linalg.solve(inner.T @ inner + alpha * np.eye(rest.shape[1]), inner.T @ target)
        level = np.linalg.solve(R, Q.T @ (y[train] - rest @ coef))
        errors[i] = y[i] - strong[i] @ level - B[i, scales == 1.0] @ coef
    found = LeaveOneOut(f).errors(np.array([[alpha]]))[0][1][:, 0, 0]
    # shrinkage of strong columns is alpha / (n gap**2), which the reference leaves out
    assert_allclose(found[::37], errors[::37], rtol=max(1e-9, 100.0 / gap**2), atol=1e-9)


@pytest.mark.parametrize("kind", ["row", "entry", "two rows"])
@pytest.mark.parametrize("magnitude", [1e4, 1e8, 1e9])
@pytest.mark.parametrize("shape", [(36, 4), (20, 30)], ids=["tall", "wide"])
def test_a_row_that_outweighs_all_others(shape, magnitude, kind):
    """What rounding leaves of it in a factorization of all rows is nothing."""
    rng = np.random.default_rng(0)
    X, n = rng.standard_normal(shape), shape[0]
    y = X @ rng.standard_normal(shape[1]) + rng.standard_normal(n)
    some = {"row": (3,), "entry": (3, 2), "two rows": ([3, 7],)}[kind]
    X[some] *= magnitude
    weights = rng.uniform(0.5, 2.0, n)
    alphas = np.geomspace(1e-2, magnitude**2, 5)
    errors = exact_errors(X, y, alphas, weights=weights)
    for alpha, exact in zip(alphas, errors.T, strict=True):
        model = RenormalizedRidge(alpha).fit(X, y, weights)
        assert_allclose(model.risk_, np.average(exact**2, weights=weights), rtol=1e-5)
        assert_allclose(model.report_.held_out.errors, exact, rtol=1e-5, atol=1e-6)
    model = TheoryGuidedRidgeCV().fit(X, y, weights)
    exact = exact_errors(X, y, [model.alpha_], weights=weights)[:, 0]
    assert_allclose(model.risk_, np.average(exact**2, weights=weights), rtol=1e-5)
    assert model.risk_ <= np.average(errors**2, axis=0, weights=weights).min() * (1.0 + 1e-5)


@pytest.mark.parametrize("value", [1e4, 1e8, 1e10])
@pytest.mark.parametrize("sparse", [False, True])
def test_a_row_or_a_group_that_owns_a_column_in_large_units(value, sparse):
    """Left out, they are what a fit without column and rows predicts."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((24, 4))
    y = X @ np.ones(4) + rng.standard_normal(24)
    groups = np.arange(24) // 2
    for owners, how in (([3], {}), ([6, 7], {"groups": groups})):
        Z = np.column_stack([X, np.isin(np.arange(24), owners) * value])
        rows = sp.csr_array(Z) if sparse else Z
        folds = None if not how else [[i, i + 1] for i in range(0, 24, 2)]
        for alpha in (0.3, 30.0):
            exact = exact_errors(Z, y, [alpha], folds=folds)[:, 0]
            model = RenormalizedRidge(alpha).fit(rows, y, **how)
            assert_allclose(y - model.loo_predictions_, exact, rtol=1e-7, atol=1e-8)
        plain = TheoryGuidedRidgeCV().fit(np.column_stack([X, Z[:, 4] * 1e3 / value]), y, **how)
        assert_allclose(TheoryGuidedRidgeCV().fit(rows, y, **how).risk_, plain.risk_, rtol=1e-4)


@pytest.mark.parametrize("grouped", [False, True])
def test_minima_where_a_large_row_is_left_out_are_not_in_a_gap(grouped):
    """The largest eigenvalue is that of one row, or one group: without it there is no gap."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((60, 4))
    y = X @ [1.0, 1.0, 0.5, 0.0] + 0.5 * rng.standard_normal(60)
    X[6 : 9 if grouped else 7] *= 1e6
    groups = np.arange(60) // 3 if grouped else None
    found = TheoryGuidedRidgeCV().fit(X, y, groups=groups)
    finely = TheoryGuidedRidgeCV(alphas=np.logspace(-2, 16, 1500)).fit(X, y, groups=groups)
    assert found.risk_ <= finely.risk_ * (1.0 + 1e-4)


def test_rows_that_own_a_column_are_not_refitted(monkeypatch):
    """Dummies of single rows are common, and their formula is exact."""
    X, y = np.random.default_rng(0).standard_normal((2, 60, 6))
    y = y[:, 0]
    X[:, :3] = 5.0 + np.eye(60)[:, :3]
    calls = []
    monkeypatch.setattr("sk_renorm._tuning.request.refit", lambda *args, **how: calls.append(args))
    model = RenormalizedRidge(1.0).fit(X, y)
    assert not calls
    assert_allclose(model.report_.held_out.errors, exact_errors(X, y, [1.0])[:, 0], rtol=1e-10)


@pytest.mark.parametrize("shape", [(24, 40), (24, 24)], ids=["wide", "square"])
def test_few_weak_modes_of_few_rows(shape):
    """Columns of like scale, three directions lost in the Gram matrix: found on the rows."""
    rng = np.random.default_rng(0)
    U, V = (np.linalg.qr(rng.standard_normal((size, size)))[0] for size in shape)
    values = np.geomspace(1.0, 1e-3, 24)
    values[-3:] = [1e-6, 3e-7, 1e-7]
    X = (U * values) @ V[:, :24].T
    y = X @ rng.standard_normal(shape[1]) + 1e-7 * rng.standard_normal(24)
    f = factorize(X, y[:, None])
    assert f.name == "row_gram"
    assert f.rank == 23
    alphas = np.geomspace(1e-16, 1.0, 5)
    risk = np.mean(exact_errors(X, y, alphas) ** 2, axis=0)
    assert_allclose(LeaveOneOut(f).risk(alphas[:, None])[:, 0], risk, rtol=1e-8)


@pytest.mark.parametrize("shape", [(4, 2), (8, 2), (7, 4), (18, 6)])
def test_more_weak_directions_than_columns(shape):
    """A few more rows than columns, alike to 1e-6: one mode is weak, and many are nothing."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((shape[0], 1)) + 1e-6 * rng.standard_normal(shape)
    y = rng.standard_normal(shape[0])
    f = factorize(X, y[:, None])
    assert f.rank == shape[1]
    alphas = np.array([1e-14, 1e-11, 1e-2])
    errors = exact_errors(X, y, alphas)
    found = LeaveOneOut(f).errors(alphas[:, None])[0][1][:, :, 0]
    assert_allclose(found, errors, rtol=1e-7, atol=1e-8)
