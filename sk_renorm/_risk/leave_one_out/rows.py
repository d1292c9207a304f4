"""Exact leave-one-out errors: each residual times its own renormalization 1 / (1 - leverage)."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

import numpy as np

from sk_renorm._linalg import Factorization, HeldOut, LeftBlock, Scratch
from sk_renorm._risk.estimate import Evaluation, PathRisk, RiskEstimate, Slack, dispersion
from sk_renorm._risk.leave_one_out.columns import Columns
from sk_renorm._risk.leave_one_out.lean import is_lean, lean_slack, lean_squares
from sk_renorm._risk.leave_one_out.on_device import DeviceLeaveOneOut, on_device
from sk_renorm._risk.uncertainty.sums import LossSums

Sums = TypeVar("Sums")  # over rows

_BLOCK_ENTRIES = 2**20  # errors made at a time: rows x penalties x targets
_SHARE = 0.02  # of the risk: a row of more needs all digits
_MANY, _LARGE = 16, 2**24  # targets, and rows x modes x targets, whose sums are worth float32


class LeaveOneOut(RiskEstimate):
    """Errors of every row for the model fitted to the others, the intercept included.

    With ``G = (X~ X~' + alpha)^-1`` on the modes, the error is ``(G y)_i / G_ii``: the residual
    over one minus the leverage, without the 0/0 of that form at alpha = 0 when p > n.  A row is
    left out with all of its weight; the risk is the weighted mean of squared errors.

    Parameters
    ----------
    factorization : Factorization
        Must hold the rows.
    risk_weights : ndarray of shape (n,), default=None
        Further weights of the squared errors in the risk, which the models do not see.
    apart : dict, default=None
        Rows whose errors are those of a fit to the others; see `rows_apart`.

    Attributes
    ----------
    lost : set of int
        Rows met so far of which rounding leaves nothing, but those ``apart``.

    Notes
    -----
    Two products of size n r L for L penalties and one target; memory of a block of rows.
    """

    tells_rows = True

    def __init__(
        self,
        factorization: Factorization,
        risk_weights: np.ndarray | None = None,
        apart: dict[int, HeldOut] | None = None,
    ):
        self.factorization = factorization
        self.risk_weights = risk_weights
        self.apart = apart or {}
        self.lost: set[int] = set()
        data = factorization.data
        weights = np.ones(len(data.targets)) if data.root_weight is None else data.root_weight**2
        self.weights = weights if risk_weights is None else weights * risk_weights
        self.total_weight = data.total_weight if risk_weights is None else self.weights.sum()
        self._root = None if risk_weights is None else np.sqrt(risk_weights)[:, None, None]

    @property
    def work(self) -> float:
        """Multiply-adds for one penalty more."""
        f = self.factorization
        return float(f.data.n_rows * f.rank * f.n_targets)

    def risk(self, penalties: np.ndarray, some: slice | np.ndarray = slice(None)) -> np.ndarray:
        """Return the weighted mean squared error (L, q) at ``penalties`` (L, 1) or (L, q).

        ``some`` selects targets, for penalties that they share.
        """
        squares = self._squares(penalties, some)
        return self.factorization.sum_left_blocks(squares) / self.total_weight

    def risk_of_path(self, nodes: np.ndarray, guess: float | None = None) -> PathRisk:
        """Return the risk (K, q) at ``nodes`` (K,), ascending; by a lean pass where that is safe.

        Which brings one minus the leverages about the ``guess``.
        """
        f, squares = self.factorization, self._squares(nodes[:, None])
        found = None
        if is_lean(f):
            found = lean_squares(f, nodes, guess, self.risk_weights, squares)
        if found is None:
            return PathRisk(f.sum_left_blocks(squares) / self.total_weight)
        total, slack_at = found
        return PathRisk(total / self.total_weight, slack_at, "float32")

    def _squares(
        self, penalties: np.ndarray, some: slice | np.ndarray = slice(None)
    ) -> Callable[[slice, LeftBlock, Scratch], np.ndarray]:
        """Return what sums up squared errors (L, q) over a block of rows."""
        f = self.factorization
        n_targets = f.projections[:, some].shape[1]
        step = max(1, _BLOCK_ENTRIES // (1024 * n_targets))
        chunks = [slice(start, start + step) for start in range(0, len(penalties), step)]
        # columns of many targets are made again for every block: kept, they would be r x L x q
        once = Columns(f, penalties, some) if len(chunks) == 1 else None

        def sum_up(rows: slice, block: LeftBlock, scratch: Scratch) -> np.ndarray:
            total = np.empty((len(penalties), n_targets))
            for part in chunks:
                columns = once or Columns(f, penalties[part], some)
                errors, _ = self._errors(columns, rows, block, scratch)
                self._weigh(errors, rows)
                np.einsum("blq,blq->lq", errors, errors, out=total[part])
            return total

        return sum_up

    def errors(self, penalties: np.ndarray) -> list[tuple[slice, np.ndarray]]:
        """Return ``[(all rows, errors of shape (n, L, q))]``, in the unit of y."""
        columns = Columns(self.factorization, penalties)
        blocks = self.factorization.map_left_blocks(
            lambda rows, block, scratch: self._errors(columns, rows, block, scratch)[0].copy()
        )
        return [(slice(None), self._unweighted(np.concatenate(blocks)))]

    def errors_of(self, rows: np.ndarray, alphas: np.ndarray) -> np.ndarray:
        """Return errors (m, L, q) of some ``rows`` (m,) at ``alphas`` (L,), in the unit of y."""
        f = self.factorization
        block, scratch = f.left_block(rows), Scratch()
        each = [Columns(f, np.array([[a]])) for a in alphas]
        each = [self._errors(columns, rows, block, scratch)[0].copy() for columns in each]
        errors = np.concatenate(each, axis=1)
        root = f.data.root_weight
        return errors if root is None else errors / root[rows, None, None]

    def slack_at(self, alpha: float) -> np.ndarray:
        """Return one minus the leverages (n, 1) at one penalty, up to a factor."""
        columns = Columns(self.factorization, np.array([[alpha]]))
        blocks = self.factorization.map_left_blocks(
            lambda _, block, scratch: columns.errors(block, scratch)[1][:, 0].copy()
        )
        return np.concatenate(blocks)

    def at(self, penalties: np.ndarray, slack: Slack | None = None) -> Evaluation:
        """Evaluate ``penalties`` (1, 1) or (1, q)."""
        if slack is None and is_lean(self.factorization):
            slack = lean_slack(self.factorization, penalties[0])
        if slack is None:
            errors, values = self.parts(penalties)[:2]
        else:
            errors, values = self._finished(penalties, slack)
        # not by BLAS, whose threads would spin beside what comes next
        power = np.einsum("b,bq->q", self.weights, np.square(errors[:, 0]))
        risk = power / self.total_weight
        return Evaluation([(slice(None), errors)], risk, dispersion(values), values)

    def _finished(self, penalties: np.ndarray, slack: Slack) -> tuple[np.ndarray, np.ndarray]:
        """Return errors (n, 1, q) and slack: residuals in float64, some rows all of it."""
        f, values = self.factorization, slack.values
        errors = f.residuals(penalties[0])
        errors /= values
        rows = np.union1d(slack.again, self._large(errors))
        if len(rows):
            columns, scratch = Columns(f, penalties), Scratch()
            some, exact = self._errors(columns, rows, f.left_block(rows), scratch)
            errors[rows], values[rows] = some[:, 0], exact[:, 0]
        return self._unweighted(errors)[:, None], values

    def _large(self, errors: np.ndarray) -> np.ndarray:
        """Return the rows whose weighted ``errors`` (n, q) are a good part of the risk.

        What float32 rounds averages out over rows, but not over these.
        """
        if self._root is not None:
            errors = errors * self._root[:, 0]
        bound = np.sqrt(_SHARE * np.einsum("nq,nq->q", errors, errors))
        return np.flatnonzero((errors > bound).any(axis=1) | (errors < -bound).any(axis=1))

    def row_sums(self, nodes: np.ndarray, joint: bool, sums: LossSums) -> LossSums:
        if self.risk_weights is None:
            return sums
        return LeaveOneOut(self.factorization, apart=self.apart).sums(nodes, joint)

    def parts(
        self,
        penalties: np.ndarray,
        along: Callable[[slice, LeftBlock, Scratch], Sums] = lambda *_: 0,
    ) -> tuple[np.ndarray, np.ndarray, Sums, np.ndarray]:
        """Return what an evaluation is made of, for the rows at hand.

        Errors (n, 1, q), one minus leverages (n, 1 or q) up to scale, what is summed up ``along``
        over blocks of rows, and the weighted sums of squared errors (q,).
        """
        f = self.factorization
        chosen = Columns(f, penalties)
        errors = np.empty((len(self.weights), 1, f.n_targets))
        slack = np.empty((len(self.weights), penalties.shape[1]))

        def evaluate(rows: slice, block: LeftBlock, scratch: Scratch) -> Sums:
            errors[rows], chosen_slack = self._errors(chosen, rows, block, scratch)
            slack[rows] = chosen_slack[:, 0]
            return along(rows, block, scratch)

        sums = f.sum_left_blocks(evaluate)
        errors = self._unweighted(errors)
        return errors, slack, sums, self.weights @ np.square(errors[:, 0])

    def _errors(
        self, columns: "Columns", rows: slice | np.ndarray, block: LeftBlock, scratch: Scratch
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return what ``columns`` do, but for rows apart the errors of fits to the others."""
        errors, rest = columns.errors(block, scratch)
        if columns.interpolates:
            return errors, rest
        explained = np.flatnonzero(block.null == 0.0)
        if len(explained):
            root = self.factorization.data.root_weight
            numbers = np.arange(len(self.weights))[rows]
            for place, row in zip(explained, numbers[explained].tolist(), strict=True):
                if row not in self.apart:
                    self.lost.add(row)
                    continue
                exact = self.apart[row].errors(columns.penalties)[0][:, columns.some]
                exact = exact if root is None else exact * root[row]
                errors[place] = exact if columns.units is None else exact / columns.units
        return errors, rest

    def _weigh(self, errors: np.ndarray, rows: slice) -> None:
        """Multiply ``errors`` (b, L, q) by the roots of the risk weights, in place."""
        if self._root is not None:
            errors *= self._root[rows]

    def sums(self, nodes: np.ndarray, joint: bool) -> LossSums:
        """Sum up the errors at ``nodes`` (K,)."""
        return self.factorization.sum_left_blocks(self.summation(nodes, joint))

    def summation(
        self, nodes: np.ndarray, joint: bool
    ) -> Callable[[slice, LeftBlock, Scratch], LossSums]:
        """Return what sums up errors at ``nodes`` (K,) over a block of rows."""
        f = self.factorization
        step = max(1, _BLOCK_ENTRIES // (1024 * len(nodes)))
        targets = [slice(start, start + step) for start in range(0, f.n_targets, step)]
        units = _units(f, joint)
        power = None if units is None else np.square(units[:1] if joint else units)[:, None]
        # columns of many targets are made again for every block: kept, they would be r x K x q
        once = Columns(f, nodes[:, None], units=units) if len(targets) == 1 else None

        def sum_up(rows: slice, block: LeftBlock, scratch: Scratch) -> LossSums:
            slack = np.empty((len(block.U), len(nodes)))

            def parts() -> Iterator[np.ndarray]:
                for some in targets:
                    columns = once or Columns(f, nodes[:, None], some, units)
                    node_errors, node_slack = self._errors(columns, rows, block, scratch)
                    slack[:] = node_slack[:, :, 0]
                    self._weigh(node_errors, rows)
                    yield node_errors

            sums = LossSums.of(parts(), self.weights[rows], joint).with_slack(slack)
            return sums if units is None else sums.scaled(power)

        return sum_up

    def _unweighted(self, errors: np.ndarray) -> np.ndarray:
        root = self.factorization.data.root_weight
        return errors if root is None else errors / root.reshape(-1, *[1] * (errors.ndim - 1))


def leave_one_out_of(f: Factorization) -> LeaveOneOut | DeviceLeaveOneOut:
    """Return the estimate for where the factorization lives."""
    return DeviceLeaveOneOut(f) if on_device(f) else LeaveOneOut(f)


def at_other_risk(estimate: RiskEstimate, penalties: np.ndarray) -> Evaluation:
    """Evaluate leave-one-out errors beside the risk of another estimate."""
    at = leave_one_out_of(estimate.factorization).at(penalties)
    return replace(at, risk=estimate.risk(penalties)[0])


def sums_of_other_risk(
    estimate: RiskEstimate, nodes: np.ndarray, joint: bool, fewer: float = 1.0
) -> LossSums:
    """Sum up leave-one-out errors, brought to the risk of another estimate.

    ``fewer`` says by what factor the scatter of the rows is that of fewer independent ones.
    """
    sums = leave_one_out_of(estimate.factorization).sums(nodes, joint)
    risks = estimate.risk(nodes[:, None]).T
    risks = risks.mean(axis=0, keepdims=True) if joint else risks
    return sums.scaled(sums.factor_to(risks), fewer)


def _units(f: Factorization, joint: bool) -> np.ndarray | None:
    """Return in which units (q,) errors of many targets fit float32, or None for float64.

    Sums over rows need no more digits, and the products for many targets are most of a fit.  Where
    modes explain the rows in full, columns have no scale of their own.
    """
    size = f.data.n_rows * f.rank * f.n_targets
    if f.interpolates or f.n_targets < _MANY or size < _LARGE:
        return None
    power = np.square(f.projections).sum(axis=0) + f.null_power
    power = np.full_like(power, power.mean()) if joint else power
    return np.sqrt(np.where(power > 0.0, power, 1.0) / f.data.n_rows)
