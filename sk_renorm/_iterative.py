"""Selection on Krylov spaces that grow until the penalty chosen is one that they resolve."""

from collections.abc import Callable

import numpy as np

from sk_renorm._linalg import KrylovFactorization, SparseData, krylov_factorizations
from sk_renorm._scoring import Objective
from sk_renorm._selection import Candidates, Selection, best_node, select


def refuse_rows_left_out(asked: dict[str, bool], reason: str) -> None:
    """Raise if anything ``asked`` for takes errors of rows left out."""
    for name in (name for name, value in asked.items() if value):
        raise ValueError(
            f"{name} needs errors of rows left out, which sparse data of this size do not give: "
            f"{reason}. Leave {name} out, or fit to fewer rows or features."
        )


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
        candidates, objective = make_candidates(f), make_objective(f)
        if _is_resolved(f, candidates, objective):
            break
    if _wanted(candidates).max() < f.resolution:
        raise ValueError(
            f"Penalties below {f.resolution:.3g} cannot be told apart on sparse data of this size: "
            f"{reason}. Give a larger one."
        )
    return f, objective, select(objective, candidates, n_errors)


def _wanted(candidates: Candidates) -> np.ndarray:
    return candidates.alphas if candidates.fixed is None else candidates.fixed


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
