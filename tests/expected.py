"""What brute force says of an estimate of the risk, clause by clause."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from dense import DenseFit


@dataclass(frozen=True)
class Expected:
    """What brute force says; ``alpha`` is always a single number.

    ``sets`` are rows held out together, with ``errors(alpha)`` of each; where ``risk`` is not the
    weighted mean of their squares, sums are ``scaled`` to it, as of 1 / ``fewer`` as many rows.
    Rows are left out ``singly`` where the leverages of ``rows`` are said.
    """

    exact: DenseFit
    sets: list[np.ndarray]
    errors: Callable[[float], list[np.ndarray]]
    weights: np.ndarray
    risk: Callable[[float], np.ndarray] | None = None
    groups: np.ndarray | None = None
    fewer: float = 1.0
    rows: np.ndarray | slice = field(default_factory=lambda: slice(None))
    slack: Callable[[float], np.ndarray] | None = None
    singly: bool = True
    has_noise: bool = True
    noise_is_exact: bool = True

    def slack_at(self, alpha):
        """One minus the leverages (m,) of the rows that they are said of."""
        if self.slack is not None:
            return self.slack(alpha)
        return 1.0 - self.exact.leverages(alpha)[self.rows]

    def risk_at(self, alpha):
        """Risk (q,), by its definition."""
        if self.risk is not None:
            return self.risk(alpha)
        weights = np.concatenate([self.weights[rows] for rows in self.sets])
        return np.average(np.square(np.concatenate(self.errors(alpha))), axis=0, weights=weights)

    def sums(self, nodes, joint, weights=None):
        """Return what `LossSums` says that it is, row by row and group by group."""
        e = np.stack([np.concatenate(self.errors(a)) for a in nodes], axis=1)  # (N, K, q)
        rows = np.concatenate(self.sets)
        c = (self.weights if weights is None else weights)[rows]
        groups = np.arange(len(rows))
        if self.groups is not None:
            numbers = np.repeat(np.arange(len(self.sets)), [len(rows) for rows in self.sets])
            pairs = np.column_stack([numbers, self.groups[rows]])
            groups = np.unique(pairs, axis=0, return_inverse=True)[1].ravel()
        cross, loss = np.einsum("iaq,ibq->iqab", e, e), np.square(e).transpose(0, 2, 1)
        if joint:
            cross, loss = (x.mean(axis=1, keepdims=True) for x in (cross, loss))
        factor = 1.0
        if self.risk is not None:
            risks = np.stack([self.risk(a) for a in nodes], axis=1)
            risks = risks.mean(axis=0, keepdims=True) if joint else risks
            factor = risks / np.average(loss, axis=0, weights=c)
        loss = factor * loss
        root = np.broadcast_to(np.sqrt(factor), loss.shape[1:])
        copies = self.fewer * len(rows) / len(np.unique(rows))
        total, count = np.zeros((groups.max() + 1, *loss.shape[1:])), np.bincount(groups, c)
        np.add.at(total, groups, c[:, None, None] * loss)
        return {
            "cross": np.einsum("i,iqab,qa,qb->qab", c, cross, root, root),
            "losses": total.sum(axis=0),
            "squares": copies * np.einsum("g,gqa->qa", count, total),
            "products": copies * np.einsum("gqa,gqb->qab", total, total),
            "weight": c.sum(),
            "weight_squared": copies * count @ count,
            "n_rows": len(rows),
        }
