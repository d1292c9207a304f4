"""Errors of rows held out of a fit, for every penalty, from one factorization of the others."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sk_renorm._linalg.blocks import row_ranges
from sk_renorm._linalg.eigh import eigh
from sk_renorm._linalg.factorization import Factorization
from sk_renorm._linalg.reduce import factorize


@dataclass(frozen=True)
class HeldOut:
    """Rows held out, in the eigenbasis of the rows trained on.

    The errors at ``alpha`` are ``targets - projected @ (moments / (eigenvalues + alpha))``.

    Attributes
    ----------
    projected : ndarray of shape (m, r)
        Held-out rows less the training mean, in the eigenbasis.
    targets : ndarray of shape (m, q)
        Held-out targets less the training mean.
    eigenvalues, moments : ndarray of shape (r,), (r, q)
        Spectrum of the training rows, and their cross products with the training targets.
    """

    projected: np.ndarray
    targets: np.ndarray
    eigenvalues: np.ndarray
    moments: np.ndarray

    def errors(self, penalties: np.ndarray) -> np.ndarray:
        """Return the errors (m, L, q) at ``penalties`` (L, 1), or (L, q) for one per target."""
        gains = 1.0 / (self.eigenvalues[:, None, None] + penalties)
        predictions = np.tensordot(self.projected, gains * self.moments[:, None, :], axes=1)
        return self.targets[:, None, :] - predictions


def refit(
    X: np.ndarray,
    Y: np.ndarray,
    weights: np.ndarray | None,
    train: np.ndarray,
    test: np.ndarray,
    *,
    fit_intercept: bool = True,
    reduce: Callable[..., Factorization] = factorize,
) -> HeldOut:
    """Factorize the ``train`` rows afresh and hold out the ``test`` rows (index arrays).

    ``reduce`` is what makes a factorization of rows, as `factorize` does.
    """
    arguments = X[train], Y[train], None if weights is None else weights[train]
    factorization = reduce(*arguments, fit_intercept=fit_intercept)
    data = factorization.data
    project = factorization.vectors.project
    blocks = [X[test[rows]] for rows in row_ranges(0, len(test), X.shape[1])]
    return HeldOut(
        projected=np.concatenate([project(data.centred(block)) for block in blocks]),
        targets=Y[test] - data.y_mean,
        eigenvalues=factorization.eigenvalues,
        moments=np.sqrt(factorization.eigenvalues)[:, None] * factorization.projections,
    )


def downdate(
    factorization: Factorization, rows: np.ndarray, least: float = 1e-10
) -> HeldOut | None:
    """Take ``rows`` out of a factorization: an eigendecomposition in its own coordinates.

    Pays for many rows (m > r / 2): no pass over the data, r**3 for the spectrum of what is left.
    Directions that only these rows hold, to rounding, are gone from what is left.  Returns None if
    it has nearly lost one, with an eigenvalue of no more than ``least`` of the largest: there a
    difference of Gram matrices has too few digits.
    """
    data, spectrum = factorization.data, factorization.eigenvalues
    if not len(spectrum) or spectrum[0] <= least * spectrum[-1]:
        return None  # what is left has a smaller one still
    block = factorization.left_block(rows)
    root = np.sqrt(spectrum)
    targets = block.residual + block.U @ factorization.projections
    sqrt_weight = np.ones(len(rows)) if data.root_weight is None else data.root_weight[rows]
    # sums over the rows taken out of what sums to zero over all rows, when centred
    x_sum, y_sum = sqrt_weight @ block.U, sqrt_weight @ targets
    if data.fit_intercept:
        rest_weight = data.total_weight - float(sqrt_weight @ sqrt_weight)
    else:
        rest_weight = np.inf
    gram = np.eye(len(root)) - block.U.T @ block.U - np.outer(x_sum, x_sum) / rest_weight
    gram *= np.multiply.outer(root, root)
    eigenvalues, basis = eigh(gram)
    lost = np.searchsorted(eigenvalues, 8.0 * len(root) * np.finfo(float).eps * spectrum[-1])
    eigenvalues, basis = eigenvalues[lost:], basis[:, lost:]
    if len(eigenvalues) and eigenvalues[0] <= least * spectrum[-1]:
        return None
    cross = factorization.projections - block.U.T @ targets - np.outer(x_sum, y_sum) / rest_weight
    unweighted = block.U / sqrt_weight[:, None] + x_sum / rest_weight
    return HeldOut(
        projected=(unweighted * root) @ basis,
        targets=targets / sqrt_weight[:, None] + y_sum / rest_weight,
        eigenvalues=eigenvalues,
        moments=basis.T @ (root[:, None] * cross),
    )
