"""Learning curves, rows needed, noise and ceiling: against theory, simulation, exact cases."""

import os
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import make_data

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV, theory

FULL = os.environ.get("SK_RENORM_SLOW") == "1"
P = 300
ETA = 1.0 / np.arange(1, P + 1) ** 1.2
W = np.sqrt(np.arange(1, P + 1) ** -2.2 / ETA)
W /= np.sqrt(np.sum(ETA * W**2))


def draw(rng, n, noise):
    X = rng.standard_normal((n, P)) * np.sqrt(ETA)
    return X, X @ W + noise * rng.standard_normal(n)


@pytest.mark.slow
def test_fixed_penalty_follows_the_exact_theory():
    """Mean forecast from 150 rows against the deterministic risk, at a third to twice as many."""
    rng = np.random.default_rng(0)
    noise, alpha, sizes = 0.5, 2.0, np.array([50, 100, 150, 300])
    forecasts = []
    for _ in range(400 if FULL else 60):
        model = RenormalizedRidge(alpha, fit_intercept=False).fit(*draw(rng, 150, noise))
        forecasts.append(model.report_.learning_curve(sizes, alpha=alpha).risk)
    mean = np.mean(forecasts, axis=0)
    error = np.std(forecasts, axis=0) / np.sqrt(len(forecasts))
    spectrum = theory.Spectrum(ETA, W * np.sqrt(1.0))
    exact = [
        float(theory.ridge_risk(spectrum, alpha / n, n, noise_variance=noise**2).risk)
        for n in sizes
    ]
    # the estimates have a bias of order 1 / n
    assert np.all(np.abs(mean - exact) < 3.0 * error + np.array(exact) * 2.0 / 150)


@pytest.mark.slow
def test_tuned_curve_is_met_by_models_tuned_at_each_size():
    rng = np.random.default_rng(1)
    noise, sizes = 0.7, [40, 80, 160, 320]
    test, labels = draw(rng, 4000, noise)
    repetitions = 100 if FULL else 30
    measured = np.array(
        [
            [
                np.mean(
                    (TheoryGuidedRidgeCV().fit(*draw(rng, n, noise)).predict(test) - labels) ** 2
                )
                for n in sizes
            ]
            for _ in range(repetitions)
        ]
    ).mean(axis=0)
    curves = [
        TheoryGuidedRidgeCV().fit(*draw(rng, 160, noise)).report_.learning_curve(sizes)
        for _ in range(repetitions)
    ]
    mean = np.mean([curve.risk for curve in curves], axis=0)
    assert_allclose(mean, measured, rtol=0.07)
    inside = [(curve.lower <= measured) & (measured <= curve.upper) for curve in curves]
    assert np.mean(inside) > 0.8


def test_at_the_size_of_the_fit_a_fixed_penalty_returns_its_own_risk():
    for n, p in ((60, 10), (40, 80)):
        X, y = make_data(n, p)
        for weights in (None, np.random.default_rng(0).uniform(0.5, 3.0, n)):
            model = RenormalizedRidge(3.0).fit(X, y, sample_weight=weights)
            curve = model.report_.learning_curve([n], alpha=3.0)
            assert_allclose(curve.risk[0], model.risk_, rtol=0.01)
            assert_allclose(curve.effective_df[0], model.effective_df_, rtol=0.02)
            assert_allclose(curve.alpha[0], 3.0)


def test_more_rows_at_the_best_penalty_never_hurt():
    model = TheoryGuidedRidgeCV().fit(*make_data(50, 80, noise=3.0))
    curve = model.report_.learning_curve([10, 20, 40, 50, 80, 200, 1000])
    assert np.all(np.diff(curve.risk) < 1e-9 * curve.risk[0])
    assert np.all(curve.lower <= curve.risk)
    assert np.all(curve.risk <= curve.upper)
    assert np.all(np.diff(curve.effective_df) > -1e-6)
    assert not curve.at_edge[:4].any()


def test_scale_and_pickling_change_nothing():
    X, y = make_data(50, 30)
    model = TheoryGuidedRidgeCV().fit(X, y)
    curve = model.report_.learning_curve([20, 100])
    scaled = TheoryGuidedRidgeCV().fit(1e6 * X, 1e-4 * y).report_.learning_curve([20, 100])
    assert_allclose(scaled.risk, 1e-8 * curve.risk, rtol=1e-4)
    assert_allclose(scaled.alpha, 1e12 * curve.alpha, rtol=1e-3)
    again = pickle.loads(pickle.dumps(model)).report_.learning_curve([20, 100])
    assert_allclose(again.risk, curve.risk, rtol=1e-12)


def test_interpolating_fits_say_where_their_knowledge_ends():
    rng = np.random.default_rng(2)
    X, y = draw(rng, 100, 0.01)
    model = TheoryGuidedRidgeCV().fit(X, y)
    curve = model.report_.learning_curve([50, 100, 200, 800])
    assert not curve.at_edge[:2].any()
    assert curve.at_edge[2:].all()
    # the band reaches down to what the noise alone would leave
    assert curve.lower[3] < 0.5 * curve.upper[3]
    more = TheoryGuidedRidgeCV().fit(*draw(rng, 600, 0.5))
    assert not more.report_.learning_curve([5000]).at_edge[0]


def test_targets_have_their_own_curves():
    X, Y = make_data(40, 60, 3, noise=2.0)
    together = TheoryGuidedRidgeCV(alpha_per_target=True).fit(X, Y).report_.learning_curve([20, 80])
    assert together.risk.shape == (2, 3)
    alone = TheoryGuidedRidgeCV().fit(X, Y[:, 1]).report_.learning_curve([20, 80])
    assert_allclose(together.risk[:, 1], alone.risk, rtol=0.01)
    assert TheoryGuidedRidgeCV().fit(X, Y).report_.learning_curve([20, 80]).risk.shape == (2,)


def test_rows_needed_lie_on_the_curve():
    model = TheoryGuidedRidgeCV().fit(*make_data(60, 20, noise=3.0))
    target = float(model.report_.learning_curve([150]).risk[0])
    needed = model.report_.samples_needed(target)
    assert needed.n_samples == pytest.approx(150, rel=0.05)
    assert needed.lower <= needed.n_samples <= needed.upper
    assert f"{needed.n_samples:.0f} rows" in str(needed)
    never = model.report_.samples_needed(1e-3 * target)
    assert never.n_samples == np.inf
    assert str(never).startswith("No amount of data")
    own = TheoryGuidedRidgeCV(alpha_per_target=True).fit(*make_data(60, 20, 3, noise=3.0))
    many = own.report_.samples_needed(target)
    assert many.n_samples.shape == (3,)


@pytest.mark.parametrize("sizes", [[2], [10, np.nan], [[10, 20]], [0]])
def test_sizes_that_make_no_sense_are_refused(sizes):
    model = TheoryGuidedRidgeCV().fit(*make_data(30, 5))
    with pytest.raises(ValueError, match="train_sizes"):
        model.report_.learning_curve(sizes)


def test_other_nonsense_is_refused():
    model = TheoryGuidedRidgeCV().fit(*make_data(30, 5))
    with pytest.raises(ValueError, match="alpha"):
        model.report_.learning_curve([10], alpha=-1.0)
    for target in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="target_risk"):
            model.report_.samples_needed(target)


@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize(("n", "p"), [(3, 1), (4, 8), (5, 4)])
def test_degenerate_fits_have_finite_curves(n, p, constant):
    X, y = make_data(n, p)
    model = TheoryGuidedRidgeCV().fit(X, np.ones(n) if constant else y)
    curve = model.report_.learning_curve([3, n, 100])
    assert np.all(np.isfinite(curve.risk))
    assert np.all(np.isfinite(curve.upper))
    flat = TheoryGuidedRidgeCV().fit(np.ones((n, p)), y)
    assert np.all(np.isfinite(flat.report_.learning_curve([3, 100]).risk))


# noise and ceiling


def test_noise_interval_holds_the_unbiased_estimate_when_rows_remain():
    X, y = make_data(200, 10)
    centred = np.column_stack([np.ones(200), X])
    rss = np.linalg.lstsq(centred, y, rcond=None)[1][0]
    low, high = RenormalizedRidge(1.0).fit(X, y).report_.noise.interval
    assert low < rss / 189 < high
    assert high / low < 1.8


@pytest.mark.slow
@pytest.mark.parametrize(("n", "noise"), [(600, 0.7), (150, 0.7), (150, 0.3)])
def test_noise_interval_covers(n, noise):
    rng = np.random.default_rng(0)
    hits = []
    for _ in range(300 if FULL else 60):
        model = RenormalizedRidge(1.0).fit(*draw(rng, n, noise))
        low, high = model.report_.noise.interval
        hits.append(low <= noise**2 <= high)
        ceiling = model.report_.noise.r2_ceiling
        assert 0.0 <= ceiling[0] <= ceiling[1] <= 1.0
    assert np.mean(hits) > 0.75


def test_ceiling_is_one_less_noise_over_variance():
    X, y = make_data(50, 10)
    model = RenormalizedRidge(1.0).fit(X, y)
    expected = 1.0 - model.report_.noise.interval[::-1] / np.var(y, ddof=1)
    assert_allclose(model.report_.noise.r2_ceiling, expected.clip(0, 1))


def test_noise_free_labels_leave_no_noise():
    X, y = make_data(100, 5, noise=0.0)
    assert RenormalizedRidge(1.0).fit(X, y).report_.noise.interval[1] < 1e-4 * np.var(y)


@pytest.mark.parametrize("p", [20, 150])
def test_folds_change_neither_noise_nor_forecast(p):
    """They leave out more than a row, which says nothing of the population."""
    X, y = make_data(100, p, noise=2.0)
    alone = RenormalizedRidge(5.0).fit(X, y)
    folds = RenormalizedRidge(5.0, cv=2).fit(X, y)
    assert_allclose(folds.report_.noise.interval, alone.report_.noise.interval, rtol=1e-6)
    assert_allclose(
        folds.report_.learning_curve([50, 200], alpha=5.0).risk,
        alone.report_.learning_curve([50, 200], alpha=5.0).risk,
        rtol=1e-6,
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_noise_is_the_residual_variance_where_rows_remain(weighted):
    rng = np.random.default_rng(0)
    X, Y = make_data(60, 20, 2)
    X *= np.exp(1.5 * rng.standard_normal((60, 1)))  # unequal leverages
    w = rng.uniform(0.5, 2.0, 60) if weighted else np.ones(60)
    root = np.sqrt(w)[:, None]
    design = root * np.column_stack([np.ones(60), X])
    rss = np.linalg.lstsq(design, root * Y, rcond=None)[1]
    joint = RenormalizedRidge(1.0).fit(X, Y, sample_weight=w)
    assert_allclose(joint.report_.noise.variance, np.mean(rss) / 39 / w.mean(), rtol=1e-8)
    each = TheoryGuidedRidgeCV(alpha_per_target=True).fit(X, Y, sample_weight=w)
    assert_allclose(each.report_.noise.variance, rss / 39 / w.mean(), rtol=1e-8)
    assert np.isnan(RenormalizedRidge(1.0).fit(X[:10], Y[:10]).report_.noise.variance)


@pytest.mark.parametrize(
    "sizes", [[], "abc", ["a"], None, [[10, 20]]], ids=["empty", "text", "texts", "none", "table"]
)
def test_sizes_that_are_no_numbers_are_refused_in_a_sentence(sizes):
    model = TheoryGuidedRidgeCV().fit(*make_data(30, 5))
    with pytest.raises(ValueError, match="train_sizes must be numbers of rows"):
        model.report_.learning_curve(sizes)


def test_one_size_is_a_list_of_one():
    curve = TheoryGuidedRidgeCV().fit(*make_data(30, 5)).report_.learning_curve(40)
    assert curve.train_sizes.shape == curve.risk.shape == (1,)


def test_wrong_penalties_and_risks_are_refused_in_a_sentence():
    model = TheoryGuidedRidgeCV().fit(*make_data(30, 5))
    with pytest.raises(ValueError, match="alpha"):
        model.report_.learning_curve([30], alpha="auto")
    with pytest.raises(ValueError, match="target_risk"):
        model.report_.samples_needed("a")
