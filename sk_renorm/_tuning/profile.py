"""The path at a few nodes, with its covariance, for a penalty that is chosen."""

import numpy as np

from sk_renorm._risk import (
    RiskProfile,
    concentration,
    deeper_nodes,
    make_profile,
    profile_nodes,
)
from sk_renorm._tuning.choice import Choice
from sk_renorm._tuning.objective import Objective

_FALLS = 0.1  # part of the risk at the weakest node of a profile: as without noise, it falls on
_FEW = 24  # candidates that all become nodes of the profile


def nodes_with(objective: Objective, alpha: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Return nodes (K,) that hold a single penalty, and all candidates if these are few."""
    wanted = candidates if len(candidates) <= _FEW else candidates[:0]
    wanted = wanted if objective.per_target else np.append(wanted, alpha)
    return profile_nodes(objective.estimate.factorization, wanted)


def profile_of(objective: Objective, choice: Choice, candidates: np.ndarray) -> RiskProfile:
    """Sum up held-out errors along the path.

    Parameters
    ----------
    objective : Objective
        What was minimized.
    choice : Choice
        The penalty chosen, with its errors.
    candidates : ndarray of shape (L,)
        What it was chosen from.
    """
    estimate, joint = objective.estimate, not objective.per_target
    nodes, sums = choice.nodes, choice.sums
    if sums is None:
        nodes = nodes_with(objective, choice.alpha, candidates)
        sums = estimate.sums(nodes, joint)
    deeper = deeper_nodes(nodes, estimate.factorization.resolution)
    if len(deeper) > len(nodes):
        first = sums.losses[:, 0] / sums.weight
        if np.any((choice.alpha < nodes[0]) & (choice.risk < _FALLS * first)):
            nodes, sums = deeper, estimate.sums(deeper, joint)
    row_sums = estimate.row_sums(nodes, joint, sums)
    held_out = choice.errors[~np.isnan(choice.errors[:, 0])]
    share = 1.0 if objective.per_target else concentration(held_out)
    even = objective.even_noise(choice)
    return make_profile(estimate.factorization, nodes, sums, row_sums, share, even)
