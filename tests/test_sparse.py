"""Sparse rows: every attribute as for dense ones, hostile input, nothing written or made dense."""

import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from reference import held_out_errors, one_by_one, ridge_fit
from sklearn.model_selection import KFold

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm._linalg import choose_factorization, factorize
from sk_renorm._linalg.sparse import SparseData

SHAPES = [(120, 20), (20, 120), (40, 40), (45, 40)]
FORMATS = [sp.csr_array, sp.csr_matrix, sp.csc_array, sp.csc_matrix, sp.coo_array, sp.lil_matrix]


def sparse_data(n, p, q=None, *, density=0.2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * (rng.random((n, p)) < density)
    Y = X @ rng.standard_normal((p, q or 1)) + 0.5 * rng.standard_normal((n, q or 1)) + 3.0
    return X, Y if q else Y[:, 0]


def scattered(shape, density, seed=0):
    """Uniform entries at random places, a few of them added up."""
    rng = np.random.default_rng(seed)
    count = round(shape[0] * shape[1] * density)
    places = tuple(rng.integers(0, size, count) for size in shape)
    return sp.csr_array((rng.random(count), places), shape=shape)


def assert_same_fit(sparse, dense, rtol=1e-9, skip=()):
    """Compare all fitted attributes, each relative to its largest value."""
    fitted = {name for name in vars(dense) if name.endswith("_")}
    assert fitted == {name for name in vars(sparse) if name.endswith("_")}
    for name in fitted - set(skip):
        assert_same(getattr(sparse, name), getattr(dense, name), rtol, name)


def assert_same(value, expected, rtol, name):
    if isinstance(expected, dict):
        assert value.keys() == expected.keys()
        for key in expected:
            assert_same(value[key], expected[key], rtol, f"{name}[{key}]")
    elif expected is None or isinstance(expected, str):
        assert value == expected, name
    else:
        expected = np.asarray(expected, dtype=float)
        unit = 1.0 if "dispersion" in name or "predictions" in name else 0.0  # may be zero
        size = np.abs(expected[np.isfinite(expected)]).max(initial=unit)
        assert_allclose(value, expected, rtol=rtol, atol=rtol * size, err_msg=name)


@pytest.mark.parametrize("density", [0.02, 0.2, 0.95])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_every_attribute_is_that_of_the_dense_fit(shape, density, weighted, fit_intercept):
    X, y = sparse_data(*shape, density=density)
    weights = np.random.default_rng(1).integers(0, 4, len(y)) if weighted else None
    model = TheoryGuidedRidgeCV(fit_intercept=fit_intercept)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        dense = model.fit(X, y, weights)
        expected = dict(vars(dense))
        sparse = TheoryGuidedRidgeCV(fit_intercept=fit_intercept).fit(sp.csr_array(X), y, weights)
    assert expected["alpha_"] == pytest.approx(sparse.alpha_, rel=1e-8)
    assert_same_fit(sparse, dense, rtol=1e-8)


@pytest.mark.parametrize(
    "model",
    [
        TheoryGuidedRidgeCV(alphas=9, cv=4, alpha_per_target=True),
        TheoryGuidedRidgeCV(alphas=[0.1, 1.0, 10.0], cv=KFold(3), store_cv_results=True),
        TheoryGuidedRidgeCV(alphas=[1.0, 10.0, 100.0], scoring="neg_mean_absolute_error"),
        TheoryGuidedRidgeCV(risk="gcv", selection="1se"),
        TheoryGuidedRidgeCV(sample_correlation="ar1"),
        RenormalizedRidge(alpha=[0.3, 2.0]),
        RenormalizedRidge(effective_df=5),
        RenormalizedRidge(effective_ridge=2.0),
    ],
    ids=str,
)
@pytest.mark.parametrize("shape", SHAPES[:2], ids=str)
@pytest.mark.filterwarnings("ignore:The best of the given alphas")
def test_every_feature_works(model, shape):
    X, Y = sparse_data(*shape, 2)
    dense = type(model)(**model.get_params()).fit(X, Y)
    sparse = type(model)(**model.get_params()).fit(sp.csc_array(X), Y)
    assert_same_fit(sparse, dense)
    new, _ = sparse_data(7, shape[1], seed=5)
    as_sparse = sp.csr_matrix(new)
    assert_allclose(sparse.predict(as_sparse), dense.predict(new), rtol=1e-9)
    assert_allclose(sparse.predict(new), dense.predict(new), rtol=1e-9)
    assert sparse.score(sp.csr_array(X), Y) == pytest.approx(dense.score(X, Y), rel=1e-9)
    assert_allclose(sparse.predict_interval(as_sparse), dense.predict_interval(new), rtol=1e-8)
    if model.cv is None and model.get_params().get("sample_correlation") is None:
        expected = dense.predict_interval(new, method="jackknife+")
        for fitted, rows in ((sparse, as_sparse), (sparse, new), (dense, as_sparse)):
            limits = fitted.predict_interval(rows, method="jackknife+")
            assert_allclose(limits, expected, rtol=1e-8)


@pytest.mark.parametrize("shape", SHAPES[:2], ids=str)
def test_groups(shape):
    X, y = sparse_data(*shape)
    groups = np.arange(len(y)) % 5
    dense = TheoryGuidedRidgeCV().fit(X, y, groups=groups)
    assert_same_fit(TheoryGuidedRidgeCV().fit(sp.csr_array(X), y, groups=groups), dense)


@pytest.mark.parametrize("shape", [(15, 4), (6, 12)], ids=str)
def test_leave_one_out_is_refitting(shape):
    X, y = sparse_data(*shape, density=0.5)
    model = RenormalizedRidge(alpha=0.7).fit(sp.csr_array(X), y)
    errors = held_out_errors(X, y, 0.7, one_by_one(len(y)))
    assert_allclose(model.report_.held_out.errors, errors, rtol=1e-9)


@pytest.mark.parametrize("make", FORMATS)
def test_every_format(make):
    X, y = sparse_data(40, 15)
    expected = TheoryGuidedRidgeCV().fit(sp.csr_array(X), y)
    assert_same_fit(TheoryGuidedRidgeCV().fit(make(X), y), expected)
    if make is sp.csr_array:
        wide = make(X)
        wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
        assert_same_fit(TheoryGuidedRidgeCV().fit(wide, y), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, bool])
def test_types(dtype):
    X, y = sparse_data(60, 10)
    X = (2.0 * X).astype(dtype)
    dense = TheoryGuidedRidgeCV().fit(X, y)
    sparse = TheoryGuidedRidgeCV().fit(sp.csr_array(X), y)
    assert sparse.coef_.dtype == dense.coef_.dtype == (np.float32 if dtype is np.float32 else float)
    # a float32 result differs by its rounding; the numbers in between are float64
    rounding = np.finfo(dense.coef_.dtype).eps
    assert_same_fit(sparse, dense, rtol=max(1e-9, 4 * rounding))
    assert sparse.predict(sp.csr_array(X)).dtype == dense.predict(X).dtype


def test_duplicates_explicit_zeros_and_disorder_are_read_and_left_alone():
    X, y = sparse_data(50, 12)
    rows, columns = np.nonzero(X)
    # entries in two parts and a zero between, in reversed order within each row
    order = np.lexsort((-np.tile(columns, 3), np.tile(rows, 3)))
    entries = np.concatenate([0.25 * X[rows, columns], 0.0 * rows, 0.75 * X[rows, columns]])
    indptr = np.append(0, np.cumsum(3 * np.count_nonzero(X, axis=1)))
    messy = sp.csr_array((entries[order], np.tile(columns, 3)[order], indptr), shape=X.shape)
    assert not messy.has_sorted_indices
    before = [part.copy() for part in (messy.data, messy.indices, messy.indptr)]
    for part in (messy.data, messy.indices, messy.indptr):
        part.flags.writeable = False
    assert_same_fit(TheoryGuidedRidgeCV().fit(messy, y), TheoryGuidedRidgeCV().fit(X, y))
    for part, old in zip((messy.data, messy.indices, messy.indptr), before, strict=True):
        assert_array_equal(part, old)


@pytest.mark.filterwarnings("ignore:.*come[s]? from row")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_scales_constants_and_empty_lines(shape):
    """Columns over eight orders; some constant or nearly so or full; an empty row and column."""
    X, y = sparse_data(*shape)
    X *= np.geomspace(1e-4, 1e4, shape[1])[np.random.default_rng(3).permutation(shape[1])]
    X[:, 3] = 7.0
    X[:, 4] = 1e4 + np.arange(len(X)) % 3
    X[:, 5] = 2.0 + X[:, 5]
    X[:, 6] = 0.0
    X[2] = 0.0
    for alpha in (1e2, 1e6):
        dense = RenormalizedRidge(alpha=alpha).fit(X, y)
        sparse = RenormalizedRidge(alpha=alpha).fit(sp.csr_array(X), y)
        # a Gram matrix of k rows holds eigenvalues to k roundings of the largest (Higham 2002)
        largest = np.linalg.norm(X - X.mean(axis=0), 2) ** 2
        rounding = min(shape) * np.finfo(float).eps * largest / alpha
        assert_allclose(sparse.risk_, dense.risk_, rtol=rounding)
        assert_allclose(
            sparse.report_.held_out.errors, dense.report_.held_out.errors, rtol=1e-7, atol=1e-8
        )
        assert_allclose(sparse.effective_df_, dense.effective_df_, rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_scaling_the_features_changes_the_penalty_alone(scale):
    X, y = sparse_data(60, 12)
    plain = TheoryGuidedRidgeCV().fit(sp.csr_array(X), y)
    scaled = TheoryGuidedRidgeCV().fit(sp.csr_array(scale * X), y)
    assert scaled.alpha_ / scale**2 == pytest.approx(plain.alpha_, rel=1e-6)
    assert scaled.risk_ == pytest.approx(plain.risk_, rel=1e-9)


@pytest.mark.parametrize("mean", [1e2, 1e7])
def test_large_means_cost_no_digits(mean):
    """A full column far from zero is centred before anything is squared."""
    X, y = sparse_data(60, 12, density=1.0)
    plain = RenormalizedRidge(alpha=1.0).fit(X, y)
    moved = RenormalizedRidge(alpha=1.0).fit(sp.csr_array(X + mean), y)
    assert_allclose(moved.coef_, plain.coef_, rtol=1e-14 * mean + 1e-12, atol=1e-15 * mean)
    assert_allclose(moved.risk_, plain.risk_, rtol=1e-14 * mean + 1e-12)


@pytest.mark.parametrize("shape", [(300, 12), (12, 300)], ids=str)
def test_precise_when_a_gram_matrix_is_not(shape):
    """Condition 1e7, hardly noise: the penalty lies where squares have lost the answer."""
    rng = np.random.default_rng(0)
    U, _, Vt = np.linalg.svd(rng.standard_normal(shape), full_matrices=False)
    X = (U * np.geomspace(1.0, 1e-7, 12)) @ Vt
    y = X @ (Vt.T @ np.geomspace(1.0, 1e7, 12)) + 1e-9 * rng.standard_normal(shape[0])
    dense = RenormalizedRidge(alpha=1e-15).fit(X, y)
    sparse = RenormalizedRidge(alpha=1e-15).fit(sp.csr_array(X), y)
    coef, _ = ridge_fit(X, y, 1e-15)
    assert_allclose(sparse.coef_, coef[:, 0], rtol=1e-6, atol=1e-7 * np.abs(coef).max())
    assert_allclose(sparse.effective_df_, dense.effective_df_, rtol=1e-8)
    assert_allclose(sparse.risk_, dense.risk_, rtol=1e-5)


def test_small_and_degenerate():
    y = np.array([1.0, 2.0, 4.0])
    for X in (np.zeros((3, 2)), np.array([[0.0], [1.0], [0.0]]), np.ones((3, 2))):
        dense, sparse = (
            RenormalizedRidge(1.0).fit(X, y),
            RenormalizedRidge(1.0).fit(sp.csr_array(X), y),
        )
        assert_same_fit(sparse, dense)
    two = sp.csr_array([[0.0, 1.0, 0.0], [2.0, 0.0, 0.0]])
    dense = RenormalizedRidge(1.0).fit(two.toarray(), y[:2])
    assert_same_fit(RenormalizedRidge(1.0).fit(two, y[:2]), dense)


def test_nan_is_refused_in_scikit_learns_words():
    X, y = sparse_data(20, 5)
    X[3, 2] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN"):
        TheoryGuidedRidgeCV().fit(sp.csr_array(X), y)
    model = TheoryGuidedRidgeCV().fit(sp.csr_array(np.nan_to_num(X)), y)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        model.predict(sp.csr_array(X))


def test_pickles_and_changed_rows():
    X, y = sparse_data(40, 8)
    X = sp.csr_array(X)
    model = TheoryGuidedRidgeCV().fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict(X), model.predict(X))
    X.data[[0, 1]] = X.data[[1, 0]]
    with pytest.raises(ValueError, match="have been changed since"):
        model.predict_interval(X, method="jackknife+")


def test_never_dense_as_a_whole(monkeypatch):
    """A block of rows or columns may be dense, X may not: neither side, nor in the precise way."""
    largest = 0
    toarray = sp.csr_array.toarray

    def watched(self, *args, **kwargs):
        nonlocal largest
        largest = max(largest, self.shape[0] * self.shape[1])
        return toarray(self, *args, **kwargs)

    monkeypatch.setattr(sp.csr_array, "toarray", watched)
    monkeypatch.setattr("sk_renorm._linalg.sparse._BLOCK_ENTRIES", 2**12)
    monkeypatch.setattr("sk_renorm._linalg.blocks._LARGEST_BLOCK", 2**12)
    monkeypatch.setattr("sk_renorm._linalg.blocks._BLOCK_ENTRIES", 2**12)
    monkeypatch.setattr("sk_renorm._linalg.row_modes._BLOCK_ENTRIES", 2**12)
    monkeypatch.setattr("sk_renorm.report.intervals._BLOCK_ENTRIES", 2**12)
    for density in (0.01, 0.2):
        for shape in ((20_000, 30), (30, 20_000)):
            X = scattered(shape, density)
            y = np.random.default_rng(0).standard_normal(shape[0])
            model = TheoryGuidedRidgeCV(cv=3).fit(X, y)
            model.predict(X)
            TheoryGuidedRidgeCV().fit(X, y).predict_interval(X[:50], method="jackknife+")
            graded = X @ sp.diags_array(np.where(np.arange(shape[1]) == 3, 1e10, 1.0))
            assert factorize(graded.tocsr(), y[:, None]).resolution == 0.0
    assert largest <= 20_000 * 30 // 10


@pytest.mark.parametrize("shape", [(50, 8), (8, 50)], ids=str)
@pytest.mark.parametrize("density", [0.03, 0.3])
def test_products_are_those_of_the_centred_rows(shape, density):
    X, Y = sparse_data(*shape, 2, density=density)
    X[:, 0] += 10.0
    weights = np.random.default_rng(0).random(len(X)) + 0.5
    data = SparseData.from_rows(sp.csr_array(X), Y, weights, True)
    centred = np.sqrt(weights)[:, None] * (X - weights @ X / weights.sum())
    B, C = np.ones((shape[1], 2)), np.arange(2.0 * shape[0]).reshape(-1, 2)
    tolerance = {"rtol": 1e-12, "atol": 1e-12}
    assert_allclose(data.rows(slice(2, 5)), centred[2:5], **tolerance)
    assert_allclose(data.row_product(slice(None), B), centred @ B, **tolerance)
    assert_allclose(data.right_product(C), centred.T @ C, **tolerance)
    assert_allclose(data.column_gram(), centred.T @ centred, **tolerance)
    assert_allclose(data.row_gram()[0], centred @ centred.T, **tolerance)
    assert_allclose(data.inner_products(centred[:2]), centred[:2] @ centred.T, **tolerance)
    assert_allclose(data.columns(np.array([3, 1])), centred[:, [3, 1]], **tolerance)
    assert_allclose(data.column_power(), np.square(centred).sum(axis=0), **tolerance)
    assert_allclose(data.gram_of(B), (centred @ B).T @ (centred @ B), **tolerance)


def test_choice_is_visible():
    assert choose_factorization(1000, 10, sparse=True).name == "column_gram"


def test_the_model_says_what_was_factorized():
    X, y = sparse_data(60, 8)
    model = TheoryGuidedRidgeCV().fit(sp.csr_array(X), y)
    assert model.report_.factorization == "column_gram: 8 features are fewer than 60 rows"
    assert model.report_.factorization in str(model.report_)
    assert (
        RenormalizedRidge(1.0)
        .fit(X[:5], y[:5])
        .report_.factorization.startswith("row_gram: 5 rows")
    )
    X[:, 1] = X[:, 0] * (1.0 + 1e-7 * np.arange(60))  # a direction that only the rows resolve
    for rows in (X, sp.csr_array(X)):
        assert RenormalizedRidge(alpha=0.0).fit(rows, y).report_.factorization == (
            "rows: 8 features are fewer than 60 rows, and second moments would lose what sets some "
            "apart"
        )


@st.composite
def problems(draw):
    """Sparse rows, targets, weights; some columns full, constant, empty or copies, any scale."""
    n, p = draw(st.integers(2, 25)), draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    X = rng.standard_normal((n, p)) * (rng.random((n, p)) < draw(st.floats(0.02, 1.0)))
    for _ in range(draw(st.integers(0, 3))):
        column, other = rng.integers(0, p, 2)
        kind = draw(st.sampled_from(["constant", "shifted", "copy", "empty", "one row"]))
        X[:, column] = {
            "constant": np.full(n, 3.0),
            "shifted": 1e3 + X[:, column],
            "copy": X[:, other],
            "empty": np.zeros(n),
            "one row": np.eye(n)[0],
        }[kind]
    X *= 10.0 ** draw(st.integers(-8, 8))
    weights = rng.uniform(0.2, 3.0, n) if draw(st.booleans()) else None
    return X, rng.standard_normal(n), weights


@settings(max_examples=100, deadline=None, derandomize=True)
@given(problems(), st.booleans(), st.integers(-2, 3))
def test_any_sparse_rows_are_refitted_exactly(problem, fit_intercept, exponent):
    X, y, weights = problem
    alpha = 10.0**exponent * max(np.sum(np.var(X, axis=0)), 1e-20)
    model = RenormalizedRidge(alpha, fit_intercept=fit_intercept).fit(sp.csr_array(X), y, weights)
    expected = held_out_errors(X, y, alpha, one_by_one(len(X)), weights, fit_intercept)
    assert_allclose(model.report_.held_out.errors, expected, rtol=1e-6, atol=1e-7 * np.abs(y).max())
