"""Rows that nearly repeat others are noticed, where risk_ is too small for it."""

import itertools
import re
import warnings

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_diabetes, load_digits, make_friedman1
from sklearn.model_selection import KFold
from threadpoolctl import threadpool_limits

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm._checks.near_copies import _gaps
from sk_renorm.exceptions import DependentRowsWarning


def messages(X, y, model=None, **fit):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        (model or TheoryGuidedRidgeCV()).fit(X, y, **fit)
    return [str(warning.message) for warning in caught if "About " in str(warning.message)]


def augmented(n, p, size, noise, *, share=1.0, noise_y=0.0, decay=0.0, seed=0):
    """Some of n rows ``size`` times, with noise of their features and target; which row each is."""
    rng = np.random.default_rng(seed)
    spreads = np.arange(1.0, p + 1.0) ** (-decay / 2.0)
    X = rng.standard_normal((n, p)) * spreads
    beta = rng.standard_normal(p)
    y = X @ beta / np.linalg.norm(beta * spreads) + rng.standard_normal(n)
    rows = np.r_[np.arange(n), np.repeat(np.arange(int(share * n)), size - 1)]
    rng.shuffle(rows)
    X = X[rows] + noise * spreads * rng.standard_normal((len(rows), p))
    return X, y[rows] + noise_y * rng.standard_normal(len(rows)), rows


@pytest.mark.parametrize("noise", [1e-3, 0.01, 0.05, 0.2])
@pytest.mark.parametrize(
    "settings",
    [
        {"n": 200, "p": 50, "size": 2},
        {"n": 200, "p": 50, "size": 2, "decay": 1.0},
        {"n": 150, "p": 50, "size": 5, "noise_y": 0.2},
        {"n": 100, "p": 400, "size": 2},
        {"n": 40, "p": 2000, "size": 3, "noise_y": 0.1},
        {"n": 300, "p": 60, "size": 3, "share": 0.25},
        {"n": 200, "p": 20, "size": 5},
        {"n": 60, "p": 30, "size": 5, "decay": 1.0},
        {"n": 1000, "p": 200, "size": 3},
    ],
    ids=str,
)
def test_near_copies_are_noticed(settings, noise):
    """Each time, whatever the noise."""
    for seed in range(2):
        X, y, rows = augmented(**settings, noise=noise, seed=seed)
        (message,) = messages(X, y)
        first, second = map(int, re.search(r"such as rows (\d+) and (\d+)", message).groups())
        assert first < second
        assert rows[first] == rows[second]
        share, copied = int(re.search(r"About (\d+)%", message).group(1)), np.bincount(rows)[rows]
        # of many rows not all are compared, and noise parts some from their copies
        allowed = 0.35 if len(rows) > 768 and noise == 0.2 else 0.25
        assert abs(share / 100.0 - np.mean(copied > 1)) < allowed


@pytest.mark.parametrize("part", ["least", "largest"])
def test_copies_at_one_end_of_the_targets_are_told_as_what_they_are(part):
    """More rows than are compared: these stand for all."""
    X, y, _ = augmented(1200, 300, 1, 0.0)
    order = np.argsort(y if part == "least" else -y)[:500]
    rows = np.random.default_rng(1).permutation(np.r_[np.arange(1200), order])
    X = X[rows] + 0.01 * np.random.default_rng(2).standard_normal((1700, 300))
    (message,) = messages(X, y[rows])
    share, growth = re.search(r"About (\d+)%.*would be about ([\d.]+) times", message).groups()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DependentRowsWarning)
        model = TheoryGuidedRidgeCV().fit(X, y[rows])
    alphas = [model.alpha_]
    grouped = TheoryGuidedRidgeCV(alphas=alphas).fit(X, y[rows], groups=rows)
    assert abs(int(share) / 100.0 - 1000 / 1700) < 0.15
    assert abs(float(growth) - grouped.risk_ / model.risk_) < 0.15


def test_the_target_that_varies_tells_what_rows_are_alike():
    X, y, _ = augmented(1500, 200, 2, 0.01)
    for columns in ([y, np.ones(len(y))], [np.ones(len(y)), y]):
        assert len(messages(X, np.column_stack(columns))) == 1


@pytest.mark.parametrize("shape", [(60, 40), (50, 200)])
def test_growth_is_that_of_groups_left_out(shape):
    """The copies are so near that any row of a group tells what the others do."""
    X, y, rows = augmented(*shape, 3, 1e-3, decay=1.0)
    model = TheoryGuidedRidgeCV(alphas=[3.0])
    (message,) = messages(X, y, model)
    by_group = TheoryGuidedRidgeCV(alphas=[3.0]).fit(X, y, groups=rows)
    growth = float(re.search(r"would be about (\S+) times", message).group(1))
    assert growth == pytest.approx(by_group.risk_ / model.risk_, rel=0.03)


def test_whatever_holds_the_rows():
    X, y, _ = augmented(150, 60, 3, 0.05)
    assert messages(X.astype(np.float32), y)
    assert messages(csr_array(X), y)
    assert messages(X, np.column_stack([y, np.exp(y)]), TheoryGuidedRidgeCV(alpha_per_target=True))
    assert messages(X, y, RenormalizedRidge(alpha=1.0))
    assert messages(X * np.geomspace(1e-3, 1e3, 60), y)
    assert messages(X, y, sample_weight=np.random.default_rng(0).uniform(0.5, 2.0, len(y)))


def test_rows_are_named_as_they_were_given():
    """Rows of zero weight are not learned from, and count in the numbering."""
    X, y, rows = augmented(150, 60, 3, 0.05)
    weights = np.random.default_rng(0).permutation(len(y)) % 4 > 0
    (message,) = messages(X, y, sample_weight=weights * 1.0)
    first, second = map(int, re.search(r"rows (\d+) and (\d+)", message).groups())
    assert weights[first] > 0
    assert weights[second] > 0
    assert rows[first] == rows[second]


def test_silence_where_rows_are_said_to_depend_or_not():
    X, y, rows = augmented(150, 60, 3, 0.05)
    assert messages(X, y)
    assert not messages(X, y, groups=rows)
    assert not messages(X, y, TheoryGuidedRidgeCV(cv=KFold(5)))
    assert not messages(X, y, TheoryGuidedRidgeCV(sample_correlation="ar1"))
    assert messages(X, y, TheoryGuidedRidgeCV(sample_correlation="independent"))


def test_the_same_for_any_number_of_threads():
    X, y, _ = augmented(600, 60, 3, 0.05)
    found = []
    for limit in (1, 2):
        with threadpool_limits(limit):
            found.append(messages(X, y))
    assert found[0] == found[1] != []


def test_copies_that_hardly_matter_pass():
    """Few features and many rows: a row's copies say little of its error."""
    X, y, rows = augmented(1000, 5, 2, 0.01)
    assert not messages(X, y)
    by_group = TheoryGuidedRidgeCV().fit(X, y, groups=rows)
    by_row = TheoryGuidedRidgeCV(sample_correlation="independent").fit(X, y)
    assert by_group.risk_ < 1.05 * by_row.risk_


def test_what_is_predicted_without_error_passes():
    X, _, _ = augmented(150, 60, 3, 0.05)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = RenormalizedRidge(alpha=1.0).fit(X, np.ones(len(X)))
    assert model.report_.problems == ()


def test_settings_measured_again_pass():
    """Noise of their own tells one measurement nothing of the other's."""
    for seed in range(20):
        X, y, _ = augmented(60, 20, 3, 0.02, noise_y=3.0, seed=seed)
        assert not messages(X, y)


def gaussian(rng, n, p):
    return rng.standard_normal((n, p))


def correlated(rng, n, p):
    scales = np.arange(1.0, p + 1.0) ** -rng.uniform(0.3, 1.0)
    return (rng.standard_normal((n, p)) * scales) @ rng.standard_normal((p, p))


def heavy_tailed(rng, n, p):
    return rng.standard_t(2.5, (n, p))


def elliptical(rng, n, p):
    return rng.standard_normal((n, p)) * np.exp(rng.standard_normal((n, 1)))


def discrete(rng, n, p):
    return rng.integers(0, rng.choice([2, 3, 6]), (n, p)) * 1.0


def one_hot(rng, n, p):
    levels = rng.integers(3, 30)
    columns = [np.eye(levels)[rng.integers(0, levels, n)] for _ in range(3)]
    return np.column_stack([*columns, rng.standard_normal((n, 1 + p // 4))])


def rarely_present(rng, n, p):
    return (rng.random((n, p)) < 0.05) * 1.0


def clustered(rng, n, p):
    centres = rng.standard_normal((max(2, n // rng.integers(5, 50)), p))
    return centres[rng.integers(0, len(centres), n)] + rng.uniform(0.3, 1.0) * gaussian(rng, n, p)


def curved(rng, n, p):
    places = rng.uniform(-1.0, 1.0, (n, rng.integers(1, 4)))
    waves = places @ rng.standard_normal((places.shape[1], p)) * rng.choice([1.0, 3.0])
    return np.cos(waves + rng.uniform(0.0, 6.0, p)) + rng.choice([0.01, 0.1]) * gaussian(rng, n, p)


FAMILIES = (
    gaussian,
    correlated,
    heavy_tailed,
    elliptical,
    discrete,
    one_hot,
    rarely_present,
    clustered,
    curved,
)


def test_independent_rows_are_silent():
    """At most one in a hundred, whatever the features, the noise, and the shape of the truth."""
    draws = alarms = 0
    for family in FAMILIES:
        for seed in range(40):
            rng = np.random.default_rng(seed)
            n, p = [(60, 30), (200, 3), (200, 40), (100, 150), (400, 60)][seed % 5]
            X = family(rng, n, p)
            signal = X @ rng.standard_normal(X.shape[1])
            if seed % 3 == 0:  # neighbours are missed alike
                signal = np.sin(2.0 * signal / signal.std())
            y = signal / signal.std() + rng.choice([0.1, 0.5, 2.0]) * rng.standard_normal(n)
            draws += 1
            alarms += len(messages(X, y))
    assert draws == 360
    assert alarms <= 0.01 * draws


def test_sets_without_copies_are_silent():
    assert not messages(*load_diabetes(return_X_y=True))
    assert not messages(*load_digits(return_X_y=True))
    for seed in range(10):
        X, y = make_friedman1(300, 10, random_state=seed)
        assert not messages(X, y)


def test_rows_at_equal_distances_pass():
    """As those of few flags: no spacing is wide where the usual one is zero."""
    for seed in range(40):
        rng = np.random.default_rng([22, seed])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            X = (rng.random((60, 40)) < 0.02) * 1.0
            model = TheoryGuidedRidgeCV().fit(X, X[:, 0] + rng.normal(size=60))
        assert model.report_.problems == ()


def test_classes_are_not_copies():
    """Rows of a class lie near each other and have the same target."""
    X, labels = load_digits(return_X_y=True)
    for seed in range(10):
        rows = np.random.default_rng(seed).permutation(len(X))[:200]
        assert not messages(X[rows], np.eye(10)[labels[rows]])


def test_counts_with_exact_targets_bring_no_word():
    """Nearly all rows repeat others, so the usual gap is zero, and errors are rounding."""
    rng = np.random.default_rng(0)
    for rate, n in itertools.product((0.05, 0.3, 1.0), (100, 161, 300)):
        X = rng.poisson(rate, (n, 4)).astype(float)
        for Y in (X.sum(axis=1), np.column_stack([X[:, 0], X @ np.arange(4.0), np.ones(n)])):
            weights = rng.integers(0, 3, n) + 0.0
            for model in (TheoryGuidedRidgeCV(), TheoryGuidedRidgeCV(selection="1se")):
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    model.fit(X, Y, weights)
                assert all(issubclass(warning.category, UserWarning) for warning in caught)
                assert not any("nearly repeat" in str(warning.message) for warning in caught)


def test_gaps_where_all_others_are_equally_far():
    distances = np.full((3, 60), 1e-3)
    distances[:, 7] = 1e-14
    distances[np.arange(3), np.arange(3)] = np.inf
    _, excess = _gaps(distances)
    assert np.array_equal(excess, np.zeros(3))
