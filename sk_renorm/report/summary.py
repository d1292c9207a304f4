"""The summary of a fit: a few lines to read, and the same as HTML."""

from html import escape

import numpy as np

from sk_renorm._risk import DISPERSED

Line = tuple[str, str]
_NO_VARIANCE = "not defined: y is constant"
_NO_R2 = 0.01  # of the variance of y: nothing is explained
_ALL_DF = 0.999  # of the rank: nothing is shrunk
_NOT_YET = (
    "print(model.report_) adds error bars, noise and forecast: it takes a pass over the rows."
)
_NOT_KEPT = (
    "Error bars, noise and forecast are not in this copy: ask the model itself for them, before it "
    "is copied."
)
_CHANGED = (
    "Error bars, noise and forecast need the rows of the fit, and these have been changed since; "
    "fit again to ask for them."
)


def as_text(report) -> str:
    """Return the summary as lines of text."""
    if report.evidence.can_tell("profile") and report.evidence.can_tell("row_facts"):
        lines, notes = summary(report)
    else:
        lines, notes = _chosen(report), [*_problems(report), _not_told(report)]
    width = max(len(label) for label, _ in lines)
    body = [f"  {label:<{width}}  {value}" for label, value in lines]
    return "\n".join([title(report), *body, *(f"  ! {note}" for note in notes)])


def as_html(report) -> str:
    """Return what is at hand, and what costs less than the fit did, as a table."""
    evidence = report.evidence
    with evidence.looking_once():
        if evidence.is_at_hand("profile") and evidence.is_at_hand("row_facts"):
            lines, notes = summary(report)
        else:
            more = _NOT_YET if evidence.can_tell("profile") else _not_told(report)
            lines, notes = _chosen(report), [*_problems(report), more]
    cell = "padding:1px 12px 1px 0;text-align:left;background:none;color:inherit"
    rows = "".join(
        f'<tr><td style="{cell};opacity:.7">{escape(label)}</td>'
        f'<td style="{cell}">{escape(value)}</td></tr>'
        for label, value in lines
    )
    notes = "".join(f"<div>&#9888; {escape(note)}</div>" for note in notes)
    return (
        '<div style="font-size:90%;margin-top:6px">'
        f"<div><b>{escape(title(report))}</b></div>"
        f'<table style="border-collapse:collapse">{rows}</table>{notes}</div>'
    )


def title(report) -> str:
    """Return how much was fitted."""
    setting = report.evidence.setting
    counts = {"row": setting.n_rows, "feature": setting.n_features, "target": setting.n_targets}
    fitted = ", ".join(_count(number, noun) for noun, number in counts.items())
    medians = "; numbers are medians of targets" if len(report.evidence.chosen.risk) > 1 else ""
    return f"Fit to {fitted}{medians}"


def summary(report) -> tuple[list[Line], list[str]]:
    """Return lines (label, value), and what is doubtful."""
    evidence = report.evidence
    setting = evidence.setting
    ends = report.equivalent_alphas.reshape(-1, 2)
    curve = report.learning_curve([max(setting.n_rows, 3), 2 * max(setting.n_rows, 3)])
    now, twice = curve.risk
    now, twice = np.atleast_1d(now), np.atleast_1d(twice)
    change = np.divide(twice, now, out=np.ones_like(now), where=now > 0.0) - 1.0
    lines = [
        *_chosen(report),
        ("interval of risk", f"{_range(report.interval(0.9))} (90 %)"),
        ("penalties as good", f"{_number(ends[:, 0])} to {_number(ends[:, 1])} (95 %)"),
        *_sampled(report),
        *_correlated(report),
        ("R2 of fresh rows", _r2(report)),
        ("ceiling of R2", _ceiling(report)),
        ("noise variance", f"{_range(report.noise.interval)} (bounds, 95 % each)"),
        ("risk with twice the rows", _percent(change)),
        ("factorization", setting.factorization),
        ("path", setting.route),
    ]
    return lines, [*_problems(report), *_remarks(report, bool(np.any(curve.at_edge[1])))]


def _chosen(report) -> list[Line]:
    evidence = report.evidence
    setting, chosen = evidence.setting, evidence.chosen
    by = (setting.scoring or "squared error") + setting.rule
    df, rank = chosen.df, len(evidence.eigenvalues)
    known = setting.is_exact
    rank = rank if known else min(setting.n_rows - 1, setting.most_df)
    words = ""
    if rank and np.all(df >= _ALL_DF * rank) and known:
        words = ": nothing is shrunk"
    elif np.all(df < _NO_R2):
        words = ": the mean alone" if setting.fit_intercept else ": nothing is learned"
    return [
        ("penalty alpha", _number(chosen.alpha) + setting.given),
        ("left out", setting.left_out),
        *([] if setting.given else [("chosen by", by)]),
        ("degrees of freedom", f"{_number(df)} of {rank}{words}"),
        ("risk (squared error)", _number(chosen.risk)),
    ]


def _sampled(report) -> list[Line]:
    """The leave-one-out risk beside that of GCV, if rows came in blocks."""
    if report.sample is None:
        return []
    risk, error = report.sample.risk, report.sample.std_error
    if not np.any(error):
        return [("leave-one-out", f"{_number(risk)}, exact: the sample holds all rows")]
    return [("leave-one-out, sampled", f"{_number(risk)} +- {_number(error)}")]


def _correlated(report) -> list[Line]:
    """Correlation of neighbouring rows and of their noise, where it was estimated."""
    found, lines = report.dependence, []
    if found is None:
        return lines
    errors = found.sample_correlation_std_error
    if errors is not None and len(errors) > 1:
        value = f"{found.sample_correlation[1]:.3g} +- {errors[1]:.1g}"
        lines.append(("correlation of neighbours", value))
    if found.noise_correlation is not None:
        noise, error = found.noise_correlation, found.noise_correlation_std_error
        lines.append(("correlation of noise", f"{_number(noise)} +- {_number(error)}"))
    return lines


def _r2(report) -> str:
    """Share of the variance of y that fresh rows would see explained."""
    risk, power = report.evidence.chosen.risk, report.evidence.row_facts.target_power
    if not power.any():
        return _NO_VARIANCE
    share = 1.0 - np.divide(risk, power, out=np.ones_like(power), where=power > 0.0)
    if np.all(share < _NO_R2) and not report.problems:
        return f"{_number(share)}: nothing that generalizes was found"
    return _number(share)


def _not_told(report) -> str:
    return _CHANGED if report.evidence.is_changed() else _NOT_KEPT


def _ceiling(report) -> str:
    """Bounds of the R2 that a linear model could reach."""
    if not report.evidence.setting.target_variance.any():
        return _NO_VARIANCE
    return f"{_range(report.noise.r2_ceiling)} (bounds, 95 % each)"


def _problems(report) -> list[str]:
    return [problem.sentence for problem in report.problems]


def _remarks(report, at_edge: bool) -> list[str]:
    """Return what answers leave open."""
    evidence, found = report.evidence, []
    if evidence.setting.has_risk_weights:
        found.append(
            "The risk is that of the population of risk_weight (effective size "
            f"{evidence.row_facts.effective_size:.0f}); ceiling, noise and forecast are those of "
            "the rows."
        )
    identified = np.atleast_1d(report.alpha_identified)
    if not identified.all():
        n_targets = len(identified)
        who = f" for {n_targets - identified.sum()} of {n_targets} targets" if n_targets > 1 else ""
        found.append(
            f"alpha is not identified{who}: hardly any penalty is worse beyond the error of the "
            "estimate."
        )
    if np.any(evidence.row_facts.dispersion > DISPERSED):
        found.append(
            "Leverages differ much (dispersion "
            f"{np.max(evidence.row_facts.dispersion):.2f}): a few rows decide, and GCV is not to "
            "be trusted; leave-one-out is"
            + (
                "."
                if evidence.setting.is_exact
                else ", which takes fewer rows or features than here."
            )
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


def _range(ends: np.ndarray) -> str:
    """Write two ends (2,), or the medians of several (k, 2)."""
    return " to ".join(_number(values) for values in ends.reshape(-1, 2).T)


def _number(values) -> str:
    """Write a number, or the median of several."""
    return f"{np.median(values):.4g}"
