"""RenormalizedRidge: ridge regression at a penalty given in the unit one thinks in."""

from numbers import Real
from typing import ClassVar

import numpy as np
from sklearn.base import RegressorMixin

from sk_renorm._estimator.excludes import refuse_contradictions
from sk_renorm._estimator.linear import LinearRegressor
from sk_renorm._estimator.read import Given, correlation_asked_for
from sk_renorm._estimator.shared_doc import shares_doc
from sk_renorm._rows.check import check_params, check_penalties
from sk_renorm._rows.compat import Interval, StrOptions
from sk_renorm._rows.devices import to_host
from sk_renorm._tuning.candidates import ByDf, ByRidge, Fixed, Search
from sk_renorm._tuning.request import Request


@shares_doc
class RenormalizedRidge(RegressorMixin, LinearRegressor):
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
    {sample_correlation}
    {fit_intercept}
    {storage}

    {attributes}

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
        request = self._request(groups, risk_weight)
        return self._fit(X, Given(y, sample_weight, groups, risk_weight), request)

    def _request(self, groups=None, risk_weight=None) -> Request:
        """Check parameters; return what they ask for."""
        dial, value = self._check_params()
        asked = {"alpha": Fixed, "effective_df": ByDf, "effective_ridge": ByRidge}
        request = Request(
            candidates=Search() if dial is None else asked[dial](value),
            per_target=dial == "alpha" and len(value) > 1,
            fit_intercept=self.fit_intercept,
            store_rows=self.store_rows,
            correlation=correlation_asked_for(self.sample_correlation),
            is_order_known=self.sample_correlation is not None,
        )
        refuse_contradictions(self, request, groups, risk_weight)
        return request

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
