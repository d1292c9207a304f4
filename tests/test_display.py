"""Displays: what is drawn is what was fitted; the convention; messages.  Summary and notebook."""

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import make_data
from sklearn import config_context
from sklearn.model_selection import learning_curve as measured_curve

from sk_renorm import (
    LearningCurveForecastDisplay,
    RenormalizedRidge,
    RiskCurveDisplay,
    SpectrumDisplay,
    TheoryGuidedRidgeCV,
)
from sk_renorm.display._axes import apart, round_numbers


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def line(ax, label):
    return next(line for line in ax.get_lines() if line.get_label() == label)


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_risk_curve_draws_the_path_and_its_band():
    X, y = make_data(60, 20, noise=3.0)
    model = TheoryGuidedRidgeCV().fit(X[:40], y[:40])
    display = RiskCurveDisplay.from_estimator(model, X[40:], y[40:])
    drawn = line(display.ax_, "estimate, 90 % band")
    for alpha, risk in zip(*drawn.get_data(), strict=True):
        place = np.flatnonzero(model.report_.path.alpha == alpha)[0]
        assert risk == model.report_.path.risk[place]
    chosen = line(display.ax_, f"chosen: {model.alpha_:.3g}")
    assert_allclose(chosen.get_xdata(), model.alpha_)
    points = line(display.ax_, "held-out rows")
    for alpha, error in zip(*points.get_data(), strict=True):
        other = RenormalizedRidge(alpha).fit(X[:40], y[:40])
        assert_allclose(error, np.mean((other.predict(X[40:]) - y[40:]) ** 2), rtol=1e-9)
    assert display.figure_ is display.ax_.figure
    assert "as good by the data" in labels(display.ax_)


@pytest.mark.parametrize("per_target", [False, True])
def test_risk_curve_of_several_targets(per_target):
    X, Y = make_data(40, 5, 3, noise=2.0)
    model = TheoryGuidedRidgeCV(alpha_per_target=per_target).fit(X, Y)
    ax = RiskCurveDisplay.from_estimator(model, X, Y).ax_
    assert ("chosen" in labels(ax)) == per_target
    assert ax.get_ylabel().startswith("risk / risk" if per_target else "risk (squared")


@pytest.mark.parametrize(
    "model",
    [
        RenormalizedRidge(1.0),
        RenormalizedRidge(0.0),
        TheoryGuidedRidgeCV([0.1, 1.0, 10.0]),
        TheoryGuidedRidgeCV(cv=5),
        TheoryGuidedRidgeCV(risk="gcv"),
        TheoryGuidedRidgeCV(scoring="r2"),
    ],
    ids=lambda model: str(model),
)
@pytest.mark.parametrize("p", [3, 60])
@pytest.mark.filterwarnings("ignore:The best of the given alphas")
@pytest.mark.filterwarnings("ignore:risk='gcv' takes weights")
def test_every_fit_can_be_drawn(model, p):
    X, y = make_data(30, p, noise=2.0)
    model = model.fit(X, y, sample_weight=np.linspace(1, 2, 30))
    for display in (RiskCurveDisplay, LearningCurveForecastDisplay, SpectrumDisplay):
        figure = display.from_estimator(model).figure_
        figure.canvas.draw()
    assert str(model.report_)


def test_displays_draw_on_given_axes():
    model = TheoryGuidedRidgeCV().fit(*make_data(30, 5))
    _, axes = plt.subplots(1, 3)
    for ax, display in zip(
        axes, (RiskCurveDisplay, LearningCurveForecastDisplay, SpectrumDisplay), strict=True
    ):
        assert display.from_estimator(model, ax=ax).ax_ is ax
        assert display.from_estimator(model).plot(ax).ax_ is ax


def test_forecast_draws_the_forecast_and_what_was_measured():
    X, y = make_data(120, 8, noise=3.0)
    model = TheoryGuidedRidgeCV().fit(X[:60], y[:60])
    measured = measured_curve(
        TheoryGuidedRidgeCV(), X, y, train_sizes=[20, 60], scoring="neg_mean_squared_error"
    )
    display = LearningCurveForecastDisplay.from_estimator(model, [20, 60, 200], measured=measured)
    drawn = line(display.ax_, "forecast").get_ydata()
    assert_allclose(drawn, model.report_.learning_curve([20, 60, 200]).risk)
    points = next(c for c in display.ax_.containers if c.get_label() == "measured")
    assert_allclose(points[0].get_ydata(), -measured[2].mean(axis=1))
    assert "at the edge" not in labels(display.ax_)
    pairs = LearningCurveForecastDisplay.from_estimator(model, measured=([20, 60], [9.0, 8.0]))
    assert "measured" in labels(pairs.ax_)


def test_forecast_dashes_what_lies_beyond():
    X, y = make_data(30, 60, noise=0.01)
    display = LearningCurveForecastDisplay.from_estimator(TheoryGuidedRidgeCV().fit(X, y))
    assert line(display.ax_, "at the edge").get_linestyle() == "--"


def test_forecast_of_several_targets_needs_one():
    model = TheoryGuidedRidgeCV(alpha_per_target=True).fit(*make_data(30, 5, 2))
    with pytest.raises(ValueError, match="target=0"):
        LearningCurveForecastDisplay.from_estimator(model)
    display = LearningCurveForecastDisplay.from_estimator(model, target=1)
    assert_allclose(
        display.curve.risk, model.report_.learning_curve(display.curve.train_sizes).risk[:, 1]
    )


def test_spectrum_draws_every_direction_once():
    X, y = make_data(30, 8, noise=5.0)
    model = TheoryGuidedRidgeCV().fit(X, y)
    ax = SpectrumDisplay.from_estimator(model).ax_
    drawn = np.concatenate([line(ax, label).get_ydata() for label in ("learned", "not learned")])
    expected = np.linalg.eigvalsh(np.cov(X.T))[::-1]
    assert_allclose(drawn, expected)
    assert_allclose(line(ax, "kappa, the effective ridge").get_ydata(), model.effective_ridge_)
    assert_allclose(line(ax, "ridge, alpha per row").get_ydata(), model.alpha_ / 29)


def test_messages_of_displays():
    X, y = make_data(30, 5)
    model = TheoryGuidedRidgeCV(store_rows=False).fit(X, y)
    with pytest.raises(ValueError, match="store_rows"):
        RiskCurveDisplay.from_estimator(model, X, y)
    with pytest.raises(ValueError, match="both X and y"):
        RiskCurveDisplay.from_estimator(model, X)


def test_displays_of_constant_features_and_of_single_sizes():
    X, y = np.ones((20, 3)), np.arange(20.0)
    model = TheoryGuidedRidgeCV().fit(X, y)
    for display in (RiskCurveDisplay, LearningCurveForecastDisplay, SpectrumDisplay):
        display.from_estimator(model).figure_.canvas.draw()
    assert TheoryGuidedRidgeCV(cv=2).fit(X, y).risk_ > 0.0


def test_changed_rows_are_noticed():
    X, y = make_data(150, 5)
    model = TheoryGuidedRidgeCV().fit(X, y)
    X[1] += 1.0
    with pytest.raises(ValueError, match="have been changed since"):
        RiskCurveDisplay.from_estimator(model, X[:10], y[:10])
    with pytest.raises(ValueError, match="have been changed since"):
        model.predict_interval(X, method="jackknife+")


def test_ticks_are_round_and_apart():
    assert_allclose(round_numbers(0.9, 60), [1, 2, 5, 10, 20, 50])
    places = np.array([1.0, 1.1, 10.0, 10.5, 100.0])
    assert apart(places, (1.0, 100.0)).tolist() == [0, 2, 4]


# summary and notebook


def test_summary_says_what_the_attributes_hold():
    X, y = make_data(80, 6, noise=2.0)
    model = TheoryGuidedRidgeCV().fit(X, y)
    text = str(model.report_)
    assert text.startswith("Fit to 80 rows, 6 features, 1 target")
    for number in (model.alpha_, model.risk_, *model.report_.interval(), model.effective_df_):
        assert f"{number:.4g}" in text
    r2 = 1.0 - np.mean(model.report_.held_out.errors**2) / np.var(y)
    assert f"{r2:.4g}" in text
    now, twice = model.report_.learning_curve([80, 160]).risk
    assert f"{100 * (twice / now - 1):+.3g} %"[:4] in text
    assert "!" not in text


def test_summary_warns():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 60))
    noise = TheoryGuidedRidgeCV().fit(X, rng.standard_normal(40))
    assert "not identified" in str(noise.report_)
    X[0] *= 1e3
    X, y = X[:, :5], X[:, :5].sum(axis=1) + rng.standard_normal(40)
    heavy = RenormalizedRidge(1.0).fit(np.vstack([X, 1e2 * X[:4]]), np.append(y, 1e2 * y[:4]))
    assert heavy.report_.leverage_dispersion > 0.25
    assert "Leverages differ much" in str(heavy.report_)
    sharp = TheoryGuidedRidgeCV().fit(*make_data(30, 60, noise=0.01))
    assert "edge" in str(sharp.report_)


def test_notebook_shows_the_summary_beside_the_parameters():
    model = TheoryGuidedRidgeCV()
    assert "penalty alpha" not in model._repr_html_()
    model.fit(*make_data(30, 5))
    html = model._repr_html_()
    assert "Fit to 30 rows, 5 features" in html
    assert "sk-top-container" in html
    assert model._repr_mimebundle_()["text/html"].count("penalty alpha") == 1
    with config_context(display="text"):
        assert "text/html" not in model._repr_mimebundle_()


def line_of(model, label):
    """What the summary says beside a label."""
    (line,) = [line for line in str(model.report_).splitlines() if line.strip().startswith(label)]
    return line.partition(label)[2].strip()


@pytest.mark.filterwarnings("ignore:The best of the given alphas lies at their edge")
def test_summary_says_what_was_left_out_and_what_chose():
    X, y = make_data(80, 6, noise=2.0)
    fits = {
        "rows, one at a time": TheoryGuidedRidgeCV().fit(X, y),
        "20 groups, one at a time": TheoryGuidedRidgeCV().fit(X, y, groups=np.arange(80) // 4),
        "5 folds, one at a time": TheoryGuidedRidgeCV(cv=5).fit(X, y),
        "nothing: generalized cross-validation": TheoryGuidedRidgeCV(risk="gcv").fit(X, y),
        "rows far from all others, by their correlation": TheoryGuidedRidgeCV(
            sample_correlation=[1.0, 0.1]
        ).fit(X, y),
    }
    for words, model in fits.items():
        assert line_of(model, "left out") == words
        assert line_of(model, "chosen by") == "squared error"
    by_score = TheoryGuidedRidgeCV(scoring="neg_mean_absolute_error").fit(X, y)
    assert line_of(by_score, "chosen by") == "'neg_mean_absolute_error'"
    cautious = TheoryGuidedRidgeCV(selection=0.5).fit(X, y)
    words = "squared error, the strongest within 0.5 standard errors"
    assert line_of(cautious, "chosen by") == words
    bounded = TheoryGuidedRidgeCV(selection="robust").fit(X, y)
    assert line_of(bounded, "chosen by") == "squared error, the influence of each row bounded"
    given = RenormalizedRidge(2.0).fit(X, y)
    assert line_of(given, "penalty alpha") == "2, as given"
    for dial, words in (
        ("effective_df", "of the degrees of freedom given"),
        ("effective_ridge", "of the effective ridge given"),
    ):
        asked = RenormalizedRidge(**{dial: 2.0}).fit(X, y)
        assert line_of(asked, "penalty alpha") == f"{asked.alpha_:.4g}, {words}"
    assert "chosen by" not in str(given.report_)


def test_every_interval_has_its_level():
    model = TheoryGuidedRidgeCV().fit(*make_data(80, 6, noise=2.0))
    low, high = model.report_.interval(0.9)
    assert line_of(model, "interval of risk") == f"{low:.4g} to {high:.4g} (90 %)"
    for label in ("noise variance", "ceiling of R2"):
        assert line_of(model, label).endswith("(bounds, 95 % each)")
    assert line_of(model, "penalties as good").endswith("(95 %)")


def test_extremes_are_said_in_words():
    X, y = make_data(80, 6, noise=2.0)
    assert line_of(RenormalizedRidge(0.0).fit(X, y), "degrees").endswith(": nothing is shrunk")
    assert line_of(RenormalizedRidge(1e12).fit(X, y), "degrees").endswith(": the mean alone")
    none = RenormalizedRidge(1e12, fit_intercept=False).fit(X, y)
    assert line_of(none, "degrees").endswith(": nothing is learned")
    constant = TheoryGuidedRidgeCV().fit(X, np.ones(80))
    for label in ("R2 of fresh rows", "ceiling of R2"):
        assert line_of(constant, label) == "not defined: y is constant"
    noise = TheoryGuidedRidgeCV().fit(X, np.random.default_rng(3).standard_normal(80))
    assert line_of(noise, "R2 of fresh rows").endswith("nothing that generalizes was found")


@pytest.mark.parametrize("alpha", [1e300, 1e-300])
def test_a_penalty_far_from_all_variances_is_told_and_not_drawn(alpha):
    X, y = make_data(40, 5)
    ax = SpectrumDisplay.from_estimator(RenormalizedRidge(alpha).fit(X, y)).ax_
    ax.figure.canvas.draw()
    low, high = ax.get_ylim()
    assert 1e-3 < low < high < 1e3
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[-1] == f"ridge, alpha per row: {alpha / 39:.3g}"
