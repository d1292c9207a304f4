"""What a model fitted to correlated rows says of those that follow them in time."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sk_renorm._rows.check import check_new_data
from sk_renorm._rows.devices import like, on_host, to_host
from sk_renorm.report.ahead import RiskAhead, check_steps, expected_errors, risks_ahead


class RowsAhead:
    """Adds ``predict_ahead`` and ``risk_ahead`` to a fitted model, from its ``_predict``."""

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
            Root of ``risk_ahead(steps).kriging_risk``.  Only if ``return_std``.

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
        model, given = on_host(self), self._predict(check_new_data(self, X, "predict_ahead"))
        predictions = to_host(given)
        n_rows = len(predictions)
        steps = check_steps(np.arange(1, n_rows + 1) if steps is None else steps)
        if len(steps) not in (1, n_rows):
            raise ValueError(f"steps has {len(steps)} values for {n_rows} rows; give one for each.")
        steps = np.broadcast_to(steps, n_rows)
        errors = expected_errors(*model._correlated_error(), steps)
        moved = like(given, predictions + errors.reshape(predictions.shape))
        if not return_std:
            return moved
        risks = model.risk_ahead(steps).kriging_risk.reshape(predictions.shape)
        return moved, like(given, np.sqrt(risks))

    def risk_ahead(self, steps):
        """Return the risk of rows that follow the training rows, step by step.

        Parameters
        ----------
        steps : int or array-like of shape (n_steps,)
            How many steps after the last training row.

        Returns
        -------
        RiskAhead
            ``risk`` of ``predict`` and ``kriging_risk`` of ``predict_ahead``, which both grow to
            ``far_risk``, the risk of rows far ahead.

        Raises
        ------
        ValueError
            If the model was fitted without ``sample_correlation``, or with a matrix of it; a
            NotFittedError, which is one, after a fit with ``store_rows=False``.

        References
        ----------
        .. [1] Atanasov, Zavatone-Veth and Pehlevan (2024), "Risk and cross validation in ridge
           regression with correlated samples", arXiv:2408.04607.
        """
        check_is_fitted(self)
        steps = check_steps(steps)
        model = on_host(self)
        correlations, parts = model._correlated_error()
        risks = risks_ahead(correlations, parts, steps)
        far = parts["excess"] + parts["noise"]
        if model.loo_residuals_.ndim == 1:
            return RiskAhead(steps, risks[0][:, 0], risks[1][:, 0], float(far[0]))
        return RiskAhead(steps, *risks, far)

    def _correlated_error(self) -> tuple[np.ndarray, dict]:
        """Return the autocorrelations (n,) of the training rows, and what their errors are."""
        parts, given = self.correlated_error_, self.row_correlation_
        if parts is None or given.ndim == 2:
            raise ValueError(
                "What lies ahead needs the autocorrelations of the rows, in time order; fit with "
                "sample_correlation='ar1', 'estimate', or an array of them."
            )
        correlations = np.zeros(len(parts["residuals"]))
        correlations[: len(given)] = given
        return correlations, parts
