"""Any shape, scale, duplicate or constant column: finite numbers that equal refitting."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from reference import answer, held_out_errors, one_by_one

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV


@st.composite
def problems(draw):
    """Rows, targets and weights; some columns constant, duplicate or scaled."""
    n, p = draw(st.integers(2, 25)), draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    X = rng.standard_normal((n, p))
    for _ in range(draw(st.integers(0, 3))):
        column, other = rng.integers(0, p, 2)
        kind = draw(st.sampled_from(["constant", "duplicate", "zero", "one row"]))
        X[:, column] = {
            "constant": np.full(n, 3.0),
            "duplicate": X[:, other],
            "zero": np.zeros(n),
            "one row": np.eye(n)[0],
        }[kind]
    X = X * 10.0 ** draw(st.integers(-6, 6)) + draw(st.sampled_from([0.0, 1.0]))
    y = rng.standard_normal(n) * 10.0 ** draw(st.integers(-6, 6))
    weights = rng.uniform(0.2, 3.0, n) if draw(st.booleans()) else None
    return X, y, weights


@settings(max_examples=150, deadline=None, derandomize=True)
@given(problems(), st.booleans())
def test_search_gives_finite_numbers_in_their_ranges(problem, fit_intercept):
    X, y, weights = problem
    model = TheoryGuidedRidgeCV(fit_intercept=fit_intercept).fit(X, y, weights)
    for name in (
        "alpha_",
        "risk_",
        "effective_df_",
        "coef_",
        "loo_predictions_",
        "report_.path.risk",
    ):
        assert np.isfinite(answer(model, name)).all(), name
    assert model.alpha_ >= 0
    assert 0 <= model.effective_df_ <= min(len(X), X.shape[1]) * (1 + 1e-9)
    assert model.risk_ <= model.report_.path.risk.min() * (1 + 1e-6)
    assert_allclose(
        model.risk_, np.average((y - model.loo_predictions_) ** 2, weights=weights), rtol=1e-6
    )


@settings(max_examples=150, deadline=None, derandomize=True)
@given(problems(), st.booleans(), st.integers(-2, 3))
def test_leave_one_out_equals_refitting(problem, fit_intercept, exponent):
    X, y, weights = problem
    alpha = 10.0**exponent * max(np.sum(np.var(X, axis=0)), 1e-12)
    model = RenormalizedRidge(alpha, fit_intercept=fit_intercept).fit(X, y, weights)
    expected = held_out_errors(X, y, alpha, one_by_one(len(X)), weights, fit_intercept)
    scale = np.abs(y).max() + 1e-300
    assert_allclose(y - model.loo_predictions_, expected, rtol=1e-6, atol=1e-7 * scale)
