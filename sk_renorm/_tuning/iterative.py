"""Whether Krylov spaces resolve the penalty chosen, or must grow."""

import numpy as np

from sk_renorm._linalg import KrylovFactorization
from sk_renorm._tuning.candidates import Candidates
from sk_renorm._tuning.minima import best_node
from sk_renorm._tuning.objective import Objective


def is_resolved(f: KrylovFactorization, candidates: Candidates, objective: Objective) -> bool:
    """Say whether all penalties are resolved, or the best one has a neighbour below that is."""
    alphas = candidates.alphas
    resolved = alphas >= f.resolution
    if candidates.fixed is not None or not resolved.any():
        return bool(resolved.all())
    if resolved.all() and not candidates.continuous:
        return True
    losses, _ = objective.path(alphas)
    return bool(np.all(alphas[best_node(alphas, losses)] > alphas[resolved].min()))


def refuse_unresolved(f: KrylovFactorization, candidates: Candidates, reason: str) -> None:
    """Refuse penalties that even the most steps do not resolve."""
    resolved = candidates.alphas >= f.resolution
    if not (resolved.any() if candidates.fixed is None else resolved.all()):
        raise ValueError(
            f"Penalties below {f.resolution:.3g} cannot be told apart on sparse data of this size: "
            f"{reason}. Give a larger one."
        )
