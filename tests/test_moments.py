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
