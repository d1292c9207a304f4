"""Forecasts from a fitted model: the learning curve at sizes not yet collected.

One fit knows the bias and the degrees of freedom at every effective ridge kappa, which do not
depend on the number of rows; see :func:`learning_curve`.  Only fitted attributes are read.
"""

from dataclasses import dataclass, replace
from numbers import Real

import numpy as np

from sk_renorm._rows.devices import on_host
from sk_renorm.report.last_step import fitted_model
from sk_renorm.report.learning_curve import FittedPath, Forecaster, LearningCurve

__all__ = ["LearningCurve", "SamplesNeeded", "learning_curve", "samples_needed"]

_MOST = 1e6  # times the rows of the fit: further away nothing is said


@dataclass(frozen=True)
class SamplesNeeded:
    """How many rows a risk takes; with ``alpha_per_target`` arrays (n_targets,).

    Parameters
    ----------
    n_samples : float or ndarray of shape (n_targets,)
        Number of rows; infinite if no amount of data reaches the risk.
    lower, upper : float or ndarray of shape (n_targets,)
        Where the edges of the 90 % band reach it.
    at_edge : bool or ndarray of shape (n_targets,)
        Whether that lies beyond what the fit can tell, see `LearningCurve`.
    message : str
        A sentence that says so.
    """

    n_samples: float | np.ndarray
    lower: float | np.ndarray
    upper: float | np.ndarray
    at_edge: bool | np.ndarray
    message: str

    def __str__(self):
        return self.message


def learning_curve(model, train_sizes, *, alpha=None):
    """Forecast the risk of a ridge regression fitted to other numbers of rows.

    Parameters
    ----------
    model : TheoryGuidedRidgeCV, RenormalizedRidge or Pipeline
        Fitted, or a fitted pipeline that ends with one; nothing is fitted again.
    train_sizes : array-like of shape (m,)
        Numbers of training rows, larger or smaller than that of the fit; at least 3.
    alpha : None or float, default=None
        Penalty at every size, in scikit-learn's (sum) convention; None takes the best one of each.

    Returns
    -------
    LearningCurve
        Risk, its standard error, a 90 % band, and whether it lies at the edge of what can be told.

    Raises
    ------
    TypeError
        If ``model`` is none of these.
    ValueError
        If a size is below 3 or not a number, or alpha is negative.

    Notes
    -----
    With m rows the risk at effective ridge kappa is ``B(kappa) / (1 - df2(kappa) / m)``, and the
    penalty ``kappa (m - df1(kappa))``; ``B = bias^2 + noise``, ``df1`` and ``df2`` belong to the
    population and are read off one fit, calibrated by leave-one-out [1]_.  Rows of unequal size,
    ``sqrt(tau) z``, as heavy tails make them, renormalize as rows of unequal weight do [2]_: the
    spread of tau is read off the leverages, and how much of the noise grows with it off the errors;
    not with sample weights or groups.

    Up to as many rows as were fitted this interpolates.  With more it holds as long as the best
    kappa is no smaller than the smallest that the fit saw.  Beyond, ``at_edge`` is set, ``risk``
    takes B for frozen, and the band reaches from the risk with as many rows as were fitted, above,
    to power laws without avoidable noise, below.  Rows are those of the fit: the same distribution,
    and weights of the same mean.

    With ``alpha=None`` the curve is that of a model tuned by its own estimate at each size: the
    least estimate is corrected for having been chosen as the least, and for what such a choice
    costs, by simulating both with the covariance of the estimates.

    Time two milliseconds or so a size and target, whatever the number of rows or features.

    References
    ----------
    .. [1] Atanasov, Zavatone-Veth and Pehlevan (2024), "Scaling and renormalization in
       high-dimensional regression", arXiv:2405.00592.
    .. [2] Atanasov, Zavatone-Veth and Pehlevan (2024), "Risk and cross validation in ridge
       regression with correlated samples", arXiv:2408.04607.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sk_renorm import TheoryGuidedRidgeCV
    >>> from sk_renorm.forecast import learning_curve
    >>> X, y = load_diabetes(return_X_y=True)
    >>> curve = learning_curve(TheoryGuidedRidgeCV().fit(X[:100], y[:100]), [50, 100, 200])
    >>> print(curve.risk.round(-1))
    [3500. 3220. 3050.]
    """
    model = on_host(fitted_model(model))
    train_sizes = np.atleast_1d(train_sizes)
    numbers = train_sizes.dtype.kind in "iuf" and train_sizes.ndim == 1 and len(train_sizes)
    sizes = train_sizes.astype(float) if numbers else np.zeros(1)
    if not np.all(np.isfinite(sizes) & (sizes >= 3)):
        raise ValueError(
            f"train_sizes must be numbers of rows, each at least 3; got {train_sizes!r}."
        )
    weight = model.risk_profile_["mean_weight"]
    if alpha is not None and not (isinstance(alpha, Real) and 0.0 <= alpha < np.inf):
        raise ValueError(f"alpha must be a finite penalty, not below zero; got {alpha!r}.")
    curve = _curve(model, sizes, None if alpha is None else alpha / weight)
    curve = replace(curve, train_sizes=train_sizes, alpha=curve.alpha * weight)
    if curve.risk.shape[1] > 1:
        return curve
    return replace(
        curve, **{name: values[:, 0] for name, values in vars(curve).items() if values.ndim == 2}
    )


def samples_needed(model, target_risk):
    """Forecast how many rows the best ridge regression needs to reach a risk.

    Parameters
    ----------
    model : TheoryGuidedRidgeCV, RenormalizedRidge or Pipeline
        Fitted, or a fitted pipeline that ends with one; nothing is fitted again.
    target_risk : float
        Expected squared error on a fresh row, label noise included, in squared units of y.  Of a
        model that tunes itself: ``risk_`` of a single fit tends to be a little lower, having been
        chosen for that.

    Returns
    -------
    SamplesNeeded
        Number of rows with a band, or infinity and the sentence that no amount of data reaches it.

    Raises
    ------
    TypeError
        If ``model`` is none of these.
    ValueError
        If the risk is not a positive number.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sk_renorm import TheoryGuidedRidgeCV
    >>> from sk_renorm.forecast import samples_needed
    >>> model = TheoryGuidedRidgeCV().fit(*load_diabetes(return_X_y=True))
    >>> print(samples_needed(model, 3100.0))
    About 211 rows (at least 54) are forecast to reach a risk of 3100.
    >>> print(samples_needed(model, 2000.0))
    No amount of data is forecast to reach a risk of 2000: the curve levels off at 2948.
    """
    model = on_host(fitted_model(model))
    if not (isinstance(target_risk, Real) and 0.0 < target_risk < np.inf):
        raise ValueError(f"target_risk must be one positive number, got {target_risk!r}.")
    sizes = np.geomspace(3.0, _MOST * model.risk_profile_["n_rows"], 120)
    curve = _curve(model, sizes)
    needed, at = _first_below(sizes, curve.risk, target_risk)
    lower, _ = _first_below(sizes, curve.lower, target_risk)
    upper, _ = _first_below(sizes, curve.upper, target_risk)
    at_edge = curve.at_edge[at, np.arange(len(needed))]
    if len(needed) > 1:
        message = f"{np.isfinite(needed).sum()} of {len(needed)} targets reach {target_risk:g}."
        return SamplesNeeded(needed, lower, upper, at_edge, message)
    results = float(needed[0]), float(lower[0]), float(upper[0]), bool(at_edge[0])
    message = _sentence(target_risk, *results, curve.risk.min())
    return SamplesNeeded(*results, message)


def _curve(model, sizes: np.ndarray, alpha: float | None = None) -> LearningCurve:
    """Return the curve in squared units of y; ``alpha`` is per row of mean weight."""
    curve = _forecaster(model).curve(sizes, alpha)
    square = np.square(model.risk_profile_["unit"])
    names = ("risk", "std_error", "lower", "upper")
    return replace(curve, **{name: getattr(curve, name) * square for name in names})


def _forecaster(model) -> Forecaster:
    """Return what ``model`` knows of the population."""
    profile = model.risk_profile_
    alphas, n_nodes = profile["alpha"], len(profile["alpha"])
    even_noise = profile["even_noise"]
    nodes = FittedPath(
        profile["kappa"],
        profile["df1"],
        profile["df2"],
        profile["bias_and_noise"].reshape(n_nodes, -1),
        profile["relative_error"].reshape(n_nodes, -1),
        np.zeros((n_nodes, 1)),
        profile["leverage_dispersion"],
        n_modes=profile["n_rows"] - int(profile["fit_intercept"]),
        n_features=model.n_features_in_,
        fit_intercept=profile["fit_intercept"],
        interpolates=profile["interpolates"],
        least_noise=np.atleast_1d(profile["least_noise"]),
    )
    if even_noise is not None:
        nodes = nodes.for_unequal_rows(np.atleast_1d(even_noise))
    risks = profile["risk"].reshape(n_nodes, -1).T
    return Forecaster.from_nodes(
        alphas, nodes, risks, profile["covariance"].reshape(-1, n_nodes, n_nodes)
    )


def _first_below(sizes, curves, target) -> tuple[np.ndarray, np.ndarray]:
    """Return where curves (m, k) first fall to ``target``, infinite if never; and the index."""
    below = curves <= target
    index = np.where(below.any(axis=0), below.argmax(axis=0), len(sizes) - 1)
    columns = np.arange(curves.shape[1])
    after, before = curves[index, columns], curves[np.maximum(index - 1, 0), columns]
    step = np.divide(before - target, before - after, out=np.ones_like(after), where=before > after)
    step = np.where(np.isfinite(before), step, 1.0).clip(0.0, 1.0)
    start = sizes[np.maximum(index - 1, 0)]
    found = np.ceil(start * (sizes[index] / start) ** step)
    return np.where(below.any(axis=0), found, np.inf), index


def _sentence(target, needed, lower, upper, at_edge, least) -> str:
    if not np.isfinite(needed):
        known = f", though the band does not exclude {lower:.0f} rows" if np.isfinite(lower) else ""
        return (
            f"No amount of data is forecast to reach a risk of {target:g}: the curve levels off at "
            f"{least:.4g}{known}."
        )
    band = f"{lower:.0f} to {upper:.0f}" if np.isfinite(upper) else f"at least {lower:.0f}"
    edge = ", beyond what this fit can tell" if at_edge else ""
    return f"About {needed:.0f} rows ({band}{edge}) are forecast to reach a risk of {target:g}."
