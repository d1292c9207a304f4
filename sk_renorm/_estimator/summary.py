"""The summary of a fitted model: a few lines to read, and the same as HTML."""

from html import escape

import numpy as np

from sk_renorm.forecast import learning_curve

DISPERSED = 0.25  # leverages: beyond this GCV and its like cannot be trusted


def as_text(model) -> str:
    """Return the summary as lines of text."""
    title, lines, warnings = _summary(model)
    width = max(len(label) for label, _ in lines)
    body = [f"  {label:<{width}}  {value}" for label, value in lines]
    return "\n".join([title, *body, *(f"  ! {warning}" for warning in warnings)])


def as_html(model) -> str:
    """Return the summary as a table, in the colours of the page around it."""
    title, lines, warnings = _summary(model)
    cell = "padding:1px 12px 1px 0;text-align:left;background:none;color:inherit"
    rows = "".join(
        f'<tr><td style="{cell};opacity:.7">{escape(label)}</td>'
        f'<td style="{cell}">{escape(value)}</td></tr>'
        for label, value in lines
    )
    notes = "".join(f"<div>&#9888; {escape(warning)}</div>" for warning in warnings)
    return (
        '<div style="font-size:90%;margin-top:6px">'
        f"<div><b>{escape(title)}</b></div>"
        f'<table style="border-collapse:collapse">{rows}</table>{notes}</div>'
    )


def _summary(model) -> tuple[str, list[tuple[str, str]], list[str]]:
    """Return title, lines (label, value) and warnings."""
    n_rows = model.risk_profile_["n_rows"]
    n_targets = 1 if model.coef_.ndim == 1 else len(model.coef_)
    title = (
        f"{type(model).__name__}: {_count(n_rows, 'row')}, "
        f"{_count(model.n_features_in_, 'feature')}, {_count(n_targets, 'target')}"
    )
    risk, error = np.asarray(model.risk_), np.asarray(model.risk_std_error_)
    ends = model.equivalent_alphas_.reshape(-1, 2)
    ceiling = model.r2_ceiling_interval_.reshape(-1, 2)
    known = not model.factorization_.startswith("krylov")
    rank = len(model.eigenvalues_) if known else min(n_rows - 1, model.n_features_in_)
    curve = learning_curve(model, [max(n_rows, 3), 2 * max(n_rows, 3)])
    now, twice = curve.risk
    change = np.divide(twice, now, out=np.ones_like(now), where=now > 0.0) - 1.0
    lines = [
        ("penalty alpha", _number(model.alpha_)),
        ("as good by the data", f"{_number(ends[:, 0])} to {_number(ends[:, 1])}"),
        ("degrees of freedom", f"{_number(model.effective_df_)} of {rank}"),
        ("risk (squared error)", f"{_number(risk)} +- {_number(error)}"),
        *_sampled(model),
        *_correlated(model),
        *_r2(model),
        ("R2 at most", f"{_number(ceiling[:, 0])} to {_number(ceiling[:, 1])}"),
        (
            "noise variance",
            " to ".join(_number(b) for b in model.noise_variance_interval_.reshape(-1, 2).T),
        ),
        ("risk with twice the rows", _percent(change)),
        ("factorization", model.factorization_),
    ]
    return title, lines, _warnings(model, bool(np.any(curve.at_edge[1])))


def _sampled(model) -> list[tuple[str, str]]:
    """The leave-one-out risk beside that of GCV, if rows came in blocks."""
    if not hasattr(model, "sampled_loo_risk_"):
        return []
    risk, error = model.sampled_loo_risk_, model.sampled_loo_risk_std_error_
    if not np.any(error):
        return [("leave-one-out", f"{_number(risk)}, exact: the sample holds all rows")]
    return [("leave-one-out, sampled", f"{_number(risk)} +- {_number(error)}")]


def _correlated(model) -> list[tuple[str, str]]:
    """Correlation of neighbouring rows and of their noise, where it was estimated."""
    lines = []
    errors = getattr(model, "row_correlation_std_error_", None)
    if errors is not None and len(errors) > 1:
        value = f"{model.row_correlation_[1]:.3g} +- {errors[1]:.1g}"
        lines.append(("correlation of neighbours", value))
    if getattr(model, "noise_correlation_", None) is not None:
        noise = _number(model.noise_correlation_)
        value = f"{noise} +- {_number(model.noise_correlation_std_error_)}"
        lines.append(("correlation of noise", value))
    return lines


def _r2(model) -> list[tuple[str, str]]:
    """Share of the variance of y that fresh rows would see explained, if y is known still."""
    if not hasattr(model, "loo_residuals_"):
        return []
    residuals = model.loo_residuals_.reshape(len(model.loo_residuals_), -1)
    y = residuals + model.loo_predictions_.reshape(residuals.shape)
    kept = ~np.isnan(residuals[:, 0])
    weights = np.ones(len(kept)) if model.sample_weight_ is None else model.sample_weight_
    weights = (weights if model.risk_weight_ is None else weights * model.risk_weight_)[kept]
    y = y[kept]
    power = np.square(y - np.average(y, axis=0, weights=weights))
    power = np.average(power, axis=0, weights=weights)
    if np.ndim(model.risk_) == 0:
        power = power.mean(keepdims=True)
    rest = np.divide(model.risk_, power, out=np.ones_like(power), where=power > 0.0)
    return [("R2 on fresh rows", _number(1.0 - rest))]


def _warnings(model, at_edge: bool) -> list[str]:
    found = []
    if getattr(model, "risk_weight_", None) is not None:
        found.append(
            "The risk is that of the population of risk_weight (effective size "
            f"{model.risk_effective_size_:.0f}); ceiling, noise and forecast are those of the rows."
        )
    if not np.all(model.alpha_identified_):
        found.append(
            "alpha is not identified: hardly any penalty is worse beyond the error of the estimate."
        )
    if np.any(np.asarray(model.leverage_dispersion_) > DISPERSED):
        krylov = model.factorization_.startswith("krylov")
        found.append(
            "Leverages differ much (dispersion "
            f"{np.max(model.leverage_dispersion_):.2f}): a few rows decide, and GCV is not to be "
            "trusted; leave-one-out is"
            + (", which takes fewer rows or features than here." if krylov else ".")
        )
    if at_edge:
        found.append(
            "The forecast is at the edge of what this fit can tell: it is the upper end of a band."
        )
    return found


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _percent(change: np.ndarray) -> str:
    """Write a relative change, or the median of several; never minus zero."""
    return f"{round(100.0 * float(np.median(change)), 1) + 0.0:+.3g} %"


def _number(values) -> str:
    """Write a number, or the median of several."""
    values = np.atleast_1d(values)
    return f"{values[0]:.4g}" if len(values) == 1 else f"{np.median(values):.4g} (median)"
