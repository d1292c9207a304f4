"""From rows to factorizations of them, and whether these resolve the penalties in question."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from scipy.sparse import issparse

from sk_renorm._linalg import (
    Factorization,
    SparseData,
    Spectrum,
    choose_factorization,
    factorize,
    factorize_moments,
    factorize_on_device,
    krylov_factorizations,
)
from sk_renorm._rows.blocks import BlockRows
from sk_renorm._rows.rows import TrainingData
from sk_renorm._tuning.candidates import Candidates
from sk_renorm._tuning.minima import best_node
from sk_renorm._tuning.request import Request


class RefusedCandidates(ValueError):
    """Penalties asked for do not go with the rows."""


def no_leverages(data: TrainingData) -> str | None:
    """Return why single rows of ``data`` cannot be left out, or None if they can."""
    choice = choose_factorization(*data.X.shape, sparse=issparse(data.X))
    return choice.reason if choice.name == "krylov" else None


def reductions(data: TrainingData, request: Request) -> Iterator[Spectrum]:
    """Yield factorizations of ``data``, each more precise than the one before."""
    how = {"least": request.candidates.least, "fit_intercept": request.fit_intercept}
    if data.is_in_blocks:
        yield _of_blocks(data, **how)
        return
    if request.reduce is not None:
        yield request.reduce(data.X, data.Y, data.weights, fit_intercept=request.fit_intercept)
        return
    reason = no_leverages(data)
    if reason is not None:
        rows = SparseData.from_rows(data.X, data.Y, data.weights, request.fit_intercept)
        yield from krylov_factorizations(rows, request.seed, reason)
        return
    reduce = factorize if data.place is None else partial(factorize_on_device, data.place)
    if request.errors_later:
        yield reduce(data.X, data.Y, data.weights, **how, traces=True)
    yield reduce(data.X, data.Y, data.weights, **how)


def _of_blocks(data: BlockRows, least: float, fit_intercept: bool) -> Factorization:
    moments = data.moments if fit_intercept else data.moments.about_zero()
    again = None if data.blocks is None else data.blocks.again(moments)
    if data.digest is None:
        return factorize_moments(moments, data.n_rows, again, least)
    sample = data.digest.sample
    f = factorize_moments(moments, data.digest.effective_rows(fit_intercept), again)
    return f.holding(sample.X, sample.Y, sample.weights * sample.shares)


def reduced(data: TrainingData, request: Request) -> tuple[Spectrum, Candidates]:
    """Factorize until the penalties in question are resolved; return these too, or refuse them."""
    for f in reductions(data, request):
        if (f.trace_weights is None and not f.known_from) or _is_resolved(f, data, request):
            break
    try:
        candidates = _known(request.candidates.of(f), f)
    except ValueError as error:
        raise RefusedCandidates(*error.args) from error
    if f.trace_weights is not None:
        resolved = candidates.alphas >= f.resolution
        if not (resolved.any() if candidates.fixed is None else resolved.all()):
            raise RefusedCandidates(
                f"Penalties below {f.resolution:.3g} cannot be told apart on sparse data of this "
                f"size: {f.reason}. Give a larger one."
            )
    elif candidates is None or candidates.alphas.min() < f.resolution:
        raise RefusedCandidates(
            f"Penalties below {f.resolution:.3g} are not resolved by {f.limit.by}; give one at "
            f"least that large, or {f.limit.remedy}."
        )
    return f, candidates


def _known(candidates: Candidates | None, f: Spectrum) -> Candidates | None:
    """Return the candidates that ``f`` knows, of a search that has found the best among them."""
    if candidates is None or not candidates.continuous:
        return candidates
    return replace(candidates, alphas=candidates.alphas[candidates.alphas >= f.known_from])


def _is_resolved(f: Spectrum, data: TrainingData, request: Request) -> bool:
    """Say whether all penalties are resolved, or the best one has a neighbour below that is."""
    try:
        candidates = request.candidates.of(f)
    except ValueError:  # few steps do not see all of the range that a dial has
        return False
    if candidates is None:
        return False
    alphas = candidates.alphas
    resolved = alphas >= max(f.resolution, f.known_from)
    if candidates.fixed is not None or not resolved.any():
        return bool(resolved.all())
    if resolved.all() and not candidates.continuous:
        return True
    losses, _ = request.objective(f, data).path(alphas)
    return bool(np.all(alphas[best_node(alphas, losses)] > alphas[resolved].min()))
