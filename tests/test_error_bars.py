"""Error bars of the risk: the formula by brute force, coverage by simulation, rules and flags."""

import os
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import answer, make_data, one_by_one, sklearn_errors
from sklearn.model_selection import KFold, LeaveOneOut, RepeatedKFold

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV

REPETITIONS = 1000 if os.environ.get("SK_RENORM_SLOW") == "1" else 150
ALPHAS = np.array([0.3, 3.0, 30.0])


pytestmark = pytest.mark.filterwarnings("ignore:The best of the given alphas")


def formula(X, y, alphas, weights=None):
    """The covariance of the leave-one-out risks, row by row and mode by mode."""
    n = len(X)
    w = np.ones(n) if weights is None else weights
    errors = np.stack([sklearn_errors(X, y, a, one_by_one(n), weights) for a in alphas])
    share = w / w.sum()
    risks = errors**2 @ share
    scatter = np.einsum(
        "i,ai,bi->ab", share**2, errors**2 - risks[:, None], errors**2 - risks[:, None]
    )
    root = np.sqrt(w)[:, None]
    values = np.linalg.svd(root * (X - share @ X), compute_uv=False)[: min(n - 1, X.shape[1])]
    modes = np.zeros(n - 1)
    modes[: len(values)] = values**2
    kappa = np.array([(n - 1) / np.sum(1.0 / (modes + a)) for a in alphas])
    ridge = np.asarray(alphas)
    gamma = np.empty((len(alphas), len(alphas)))
    for a in range(len(alphas)):
        g = 1.0 / (modes + ridge[a])
        for b in range(len(alphas)):
            if a == b:
                gamma[a, b] = 1.0 - g.mean() ** 2 / np.mean(g**2)
            else:
                gamma[a, b] = 1.0 - (ridge[a] - ridge[b]) / (kappa[a] - kappa[b])
    cross = np.einsum("i,ai,bi->ab", share, errors, errors)
    return scatter + np.sum(share**2) * 4.0 * cross**2 * gamma / (1.0 - gamma)


@pytest.mark.parametrize(("n", "p"), [(30, 4), (12, 30), (14, 13), (12, 12)])
@pytest.mark.parametrize("weighted", [False, True])
def test_covariance_is_the_formula(n, p, weighted):
    X, y = make_data(n, p, seed=1)
    weights = np.random.default_rng(0).uniform(0.2, 3.0, n) if weighted else None
    model = TheoryGuidedRidgeCV(ALPHAS).fit(X, y, sample_weight=weights)
    expected = formula(X, y, ALPHAS, weights)
    assert_allclose(model.report_.path.std_error, np.sqrt(np.diag(expected)), rtol=1e-7)
    assert_allclose(
        model.risk_std_error_, model.report_.path.std_error[model.alpha_ == ALPHAS][0], rtol=1e-9
    )
    for a in range(3):
        for b in range(3):
            result = model.report_.compare(ALPHAS[a], ALPHAS[b])
            variance = expected[a, a] + expected[b, b] - 2.0 * expected[a, b]
            assert_allclose(result.std_error, np.sqrt(max(variance, 0.0)), rtol=1e-5, atol=1e-12)
            difference = model.report_.path.risk[a] - model.report_.path.risk[b]
            assert_allclose(result.difference, difference, rtol=1e-9, atol=1e-12)
            assert_allclose(
                result.interval,
                difference + 1.6448536 * result.std_error * np.array([-1, 1]),
                rtol=1e-6,
                atol=1e-12,
            )


def test_between_nodes_interpolation_is_close():
    X, y = make_data(40, 60, seed=2)
    model = TheoryGuidedRidgeCV().fit(X, y)
    alphas = np.array([0.05, 0.7, 20.0, 300.0])
    exact = formula(X, y, alphas)
    for a, alpha in enumerate(alphas):
        for b, other in enumerate(alphas[:a]):
            variance = exact[a, a] + exact[b, b] - 2.0 * exact[a, b]
            assert_allclose(
                model.report_.compare(alpha, other).std_error, np.sqrt(variance), rtol=0.02
            )


def test_a_penalty_compared_with_itself_differs_by_nothing():
    model = TheoryGuidedRidgeCV().fit(*make_data(30, 5))
    result = model.report_.compare(1.7, 1.7)
    assert result.difference == 0.0
    assert result.std_error == 0.0


def test_targets_together_average_their_losses():
    """Two equal targets are one; the shared term of unrelated ones averages out."""
    X, y = make_data(40, 8)
    one = RenormalizedRidge(2.0).fit(X, y)
    twice = RenormalizedRidge(2.0).fit(X, np.column_stack([y, y]))
    assert_allclose(twice.risk_std_error_, one.risk_std_error_, rtol=1e-9)
    X, Y = make_data(300, 150, 40, seed=3)
    joint = TheoryGuidedRidgeCV([50.0, 100.0]).fit(X, Y)
    each = TheoryGuidedRidgeCV([50.0, 100.0], alpha_per_target=True).fit(X, Y)
    independent = np.sqrt(np.mean(each.risk_std_error_**2) / 40)
    assert 0.9 < joint.risk_std_error_ / independent < 1.35


def test_per_target_equals_single_fits():
    X, Y = make_data(25, 40, 3)
    together = TheoryGuidedRidgeCV(ALPHAS, alpha_per_target=True, selection="1se").fit(X, Y)
    for target in range(3):
        alone = TheoryGuidedRidgeCV(ALPHAS, selection="1se").fit(X, Y[:, target])
        assert_allclose(together.alpha_[target], alone.alpha_)
        assert_allclose(together.risk_std_error_[target], alone.risk_std_error_, rtol=1e-7)
        assert_allclose(
            together.report_.equivalent_alphas[target], alone.report_.equivalent_alphas, rtol=1e-6
        )
        assert_allclose(
            together.report_.noise.interval[target], alone.report_.noise.interval, rtol=1e-6
        )
        assert_allclose(
            together.report_.compare(0.3, 30.0).std_error[target],
            alone.report_.compare(0.3, 30.0).std_error,
            rtol=1e-6,
        )


def test_many_targets_in_blocks_equal_few():
    """More targets than a block of errors holds."""
    X, Y = make_data(30, 10, 120)
    many = TheoryGuidedRidgeCV(ALPHAS, alpha_per_target=True).fit(X, Y)
    some = TheoryGuidedRidgeCV(ALPHAS, alpha_per_target=True).fit(X, Y[:, 100:])
    assert_allclose(many.report_.path.std_error[:, 100:], some.report_.path.std_error, rtol=1e-9)


@pytest.mark.parametrize("p", [5, 60])
def test_folds_of_one_row_equal_leave_one_out(p):
    X, y = make_data(30, p)
    model = TheoryGuidedRidgeCV(ALPHAS, cv=LeaveOneOut()).fit(X, y)
    plain = TheoryGuidedRidgeCV(ALPHAS).fit(X, y)
    assert_allclose(model.report_.path.std_error, plain.report_.path.std_error, rtol=1e-7)
    assert_allclose(model.report_.profile.covariance, plain.report_.profile.covariance, rtol=1e-6)


def test_rows_held_out_twice_are_not_twice_as_many():
    X, y = make_data(60, 5)
    once = TheoryGuidedRidgeCV(ALPHAS, cv=KFold(5, shuffle=True, random_state=0)).fit(X, y)
    splitter = RepeatedKFold(n_splits=5, n_repeats=4, random_state=0)
    often = TheoryGuidedRidgeCV(ALPHAS, cv=splitter).fit(X, y)
    assert_allclose(often.risk_std_error_, once.risk_std_error_, rtol=0.15)


def test_scale_of_data_and_of_weights_carries_over():
    X, y = make_data(40, 20)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, 40)
    model = TheoryGuidedRidgeCV(selection=0.25).fit(X, y, sample_weight=weights)
    for c in (1e-8, 1e8):
        other = TheoryGuidedRidgeCV(selection=0.25).fit(c * X, c * y, sample_weight=weights)
        assert_allclose(other.alpha_, c**2 * model.alpha_, rtol=1e-4)
        assert_allclose(other.risk_std_error_, c**2 * model.risk_std_error_, rtol=1e-4)
        assert_allclose(
            other.report_.equivalent_alphas, c**2 * model.report_.equivalent_alphas, rtol=1e-3
        )
        assert_allclose(other.report_.noise.r2_ceiling, model.report_.noise.r2_ceiling, rtol=1e-4)
        heavier = TheoryGuidedRidgeCV(selection=0.25).fit(X, y, sample_weight=c * weights)
        assert_allclose(heavier.risk_std_error_, model.risk_std_error_, rtol=1e-4)
        assert_allclose(heavier.report_.noise.interval, model.report_.noise.interval, rtol=1e-3)


# the rule of k standard errors


@pytest.mark.parametrize("k", [0.25, 1.0, 3.0])
def test_rule_takes_the_strongest_candidate_within_k_errors(k):
    alphas = np.geomspace(1e-3, 1e4, 22)
    X, y = make_data(30, 50, seed=4)
    least = TheoryGuidedRidgeCV(alphas).fit(X, y)
    chosen = TheoryGuidedRidgeCV(alphas, selection=k).fit(X, y)
    within = [
        alpha
        for alpha in alphas
        if least.report_.compare(alpha, least.alpha_).difference
        <= k * least.report_.compare(alpha, least.alpha_).std_error + 1e-12
    ]
    assert chosen.alpha_ == max(within) > least.alpha_
    assert_allclose(chosen.report_.path.risk, least.report_.path.risk, rtol=1e-9)


def test_continuous_rule_lies_on_its_bound():
    X, y = make_data(50, 80, seed=5)
    least = TheoryGuidedRidgeCV().fit(X, y)
    last = least.alpha_
    for k in (0.25, 1.0, 2.0):
        chosen = TheoryGuidedRidgeCV(selection=k).fit(X, y)
        result = least.report_.compare(chosen.alpha_, least.alpha_)
        assert chosen.alpha_ > last
        assert_allclose(result.difference, k * result.std_error, rtol=0.05)
        last = chosen.alpha_
    assert TheoryGuidedRidgeCV(selection="1se").fit(X, y).alpha_ == pytest.approx(
        TheoryGuidedRidgeCV(selection=1.0).fit(X, y).alpha_
    )
    assert TheoryGuidedRidgeCV(selection=0).fit(X, y).alpha_ == pytest.approx(least.alpha_)


@pytest.mark.parametrize("risk", ["loo", "gcv"])
def test_rule_on_targets_of_nothing_but_noise_takes_the_constant(risk):
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((60, 5)), rng.standard_normal(60)
    model = TheoryGuidedRidgeCV(selection=2.0, risk=risk).fit(X, y)
    assert model.effective_df_ < 1e-3


def test_a_score_that_is_the_squared_error_has_its_error_bars():
    """By groups of rows instead of single ones: alike up to the scatter of 50 groups."""
    X, y = make_data(400, 300, seed=6, noise=5.0)
    ours = TheoryGuidedRidgeCV(selection="1se").fit(X, y).alpha_
    scored = TheoryGuidedRidgeCV(selection="1se", scoring="neg_mean_squared_error").fit(X, y)
    least = TheoryGuidedRidgeCV().fit(X, y).alpha_
    assert 0.4 < np.log(scored.alpha_ / least) / np.log(ours / least) < 1.7


def test_a_score_of_absolute_errors_has_a_rule():
    X, y = make_data(60, 80, seed=7)
    chosen = [
        TheoryGuidedRidgeCV(scoring="neg_mean_absolute_error", selection=k).fit(X, y).alpha_
        for k in ("min", 0.25, "1se")
    ]
    assert chosen[0] < chosen[1] < chosen[2]


def test_a_score_that_is_no_mean_says_so():
    X, y = make_data(60, 5)
    with pytest.raises(ValueError, match="mean over rows"):
        TheoryGuidedRidgeCV(scoring="r2", selection="1se").fit(X, y)


# what the data cannot tell


def test_equivalent_alphas_are_those_within_the_error():
    alphas = np.geomspace(1e-3, 1e4, 22)
    model = TheoryGuidedRidgeCV(alphas).fit(*make_data(30, 50, seed=4))
    low, high = model.report_.equivalent_alphas
    assert low <= model.alpha_ <= high
    for alpha in alphas:
        result = model.report_.compare(alpha, model.alpha_)
        if low * 1.5 < alpha < high / 1.5:
            assert result.difference <= 1.645 * result.std_error + 1e-12
    step = alphas[1] / alphas[0]
    outside = model.report_.compare(high * step, model.alpha_)
    assert outside.difference > 1.645 * outside.std_error


def test_alpha_is_not_identified_without_signal_and_is_with():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 100))
    assert not TheoryGuidedRidgeCV().fit(X, rng.standard_normal(80)).report_.alpha_identified
    y = X[:, :3].sum(axis=1) + 3.0 * rng.standard_normal(80)
    big = TheoryGuidedRidgeCV().fit(np.vstack([X] * 1), X @ np.ones(100) + rng.standard_normal(80))
    assert big.report_.alpha_identified
    assert TheoryGuidedRidgeCV().fit(X, y).report_.equivalent_alphas[1] > 0.0


def test_answers_survive_pickling():
    model = TheoryGuidedRidgeCV().fit(*make_data(30, 50))
    loaded = pickle.loads(pickle.dumps(model))
    assert loaded.report_.compare(1.0, 2.0).std_error == model.report_.compare(1.0, 2.0).std_error
    assert_allclose(loaded.report_.interval(0.8), model.report_.interval(0.8))
    assert str(loaded.report_) == str(model.report_)


@pytest.mark.parametrize("level", [0.0, 1.0, 1.5, -0.1])
def test_levels_outside_zero_to_one_are_refused(level):
    model = RenormalizedRidge(1.0).fit(*make_data(30, 5))
    with pytest.raises(ValueError, match="between 0 and 1"):
        model.report_.interval(level)
    with pytest.raises(ValueError, match="between 0 and 1"):
        model.report_.compare(1.0, 2.0, level)
    with pytest.raises(ValueError, match="between 0 and 1"):
        model.predict_interval(np.zeros((2, 5)), level)


@pytest.mark.parametrize(
    ("n", "p"), [(2, 1), (2, 5), (3, 2), (5, 4), (20, 1)], ids=lambda value: str(value)
)
@pytest.mark.parametrize("constant", [False, True])
def test_degenerate_data_has_finite_answers(n, p, constant):
    X, y = make_data(n, p)
    y = np.full(n, 2.0) if constant else y
    model = TheoryGuidedRidgeCV().fit(X, y)
    for name in ("risk_std_error_", "report_.noise.interval", "report_.noise.r2_ceiling"):
        assert np.all(np.isfinite(answer(model, name))), name
        assert np.all(np.asarray(answer(model, name)) >= 0.0), name
    assert np.isfinite(model.report_.compare(1.0, 2.0).std_error)
    assert str(model.report_)
    X[:, 0] = 1.0
    assert np.isfinite(TheoryGuidedRidgeCV().fit(X, y).risk_std_error_)


def test_whole_path_decides_what_is_identified_whatever_the_candidates():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, 8)), rng.standard_normal(60)
    for model in (TheoryGuidedRidgeCV(), TheoryGuidedRidgeCV([1.0, 2.0]), RenormalizedRidge(1.0)):
        assert not model.fit(X, y).report_.alpha_identified


def test_gcv_has_one_risk():
    """Everything that is said of the risk is said of the estimate that was asked for."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 100)) * np.exp(rng.standard_normal((60, 1)))
    y = X[:, 0] + rng.standard_normal(60)
    alphas = [1.0, 10.0, 100.0]
    model = TheoryGuidedRidgeCV(alphas, risk="gcv").fit(X, y)
    profile = model.report_.profile
    for alpha, risk in zip(alphas, model.report_.path.risk, strict=True):
        assert_allclose(profile.risk[profile.alpha == alpha], risk)
    difference = model.report_.compare(1.0, 100.0).difference
    assert_allclose(difference, model.report_.path.risk[0] - model.report_.path.risk[2])


def test_penalties_of_each_target_are_compared():
    X, Y = make_data(40, 60, 2)
    model = TheoryGuidedRidgeCV(alpha_per_target=True).fit(X, Y)
    both = model.report_.compare(10.0, model.alpha_)
    for target in range(2):
        one = model.report_.compare(10.0, model.alpha_[target])
        assert_allclose(both.difference[target], one.difference[target])
        assert_allclose(both.std_error[target], one.std_error[target])
    with pytest.raises(ValueError, match="one for each target"):
        model.report_.compare([1.0, 2.0, 3.0], 1.0)


# coverage by simulation


NOISES = {
    "gaussian": lambda rng, size: rng.standard_normal(size),
    "t5": lambda rng, size: rng.standard_t(5, size) / np.sqrt(5 / 3),
    "exponential": lambda rng, size: rng.exponential(size=size) - 1.0,
}


@pytest.mark.slow
@pytest.mark.parametrize("noise", list(NOISES))
def test_interval_covers_the_risk_of_the_very_model(noise):
    """At a fixed penalty near interpolation, where std / sqrt(n) covers 65 to 72 %."""
    rng = np.random.default_rng(0)
    n, p = 150, 300
    eta = 1.0 / np.arange(1, p + 1)
    w = np.ones(p) / np.sqrt(eta.sum())
    covered, naive = [], []
    for _ in range(REPETITIONS):
        X = rng.standard_normal((n, p)) * np.sqrt(eta)
        y = X @ w + 0.6 * NOISES[noise](rng, n)
        model = RenormalizedRidge(1e-3 * (n - 1)).fit(X, y)
        delta = model.coef_ - w
        risk = eta @ delta**2 + model.intercept_**2 + 0.36
        low, high = model.report_.interval()
        covered.append(low <= risk <= high)
        error = np.std(model.report_.held_out.errors**2) / np.sqrt(n)
        naive.append(abs(model.risk_ - risk) <= 1.645 * error)
    spread = 3.0 * np.sqrt(0.1 * 0.9 / REPETITIONS)
    assert 0.85 - spread < np.mean(covered) < 0.93 + spread
    assert np.mean(naive) < 0.8 + spread


def test_equivalent_alphas_hold_the_best_penalty():
    """One-sided 95 % at each of 60 data sets; and no end is the estimate itself."""
    n, p, n_sets = 400, 160, 60
    variances = np.arange(1.0, p + 1.0) ** -1.2
    held = 0
    for seed in range(n_sets):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((n, p)) * np.sqrt(variances)
        beta = rng.standard_normal(p) * 2.0 / np.sqrt(p)
        y = X @ beta + 0.3 * rng.standard_normal(n)
        model = TheoryGuidedRidgeCV().fit(X, y)
        low, high = model.report_.equivalent_alphas
        assert low < 0.99 * model.alpha_ < 1.01 * model.alpha_ < high
        centred, targets = X - X.mean(axis=0), y - y.mean()
        s, V = np.linalg.eigh(centred.T @ centred)
        alphas = np.geomspace(1e-3, 1e4, 300)
        gaps = V @ ((V.T @ (centred.T @ targets))[:, None] / (s[:, None] + alphas)) - beta[:, None]
        risks = variances @ gaps**2 + (y.mean() - X.mean(axis=0) @ (gaps + beta[:, None])) ** 2
        held += low <= alphas[risks.argmin()] <= high
    assert held / n_sets > 0.95 - 3.0 * np.sqrt(0.95 * 0.05 / n_sets)


@pytest.mark.parametrize("y", [np.ones(80), np.random.default_rng(0).standard_normal(80)])
def test_equivalent_alphas_hold_the_mean_alone_if_that_is_chosen(y):
    """The search goes further than the profile, where all models are the same."""
    X = np.random.default_rng(1).standard_normal((80, 10))
    for model in (TheoryGuidedRidgeCV(), RenormalizedRidge(1e20)):
        model.fit(X, y)
        assert model.effective_df_ < 1e-6
        assert model.report_.equivalent_alphas[1] == model.alpha_


@pytest.mark.parametrize("seed", [6, 7])
def test_equivalent_alphas_end_where_the_error_does(seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((500, 200)) * np.arange(1.0, 201.0) ** -0.6
    y = X @ rng.standard_normal(200) * 0.15 + 0.3 * rng.standard_normal(500)
    model = TheoryGuidedRidgeCV().fit(X, y)
    ends = model.report_.equivalent_alphas
    assert ends[0] > 0.0
    for end in ends:
        for factor, worse in ((0.9, False), (1.1, True)):
            alpha = model.alpha_ * (end / model.alpha_) ** factor
            result = model.report_.compare(alpha, model.alpha_)
            assert (result.difference > 1.645 * result.std_error) is worse


@pytest.mark.parametrize("noise", [0.0, 1e-8])
@pytest.mark.parametrize(
    "model",
    [
        TheoryGuidedRidgeCV(),
        TheoryGuidedRidgeCV(risk="gcv"),
        TheoryGuidedRidgeCV(cv=5),
        TheoryGuidedRidgeCV(alpha_per_target=True),
        RenormalizedRidge(0.0),
    ],
)
def test_targets_without_noise_leave_errors_of_the_size_of_the_risk(model, noise):
    """Shrinkage of a thousandth costs more than all else: the profile must reach below it."""
    rng = np.random.default_rng(0)
    X, E = rng.standard_normal((120, 10)), rng.standard_normal((120, 2))
    Y = X @ rng.standard_normal((10, 2)) + noise * E
    model.fit(X, Y)
    unlearned = 1.0 / (1.0 - 11.0 / 120.0)  # of least squares
    risk, error = np.mean(model.risk_), np.mean(model.risk_std_error_)
    if noise:
        assert_allclose(risk, np.mean((noise * E) ** 2) * unlearned, rtol=0.1)
        assert_allclose(error / risk, np.sqrt(2.0 / (120 * np.size(model.alpha_))), rtol=0.6)
    assert risk < 1e-24 + 2.0 * noise**2
    assert 0.02 * risk < error < 0.5 * risk
    assert np.all(model.report_.equivalent_alphas < 1e-2)
    curve = model.report_.learning_curve([60, 120, 240])
    assert_allclose(curve.risk[1].mean(), risk, rtol=0.6)
    assert np.all(curve.std_error < 0.5 * curve.risk)
    assert np.all(np.diff(curve.risk, axis=0) < 0.0)
