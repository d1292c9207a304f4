"""Weights from unlabelled target rows, against the known ratio of two Gaussian densities."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from sk_renorm import TheoryGuidedRidgeCV
from sk_renorm.shift import shift_weights


def two_samples(n, m, p, shift, seed=0):
    rng = np.random.default_rng(seed)
    X, X_target = rng.standard_normal((n, p)), rng.standard_normal((m, p))
    X_target[:, 0] += shift
    ratio = np.exp(shift * X[:, 0] - 0.5 * shift**2)
    return X, X_target, ratio / ratio.mean()


@pytest.mark.parametrize("m", [300, 1500])
def test_gaussian_ratio(m):
    """The logarithm is linear: within what an efficient estimate of the shift would scatter."""
    n, shift = 800, 0.8
    X, X_target, ratio = two_samples(n, m, 3, shift)
    weights = shift_weights(X, X_target)
    assert_allclose(weights.mean(), 1.0)
    slope = np.polyfit(X[:, 0], np.log(weights), 1)[0]
    assert abs(slope - shift) < 3.0 * np.sqrt((1.0 + shift**2) * (1.0 / n + 1.0 / m))
    assert np.corrcoef(np.log(weights), np.log(ratio))[0, 1] > 0.98


def test_another_classifier():
    """Variances differ: naive Bayes of Gaussians has the right odds, logistic regression not."""
    rng = np.random.default_rng(1)
    X, X_target = rng.standard_normal((2000, 2)), 0.6 * rng.standard_normal((2000, 2))
    ratio = np.exp(-0.5 * np.sum(X**2, axis=1) * (1.0 / 0.36 - 1.0))
    ratio /= ratio.mean()
    right = shift_weights(X, X_target, classifier=GaussianNB())
    assert np.mean((right - ratio) ** 2) < 0.03 * np.mean((1.0 - ratio) ** 2)
    wrong = shift_weights(X, X_target)
    assert np.mean((wrong - ratio) ** 2) > 0.5 * np.mean((1.0 - ratio) ** 2)
    trees = RandomForestClassifier(50, min_samples_leaf=20, random_state=0)
    assert np.corrcoef(shift_weights(X, X_target, classifier=trees), ratio)[0, 1] > 0.8


def test_a_classifier_that_is_certain():
    """Single trees give probabilities of 0 and 1: the ratio is cut, and no row in reach refused."""
    X, X_target, _ = two_samples(300, 200, 2, 0.5)
    weights = shift_weights(X, X_target, classifier=DecisionTreeClassifier(random_state=0))
    assert np.all(np.isfinite(weights))
    assert len(np.unique(weights)) == 2  # none, or all that one row can have
    with pytest.raises(ValueError, match="No training row looks like"):
        shift_weights(X, X_target + 100.0, classifier=DecisionTreeClassifier(random_state=0))


@pytest.mark.parametrize("p", [3, 400])
def test_no_shift_gives_nearly_equal_weights_without_warning(p):
    X, X_target, _ = two_samples(300, 200, p, 0.0)
    weights = shift_weights(X, X_target)
    assert np.sum(weights) ** 2 / np.sum(weights**2) > 0.95 * 300


@pytest.mark.parametrize("p", [2, 50])
def test_a_target_elsewhere_warns(p):
    X, X_target, _ = two_samples(300, 200, p, 6.0)
    with pytest.warns(UserWarning, match="outside of the training rows.*collect labels there"):
        shift_weights(X, X_target)


def test_reproducible_in_any_form():
    pandas = pytest.importorskip("pandas")
    X, X_target, _ = two_samples(60, 50, 3, 0.5)
    before = X.copy()
    weights = shift_weights(X, X_target)
    assert_array_equal(X, before)
    frames = [pandas.DataFrame(rows, columns=list("abc")) for rows in (X, X_target)]
    assert_array_equal(shift_weights(*frames), weights)
    with pytest.raises(ValueError, match=r"select them with X_target\[X.columns\]"):
        shift_weights(frames[0], frames[1][["b", "a", "c"]])


def test_refusals():
    X, X_target, _ = two_samples(60, 50, 3, 0.5)
    with pytest.raises(ValueError, match="3 features and X_target 2"):
        shift_weights(X, X_target[:, :2])
    with pytest.raises(ValueError, match=r"X_target has 9 rows; .* at least 10 of each"):
        shift_weights(X, X_target[:9])
    with pytest.raises(ValueError, match="must have predict_proba"):
        shift_weights(X, X_target, classifier=RidgeClassifier())


def test_learned_weights_claim_the_risk_of_the_known_ratio():
    """A kink that no line follows; paired on the same rows, so that a few per cent are seen."""
    found = []
    for seed in range(30):
        X, X_target, ratio = two_samples(300, 300, 4, 0.8, seed)
        noise = np.random.default_rng(1000 + seed).standard_normal(300)
        y = np.abs(X[:, 0]) + X[:, 1] + 0.4 * noise
        known, learned, plain = (
            TheoryGuidedRidgeCV().fit(X, y, risk_weight=weights).risk_
            for weights in (ratio, shift_weights(X, X_target), None)
        )
        found.append([learned / known, plain / known])
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(30)
    assert error[0] < 0.03
    assert abs(mean[0] - 1.0) < 0.03 + 2.0 * error[0]  # the penalty of the classifier: 2.5 %
    assert mean[1] < 0.85


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X: 1e200 * X, "The largest value of X is .*e.200, .*; scale X"),
        (lambda X: 1e-200 * X, "The largest value of X is .*e-20"),
        (lambda X: X.astype(str), "X must hold numbers, got text; convert"),
        (lambda X: X + 1j, "Complex data not supported; give X as real"),
        (lambda X: np.where(X > 2.0, np.nan, X), "Input X contains NaN in column"),
    ],
)
def test_rows_that_cannot_be_computed_with_are_one_sentence(change, message):
    X, X_target, _ = two_samples(200, 200, 3, 0.5)
    with pytest.raises(ValueError, match=message) as caught:
        shift_weights(change(X), X_target)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match=message.replace("X", "X_target", 1)):
        shift_weights(X, change(X_target))
