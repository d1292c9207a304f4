"""TheoryGuidedRidgeCV: ridge regression that tunes itself."""

from difflib import get_close_matches
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.metrics import get_scorer_names

from sk_renorm._estimator.base import RenormalizedRegressor
from sk_renorm._risk import RISKS
from sk_renorm._rows.check import check_params, check_penalties, refuse
from sk_renorm._rows.compat import Interval, InvalidParameterError, StrOptions
from sk_renorm._tuning.candidates import Count, Grid, Search
from sk_renorm._tuning.request import Request
from sk_renorm._tuning.rule import Rule


class TheoryGuidedRidgeCV(RenormalizedRegressor):
    """Ridge regression that tunes its penalty from one factorization.

    Minimizes ``||y - X w - b||^2 + alpha ||w||^2``, weighted by ``sample_weight``: scikit-learn's
    ``alpha``, in the sum convention.  The penalty is the minimum of the leave-one-out risk, found
    by a continuous search, without grid, folds or seed.  A drop-in for
    :class:`sklearn.linear_model.RidgeCV`.

    Parameters
    ----------
    alphas : None, int or array-like of shape (n_alphas,), default=None
        Penalties to choose from.

        - None: a continuous search from no shrinkage (the least squares or ridgeless limit) to the
          constant predictor; of several local minima the deepest is taken.  Of large data fewer
          penalties are evaluated, with GCV to tell what lies between them.
        - int: that many log-spaced penalties over the same range.
        - array-like: exactly these; 0 is allowed.  If the best lies at their edge and the risk
          still falls there, a warning names the better penalty.
    risk : {"loo", "gcv"}, default="loo"
        What to minimize.

        - "loo": the mean squared error of exact leave-one-out predictions, intercept refitted.
        - "gcv": generalized cross-validation, one renormalization for all rows.  It needs second
          moments only, and fails where leverages differ much; see ``leverage_dispersion_``.  On
          large data, attributes that take errors of rows left out are made when first asked for.
    cv : None, int, splitter or iterable of (train, test), default=None
        What to leave out.  None leaves out one row at a time, or one group if ``groups`` is given
        to ``fit``.  Folds whose training rows are all others are evaluated in closed form from the
        same factorization, one alpha per target included; for others each training set is
        factorized.
    scoring : None, str or callable, default=None
        Scorer evaluated on the held-out predictions to choose alpha: on all of them at once for
        ``cv=None``, else on each fold, averaged over folds as
        :class:`~sklearn.model_selection.GridSearchCV` does.  None stands for squared error, pooled
        over rows.  ``sample_weight`` is passed on to it, times ``risk_weight``.  A target whose
        score is NaN at every penalty is left out of a joint score, or chosen by squared error if it
        has its own penalty, and a warning names it.
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
        residuals.  With ``risk="gcv"`` all of it is as the rows are, as CorrGCV assumes: 2 to 7
        times too high a risk if it is not.
    selection : {"min", "1se", "robust"} or float, default="min"
        Which penalty to take.

        - "min": the one with the smallest risk (or loss, with ``scoring``).
        - float k: the strongest penalty whose risk is within k standard errors of the smallest, by
          the standard error of the difference.  0.25 guards against rare deep minima near
          interpolation at hardly any cost.
        - "1se": k = 1, the most cautious choice in common use.
        - "robust": the one that no other beats where the say of every row is bounded: its
          difference of squared errors between two penalties, by 20 times the median size of such
          differences [4]_.  A few rows far from all others cannot decide.  It is for the choice
          only: ``risk_``, error bars and all else are those of plain leave-one-out at the penalty
          chosen.  A fit takes two to five times as long, up to three times that with weights or
          a penalty for each target.  Needs ``risk="loo"`` and rows in memory, without ``scoring``
          and ``sample_correlation``.
    alpha_per_target : bool, default=False
        Whether each target has its own penalty; costs no further factorization.
    fit_intercept : bool, default=True
        Whether to fit an intercept, which is not penalized.
    store_cv_results : bool, default=False
        Whether to keep ``cv_results_``.
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
        The chosen penalty; one per target with ``alpha_per_target=True``, as for all attributes of
        this shape.  On large data its leave-one-out risk is within 1e-6 of the least.
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept; 0.0 if ``fit_intercept=False``.
    best_score_ : float or ndarray of shape (n_targets,)
        Score at ``alpha_``, higher is better: minus the risk, or what ``scoring`` gave.
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
        Penalties evaluated: the candidates, or the nodes of the search and the penalty chosen.
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
        The renormalized ridge ``kappa = ridge / (1 - df / n)``, per sample: ``ridge = alpha / n``,
        with n the sum of the weights less one for the intercept.
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
        Of a dask collection those of rows of positive weight; with ``risk="gcv"`` of a random
        sample, and ``sample_weight_`` too.
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
        time, and with ``risk="gcv"``.
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
        Standard deviation over mean of one minus the leverage.  Above about 0.25, GCV cannot be
        trusted.
    cv_results_ : ndarray of shape (n_samples, n_alphas) or (n_samples, n_targets, n_alphas)
        Squared held-out errors, or held-out predictions with ``scoring``; only with
        ``store_cv_results=True``.
    factorization_ : str
        What was factorized, and why: ``"row_gram"``, ``"column_gram"``, or, where a Gram matrix
        would have lost the answer, ``"rows"``; or nothing, for sparse X with more than 4000 rows
        and features:
        ``"krylov"``, see Notes.  ``"moments"`` if rows come in blocks; ``"tridiagonal"`` for
        ``risk="gcv"`` on large data, which needs no eigenvectors.
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
    RenormalizedRidge : Ridge at a penalty, degrees of freedom or effective ridge that is given.
    sklearn.linear_model.RidgeCV : Leave-one-out over a grid.

    Notes
    -----
    The smaller of the Gram matrices of rows and columns is factorized once, at about
    ``n p min(n, p)`` multiply-adds and ``9 min(n, p)^3``; every penalty after that costs
    ``4 n min(n, p)``.  Columns of any scale are resolved in their own units; where some are alike
    to more than five digits, and not equal, rows are passed over once or twice more.

    A row is left out with all of its weight.  So an integer weight equals repeated rows whose
    copies are left out together, in the chosen penalty (of ``selection="min"`` and "robust") and
    the whole risk path; error bars count a row of any weight as one.  It equals plain repetition
    for the coefficients and for ``risk="gcv"``, where weights must be counts, except that GCV of
    "krylov" leaves rows out whole too.  A weight of zero equals removal.  Ties go to the stronger
    penalty.

    The error of row i left out is its residual times ``1 / (1 - h_i)``, its own renormalization;
    GCV replaces that by ``S = kappa / ridge``, the same for all rows [1]_ [2]_.

    Sparse X is neither centred nor made dense.  With more than 4000 rows and features no Gram
    matrix is made of it: Krylov spaces started from y and from four random vectors stand for the
    spectrum [3]_, grown until the risk has settled at the chosen penalty.  They give no leverage
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
    .. [2] Golub, Heath and Wahba (1979), "Generalized cross-validation as a method for choosing a
       good ridge parameter", Technometrics 21.
    .. [3] Ubaru, Chen and Saad (2017), "Fast estimation of tr(f(A)) via stochastic Lanczos
       quadrature", SIAM Journal on Matrix Analysis and Applications 38.
    .. [4] Lugosi and Mendelson (2020), "Risk minimization by median-of-means tournaments", Journal
       of the European Mathematical Society 22, arXiv:1608.00757: models compared in pairs, by
       robust means of differences of losses.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sk_renorm import TheoryGuidedRidgeCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = TheoryGuidedRidgeCV().fit(X, y)
    >>> print(f"{model.alpha_:.4f} {model.effective_df_:.2f} {model.risk_:.0f}")
    0.0042 9.58 3000
    """

    _parameter_constraints: ClassVar = {
        "alphas": [None, Interval(Integral, 2, None, closed="left"), "array-like"],
        "risk": [StrOptions(set(RISKS))],
        "cv": ["cv_object"],
        "scoring": [None, str, callable],
        "sample_correlation": [
            None,
            StrOptions({"independent", "ar1", "estimate"}),
            "array-like",
            callable,
        ],
        "selection": [StrOptions({"min", "1se", "robust"}), Interval(Real, 0, None, closed="left")],
        "alpha_per_target": ["boolean"],
        "fit_intercept": ["boolean"],
        "store_cv_results": ["boolean"],
        "store_rows": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        alphas=None,
        *,
        risk="loo",
        cv=None,
        scoring=None,
        sample_correlation=None,
        selection="min",
        alpha_per_target=False,
        fit_intercept=True,
        store_cv_results=False,
        store_rows=True,
        random_state=0,
    ):
        self.alphas = alphas
        self.risk = risk
        self.cv = cv
        self.scoring = scoring
        self.sample_correlation = sample_correlation
        self.selection = selection
        self.alpha_per_target = alpha_per_target
        self.fit_intercept = fit_intercept
        self.store_cv_results = store_cv_results
        self.store_rows = store_rows
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None, groups=None, risk_weight=None):
        """Choose the penalty and fit.

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
        TheoryGuidedRidgeCV
            The fitted estimator.

        Raises
        ------
        ValueError
            If parameters contradict each other or data cannot be used; the estimator is unchanged.
        """
        request = self._request(groups, risk_weight)
        return self._fit(X, y, sample_weight, groups, risk_weight, request)

    def _request(self, groups=None, risk_weight=None) -> Request:
        """Check parameters; return what they ask for."""
        alphas = self._check_params(groups, risk_weight)
        if alphas is None:
            candidates = Search()
        else:
            candidates = Count(alphas) if isinstance(alphas, Integral) else Grid(alphas)
        rule = {"min": Rule(), "1se": Rule(1.0), "robust": Rule(is_bounded=True)}
        return Request(
            candidates=candidates,
            rule=rule[self.selection] if isinstance(self.selection, str) else Rule(self.selection),
            risk=self.risk,
            per_target=self.alpha_per_target,
            fit_intercept=self.fit_intercept,
            store_path=self.store_cv_results,
        )

    def _check_kinds(self) -> None:
        """Refuse what is likely meant otherwise, with what to give instead."""
        enough = 2 if isinstance(self.alphas, Integral) else np.inf
        if isinstance(self.alphas, bool | np.bool_):
            raise InvalidParameterError(
                "The 'alphas' parameter of TheoryGuidedRidgeCV must be a list of penalties, an int "
                f"from 2 on, how many to try, or None. Got {bool(self.alphas)} instead."
            )
        if isinstance(self.alphas, Real) and 0 <= self.alphas < enough:
            given = f"{float(self.alphas):g}"
            raise InvalidParameterError(
                "The 'alphas' parameter of TheoryGuidedRidgeCV must be a list of penalties, or an "
                f"int from 2 on, how many to try. Got {given} instead. For this one penalty give "
                f"alphas=[{given}], or use RenormalizedRidge(alpha={given})."
            )
        names = get_scorer_names()
        if isinstance(self.scoring, str) and self.scoring not in names:
            near = get_close_matches(self.scoring, names, n=1)
            hint = f"; the name next to it is {near[0]!r}" if near else ""
            raise InvalidParameterError(
                "The 'scoring' parameter of TheoryGuidedRidgeCV must be None, a callable, or one "
                f"of sklearn.metrics.get_scorer_names(). Got {self.scoring!r} instead{hint}."
            )

    def _check_params(self, groups, risk_weight) -> int | np.ndarray | None:
        """Check parameters before anything is touched; return the candidates asked for."""
        self._check_kinds()
        check_params(self)
        if self.store_cv_results and not self.store_rows:
            raise ValueError(
                "store_cv_results=True keeps numbers of every row, and store_rows=False none; "
                "leave one of the two out."
            )
        if self.risk == "gcv":
            asked = {
                "cv": self.cv is not None,
                "groups": groups is not None,
                "risk_weight": risk_weight is not None,
                "scoring": self.scoring is not None,
                "store_cv_results": self.store_cv_results,
            }
            refuse(
                asked,
                "{name} needs errors of rows left out, and risk='gcv' has only their mean square; "
                "use risk='loo' with {name}.",
            )
        if self._is_robust():
            asked = {
                "risk='gcv'": self.risk == "gcv",
                "scoring": self.scoring is not None,
                "sample_correlation": self._rows_are_correlated(),
            }
            refuse(
                asked,
                "selection='robust' goes by squared errors of rows left out, row by row, and "
                "{name} by something else; leave one of the two out.",
            )
        if self.alphas is None or isinstance(self.alphas, Integral):
            return self.alphas
        return check_penalties(self.alphas, "alphas")
