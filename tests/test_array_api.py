"""Tensors and other arrays: fitted where they live, with the numbers of the numpy fit.

Needs SCIPY_ARRAY_API=1 in the environment, as scikit-learn does; torch is optional.
"""

import importlib
import os
import pickle

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from reference import answers, factorization_of, held_out_errors, make_data, one_by_one
from sklearn.base import clone
from sklearn.utils import get_tags
from test_numerics import DEGENERATE, graded_data

from sk_renorm import (
    LearningCurveForecastDisplay,
    RenormalizedRidge,
    RiskCurveDisplay,
    SpectrumDisplay,
    TheoryGuidedRidgeCV,
)
from sk_renorm._rows.devices import SUPPORTED, as_numpy, place_of, to_host

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("SCIPY_ARRAY_API") != "1", reason="SCIPY_ARRAY_API=1 is not set"
    ),
    pytest.mark.skipif(not SUPPORTED, reason="scikit-learn is older than 1.9"),
]

PLACES = [
    pytest.param(("array_api_strict", "device1"), id="strict"),
    pytest.param(("torch", "cpu"), id="torch"),
    pytest.param(("torch", "cuda"), id="cuda", marks=pytest.mark.cuda),
]


@pytest.fixture(autouse=True)
def dispatch():
    with sklearn.config_context(array_api_dispatch=True):
        yield


def putter(name, device):
    """Return a function that puts ndarrays into a namespace and onto a device."""
    xp = pytest.importorskip(name)
    if device == "cuda" and not xp.cuda.is_available():
        pytest.skip("no CUDA device")
    if name == "array_api_strict":
        device = xp.Device(device)
    return lambda array: xp.asarray(np.array(array), device=device)


@pytest.fixture(params=PLACES)
def put(request):
    return putter(*request.param)


def attributes(model):
    """All that a fit has and tells, as numpy's."""
    return {name: as_numpy(value) for name, value in answers(model).items()}


def assert_same_fit(model, expected, rtol=1e-9):
    """Compare all attributes, each relative to its largest entry."""
    ours, theirs = attributes(model), attributes(expected)
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        assert np.shape(ours[name]) == np.shape(value), name
        if isinstance(value, str):
            assert ours[name] == value
            continue
        # a standard deviation, the root of a difference, has half of the digits
        tolerance = np.sqrt(rtol) if "leverage_dispersion" in name else rtol
        largest = np.max(np.abs(value), initial=0.0, where=np.isfinite(value))
        assert_allclose(ours[name], value, rtol=rtol, atol=tolerance * largest, err_msg=name)


def assert_lives_with(model, X):
    """All fitted arrays are of the type of X, on its device; single numbers are Python's."""
    fitted = {name: value for name, value in vars(model).items() if name.endswith("_")}
    fitted |= {name: getattr(model, name) for name in ("risk_std_error_", "loo_predictions_")}
    for name, value in fitted.items():
        if hasattr(value, "shape"):
            assert type(value) is type(X), name
            assert value.device == X.device, name
        else:
            assert value is None or type(value) in (int, float, bool, str), name
    assert all(type(value) is not type(X) or type(X) is np.ndarray for value in told(model))


def told(model):
    """What the report tells, which is numpy's."""
    return [value for name, value in answers(model).items() if name.startswith("report_")]


ESTIMATORS = [
    TheoryGuidedRidgeCV(),
    TheoryGuidedRidgeCV(risk="gcv"),
    TheoryGuidedRidgeCV(alpha_per_target=True),
    TheoryGuidedRidgeCV(fit_intercept=False),
    TheoryGuidedRidgeCV(alphas=[0.0, 0.1, 1.0, 10.0, 1e3, 1e6]),
    TheoryGuidedRidgeCV(alphas=15, selection="1se"),
    TheoryGuidedRidgeCV(selection="robust"),
    RenormalizedRidge(),
    RenormalizedRidge(0.0),
    RenormalizedRidge([0.5, 1.0, 20.0]),
    RenormalizedRidge(effective_df=4.0),
    RenormalizedRidge(effective_ridge=2.0),
]
# what needs the rows in numpy, or all errors
OTHERS = [
    TheoryGuidedRidgeCV(cv=4),
    TheoryGuidedRidgeCV(sample_correlation="ar1"),
    TheoryGuidedRidgeCV(scoring="neg_mean_absolute_error"),
    TheoryGuidedRidgeCV(store_cv_results=True, alphas=7),
    RenormalizedRidge(cv=4),
]


@pytest.mark.parametrize("estimator", [*ESTIMATORS, *OTHERS], ids=repr)
@pytest.mark.parametrize("shape", [(60, 8), (20, 40)], ids=["tall", "wide"])
def test_same_as_numpy(put, estimator, shape):
    X, Y = make_data(*shape, q=3, noise=2.0)
    expected = clone(estimator).fit(X, Y)
    model = clone(estimator).fit(put(X), put(Y))
    assert_lives_with(model, put(X))
    assert_same_fit(model, expected)
    predictions = model.predict(put(X))
    assert type(predictions) is type(put(X))
    assert_allclose(to_host(predictions), expected.predict(X), rtol=1e-9)
    assert_allclose(model.score(put(X), put(Y)), expected.score(X, Y), rtol=1e-9)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("zeros", [0, 3])
@pytest.mark.parametrize("shape", [(60, 8), (20, 40), (31, 20)], ids=["tall", "wide", "between"])
def test_weights(put, shape, zeros, fit_intercept):
    X, y = make_data(*shape, noise=2.0, seed=1)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    weights[:zeros] = 0.0
    estimator = TheoryGuidedRidgeCV(fit_intercept=fit_intercept)
    model = clone(estimator).fit(put(X), put(y), sample_weight=put(weights))
    assert_lives_with(model, put(X))
    assert_same_fit(model, estimator.fit(X, y, sample_weight=weights))


def test_groups(put):
    X, y = make_data(60, 8, noise=2.0)
    groups = np.arange(60) // 4
    model = TheoryGuidedRidgeCV().fit(put(X), put(y), groups=put(groups))
    assert_lives_with(model, put(X))
    assert_same_fit(model, TheoryGuidedRidgeCV().fit(X, y, groups=groups))


@pytest.mark.parametrize("per_target", [True, False])
@pytest.mark.parametrize("shape", [(700, 20), (40, 700)], ids=["tall", "wide"])
def test_blocks_and_chunks_change_nothing(put, shape, per_target, monkeypatch):
    X, Y = make_data(*shape, q=3, noise=2.0)
    estimator = TheoryGuidedRidgeCV(alpha_per_target=per_target)
    expected = clone(estimator).fit(X, Y, sample_weight=np.linspace(1.0, 2.0, len(X)))
    for module in ("_linalg.device.data", "_risk.leave_one_out.on_device"):
        module = importlib.import_module(f"sk_renorm.{module}")
        monkeypatch.setattr(module, "_BLOCK_ENTRIES", 2**13)
    model = estimator.fit(put(X), put(Y), sample_weight=put(np.linspace(1.0, 2.0, len(X))))
    assert_same_fit(model, expected)


@pytest.mark.parametrize("shape", [(300, 20), (40, 100)], ids=["tall", "wide"])
def test_float32_stays_float32_and_chooses_the_same(put, shape):
    X, y = make_data(*shape, noise=3.0)
    single = np.float32
    model = TheoryGuidedRidgeCV().fit(put(X.astype(single)), put(y.astype(single)))
    expected = TheoryGuidedRidgeCV().fit(X, y)
    assert_allclose(model.alpha_, expected.alpha_, rtol=0.01)
    predictions = model.predict(put(X.astype(single)))
    for values in (model.coef_, model.loo_predictions_, predictions):
        assert values.dtype == put(single(1.0)).dtype
    assert model.predict(put(X)).dtype == put(1.0).dtype
    assert_allclose(to_host(model.coef_), expected.coef_, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("condition", [1e5, 1e6])
def test_float32_is_summed_in_float64(put, condition):
    """A Gram matrix of float32 sums would have lost the small directions altogether."""
    X, y = graded_data((200, 20), 1.0 / condition, 1e-7)
    X = X.astype(np.float32)
    model, expected = TheoryGuidedRidgeCV().fit(put(X), put(y)), TheoryGuidedRidgeCV().fit(X, y)
    assert_allclose(model.alpha_, expected.alpha_, rtol=1e-3)
    assert_allclose(model.risk_, expected.risk_, rtol=1e-4)


def test_integers_are_converted(put):
    X, y = make_data(40, 5)
    X = np.round(4.0 * X).astype(int)
    model = TheoryGuidedRidgeCV().fit(put(X), put(y))
    assert_same_fit(model, TheoryGuidedRidgeCV().fit(X, y))
    assert_allclose(to_host(model.predict(put(X))), TheoryGuidedRidgeCV().fit(X, y).predict(X))


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("case", DEGENERATE.values(), ids=DEGENERATE)
def test_degenerate_data(put, case, fit_intercept):
    X, y = case
    scale = np.abs(y).max()
    for estimator in (TheoryGuidedRidgeCV(), RenormalizedRidge(0.0), RenormalizedRidge(1.0)):
        estimator.set_params(fit_intercept=fit_intercept)
        expected = clone(estimator).fit(X, y)
        model = clone(estimator).fit(put(X), put(y))
        assert_allclose(model.risk_, expected.risk_, rtol=1e-6, atol=1e-16 * scale**2)
        assert np.isfinite(to_host(model.predict(put(X)))).all()
        if isinstance(estimator, TheoryGuidedRidgeCV):
            continue  # some of these have the same risk at every penalty
        assert_allclose(model.effective_df_, expected.effective_df_, rtol=1e-7, atol=1e-9)
        for name in ("coef_", "loo_predictions_"):
            ours, theirs = to_host(getattr(model, name)), getattr(expected, name)
            assert_allclose(ours, theirs, rtol=1e-6, atol=1e-8 * scale, err_msg=name)


@pytest.mark.parametrize("shape", [(60, 6), (20, 40)], ids=["tall", "wide"])
def test_constant_and_duplicate_columns(put, shape):
    X, y = make_data(*shape, noise=2.0)
    X = np.column_stack([X, X[:, :2], np.full((len(X), 3), [0.0, 5.0, 1e6 + 0.1])])
    model, expected = TheoryGuidedRidgeCV().fit(put(X), put(y)), TheoryGuidedRidgeCV().fit(X, y)
    assert model.report_.eigenvalues.shape == expected.report_.eigenvalues.shape
    assert_allclose(model.risk_, expected.risk_, rtol=1e-7)
    assert_allclose(to_host(model.coef_)[-3:], 0.0, atol=1e-10)
    assert_allclose(to_host(model.coef_), expected.coef_, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("alpha", [0.0, 1e-6, 1.0])
@pytest.mark.parametrize(("n_rows", "others"), [(60, 0.0), (24, 0.0), (24, 1e-4)])
def test_row_with_a_column_of_its_own(put, n_rows, others, alpha):
    """Its leverage is one, or nearly: what is left of it must not be a difference."""
    X, y = make_data(n_rows, 20, noise=2.0)
    X[:, -1] = (np.arange(n_rows) == 0) + others * X[:, -1]
    model = RenormalizedRidge(alpha).fit(put(X), put(y))
    expected = held_out_errors(X, y, alpha, one_by_one(n_rows))
    assert_allclose(to_host(model.report_.held_out.errors), expected, rtol=1e-8)


@pytest.mark.parametrize("shape", [(60, 6), (20, 40)], ids=["tall", "wide"])
def test_means_far_above_the_standard_deviation(put, shape):
    X, y = make_data(*shape, noise=2.0, offset=0.0)
    plain = TheoryGuidedRidgeCV().fit(X, y)
    for offset, rtol in ((1e3, 1e-8), (1e6, 1e-6)):
        shifted = TheoryGuidedRidgeCV().fit(put(X + offset), put(y))
        assert_allclose(shifted.risk_, plain.risk_, rtol=rtol)
        assert_allclose(shifted.effective_df_, plain.effective_df_, rtol=1e-2)


@pytest.mark.parametrize("shape", [(60, 30), (30, 60)], ids=["tall", "wide"])
def test_singular_values_that_a_gram_matrix_loses_are_found(put, shape):
    X, y = graded_data(shape, 1e-10, 1e-9)
    model, expected = TheoryGuidedRidgeCV().fit(put(X), put(y)), TheoryGuidedRidgeCV().fit(X, y)
    assert factorization_of(model).resolution == 0.0
    assert_allclose(model.alpha_, expected.alpha_, rtol=1e-3)
    assert_allclose(model.risk_, expected.risk_, rtol=1e-4)
    # of alpha = 1e-16 the Gram matrix knows nothing
    model, expected = RenormalizedRidge(1e-16).fit(put(X), put(y)), RenormalizedRidge(1e-16)
    assert_allclose(model.effective_df_, expected.fit(X, y).effective_df_, rtol=1e-5)


def test_units_and_extreme_sizes(put):
    X, y = make_data(60, 5, noise=2.0)
    plain = TheoryGuidedRidgeCV().fit(put(X), put(y))
    small = TheoryGuidedRidgeCV().fit(put(X), put(y * 2.0**-400))
    assert small.alpha_ == plain.alpha_
    ranges = [model.report_.equivalent_alphas for model in (plain, small)]
    assert np.array_equal(*ranges)
    for size in (1e200, 1e-170):
        with pytest.raises(ValueError, match=r"largest value of X is .*scale X"):
            TheoryGuidedRidgeCV().fit(put(X * size), put(y))


@pytest.mark.parametrize("risk", ["loo", "gcv"])
@pytest.mark.parametrize("shape", [(1000, 200), (100, 1000)], ids=["tall", "wide"])
def test_rows_stay_on_their_device(shape, risk, monkeypatch):
    """Of a default fit, nothing larger than a vector per penalty ever leaves the device."""
    strict = pytest.importorskip("array_api_strict")
    put = putter("array_api_strict", "device1")
    sizes = []

    def recorded(original):
        def call(array, *args, **kwargs):
            sizes.append(np.prod(array.shape))
            return original(array, *args, **kwargs)

        return call

    # all doors there are: this device refuses to be read by numpy directly
    Array = type(strict.asarray(1.0))
    for name in ("__dlpack__", "__array__", "to_device"):
        monkeypatch.setattr(Array, name, recorded(getattr(Array, name)))
    monkeypatch.setattr(strict, "asarray", recorded_asarray(strict.asarray, Array, sizes))
    X, y = make_data(*shape, noise=2.0)
    X, y = put(X), put(y)
    sizes.clear()
    model = TheoryGuidedRidgeCV(risk=risk).fit(X, y)
    model.predict(X)
    assert sizes
    assert max(sizes) <= max(shape)


def recorded_asarray(original, Array, sizes):
    def asarray(obj, *args, device=None, **kwargs):
        if isinstance(obj, Array) and device not in (None, obj.device):
            sizes.append(np.prod(obj.shape))
        return original(obj, *args, device=device, **kwargs)

    return asarray


@pytest.mark.parametrize("shape", [(60, 8), (20, 40)], ids=["tall", "wide"])
def test_device_without_float64(shape):
    """Its rows are copied to numpy, since a float32 Gram matrix would be wrong."""
    put = putter("array_api_strict", "no_float64")
    X, y = (array.astype(np.float32) for array in make_data(*shape, noise=2.0))
    model = TheoryGuidedRidgeCV().fit(put(X), put(y))
    assert_lives_with(model, put(X))
    assert model.coef_.dtype == put(X).dtype
    expected = TheoryGuidedRidgeCV().fit(X, y)
    assert_allclose(model.alpha_, expected.alpha_, rtol=1e-9)
    assert_allclose(to_host(model.coef_), expected.coef_, rtol=1e-6)
    assert_allclose(to_host(model.predict(put(X))), expected.predict(X), rtol=1e-5)
    assert " features, 1 target" in str(model.report_)


def test_y_weights_and_parameters_follow_X(put):
    X, Y = make_data(40, 5, q=3, noise=2.0)
    weights = np.linspace(1.0, 2.0, 40)
    expected = RenormalizedRidge([0.5, 1.0, 2.0]).fit(X, Y, weights)
    model = RenormalizedRidge(put([0.5, 1.0, 2.0])).fit(put(X), Y, weights)
    assert_lives_with(model, put(X))
    assert_same_fit(model, expected)
    back = RenormalizedRidge(put([0.5, 1.0, 2.0])).fit(X, put(Y), put(weights))
    assert_lives_with(back, np.ones(1))
    assert_same_fit(back, expected)
    alphas = TheoryGuidedRidgeCV(alphas=put([0.1, 1.0, 10.0, 1e3]))
    assert_allclose(to_host(alphas.fit(put(X), put(Y)).report_.path.alpha), [0.1, 1.0, 10.0, 1e3])


def test_other_namespace_is_refused_with_scikit_learns_sentence(put):
    X, y = make_data(40, 5)
    model, plain = TheoryGuidedRidgeCV().fit(put(X), put(y)), TheoryGuidedRidgeCV().fit(X, y)
    sentence = "TheoryGuidedRidgeCV.predict.* must use the same namespace"
    for fitted, other in ((model, X), (plain, put(X))):
        with pytest.raises(ValueError, match=sentence):
            fitted.predict(other)
        with pytest.raises(ValueError, match=sentence.replace("predict", "predict_interval")):
            fitted.predict_interval(other)


def test_messages(put):
    X, y = make_data(40, 5)
    model = TheoryGuidedRidgeCV().fit(put(X), put(y))
    coef = model.coef_
    hole = X.copy()
    hole[3, 2] = np.nan
    for wrong, sentence in (
        ((hole, y), "Input X contains NaN"),
        ((X, hole[:, 2]), "Input y contains NaN"),
        ((X[0], y), "Expected 2D array, got 1D array"),
        ((X, y[:5]), "inconsistent numbers of samples"),
        ((X * 1j, y), "Complex data not supported"),
        ((X, y, -np.ones(40)), "Negative values in sample_weight"),
        ((X[:1], y[:1]), "minimum of 2 is required"),
    ):
        with pytest.raises(ValueError, match=sentence):
            model.fit(*map(put, wrong))
        assert model.coef_ is coef
    with pytest.raises(ValueError, match="X has 3 features"):
        model.predict(put(X[:, :3]))


def test_streams_are_of_numpy(put):
    X, Y = make_data(40, 6)
    model = TheoryGuidedRidgeCV()
    with pytest.raises(ValueError, match="move each block to numpy"):
        model.partial_fit(put(X), put(Y))
    expected = TheoryGuidedRidgeCV().partial_fit(X, Y, np.arange(40.0))
    assert model.partial_fit(X, put(Y), put(np.arange(40.0))).risk_ == expected.risk_


def test_inputs_are_unchanged(put):
    X, y = make_data(40, 5)
    weights = np.linspace(0.0, 1.0, 40)
    given = [put(array) for array in (X, y, weights)]
    for estimator in (TheoryGuidedRidgeCV(), RenormalizedRidge(1.0), TheoryGuidedRidgeCV(cv=3)):
        estimator.fit(*given).predict(given[0])
        for array, original in zip(given, (X, y, weights), strict=True):
            assert_array_equal(to_host(array), original)


def test_copies_pickles_and_moves(put):
    X, y = make_data(40, 5)
    model = TheoryGuidedRidgeCV().fit(put(X), put(y))
    expected = TheoryGuidedRidgeCV().fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(to_host(again.predict(put(X))), to_host(model.predict(put(X))))
    assert not hasattr(clone(model), "coef_")
    from sklearn.utils._array_api import get_namespace_and_device, move_estimator_to

    xp, _, device = get_namespace_and_device(put(X))
    there = move_estimator_to(expected, xp, device)
    assert_lives_with(there, put(X))
    assert_allclose(to_host(there.predict(put(X))), expected.predict(X))
    back = move_estimator_to(model, np, "cpu")
    assert_lives_with(back, X)
    assert_allclose(back.predict(X), expected.predict(X))
    for moved in (there, back):
        assert str(moved.report_) == str(expected.report_)


@pytest.mark.parametrize("q", [None, 3])
@pytest.mark.parametrize("shape", [(60, 8), (20, 40)], ids=["tall", "wide"])
def test_answers(put, shape, q):
    X, y = make_data(*shape, q=q, noise=2.0)
    model = TheoryGuidedRidgeCV(alpha_per_target=q is not None).fit(put(X), put(y))
    expected = clone(model).fit(X, y)
    for method in ("residual", "jackknife+"):
        limits = model.predict_interval(put(X), 0.8, method)
        assert type(limits) is type(put(X))
        assert_allclose(to_host(limits), expected.predict_interval(X, 0.8, method), rtol=1e-8)
    for ours, theirs in zip(
        model.predict(put(X), return_std=True), expected.predict(X, return_std=True), strict=True
    ):
        assert_allclose(to_host(ours), theirs, rtol=1e-9)
    assert str(model.report_).splitlines()[0] == str(expected.report_).splitlines()[0]
    assert "ceiling of R2" in model._repr_html_()
    assert_allclose(model.report_.interval(), expected.report_.interval(), rtol=1e-8)
    ours, theirs = (
        model.report_.compare(1.0, model.alpha_),
        expected.report_.compare(1.0, expected.alpha_),
    )
    assert_allclose(ours.difference, theirs.difference, rtol=1e-6)


def test_forecasts_and_displays(put):
    pytest.importorskip("matplotlib")
    X, y = make_data(60, 8, noise=2.0)
    model = TheoryGuidedRidgeCV().fit(put(X), put(y))
    expected = TheoryGuidedRidgeCV().fit(X, y)
    ours = RiskCurveDisplay.from_estimator(model, put(X), put(y))
    theirs = RiskCurveDisplay.from_estimator(expected, X, y)
    assert_allclose(ours.risks, theirs.risks, rtol=1e-9)
    assert_allclose(ours.held_out[1], theirs.held_out[1], rtol=1e-8)
    eigenvalues = SpectrumDisplay.from_estimator(model).eigenvalues
    assert_allclose(eigenvalues, expected.report_.eigenvalues, rtol=1e-9)
    ours, theirs = (LearningCurveForecastDisplay.from_estimator(m) for m in (model, expected))
    assert_allclose(ours.curve.risk, theirs.curve.risk, rtol=1e-6)
    needed = (m.report_.samples_needed(1.1 * expected.risk_).n_samples for m in (model, expected))
    assert_allclose(*needed, rtol=1e-6)


def test_changed_rows_are_noticed():
    put = putter("torch", "cpu")
    X, y = make_data(60, 8)
    rows = put(X)
    model = TheoryGuidedRidgeCV().fit(rows, put(y))
    for change in ("value", "order"):
        if change == "value":
            rows[5, 3] += 1e-6
        else:
            rows[5, 3] -= 1e-6
            rows[[0, 1]] = rows[[1, 0]]
        with pytest.raises(ValueError, match="rows of the fit, and these have been changed"):
            model.predict_interval(put(X), method="jackknife+")


def test_switched_off_tensors_become_numpy_arrays():
    put = putter("torch", "cpu")
    X, y = make_data(60, 8)
    fitted_on = TheoryGuidedRidgeCV().fit(put(X), put(y))
    with sklearn.config_context(array_api_dispatch=False):
        assert place_of(put(X)) is None
        model = TheoryGuidedRidgeCV().fit(put(X), put(y), sample_weight=put(np.ones(60)))
        assert type(model.coef_) is type(model.predict(put(X))) is np.ndarray
        # a model fitted to tensors still predicts, in numpy
        for rows in (X, put(X)):
            assert_allclose(fitted_on.predict(rows), to_host(fitted_on.predict(rows)))
            assert type(fitted_on.predict(rows)) is np.ndarray
            for method in ("residual", "jackknife+"):
                limits = fitted_on.predict_interval(rows, method=method)
                assert_allclose(limits, model.predict_interval(X, method=method), rtol=1e-8)


def test_numpy_arrays_are_fitted_as_without_dispatch():
    X, y = make_data(60, 8)
    model = TheoryGuidedRidgeCV().fit(X, y)
    with sklearn.config_context(array_api_dispatch=False):
        expected = TheoryGuidedRidgeCV().fit(X, y)
    assert_same_fit(model, expected)
    assert_allclose(TheoryGuidedRidgeCV().fit(X.tolist(), y.tolist()).coef_, expected.coef_)


def test_older_scikit_learn_says_so(monkeypatch):
    monkeypatch.setattr("sk_renorm._rows.devices.SUPPORTED", False)
    put = putter("array_api_strict", "device1")
    X, y = make_data(40, 5)
    with pytest.raises(ValueError, match=r"need scikit-learn 1\.9 or newer"):
        TheoryGuidedRidgeCV().fit(put(X), put(y))


def test_tag():
    assert get_tags(TheoryGuidedRidgeCV()).array_api_support
    assert get_tags(RenormalizedRidge()).array_api_support
