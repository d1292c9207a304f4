"""Warnings of a fit have categories, by which one kind of trouble can be silenced and no other."""

import warnings

import numpy as np
import pytest
from reference import make_data
from sklearn.model_selection import cross_val_score

import sk_renorm.exceptions
from sk_renorm import TheoryGuidedRidgeCV
from sk_renorm.exceptions import DependentRowsWarning, GridEdgeWarning


def test_categories_are_user_warnings_of_their_own():
    categories = [getattr(sk_renorm.exceptions, name) for name in sk_renorm.exceptions.__all__]
    assert len(categories) == 6
    for category in categories:
        assert category.__bases__ == (UserWarning,)


def two_troubles():
    """Copies, and a grid that ends early."""
    X, y = make_data(200, 60, noise=2.0)
    return TheoryGuidedRidgeCV(alphas=[1e-3, 1e-2]), np.r_[X, X[:100]], np.r_[y, y[:100]]


def test_one_category_is_silenced_and_no_other():
    model, X, y = two_troubles()
    for silenced, other in [
        (DependentRowsWarning, GridEdgeWarning),
        (GridEdgeWarning, DependentRowsWarning),
    ]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warnings.simplefilter("ignore", silenced)
            model.fit(X, y)
        assert [w.category for w in caught] == [other]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", silenced)
            warnings.simplefilter("error", other)
            with pytest.raises(other):
                model.fit(X, y)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_filter_reaches_the_folds(n_jobs):
    model, X, y = two_troubles()
    order = np.random.default_rng(0).permutation(len(y))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DependentRowsWarning)
        warnings.simplefilter("ignore", GridEdgeWarning)
        scores = cross_val_score(model, X[order], y[order], n_jobs=n_jobs, error_score="raise")
    assert np.isfinite(scores).all()
