"""TheoryGuidedRidgeCV: ridge regression that tunes itself."""

from difflib import get_close_matches
from numbers import Integral, Real
from typing import ClassVar

from sklearn.base import RegressorMixin
from sklearn.metrics import check_scoring, get_scorer_names

from sk_renorm._estimator.excludes import refuse_contradictions
from sk_renorm._estimator.linear import LinearRegressor
from sk_renorm._estimator.read import (
    Given,
    candidates_asked_for,
    correlation_asked_for,
    refuse_single_alpha,
)
from sk_renorm._estimator.shared_doc import shares_doc
from sk_renorm._risk import RISKS
from sk_renorm._rows.check import check_params
from sk_renorm._rows.compat import Interval, InvalidParameterError, StrOptions
from sk_renorm._tuning.request import Request
from sk_renorm._tuning.rule import Rule
from sk_renorm._tuning.scorer import HeldOutScorer


@shares_doc
class TheoryGuidedRidgeCV(RegressorMixin, LinearRegressor):
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
          moments only, and fails where leverages differ much; see ``report_.leverage_dispersion``.
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
    {sample_correlation}
        With ``risk="gcv"`` all of it is as the rows are, as CorrGCV assumes: 2 to 7 times too high
        a risk if it is not.
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
    {fit_intercept}
    store_cv_results : bool, default=False
        Whether to keep ``cv_results_``.
    {storage}

    {attributes}
    cv_results_ : ndarray of shape (n_samples, n_alphas) or (n_samples, n_targets, n_alphas)
        Squared held-out errors, or held-out predictions with ``scoring``, at the penalties of
        ``report_.path``; only with ``store_cv_results=True``.

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
    NaN at penalties too small for it; see ``report_.leverage_dispersion`` for whether to trust it.
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
        return self._fit(X, Given(y, sample_weight, groups, risk_weight), request)

    def _request(self, groups=None, risk_weight=None) -> Request:
        """Check parameters; return what they ask for."""
        refuse_single_alpha(self, ", or use RenormalizedRidge(alpha={})")
        self._check_scoring_name()
        check_params(self)
        scorer = self._scorer()
        name = self.scoring if isinstance(self.scoring, str) else None
        rule = {"min": Rule(), "1se": Rule(1.0), "robust": Rule(is_bounded=True)}
        request = Request(
            candidates=candidates_asked_for(self.alphas),
            rule=rule[self.selection] if isinstance(self.selection, str) else Rule(self.selection),
            risk=self.risk,
            per_target=self.alpha_per_target,
            fit_intercept=self.fit_intercept,
            store_rows=self.store_rows,
            correlation=correlation_asked_for(self.sample_correlation),
            is_order_known=self.sample_correlation is not None,
            scorer=None if scorer is None else HeldOutScorer(scorer, name),
            store_path=self.store_cv_results,
        )
        refuse_contradictions(self, request, groups, risk_weight)
        return request

    def _scorer(self):
        return None if self.scoring is None else check_scoring(self, scoring=self.scoring)

    def _check_scoring_name(self) -> None:
        """Refuse a name that is none, with the name next to it."""
        if not isinstance(self.scoring, str):
            return
        names = get_scorer_names()
        if self.scoring not in names:
            near = get_close_matches(self.scoring, names, n=1)
            hint = f"; the name next to it is {near[0]!r}" if near else ""
            raise InvalidParameterError(
                "The 'scoring' parameter of TheoryGuidedRidgeCV must be None, a callable, or one "
                f"of sklearn.metrics.get_scorer_names(). Got {self.scoring!r} instead{hint}."
            )
