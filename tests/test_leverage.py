"""The warning that names the rows which the risk rests on, and when it stays silent."""

import re
import warnings

import numpy as np
import pytest
from reference import make_data

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm.exceptions import InfluentialRowsWarning

MATCH = ", far from all others"


def with_lonely_rows(rows, n=80, seed=0):
    """Features that only one row has each."""
    X, y = make_data(n, 5, noise=0.5, seed=seed)
    y[rows] += np.linspace(20.0, 30.0, len(rows))
    return np.column_stack([X, 5.0 * np.eye(n)[:, rows]]), y


@pytest.mark.parametrize("rows", [[7], [70, 7], [3, 20, 41]])
def test_rows_are_named_with_their_share(rows):
    X, y = with_lonely_rows(rows)
    with pytest.warns(InfluentialRowsWarning, match=MATCH) as caught:
        model = TheoryGuidedRidgeCV().fit(X, y)
    message = str(caught[0].message)
    named = message.partition(", far from")[0].partition("comes from row")[2].removeprefix("s")
    assert {int(number) for number in named.split(",")} == set(rows)
    losses = model.report_.held_out.errors**2
    assert message.startswith(f"{losses[rows].sum() / losses.sum():.0%} of risk_")
    assert caught[0].filename == __file__


@pytest.mark.parametrize("p", [10, 60])
def test_rows_that_choose_the_penalty(p):
    """A value in a wrong unit: all shrink for its sake, and it carries little of the risk."""
    X, y = make_data(100, p, noise=1.0, seed=1)
    X[17, 0] *= 1000.0
    alphas = np.geomspace(1e-3, 1e8, 30)
    with pytest.warns(InfluentialRowsWarning, match="decided by row 17, far") as caught:
        model = TheoryGuidedRidgeCV(alphas).fit(X, y)
    assert model.report_.held_out.errors[17] ** 2 < 0.25 * np.sum(model.report_.held_out.errors**2)
    others = np.ones(100)
    others[17] = 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        remedy = TheoryGuidedRidgeCV(alphas).fit(X, y, risk_weight=others)
        RenormalizedRidge(model.alpha_).fit(X, y)  # nothing was chosen
    with pytest.warns(InfluentialRowsWarning, match="of risk_ comes from"):  # given, not chosen
        RenormalizedRidge([model.alpha_, 1e-3]).fit(X, np.column_stack([y, y]))
    cost = remedy.report_.path.risk[alphas == model.alpha_][0] / remedy.risk_ - 1.0
    assert f"other rows is {cost:.0%} larger than" in str(caught[0].message)


@pytest.mark.parametrize("factor", 10.0 ** np.arange(4, 15, 2))
@pytest.mark.parametrize("p", [8, 150])
def test_a_cell_of_any_size_is_told(factor, p):
    """Where all shrink to the mean for its sake, leverages there are all alike."""
    X, y = make_data(100, p, noise=0.5, seed=2)
    X[3, 3] *= factor
    with pytest.warns(InfluentialRowsWarning, match="decided by row 3, far"):
        TheoryGuidedRidgeCV().fit(X, y)


@pytest.mark.parametrize("factor", [1e4, 1e8, 1e12])
def test_a_row_of_any_size_is_told(factor):
    X, y = make_data(100, 8, noise=0.5, seed=2)
    X[3] *= factor
    weights = np.random.default_rng(0).uniform(0.5, 2.0, 100)
    for fit in ({}, {"sample_weight": weights}):
        with pytest.warns(InfluentialRowsWarning, match="decided by row 3, far"):
            TheoryGuidedRidgeCV().fit(X, y, **fit)
    with pytest.warns(InfluentialRowsWarning, match="decided by row 3, far"):
        TheoryGuidedRidgeCV(alpha_per_target=True).fit(X, np.column_stack([y, -y]))


@pytest.mark.parametrize("seed", range(6))
def test_the_cost_is_that_of_the_rows_named(seed):
    """Up to four cells in wrong units, of which some decide: against fits without the say of those.

    The losses of such a row may be 1e12 times those of all others, which are then summed apart.
    """
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((100, 10))
    y = X.sum(axis=1) + rng.standard_normal(100)
    rows, columns = rng.choice(100, 1 + seed % 4, False), rng.choice(10, 1 + seed % 4, False)
    X[rows, columns] *= 10.0 ** rng.uniform(3, 9, len(rows))
    alphas = np.geomspace(1e-3, 1e22, 60)
    with pytest.warns(InfluentialRowsWarning, match="decided by row") as caught:
        model = TheoryGuidedRidgeCV(alphas).fit(X, y)
    message = str(caught[0].message)
    named = re.search(r"by rows? ([\d, ]+), far", message)[1]
    named = [int(number) for number in named.split(",")]
    assert set(named) <= set(rows)
    others = np.ones(100)
    others[named] = 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InfluentialRowsWarning)  # those not named
        remedy = TheoryGuidedRidgeCV(alphas).fit(X, y, risk_weight=others)
    cost = remedy.report_.path.risk[alphas == model.alpha_][0] / remedy.risk_ - 1.0
    assert f"other rows is {cost:.0%} larger than" in message


def test_rows_are_those_given_and_weights_count():
    X, y = with_lonely_rows([70])
    dropped = np.ones(80)
    dropped[:40] = [0.0, 1.0] * 20
    with pytest.warns(InfluentialRowsWarning, match="row 70, far"):
        RenormalizedRidge().fit(X, y, dropped)
    without = np.ones(80)
    without[70] = 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TheoryGuidedRidgeCV().fit(X, y, risk_weight=without)
        TheoryGuidedRidgeCV().fit(X, y, without)


def test_targets():
    X, y = with_lonely_rows([7])
    Y = np.column_stack([y, y, y])
    for per_target in (False, True):
        with pytest.warns(InfluentialRowsWarning, match="row 7, far"):
            TheoryGuidedRidgeCV(alpha_per_target=per_target).fit(X, Y)


def test_outliers_of_usual_leverage_are_not_meant():
    X, y = make_data(80, 5)
    y[7] += 100.0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        TheoryGuidedRidgeCV().fit(X, y)
    assert not caught


@pytest.mark.parametrize("n", [60, 200])
@pytest.mark.parametrize("ratio", [0.2, 0.8, 0.95, 1.05, 2.0])
def test_false_alarms_on_gaussian_rows(n, ratio):
    """At most 1 % overall: at most one of 40 in a case, near interpolation included."""
    alarms, rng = 0, np.random.default_rng(int(100 * ratio) + n)
    for noise in np.repeat([0.0, 0.03, 0.3, 1.0], 10):
        X = rng.standard_normal((n, int(ratio * n)))
        y = X @ rng.standard_normal(X.shape[1]) + noise * rng.standard_normal(n)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            TheoryGuidedRidgeCV().fit(X, y)
        alarms += any(MATCH in str(warning.message) for warning in caught)
    assert alarms <= 1


def test_silent_on_few_rows_and_exact_fits():
    X, y = with_lonely_rows([7], n=40)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        TheoryGuidedRidgeCV().fit(X, y)
        X, _ = make_data(60, 5)
        TheoryGuidedRidgeCV().fit(X, X @ np.arange(5.0))
    assert not caught
