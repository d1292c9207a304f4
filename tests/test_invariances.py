"""What must not matter: order, rotation, shifts, memory layout, read-only input, threads."""

import threading

import numpy as np
import pytest
import threadpoolctl
from numpy.testing import assert_allclose
from reference import answer, make_data
from scipy.stats import ortho_group
from sklearn.model_selection import KFold

from sk_renorm import RenormalizedRidge, RiskCurveDisplay, TheoryGuidedRidgeCV

SHAPES = [(60, 8), (25, 50)]
SCALARS = ["alpha_", "risk_", "effective_df_", "effective_ridge_", "report_.leverage_dispersion"]


def assert_same(one, other, rtol=1e-8):
    for name in SCALARS:
        assert_allclose(answer(one, name), answer(other, name), rtol=rtol, err_msg=name)
    assert_allclose(one.report_.path.risk, other.report_.path.risk, rtol=rtol)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("risk", ["loo", "gcv"])
def test_rotation_permutation_and_shift(shape, risk):
    X, y = make_data(*shape, noise=3.0)
    plain = TheoryGuidedRidgeCV(risk=risk).fit(X, y)
    rotation = ortho_group.rvs(shape[1], random_state=0)
    rotated = TheoryGuidedRidgeCV(risk=risk).fit(X @ rotation, y)
    assert_same(plain, rotated)
    assert_allclose(rotated.coef_, rotation.T @ plain.coef_, rtol=1e-6, atol=1e-9)
    order = np.random.default_rng(0).permutation(shape[0])
    permuted = TheoryGuidedRidgeCV(risk=risk).fit(X[order], y[order])
    assert_same(plain, permuted)
    assert_allclose(permuted.loo_predictions_, plain.loo_predictions_[order], rtol=1e-7)
    shifted = TheoryGuidedRidgeCV(risk=risk).fit(X + np.arange(shape[1]), y - 7.0)
    assert_same(plain, shifted)


@pytest.mark.parametrize("shape", SHAPES)
def test_degrees_of_freedom_and_effective_ridge_are_ordered(shape):
    X, y = make_data(*shape)
    model = TheoryGuidedRidgeCV(alphas=40).fit(X, y)
    n, rank = shape[0] - 1, min(shape[0] - 1, shape[1])
    df, kappa, ridge = (
        model.report_.path.effective_df,
        model.report_.path.effective_ridge,
        model.report_.path.alpha / n,
    )
    assert np.all(df <= rank)
    assert np.all(kappa >= ridge)
    # ridge(kappa(ridge)) == ridge
    assert_allclose(kappa * (1 - df / n), ridge, rtol=1e-6, atol=1e-9 * kappa[0])


def test_effective_ridge_tends_to_the_ridge_as_rows_are_added():
    ratios = []
    for n in (50, 500, 5000):
        X, y = make_data(n, 5)
        model = RenormalizedRidge(0.1 * n).fit(X, y)
        ratios.append(model.effective_ridge_ / (0.1 * n / (n - 1)))
    assert ratios[0] > ratios[1] > ratios[2] > 1.0
    assert ratios[2] < 1.001


@pytest.mark.filterwarnings("ignore:risk='gcv' takes weights")
@pytest.mark.parametrize("shape", [(3000, 8), (25, 3000)])
def test_memory_layout_does_not_matter_and_input_is_only_read(shape, tmp_path):
    X, y = make_data(*shape, noise=3.0)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, shape[0])
    plain = TheoryGuidedRidgeCV().fit(X, y, weights)
    mapped = np.memmap(tmp_path / "x", dtype=float, mode="w+", shape=shape)
    mapped[:] = X
    padded = np.zeros((2 * shape[0], 2 * shape[1]))
    padded[::2, ::2] = X
    for copy in (np.asfortranarray(X), padded[::2, ::2], mapped, X[::-1][::-1]):
        copy.flags.writeable = False
        assert_same(plain, TheoryGuidedRidgeCV().fit(copy, y, weights), rtol=1e-9)
    before = [array.copy() for array in (X, y, weights)]
    for estimator in (
        TheoryGuidedRidgeCV(cv=KFold(3)),
        TheoryGuidedRidgeCV(risk="gcv"),
        RenormalizedRidge(0.0),
    ):
        for array in (X, y, weights):
            array.flags.writeable = False
        estimator.fit(X, y, weights)
    for array, copy in zip((X, y, weights), before, strict=True):
        assert np.array_equal(array, copy)


OF_Y = {"coef_": 1, "intercept_": 1, "loo_predictions_": 1, "report_.held_out.errors": 1}
OF_Y |= {"risk_": 2, "report_.path.risk": 2, "risk_std_error_": 2, "report_.path.std_error": 2}
OF_Y |= {
    "report_.noise.variance": 2,
    "report_.noise.interval": 2,
}
WITHOUT_UNIT = [
    "alpha_",
    "report_.path.alpha",
    "report_.equivalent_alphas",
    "report_.alpha_identified",
    "effective_df_",
]
WITHOUT_UNIT += [
    "report_.noise.r2_ceiling",
    "report_.leverage_dispersion",
]
WAYS = {
    "search": ({}, {}),
    "one penalty for each target": ({"alpha_per_target": True}, {}),
    "candidates": ({"alphas": [0.1, 1.0, 10.0], "store_cv_results": True}, {}),
    "gcv": ({"risk": "gcv"}, {}),
    "folds": ({"cv": 5}, {}),
    "groups": ({}, {"groups": np.arange(60) // 4}),
    "standard error": ({"selection": "1se"}, {}),
    "robust": ({"selection": "robust"}, {}),
    "weights": ({}, {"sample_weight": np.linspace(0.5, 2.0, 60)}),
    "risk weights": ({}, {"risk_weight": np.linspace(0.5, 2.0, 60)}),
    "correlated": ({"sample_correlation": "ar1"}, {}),
    "scorer": ({"scoring": "neg_mean_absolute_error"}, {}),
}


@pytest.mark.parametrize("power", [-900, -565, -332, -100, 40, 332, 490])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_unit_of_y_does_not_matter(way, power):
    """Powers of two change no digit: squares and fourth powers stay in the range of float64."""
    parameters, extra = way
    X, Y = make_data(60, 5, q=3)
    unit = np.ldexp(1.0, power)
    plain = TheoryGuidedRidgeCV(**parameters).fit(X, Y, **extra)
    scaled = TheoryGuidedRidgeCV(**parameters).fit(X, Y * unit, **extra)
    for name in WITHOUT_UNIT:
        assert np.array_equal(answer(scaled, name), answer(plain, name)), name
    for name, degree in OF_Y.items():
        wanted = answer(plain, name) * unit**degree
        assert np.array_equal(answer(scaled, name), wanted, equal_nan=True), name
    if "store_cv_results" in parameters:
        assert np.array_equal(scaled.cv_results_, plain.cv_results_ * unit**2)
    new, deviation = scaled.predict(X, return_std=True)
    assert np.array_equal(deviation, plain.predict(X, return_std=True)[1] * unit)
    assert np.array_equal(new, plain.predict(X) * unit)
    one, other = (model.report_.compare(1.0, 10.0) for model in (scaled, plain))
    assert np.array_equal(one.difference, other.difference * unit**2)
    assert np.array_equal(one.std_error, other.std_error * unit**2)
    curve, other = scaled.report_.learning_curve([30, 200]), plain.report_.learning_curve([30, 200])
    assert np.array_equal(curve.alpha, other.alpha)
    for name in ("risk", "std_error", "lower", "upper"):
        assert np.array_equal(answer(curve, name), answer(other, name) * unit**2), name


@pytest.mark.parametrize("factor", [1e-170, 1e-100, 1e100, 1e140])
def test_any_factor_on_y_is_one_on_the_model(factor):
    X, y = make_data(25, 50, noise=3.0)
    plain, scaled = TheoryGuidedRidgeCV().fit(X, y), TheoryGuidedRidgeCV().fit(X, y * factor)
    assert_allclose(scaled.alpha_, plain.alpha_, rtol=1e-6)
    assert_allclose(scaled.report_.equivalent_alphas, plain.report_.equivalent_alphas, rtol=1e-6)
    assert_allclose(scaled.predict(X), plain.predict(X) * factor, rtol=1e-6)
    intervals = [model.predict_interval(X, 0.8, "jackknife+") for model in (plain, scaled)]
    assert_allclose(intervals[1], intervals[0] * factor, rtol=1e-6)


def test_targets_of_any_sizes_with_a_penalty_for_each():
    X, Y = make_data(40, 8, q=3, noise=4.0)
    factors = np.array([1e-170, 1.0, 1e120])
    together = TheoryGuidedRidgeCV(alpha_per_target=True).fit(X, Y * factors)
    plain = TheoryGuidedRidgeCV(alpha_per_target=True).fit(X, Y)
    assert_allclose(together.alpha_, plain.alpha_, rtol=1e-6)
    assert_allclose(together.report_.equivalent_alphas, plain.report_.equivalent_alphas, rtol=1e-6)
    assert_allclose(together.coef_, plain.coef_ * factors[:, None], rtol=1e-6)


def test_unit_of_y_in_the_figure_of_the_risk():
    X, y = make_data(60, 5)
    unit = 2.0**-400
    plain, scaled = (TheoryGuidedRidgeCV([0.1, 1.0]).fit(X, y * factor) for factor in (1.0, unit))
    one, other = (
        RiskCurveDisplay.from_estimator(m, X, y * f) for m, f in ((plain, 1.0), (scaled, unit))
    )
    assert np.array_equal(other.risks, one.risks * unit**2)
    assert np.array_equal(other.std_errors, one.std_errors * unit**2)
    assert_allclose(other.held_out[1], one.held_out[1] * unit**2)


def blas_threads():
    return [info["num_threads"] for info in threadpoolctl.threadpool_info()]


@pytest.mark.parametrize("shape", [(3000, 20), (60, 3000)])
def test_results_do_not_depend_on_threads_and_limits_are_restored(shape):
    X, y = make_data(*shape, noise=3.0)
    before = blas_threads()
    free = TheoryGuidedRidgeCV().fit(X, y)
    assert blas_threads() == before
    with threadpoolctl.threadpool_limits(1):
        single = TheoryGuidedRidgeCV().fit(X, y)
        assert set(blas_threads()) == {1}
    assert_same(free, single, rtol=1e-9)
    results = []
    thread = threading.Thread(target=lambda: results.append(TheoryGuidedRidgeCV().fit(X, y)))
    thread.start()
    thread.join()
    assert_same(free, results[0], rtol=1e-9)


def test_threads_are_restored_after_a_fit_that_raises(monkeypatch):
    X, y = make_data(3000, 20)
    before = blas_threads()

    def fail(*args):
        raise RuntimeError("in a worker")

    monkeypatch.setattr("sk_renorm._risk.leave_one_out.rows.Columns.errors", fail)
    model = TheoryGuidedRidgeCV()
    with pytest.raises(RuntimeError, match="in a worker"):
        model.fit(X, y)
    assert blas_threads() == before
    assert not hasattr(model, "n_features_in_")
