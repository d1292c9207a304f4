"""Generalized cross-validation of rows that are gone, with a sample of them for what scatters."""

import numpy as np

from sk_renorm._linalg import Digest, Factorization
from sk_renorm._risk.gcv.gcv import GeneralizedCrossValidation
from sk_renorm._risk.leave_one_out.rows import sums_of_other_risk
from sk_renorm._risk.uncertainty.sums import LossSums


class SampledGCV(GeneralizedCrossValidation):
    """GCV from moments; leave-one-out errors of a sample of the rows say how losses scatter.

    The sample's rows are part of the moments, so their errors are exact.  The risk and its minimum
    owe nothing to the sample.

    Parameters
    ----------
    factorization : Factorization
        Of the moments of all rows, with those of the sample at hand.
    digest : Digest
        Of all rows.
    """

    def __init__(self, factorization: Factorization, digest: Digest):
        super().__init__(factorization)
        self.digest = digest

    def sums(self, nodes: np.ndarray, joint: bool) -> LossSums:
        """Sum up the errors of the sample at ``nodes`` (K,), as of all rows."""
        weights = np.square(self.factorization.data.root_weight)
        per_row = self.digest.weight_squared / self.digest.moments.total_weight**2
        fewer = per_row * weights.sum() ** 2 / (weights @ weights)
        return sums_of_other_risk(self, nodes, joint, fewer)


def sampled_leave_one_out(
    estimate: SampledGCV, alpha: np.ndarray, errors: np.ndarray, joint: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the leave-one-out risk of all rows, estimated from the sample, and its standard error.

    The training error of all rows is known.  The sample tells how much larger the error of rows
    left out is; both vary together from row to row, so their ratio is known far better than either.
    The standard error is zero where the sample is all rows.

    Parameters
    ----------
    estimate : SampledGCV
        With the sample.
    alpha : ndarray of shape (1,) or (q,)
        A penalty.
    errors : ndarray of shape (m, q)
        Leave-one-out errors of the sample there.
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
