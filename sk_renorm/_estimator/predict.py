"""What the evidence of a fit adds to its predictions of new rows."""

import numpy as np

from sk_renorm._linalg import is_dask
from sk_renorm._rows.devices import like, to_host
from sk_renorm.report.ahead import check_steps, expected_errors
from sk_renorm.report.evidence import Evidence
from sk_renorm.report.intervals import (
    jackknife_plus,
    residual_limits,
    row_shares,
    target_shares,
)

METHODS = ("residual", "jackknife+")


def with_deviations(evidence: Evidence, predicted):
    """Return predictions, and the standard deviation of a new label about each of them."""
    errors, weights, _ = _held_out(evidence)
    unit = evidence.setting.unit
    scale = unit * np.sqrt(np.average(np.square(errors / unit), axis=0, weights=weights))
    scale = scale[0] if predicted.ndim == 1 else scale
    if is_dask(predicted):
        scale = scale.astype(predicted.dtype)
        return predicted, predicted.map_blocks(np.full_like, scale)
    return predicted, like(predicted, np.broadcast_to(scale, predicted.shape))


def interval(evidence: Evidence, X, given, confidence_level: float, method: str):
    """Return limits (m, 2) or (m, q, 2) about predictions ``given`` at checked rows."""
    predicted = to_host(given)
    errors, weights, groups = _held_out(evidence)
    make_shares = target_shares if evidence.setting.has_risk_weights else row_shares
    shares = make_shares(weights, len(errors), groups)
    if method == "residual":
        limits = residual_limits(errors, shares, confidence_level)
        limits = limits if predicted.ndim == 2 else limits[0]
        return like(given, predicted[..., None] + limits)
    limits = jackknife_plus(
        _rows_for_jackknife(evidence),
        evidence.chosen.alpha,
        errors,
        to_host(X),
        predicted.reshape(len(predicted), -1),
        shares,
        confidence_level,
    )
    return like(given, limits.reshape(*predicted.shape, 2))


def _held_out(evidence: Evidence):
    """Return errors of rows as far from the others as new ones are, weights and groups."""
    errors, weights, groups = evidence.held_out.counted()
    far = evidence.correlation
    return errors if far is None else errors * far.far_error_factor, weights, groups


def _rows_for_jackknife(evidence: Evidence):
    factorization = evidence.factorization("method='jackknife+'")
    if not factorization.leaves_rows_out:
        raise ValueError(
            "method='jackknife+' needs the leverage of every row, which sparse data of this "
            "size do not give (see report_.factorization); use method='residual'."
        )
    if not evidence.setting.single_rows:
        raise ValueError(
            "method='jackknife+' leaves out single, independent rows, and this model's rows "
            "are correlated, or came in folds or groups; use method='residual'."
        )
    return factorization


def ahead(report, given, steps, return_std: bool):
    """Return predictions ``given`` with what the last errors say, and deviations if asked."""
    predicted = to_host(given)
    n_rows = len(predicted)
    steps = check_steps(np.arange(1, n_rows + 1) if steps is None else steps)
    if len(steps) not in (1, n_rows):
        raise ValueError(f"steps has {len(steps)} values for {n_rows} rows; give one for each.")
    steps = np.broadcast_to(steps, n_rows)
    errors = expected_errors(report.evidence.time_order(), steps)
    moved = like(given, predicted + errors.reshape(predicted.shape))
    if not return_std:
        return moved
    risks = report.risk_ahead(steps).kriging_risk.reshape(predicted.shape)
    return moved, like(given, np.sqrt(risks))
