"""Generalized cross-validation of rows that are gone, with a sample of them for what scatters."""

import numpy as np

from sk_renorm._linalg import DaskRows, Digest, factorize_moments
from sk_renorm._risk._evaluation import Evaluation
from sk_renorm._risk._gcv import GeneralizedCrossValidation
from sk_renorm._risk._leave_one_out import at_other_risk


class SampledGCV(GeneralizedCrossValidation):
    """GCV from moments; leave-one-out errors of a sample of the rows say how losses scatter.

    The sample's rows are part of the moments, so their errors are exact.  The risk and its minimum
    owe nothing to the sample.

    Parameters
    ----------
    digest : Digest
        Of all rows.
    fit_intercept : bool
        Whether to centre.
    rows : DaskRows, default=None
        The rows, where they can be passed over again.
    """

    def __init__(self, digest: Digest, fit_intercept: bool, rows: DaskRows | None = None):
        moments = digest.moments if fit_intercept else digest.moments.about_zero()
        again = None if rows is None else rows.again(moments)
        factorization = factorize_moments(moments, digest.effective_rows(fit_intercept), again)
        sample = digest.sample
        super().__init__(factorization.holding(sample.X, sample.Y, sample.weights * sample.shares))
        self.digest = digest

    def at(self, penalties: np.ndarray, nodes: np.ndarray, joint: bool) -> Evaluation:
        """Evaluate ``penalties`` (1, 1) or (1, q), with errors of the rows of the sample."""
        weights = np.square(self.factorization.data.root_weight)
        per_row = self.digest.weight_squared / self.digest.moments.total_weight**2
        fewer = per_row * weights.sum() ** 2 / (weights @ weights)
        return at_other_risk(self, penalties, nodes, joint, fewer)


def sampled_leave_one_out(
    estimate: SampledGCV, errors: np.ndarray, alpha: np.ndarray, joint: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the leave-one-out risk of all rows, estimated from the sample, and its standard error.

    The training error of all rows is known.  The sample tells how much larger the error of rows
    left out is; both vary together from row to row, so their ratio is known far better than either.
    The standard error is zero where the sample is all rows.

    Parameters
    ----------
    estimate : SampledGCV
        With the sample.
    errors : ndarray of shape (m, q)
        Leave-one-out errors of the sample.
    alpha : ndarray of shape (1,) or (q,)
        Their penalty.
    joint : bool
        Whether targets are averaged.

    Returns
    -------
    risk, std_error : ndarray of shape (1,) or (q,)
        In squared units of y.
    """
    f, sample = estimate.factorization, estimate.digest.sample
    missing = 1.0 - len(sample.X) / estimate.digest.n_seen
    # if rows are missing, those that are left were drawn by their shares
    weights = (sample.weights if missing else sample.weights * sample.shares)[:, None]
    if missing and not f.interpolates:
        predictions = f.data.centred(sample.X) @ f.coefficients(alpha)
        residuals = sample.Y - f.data.y_mean - predictions
        known = weights * np.square(residuals)
        shrink = alpha / (f.eigenvalues[:, None] + alpha)
        training_error = np.square(shrink * f.projections).sum(axis=0) + f.null_power
        known_mean = training_error / f.data.total_weight
    else:
        known, known_mean = weights, np.ones(1)
    losses = weights * np.square(errors)
    if joint:
        losses, known, known_mean = (
            values.mean(axis=-1, keepdims=True) for values in (losses, known, known_mean)
        )
    total = np.maximum(known.sum(axis=0), np.finfo(float).tiny)
    deviations = losses - losses.sum(axis=0) / total * known
    scatter = np.sqrt(missing * np.square(deviations).sum(axis=0))
    return known_mean * losses.sum(axis=0) / total, known_mean * scatter / total
