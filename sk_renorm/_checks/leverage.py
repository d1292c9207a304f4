"""Rows that decide: few, far from all others, and missed by the models without them."""

from dataclasses import dataclass

import numpy as np

from sk_renorm._risk import LeaveOneOut, effective_df

_MOST_ROWS = 5
_FEWEST = 50  # rows; of fewer, some always carry much
_LITTLE_SLACK = 0.5  # of the usual one minus leverage: what makes a row far from all others
# They carry a quarter of the risk and twelve times what as many rows should, or the other rows'
# risk is a fifth larger for their sake.  Of sets of Gaussian rows, near interpolation too, less
# than one in a hundred has such rows.
_MUCH = 0.25
_TIMES = 12.0
_COST = 0.2
_MOST_OF_COST = 0.8  # those named account for
_FEW_DIGITS = 1e-6  # of a sum, that subtracting its largest terms leaves
_EXACT = 1e-16  # of the power of y: errors below are rounding


@dataclass(frozen=True)
class DecisiveRows:
    """A few rows that most of the risk, or the penalty, rests on.

    Attributes
    ----------
    rows : ndarray of shape (m,)
        Their positions, the most decisive first.
    share : float
        Part of the risk that they carry together.
    cost : float
        By how much the penalty that all rows choose makes the risk of the others larger than it
        could be.
    """

    rows: np.ndarray
    share: float
    cost: float = 0.0

    @property
    def choose(self) -> bool:
        """Whether the penalty rests on them."""
        return self.cost >= _COST


def decisive_rows(
    estimate: LeaveOneOut,
    alpha: np.ndarray,
    errors: np.ndarray,
    slack: np.ndarray,
    alphas: np.ndarray,
    risks: np.ndarray,
) -> DecisiveRows | None:
    """Return the rows of high leverage that the penalty or most of the risk comes from, or None.

    A row whose error is large and whose leverage is not is an outlier, which error bars show.  One
    that also has leverage is the only one to know a direction: the model with it has learned what
    the model without it could not, so its error says little of other rows.

    Parameters
    ----------
    estimate : LeaveOneOut
        Whose risk it is.
    alpha : ndarray of shape (1,) or (q,)
        The penalty chosen, or that of each target.
    errors : ndarray of shape (n, q)
        Leave-one-out errors there.
    slack : ndarray of shape (n, k)
        One minus the leverages there, up to a factor, of one penalty or of each target's.
    alphas, risks : ndarray of shape (L,), (L, 1) or (L, q)
        Path that the penalty was chosen on; of one penalty nothing was chosen.
    """
    if len(errors) < _FEWEST:
        return None
    slack = _relative(slack)
    far = np.flatnonzero(slack < _LITTLE_SLACK)
    f, weights = estimate.factorization, estimate.weights
    if len(alphas) > 1 and effective_df(f, alpha).min() < len(far) + 0.5:
        # far rows are all that was learned, or nothing was: others may have forbidden the rest
        slack = np.minimum(slack, _relative(estimate.slack_at(alphas[alphas > 0.0].min())))
    candidates = np.flatnonzero(slack < _LITTLE_SLACK)
    power = np.square(f.projections).sum() + f.null_power.sum()
    losses = weights[:, None] * np.square(errors)
    losses = losses.sum(axis=1, keepdims=True) if risks.shape[1] == 1 else losses
    total = losses.sum(axis=0)
    if not len(candidates) or not np.all(total > _EXACT * power):
        return None
    shares = (losses / total).mean(axis=1)
    farthest = candidates[np.argsort(slack[candidates])[:_MOST_ROWS]]
    return _that_choose(estimate, farthest, shares, alphas, risks) or _that_carry(far, shares)


def _relative(slack: np.ndarray) -> np.ndarray:
    """Return one minus the leverages (n, k) relative to the usual ones, the mean (n,) over k."""
    return (slack / slack.mean(axis=0)).mean(axis=1)


def _that_carry(far: np.ndarray, shares: np.ndarray) -> DecisiveRows | None:
    """Return those of the rows with the largest shares of the risk that are ``far``."""
    largest = np.argsort(-shares)[:_MOST_ROWS]
    rows = largest[np.isin(largest, far)]
    share = float(shares[rows].sum())
    many = max(_MUCH, _TIMES * len(rows) / len(shares))
    return DecisiveRows(rows, share) if len(rows) and share >= many else None


def _that_choose(
    estimate: LeaveOneOut,
    farthest: np.ndarray,
    shares: np.ndarray,
    alphas: np.ndarray,
    risks: np.ndarray,
) -> DecisiveRows | None:
    """Return the fewest of the ``farthest`` rows for whose errors the others pay most."""
    if len(alphas) == 1:
        return None  # nothing was chosen
    weights = estimate.weights
    losses = weights[farthest, None, None] * np.square(estimate.errors_of(farthest, alphas))
    losses = losses.mean(axis=2, keepdims=True) if risks.shape[1] == 1 else losses
    totals = np.where(np.isfinite(risks), risks * weights.sum(), np.inf)
    others = totals - losses.sum(axis=0)
    outweighed = np.flatnonzero((others < _FEW_DIGITS * totals).any(axis=1))
    if len(outweighed):
        others[outweighed] = _sum_without(estimate, farthest, alphas[outweighed], risks.shape[1])
    columns = np.arange(risks.shape[1])
    chosen, better = totals.argmin(axis=0), others.argmin(axis=0)
    # what each row loses where the others are best off: it pulls the penalty away from there
    pull = (losses[:, better, columns] - losses[:, chosen, columns]).sum(axis=1)
    order = np.argsort(-pull)
    not_named = (losses[order[m:]].sum(axis=0) for m in range(1, len(order) + 1))
    costs = np.array([_cost(others + rest, chosen) for rest in not_named])
    if not costs[-1] >= _COST:
        return None
    last = int(np.argmax(costs >= max(_COST, _MOST_OF_COST * costs[-1])))
    rows = farthest[order[: last + 1]]
    return DecisiveRows(rows, float(shares[rows].sum()), float(costs[last]))


def _sum_without(
    estimate: LeaveOneOut, rows: np.ndarray, alphas: np.ndarray, n_losses: int
) -> np.ndarray:
    """Return the losses (L, 1) or (L, q) of all but some rows, which may be most of all losses."""
    counts = np.ones(len(estimate.weights))
    counts *= 1.0 if estimate.risk_weights is None else estimate.risk_weights
    counts[rows] = 0.0
    others = LeaveOneOut(estimate.factorization, counts, estimate.apart)
    losses = others.risk(alphas[:, None]) * others.total_weight
    return losses.mean(axis=1, keepdims=True) if n_losses == 1 else losses


def _cost(others: np.ndarray, chosen: np.ndarray) -> float:
    """Return by how much losses (L, k) are larger at indices ``chosen`` (k,) than they could be."""
    least = others.min(axis=0)
    if not np.all(least > 0.0):
        return 0.0
    return float(np.mean(others[chosen, np.arange(len(chosen))] / least)) - 1.0
