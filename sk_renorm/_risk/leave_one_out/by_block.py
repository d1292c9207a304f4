"""Leave-one-out errors of rows that are made again, block by block, for every pass over them."""

from functools import partial

import numpy as np

from sk_renorm._linalg import Block, DaskRows, Factorization
from sk_renorm._risk.estimate import Errors, Evaluation, PathRisk, Slack, dispersion
from sk_renorm._risk.leave_one_out.rows import LeaveOneOut
from sk_renorm._risk.uncertainty.sums import LossSums

Parts = tuple[np.ndarray, np.ndarray, LossSums | int, np.ndarray]


class LeaveOneOutByBlock(LeaveOneOut):
    """`LeaveOneOut` of each block, from the factorization of all rows; blocks add up.

    Parameters
    ----------
    factorization : Factorization
        Of the moments of all rows.
    rows : DaskRows
        The blocks.
    """

    tells_rows = False
    work = None  # every pass makes the rows again: not one more for a few nodes first

    def __init__(self, factorization: Factorization, rows: DaskRows):
        # what the base keeps of rows is made for each block
        self.factorization, self.rows = factorization, rows
        self.total_weight = factorization.data.total_weight
        self.lost = set()

    def risk(self, penalties: np.ndarray, some: slice | np.ndarray = slice(None)) -> np.ndarray:
        return self.rows.reduce(partial(_risk, self.factorization, penalties))[:, some]

    def risk_of_path(self, nodes: np.ndarray, guess: float | None = None) -> PathRisk:
        return PathRisk(self.risk(nodes[:, None]))

    def errors(self, penalties: np.ndarray) -> Errors:
        blocks = self.rows.reduce(partial(_errors, self.factorization, penalties))
        return [(slice(None), np.concatenate(blocks))]

    def even_noise(self, penalties: np.ndarray, at: Evaluation) -> np.ndarray | None:
        weighted = any(weights is not None for _, _, weights in self.rows.blocks)
        return None if weighted else super().even_noise(penalties, at)

    def sums(self, nodes: np.ndarray, joint: bool) -> LossSums:
        return self.rows.reduce(partial(_sums, self.factorization, nodes, joint))

    def at(self, penalties: np.ndarray, slack: Slack | None = None) -> Evaluation:
        return self._evaluation(
            self.rows.reduce(partial(_parts, self.factorization, penalties), _join)
        )

    def at_with_sums(
        self, penalties: np.ndarray, nodes: np.ndarray, joint: bool
    ) -> tuple[Evaluation, LossSums]:
        """Evaluate ``penalties`` (1, 1) or (1, q), and sum up errors at ``nodes`` in that pass."""
        task = partial(_parts_and_sums, self.factorization, penalties, nodes, joint)
        parts = self.rows.reduce(task, _join)
        return self._evaluation(parts), parts[2]

    def _evaluation(self, parts: Parts) -> Evaluation:
        errors, slack, _, power = parts
        risk = power / self.total_weight
        return Evaluation([(slice(None), errors)], risk, dispersion(slack), slack)


def _risk(f: Factorization, penalties, block: Block) -> np.ndarray:
    return _of(f, block).risk(penalties)


def _errors(f: Factorization, penalties, block: Block) -> list[np.ndarray]:
    return [errors for _, errors in _of(f, block).errors(penalties)]


def _sums(f: Factorization, nodes, joint: bool, block: Block) -> LossSums:
    return _of(f, block).sums(nodes, joint)


def _parts(f: Factorization, penalties, block: Block) -> Parts:
    return _of(f, block).parts(penalties)


def _parts_and_sums(f: Factorization, penalties, nodes, joint: bool, block: Block) -> Parts:
    rows = _of(f, block)
    return rows.parts(penalties, rows.summation(nodes, joint))


def _of(f: Factorization, block: Block) -> LeaveOneOut:
    return LeaveOneOut(f.holding(block.X, block.Y, block.weights))


def _join(first: Parts, second: Parts) -> Parts:
    errors, slack = (np.concatenate(pair) for pair in zip(first[:2], second[:2], strict=True))
    return errors, slack, first[2] + second[2], first[3] + second[3]
