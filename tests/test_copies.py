"""Repeated rows are noticed, where they are many and cannot be chance."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import make_data
from sklearn.datasets import load_diabetes, load_digits, load_linnerud, load_wine

from sk_renorm import TheoryGuidedRidgeCV


def messages(X, y, **fit):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        TheoryGuidedRidgeCV().fit(X, y, **fit)
    return [str(warning.message) for warning in caught if "repeat" in str(warning.message)]


def with_copies(X, y, share, seed=0):
    rng = np.random.default_rng(seed)
    rows = np.r_[np.arange(len(X)), rng.choice(len(X), int(share * len(X)), replace=False)]
    rows = rng.permutation(rows)
    return X[rows], y[rows]


@pytest.mark.parametrize("shape", [(300, 10), (100, 400), (300, 1)])
@pytest.mark.parametrize("kind", ["continuous", "rounded X", "rounded y", "classes"])
def test_copies_are_noticed_and_counted(kind, shape):
    X, y = make_data(*shape, noise=2.0)
    X = np.round(X) if kind == "rounded X" else X
    y = np.round(y) if kind == "rounded y" else np.sign(y) if kind == "classes" else y
    assert not messages(X, y)
    n_copies = int(0.1 * len(X))
    (message,) = messages(*with_copies(X, y, 0.1))
    found, total = message.split()[0:3:2]
    assert int(total) == len(X) + n_copies
    # one rounded feature is shared by many rows, some of which then seem near copies
    assert n_copies <= int(found) <= n_copies * (1.2 if X.shape[1] == 1 else 1.0)


def test_the_rows_named_are_copies():
    X, y = with_copies(*make_data(200, 8, noise=2.0), 0.1)
    (message,) = messages(X, y)
    words = message.split("such as rows ")[1].replace(":", "").split()
    a, b = int(words[0]), int(words[2])
    assert a < b
    assert_allclose(X[a], X[b])


def test_nearly_the_same_rows_are_copies():
    X, y = with_copies(*make_data(300, 10, noise=2.0), 0.5)
    rng = np.random.default_rng(1)
    assert messages(X + 1e-7 * rng.standard_normal(X.shape), y)
    assert not messages(X + 0.1 * rng.standard_normal(X.shape), y)


def test_repeated_measurements_are_not_copies():
    """A design measured again has the same features and another target."""
    X, _ = make_data(100, 6)
    X = np.repeat(X, 3, axis=0)
    y = X.sum(axis=1) + np.random.default_rng(0).standard_normal(300)
    assert not messages(X, y)
    assert not messages(X, np.round(y))


def test_few_copies_pass():
    X, y = make_data(300, 10, noise=2.0)
    assert not messages(np.r_[X, X[:4]], np.r_[y, y[:4]])


def test_silence_where_rows_are_said_to_depend_or_not():
    X, y = with_copies(*make_data(200, 8, noise=2.0), 0.2)
    assert messages(X, y)
    assert not messages(X, y, groups=np.arange(len(y)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TheoryGuidedRidgeCV(sample_correlation="independent").fit(X, y)


def test_many_zero_targets_are_not_copies():
    """Noise is predicted by a constant, so that equal targets have equal errors."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        y = rng.exponential(size=172) * (rng.random(172) < 0.55)
        assert not messages(rng.standard_normal((172, 27)), y)


def test_independent_rows_are_silent():
    rng = np.random.default_rng(0)
    # predictions that follow from the target alone, and rows that are mostly empty
    y = rng.standard_normal(20_000)
    assert not messages(rng.standard_normal((20_000, 1)), y)
    assert not messages((rng.random((20_000, 2)) < 0.01) * 1.0, y)
    for _ in range(100):
        n, p = rng.integers(20, 300), rng.integers(1, 50)
        X = rng.standard_normal((n, p))
        assert not messages(X, X[:, 0] + rng.standard_normal(n))
    for load in (load_diabetes, load_digits, load_linnerud, load_wine):
        assert not messages(*load(return_X_y=True))
