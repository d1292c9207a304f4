"""Searching between few nodes, by the ratio to GCV, finds what evaluating every penalty finds."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import factorization_of, make_data

from sk_renorm import TheoryGuidedRidgeCV
from sk_renorm._linalg import factorize
from sk_renorm._risk import LeaveOneOut, RatioToGCV, profile_nodes
from sk_renorm._risk.leave_one_out import rows as _leave_one_out
from sk_renorm._tuning import objective, search

# data that earn these warnings are what the search is tried on
pytestmark = [
    pytest.mark.filterwarnings("ignore::sk_renorm.exceptions.DependentRowsWarning"),
    pytest.mark.filterwarnings("ignore:.*far from all others"),
]


def fit(monkeypatch, how, X, Y, **params):
    """Fit by either search, whatever the size."""
    monkeypatch.setattr(objective, "_FEWER", {"nodes": 0, "all": np.inf}[how])
    return TheoryGuidedRidgeCV(**params).fit(X, Y)


def outcome_of_nodes(monkeypatch, X, Y, **params):
    """Fit by nodes; return the model, and whether they decided."""
    decided = []
    original = search._select_between

    def watched(*args):
        selection = original(*args)
        decided.append(selection is not None)
        return selection

    with monkeypatch.context() as patch:
        patch.setattr(search, "_select_between", watched)
        model = fit(patch, "nodes", X, Y, **params)
    return model, decided == [True]


def gaussian(n, p, decay=0.5, q=4):
    rng = np.random.default_rng(n + p)
    X = rng.standard_normal((n, p)) / np.arange(1, p + 1) ** decay
    Y = X @ rng.standard_normal((p, q))
    return X, Y / Y.std(axis=0) + rng.standard_normal((n, q)) * np.geomspace(0.5, 3.0, q)


def hostile(name):
    rng = np.random.default_rng(5)
    X, Y = gaussian(120, 30)
    if name == "scales":
        X = X * np.geomspace(1e-8, 1e8, 30)
    elif name == "tiny":
        X = 1e-8 * X
    elif name == "duplicate columns":
        X = np.hstack([X, X[:, :10]])
    elif name == "rank deficient":
        X = X[:, :5] @ rng.standard_normal((5, 30))
    elif name == "duplicate rows":
        X, Y = np.vstack([X, X[:40]]), np.vstack([Y, Y[:40]])
    elif name == "outlying rows":
        X[:4] *= 1e3
    elif name == "heavy tails":
        X = rng.standard_t(1.0, X.shape)
    elif name == "rows that own a column":
        X[:, :6] = np.eye(120)[:, :6]
    elif name == "no signal":
        Y = rng.standard_normal(Y.shape)
    elif name == "no noise":
        Y = X @ rng.standard_normal((30, 4))
    elif name == "more features":
        X, Y = gaussian(60, 150)
    elif name == "interpolation":
        X, Y = gaussian(80, 79)
    elif name == "constant target":
        Y[:, 1] = 3.0
    return X, Y


HOSTILE = [
    "scales",
    "tiny",
    "duplicate columns",
    "rank deficient",
    "duplicate rows",
    "outlying rows",
    "heavy tails",
    "rows that own a column",
    "no signal",
    "no noise",
    "more features",
    "interpolation",
    "constant target",
]


@pytest.mark.parametrize("per_target", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", HOSTILE)
def test_no_better_penalty_is_missed(monkeypatch, name, weighted, per_target):
    X, Y = hostile(name)
    params = {"alpha_per_target": per_target}
    weights = np.random.default_rng(1).uniform(0.2, 3.0, len(X)) if weighted else None
    models = []
    for how in ("nodes", "all"):
        monkeypatch.setattr(objective, "_FEWER", {"nodes": 0, "all": np.inf}[how])
        models.append(TheoryGuidedRidgeCV(**params).fit(X, Y, weights))
    nodes, every = models
    power = np.var(Y)
    # a path with a relative error of 3e-5 cannot miss more than twice that
    assert np.all(nodes.risk_ <= every.risk_ * (1 + 6e-5) + 1e-20 * power)
    alone = LeaveOneOut(factorize(X, Y, weights)).risk(nodes.report_.path.alpha[:, None])
    alone = alone if per_target else alone.mean(axis=1)
    if factorization_of(nodes).name != "rows":
        assert_allclose(nodes.report_.path.risk, alone, rtol=1e-9, atol=1e-20 * power)


@pytest.mark.parametrize("q", [1, 4])
@pytest.mark.parametrize("per_target", [True, False])
@pytest.mark.parametrize("shape", [(400, 40), (2000, 25), (300, 200), (200, 500)])
def test_penalty_and_error_bars_of_ordinary_data(monkeypatch, shape, per_target, q):
    X, Y = gaussian(*shape, q=q)
    params = {"alpha_per_target": per_target}
    nodes, decided = outcome_of_nodes(monkeypatch, X, Y, **params)
    every = fit(monkeypatch, "all", X, Y, **params)
    assert decided
    assert len(nodes.report_.path.alpha) < len(every.report_.path.alpha)
    if per_target:
        assert_allclose(nodes.alpha_, every.alpha_, rtol=5e-3)
    # a shared penalty may be GCV's, where its own risk is as good as the least
    assert_allclose(nodes.risk_, every.risk_, rtol=1e-6)
    assert_allclose(nodes.risk_std_error_, every.risk_std_error_, rtol=1e-3)
    # the lower end, fitted to the nodes, moves with them by a share of what is unknown
    interval = every.report_.noise.interval
    width = np.diff(interval, axis=-1)
    assert np.all(np.abs(nodes.report_.noise.interval - interval) <= 0.01 * width)
    if not per_target:
        assert nodes.alpha_ in nodes.report_.path.alpha
        assert nodes.alpha_ in nodes.report_.profile.alpha
        chosen = nodes.report_.profile.alpha == nodes.alpha_
        assert_allclose(nodes.report_.profile.risk[chosen], nodes.risk_, rtol=1e-12)


def test_large_data_is_searched_by_nodes_and_equals_the_hat_matrix():
    X, Y = gaussian(4000, 30, q=20)
    model = TheoryGuidedRidgeCV(alpha_per_target=True).fit(X, Y)
    assert len(model.report_.path.alpha) < 30
    Xc, Yc = X - X.mean(axis=0), Y - Y.mean(axis=0)
    values, V = np.linalg.eigh(Xc.T @ Xc)
    W = Xc @ V
    for target in (0, 19):
        near = model.alpha_[target] * np.geomspace(0.8, 1.25, 101)
        leverage = W**2 @ (1.0 / (values[:, None] + near)) + 1.0 / len(X)
        fitted = W @ ((W.T @ Yc[:, target])[:, None] / (values[:, None] + near))
        errors = (Yc[:, [target]] - fitted) / (1.0 - leverage)
        risks = np.square(errors).mean(axis=0)
        assert_allclose(model.risk_[target], risks[50], rtol=1e-9)
        assert_allclose(
            model.report_.held_out.errors[:, target], errors[:, 50], rtol=1e-7, atol=1e-9
        )
        assert risks[50] <= risks.min() * (1.0 + 1e-6)


def test_what_contradicts_the_path_is_evaluated_everywhere(monkeypatch):
    X, Y = gaussian(200, 20)
    every = fit(monkeypatch, "all", X, Y, alpha_per_target=True)
    right = RatioToGCV.risk

    def wrong_for_two(self, alphas):
        risks = right(self, alphas)
        risks[:, slice(1, 3) if risks.shape[1] > 1 else slice(0, 1)] *= (
            1.0 + 0.2 * np.sin(np.log(alphas + 1e-300))[:, None]
        )
        return risks

    monkeypatch.setattr(RatioToGCV, "risk", wrong_for_two)
    nodes, decided = outcome_of_nodes(monkeypatch, X, Y, alpha_per_target=True)
    assert decided
    assert_allclose(nodes.alpha_[1:3], every.alpha_[1:3], rtol=1e-9)
    assert_allclose(nodes.alpha_, every.alpha_, rtol=5e-3)
    alone, decided = outcome_of_nodes(monkeypatch, X, Y[:, [1, 1, 1]])
    assert not decided
    assert_allclose(alone.alpha_, every.alpha_[1], rtol=1e-9)


@pytest.mark.parametrize(("outlier", "doubtful"), [(1.0, False), (1e3, True)])
def test_a_rough_ratio_is_noticed(outlier, doubtful):
    X, y = make_data(200, 20, q=1)
    X[:3] *= outlier
    f = factorize(X, y.reshape(200, 1))
    nodes = profile_nodes(f, np.zeros(0))
    ratio = RatioToGCV.of(f, nodes, LeaveOneOut(f).risk(nodes[:, None]).T)
    assert ratio.doubtful.tolist() == [doubtful]
    assert_allclose(ratio.risk(nodes), LeaveOneOut(f).risk(nodes[:, None]), rtol=1e-9)


@pytest.mark.parametrize("joint", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", [*HOSTILE, "units"])
def test_sums_of_many_targets_need_no_double_precision(monkeypatch, name, weighted, joint):
    X, Y = hostile(name)
    Y = np.hstack([Y, Y @ np.random.default_rng(2).standard_normal((4, 14))])
    if name == "units":
        Y = Y * (1e12 if joint else np.geomspace(1e-12, 1e12, 18))
    weights = np.random.default_rng(1).uniform(0.2, 3.0, len(X)) if weighted else None
    f = factorize(X, Y, weights)
    nodes = profile_nodes(f, np.zeros(0))
    monkeypatch.setattr(_leave_one_out, "_LARGE", 0)
    single = LeaveOneOut(f).sums(nodes, joint)
    monkeypatch.setattr(_leave_one_out, "_LARGE", np.inf)
    double = LeaveOneOut(f).sums(nodes, joint)
    # relative to the targets where modes explain them: float32 has no more of what is left
    power = f.null_power + np.square(f.projections).sum(axis=0)
    power = power.mean(keepdims=True) if joint else power
    floor = 1e-10 * power[:, None]
    assert np.all(np.abs(single.losses - double.losses) <= 1e-5 * double.losses + floor)
    scale = np.sqrt(np.einsum("kaa->ka", double.products))
    error = np.abs(single.products - double.products)
    assert np.all(error <= 1e-4 * scale[:, :, None] * scale[:, None] + floor[:, :, None] ** 2)
    assert_allclose(single.slack, double.slack, rtol=1e-12)
    assert f.interpolates or np.any(single.losses != double.losses), "both in double precision"


def test_many_targets_of_large_data(monkeypatch):
    """All at once: float32 sums, few nodes, and targets that need every penalty."""
    X, Y = gaussian(4000, 60, q=80)
    Y[:, :3] = np.random.default_rng(3).standard_normal((4000, 3))
    nodes = TheoryGuidedRidgeCV(alpha_per_target=True).fit(X, Y)
    assert np.any(
        nodes.report_.path.risk
        != LeaveOneOut(factorization_of(nodes)).risk(nodes.report_.path.alpha[:, None])
    )
    every = fit(monkeypatch, "all", X, Y, alpha_per_target=True)
    assert np.all(nodes.risk_ <= every.risk_ * (1 + 6e-5))
    assert_allclose(nodes.alpha_[3:], every.alpha_[3:], rtol=5e-3)
    assert_allclose(nodes.risk_[3:], every.risk_[3:], rtol=1e-6)
    assert_allclose(nodes.risk_std_error_, every.risk_std_error_, rtol=1e-3)
