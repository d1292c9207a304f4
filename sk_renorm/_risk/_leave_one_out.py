"""Exact leave-one-out errors: each residual times its own renormalization 1 / (1 - leverage)."""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from sk_renorm._linalg import Factorization, LeftBlock, Scratch
from sk_renorm._risk._evaluation import Evaluation
from sk_renorm._risk._uncertainty import LossSums

_BLOCK_ENTRIES = 2**20  # errors made at a time: rows x penalties x targets


class LeaveOneOut:
    """Errors of every row for the model fitted to the others, the intercept included.

    With ``G = (X~ X~' + alpha)^-1`` on the modes, the error is ``(G y)_i / G_ii``: the residual
    over one minus the leverage, without the 0/0 of that form at alpha = 0 when p > n.  A row is
    left out with all of its weight; the risk is the weighted mean of squared errors.

    Parameters
    ----------
    factorization : Factorization
        Must hold the rows.

    Notes
    -----
    Two products of size n r L for L penalties and one target; memory of a block of rows.
    """

    needs = "rows"

    def __init__(self, factorization: Factorization):
        self.factorization = factorization

    def risk(self, penalties: np.ndarray) -> np.ndarray:
        """Return the weighted mean squared error (L, q) at ``penalties`` (L, 1) or (L, q)."""
        f = self.factorization
        step = max(1, _BLOCK_ENTRIES // (1024 * f.n_targets))
        chunks = [slice(start, start + step) for start in range(0, len(penalties), step)]
        # columns of many targets are made again for every block: kept, they would be r x L x q
        once = _Columns(f, penalties) if len(chunks) == 1 else None

        def sum_of_squares(rows: slice, block: LeftBlock, scratch: Scratch) -> np.ndarray:
            total = np.empty((len(penalties), f.n_targets))
            for some in chunks:
                columns = once or _Columns(f, penalties[some])
                errors, _ = columns.errors(block, scratch)
                np.einsum("blq,blq->lq", errors, errors, out=total[some])
            return total

        return f.sum_left_blocks(sum_of_squares) / f.data.total_weight

    def errors(self, penalties: np.ndarray) -> list[tuple[slice, np.ndarray]]:
        """Return ``[(all rows, errors of shape (n, L, q))]``, in the unit of y."""
        columns = _Columns(self.factorization, penalties)
        blocks = self.factorization.map_left_blocks(
            lambda rows, block, scratch: columns.errors(block, scratch)[0].copy()
        )
        return [(slice(None), self._unweighted(np.concatenate(blocks)))]

    def at(self, penalties: np.ndarray, nodes: np.ndarray, joint: bool) -> Evaluation:
        """Evaluate ``penalties`` (1, 1) or (1, q), and sum up the errors at ``nodes`` (K,)."""
        errors, rest, sums, power = self.parts(penalties, nodes, joint)
        mean = rest.mean(axis=0)
        dispersion = np.divide(rest.std(axis=0), mean, out=np.zeros_like(mean), where=mean > 0.0)
        risk = power / self.factorization.data.total_weight
        return Evaluation([(slice(None), errors)], risk, dispersion, sums, sums)

    def parts(
        self, penalties: np.ndarray, nodes: np.ndarray, joint: bool
    ) -> tuple[np.ndarray, np.ndarray, LossSums, np.ndarray]:
        """Return what an evaluation is made of, for the rows at hand.

        Errors (n, 1, q), one minus leverages (n, 1 or q) up to scale, sums at the ``nodes``, and
        the weighted sums of squared errors (q,).
        """
        f = self.factorization
        n_rows = len(f.data.targets)
        weights = np.ones(n_rows) if f.data.root_weight is None else f.data.root_weight**2
        chosen = _Columns(f, penalties)
        errors = np.empty((n_rows, 1, f.n_targets))
        rest = np.empty((n_rows, penalties.shape[1]))
        step = max(1, _BLOCK_ENTRIES // (1024 * len(nodes)))
        targets = [slice(start, start + step) for start in range(0, f.n_targets, step)]
        # columns of many targets are made again for every block: kept, they would be r x K x q
        once = _Columns(f, nodes[:, None]) if len(targets) == 1 else None

        def evaluate(rows: slice, block: LeftBlock, scratch: Scratch) -> LossSums:
            errors[rows], one_minus_leverage = chosen.errors(block, scratch)
            rest[rows] = one_minus_leverage[:, 0]
            left = np.empty((len(block.U), len(nodes)))

            def parts() -> Iterator[np.ndarray]:
                for some in targets:
                    columns = once or _Columns(f, nodes[:, None], some)
                    node_errors, node_left = columns.errors(block, scratch)
                    left[:] = node_left[:, :, 0]
                    yield node_errors

            return LossSums.of(parts(), weights[rows], joint).with_left(left)

        sums = f.sum_left_blocks(evaluate)
        power = np.einsum("bq,bq->q", errors[:, 0], errors[:, 0])
        return self._unweighted(errors), rest, sums, power

    def _unweighted(self, errors: np.ndarray) -> np.ndarray:
        root = self.factorization.data.root_weight
        return errors if root is None else errors / root.reshape(-1, *[1] * (errors.ndim - 1))


def at_other_risk(
    estimate, penalties: np.ndarray, nodes: np.ndarray, joint: bool, fewer: float = 1.0
) -> Evaluation:
    """Evaluate leave-one-out errors with their sums brought to the risk of another estimate.

    ``fewer`` says by what factor the scatter of the rows is that of fewer independent ones.
    """
    by_row = LeaveOneOut(estimate.factorization).at(penalties, nodes, joint)
    risks = estimate.risk(nodes[:, None]).T
    risks = risks.mean(axis=0, keepdims=True) if joint else risks
    sums = by_row.sums.scaled(by_row.sums.factor_to(risks), fewer)
    return replace(by_row, risk=estimate.risk(penalties)[0], sums=sums, by_row=sums)


class _Columns:
    """One column for every penalty (and some targets): what blocks of rows are multiplied with.

    Rows that the modes explain in full have residuals and one minus leverages proportional to
    alpha, which drops out; for the others both are multiplied by it.
    """

    def __init__(self, f: Factorization, penalties: np.ndarray, some: slice = slice(None)):
        gains = 1.0 / (f.eigenvalues[:, None, None] + penalties)
        targets = gains * f.projections[:, None, some]
        self.some = some
        self.interpolates = f.interpolates
        self.shape = targets.shape[1:]
        self.n_levels = penalties.shape
        self.gains = gains.reshape(f.rank, math.prod(gains.shape[1:]))
        self.targets = targets.reshape(f.rank, math.prod(self.shape))
        if not self.interpolates:
            self.scaled_gains = (gains * penalties).reshape(self.gains.shape)
            self.scaled_targets = (targets * penalties).reshape(self.targets.shape)

    def errors(self, block: LeftBlock, scratch: Scratch) -> tuple[np.ndarray, np.ndarray]:
        """Return weighted errors (b, L, q), and one minus the leverages (b, L, 1 or q) up to scale.

        Both arrays are scratch space.
        """
        n_rows = len(block.U)
        fitted = scratch("fitted", n_rows, self.targets.shape[1])
        leverage = scratch("leverage", n_rows, self.gains.shape[1])
        errors = fitted.reshape(n_rows, *self.shape)
        rest = leverage.reshape(n_rows, *self.n_levels)
        if self.interpolates:
            np.matmul(block.U, self.targets, out=fitted)
            np.matmul(block.squares, self.gains, out=leverage)
            errors /= rest
            return errors, rest
        np.matmul(block.U, self.scaled_targets, out=fitted)
        np.matmul(block.squares, self.scaled_gains, out=leverage)
        errors += block.residual[:, None, self.some]
        leverage += block.null[:, None]
        explained = np.flatnonzero(block.null == 0.0)
        if not len(explained):
            errors /= rest
            return errors, rest
        errors /= np.where(rest > 0.0, rest, 1.0)
        exact = (block.U[explained] @ self.targets).reshape(-1, *self.shape)
        exact /= (block.squares[explained] @ self.gains).reshape(-1, *self.n_levels)
        errors[explained] = exact
        return errors, rest
