"""What scikit-learn's notebook view shows of a fitted model: attributes that are there already."""

from sklearn.base import BaseEstimator


def attributes_at_hand(estimator) -> BaseEstimator:
    """Return a stand-in that has the attributes of ``estimator``, and no properties.

    The view asks for every property, and for the text of what it gets; here some of them are a pass
    over the rows, which nobody who looks at a model has asked for.
    """
    kind = type(type(estimator).__name__, (BaseEstimator,), {"__doc__": type(estimator).__doc__})
    stand_in = kind()
    fitted = {name: value for name, value in vars(estimator).items() if name.endswith("_")}
    vars(stand_in).update(fitted)
    return stand_in
