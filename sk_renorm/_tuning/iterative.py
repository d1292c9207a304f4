"""Selection on Krylov spaces that grow until the penalty chosen is one that they resolve."""

from collections.abc import Callable

import numpy as np

from sk_renorm._linalg import KrylovFactorization, SparseData, krylov_factorizations
from sk_renorm._tuning.minima import best_node
from sk_renorm._tuning.objective import Objective
from sk_renorm._tuning.search import Candidates, Selection, select


def solve_iteratively(
    data: SparseData,
    seed: int,
    reason: str,
    make_objective: Callable[[KrylovFactorization], Objective],
    make_candidates: Callable[[KrylovFactorization], Candidates],
    n_errors: float,
) -> tuple[KrylovFactorization, Objective, Selection]:
    """Factorize with as many steps as the choice takes, and select."""
    for f in krylov_factorizations(data, seed, reason):
        try:
            candidates = make_candidates(f)
        except ValueError:  # few steps do not see all of the range that a dial has
            continue
        if _is_resolved(f, candidates, make_objective(f)):
            break
    candidates, objective = make_candidates(f), make_objective(f)
    resolved = candidates.alphas >= f.resolution
    if not (resolved.any() if candidates.fixed is None else resolved.all()):
        raise ValueError(
            f"Penalties below {f.resolution:.3g} cannot be told apart on sparse data of this size: "
            f"{reason}. Give a larger one."
        )
    return f, objective, select(objective, candidates, n_errors)


def _is_resolved(f: KrylovFactorization, candidates: Candidates, objective: Objective) -> bool:
    """Say whether all penalties are resolved, or the best one has a neighbour below that is."""
    alphas = candidates.alphas
    resolved = alphas >= f.resolution
    if candidates.fixed is not None or not resolved.any():
        return bool(resolved.all())
    if resolved.all() and not candidates.continuous:
        return True
    losses, _ = objective.path(alphas)
    return bool(np.all(alphas[best_node(alphas, losses)] > alphas[resolved].min()))
