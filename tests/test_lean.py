"""The lean passes in float32 give what float64 gives, and step aside where they cannot."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose
from reference import held_out_errors, make_data, one_by_one
from threadpoolctl import threadpool_limits

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm._linalg import SingleVectors, factorize
from sk_renorm._risk import LeaveOneOut, profile_nodes
from sk_renorm._risk.leave_one_out import lean
from sk_renorm._tuning import objective


@pytest.fixture(autouse=True)
def worth(monkeypatch):
    """Take all data as large."""
    monkeypatch.setattr(lean, "_WORTH", 0)
    monkeypatch.setattr(objective, "_FEWER", 0)


def plain(monkeypatch):
    monkeypatch.setattr(lean, "_WORTH", np.inf)


def rows(kind, n=1500, p=20):
    """Rows and one target, ordinary or not."""
    rng = np.random.default_rng(5)
    X = rng.standard_normal((n, p))
    if kind == "rows of heavy tails":
        X *= np.sqrt(2.0 / rng.chisquare(2.0, n))[:, None]
    elif kind == "entries of heavy tails":
        X = rng.standard_t(2.0, X.shape)
    elif kind == "clusters of leverage":
        X[: n // 50] *= 30.0
    elif kind == "rare indicators":
        X[:, :5] = rng.random((n, 5)) < 3.0 / n
    elif kind == "a row that owns a column":
        X[:, 0] = np.arange(n) == 7
    elif kind == "a row of leverage 0.99":
        X[7] *= 10.0 * np.sqrt(n)
    elif kind == "duplicate rows":
        X[n // 2 :] = X[: n - n // 2]
    elif kind == "far from zero":
        X += 1e4
    elif kind == "spectrum over three decades":
        X = X * np.geomspace(1.0, 1e-3, p)
    elif kind == "graded columns":
        X = X * np.geomspace(1.0, 1e-9, p)
    elif kind == "a time stamp":
        X[:, 3] = 1.7e12 + 1e9 * X[:, 3]
    elif kind == "condition 1e8":
        X = X @ np.linalg.qr(rng.standard_normal((p, p)))[0] * np.geomspace(1.0, 1e-8, p)
        X = X @ np.linalg.qr(rng.standard_normal((p, p)))[0]
    noise = 1e-6 if kind == "hardly any noise" else 1.0
    y = X @ rng.standard_normal(p) / X.std() + noise * rng.standard_normal(n)
    return X, y


KINDS = [
    "ordinary",
    "rows of heavy tails",
    "entries of heavy tails",
    "clusters of leverage",
    "rare indicators",
    "a row that owns a column",
    "a row of leverage 0.99",
    "duplicate rows",
    "far from zero",
    "spectrum over three decades",
    "graded columns",
    "a time stamp",
    "condition 1e8",
    "hardly any noise",
]
quiet = pytest.mark.filterwarnings("ignore::sk_renorm.exceptions.InfluentialRowsWarning")
no_copies = pytest.mark.filterwarnings("ignore::sk_renorm.exceptions.DependentRowsWarning")


@quiet
@no_copies
@pytest.mark.parametrize("weighted", [None, "sample_weight", "risk_weight"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kind", KINDS)
def test_the_risk_is_exact_and_the_choice_the_best(monkeypatch, kind, dtype, weighted):
    """To 1e-7 and 1e-6 of the risk, by the float64 path."""
    X, y = rows(kind)
    X = X.astype(dtype)
    weights = np.random.default_rng(1).uniform(0.3, 3.0, len(X))
    given = {} if weighted is None else {weighted: weights}
    model = TheoryGuidedRidgeCV().fit(X, y, **given)
    plain(monkeypatch)
    exact = TheoryGuidedRidgeCV(alphas=[model.alpha_]).fit(X, y, **given)
    assert_allclose(model.risk_, exact.risk_, rtol=1e-7)
    assert_allclose(model.loo_predictions_, exact.loo_predictions_, rtol=1e-5, atol=1e-5)
    assert_allclose(model.report_.leverage_dispersion, exact.report_.leverage_dispersion, rtol=1e-4)
    best = TheoryGuidedRidgeCV().fit(X, y, **given)
    assert model.risk_ <= best.risk_ * (1.0 + 1e-6)


@quiet
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_targets", [1, 3])
def test_the_path_of_every_target(monkeypatch, kind, n_targets):
    X, y = rows(kind)
    Y = np.column_stack([y * 10.0**unit for unit in range(0, 12 * n_targets, 12)])
    f = factorize(X, Y)
    nodes = profile_nodes(f, np.zeros(0))
    found = LeaveOneOut(f).risk_of_path(nodes)[0]
    assert_allclose(found, LeaveOneOut(f).risk(nodes[:, None]), rtol=2e-6)


@pytest.mark.parametrize(
    ("kind", "is_single"),
    [
        ("ordinary", True),
        ("rows of heavy tails", True),
        ("spectrum over three decades", True),
        ("graded columns", False),
        ("condition 1e8", False),
        ("hardly any noise", False),
    ],
)
def test_where_products_are_in_float64(kind, is_single):
    X, y = rows(kind)
    f = factorize(X, y[:, None])
    assert SingleVectors(f, 0.0).is_single == is_single
    assert SingleVectors(f, 0.0, with_residuals=False).is_single == (
        is_single or kind == "hardly any noise"
    )
    assert SingleVectors(f, f.eigenvalues[-1], with_residuals=False).is_single == (
        f.vectors.V is None
    )


@quiet
@no_copies
@pytest.mark.parametrize("kind", ["rows of heavy tails", "entries of heavy tails"])
@pytest.mark.parametrize(("n", "p"), [(3000, 60), (6000, 40)])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_best_of_minima_that_are_nearly_as_deep(monkeypatch, kind, n, p, seed):
    """Weak signals: the risk is flat, and leverages of heavy tails make the path rough."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * np.sqrt(2.0 / rng.chisquare(2.0, n))[:, None]
    if kind == "entries of heavy tails":
        X = rng.standard_t(2.0, (n, p))
    y = X @ rng.standard_normal(p) / 8.0 + rng.standard_normal(n)
    model = TheoryGuidedRidgeCV().fit(X, y)
    monkeypatch.setattr(objective, "_FEWER", np.inf)
    plain(monkeypatch)
    assert model.risk_ <= TheoryGuidedRidgeCV().fit(X, y).risk_ * (1.0 + 2e-6)


def test_few_rows_are_not_made_again():
    X, y = rows("ordinary", n=30, p=60)
    assert not lean.is_lean(factorize(X, y[:, None]))


@quiet
@pytest.mark.parametrize("kind", ["ordinary", "rows of heavy tails", "rare indicators"])
def test_sparse_rows(monkeypatch, kind):
    X, y = rows(kind)
    model = TheoryGuidedRidgeCV().fit(sp.csr_array(X), y)
    plain(monkeypatch)
    exact = TheoryGuidedRidgeCV(alphas=[model.alpha_]).fit(X, y)
    assert_allclose(model.risk_, exact.risk_, rtol=1e-7)
    assert model.risk_ <= TheoryGuidedRidgeCV().fit(X, y).risk_ * (1.0 + 1e-6)


@quiet
@no_copies
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_targets", [3, 40])
def test_each_target_with_its_own_penalty(monkeypatch, kind, n_targets):
    """Of fewer targets than nodes, and of more."""
    X, y = rows(kind, n=600)
    rng = np.random.default_rng(2)
    Y = y[:, None] + np.std(y) * np.geomspace(0.1, 10.0, n_targets) * rng.standard_normal(
        (600, n_targets)
    )
    model = TheoryGuidedRidgeCV(alpha_per_target=True).fit(X, Y)
    plain(monkeypatch)
    exact = RenormalizedRidge(model.alpha_).fit(X, Y)
    assert_allclose(model.risk_, exact.risk_, rtol=1e-7)
    assert_allclose(model.loo_predictions_, exact.loo_predictions_, rtol=1e-5, atol=1e-5)
    best = TheoryGuidedRidgeCV(alpha_per_target=True).fit(X, Y)
    assert (model.risk_ <= best.risk_ * (1.0 + 1e-6)).all()


def test_rows_near_leverage_one_are_those_of_refits():
    X, y = rows("rare indicators", n=200)
    errors = LeaveOneOut(factorize(X, y[:, None])).at(np.array([[0.01]])).errors[0][1]
    expected = held_out_errors(X, y, 0.01, one_by_one(200))
    assert_allclose(errors[:, 0, 0], expected, rtol=1e-5, atol=1e-5)


def in_both(monkeypatch, alpha, *args, **kwargs):
    """Return fits by a lean pass, and in float64."""
    found = RenormalizedRidge(alpha).fit(*args, **kwargs)
    plain(monkeypatch)
    return found, RenormalizedRidge(alpha).fit(*args, **kwargs)


@quiet
@pytest.mark.parametrize("far", [1.0, 1e4])
def test_a_row_of_most_of_the_weight(monkeypatch, far):
    """The intercept leaves little of it, and float32 nothing of the difference."""
    X, y = rows("ordinary")
    X[0] *= far
    weights = np.where(np.arange(len(X)) == 0, 1e6, 1.0)
    found, exact = in_both(monkeypatch, 1.0, X, y, weights)
    assert_allclose(found.risk_, exact.risk_, rtol=1e-7)
    others = X[1:] - X[1:].mean(axis=0)
    coef = np.linalg.solve(others.T @ others + np.eye(X.shape[1]), others.T @ y[1:])
    expected = y[1:].mean() + (X[0] - X[1:].mean(axis=0)) @ coef
    assert_allclose(y[0] - found.loo_predictions_[0], y[0] - expected, rtol=1e-7)


@quiet
@pytest.mark.parametrize("seed", range(5))
def test_a_row_that_is_most_of_the_risk(monkeypatch, seed):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((1500, 20)), rng.standard_normal(1500)
    X[0] *= np.sqrt(0.8 / (X[0] @ np.linalg.solve(X[1:].T @ X[1:], X[0])))  # leverage 0.45
    y[0] = 1e6
    found, exact = in_both(monkeypatch, 1.0, X, y)
    assert_allclose(found.risk_, exact.risk_, rtol=1e-8)


def test_a_mean_that_float32_rounds(monkeypatch):
    """By the same for all rows, which does not average out where noise goes with X."""
    rng = np.random.default_rng(0)
    X = (rng.standard_normal((1500, 200)) + 900.0).astype(np.float32)
    mean, step = X.mean(axis=0, dtype=float), float(np.spacing(np.float32(900.0)))
    X[0] += (((np.floor(mean / step) + 0.49) * step - mean) * len(X)).astype(np.float32)
    along = (X - X.mean(axis=0, dtype=float)).sum(axis=1) / np.sqrt(200)
    y = along + np.exp(0.7 * along) * rng.standard_normal(len(X))
    found, exact = in_both(monkeypatch, 1.0, X, y)
    assert_allclose(found.risk_, exact.risk_, rtol=3e-8)


def test_any_number_of_threads_gives_the_same():
    X, y = make_data(3000, 20, noise=2.0)
    found = []
    for limit in (1, 2):
        with threadpool_limits(limit):
            found.append(TheoryGuidedRidgeCV().fit(X, y))
    assert_allclose(found[0].alpha_, found[1].alpha_, rtol=1e-5)
    assert_allclose(found[0].risk_, found[1].risk_, rtol=1e-9)


@pytest.mark.parametrize("kind", ["ordinary", "rows of heavy tails", "condition 1e8"])
def test_the_path_knows_leverages_about_the_guess(kind):
    X, y = rows(kind)
    f = factorize(X, y[:, None])
    guess = 1e-3 * f.eigenvalues[-1]
    slack_at = LeaveOneOut(f).risk_of_path(profile_nodes(f, np.zeros(0)), guess).slack_at
    for step in (-0.69, -0.3, 0.0, 0.11, 0.69):
        alpha = guess * np.exp(step)
        found = slack_at(alpha)
        expected = LeaveOneOut(f).slack_at(alpha)
        few = np.ones(len(X), dtype=bool)
        few[found.again] = False
        assert_allclose(found.values[few], expected[few], rtol=1e-6)
    for alpha in (0.0, 0.4 * guess, 2.1 * guess):
        assert slack_at(alpha) is None


def test_the_report_says_how_the_path_was_evaluated(monkeypatch):
    X, y = rows("ordinary")
    lean_fit = TheoryGuidedRidgeCV().fit(X, y)
    assert lean_fit.report_.route == "26 penalties, in float32; GCV tells the rest"
    Y = np.column_stack([y, X[:, 0] + 1e-3 * y])
    each = TheoryGuidedRidgeCV(alpha_per_target=True).fit(X, Y)
    assert each.report_.route.startswith("26 penalties, in float32; GCV tells the rest")
    plain(monkeypatch)
    assert "26 penalties, in float64" in TheoryGuidedRidgeCV().fit(X, y).report_.route
    monkeypatch.setattr(objective, "_FEWER", np.inf)
    model = TheoryGuidedRidgeCV(alphas=[0.0, 0.1, 1.0, 10.0]).fit(X, y)
    tried = np.setdiff1d(model.report_.path.alpha, model.alpha_)
    assert model.report_.route == f"all of {len(tried) + 1} penalties, in float64"
    assert RenormalizedRidge(2.0).fit(X, y).report_.route == "one penalty"
    assert model.report_.route in str(model.report_)
