"""``store_rows=False``: nothing of single rows outlives the fit, and what needs them says so."""

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from reference import answers, make_data
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import KFold

from sk_renorm import RenormalizedRidge, RiskCurveDisplay, TheoryGuidedRidgeCV
from sk_renorm._linalg import choose as _choose

N = 997
FITS = {
    "loo": ({}, {}),
    "gcv": ({"risk": "gcv"}, {}),
    "folds": ({"cv": KFold(3)}, {}),
    "scorer": ({"scoring": "neg_mean_absolute_error"}, {}),
    "ar1": ({"sample_correlation": "ar1"}, {}),
    "robust": ({"selection": "robust"}, {}),
    "weights": ({}, {"sample_weight": np.linspace(0.0, 2.0, N)}),
    "risk_weight": ({}, {"risk_weight": np.linspace(0.0, 2.0, N)}),
    "groups": ({}, {"groups": np.arange(N) // 4}),
}
OF_CORRELATED_ROWS = [
    f"report_.dependence.{name}"
    for name in ("sample_correlation", "sample_correlation_std_error", "residuals")
]
every_fit = pytest.mark.parametrize(("how", "given"), FITS.values(), ids=FITS)


def longest(value):
    """Length of the longest axis, string, list or dict in a value, whatever it is made of."""
    if isinstance(value, np.ndarray):
        own = max(value.shape, default=1)
        return max(own, *map(longest, value.ravel())) if value.dtype == object else own
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, dict):
        return max([len(value), *map(longest, value.values())])
    if isinstance(value, list | tuple | set):
        return max([len(value), *map(longest, value)])
    if hasattr(value, "__dict__"):
        return longest(vars(value))
    assert value is None or isinstance(value, bool | int | float | np.generic), type(value)
    return 1


@every_fit
@pytest.mark.parametrize("n_targets", [None, 2])
def test_nothing_of_the_size_of_the_rows_is_left(how, given, n_targets):
    X, y = make_data(N, 5, n_targets)
    kept = TheoryGuidedRidgeCV(**how).fit(X, y, **given)
    bare = TheoryGuidedRidgeCV(**how, store_rows=False).fit(X, y, **given)
    assert longest(kept.loo_predictions_) == N
    assert longest(vars(bare)) < 150
    assert len(pickle.dumps(kept)) > 8 * N
    assert len(pickle.dumps(bare)) < 35_000
    assert_array_equal(bare.predict(X), kept.predict(X))
    left, all_of_it = answers(bare), answers(kept)
    missing = {name for name in all_of_it.keys() - left.keys() if "held_out" not in name}
    assert missing == (set() if "sample_correlation" not in how else set(OF_CORRELATED_ROWS))
    for name, value in left.items():
        if np.asarray(value).dtype.kind == "f":
            # made in the fit with one thread of BLAS, and afterwards with as many as there are
            assert_allclose(value, all_of_it[name], rtol=1e-10, err_msg=name)
        else:
            assert_array_equal(value, all_of_it[name], err_msg=name)


@pytest.mark.parametrize("risk", ["loo", "gcv"])
def test_nor_of_a_dask_collection(risk):
    from_array = pytest.importorskip("dask.array").from_array
    X, y = make_data(N, 5)
    model = TheoryGuidedRidgeCV(risk=risk, store_rows=False).fit(from_array(X, chunks=(200, 5)), y)
    assert longest(vars(model)) < 150
    assert len(pickle.dumps(model)) < 35_000


def test_nor_of_large_sparse_rows(monkeypatch):
    monkeypatch.setattr(_choose, "_LARGEST_GRAM", 20)
    X, y = make_data(N, 60)
    model = TheoryGuidedRidgeCV(store_rows=False).fit(scipy.sparse.csr_array(X), y)
    assert model.report_.factorization.startswith("krylov")
    assert longest(vars(model)) < 300  # a string says why no Gram matrix was made


@every_fit
def test_what_needs_rows_says_so_and_the_rest_answers(how, given):
    X, y = make_data(N, 5)
    model = RenormalizedRidge if "cv" in how or not how else TheoryGuidedRidgeCV
    model = model(**how, store_rows=False).fit(X, y, **given)
    message = r"needs the rows of the fit, .*store_rows=False.* Fit again .*store_rows=True"
    model.set_params(store_rows=True)  # what counts is the fit
    assert not hasattr(model, "loo_predictions_")
    for ask in (
        lambda: model.loo_predictions_,
        lambda: model.report_.held_out,
        lambda: model.predict(X, return_std=True),
        lambda: model.predict_interval(X),
        lambda: model.predict_interval(X, method="jackknife+"),
        lambda: RiskCurveDisplay.from_estimator(model, X, y),
    ):
        with pytest.raises(NotFittedError, match=message):
            ask()
    error, cause = (
        (NotFittedError, message)
        if "sample_correlation" in how
        else (ValueError, "fit with sample_correlation='ar1'")
    )
    for ask in (lambda: model.predict_ahead(X), lambda: model.report_.risk_ahead([1, 2])):
        with pytest.raises(error, match=cause) as caught:
            ask()
        assert caught.type is error
    assert model.report_.interval()[0] < model.risk_ < model.report_.interval()[1]
    assert model.report_.compare(1.0, 10.0).std_error > 0.0
    assert model.report_.learning_curve([N]).risk > 0.0
    assert " rows, 5 features, 1 target" in str(model.report_)
    assert "R2 of fresh rows" in str(model.report_)
    assert "degrees of freedom" in model._repr_html_()


def test_copies_and_blocks_say_that_they_have_no_rows():
    """And what was made of the rows is there all the same."""
    X, y = make_data(60, 5)
    model = TheoryGuidedRidgeCV().fit(X, y)
    stream = TheoryGuidedRidgeCV().partial_fit(X, y)
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model), stream):
        assert other.report_.held_out.errors.shape == (60,)
        with pytest.raises(NotFittedError, match=r"(not in a copy|in blocks).* again to rows"):
            other.predict_interval(X, method="jackknife+")
        with pytest.raises(NotFittedError, match=r"(not in a copy|in blocks).* again to rows"):
            RiskCurveDisplay.from_estimator(other, X, y)


def test_a_stream_goes_on_without_them():
    X, y = make_data(N, 5)
    bare, kept = TheoryGuidedRidgeCV(store_rows=False), TheoryGuidedRidgeCV()
    for model in (bare, kept):
        for rows in (slice(500), slice(500, None)):
            model.partial_fit(X[rows], y[rows])
            assert hasattr(model, "loo_predictions_") == model.store_rows
            assert model.risk_ > 0.0
    assert_array_equal(bare.predict(X), kept.predict(X))
    assert bare.report_.sample.risk == kept.report_.sample.risk


def test_results_of_every_row_contradict_it():
    X, y = make_data(20, 3)
    model = TheoryGuidedRidgeCV(store_rows=False).fit(X, y)
    before = dict(vars(model.set_params(store_cv_results=True)))
    with pytest.raises(ValueError, match="store_cv_results=True keeps numbers of every row"):
        model.fit(X, y)
    assert vars(model) == before
