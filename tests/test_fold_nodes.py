"""Few penalties for folds: the same choice; and folds that own directions, without a refit."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import held_out_errors
from sklearn.model_selection import (
    KFold,
    LeaveOneGroupOut,
    RepeatedKFold,
    TimeSeriesSplit,
)
from test_ratio import HOSTILE, fit, gaussian, hostile, outcome_of_nodes

from sk_renorm import HBlockSplit, TheoryGuidedRidgeCV
from sk_renorm._linalg import Fold, downdate, factorize, refit
from sk_renorm._risk import LeaveFoldOut, RatioToGCV
from sk_renorm._rows.folds import group_codes, resolve_folds
from sk_renorm._tuning.objective import Objective

pytestmark = pytest.mark.filterwarnings("ignore:.*far from all others")


def layout(name, n):
    """Return groups (n,): codes of which rows belong together."""
    rng = np.random.default_rng(n)
    if name == "few large and many small":
        groups = np.r_[np.zeros(n // 4), np.ones(n // 5), 2 + rng.integers(0, n // 5, n)][:n]
        return rng.permutation(groups).astype(int)
    return np.arange(n) // 20  # alike, of more rows than are batched


@pytest.mark.parametrize("weighted", [False, True])
def test_groups_alone_are_the_folds_of_leave_one_group_out(weighted):
    groups = layout("few large and many small", 90).astype(str)
    kept = (np.arange(90) % 3 > 0) & (groups != "0") if weighted else None
    alone, named = (
        resolve_folds(
            cv, np.zeros((90, 1)), np.zeros(90), group_codes(groups), kept, {"groups": groups}
        )
        for cv in (None, LeaveOneGroupOut())
    )
    assert len(alone) == len(named)
    for fold, other in zip(alone, named, strict=True):
        assert fold.removed.tolist() == other.removed.tolist()
        assert (fold.n_tested, fold.train) == (other.n_tested, other.train)


def leave_out(X, Y, groups, weights=None, refitting=None):
    """Return the estimate that leaves groups out; without ``refitting``, a refit is an error."""
    folds = [Fold.from_split(*fold, len(X)) for fold in LeaveOneGroupOut().split(X, Y, groups)]

    def no_refit(train, test):
        raise AssertionError("the closed form should do")

    return LeaveFoldOut(factorize(X, Y, weights), folds, refitting or no_refit, groups)


@pytest.mark.parametrize(
    ("groups", "weighted"), [("few large and many small", True), ("alike", False)]
)
@pytest.mark.parametrize("name", HOSTILE)
def test_no_better_penalty_is_missed(monkeypatch, name, groups, weighted):
    X, Y = hostile(name)
    groups = layout(groups, len(X))
    weights = np.random.default_rng(1).uniform(0.2, 3.0, len(X)) if weighted else None
    models = []
    for how in ("nodes", "all"):
        monkeypatch.setattr("sk_renorm._tuning.objective._FEWER", {"nodes": 0, "all": np.inf}[how])
        models.append(TheoryGuidedRidgeCV().fit(X, Y, weights, groups=groups))
    nodes, every = models
    assert nodes.risk_ <= every.risk_ * (1 + 6e-5) + 1e-20 * np.var(Y)


@pytest.mark.parametrize("q", [1, 3])
@pytest.mark.parametrize("per_target", [True, False])
@pytest.mark.parametrize("groups", ["few large and many small", "alike"])
@pytest.mark.parametrize("shape", [(400, 40), (600, 60), (800, 20)])
def test_penalty_and_error_bars_of_groups(monkeypatch, shape, groups, per_target, q):
    X, Y = gaussian(*shape, q=q)
    groups = layout(groups, len(X))
    Y = Y + X[:, :3].sum(axis=1, keepdims=True)  # enough of a signal for a minimum
    X = X + 0.3 * np.random.default_rng(2).standard_normal((len(X), shape[1]))[groups]
    nodes, every = (
        _fit_groups(monkeypatch, how, X, Y, groups, alpha_per_target=per_target)
        for how in ("nodes", "all")
    )
    assert len(nodes.report_.path.alpha) < len(every.report_.path.alpha)
    assert_allclose(nodes.risk_, every.risk_, rtol=1e-6)
    assert_allclose(nodes.alpha_, every.alpha_, rtol=5e-3)
    assert_allclose(nodes.risk_std_error_, every.risk_std_error_, rtol=2e-3)
    assert_allclose(nodes.report_.leverage_dispersion, every.report_.leverage_dispersion, rtol=5e-3)


def _fit_groups(monkeypatch, how, X, Y, groups, **params):
    monkeypatch.setattr("sk_renorm._tuning.objective._FEWER", {"nodes": 0, "all": np.inf}[how])
    return TheoryGuidedRidgeCV(**params).fit(X, Y, groups=groups)


@pytest.mark.parametrize(
    "cv",
    [
        KFold(5),
        KFold(40),
        RepeatedKFold(n_splits=4, n_repeats=2, random_state=0),
        TimeSeriesSplit(4),
        HBlockSplit(2, 10),
    ],
    ids=lambda cv: type(cv).__name__,
)
def test_any_folds(monkeypatch, cv):
    X, Y = gaussian(200, 30, q=2)
    nodes, decided = outcome_of_nodes(monkeypatch, X, Y, cv=cv)
    every = fit(monkeypatch, "all", X, Y, cv=cv)
    assert decided
    assert_allclose(nodes.alpha_, every.alpha_, rtol=5e-3)
    assert_allclose(nodes.risk_, every.risk_, rtol=1e-6)
    assert_allclose(nodes.risk_std_error_, every.risk_std_error_, rtol=2e-3)
    interval = every.report_.noise.interval
    assert np.all(np.abs(nodes.report_.noise.interval - interval) <= 0.01 * np.diff(interval))


def test_more_nodes_come_before_all_penalties(monkeypatch):
    """A choice that its own evaluation contradicts sends the search to finer nodes."""
    X, Y = gaussian(300, 40, q=1)
    groups = layout("alike", 300)
    every = _fit_groups(monkeypatch, "all", X, Y, groups)
    seen, first, refined = [], RatioToGCV.risk, Objective.refined

    def wrong_at_first(self, alphas):
        return first(self, alphas) * (1.0 if seen else 1.0 + 1e-3)

    def watched(self, between):
        finer = refined(self, between)
        seen.append((len(between.nodes), len(finer.nodes)))
        return finer

    monkeypatch.setattr(RatioToGCV, "risk", wrong_at_first)
    monkeypatch.setattr(Objective, "refined", watched)
    nodes = _fit_groups(monkeypatch, "nodes", X, Y, groups)
    assert len(seen) == 1
    assert seen[0][0] < seen[0][1] < 2 * seen[0][0]
    assert len(nodes.report_.path.alpha) < len(every.report_.path.alpha)
    assert_allclose(nodes.alpha_, every.alpha_, rtol=5e-3)
    assert_allclose(nodes.risk_, every.risk_, rtol=1e-6)


def owning(n, p, size, scale=1.0, seed=0):
    """Return data whose groups each own an indicator and a column of their own values."""
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.arange(n) // size)
    own = np.zeros((n, 2 * (groups.max() + 1)))
    own[np.arange(n), 2 * groups] = scale
    own[np.arange(n), 2 * groups + 1] = scale * rng.standard_normal(n)
    X = np.hstack([rng.standard_normal((n, p)), own])
    Y = X[:, :p] @ rng.standard_normal((p, 2)) + rng.standard_normal((groups.max() + 1, 2))[groups]
    return X, Y + 0.5 * rng.standard_normal((n, 2)), groups


@pytest.mark.parametrize("alpha", [0.0, 1e-6, 1e-2, 1e3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scale", [1.0, 1e2])
@pytest.mark.parametrize("size", [1, 3, 8, 20, 40])
def test_groups_that_own_columns_need_no_refit(size, scale, weighted, alpha):
    X, Y, groups = owning(120, 6, size, scale)
    weights = np.random.default_rng(1).uniform(0.3, 3.0, len(X)) if weighted else None
    estimate = leave_out(X, Y, groups, weights)
    folds = list(LeaveOneGroupOut().split(X, Y, groups))
    expected = held_out_errors(X, Y, alpha, folds, weights)
    for test, errors in estimate.errors(np.array([[alpha]])):
        assert_allclose(errors[:, 0], expected[test], rtol=1e-8, atol=1e-9 * np.abs(Y).max())


@pytest.mark.parametrize("alpha", [0.0, 1e-12, 1e-6, 1.0])
@pytest.mark.parametrize("p", [6, 26], ids=["tall", "few rows more"])
@pytest.mark.parametrize("size", [3, 20])
def test_rows_that_own_a_column_among_others_of_their_group(size, p, alpha):
    """As the only row of a rare category does."""
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((40, p)), rng.standard_normal((40, 2))
    X[:, 0] = np.arange(40) == 7
    groups = rng.permutation(np.arange(40) // size)
    folds = list(LeaveOneGroupOut().split(X, Y, groups))
    expected = held_out_errors(X, Y, alpha, folds)
    for test, errors in leave_out(X, Y, groups).errors(np.array([[alpha]])):
        assert_allclose(errors[:, 0], expected[test], rtol=1e-7, atol=1e-9)


def test_one_penalty_for_each_target_of_groups_that_own_columns():
    X, Y, groups = owning(120, 6, 20)
    estimate = leave_out(X, Y, groups)
    both = dict(_by_first(estimate.errors(np.array([[1e-9, 2.0]]))))
    for target, alpha in enumerate((1e-9, 2.0)):
        alone = dict(_by_first(estimate.errors(np.array([[alpha]]))))
        for row, errors in alone.items():
            assert_allclose(both[row][:, 0, target], errors[:, 0, target], rtol=1e-12)


def _by_first(pairs):
    return ((rows[0], errors) for rows, errors in pairs)


@pytest.mark.parametrize("amplitude", [1e-3, 1e-5])
@pytest.mark.parametrize("size", [3, 20])
def test_columns_that_are_nearly_owned_keep_their_digits(size, amplitude):
    """Others hold a little of the column: small against rounding's reach, large to the result."""
    X, Y, groups = owning(120, 6, size)
    X[:, 6:] += amplitude * np.random.default_rng(3).standard_normal(X[:, 6:].shape)
    refits = []

    def refitting(train, test):
        refits.append(test)
        return refit(X, Y, None, train, test)

    estimate = leave_out(X, Y, groups, refitting=refitting)
    folds = list(LeaveOneGroupOut().split(X, Y, groups))
    for alpha in (1e-6, 1e-2):
        expected = held_out_errors(X, Y, alpha, folds)
        for test, errors in estimate.errors(np.array([[alpha]])):
            # digits of all are those of the largest: what a column's own rows extrapolate to
            largest = np.abs(expected[test]).max()
            assert_allclose(errors[:, 0], expected[test], rtol=1e-7, atol=1e-8 * largest)
    assert amplitude > 1e-4 or refits


@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e2])
def test_downdating_drops_what_only_the_fold_holds(scale):
    X, Y, groups = owning(200, 4, 50, scale)
    rows = np.flatnonzero(groups == 0)
    taken_out = downdate(factorize(X, Y, None), rows)
    afresh = refit(X, Y, None, np.setdiff1d(np.arange(200), rows), rows)
    assert len(taken_out.eigenvalues) == len(afresh.eigenvalues)
    penalties = np.geomspace(1e-8, 1e4, 6)[:, None]
    assert_allclose(taken_out.errors(penalties), afresh.errors(penalties), rtol=1e-9, atol=1e-9)


def test_factorized_folds_are_kept_and_change_nothing(monkeypatch):
    X, Y = gaussian(150, 12, q=2)
    groups = np.arange(150) // 30  # of more rows than there are modes
    kept = leave_out(X, Y, groups)
    monkeypatch.setattr("sk_renorm._risk.leave_fold_out.folds._KEPT_ENTRIES", 0)
    made_again = leave_out(X, Y, groups)
    assert kept.factorization.vectors is not made_again.factorization.vectors
    for penalties in (np.array([[1.0], [2.0]]), np.array([[3.0]])):
        expected = made_again.risk(penalties)
        with monkeypatch.context() as patch:
            patch.setattr("sk_renorm._risk.leave_fold_out.folds._KEPT_ENTRIES", 2**20)
            assert_allclose(kept.risk(penalties), expected, rtol=1e-12)
    assert len(kept._kept) == 5
    assert not made_again._kept
