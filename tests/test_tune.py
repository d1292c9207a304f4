"""A fit is a function: rows and a request in, a fit out, and no estimator anywhere."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from reference import held_out_risks, make_data, one_by_one
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import KFold

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm._linalg import CentredData, Fold, factorize, silent_stage
from sk_renorm._risk import RISKS, effective_df, effective_ridge
from sk_renorm._rows.rows import TrainingData
from sk_renorm._tuning.candidates import ByDf, ByRidge, Count, Fixed, Grid, Search
from sk_renorm._tuning.request import Request
from sk_renorm._tuning.rule import Rule
from sk_renorm._tuning.tune import tune

SHAPES = [(60, 8), (30, 50), (33, 30)]


def training_data(X, y, weights=None):
    return TrainingData(X, y.reshape(len(y), -1), weights, y)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("sparse", [False, True])
def test_the_least_risk_of_a_grid_by_brute_force(shape, sparse):
    X, y = make_data(*shape, noise=2.0)
    grid = np.geomspace(1e-2, 1e3, 11)
    expected = held_out_risks(X, y, grid, one_by_one(len(y)))
    rows = training_data(sp.csr_array(X) if sparse else X, y)
    fit = tune(rows, Request(Grid(grid)), silent_stage)
    assert fit.selection.alpha[0] == grid[expected.argmin()]
    assert_allclose(fit.selection.risks[:, 0], expected, rtol=1e-9)


@pytest.mark.filterwarnings("ignore:risk='gcv' takes weights")
@pytest.mark.parametrize("risk", RISKS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_an_estimator_adds_nothing_to_the_choice(shape, weighted, risk):
    X, y = make_data(*shape, noise=2.0)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(y)) if weighted else None
    fit = tune(training_data(X, y, weights), Request(Search(), risk=risk), silent_stage)
    model = TheoryGuidedRidgeCV(risk=risk).fit(X, y, weights)
    assert fit.selection.alpha[0] == model.alpha_
    assert fit.selection.choice.risk[0] == model.risk_
    assert_array_equal(fit.factorization.coefficients(model.alpha_)[:, 0], model.coef_)


def test_folds_and_scores_are_part_of_a_request():
    X, y = make_data(60, 8, noise=2.0)
    splits = list(KFold(5).split(X))
    folds = [Fold.from_split(*split, len(y)) for split in splits]
    grid = np.geomspace(1e-1, 1e3, 9)
    by_folds = tune(training_data(X, y), Request(Grid(grid), folds=folds), silent_stage)
    assert_allclose(by_folds.selection.risks[:, 0], held_out_risks(X, y, grid, splits), rtol=1e-9)

    def score(predictions, targets):
        return -mean_absolute_error(targets, predictions)

    by_score = tune(training_data(X, y), Request(Grid(grid), scorer=score), silent_stage)
    absolute = held_out_risks(X, y, grid, one_by_one(60), power=1)
    assert_allclose(by_score.selection.losses[:, 0], absolute, rtol=1e-9)


def test_what_is_asked_for_by_name_is_what_the_spectrum_gives():
    X, y = make_data(60, 8)
    by_df, by_ridge, counted, fixed = (
        tune(training_data(X, y), Request(asked), silent_stage)
        for asked in (ByDf(3.0), ByRidge(0.5), Count(7), Fixed(np.array([2.0])))
    )
    f = by_df.factorization
    assert_allclose(effective_df(f, by_df.selection.alpha), 3.0, rtol=1e-9)
    assert_allclose(effective_ridge(f, by_ridge.selection.alpha), 0.5, rtol=1e-9)
    assert_array_equal(fixed.selection.alpha, 2.0)
    assert len(counted.selection.alphas) == 7
    with pytest.raises(ValueError, match="2 penalties for 1 targets"):
        tune(training_data(X, y), Request(Fixed(np.ones(2))), silent_stage)


def test_a_rule_is_a_value():
    X, y = make_data(60, 8, noise=3.0)
    rows = training_data(X, y)
    weak, strong = (
        tune(rows, Request(Search(), rule=Rule(n)), silent_stage).selection.alpha[0]
        for n in (0.0, 1.0)
    )
    assert weak < strong
    assert strong == TheoryGuidedRidgeCV(selection="1se").fit(X, y).alpha_
    assert RenormalizedRidge().fit(X, y).alpha_ == weak


class Squares(CentredData):
    """Rows of a model that is linear in squares of features."""

    def centred(self, X):
        return super().centred(np.square(X))


def of_squares(X, Y, weights, **how):
    f = factorize(np.square(X), Y, weights, **how)
    data = Squares(**vars(f.data))
    return replace(f, data=data, vectors=replace(f.vectors, data=data))


@pytest.mark.parametrize("refitted", [False, True])
def test_a_request_may_bring_a_reduction_of_its_own(refitted):
    """In the fit, and in the refits of training sets that hold a row twice."""
    X, y = make_data(60, 4, noise=2.0)
    grid = np.geomspace(1e-1, 1e3, 7)
    twice = [0, 1] if refitted else []
    splits = [(np.append(train, train[twice]), test) for train, test in KFold(5).split(X)]
    folds = [Fold.from_split(*split, 60) for split in splits]
    assert all((fold.train is not None) == refitted for fold in folds)
    fit = tune(training_data(X, y), Request(Grid(grid), folds=folds, reduce=of_squares))
    expected = held_out_risks(np.square(X), y, grid, splits)
    assert_allclose(fit.selection.risks[:, 0], expected, rtol=1e-9)
