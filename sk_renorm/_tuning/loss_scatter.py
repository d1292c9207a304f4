"""How the loss of a scorer scatters: its covariance along the path, from groups of rows."""

import numpy as np

from sk_renorm._risk import RiskProfile
from sk_renorm._tuning.objective import Objective

_GROUPS = 50  # of rows, whose scores show how a score scatters
_SMALL = 1e-3
_BLOCK_ENTRIES = 2**23  # errors kept at a time: rows x penalties x targets


def loss_covariance(objective: Objective, profile: RiskProfile) -> np.ndarray:
    """Return the covariance (k, K, K) of the losses at the nodes of ``profile``."""
    if objective.scorer is None:
        return profile.covariance
    step = max(1, _BLOCK_ENTRIES // objective.y.size)
    scatter, curvature = [], []
    for start in range(0, len(profile.alphas), step):
        penalties = profile.alphas[start : start + step, None]
        errors = objective.by_row(objective.estimate.errors(penalties))
        for node in range(errors.shape[1]):
            deviations, slope = _scatter_at(objective, errors[:, node])
            scatter.append(deviations)
            risk = profile.risks[:, start + node]
            curvature.append(np.divide(slope, risk, out=np.zeros_like(risk), where=risk > 0.0))
    scatter, curvature = np.stack(scatter, axis=1).T, np.stack(curvature, axis=1)
    both = curvature[:, :, None] * curvature[:, None, :]
    return np.einsum("kag,kbg->kab", scatter, scatter) + both * profile.shared


def _scatter_at(objective: Objective, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how losses of groups of rows deviate (g, k), and the loss's slope (k,).

    A scorer cannot be asked for single rows at a bearable price, so groups of them stand for
    their scatter.  The slope, in the logarithm of a factor on all errors, is ``mean(l' e)``:
    over ``mean(e^2)``, the loss's mean second derivative.
    """
    held_out = ~np.isnan(errors[:, 0])
    if objective.weights is not None:
        held_out &= objective.weights > 0.0
    rows = np.flatnonzero(held_out)
    groups = _groups_of(rows, objective.estimate.groups)
    weights = objective.score_params.get("sample_weight", np.ones(len(objective.y)))
    shares = np.array([weights[group].sum() for group in groups]) / weights[rows].sum()
    losses = -np.array([objective.scores(group, errors[group]) for group in groups])
    loss = -objective.scores(rows, errors[rows])
    if not np.allclose(shares @ losses, loss, rtol=1e-6, atol=0.0):
        raise ValueError(
            "selection by standard errors needs a score that is a mean over rows, as that of "
            "'neg_mean_absolute_error'; this one is not. Use selection='min', or another "
            "scoring."
        )
    larger, smaller = (
        -objective.scores(rows, factor * errors[rows]) for factor in (1.0 + _SMALL, 1.0 - _SMALL)
    )
    spread = np.sqrt(len(groups) / (len(groups) - 1.0))
    return spread * shares[:, None] * (losses - loss), (larger - smaller) / (2.0 * _SMALL)


def _groups_of(rows: np.ndarray, codes: np.ndarray | None) -> list[np.ndarray]:
    """Split ``rows`` by the ``codes`` of their groups, or into interleaved ones."""
    if codes is not None:
        return [rows[codes[rows] == code] for code in np.unique(codes[rows])]
    n_groups = max(min(_GROUPS, len(rows) // 2), 2)
    return [rows[start::n_groups] for start in range(n_groups)]
