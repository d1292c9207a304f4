"""GCV of large data: what takes held-out errors comes when asked for, and is the same."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import make_data
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sk_renorm import TheoryGuidedRidgeCV
from sk_renorm._estimator.attributes import OF_EACH_ROW, OF_ROWS
from sk_renorm._linalg import _reduce
from sk_renorm._tuning import objective
from sk_renorm.exceptions import DependentRowsWarning
from sk_renorm.forecast import learning_curve


@pytest.fixture
def large(monkeypatch):
    """Take all data as large."""
    monkeypatch.setattr(objective, "_LARGE", 0)


def fitted(model):
    return {name for name in vars(model) if name.endswith("_") and not name.startswith("_")}


def fit(shape=(120, 6), **how):
    X, Y = make_data(*shape, q=how.pop("q", 1))
    y = Y if Y.shape[1] > 1 else Y[:, 0]
    weights = np.linspace(0.5, 2.0, len(X)) if how.pop("weighted", False) else None
    if weights is not None:
        weights[:5] = 0.0
    return TheoryGuidedRidgeCV(risk="gcv", **how).fit(X, y, weights)


HOWS = [
    {},
    {"q": 3},
    {"q": 3, "alpha_per_target": True},
    {"weighted": True},
    {"fit_intercept": False, "alphas": 7},
    {"alphas": [0.1, 1.0, 10.0]},
]


@pytest.mark.filterwarnings("ignore:The best of the given alphas lies at their edge")
@pytest.mark.filterwarnings("ignore:risk='gcv' takes weights for numbers of rows")
@pytest.mark.parametrize("how", HOWS, ids=str)
@pytest.mark.parametrize("kind", ["column_gram", "tridiagonal", "wide"])
def test_all_attributes_are_those_of_a_fit_that_makes_them_at_once(monkeypatch, kind, how):
    how = {**how, "shape": (40, 90)} if kind == "wide" else how
    monkeypatch.setattr(objective, "_LARGE", np.inf)
    at_once = fit(**how)
    monkeypatch.setattr(objective, "_LARGE", 0)
    if kind != "column_gram":
        monkeypatch.setattr(_reduce, "no_vectors_pay", lambda size, n_targets: True)
    later = fit(**how)
    assert later._factorization.name == (kind if kind == "column_gram" else "tridiagonal")
    later.factorization_ = at_once.factorization_
    assert fitted(at_once) - fitted(later) == set(OF_ROWS)
    for name in sorted(fitted(at_once)):
        expected, found = getattr(at_once, name), getattr(later, name)
        if isinstance(expected, dict):
            assert expected.keys() == found.keys()
            for key in expected:
                if expected[key] is None:
                    assert found[key] is None
                    continue
                assert_allclose(found[key], expected[key], rtol=1e-10, err_msg=f"{name}[{key}]")
        elif expected is None or isinstance(expected, str):
            assert found == expected
        else:
            # the penalty differs by rounding, and with it residuals that nearly vanish
            assert_allclose(found, expected, rtol=1e-10, atol=1e-11, err_msg=name)
    assert fitted(later) == fitted(at_once)
    assert vars(later).keys() == vars(at_once).keys()


@pytest.mark.parametrize(
    "twin", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_copies_have_all_attributes(large, twin):
    model = fit()
    other = twin(model)
    assert set(OF_ROWS) <= fitted(other)
    assert_allclose(other.loo_residuals_, model.loo_residuals_)
    assert fitted(clone(model)) == set()


def test_later_changes_of_y_and_weights_do_not_matter(large):
    X, Y = make_data(120, 6, q=1)
    y, weights = Y[:, 0].copy(), np.linspace(0.5, 2.0, 120)
    expected = TheoryGuidedRidgeCV(risk="gcv").fit(X, y, weights).loo_predictions_
    model = TheoryGuidedRidgeCV(risk="gcv").fit(X, y, weights)
    y[:] = 0.0
    weights[:] = 1.0
    assert_allclose(model.loo_predictions_, expected)
    assert model.sample_weight_[0] == 0.5


def test_changed_rows_are_noticed(large):
    X, Y = make_data(120, 6, q=1)
    model = TheoryGuidedRidgeCV(risk="gcv").fit(X, Y[:, 0])
    X[3] += 1.0
    with pytest.raises(NotFittedError, match="changed since the fit, so risk_std_error_ cannot"):
        _ = model.risk_std_error_
    assert model.predict(X).shape == (120,)
    with pytest.raises(NotFittedError, match="changed since the fit, so risk_profile_ cannot"):
        learning_curve(model, [100])
    copied = pickle.loads(pickle.dumps(model))
    assert not hasattr(copied, "risk_std_error_")
    with pytest.raises(NotFittedError, match="risk_std_error_ needs the rows of the fit, and this"):
        _ = copied.risk_std_error_
    X[3] -= 1.0


@pytest.mark.parametrize(
    "how", [{"store_rows": False}, {"selection": "1se"}, {"risk": "loo"}, {"n": 5}], ids=str
)
def test_at_once_where_rows_are_not_kept_or_decide(large, how):
    X, Y = make_data(how.pop("n", 120), 6, q=1)
    model = TheoryGuidedRidgeCV(**{"risk": "gcv", **how}).fit(X, Y[:, 0])
    left_out = set() if model.store_rows else set(OF_EACH_ROW)
    assert set(OF_ROWS) - left_out <= fitted(model)


def test_what_rows_left_out_tell_is_for_later(large):
    """Of neighbours and of copies."""
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.standard_normal((400, 5)), axis=0)
    y = walk.sum(axis=1) + np.cumsum(rng.standard_normal(400))
    with pytest.warns(DependentRowsWarning, match="Rows predict their neighbours"):
        TheoryGuidedRidgeCV().fit(walk, y)
    assert TheoryGuidedRidgeCV(risk="gcv").fit(walk, y).alpha_ > 0.0
    X, Y = make_data(200, 50, q=1)
    X, y = np.vstack([X, X[:150]]), np.r_[Y[:, 0], Y[:150, 0]]
    order = rng.permutation(350)
    with pytest.warns(DependentRowsWarning, match="150 of 350 rows repeat another one"):
        TheoryGuidedRidgeCV().fit(X[order], y[order])
    assert TheoryGuidedRidgeCV(risk="gcv").fit(X[order], y[order]).alpha_ > 0.0


def test_a_second_fit_forgets_what_was_pending(large):
    model = fit()
    X, Y = make_data(60, 4, q=1, seed=1)
    model.set_params(risk="loo").fit(X, Y[:, 0])
    assert len(model.loo_residuals_) == 60
    assert "_later" not in vars(model)
