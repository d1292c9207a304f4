"""The contract `RiskEstimate`: every subclass, every clause, by refits and other brute force."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reductions import in_table
from risk_cases import CASES, made

from sk_renorm._risk import LeaveOneOutByBlock, RiskEstimate


@pytest.fixture(params=in_table(CASES))
def both(request):
    """The estimate, what brute force says, and the relative error allowed."""
    return *made(*request.param), request.param[0].rtol


def those(property_of):
    """Return the part of the table whose class says so."""
    return in_table(case for case in CASES if getattr(case.kind, property_of))


def penalties_of(expected, n_penalties=3):
    """Return shared penalties (L, 1), and others for each target (L, q)."""
    shared = expected.exact.penalties(n_penalties)
    q = expected.exact.Y.shape[1]
    return shared[:, None], np.stack([np.roll(shared, j) for j in range(q)], axis=1)


def each_target(function, penalties, q):
    """Return ``function(alpha)[..., j]`` at the penalty of each target j, along the last axes."""
    rows = [
        np.stack([function(a)[..., j] for j, a in enumerate(row)], axis=-1)
        for row in np.broadcast_to(penalties, (len(penalties), q))
    ]
    return np.stack(rows, axis=-2)


def assert_errors(found, expected, penalties, rtol):
    """Compare errors (m, L, q), whatever the order of the sets of rows."""
    q, n = expected.exact.Y.shape[1], len(expected.exact.Y)
    numbers = [tuple(rows.tolist()) for rows in expected.sets]
    wanted = {
        rows: each_target(lambda a, i=i: expected.errors(a)[i], penalties, q)
        for i, rows in enumerate(numbers)
    }
    found = [(expected.sets[0] if isinstance(rows, slice) else rows, e) for rows, e in found]
    assert sorted(tuple(np.arange(n)[rows].tolist()) for rows, _ in found) == sorted(numbers)
    for rows, errors in found:
        right = wanted[tuple(rows.tolist())]
        assert errors.shape == right.shape
        assert_allclose(errors, right, rtol=rtol, atol=rtol * np.abs(right).max())


def assert_sums(found, expected, rtol):
    for name, value in expected.items():
        size = np.abs(value).max()
        assert_allclose(getattr(found, name), value, rtol=rtol, atol=rtol * size, err_msg=name)


def dispersion_of(expected, alphas):
    slack = np.stack([expected.slack_at(a) for a in alphas], axis=1)
    return slack.std(axis=0) / slack.mean(axis=0)


def test_every_estimate_is_in_the_table():
    def below(kind):
        return {kind}.union(*(below(other) for other in kind.__subclasses__()))

    known = {kind for kind in below(RiskEstimate) if kind.__module__.startswith("sk_renorm.")}
    assert known - {RiskEstimate} == {case.kind for case in CASES}


def test_risk(both):
    estimate, expected, rtol = both
    q = expected.exact.Y.shape[1]
    for penalties in penalties_of(expected):
        right = each_target(expected.risk_at, penalties, q)
        assert_allclose(estimate.risk(penalties), right, rtol=rtol)
    shared = penalties_of(expected)[0]
    right = each_target(expected.risk_at, shared, q)
    for some in (slice(q - 1, q), np.array([q - 1, 0])):
        assert_allclose(estimate.risk(shared, some), right[:, some], rtol=rtol)


def test_errors(both):
    estimate, expected, rtol = both
    if not estimate.leaves_rows_out:
        with pytest.raises(NotImplementedError, match="leaves no rows out"):
            estimate.errors(np.ones((1, 1)))
        return
    for penalties in penalties_of(expected):
        assert_errors(estimate.errors(penalties), expected, penalties, rtol)


def test_evaluation_of_one_penalty(both):
    estimate, expected, rtol = both
    q = expected.exact.Y.shape[1]
    for penalties in penalties_of(expected):
        at = estimate.at(penalties[1:2])
        assert_allclose(at.risk, each_target(expected.risk_at, penalties[1:2], q)[0], rtol=rtol)
        assert_errors(at.errors, expected, penalties[1:2], rtol)
        dispersion = dispersion_of(expected, penalties[1])
        # the root of a difference has half of the digits
        assert_allclose(at.leverage_dispersion, dispersion, rtol=1e-5, atol=1e-6)
        assert (at.slack is not None) == expected.singly
        if expected.singly:
            right = np.stack([expected.slack_at(a) for a in penalties[1]], axis=1)
            right, found = right / right.mean(axis=0), at.slack / at.slack.mean(axis=0)
            assert_allclose(found, right, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("joint", [False, True], ids=["each", "joint"])
def test_sums(both, joint):
    estimate, expected, rtol = both
    nodes = expected.exact.penalties()
    found = estimate.sums(nodes, joint)
    assert_sums(found, expected.sums(nodes, joint), 10.0 * rtol)
    risk = estimate.risk(nodes[:, None]).T
    risk = risk.mean(axis=0, keepdims=True) if joint else risk
    assert_allclose(found.losses / found.weight, risk, rtol=rtol)


def test_sums_of_rows_left_out_singly_or_by_group(both):
    estimate, expected, rtol = both
    nodes = expected.exact.penalties()
    sums = estimate.sums(nodes, False)
    found = estimate.row_sums(nodes, False, sums)
    dispersion = dispersion_of(expected, nodes)
    assert_allclose(found.leverage_dispersion, dispersion, rtol=1e-5, atol=1e-6)
    if not estimate.leaves_rows_out or expected.risk is not None:
        assert found is sums
        return
    if expected.groups is None:
        e = np.stack([expected.exact.leave_one_out(a) for a in nodes], axis=1)
        losses = np.einsum("i,iaq->qa", expected.exact.weights, np.square(e))
        assert found.n_rows == len(e)
    else:
        losses = expected.sums(nodes, False, expected.exact.weights)["losses"]
        right = expected.sums(nodes, False, expected.exact.weights)
        assert_sums(found, {**right, "n_rows": len(expected.exact.Y)}, 10.0 * rtol)
    assert_allclose(found.losses, losses, rtol=10.0 * rtol)


def test_noise_that_does_not_grow_with_rows(both):
    """By regression of ``(1 - h) e**2`` on ``1 - h`` and the leverage h without the mean."""
    estimate, expected, _ = both
    exact = expected.exact
    for penalties in penalties_of(expected):
        found = estimate.even_noise(penalties[1:2], estimate.at(penalties[1:2]))
        if not expected.has_noise or np.ptp(exact.weights) > 0.0:
            assert found is None
            continue
        assert found.shape == (exact.Y.shape[1],)
        assert np.all(np.isfinite(found))
        if not expected.noise_is_exact:
            continue
        for j, alpha in enumerate(np.broadcast_to(penalties[1], exact.Y.shape[1])):
            slack = 1.0 - exact.leverages(alpha)
            design = np.column_stack([slack, 1.0 - exact.fit_intercept / len(slack) - slack])
            squares = slack * exact.leave_one_out(alpha)[:, j] ** 2
            even = np.linalg.lstsq(design, squares, rcond=None)[0][0]
            size = np.abs(squares).max()
            assert_allclose(found[j], even, rtol=1e-6, atol=1e-6 * size)


@pytest.mark.parametrize("joint", [False, True], ids=["each", "joint"])
def test_sums_taken_along(both, joint):
    """In one pass over rows that are made again for every pass."""
    estimate, expected, _ = both
    if not isinstance(estimate, LeaveOneOutByBlock):
        assert not hasattr(estimate, "at_with_sums")
        return
    nodes, (shared, _) = expected.exact.penalties(), penalties_of(expected)
    at, sums = estimate.at_with_sums(shared[:1], nodes, joint)
    assert_sums(sums, vars(estimate.sums(nodes, joint)), 1e-12)
    assert_allclose(at.risk, estimate.at(shared[:1]).risk, rtol=1e-12)


def test_the_risk_of_a_path(both):
    estimate, expected, _ = both
    nodes = np.sort(expected.exact.penalties())
    assert_allclose(estimate.risk_of_path(nodes)[0], estimate.risk(nodes[:, None]), rtol=1e-9)


@pytest.mark.parametrize("row", those("tells_rows"))
def test_some_rows_at_other_penalties(row):
    (estimate, expected), rtol = made(*row), row[0].rtol
    alphas, rows = expected.exact.penalties(), np.array([7, 0, 4])
    right = np.stack([expected.errors(a)[0][rows] for a in alphas], axis=1)
    found = estimate.errors_of(rows, alphas)
    assert_allclose(found, right, rtol=rtol, atol=rtol * np.abs(right).max())
    slack, exact = estimate.slack_at(alphas[1]), expected.slack_at(alphas[1])[:, None]
    assert_allclose(slack / slack.mean(), exact / exact.mean(), rtol=rtol, atol=rtol)


def test_what_it_says_of_itself(both):
    estimate, expected, _ = both
    assert estimate.needs in ("rows", "moments")
    assert estimate.needs == "moments" or estimate.leaves_rows_out
    assert estimate.factorization.n_targets == expected.exact.Y.shape[1]
    assert estimate.work is None or estimate.work > 0.0
    assert estimate.groups is expected.groups or np.array_equal(estimate.groups, expected.groups)
    estimate.risk(penalties_of(expected)[0])
    assert estimate.lost == frozenset()
    extra = 1.0 if estimate.risk_weights is None else estimate.risk_weights
    if expected.risk is None:
        assert_allclose(expected.weights, expected.exact.weights * extra)


@pytest.mark.parametrize("row", [row for row in in_table(CASES) if "weights" in row.values[0][2]])
def test_whether_weights_are_numbers_of_rows(row):
    """If they are not, twice the weights are another unit of the penalty, and of nothing else."""
    (estimate, expected), (doubled, _) = made(*row), made(*row, 2.0)
    penalties = penalties_of(expected)[0]
    ratio = doubled.risk(2.0 * penalties) / estimate.risk(penalties)
    if estimate.weights_are_counts:
        assert np.any(np.abs(ratio - 1.0) > 1e-3)
    else:
        assert_allclose(ratio, 1.0, rtol=1e-6)
