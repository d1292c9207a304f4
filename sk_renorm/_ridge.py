"""RenormalizedRidge: ridge regression at a penalty given in the unit one thinks in."""

from numbers import Real
from typing import ClassVar

import numpy as np

from sk_renorm._estimator.base import RenormalizedRegressor
from sk_renorm._rows.check import check_params, check_penalties
from sk_renorm._rows.compat import Interval, StrOptions
from sk_renorm._rows.devices import to_host
from sk_renorm._tuning.candidates import ByDf, ByRidge, Fixed, Search
from sk_renorm._tuning.request import Request


class RenormalizedRidge(RenormalizedRegressor):
    """Ridge regression at a penalty given in the unit one thinks in.

    Minimizes ``||y - X w - b||^2 + alpha ||w||^2``, weighted by ``sample_weight``, at a penalty
    that is given as scikit-learn's ``alpha``, as degrees of freedom or as an effective ridge, or
    that is chosen by minimum leave-one-out risk.  The risk at the penalty is estimated in any case.

    Parameters
    ----------
    alpha : "auto", float or array-like of shape (n_targets,), default="auto"
        Penalty in scikit-learn's (sum) convention; 0 is least squares, of minimum norm if p >= n.
        "auto" minimizes the leave-one-out risk, or the leave-fold-out risk with ``cv``.
    effective_df : float, default=None
        Degrees of freedom that the model shall have, without the intercept's one: above 0 and at
        most the rank of the centred data.
    effective_ridge : float, default=None
        Renormalized ridge ``kappa = ridge / (1 - df / n)`` that the model shall have, per sample.
    cv : None, int, splitter or iterable of (train, test), default=None
        What to leave out for the risk; None leaves out one row at a time, or one group if
        ``groups`` is given to ``fit``.
    sample_correlation : None, str, array-like or callable, default=None
        How rows depend on each other, in their order: the risk is then that of a row far from all
        training rows, and intervals are for such rows.

        - None: rows count as independent; a warning says so if they predict their neighbours.
        - "independent": the same without looking.
        - "ar1", "estimate": an autoregression of order one, or up to five, fitted to X.
        - array-like of shape (n_lags,): autocorrelations from lag 0 on, zero beyond; of shape
          (n_samples, n_samples): their correlation matrix.
        - callable: given the number of rows, returns one of these arrays.

        The noise may be correlated in part, or over another length, which is fitted to the
        residuals.
    fit_intercept : bool, default=True
        Whether to fit an intercept, which is not penalized.
    store_rows : bool, default=True
        Whether to keep what has a number for each row.

        - True: attributes of shape (n_samples,), from which labels can be read, and the
          factorization, with a reference to the training rows as they were validated (no copy of
          float arrays), for ``predict_interval(method="jackknife+")``.  Copies and pickles of the
          model hold the attributes and never these rows.  After ``partial_fit`` all hold a sample
          of at most 2048 rows, from which it goes on, whatever is said here.
        - False: nothing of single rows outlives the fit, and what needs
          them says so: ``loo_residuals_``, ``loo_predictions_``, ``sample_weight_``,
          ``risk_weight_``, ``groups_``, ``row_correlation_`` with its error and
          ``correlated_error_`` are missing, and so are prediction intervals and deviations.
          Between blocks of ``partial_fit`` a sample of rows is kept all the same.
    random_state : int, RandomState instance or None, default=0
        Of the random vectors whose mean stands for a trace where sparse X has more than 4000 rows
        and features; nothing else is random.  An int, 0 too, gives the same result every time.

    Attributes
    ----------
    alpha_ : float or ndarray of shape (n_targets,)
        The penalty; one per target if ``alpha`` is, as for all attributes of this shape.
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept; 0.0 if ``fit_intercept=False``.
    best_score_ : float or ndarray of shape (n_targets,)
        Minus the risk.
    risk_ : float or ndarray of shape (n_targets,)
        Expected squared error on a fresh row, label noise included, in squared units of y: the
        weighted mean over held-out rows, and over targets where they share a penalty.  With
        ``risk_weight``, fresh rows are from the population that the weights point to.
    risk_std_error_ : float or ndarray of shape (n_targets,)
        Standard error of ``risk_`` as an estimate of the risk of this very model.
    risk_path_std_error_ : ndarray of shape (n_alphas,) or (n_alphas, n_targets)
        The same at each of ``alphas_``.
    equivalent_alphas_ : ndarray of shape (2,) or (n_targets, 2)
        Least and greatest penalty, of all there are, whose risk the data cannot tell from the
        smallest: it is higher by less than 1.645 standard errors of the difference.
    alpha_identified_ : bool or ndarray of shape (n_targets,)
        Whether that range leaves out more than a tenth of the degrees of freedom.
    noise_variance_ : float or ndarray of shape (n_targets,)
        Unbiased estimate of the label noise, the residual sum of squares of least squares over its
        degrees of freedom; NaN where none remain or ``factorization_`` is "krylov".
    noise_variance_interval_ : ndarray of shape (2,) or (n_targets, 2)
        Bounds of the label noise, each at 95 %, in squared units of y.
    r2_ceiling_interval_ : ndarray of shape (2,) or (n_targets, 2)
        Bounds of the R^2 that a linear model with unlimited data could reach.
    risk_profile_ : dict
        The path at a few nodes, for what is asked after the fit: penalties ``"alpha"`` (K,),
        ``"risk"`` (K,) or (K, n_targets), the ``"covariance"`` (K, K) or (n_targets, K, K) of the
        risk estimates, ``"bias_and_noise"`` and its ``"relative_error"``, ``"df1"``, ``"df2"``,
        ``"kappa"``, ``"leverage_dispersion"``, ``"even_noise"`` (a number, or (n_targets,); None if
        single rows were not left out, or have weights: the part of ``risk_`` that does not
        grow with the leverage of a row), ``"least_noise"`` (a number, or (n_targets,): the lower
        bound of the noise), the numbers ``"n_rows"``, ``"mean_weight"``, ``"fit_intercept"``,
        ``"interpolates"``, and ``"unit"``, a number or (n_targets,): 1, or the power of two whose
        squares and fourth powers are the units of all these, if y is beyond 1e-30 to 1e30.
    alphas_ : ndarray of shape (n_alphas,)
        Penalties evaluated: the one given, or the nodes of the search and the penalty chosen.
    risk_path_ : ndarray of shape (n_alphas,) or (n_alphas, n_targets)
        ``risk_`` at each of ``alphas_``.
    effective_df_ : float or ndarray of shape (n_targets,)
        Degrees of freedom: the trace of the hat matrix, without the intercept's one.
    effective_df_monte_carlo_error_ : float or ndarray of shape (n_targets,)
        Standard error of ``effective_df_``; 0.0 except where ``factorization_`` is "krylov".
    risk_monte_carlo_error_ : float or ndarray of shape (n_targets,)
        What that makes of ``risk_``; not part of ``risk_std_error_``.
    effective_df_path_ : ndarray of shape (n_alphas,)
        Degrees of freedom at each of ``alphas_``.
    effective_ridge_ : float or ndarray of shape (n_targets,)
        The renormalized ridge ``kappa``, per sample: ``ridge = alpha / n``, with n the sum of the
        weights less one for the intercept.
    effective_ridge_path_ : ndarray of shape (n_alphas,)
        Effective ridge at each of ``alphas_``.
    eigenvalues_ : ndarray of shape (rank,)
        Variances along the principal directions of X, descending, per row of mean weight; of shape
        (0,), not known, where ``factorization_`` is "krylov".
    loo_predictions_ : ndarray of shape (n_samples,) or (n_samples, n_targets), as y
        Prediction of every row by the model fitted without it (or without its fold: the mean of
        several, NaN for rows that ``cv`` never tests).
    loo_residuals_ : ndarray of shape (n_samples,) or (n_samples, n_targets), as y
        ``y - loo_predictions_``; NaN for rows of zero weight too.  Where ``factorization_`` is
        "krylov", residuals of the fit times one factor, which makes their mean square ``risk_``.
        Of a dask collection those of rows of positive weight, as ``sample_weight_``.
    sample_weight_ : ndarray of shape (n_samples,) or None
        Weights of the fit; None where all are one.
    risk_weight_ : ndarray of shape (n_samples,) or None
        Further weights in the risk, of mean one; None where all are alike.
    risk_effective_size_ : float
        Number of rows (or groups) of equal weight from which the risk would be known as well:
        ``(sum v)^2 / sum v^2`` of the weights v in the risk.
    groups_ : ndarray of shape (n_samples,) or None
        Groups of the fit as numbers from 0; None without.
    row_correlation_ : ndarray of shape (n_lags,) or (n_samples, n_samples), or None
        Correlation of the rows that was used; None if they count as independent.
    row_correlation_std_error_ : ndarray of shape (n_lags,) or None
        Standard errors of autocorrelations estimated from X, from the scatter of rows; None if
        nothing was estimated.
    noise_correlation_ : float or ndarray of shape (n_targets,), or None
        Correlation between neighbouring rows of the noise that is not as the rows of X are: an
        autoregression of order one, fitted to the residuals.  None where rows have no order in
        time.
    noise_correlation_std_error_ : float or ndarray of shape (n_targets,), or None
        Its standard error, large where noise is as the rows are, inf where there is none.
    correlated_error_ : dict or None
        What the error of far rows is made of, with ``sample_correlation``: ``"excess"`` and
        ``"noise"`` (n_targets,), the part that is correlated as the rows are and the rest of the
        noise, in squared units of y; ``"noise_correlation"`` (n_targets,), of that rest between
        neighbours, 0 unless ``noise_correlation_`` describes the residuals clearly better;
        ``"row_ridge"`` (n_targets,), the renormalized ridge of the rows; ``"residuals"``
        (n_samples, n_targets), of training.  None without.
    far_error_factor_ : float or ndarray of shape (n_targets,)
        Error of a row far from the training rows over that of a held-out one; 1 for independent
        rows.
    leverage_dispersion_ : float or ndarray of shape (n_targets,)
        Standard deviation over mean of one minus the leverage.
    factorization_ : str
        What was factorized, and why: ``"row_gram"``, ``"column_gram"``, or, where a Gram matrix
        would have lost the answer, ``"rows"``; or nothing, for sparse X with more than 4000 rows
        and features:
        ``"krylov"``, see Notes.  ``"moments"`` if rows come in blocks.
    n_samples_seen_ : int
        Rows seen by ``partial_fit``, after which ``loo_predictions_``, ``loo_residuals_`` and
        ``sample_weight_`` are those of a random sample of them.
    sampled_loo_risk_, sampled_loo_risk_std_error_ : float or ndarray of shape (n_targets,)
        The leave-one-out risk at ``alpha_`` as that sample estimates it, and its standard error; if
        rows come in blocks and ``risk_`` is that of GCV.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if all are strings.

    See Also
    --------
    TheoryGuidedRidgeCV : Chooses the penalty, among candidates and by any scorer too.
    sklearn.linear_model.Ridge : The same coefficients at ``alpha``.

    Notes
    -----
    Degrees of freedom fall, and the effective ridge rises, as alpha does, so each value has one
    penalty; it is found on the spectrum, after the one factorization.

    Sparse X is neither centred nor made dense.  With more than 4000 rows and features no Gram
    matrix is made of it: Krylov spaces started from y and from four random vectors stand for the
    spectrum [2]_, grown until the risk has settled at the chosen penalty.  They give no leverage
    of a single row, so the risk is that of generalized cross-validation, whatever ``risk`` says,
    NaN at penalties too small for it; see ``leverage_dispersion_`` for whether it can be trusted.
    Coefficients are solved for by conjugate gradients, to 1e-8.  A step, of at most 90, takes two
    products of X with one vector for each target and four more, and keeps one vector of the shorter
    side for each target and two more.
    With scikit-learn's array API dispatch, tensors are fitted where they live: the arrays above are
    then of the type of X, on its device, and single numbers Python's.

    References
    ----------
    .. [1] Atanasov, Zavatone-Veth and Pehlevan (2024), "Scaling and renormalization in
       high-dimensional regression", arXiv:2405.00592.
    .. [2] Ubaru, Chen and Saad (2017), "Fast estimation of tr(f(A)) via stochastic Lanczos
       quadrature", SIAM Journal on Matrix Analysis and Applications 38.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sk_renorm import RenormalizedRidge
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = RenormalizedRidge(effective_df=5).fit(X, y)
    >>> print(f"{model.alpha_:.3f} {model.risk_:.0f}")
    0.573 3155
    """

    _parameter_constraints: ClassVar = {
        "alpha": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left"), "array-like"],
        "effective_df": [None, Interval(Real, 0, None, closed="neither")],
        "effective_ridge": [None, Interval(Real, 0, None, closed="left")],
        "cv": ["cv_object"],
        "sample_correlation": [
            None,
            StrOptions({"independent", "ar1", "estimate"}),
            "array-like",
            callable,
        ],
        "fit_intercept": ["boolean"],
        "store_rows": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        alpha="auto",
        *,
        effective_df=None,
        effective_ridge=None,
        cv=None,
        sample_correlation=None,
        fit_intercept=True,
        store_rows=True,
        random_state=0,
    ):
        self.alpha = alpha
        self.effective_df = effective_df
        self.effective_ridge = effective_ridge
        self.cv = cv
        self.sample_correlation = sample_correlation
        self.fit_intercept = fit_intercept
        self.store_rows = store_rows
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None, groups=None, risk_weight=None):
        """Fit at the penalty.

        Parameters
        ----------
        X : array-like or sparse matrix or array of shape (n_samples, n_features)
            Training rows; float32 is kept, never modified.  Sparse rows are best in CSR format.  A
            dask array or dataframe is reduced block by block and never gathered; ``cv``,
            ``scoring`` and the like need rows in memory.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, none negative.
        groups : array-like of shape (n_samples,), default=None
            Group labels for ``cv``; with ``cv=None`` one group is left out at a time.
        risk_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the risk alone, times ``sample_weight``; none negative, their
            scale means nothing.  Say how much more typical each row is of the rows to be predicted
            than of the training rows: then penalty, risk, error bars and intervals are for those.
            See :func:`sk_renorm.shift.shift_weights`.

        Returns
        -------
        RenormalizedRidge
            The fitted estimator.

        Raises
        ------
        ValueError
            If two dials are set, a dial is out of range, or data cannot be used; the estimator is
            unchanged.
        """
        return self._fit(X, y, sample_weight, groups, risk_weight, self._request())

    def _request(self, groups=None, risk_weight=None) -> Request:
        """Check parameters; return what they ask for."""
        dial, value = self._check_params()
        asked = {"alpha": Fixed, "effective_df": ByDf, "effective_ridge": ByRidge}
        return Request(
            candidates=Search() if dial is None else asked[dial](value),
            per_target=dial == "alpha" and len(value) > 1,
            fit_intercept=self.fit_intercept,
        )

    def _check_params(self) -> tuple[str | None, float | np.ndarray | None]:
        """Check parameters; return the dial that is set and its value, or (None, None)."""
        check_params(self)
        given = [
            name for name in ("effective_df", "effective_ridge") if getattr(self, name) is not None
        ]
        if not isinstance(self.alpha, str):
            given.insert(0, "alpha")
        if len(given) > 1:
            raise ValueError(
                f"{' and '.join(given)} each set the penalty; give only one of them"
                + (", and leave alpha='auto'." if "alpha" in given else ".")
            )
        if not given:
            return None, None
        if given == ["alpha"]:
            return "alpha", check_penalties(np.atleast_1d(to_host(self.alpha)), "alpha")
        return given[0], float(getattr(self, given[0]))
