"""scikit-learn's scorers, of predictions that are made already."""

import re
from collections.abc import Callable

import numpy as np
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
    name : str, default=None
        What it is called; None for its own name.

    Raises
    ------
    ValueError
        When called, if the scorer asks the model for more than predictions, or returns what is
        neither a finite number nor NaN.
    """

    def __init__(self, scorer: Callable, name: str | None = None):
        self.scorer = scorer
        self.name = name

    def __call__(self, predictions, y, **params) -> float:
        try:
            score = self.scorer(HeldOutPredictions(), predictions, y, **params)
        except AttributeError as error:
            if HeldOutPredictions.__name__ not in str(error):
                raise
            what = f" ({error.name})" if error.name else ""
            raise ValueError(
                f"scoring={self!r} needs more of a model than its predictions{what}, and held-out "
                "predictions come without their models; give a score of y and predictions, such as "
                "sklearn.metrics.make_scorer(metric) makes."
            ) from None
        number = np.asarray(score)
        if number.ndim or number.dtype.kind not in "biuf":
            got = f"an array of shape {number.shape}" if number.ndim else repr(score)
            raise ValueError(
                f"scoring={self!r} must return one number, got {got}; return, for instance, a mean."
            )
        if np.isinf(number):
            raise ValueError(
                f"scoring={self!r} returned {score}; return a finite number, or NaN where there is "
                "no score: such a penalty is never chosen."
            )
        return float(number)

    def __repr__(self) -> str:
        if self.name is not None:
            return repr(self.name)
        # without the address of a function, which says nothing
        name = getattr(self.scorer, "__name__", None)
        return name or re.sub(r" at 0x[0-9a-fA-F]+", "", repr(self.scorer))
