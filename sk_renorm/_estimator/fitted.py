"""What a fitted model answers: predictions, intervals, comparisons, a summary.

From fitted attributes; only the jackknife+ and errors along the path use the rows of the fit.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted

from sk_renorm._estimator.rows_ahead import RowsAhead
from sk_renorm._estimator.summary import as_html, as_text
from sk_renorm._linalg import TridiagonalFactorization, complete, is_dask
from sk_renorm._risk import node_weights, standard_errors
from sk_renorm._rows.check import check_new_data, check_penalties
from sk_renorm._rows.devices import like, matmul, on_host, place_of, to_host
from sk_renorm.report.intervals import (
    check_level,
    jackknife_plus,
    residual_limits,
    row_shares,
    target_shares,
)


@dataclass(frozen=True)
class Comparison:
    """Two penalties compared on the same rows.

    Parameters
    ----------
    difference : float or ndarray of shape (n_targets,)
        Risk at the first penalty less risk at the second, in squared units of y.
    std_error : float or ndarray of shape (n_targets,)
        Standard error of the difference.
    interval : ndarray of shape (2,) or (n_targets, 2)
        Confidence interval of the difference.
    confidence_level : float
        Its level.
    """

    difference: float | np.ndarray
    std_error: float | np.ndarray
    interval: np.ndarray
    confidence_level: float


class FittedModel(RowsAhead):
    """Methods of a fitted estimator."""

    def predict(self, X, return_std=False):
        """Predict targets.

        Parameters
        ----------
        X : array-like or sparse matrix or array of shape (n_samples, n_features)
            Rows to predict; a dask collection is predicted lazily, its values are not checked.
        return_std : bool, default=False
            Whether to return standard deviations too.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Predictions, in the unit of y; of the type of X if the array API is on.  One target in a
            column gives (n_samples,), as in scikit-learn's RidgeCV.
        std : ndarray of the same shape
            Standard deviation of a new label about its prediction, label noise included: the root
            mean squared held-out error, the same for every row.  Only if ``return_std``.
        """
        check_is_fitted(self)
        predictions = self._predict(check_new_data(self, X))
        if not return_std:
            return predictions
        scale = on_host(self)._target_deviations()
        if is_dask(predictions):
            scale = scale.astype(predictions.dtype)
            return predictions, predictions.map_blocks(np.full_like, scale)
        return predictions, like(predictions, np.broadcast_to(scale, predictions.shape))

    def _predict(self, X):
        model = on_host(self) if place_of(X) is None else self
        coef = model.coef_ if model.coef_.ndim == 1 else model.coef_.T
        return matmul(X, coef) + model.intercept_

    def _target_deviations(self) -> np.ndarray:
        """Root mean squared held-out error of each target: a scalar for y of one dimension."""
        errors, weights, _ = self._held_out()
        unit = self.risk_profile_["unit"]
        return unit * np.sqrt(np.average(np.square(errors / unit), axis=0, weights=weights))

    def _held_out(self) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
        """Held-out errors, weights in the risk and groups of the rows that were held out."""
        errors, weights = self.loo_residuals_ * self.far_error_factor_, self.sample_weight_
        kept = ~np.isnan(errors.reshape(len(errors), -1)[:, 0])
        if weights is not None:
            kept &= weights > 0.0
        if self.risk_weight_ is not None:
            weights = self.risk_weight_ * (1.0 if weights is None else weights)
        groups = self.groups_
        return (
            errors[kept],
            None if weights is None else weights[kept],
            None if groups is None else groups[kept],
        )

    def predict_interval(self, X, confidence_level=0.9, method="residual"):
        """Predict intervals that hold a new label with the probability asked for.

        Parameters
        ----------
        X : array-like or sparse matrix or array of shape (n_samples, n_features)
            Rows to predict.
        confidence_level : float, default=0.9
            Probability, over training sets and new rows, that the interval holds the label.
        method : {"residual", "jackknife+"}, default="residual"
            How the intervals are made.

            - "residual": the prediction plus quantiles of the held-out errors, at the ranks that n
              rows and a new one call for.  As skewed as the errors are, of the same width for all.
            - "jackknife+": the interval of Barber, Candes, Ramdas and Tibshirani (2021), from the n
              models without one row each, none of them fitted.  Wider where x is unlike the
              training rows; covers at least ``2 confidence_level - 1`` whatever the distribution,
              given the penalty.  It needs the rows of the fit, see ``store_rows``.

        Returns
        -------
        ndarray of shape (n_samples, 2) or (n_samples, n_targets, 2)
            Lower and upper limits, in the unit of y.

        Raises
        ------
        ValueError
            If the level is one that so few rows cannot support, or the method lacks what it needs;
            a NotFittedError, which is one, if that is the rows.

        Notes
        -----
        Assume that new rows come like the training rows: independent, from the same distribution.
        Sample weights say how much of that distribution a row stands for.  After a fit with
        ``risk_weight`` new rows come from the population that it stands for, and
        ``risk_effective_size_`` takes the place of the number of rows [3]_.  After a fit with
        ``groups``, "residual" speaks of a row of a new group, and the number of groups says which
        levels can be had.

        O(n) beyond the prediction, or, for "jackknife+", O(n p) a row in blocks of 16 MB.

        References
        ----------
        .. [1] Barber, Candes, Ramdas and Tibshirani (2021), "Predictive inference with the
           jackknife+", Annals of Statistics 49, arXiv:1905.02928.
        .. [2] Patil, Rinaldo and Tibshirani (2022), "Estimating functionals of the out-of-sample
           error distribution in high-dimensional ridge regression", AISTATS, arXiv:2110.15321.
        .. [3] Tibshirani, Barber, Candes and Ramdas (2019), "Conformal prediction under covariate
           shift", NeurIPS, arXiv:1904.06019.
        """
        check_is_fitted(self)
        if method not in ("residual", "jackknife+"):
            raise ValueError(f"method must be 'residual' or 'jackknife+', got {method!r}.")
        if method == "jackknife+" and is_dask(X):
            raise ValueError("method='jackknife+' needs new rows in memory; use 'residual'.")
        X = check_new_data(self, X, "predict_interval")
        model, given = on_host(self), self._predict(X)
        predictions = to_host(given)
        errors, weights, groups = model._held_out()
        make_shares = row_shares if model.risk_weight_ is None else target_shares
        shares = make_shares(weights, len(errors), groups)
        if method == "residual":
            limits = residual_limits(errors.reshape(len(errors), -1), shares, confidence_level)
            limits = limits if predictions.ndim == 2 else limits[0]
            return like(given, predictions[..., None] + limits)
        factorization = model._rows_for_jackknife()
        limits = jackknife_plus(
            factorization,
            np.atleast_1d(model.alpha_),
            errors.reshape(len(errors), -1),
            to_host(X),
            predictions.reshape(len(predictions), -1),
            shares,
            confidence_level,
        )
        return like(given, limits.reshape(*predictions.shape, 2))

    def _rows_for_jackknife(self):
        factorization = self._kept_factorization("method='jackknife+'")
        if factorization.name == "krylov":
            raise ValueError(
                "method='jackknife+' needs the leverage of every row, which sparse data of this "
                "size do not give (see factorization_); use method='residual'."
            )
        if not self._left_out_single_rows:
            raise ValueError(
                "method='jackknife+' leaves out single, independent rows, and this model's rows "
                "are correlated, or came in folds or groups; use method='residual'."
            )
        return factorization

    def _kept_factorization(self, what: str):
        """Return the factorization of the fit, if it is there and its rows are as they were."""
        factorization = getattr(self, "_factorization", None)
        if factorization is None and not self._rows_stored:
            raise NotFittedError(
                f"{what} needs the rows of the fit, and this model, fitted with store_rows=False, "
                "has none. Fit again with store_rows=True, or do without."
            )
        if factorization is None:
            raise NotFittedError(
                f"{what} needs the rows of the fit, and this model has none: they are not in a "
                "copy or a pickle of a model, and not kept where they come in blocks. Fit again to "
                "rows in memory, or do without."
            )
        if factorization.data.fingerprint() != self._fingerprint:
            raise NotFittedError(
                f"The training rows have been changed since the fit, so {what} cannot use them; "
                "fit again, or do without."
            )
        if isinstance(factorization, TridiagonalFactorization):
            factorization = self._factorization = complete(factorization)
        return factorization

    def risk_interval(self, confidence_level=0.9):
        """Return a confidence interval of the risk of this very model.

        Parameters
        ----------
        confidence_level : float, default=0.9
            Probability that the interval holds the expected squared error on a fresh row.

        Returns
        -------
        ndarray of shape (2,) or (n_targets, 2)
            Limits, in squared units of y: ``risk_ -+ z risk_std_error_``, not below zero.

        Notes
        -----
        The error of the estimate at the chosen penalty.  That the penalty was chosen for its small
        estimate makes ``risk_`` a little too low, which the interval leaves out.
        """
        check_is_fitted(self)
        model = on_host(self)
        half = _normal_quantile(confidence_level) * np.asarray(model.risk_std_error_)
        return np.stack([np.maximum(model.risk_ - half, 0.0), model.risk_ + half], axis=-1)

    def compare(self, alpha_a, alpha_b, confidence_level=0.9):
        """Compare the risks of two penalties, as paired on the same rows.

        Parameters
        ----------
        alpha_a, alpha_b : float or array-like of shape (n_targets,)
            Penalties, one for each target where each has its own; beyond the ends of
            ``risk_profile_["alpha"]``, its ends.
        confidence_level : float, default=0.9
            Level of the interval.

        Returns
        -------
        Comparison
            ``difference`` = risk at ``alpha_a`` less risk at ``alpha_b``, its ``std_error`` and
            ``interval``; one of each per target with ``alpha_per_target``.

        Notes
        -----
        Exact at the nodes of ``risk_profile_``: up to 24 candidates are among them, and the chosen
        penalty if targets share it.  Elsewhere interpolated, to about 1e-3 of the risk and 1 % of
        the error.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sk_renorm import TheoryGuidedRidgeCV
        >>> model = TheoryGuidedRidgeCV().fit(*load_diabetes(return_X_y=True))
        >>> result = model.compare(10.0, model.alpha_)
        >>> print(f"{result.difference:.0f} +- {result.std_error:.0f}")
        1851 +- 227
        """
        check_is_fitted(self)
        z = _normal_quantile(confidence_level)
        model = on_host(self)
        profile = model.risk_profile_
        nodes = profile["alpha"]
        risks = profile["risk"].reshape(len(nodes), -1).T
        weights = model._at_penalties(alpha_a, "alpha_a")
        weights = weights - model._at_penalties(alpha_b, "alpha_b")
        square = np.square(profile["unit"])
        difference = np.sum(weights * risks, axis=1) * square
        covariance = profile["covariance"].reshape(-1, len(nodes), len(nodes))
        error = standard_errors(covariance, weights[:, None, :]).ravel() * square
        interval = np.stack([difference - z * error, difference + z * error], axis=-1)
        if profile["risk"].ndim == 1:
            return Comparison(float(difference[0]), float(error[0]), interval[0], confidence_level)
        return Comparison(difference, error, interval, confidence_level)

    def _at_penalties(self, alpha, name: str) -> np.ndarray:
        """Return weights of the nodes (k, K) for a penalty, or for one of each target."""
        n_losses = self.risk_profile_["risk"].reshape(len(self.risk_profile_["alpha"]), -1).shape[1]
        alpha = check_penalties(np.atleast_1d(to_host(alpha)), name)
        if len(alpha) not in (1, n_losses):
            raise ValueError(
                f"{name} holds {len(alpha)} penalties; give one"
                + (f", or {n_losses}, one for each target." if n_losses > 1 else ".")
            )
        weights = node_weights(self.risk_profile_["alpha"], alpha)
        return np.broadcast_to(weights, (n_losses, weights.shape[1]))

    def summary(self):
        """Return a short text about the fit: size, penalty, risk, ceiling, forecast, warnings.

        Returns
        -------
        str
            A few lines, to print.
        """
        check_is_fitted(self)
        return as_text(on_host(self))

    def _errors_along_path(self, X, y) -> tuple[np.ndarray, np.ndarray]:
        """Mean squared errors on other rows at the nodes of the profile: (K,) and (K, k)."""
        f = self._kept_factorization("The error of held-out rows along the path")
        X = to_host(check_new_data(self, X, "predict"))
        Y = check_array(to_host(y), ensure_2d=False, dtype=np.float64, input_name="y")
        check_consistent_length(X, Y)
        Y = Y.reshape(len(Y), -1)
        if Y.shape[1] != f.n_targets:
            raise ValueError(f"y has {Y.shape[1]} targets, and the model {f.n_targets}.")
        profile = on_host(self).risk_profile_
        nodes, errors = profile["alpha"], []
        for alpha in nodes:
            coef = f.coefficients(alpha)
            predictions = X @ coef + (f.data.y_mean - f.data.x_mean @ coef)
            predictions = predictions * profile["unit"]
            errors.append(np.mean(np.square(Y - predictions), axis=0))
        errors = np.array(errors)
        return nodes, errors if profile["risk"].ndim == 2 else errors.mean(axis=1)

    def _html_repr(self):
        html = super()._html_repr()
        return html + as_html(on_host(self)) if hasattr(self, "risk_profile_") else html

    def __getstate__(self):
        # the rows of the fit are for this process; on disk a stream has its sample, and no more
        state = dict(super().__getstate__())
        state.pop("_factorization", None)
        state.pop("_fingerprint", None)
        return state


def _normal_quantile(confidence_level: float) -> float:
    check_level(confidence_level, 1, 1.0)
    return NormalDist().inv_cdf(0.5 + 0.5 * confidence_level)
