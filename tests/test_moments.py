"""Moments: any blocks, any merge order; equal to the definition."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import make_data

from sk_renorm._linalg import Moments


def direct(X, Y, weights, centre):
    x_mean = np.average(X, axis=0, weights=weights) if centre else np.zeros(X.shape[1])
    y_mean = np.average(Y, axis=0, weights=weights) if centre else np.zeros(Y.shape[1])
    x, y = X - x_mean, Y - y_mean
    return (
        x_mean,
        y_mean,
        (x * weights[:, None]).T @ x,
        (x * weights[:, None]).T @ y,
        weights @ y**2,
    )


@pytest.mark.parametrize("centre", [True, False])
@pytest.mark.parametrize("cuts", [[], [1], [10, 11, 40], list(range(1, 60))])
def test_blocks_and_merges_add_up(centre, cuts):
    X, Y = make_data(60, 5, q=2, offset=1e4)
    weights = np.random.default_rng(0).uniform(0.0, 2.0, 60)
    expected = direct(X, Y, weights, centre)
    parts = [slice(a, b) for a, b in zip([0, *cuts], [*cuts, 60], strict=True)]
    updated = Moments(5, 2, centre=centre)
    for rows in parts:
        updated.update(X[rows], Y[rows], weights[rows])
    merged = Moments(5, 2, centre=centre)
    for rows in reversed(parts):
        merged.merge(Moments(5, 2, centre=centre).update(X[rows], Y[rows], weights[rows]))
    for moments in (updated, merged, Moments.from_rows(X, Y, weights, centre=centre)):
        found = moments.x_mean, moments.y_mean, moments.xx, moments.xy, moments.yy
        for name, a, b in zip(("x", "y", "xx", "xy", "yy"), found, expected, strict=True):
            assert_allclose(a, b, rtol=1e-9, atol=1e-7, err_msg=name)
        assert_allclose(moments.total_weight, weights.sum())


def test_empty_blocks_and_parts_change_nothing():
    X, Y = make_data(20, 3, q=1)
    moments = Moments(3, 1).update(X, Y)
    before = moments.xx.copy()
    moments.update(X, Y, np.zeros(20)).merge(Moments(3, 1))
    assert np.array_equal(moments.xx, before)
    assert moments.total_weight == 20.0


def test_many_ranges_agree_with_one():
    X, Y = make_data(5000, 6, q=2)
    ranges = Moments.from_rows(X, Y, None)
    assert_allclose(ranges.xx, np.cov(X.T, bias=True) * 5000, rtol=1e-9, atol=1e-9)


def hostile_column(name):
    """Return a column (n,) far from the mean of a few of its rows, and weights."""
    rng = np.random.default_rng(0)
    x, weights = rng.standard_normal(4000), np.ones(4000)
    if name == "an outlier among the few":
        x[0] = 1e9
    elif name == "an outlier elsewhere":
        x[1] = 1e9
    elif name == "drift":
        x += np.linspace(0.0, 1e6, 4000)
    elif name == "a heavy row far away":
        x[5], weights[5] = 1e6, 1e12
    elif name == "a single one":
        x[:] = 0.0
        x[0] = 1.0
    return x, weights


@pytest.mark.parametrize(
    "name",
    [
        "an outlier among the few",
        "an outlier elsewhere",
        "drift",
        "a heavy row far away",
        "a single one",
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_no_digits_are_lost_where_few_rows_are_far_from_the_mean(name, weighted):
    x, weights = hostile_column(name)
    weights = weights if weighted else None
    exact_weights = np.ones(4000) if weights is None else weights
    exact = x.astype(np.longdouble)
    exact -= (exact_weights * exact).sum() / exact_weights.sum()
    power = float((exact_weights * exact**2).sum())
    for moments in (
        Moments(1, 1).update(x[:, None], x[:, None], weights),
        Moments.from_rows(x[:, None], x[:, None], weights),
    ):
        for value in (moments.xx[0, 0], moments.xy[0, 0], moments.yy[0]):
            assert value == pytest.approx(power, rel=1e-12)
