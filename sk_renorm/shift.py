"""Weights that make training rows speak for rows from elsewhere, without their labels.

A classifier that tells the two kinds of rows apart knows how much more typical each training row is
of the others: the ratio of the densities is the odds of its probabilities.
"""

import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_renorm._rows.check import check_rows
from sk_renorm.report.intervals import effective_size

__all__ = ["shift_weights"]

_FEWEST = 10  # rows of either kind, below which there is nothing to learn from
_SMALL = 20.0  # effective rows: a mean square of so few is known to about a third
_MOSTLY = 0.5  # of the target, that training rows should stand for


def shift_weights(X, X_target, *, classifier=None):
    """Return how much more typical each training row is of target rows: for ``risk_weight``.

    Estimates the ratio of the densities, target over training, at every row of X: the odds of a
    classifier of the two, on rows that it was not fitted to (five folds), over the ratio of their
    numbers [1]_.  Labels are not needed.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Training rows.
    X_target : array-like of shape (n_target_samples, n_features)
        Rows from where the model will be used; at least 10, as of X.
    classifier : estimator, default=None
        Classifier of scikit-learn with ``predict_proba``; it gets numbers without names.  None
        stands for logistic regression on standardized features, its penalty chosen by log loss:
        right where the logarithm of the ratio is linear, as for Gaussian rows whose mean moved.

    Returns
    -------
    ndarray of shape (n_samples,)
        Weights of mean one.

    Raises
    ------
    ValueError
        If rows hold no numbers, or such as cannot be squared, the features differ, there are too
        few rows, the classifier has no probabilities, or no training row is like a target row.

    Warns
    -----
    UserWarning
        If the target lies mostly outside of the training rows: nothing can weigh rows that are not
        there.

    Notes
    -----
    What is learned is that x has moved.  It says nothing of a change in how y depends on x.

    Ratios, of mean one by their nature, are cut at ``sqrt(n_samples)`` [2]_: it costs little bias,
    and no single row decides.  Splits are shuffled by a fixed seed, so the result is reproducible.
    A row with a ``sample_weight`` gets the weight of one row here: fit multiplies both.

    References
    ----------
    .. [1] Sugiyama, Suzuki and Kanamori (2012), "Density ratio estimation in machine learning",
       Cambridge University Press.
    .. [2] Ionides (2008), "Truncated importance sampling", Journal of Computational and Graphical
       Statistics 17.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_renorm import TheoryGuidedRidgeCV
    >>> from sk_renorm.shift import shift_weights
    >>> rng = np.random.default_rng(0)
    >>> X, X_target = rng.normal(size=(500, 3)), rng.normal(size=(200, 3)) + [0.7, 0, 0]
    >>> y = np.abs(X[:, 0]) + 0.1 * rng.normal(size=500)
    >>> model = TheoryGuidedRidgeCV().fit(X, y, risk_weight=shift_weights(X, X_target))
    >>> print(f"{TheoryGuidedRidgeCV().fit(X, y).risk_:.2f} {model.risk_:.2f}")
    0.37 0.53
    >>> y_target = np.abs(X_target[:, 0]) + 0.1 * rng.normal(size=200)
    >>> print(f"{np.mean((y_target - model.predict(X_target)) ** 2):.2f}")
    0.57
    """
    X, X_target = _check_rows(X, X_target)
    n_rows, n_target = len(X), len(X_target)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    if not (classifier is None or hasattr(classifier, "predict_proba")):
        raise ValueError(
            "classifier must have predict_proba, whose odds are the weights; "
            f"{classifier!r} has none. Wrap it in CalibratedClassifierCV, or take another."
        )
    is_target = np.repeat([0, 1], [n_rows, n_target])
    rows = np.concatenate([X, X_target])
    classifier = _logistic_regression(rows, is_target, folds) if classifier is None else classifier
    probability = cross_val_predict(classifier, rows, is_target, cv=folds, method="predict_proba")[
        :n_rows, 1
    ]
    with np.errstate(divide="ignore"):  # trees are certain at times
        ratio = probability / (1.0 - probability) * (n_rows / n_target)
    ratio = np.minimum(ratio, np.sqrt(n_rows))
    if not ratio.any():
        raise ValueError(
            "No training row looks like a target row to this classifier, so none can stand for "
            "them; collect labels there."
        )
    _warn_if_outside(ratio)
    return ratio / ratio.mean()


def _check_rows(X, X_target) -> tuple[np.ndarray, np.ndarray]:
    names = [list(rows.columns) for rows in (X, X_target) if hasattr(rows, "columns")]
    if len(names) == 2 and names[0] != names[1]:
        raise ValueError(
            "X and X_target must have the same columns in the same order; select them with "
            "X_target[X.columns]."
        )
    X, X_target = check_rows(X, "X"), check_rows(X_target, "X_target")
    for rows, name in ((X, "X"), (X_target, "X_target")):
        if len(rows) < _FEWEST:
            raise ValueError(
                f"{name} has {len(rows)} rows; telling two kinds of rows apart takes at least "
                f"{_FEWEST} of each."
            )
    if X.shape[1] != X_target.shape[1]:
        raise ValueError(
            f"X has {X.shape[1]} features and X_target {X_target.shape[1]}; give both the same."
        )
    return X, X_target


def _logistic_regression(rows: np.ndarray, is_target: np.ndarray, folds):
    """Return a logistic regression of standardized features, at its best penalty for ``rows``."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    grid = {"logisticregression__C": np.logspace(-4.0, 1.0, 6)}
    search = GridSearchCV(model, grid, scoring="neg_log_loss", cv=folds, refit=False)
    return model.set_params(**search.fit(rows, is_target).best_params_)


def _warn_if_outside(ratio: np.ndarray) -> None:
    """Warn if training rows miss most of the target, or hardly any of them stands for it.

    The mean of the ratio over training rows is what share of the target they stand for.
    """
    size, share = effective_size(ratio, len(ratio)), min(ratio.mean(), 1.0)
    if share >= _MOSTLY and size >= min(_SMALL, 0.5 * len(ratio)):
        return
    warnings.warn(
        f"The target lies mostly outside of the training rows: they stand for {share:.0%} of it, "
        f"with an effective size of {size:.0f} of {len(ratio)} rows. A risk with such weights "
        "means little; collect labels there.",
        UserWarning,
        stacklevel=3,
    )
