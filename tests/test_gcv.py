"""Generalized cross-validation against its definition; where it and leave-one-out part."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import make_data, ridge_fit

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm._linalg import Moments, factorize_moments
from sk_renorm._risk import make_risk
from sk_renorm.exceptions import GridEdgeWarning, UnreliableGCVWarning


@pytest.mark.filterwarnings("ignore:risk='gcv' takes weights")
@pytest.mark.filterwarnings("ignore:The best of the given alphas")
@pytest.mark.parametrize("shape", [(40, 6), (20, 45), (20, 19)])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_is_the_renormalized_training_error(shape, fit_intercept, weighted):
    X, y = make_data(*shape, noise=4.0)
    weights = np.random.default_rng(0).uniform(1.0, 3.0, len(X)) if weighted else None
    alphas = np.geomspace(1e-3, 1e5, 9)
    model = TheoryGuidedRidgeCV(alphas, risk="gcv", fit_intercept=fit_intercept)
    model.fit(X, y, weights)
    total = len(X) if weights is None else weights.sum()
    n = total - fit_intercept
    for alpha, risk, kappa in zip(
        alphas, model.report_.path.risk, model.report_.path.effective_ridge, strict=True
    ):
        coef, intercept = ridge_fit(X, y, alpha, weights, fit_intercept)
        residuals = y - (X @ coef + intercept)[:, 0]
        training_error = np.average(residuals**2, weights=weights) * total / n
        s = kappa / (alpha / n)
        assert_allclose(risk, s**2 * training_error * (1 + fit_intercept / total), rtol=1e-8)


def test_interpolating_limit_is_finite_and_continuous():
    X, y = make_data(15, 40, noise=4.0)
    model = TheoryGuidedRidgeCV([0.0, 1e-10], risk="gcv")
    with pytest.warns(GridEdgeWarning, match="is better"):
        model.fit(X, y)
    assert_allclose(model.report_.path.risk[0], model.report_.path.risk[1], rtol=1e-6)
    assert model.report_.path.risk[0] > 0


def test_rows_left_out_need_more_than_moments():
    X, Y = make_data(60, 8, q=2)
    with pytest.raises(ValueError, match=r"risk='loo' needs the rows; .* use risk='gcv'"):
        make_risk("loo", factorize_moments(Moments(8, 2).update(X, Y)))


@pytest.mark.parametrize(
    "parameters",
    [{"cv": 5}, {"scoring": "r2"}, {"store_cv_results": True}],
)
def test_what_needs_rows_left_out_is_refused(parameters):
    X, y = make_data(30, 4)
    (name,) = parameters
    with pytest.raises(ValueError, match=f"{name} needs .*use risk='loo' with {name}"):
        TheoryGuidedRidgeCV(risk="gcv", **parameters).fit(X, y)
    with pytest.raises(ValueError, match="groups needs"):
        TheoryGuidedRidgeCV(risk="gcv").fit(X, y, groups=np.arange(30) // 2)


def test_leverage_dispersion_tells_where_gcv_fails():
    """A few rows that own a column each: leave-one-out is right, GCV is not, and the sign is up."""
    X, y = make_data(400, 5, noise=1.0)
    X, fresh, y, fresh_y = X[:200], X[200:], y[:200], y[200:]
    even = RenormalizedRidge(1e-3).fit(X, y)
    owned = np.zeros((200, 60))
    owned[np.arange(60), np.arange(60)] = 10.0
    uneven = TheoryGuidedRidgeCV([1e-3], risk="gcv").fit(np.column_stack([X, owned]), y)
    held_out = np.mean((fresh_y - uneven.predict(np.column_stack([fresh, 0.0 * owned]))) ** 2)
    loo = RenormalizedRidge(1e-3).fit(np.column_stack([X, owned]), y).risk_
    assert even.report_.leverage_dispersion < 0.05
    assert uneven.report_.leverage_dispersion > 0.4
    assert abs(loo / held_out - 1) < 0.3
    assert abs(uneven.risk_ / held_out - 1) > abs(loo / held_out - 1)


@pytest.mark.parametrize("weights", [(0.2, 1.0), (1.0, 3.0)])
def test_weights_that_fool_it_are_told_of(weights):
    """A model that fits all rows fits their copies at no cost: then no minimum means anything."""
    X, y = make_data(30, 60, noise=2.0)
    w = np.random.default_rng(0).uniform(*weights, 30)
    with pytest.warns(UnreliableGCVWarning, match="Use risk='loo'"):
        model = TheoryGuidedRidgeCV(risk="gcv").fit(X, y, w)
    assert model.report_.path.risk[0] in (0.0, np.inf)
    # silence, since any warning is an error here
    TheoryGuidedRidgeCV(risk="gcv").fit(X, y)
    TheoryGuidedRidgeCV(risk="gcv").fit(X, y, w * 30 / w.sum())
    TheoryGuidedRidgeCV(risk="gcv").fit(*make_data(60, 30), np.tile(w, 2))
    TheoryGuidedRidgeCV().fit(X, y, w)
