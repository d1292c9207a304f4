"""Rows that predict their neighbours: how many times larger the risk is if these are left out too.

Neighbours make the risk of rows left out singly too small if they carry a row's noise, or what the
fit has learned of a direction, and that is what leaving out blocks of them measures, in closed form
at the penalty chosen.  No correlation of errors does: alike noise of unlike rows costs nothing, and
alike rows of independent noise have unlike errors, though they may cost much where p > n.
"""

from dataclasses import dataclass

import numpy as np

from sk_renorm._checks.order import is_in_order
from sk_renorm._linalg import Factorization
from sk_renorm._risk import alike_block_errors, concentration

FEWEST = 200  # rows; of fewer there are too few blocks
_CLEAR = 4.0  # standard errors of a lag-one correlation: then blocks are worth their while
_LENGTHS = 4, 16  # of blocks, and
_LONGEST = 64  # which is told; at most a tenth of the rows
_BLOCKS = 64  # of each length; twice as many of the shortest
_PENALTIES = 8  # and so many targets, if each has its own


@dataclass(frozen=True)
class Growth:
    value: float
    error: float
    rank: float


def lag_one(columns):
    centred = columns - columns.mean(axis=0)
    power = np.square(centred).sum()
    return float(np.sum(centred[1:] * centred[:-1]) / power) if power else 0.0


def neighbours_are_alike(errors, predictions):
    n = len(errors)
    for columns in (errors, predictions):
        c = abs(lag_one(columns)) * np.sqrt(n)
        if c > _CLEAR * np.sqrt(concentration(columns - columns.mean(axis=0))):
            return True
    return False


def growth_of_blocks(f, b, errors, weights, alpha) -> Growth:
    n = len(errors)
    starts = b * np.arange(n // b)
    most = _BLOCKS if b > _LENGTHS[0] else 2 * _BLOCKS
    if len(starts) > most:
        starts = starts[np.linspace(0, len(starts) - 1, most).astype(int)]
    blocks = starts[:, None] + np.arange(b)
    anywhere = np.random.default_rng(0).permutation(n)[: blocks.size].reshape(blocks.shape)
    near, control = (excess_loss(f, rows, errors, weights, alpha) for rows in (blocks, anywhere))
    m = len(near)
    rank = np.argsort(np.argsort(np.concatenate([near, control])))
    z = (rank[:m].mean() - rank[m:].mean()) / np.sqrt((2 * m) ** 2 / 12 * 2 / m)
    return Growth(1 + near.mean() - control.mean(), np.sqrt((near.var(ddof=1) + control.var(ddof=1)) / m), z)


def excess_loss(f, rows, errors, weights, alpha):
    weights = np.ones(len(errors)) if weights is None else weights
    loss = np.square(errors).sum(axis=1) * weights
    excess = np.empty(len(rows))
    for some, left_out in alike_block_errors(f, rows, alpha):
        more = np.square(left_out).sum(axis=2) * weights[rows[some]] - loss[rows[some]]
        excess[some] = more.mean(axis=1)
    return excess / loss.mean()
