"""What all estimators share: a fit chooses, predictions follow, and a report answers the rest."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, MultiOutputMixin
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import check_is_fitted

from sk_renorm._checks import problems, warn_of
from sk_renorm._estimator import predict as to_predict
from sk_renorm._estimator.notebook import attributes_at_hand
from sk_renorm._estimator.progress import reported
from sk_renorm._estimator.read import Given, read_dask, read_rows
from sk_renorm._linalg import is_dask, quiet_blas
from sk_renorm._rows.check import as_taken, check_new_data, unchanged_on_error
from sk_renorm._rows.compat import CallbackSupportMixin
from sk_renorm._rows.devices import move_fitted, moved_beside, place_of
from sk_renorm._rows.rows import TrainingData
from sk_renorm._tuning.request import Request
from sk_renorm._tuning.tune import Fit, tune
from sk_renorm.report.evidence import Evidence
from sk_renorm.report.report import Report, number
from sk_renorm.report.summary import as_html


class RenormalizedRegressor(CallbackSupportMixin, MultiOutputMixin, BaseEstimator):
    """Model whose penalty is chosen from one factorization.

    A leaf says by `_request` what its parameters ask for, and three things about its coefficients:
    what they are called, what is kept of them, and how they predict.
    """

    _coefficients: ClassVar[str]

    def _set_model(self, data: TrainingData, coef: np.ndarray) -> None:
        """Set coefficients (k, q), and what predictions take beside them and the intercept."""
        raise NotImplementedError

    def _predictions(self, X):
        """Return predictions (m,) or (m, q) of checked rows (m, p)."""
        raise NotImplementedError

    def _fit(self, X, given: Given, request: Request):
        """Fit and set attributes; an error leaves the estimator as it was."""
        with reported(self, X, given.y, given.sample_weight) as stage, unchanged_on_error(self):
            self._forget_fit()
            X = as_taken(self, X)
            with quiet_blas(X):
                if is_dask(X):
                    data = read_dask(self, X, given, request, stage)
                else:
                    data, request = read_rows(self, X, given, request)
                self._learn(tune(data, request, stage))
            if place_of(X) is not None:
                move_fitted(self, place_of(X))
        return self

    def _learn(self, fit: Fit) -> None:
        """Set attributes, and warn of what makes them doubtful."""
        found = problems(fit)
        evidence = Evidence.of(fit, found)
        chosen, dtype, flat = evidence.chosen, fit.data.dtype, fit.data.y.ndim == 1
        coef, intercept = fit.coefficients()
        self._set_model(fit.data, coef)
        self.intercept_ = float(intercept[0]) if flat else intercept.astype(dtype)
        if not fit.request.fit_intercept:
            self.intercept_ = 0.0
        self.alpha_, self.risk_ = number(chosen.alpha), number(chosen.risk)
        self.best_score_ = number(chosen.score)
        self.effective_df_, self.effective_ridge_ = number(chosen.df), number(chosen.kappa)
        if fit.request.store_path:
            self.cv_results_ = fit.held_out_path()
        self._report = Report(evidence)
        warn_of(found)

    def _forget_fit(self, keep: tuple[str, ...] = ()) -> None:
        """Remove fitted attributes, and what others are made of when asked for."""
        for name in list(vars(self)):
            if name not in keep and (name.endswith("_") or name in ("_report", "_stream")):
                delattr(self, name)

    @property
    def report_(self) -> Report:
        """All else that the fit knows: a :class:`~sk_renorm.report.Report`; print it."""
        check_is_fitted(self)
        return self._report

    @property
    def risk_std_error_(self):
        """Standard error of ``risk_`` as an estimate of the risk of this very model."""
        return self._beside(self.report_.std_error)

    @property
    def loo_predictions_(self):
        """Prediction of every row by the model fitted without it, or without its fold or group."""
        return self._beside(self.report_.held_out.predictions)

    def _beside(self, values):
        """Return numbers where the fitted arrays live."""
        return moved_beside(values, vars(self)[self._coefficients])

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
        given = self._predictions(check_new_data(self, X))
        return to_predict.with_deviations(self.report_.evidence, given) if return_std else given

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
        ``report_.held_out.effective_size`` takes the place of the number of rows [3]_.  After a fit
        with ``groups``, "residual" speaks of a row of a new group, and the number of groups says
        which levels can be had.

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
        if method not in to_predict.METHODS:
            raise ValueError(f"method must be 'residual' or 'jackknife+', got {method!r}.")
        if method == "jackknife+" and is_dask(X):
            raise ValueError("method='jackknife+' needs new rows in memory; use 'residual'.")
        X = check_new_data(self, X, "predict_interval")
        given = self._predictions(X)
        return to_predict.interval(self.report_.evidence, X, given, confidence_level, method)

    def get_metadata_routing(self):
        """Say which metadata ``fit`` takes and hands on to the splitter and the scorer.

        Returns
        -------
        MetadataRouter
            See scikit-learn's user guide on metadata routing.
        """
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(splitter=self.cv, method_mapping=MethodMapping().add(caller="fit", callee="split"))
            .add(
                scorer=self._scorer(),
                method_mapping=MethodMapping().add(caller="fit", callee="score"),
            )
        )

    def _scorer(self):
        """Return the scorer that chooses, or None for squared error."""
        return None

    def __dir__(self):
        # scikit-learn looks which names have a value; of these, a value may be a pass over the rows
        names = object.__dir__(self)
        told = {"report_", "risk_std_error_", "loo_predictions_"}
        shown = told if "_report" in vars(self) else set()
        return [
            name for name in names if name in shown or (name not in told and hasattr(self, name))
        ]

    def _html_repr(self):
        html = super()._html_repr()
        return html + as_html(self._report) if "_report" in vars(self) else html

    def _get_fitted_attr_html(self, doc_link=""):
        return attributes_at_hand(self)._get_fitted_attr_html(doc_link)

    def __getstate__(self):
        # the rows of the fit are for this process; on disk a stream has its sample, and no more
        state = dict(super().__getstate__())
        report = state.pop("_report", None)
        if report is not None:
            state["_evidence"] = report.evidence.state()
        return state

    def __setstate__(self, state):
        state = dict(state)
        evidence = state.pop("_evidence", None)
        super().__setstate__(state)
        if evidence is not None:
            self._report = Report(Evidence.from_state(evidence))
