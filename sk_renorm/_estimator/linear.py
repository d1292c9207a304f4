"""What models share that are linear in the columns of X, which may live anywhere or in blocks."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sk_renorm._estimator import predict as to_predict
from sk_renorm._estimator.base import RenormalizedRegressor
from sk_renorm._estimator.streaming import StreamingMixin
from sk_renorm._rows.check import check_new_data
from sk_renorm._rows.devices import SUPPORTED, as_numpy, matmul, place_of
from sk_renorm._rows.rows import TrainingData


class LinearRegressor(StreamingMixin, RenormalizedRegressor):
    """Model with a coefficient for each column."""

    _coefficients = "coef_"

    def _set_model(self, data: TrainingData, coef: np.ndarray) -> None:
        self.coef_ = (coef[:, 0] if coef.shape[1] == 1 else coef.T).astype(data.dtype)

    def _predictions(self, X):
        """Return ``X coef + intercept`` where X lives."""
        coef, intercept = self.coef_, self.intercept_
        if place_of(X) is None:
            coef, intercept = as_numpy(coef), as_numpy(intercept)
        return matmul(X, coef if coef.ndim == 1 else coef.T) + intercept

    def predict_ahead(self, X, steps=None, return_std=False):
        """Predict rows that follow the training rows in time, with what their last errors say.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to predict.
        steps : int or array-like of shape (n_samples,), default=None
            How many steps after the last training row each row comes; None for 1, 2, 3, ...
        return_std : bool, default=False
            Whether to return standard deviations too.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            ``predict(X)`` plus the expected error: residual kriging, in the unit of y.
        std : ndarray of the same shape
            Root of ``report_.risk_ahead(steps).kriging_risk``.  Only if ``return_std``.

        Raises
        ------
        ValueError
            If the model was fitted without ``sample_correlation``, or with a matrix of it; a
            NotFittedError, which is one, after a fit with ``store_rows=False``.

        Notes
        -----
        Rows far ahead are predicted as by ``predict``.  O(n**2) per target and row.
        """
        check_is_fitted(self)
        given = self._predictions(check_new_data(self, X, "predict_ahead"))
        return to_predict.ahead(self.report_, given, steps, return_std)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.array_api_support = SUPPORTED
        tags.input_tags.sparse = True
        return tags
