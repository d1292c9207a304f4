"""What the pages of estimators say alike: some parameters, and all fitted attributes."""

from textwrap import indent

_SAMPLE_CORRELATION = """\
sample_correlation : None, str, array-like or callable, default=None
    How rows depend on each other, in their order: the risk is then that of a row far from all
    training rows, and intervals are for such rows.

    - None: rows count as independent; a warning says so if they predict their neighbours.
    - "independent": the same without looking at their order.
    - "ar1", "estimate": an autoregression of order one, or up to five, fitted to X.
    - array-like of shape (n_lags,): autocorrelations from lag 0 on, zero beyond; of shape
      (n_samples, n_samples): their correlation matrix.
    - callable: given the number of rows, returns one of these arrays.

    The noise may be correlated in part, or over another length, which is fitted to the
    residuals."""

_FIT_INTERCEPT = """\
fit_intercept : bool, default=True
    Whether to fit an intercept, which is not penalized."""

_STORAGE = """\
store_rows : bool, default=True
    Whether to keep what has a number for each row.

    - True: ``report_`` and ``predict_interval(method="jackknife+")`` may use the training rows,
      of which a reference is kept as they were validated (no copy of float arrays).  Copies and
      pickles of the model hold held-out predictions, from which labels can be read, and never
      these rows.  After ``partial_fit`` all hold a sample of at most 2048 rows, from which it
      goes on, whatever is said here.
    - False: nothing of single rows outlives the fit, which makes all other answers at once, and
      what needs them says so: ``loo_predictions_``, ``report_.held_out``, prediction intervals
      and deviations.  Between blocks of ``partial_fit`` a sample of rows is kept all the same.
random_state : int, RandomState instance or None, default=0
    Of the random vectors whose mean stands for a trace where sparse X has more than 4000 rows
    and features; nothing else is random.  An int, 0 too, gives the same result every time."""

_CHOSEN = """\
alpha_ : float or ndarray of shape (n_targets,)
    The penalty; where each target has its own this and what follows has one number for each.
risk_ : float or ndarray of shape (n_targets,)
    Expected squared error on a fresh row at ``alpha_``, label noise included, in squared units
    of y: the weighted mean over held-out rows, and over targets where they share a penalty.
    With ``risk_weight``, fresh rows are from the population that the weights point to.
risk_std_error_ : float or ndarray of shape (n_targets,)
    Standard error of ``risk_`` as an estimate of the risk of this very model; made when asked
    for, by a pass over the rows.
best_score_ : float or ndarray of shape (n_targets,)
    Score at ``alpha_``, higher is better: minus the risk, or what ``scoring`` gave.
effective_df_ : float or ndarray of shape (n_targets,)
    Degrees of freedom: the trace of the hat matrix, without the intercept's one.
effective_ridge_ : float or ndarray of shape (n_targets,)
    The renormalized ridge ``kappa = ridge / (1 - df / n)``, per sample: ``ridge = alpha / n``,
    with n the sum of the weights less one for the intercept.
loo_predictions_ : ndarray of shape (n_samples,) or (n_samples, n_targets), as y
    Prediction of every row by the model fitted without it, or without its fold or group; see
    ``predictions`` of :class:`~sk_renorm.report.HeldOut`.
report_ : Report
    All else that the fit knows, made when asked for: error bars, noise, the path, held-out
    errors, forecasts, problems.  Print it for a summary; see
    :class:`~sk_renorm.report.Report`."""

_FEATURES = """\
n_features_in_ : int
    Number of features.
feature_names_in_ : ndarray of shape (n_features,)
    Names of the features, if all are strings."""

_COEFFICIENTS = """\
Attributes
----------
coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
    Coefficients.
intercept_ : float or ndarray of shape (n_targets,)
    Intercept; 0.0 if ``fit_intercept=False``."""

_SEEN = """\
n_samples_seen_ : int
    Rows seen by ``partial_fit``; only after it."""

_SHARED = {
    "sample_correlation": _SAMPLE_CORRELATION,
    "fit_intercept": _FIT_INTERCEPT,
    "storage": _STORAGE,
    "attributes": "\n".join([_COEFFICIENTS, _CHOSEN, _SEEN, _FEATURES]),
    "chosen": "\n".join([_CHOSEN, _FEATURES]),
}


def shares_doc(estimator: type) -> type:
    """Put the shared text where the docstring of a class says ``{name}`` on a line of its own."""
    if estimator.__doc__:  # python -OO has none
        for name, text in _SHARED.items():
            mark = f"    {{{name}}}"
            estimator.__doc__ = estimator.__doc__.replace(mark, indent(text, "    "))
    return estimator
