"""What a report answers with: small frozen objects that a person can read."""

from dataclasses import dataclass, fields

import numpy as np

_FEW = 6  # numbers that are shown one by one


class Answer:
    """Shows its fields on a line each."""

    def __repr__(self):
        named = [(field.name, getattr(self, field.name)) for field in fields(self)]
        width = max(len(name) for name, _ in named)
        lines = [f"  {name:<{width}}  {shown(value)}" for name, value in named]
        return "\n".join([type(self).__name__, *lines])


def shown(value) -> str:
    """Write a value in a few words: all of few numbers, and of many how many and from where to."""
    if isinstance(value, np.ndarray) and value.size > _FEW:
        finite = value[np.isfinite(value)]
        ends = f", {finite.min():.4g} to {finite.max():.4g}" if finite.size else ""
        return f"{' x '.join(str(size) for size in value.shape)} values{ends}"
    if isinstance(value, np.ndarray) and value.ndim > 1:
        return " ".join(shown(row) for row in value)
    if isinstance(value, np.ndarray):
        return f"[{' '.join(shown(number) for number in value.tolist())}]"
    return f"{value + 0.0:.4g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True, repr=False)
class RiskPath(Answer):
    """The risk at the penalties that were tried.

    Parameters
    ----------
    alpha : ndarray of shape (n_alphas,)
        Penalties: the candidates in their order, or the nodes of the search and the penalty chosen.
    risk : ndarray of shape (n_alphas,) or (n_alphas, n_targets)
        Expected squared error on a fresh row, in squared units of y.
    std_error : ndarray of the same shape or None
        Its standard error; None in a copy of a large fit that was not asked for it before.
    effective_df : ndarray of shape (n_alphas,)
        Degrees of freedom.
    effective_ridge : ndarray of shape (n_alphas,)
        Renormalized ridge.
    """

    alpha: np.ndarray
    risk: np.ndarray
    std_error: np.ndarray | None
    effective_df: np.ndarray
    effective_ridge: np.ndarray


@dataclass(frozen=True, repr=False)
class Profile(Answer):
    """All of the path at a few nodes, whatever was tried: what other answers are made of.

    Parameters
    ----------
    alpha : ndarray of shape (n_nodes,)
        Penalties, ascending, positive.
    risk : ndarray of shape (n_nodes,) or (n_nodes, n_targets)
        Estimated risk, in squared units of y.
    std_error : ndarray of the same shape
        Its standard error.
    covariance : ndarray of shape (n_nodes, n_nodes) or (n_targets, n_nodes, n_nodes)
        Of the estimates, in fourth powers of the unit of y.
    bias_and_noise, relative_error : ndarray of shape (n_nodes,) or (n_nodes, n_targets)
        Squared bias plus noise, and its relative standard error.
    df1, df2 : ndarray of shape (n_nodes,)
        Degrees of freedom ``tr H``, and of the population ``tr Sigma^2 (Sigma + kappa)^-2``.
    kappa : ndarray of shape (n_nodes,)
        Effective ridge per row of mean weight.
    leverage_dispersion : ndarray of shape (n_nodes,)
        Standard deviation over mean of one minus the leverage.
    even_noise : float or ndarray of shape (n_targets,), or None
        Part of the risk that does not grow with the leverage of a row; None if single rows were not
        left out, or have weights.
    """

    alpha: np.ndarray
    risk: np.ndarray
    std_error: np.ndarray
    covariance: np.ndarray
    bias_and_noise: np.ndarray
    relative_error: np.ndarray
    df1: np.ndarray
    df2: np.ndarray
    kappa: np.ndarray
    leverage_dispersion: np.ndarray
    even_noise: float | np.ndarray | None


@dataclass(frozen=True, repr=False)
class HeldOut(Answer):
    """Predictions of rows by models fitted without them.

    Parameters
    ----------
    predictions : ndarray of shape (n_samples,) or (n_samples, n_targets), as y
        Of every row by the model without it, or without its fold or group: the mean of several, NaN
        for rows that ``cv`` never tests.
    errors : ndarray of the same shape
        The target less these; NaN for rows of zero weight too.  Of Krylov spaces residuals of the
        fit times one factor, which makes their mean square the risk.  Of rows in blocks those of
        positive weight, or of a sample.
    weights : ndarray of shape (n_samples,) or None
        Weights of rows in the risk, sample weights times risk weights; None where all are one.
    groups : ndarray of shape (n_samples,) or None
        Groups as numbers from 0; None without.
    effective_size : float
        Number of rows (or groups) of equal weight from which the risk would be known as well:
        ``(sum w)^2 / sum w^2``.
    """

    predictions: np.ndarray
    errors: np.ndarray
    weights: np.ndarray | None
    groups: np.ndarray | None
    effective_size: float


@dataclass(frozen=True, repr=False)
class Noise(Answer):
    """What the data say of label noise, in squared units of y.

    Parameters
    ----------
    variance : float or ndarray of shape (n_targets,)
        Unbiased estimate, the residual sum of squares of least squares over its degrees of freedom;
        NaN where none remain, or where the spectrum is not known.
    interval : ndarray of shape (2,) or (n_targets, 2)
        Bounds, each at 95 %.
    r2_ceiling : ndarray of shape (2,) or (n_targets, 2)
        Bounds of the R^2 that a linear model with unlimited data could reach, each at 95 %.
    """

    variance: float | np.ndarray
    interval: np.ndarray
    r2_ceiling: np.ndarray


@dataclass(frozen=True, repr=False)
class Dependence(Answer):
    """What ``sample_correlation`` makes of the risk: that of a row far from the training rows.

    Parameters
    ----------
    sample_correlation : ndarray of shape (n_lags,) or (n_samples, n_samples)
        Correlation of the rows of X that was used.
    sample_correlation_std_error : ndarray of shape (n_lags,) or None
        Standard errors of autocorrelations estimated from X; None if they were given.
    noise_correlation : float or ndarray of shape (n_targets,), or None
        Correlation between neighbouring rows of the noise that is not as the rows of X are: an
        autoregression of order one, fitted to the residuals.  None where rows have no order in
        time, and with ``risk="gcv"``.
    noise_correlation_std_error : float or ndarray of shape (n_targets,), or None
        Its standard error, which is large where noise is as the rows are, and inf where there is
        none.
    far_error_factor : float or ndarray of shape (n_targets,)
        Error of a row far from the training rows over that of a held-out one.
    excess, noise : float or ndarray of shape (n_targets,)
        The part of the risk that is correlated as the rows are, and the rest of the noise, in
        squared units of y.
    error_noise_correlation : float or ndarray of shape (n_targets,)
        Correlation between neighbours of that rest; 0 unless ``noise_correlation`` describes the
        residuals clearly better.
    row_ridge : float or ndarray of shape (n_targets,)
        The renormalized ridge of the rows.
    residuals : ndarray of shape (n_samples, n_targets) or None
        Of training; None with ``store_rows=False``.
    """

    sample_correlation: np.ndarray | None
    sample_correlation_std_error: np.ndarray | None
    noise_correlation: float | np.ndarray | None
    noise_correlation_std_error: float | np.ndarray | None
    far_error_factor: float | np.ndarray
    excess: float | np.ndarray
    noise: float | np.ndarray
    error_noise_correlation: float | np.ndarray
    row_ridge: float | np.ndarray
    residuals: np.ndarray | None


@dataclass(frozen=True, repr=False)
class Sample(Answer):
    """The leave-one-out risk of rows that came in blocks, by a random sample of them.

    Parameters
    ----------
    risk : float or ndarray of shape (n_targets,)
        Leave-one-out risk at the penalty chosen, in squared units of y.
    std_error : float or ndarray of shape (n_targets,)
        What the rows that are not in the sample make of it; zero where the sample holds all.
    """

    risk: float | np.ndarray
    std_error: float | np.ndarray


@dataclass(frozen=True, repr=False)
class MonteCarlo(Answer):
    """What random vectors, whose mean stands for a trace, make of a fit in Krylov spaces.

    Parameters
    ----------
    effective_df_error : float or ndarray of shape (n_targets,)
        Standard error of the degrees of freedom.
    risk_error : float or ndarray of shape (n_targets,)
        What that makes of the risk, in squared units of y; its ``std_error`` leaves it out.
    """

    effective_df_error: float | np.ndarray
    risk_error: float | np.ndarray


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

    def __repr__(self):
        between = " to ".join(shown(ends) for ends in np.moveaxis(self.interval, -1, 0))
        return (
            "Comparison: risk at the first penalty less risk at the second is "
            f"{shown(self.difference)} +- {shown(self.std_error)} "
            f"({between} at {100.0 * self.confidence_level:.3g} %)"
        )
