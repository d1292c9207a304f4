"""scikit-learn's scorers, of predictions that are made already."""

from collections.abc import Callable

from sklearn.base import BaseEstimator, RegressorMixin


class HeldOutPredictions(RegressorMixin, BaseEstimator):
    """Hands the predictions that it is given as X to a scorer."""

    def fit(self, X, y=None):
        """Do nothing."""
        return self

    def predict(self, X):
        """Return ``X``."""
        return X

    def __sklearn_is_fitted__(self):
        return True


class HeldOutScorer:
    """Scores predictions as a scikit-learn scorer scores the model that makes them.

    Parameters
    ----------
    scorer : callable
        Takes a model, X, y and further arguments.
    """

    def __init__(self, scorer: Callable):
        self.scorer = scorer

    def __call__(self, predictions, y, **params) -> float:
        return self.scorer(HeldOutPredictions(), predictions, y, **params)

    def __repr__(self) -> str:
        return repr(self.scorer)
