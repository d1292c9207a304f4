"""The chosen penalty is the minimum of brute force; several minima; edges are never silent."""

import re
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import held_out_risks, make_data, one_by_one

from sk_renorm import TheoryGuidedRidgeCV
from sk_renorm._risk import log_spaced, search_nodes
from sk_renorm._tuning.minima import best_node, interpolated_minimum
from sk_renorm.exceptions import GridEdgeWarning


def brute_risk(X, y, alphas):
    return held_out_risks(X, y, alphas, one_by_one(len(X)))


def orthogonal_data(singular_values, coefficients, n, noise, seed=0):
    """Centred rows with given singular values; targets with given amplitudes along them."""
    rng = np.random.default_rng(seed)
    p = len(singular_values)
    basis = np.linalg.qr(np.column_stack([np.ones(n), rng.standard_normal((n, p))]))[0][:, 1:]
    rotation = np.linalg.qr(rng.standard_normal((p, p)))[0]
    X = (basis * singular_values) @ rotation.T
    return X, basis @ coefficients + noise * rng.standard_normal(n)


@pytest.mark.parametrize("shape", [(30, 8), (25, 60), (40, 38)])
@pytest.mark.parametrize("noise", [0.3, 3.0, 10.0])
def test_chosen_alpha_is_the_minimum_of_a_fine_grid(shape, noise):
    X, y = make_data(*shape, noise=noise, seed=3)
    model = TheoryGuidedRidgeCV().fit(X, y)
    everywhere = np.geomspace(1e-7, 1e7, 300)
    near = model.alpha_ * np.geomspace(0.8, 1.25, 101)
    assert model.risk_ <= brute_risk(X, y, everywhere).min() * (1 + 1e-9)
    risks = brute_risk(X, y, near)
    assert model.risk_ <= risks.min() * (1 + 1e-9)
    if model.alpha_ < model.report_.path.alpha[-1]:
        assert_allclose(model.alpha_, near[risks.argmin()], rtol=0.01)
    else:
        assert model.effective_df_ < 1e-6


def two_valleys(weak_signal):
    """Strong modes that want shrinking, weak ones that hold some signal: a valley for either."""
    s = np.r_[np.full(10, 1e3), np.full(6, 1.0)]
    amplitudes = np.r_[np.full(10, 1.5), np.full(6, weak_signal)]
    return orthogonal_data(s, amplitudes, n=60, noise=1.0)


@pytest.mark.parametrize(("weak_signal", "deepest"), [(2.0, "first"), (1.0, "second")])
def test_the_deepest_of_several_minima_is_found(weak_signal, deepest):
    X, y = two_valleys(weak_signal)
    grid = np.geomspace(1e-6, 1e10, 600)
    risks = TheoryGuidedRidgeCV(grid).fit(X, y).report_.path.risk
    valleys = 1 + np.flatnonzero((risks[1:-1] < risks[:-2]) & (risks[1:-1] < risks[2:]))
    assert len(valleys) == 2, "the case is meant to have two valleys"
    lowest = valleys[risks[valleys].argmin()]
    assert lowest == valleys[0 if deepest == "first" else 1]
    model = TheoryGuidedRidgeCV().fit(X, y)
    assert_allclose(model.alpha_, grid[lowest], rtol=0.05)
    assert model.risk_ <= risks.min() * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_several_minima_at_random(seed):
    rng = np.random.default_rng(seed)
    s = np.geomspace(1e-3, 1e3, 12)
    X, y = orthogonal_data(s, 5 * rng.standard_normal(12) * rng.integers(0, 2, 12), 40, 1.0, seed)
    grid = np.geomspace(1e-10, 1e11, 1500)
    least = TheoryGuidedRidgeCV(grid).fit(X, y).report_.path.risk.min()
    assert TheoryGuidedRidgeCV().fit(X, y).risk_ <= least * (1 + 1e-6)


@pytest.mark.parametrize("risk", ["loo", "gcv"])
def test_each_target_gets_its_own_minimum(risk):
    X, Y = make_data(50, 20, q=5, noise=1.0)
    Y = Y + np.random.default_rng(1).standard_normal((50, 5)) * np.geomspace(0.1, 100, 5)
    together = TheoryGuidedRidgeCV(risk=risk, alpha_per_target=True).fit(X, Y)
    assert together.alpha_.shape == (5,)
    for target in range(5):
        alone = TheoryGuidedRidgeCV(risk=risk).fit(X, Y[:, target])
        assert_allclose(together.alpha_[target], alone.alpha_, rtol=1e-9)
        assert_allclose(together.risk_[target], alone.risk_, rtol=1e-9)
        assert_allclose(together.coef_[target], alone.coef_, rtol=1e-7, atol=1e-10)


def test_one_alpha_for_all_targets_minimizes_the_mean():
    X, Y = make_data(40, 15, q=3, noise=6.0)
    model = TheoryGuidedRidgeCV().fit(X, Y)
    fine = model.alpha_ * np.geomspace(0.01, 100, 300)
    risks = np.mean([brute_risk(X, Y[:, target], fine) for target in range(3)], axis=0)
    assert model.risk_ <= risks.min() * (1 + 1e-9)
    assert_allclose(model.alpha_, fine[risks.argmin()], rtol=0.05)


def test_pure_noise_gives_the_constant_predictor_and_no_noise_least_squares():
    X, y = orthogonal_data(np.ones(5), np.zeros(5), n=200, noise=1.0)
    y -= X @ np.linalg.lstsq(X, y, rcond=None)[0]  # no feature explains any of it
    null = TheoryGuidedRidgeCV().fit(X, y)
    assert null.effective_df_ < 1e-6
    assert np.abs(null.predict(X) - y.mean()).max() < 1e-5
    X, y = orthogonal_data(np.ones(5), np.ones(5), n=200, noise=0.0)
    exact = TheoryGuidedRidgeCV().fit(X, y)
    assert exact.alpha_ < 1e-6
    assert_allclose(exact.predict(X), y, atol=1e-12)


def test_an_int_spreads_that_many_over_the_whole_range():
    X, y = make_data(40, 10, noise=5.0)
    model = TheoryGuidedRidgeCV(alphas=25).fit(X, y)
    assert len(model.report_.path.alpha) == 25
    assert_allclose(
        np.diff(np.log(model.report_.path.alpha)),
        np.log(model.report_.path.alpha[1] / model.report_.path.alpha[0]),
    )
    assert model.report_.path.effective_df[0] > 9.99
    assert model.report_.path.effective_df[-1] < 1e-6
    assert model.alpha_ in model.report_.path.alpha


@pytest.mark.parametrize("alphas", [[1.0], (1.0,), (0, 1), np.array([3.0, 1.0, 2.0]), [0.0]])
def test_candidates_are_exactly_those_given(alphas):
    X, y = make_data(40, 10, noise=5.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = TheoryGuidedRidgeCV(alphas).fit(X, y)
    assert_allclose(model.report_.path.alpha, np.asarray(alphas, dtype=float))
    assert model.alpha_ in np.asarray(alphas, dtype=float)
    assert model.risk_ == pytest.approx(model.report_.path.risk.min())
    assert type(model.alphas) is type(alphas)


def test_best_candidate_at_the_edge_is_reported_with_the_better_one():
    X, y = make_data(40, 20, noise=5.0)
    best = TheoryGuidedRidgeCV().fit(X, y).alpha_
    for grid in (best * np.array([1e-3, 1e-2]), best * np.array([1e3, 1e2])):
        with pytest.warns(GridEdgeWarning, match=f"alpha={best:.3g} is better") as record:
            TheoryGuidedRidgeCV(grid).fit(X, y)
        assert record[0].filename == __file__
    with pytest.warns(GridEdgeWarning, match="for 2 of 2 targets"):
        TheoryGuidedRidgeCV([1e-6, 1e-5], alpha_per_target=True).fit(X, np.column_stack([y, 2 * y]))
    with pytest.warns(GridEdgeWarning, match="score still rises"):
        TheoryGuidedRidgeCV([1e-6, 1e-5], scoring="r2").fit(X, y)


def test_no_warning_where_nothing_is_gained():
    X, y = make_data(40, 20, noise=5.0)
    best = TheoryGuidedRidgeCV().fit(X, y).alpha_
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        TheoryGuidedRidgeCV(best * np.array([0.1, 1.0, 10.0])).fit(X, y)
        TheoryGuidedRidgeCV([best, 10 * best]).fit(X, y)
        TheoryGuidedRidgeCV([1e-3]).fit(X, y)  # a single penalty is a statement, not a range
        TheoryGuidedRidgeCV(alphas=5).fit(X, y)  # covers everything
    assert not record


def test_ties_go_to_the_stronger_penalty():
    X = make_data(20, 4)[0]
    model = TheoryGuidedRidgeCV([1.0, 100.0, 10.0]).fit(X, np.full(20, 3.0))
    assert model.alpha_ == 100.0
    assert best_node(np.array([2.0, 1.0]), np.array([[5.0, np.nan], [5.0, 7.0]])).tolist() == [0, 1]


def spectrum(eigenvalues, resolution=0.0, participation=None):
    """What the nodes of a search take of a factorization."""
    shares = np.ones(len(eigenvalues)) if participation is None else np.array(participation)
    return SimpleNamespace(
        eigenvalues=np.array(eigenvalues), resolution=resolution, participation=shares
    )


def test_nodes_cover_what_the_data_can_tell_apart():
    nodes = search_nodes(spectrum([1e-6, 1.0, 1e6]))
    assert nodes[0] == 0.0
    assert nodes[1] < 1e-8
    assert nodes[-1] >= 1e13
    assert_allclose(np.diff(np.log(nodes[1:-2])), 0.5)  # the last two are the constant predictor
    assert search_nodes(spectrum([1e-6, 1.0], 1e-10))[0] == 1e-10


@pytest.mark.parametrize("minimum", [0.01, 0.1, 1.234, 8.0, 300.0])
def test_interpolation_finds_minima_between_nodes(minimum):
    """One mode at 1: bias and variance in closed form, with their minimum where one likes."""
    nodes = search_nodes(spectrum([1.0]))
    losses = ((nodes**2 + minimum) / (1.0 + nodes) ** 2)[:, None]
    alpha, loss = interpolated_minimum(nodes, losses)
    assert_allclose(alpha, minimum, rtol=5e-3)
    assert_allclose(loss, minimum / (1.0 + minimum), rtol=1e-4)


def test_nodes_leave_out_gaps_of_the_spectrum():
    """Every eigenvalue has its nodes, every gap one; nothing is evaluated in between."""
    values = np.array([1e-20, 2e-20, 1.0, 3.0, 1e15])
    nodes = search_nodes(spectrum(values))
    positive = np.log10(nodes[nodes > 0.0])
    distance = np.abs(positive[:, None] - np.log10(values)).min(axis=1)
    far = positive[distance > 3.3]
    assert_allclose(far, [(-20 + np.log10(2.0)) / 2, (np.log10(3.0) + 15) / 2, 20, 23], atol=0.1)
    for value in values:
        assert np.count_nonzero(np.abs(np.log(nodes[nodes > 0.0] / value)) < 6.0) >= 23
    even = log_spaced(spectrum(values), 40)
    assert len(even) == 40
    assert (np.abs(np.log10(even)[:, None] - np.log10(values)).min(axis=1) < 8.5).all()
    assert np.count_nonzero((even > 1e-16) & (even < 1e-4)) == 0
    # a mode that is one row is not there when that row is left out
    full = search_nodes(spectrum(values, participation=[1.0, 1.0, 1.0, 1.0, 0.01]))
    assert_allclose(np.diff(np.log(full[(full > 1e-3) & (full < 1e18)])), 0.5)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_a_grid_below_all_use_names_no_penalty(fit_intercept):
    """Where the constant predictor is best, a penalty of 1e35 is no advice."""
    X, _ = make_data(60, 8)
    y = np.random.default_rng(0).standard_normal(60)
    model = TheoryGuidedRidgeCV(alphas=[1e-3, 1e-2], fit_intercept=fit_intercept)
    constant = "the mean" if fit_intercept else "zero"
    with pytest.warns(GridEdgeWarning, match=f"{constant} alone predicts better than any of them"):
        model.fit(X, y)


def test_what_is_recommended_is_better_when_fitted():
    X, y = make_data(60, 8, noise=3.0)
    with pytest.warns(GridEdgeWarning) as told:
        model = TheoryGuidedRidgeCV(alphas=[1e-5, 1e-4]).fit(X, y)
    alpha = float(re.search(r"alpha=(\S+) is better", str(told[0].message))[1])
    assert held_out_risks(X, y, [alpha], one_by_one(60))[0] < model.risk_
