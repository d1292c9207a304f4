"""Leave-one-out errors where the singular vectors live on a device: the products happen there."""

from collections.abc import Iterator

import numpy as np

from sk_renorm._linalg import DeviceVectors, Factorization, LeftBlock, device_left_block
from sk_renorm._risk.estimate import Evaluation, RiskEstimate, Slack, dispersion
from sk_renorm._risk.uncertainty.sums import LossSums

_BLOCK_ENTRIES = 2**24  # errors, or columns, made at a time


class DeviceLeaveOneOut(RiskEstimate):
    """The same as `LeaveOneOut`, with blocks of rows, and sums over them, on the device.

    What comes back are ndarrays: sums, and errors at the chosen penalty.

    Parameters
    ----------
    factorization : Factorization
        With `DeviceVectors`.
    """

    def __init__(self, factorization: Factorization):
        self.factorization = factorization
        self.place = factorization.data.place
        self._spectrum = self.place.put(factorization.eigenvalues)[:, None, None]
        self._projections = self.place.put(factorization.projections)[:, None, :]

    def risk(self, penalties: np.ndarray, some: slice | np.ndarray = slice(None)) -> np.ndarray:
        """Return the weighted mean squared error (L, q) at ``penalties`` (L, 1) or (L, q)."""
        f, xp = self.factorization, self.place.xp
        total = np.zeros((len(penalties), f.n_targets))
        for block in self._blocks():
            for part in _chunks(len(penalties), max(f.rank, block.U.shape[0]) * f.n_targets):
                errors, _ = self._errors(block, self.place.put(penalties[part]))
                total[part] += self.place.to_host(xp.sum(errors * errors, axis=0))
        return (total / f.data.total_weight)[:, some]

    def errors(self, penalties: np.ndarray) -> list[tuple[slice, np.ndarray]]:
        """Return ``[(all rows, errors of shape (n, L, q))]``, in the unit of y."""
        at = self.place.put(penalties)
        blocks = [self.place.to_host(self._errors(block, at)[0]) for block in self._blocks()]
        return [(slice(None), self._unweighted(np.concatenate(blocks)))]

    def at(self, penalties: np.ndarray, slack: Slack | None = None) -> Evaluation:
        """Evaluate ``penalties`` (1, 1) or (1, q)."""
        f, place = self.factorization, self.place
        chosen, errors, slack = place.put(penalties), [], []
        for block in self._blocks():
            some_errors, some_slack = self._errors(block, chosen)
            errors.append(place.to_host(some_errors))
            slack.append(place.to_host(some_slack)[:, 0])
        errors, slack = np.concatenate(errors), np.concatenate(slack)
        risk = np.einsum("bq,bq->q", errors[:, 0], errors[:, 0]) / f.data.total_weight
        errors = [(slice(None), self._unweighted(errors))]
        return Evaluation(errors, risk, dispersion(slack), slack)

    def sums(self, nodes: np.ndarray, joint: bool) -> LossSums:
        """Sum up the errors at ``nodes`` (K,)."""
        f = self.factorization
        root = f.data.root_weight
        weights = np.ones(f.data.n_rows) if root is None else root**2
        at_nodes, sums, start = self.place.put(nodes[:, None]), None, 0
        for block in self._blocks():
            stop = start + block.U.shape[0]
            part = self._loss_sums(block, at_nodes, weights[start:stop], joint)
            sums, start = part if sums is None else sums + part, stop
        return sums

    def _blocks(self) -> Iterator[LeftBlock]:
        f = self.factorization
        return (device_left_block(f, rows) for rows in f.vectors.row_ranges())

    def _errors(self, block: LeftBlock, penalties, some: slice = slice(None)):
        """Return weighted errors (b, L, q) and one minus the leverages (b, L, 1 or q) up to scale.

        The same formulas as `Columns.errors`: rows that the modes explain in full have residuals
        and one minus leverages proportional to alpha, which drops out.
        """
        xp, f = self.place.xp, self.factorization
        gains = 1.0 / (self._spectrum + penalties)
        targets = gains * self._projections[:, :, some]
        errors = _product(xp, block.U, targets)
        rest = _product(xp, block.squares, gains)
        if f.interpolates:
            return errors / rest, rest
        null = block.null[:, None, None]
        explained = null == 0.0
        scale = xp.where(explained, 1.0, penalties)
        errors = scale * errors + block.residual[:, None, some]
        divisor = scale * rest + null
        return errors / divisor, penalties * rest + null

    def _loss_sums(self, block: LeftBlock, nodes, weights: np.ndarray, joint: bool) -> LossSums:
        """Return what `LossSums.of` and ``with_slack`` do, of errors (b, K, q) at ``nodes``."""
        xp, n_targets = self.place.xp, self.factorization.n_targets
        row_weights = self.place.put(weights)

        def of_losses(loss) -> tuple:
            return xp.sum(loss, axis=2), loss @ row_weights, loss @ xp.matrix_transpose(loss)

        parts, joint_cross, joint_loss = [], 0.0, 0.0
        n_rows, n_nodes = len(weights), nodes.shape[0]
        for some in _chunks(n_targets, max(n_rows, self.factorization.rank) * n_nodes):
            errors, slack = self._errors(block, nodes, some)
            e = xp.permute_dims(errors, (2, 1, 0))
            cross, loss = e @ xp.matrix_transpose(e), e * e
            if joint:
                joint_cross = joint_cross + xp.sum(cross, axis=0)
                joint_loss = joint_loss + xp.sum(loss, axis=0)
            else:
                parts.append((cross, *of_losses(loss)))
        if joint:
            loss = joint_loss[None, :, :] / n_targets
            parts = [(joint_cross[None, :, :] / n_targets, *of_losses(loss))]
        slack = slack[:, :, 0]
        return LossSums(
            *(self.place.to_host(xp.concat(arrays)) for arrays in zip(*parts, strict=True)),
            float(weights.sum()),
            float(weights @ weights),
            slack=self.place.to_host(xp.sum(slack, axis=0)),
            slack_squared=self.place.to_host(xp.sum(slack * slack, axis=0)),
            n_rows=n_rows,
        )

    def _unweighted(self, errors: np.ndarray) -> np.ndarray:
        root = self.factorization.data.root_weight
        return errors if root is None else errors / root[:, None, None]


def on_device(f: Factorization) -> bool:
    """Say whether the singular vectors live on a device."""
    return isinstance(f.vectors, DeviceVectors)


def _chunks(n_items: int, entries: int) -> Iterator[slice]:
    """Yield slices that cover ``n_items`` of so many ``entries`` each."""
    step = max(1, _BLOCK_ENTRIES // max(entries, 1))
    return (slice(start, min(start + step, n_items)) for start in range(0, n_items, step))


def _product(xp, A, B):
    """Return ``A B`` (b, L, q) for ``A`` (b, r) and ``B`` (r, L, q)."""
    flat = A @ xp.reshape(B, (B.shape[0], B.shape[1] * B.shape[2]))
    return xp.reshape(flat, (A.shape[0], *B.shape[1:]))
