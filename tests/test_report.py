"""The report: a fit only chooses, and every answer is made once, when it is asked for."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from reference import answers, factorization_of, make_data
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import KFold

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm._linalg import CentredData
from sk_renorm._linalg import choose as _choose
from sk_renorm._linalg import reduce as _reduce
from sk_renorm._linalg.factorization import Factorization
from sk_renorm._linalg.krylov.factorization import KrylovFactorization
from sk_renorm._tuning import objective
from sk_renorm.exceptions import DependentRowsWarning, GridEdgeWarning, InfluentialRowsWarning

STAYS = [
    "alpha_",
    "coef_",
    "intercept_",
    "risk_",
    "best_score_",
    "effective_df_",
    "effective_ridge_",
    "n_features_in_",
]


@pytest.fixture
def large(monkeypatch):
    """Take all data as large."""
    monkeypatch.setattr(objective, "_LARGE", 0)


@pytest.fixture
def passes(monkeypatch):
    """Count passes over the rows of dense data, and over those of Krylov spaces."""
    counted = []
    over_ranges, residuals = Factorization._over_ranges, KrylovFactorization.solutions

    def count(self, *args):
        counted.append(1)
        return over_ranges(self, *args)

    def count_solutions(self, *args):
        counted.append(1)
        return residuals(self, *args)

    monkeypatch.setattr(Factorization, "_over_ranges", count)
    monkeypatch.setattr(KrylovFactorization, "solutions", count_solutions)
    return counted


def fit(shape=(120, 6), **how):
    X, Y = make_data(*shape, q=how.pop("q", 1))
    y = Y if Y.shape[1] > 1 else Y[:, 0]
    weights = np.linspace(0.5, 2.0, len(X)) if how.pop("weighted", False) else None
    if weights is not None:
        weights[:5] = 0.0
    return TheoryGuidedRidgeCV(risk="gcv", **how).fit(X, y, weights)


@pytest.mark.parametrize("model", [TheoryGuidedRidgeCV(), RenormalizedRidge()], ids=repr)
def test_a_fitted_model_has_a_dozen_attributes(model):
    X, y = make_data(40, 6)
    public = {name for name in vars(model.fit(X, y)) if name.endswith("_")}
    assert public == set(STAYS)
    properties = {name for name in dir(model) if name.endswith("_") and name[0] != "_"} - public
    assert properties == {"report_", "risk_std_error_", "loo_predictions_"}
    unfitted = clone(model)
    for name in properties | public:
        assert not hasattr(unfitted, name)


KINDS = {
    "loo": ({}, {}),
    "gcv": ({"risk": "gcv"}, {}),
    "folds": ({"cv": KFold(4)}, {}),
    "groups": ({}, {"groups": np.arange(120) // 4}),
    "ar1": ({"sample_correlation": "ar1"}, {}),
    "grid": ({"alphas": [0.1, 1.0, 10.0, 100.0]}, {}),
    "scorer": ({"scoring": "neg_mean_absolute_error"}, {}),
    "targets": ({"alpha_per_target": True}, {}),
    "krylov": ({}, {}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_looking_at_a_model_computes_nothing(monkeypatch, passes, large, kind):
    """On data that count as large, where every answer is dear."""
    how, given = KINDS[kind]
    X, y = make_data(120, 30, 2 if kind == "targets" else None, noise=2.0)
    if kind == "krylov":
        monkeypatch.setattr(_choose, "_LARGEST_GRAM", 20)
        X = sp.csr_array(X)
    model = TheoryGuidedRidgeCV(**how).fit(X, y, **given)
    passes.clear()
    for look in (repr, dir, vars, clone, pickle.dumps, copy.deepcopy):
        look(model)
    assert "Fit to 120 rows" in model._repr_html_()
    assert model._repr_mimebundle_()["text/html"]
    assert hasattr(model, "report_")
    assert model.report_.factorization
    assert model.report_.problems == ()
    # one for residuals, of many that the fit took
    assert len(passes) <= {"ar1": 1}.get(kind, 0)
    assert np.all(model.risk_std_error_ > 0.0)
    assert passes


def test_an_answer_is_made_once(passes):
    X, y = make_data(120, 6, noise=2.0)
    model = TheoryGuidedRidgeCV().fit(X, y)
    text = str(model.report_)
    passes.clear()
    assert str(model.report_) == text
    assert model.report_.noise is model.report_.noise
    model.report_.compare(1.0, 10.0)
    model.report_.learning_curve([50])
    assert not passes


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
def test_errors_that_come_later_are_those_of_a_fit_that_makes_them_at_once(monkeypatch, kind, how):
    how = {**how, "shape": (40, 90)} if kind == "wide" else how
    monkeypatch.setattr(objective, "_LARGE", np.inf)
    at_once = answers(fit(**how))
    monkeypatch.setattr(objective, "_LARGE", 0)
    if kind != "column_gram":
        monkeypatch.setattr(_reduce, "no_vectors_pay", lambda size, n_targets: True)
    model = fit(**how)
    assert model.report_.evidence._fit.selection.choice.errors is None
    assert factorization_of(model).name == (kind if kind == "column_gram" else "tridiagonal")
    later = answers(model)
    assert later.keys() == at_once.keys()
    for name in at_once.keys() - {"report_.factorization"}:
        # the penalty differs by rounding, and with it residuals that nearly vanish
        assert_allclose(later[name], at_once[name], rtol=1e-10, atol=1e-11, err_msg=name)


TWINS = [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_of_a_small_fit_answers_all(monkeypatch, kind, twin):
    how, given = KINDS[kind]
    X, y = make_data(120, 30, 2 if kind == "targets" else None, noise=2.0)
    if kind == "krylov":
        monkeypatch.setattr(_choose, "_LARGEST_GRAM", 20)
        X = sp.csr_array(X)
    model = TheoryGuidedRidgeCV(**how).fit(X, y, **given)
    if kind in ("gcv", "krylov", "ar1"):
        model.report_.path, model.report_.dependence  # noqa: B018
    found, expected = answers(twin(model)), answers(model)
    assert found.keys() == expected.keys()
    for name in expected.keys() - {"report_.factorization"}:
        assert_array_equal(found[name], expected[name], err_msg=name)


@pytest.mark.parametrize("twin", TWINS)
def test_a_copy_of_a_large_fit_holds_what_was_asked_for(large, twin):
    model = fit()
    other = twin(model)
    for ask in ("loo_predictions_", "risk_std_error_"):
        assert not hasattr(other, ask)
    with pytest.raises(
        NotFittedError, match=r"error of the risk needs the rows .* Ask the model itself"
    ):
        _ = other.report_.noise
    with pytest.raises(NotFittedError, match=r"left out needs .* not in a copy"):
        _ = other.loo_predictions_
    assert other.risk_ == model.risk_
    _ = model.risk_std_error_
    assert twin(model).risk_std_error_ == model.risk_std_error_
    assert_array_equal(twin(other).coef_, model.coef_)


def test_later_changes_of_y_and_weights_do_not_matter(large):
    X, Y = make_data(120, 6, q=1)
    for risk in ("gcv", "loo"):
        y, weights = Y[:, 0].copy(), np.linspace(0.5, 2.0, 120)
        expected = answers(TheoryGuidedRidgeCV(risk=risk).fit(X, y, weights))
        model = TheoryGuidedRidgeCV(risk=risk).fit(X, y, weights)
        y[:] = 0.0
        weights[:] = 1.0
        for name, value in answers(model).items():
            assert_array_equal(value, expected[name], err_msg=name)
        assert model.report_.held_out.weights[0] == 0.5


def test_changed_rows_are_noticed(large):
    X, Y = make_data(120, 6, q=1)
    model = TheoryGuidedRidgeCV(risk="gcv").fit(X, Y[:, 0])
    before = X[3].copy()
    X[3] += 1.0
    for ask in (lambda: model.risk_std_error_, lambda: model.report_.learning_curve([100])):
        with pytest.raises(NotFittedError, match="needs the rows of the fit, and these have been"):
            ask()
    assert model.predict(X).shape == (120,)
    copied = pickle.loads(pickle.dumps(model))
    with pytest.raises(NotFittedError, match="needs the rows of the fit, and this model has none"):
        _ = copied.risk_std_error_
    X[3] = before
    assert model.risk_std_error_ > 0.0


def test_errors_that_chose_need_no_rows_any_more():
    X, y = make_data(120, 6)
    weights = np.ones(120)
    weights[:4] = 0.0
    model = TheoryGuidedRidgeCV().fit(X, y, weights)
    expected = TheoryGuidedRidgeCV().fit(X, y, weights).loo_predictions_
    X[3:7] += 1.0
    assert_array_equal(model.loo_predictions_, expected)


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


def test_a_second_fit_forgets_the_first(large):
    model = fit()
    X, Y = make_data(60, 4, q=1, seed=1)
    model.set_params(risk="loo").fit(X, Y[:, 0])
    assert len(model.report_.held_out.errors) == 60


def test_problems_are_the_warnings_of_the_fit_as_data():
    X, y = make_data(60, 10)
    X[3] *= 1e4
    with pytest.warns() as told:
        model = TheoryGuidedRidgeCV(alphas=[1e-3, 1e-2]).fit(X, y)
    assert len(told) == 2
    for warning, problem in zip(told, model.report_.problems, strict=True):
        assert warning.category is problem.category
        assert str(warning.message) == problem.sentence
        assert problem.sentence in str(model.report_)
        assert warning.filename == __file__
    edge, influence = model.report_.problems
    assert edge.category is GridEdgeWarning
    assert influence.category is InfluentialRowsWarning
    assert influence.rows == (3,)
    copied = pickle.loads(pickle.dumps(model))
    assert copied.report_.problems == model.report_.problems
    assert repr(edge).startswith("GridEdgeWarning: The best of the given alphas")


def test_copies_are_looked_for_whatever_the_order_means():
    X, y = make_data(60, 10)
    X, y = np.concatenate([X, X]), np.concatenate([y, y])
    for given in (None, "independent"):
        with pytest.warns(DependentRowsWarning, match="60 of 120 rows repeat"):
            TheoryGuidedRidgeCV(sample_correlation=given).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TheoryGuidedRidgeCV().fit(X, y, groups=np.tile(np.arange(60), 2))


@pytest.mark.parametrize("is_large", [False, True])
def test_a_model_whose_rows_have_changed_is_shown_and_copied(monkeypatch, is_large):
    """A caller who scales X in place afterwards still has a model to store."""
    if is_large:
        monkeypatch.setattr(objective, "_LARGE", 0)
    for kwargs in ({}, {"sample_correlation": "ar1"}):
        X, Y = make_data(120, 6, q=1)
        expected = TheoryGuidedRidgeCV(**kwargs).fit(X.copy(), Y[:, 0]).predict(X[:3])
        model, new = TheoryGuidedRidgeCV(**kwargs).fit(X, Y[:, 0]), X[:3].copy()
        X *= 3.0
        assert "these have been changed since" in str(model.report_)
        assert "these have been changed since" in model._repr_html_()
        assert model.report_.path.std_error is None
        for copied in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
            assert_array_equal(copied.predict(new), expected)
            assert copied.report_.risk == model.risk_
            with pytest.raises(NotFittedError, match="this model has none"):
                copied.report_.interval()


def test_a_report_on_its_own_is_copied_without_rows():
    X, Y = make_data(2000, 30, q=1)
    report = TheoryGuidedRidgeCV().fit(X, Y[:, 0]).report_
    stored = pickle.dumps(report)
    assert len(stored) < 0.2 * X.nbytes
    for copied in (pickle.loads(stored), copy.deepcopy(report)):
        assert str(copied) == str(report)


@pytest.mark.parametrize("show", [pickle.dumps, lambda model: model._repr_html_()])
def test_rows_are_looked_at_once_to_show_or_store_a_model(monkeypatch, show):
    X, y = make_data(400, 30)
    model = TheoryGuidedRidgeCV().fit(X, y)
    looks, fingerprint = [], CentredData.fingerprint

    def counted(data):
        looks.append(data)
        return fingerprint(data)

    monkeypatch.setattr(CentredData, "fingerprint", counted)
    show(model)
    assert len(looks) == 1
