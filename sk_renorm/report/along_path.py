"""Errors on other rows along the path: what a fit would have cost at other penalties."""

import numpy as np

from sk_renorm.report.evidence import Evidence


def errors_along_path(
    evidence: Evidence, X: np.ndarray, Y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the nodes of the profile (K,), and mean squared errors there, (K,) or (K, k).

    Parameters
    ----------
    evidence : Evidence
        Of a fit whose rows are at hand.
    X, Y : ndarray of shape (m, p), (m, q)
        Other rows.
    """
    f = evidence.factorization("The error of held-out rows along the path")
    if Y.shape[1] != f.n_targets:
        raise ValueError(f"y has {Y.shape[1]} targets, and the model {f.n_targets}.")
    nodes, errors = evidence.profile.alphas, []
    for alpha in nodes:
        predictions = f.data.predictions(X, f.coefficients(alpha))
        errors.append(np.mean(np.square(Y - predictions * evidence.setting.unit), axis=0))
    errors = np.array(errors)
    is_joint = len(evidence.profile.risks) == 1
    return nodes, errors.mean(axis=1) if is_joint else errors
