"""Displays and forecasts take a pipeline for its last step, and say what they cannot take."""

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from reference import make_data
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_renorm import (
    LearningCurveForecastDisplay,
    RenormalizedRidge,
    RiskCurveDisplay,
    SpectrumDisplay,
    TheoryGuidedRidgeCV,
)

ASKED = {
    "RiskCurveDisplay": RiskCurveDisplay.from_estimator,
    "LearningCurveForecastDisplay": LearningCurveForecastDisplay.from_estimator,
    "SpectrumDisplay": SpectrumDisplay.from_estimator,
}
OURS = [TheoryGuidedRidgeCV(), RenormalizedRidge(1.0)]
every_question = pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def numbers(answer):
    """What an answer holds but axes and figures."""
    return {name: value for name, value in vars(answer).items() if not name.endswith("_")}


def assert_same(found, expected):
    if hasattr(expected, "__dict__"):
        assert type(found) is type(expected)
        assert numbers(found).keys() == numbers(expected).keys()
        for name, value in numbers(expected).items():
            assert_same(numbers(found)[name], value)
    else:
        assert_array_equal(found, expected)


@every_question
@pytest.mark.parametrize("model", OURS)
@pytest.mark.parametrize("nested", [False, True])
def test_a_pipeline_stands_for_its_last_step(ask, model, nested):
    X, y = make_data(40, 5)
    last = make_pipeline(StandardScaler(), model) if nested else model
    pipeline = make_pipeline(StandardScaler(with_std=False), last).fit(X, y)
    assert_same(ask(pipeline), ask(pipeline[-1][-1] if nested else pipeline[-1]))


@pytest.mark.parametrize("steps", [[], [StandardScaler()], [StandardScaler(), "passthrough"]])
def test_held_out_rows_go_through_the_steps_before(steps):
    X, y = make_data(60, 5)
    pipeline = make_pipeline(*steps, TheoryGuidedRidgeCV()).fit(X[:40], y[:40])
    alphas, errors = RiskCurveDisplay.from_estimator(pipeline, X[40:], y[40:]).held_out
    for alpha, error in zip(alphas, errors, strict=True):
        other = make_pipeline(*steps, Ridge(alpha)).fit(X[:40], y[:40])
        assert error == pytest.approx(np.mean((other.predict(X[40:]) - y[40:]) ** 2))


@every_question
def test_other_models_are_refused_in_a_sentence(ask):
    X, y = make_data(40, 5)
    others = [
        Ridge(),
        Ridge().fit(X, y),
        make_pipeline(StandardScaler(), Ridge()).fit(X, y),
        GridSearchCV(RenormalizedRidge(), {"effective_df": [1, 2]}).fit(X, y),
        TransformedTargetRegressor(TheoryGuidedRidgeCV()).fit(X, y),
        Pipeline([("scale", StandardScaler()), ("model", "passthrough")]).fit(X, y),
        TheoryGuidedRidgeCV,
        "a model",
        None,
    ]
    for other in others:
        with pytest.raises(TypeError, match=r"Give a fitted TheoryGuidedRidgeCV .*; got \w+\.$"):
            ask(other)


@every_question
@pytest.mark.parametrize("model", [TheoryGuidedRidgeCV(), make_pipeline(RenormalizedRidge())])
def test_models_that_are_not_fitted_are_refused(ask, model):
    with pytest.raises(NotFittedError, match="not fitted"):
        ask(model)
