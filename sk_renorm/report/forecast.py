"""Forecasts from one fit: the risk at sizes not yet collected, and the size that a risk takes.

One fit knows the bias and the degrees of freedom at every effective ridge kappa, which do not
depend on the number of rows; see `learning_curve`.
"""

from dataclasses import dataclass, replace
from numbers import Real

import numpy as np

from sk_renorm._risk import RiskProfile, noise_interval
from sk_renorm.report.learning_curve import FittedPath, Forecaster, LearningCurve
from sk_renorm.report.parts import Setting

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

    def __repr__(self):
        return self.message


def forecast_curve(
    profile: RiskProfile, setting: Setting, train_sizes, alpha: float | None
) -> LearningCurve:
    """Forecast the risk at ``train_sizes``; see `Report.learning_curve`."""
    train_sizes = np.atleast_1d(train_sizes)
    numbers = train_sizes.dtype.kind in "iuf" and train_sizes.ndim == 1 and len(train_sizes)
    sizes = train_sizes.astype(float) if numbers else np.zeros(1)
    if not np.all(np.isfinite(sizes) & (sizes >= 3)):
        raise ValueError(
            f"train_sizes must be numbers of rows, each at least 3; got {train_sizes!r}."
        )
    weight = setting.mean_weight
    if alpha is not None and not (isinstance(alpha, Real) and 0.0 <= alpha < np.inf):
        raise ValueError(f"alpha must be a finite penalty, not below zero; got {alpha!r}.")
    curve = _curve(profile, setting, sizes, None if alpha is None else alpha / weight)
    curve = replace(curve, train_sizes=train_sizes, alpha=curve.alpha * weight)
    if curve.risk.shape[1] > 1:
        return curve
    return replace(
        curve, **{name: values[:, 0] for name, values in vars(curve).items() if values.ndim == 2}
    )


def forecast_samples(profile: RiskProfile, setting: Setting, target_risk: float) -> SamplesNeeded:
    """Forecast how many rows ``target_risk`` takes; see `Report.samples_needed`."""
    if not (isinstance(target_risk, Real) and 0.0 < target_risk < np.inf):
        raise ValueError(f"target_risk must be one positive number, got {target_risk!r}.")
    sizes = np.geomspace(3.0, _MOST * setting.n_rows, 120)
    curve = _curve(profile, setting, sizes)
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


def _curve(
    profile: RiskProfile, setting: Setting, sizes: np.ndarray, alpha: float | None = None
) -> LearningCurve:
    """Return the curve in squared units of y; ``alpha`` is per row of mean weight."""
    curve = _forecaster(profile, setting.most_df).curve(sizes, alpha)
    square = np.square(setting.unit)
    names = ("risk", "std_error", "lower", "upper")
    return replace(curve, **{name: getattr(curve, name) * square for name in names})


def _forecaster(profile: RiskProfile, most_df: float) -> Forecaster:
    """Return what a profile knows of the population."""
    nodes = FittedPath(
        profile.kappa,
        profile.df1,
        profile.df2,
        profile.bias_and_noise.T,
        profile.relative_error.T,
        np.zeros((len(profile.alphas), 1)),
        profile.leverage_dispersion,
        n_modes=profile.n_rows - int(profile.fit_intercept),
        most_df=most_df,
        fit_intercept=bool(profile.fit_intercept),
        interpolates=profile.residual_noise is None,
        least_noise=noise_interval(profile)[:, 0],
    )
    if profile.even_noise is not None:
        nodes = nodes.for_unequal_rows(profile.even_noise)
    return Forecaster.from_nodes(profile.alphas, nodes, profile.risks, profile.covariance)


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
