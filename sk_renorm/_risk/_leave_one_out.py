"""Exact leave-one-out errors: every residual times its own renormalization 1 / (1 - leverage)."""

import numpy as np

from sk_renorm._linalg import Factorization, LeftBlock

_BLOCK_ENTRIES = 2**19  # errors made at a time: rows x penalties x targets


class LeaveOneOut:
    """Errors of every row for the model fitted to the others, the intercept included.

    With ``G = (X~ X~' + alpha)^-1`` on the modes, the error is ``(G y)_i / G_ii``: the residual over
    one minus the leverage, without the 0/0 of that form at alpha = 0 when p > n.  A row is left out
    with all of its weight; the risk is the weighted mean of squared errors.

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

        def sum_of_squares(rows: slice, block: LeftBlock) -> np.ndarray:
            total = np.empty((len(penalties), f.n_targets))
            step = max(1, _BLOCK_ENTRIES // (len(block.U) * f.n_targets))
            for start in range(0, len(penalties), step):
                some = slice(start, start + step)
                errors, _ = _errors(f, block, penalties[some])
                total[some] = np.einsum("blq,blq->lq", errors, errors)
            return total

        return sum(f.map_left_blocks(sum_of_squares)) / f.data.total_weight

    def errors(self, penalties: np.ndarray) -> list[tuple[slice, np.ndarray]]:
        """Return ``[(all rows, errors of shape (n, L, q))]``, in the unit of y."""
        f = self.factorization
        blocks = f.map_left_blocks(lambda rows, block: _errors(f, block, penalties)[0])
        return [(slice(None), self._unweighted(np.concatenate(blocks)))]

    def errors_and_dispersion(self, penalties: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return errors (n, q), and std / mean over rows of one minus the leverage (1 or q,).

        ``penalties`` has shape (1, 1) or (1, q).
        """
        f = self.factorization
        parts = f.map_left_blocks(lambda rows, block: _errors(f, block, penalties))
        errors = np.concatenate([errors[:, 0] for errors, _ in parts])
        rest = np.concatenate([rest[:, 0] for _, rest in parts])
        mean = rest.mean(axis=0)
        dispersion = np.divide(rest.std(axis=0), mean, out=np.zeros_like(mean), where=mean > 0.0)
        return self._unweighted(errors), dispersion

    def _unweighted(self, errors: np.ndarray) -> np.ndarray:
        root = self.factorization.data.root_weight
        return errors if root is None else errors / root.reshape(-1, *[1] * (errors.ndim - 1))


def _errors(
    f: Factorization, block: LeftBlock, penalties: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted errors (b, L, q) of a block, and one minus the leverages (b, L, 1 or q), up to scale."""
    gains = 1.0 / (f.eigenvalues[:, None, None] + penalties)
    targets = gains * f.projections[:, None, :]
    n_rows = len(block.U)
    fitted = (block.U @ targets.reshape(f.rank, -1)).reshape(n_rows, *targets.shape[1:])
    leverage = np.square(block.U) @ gains.reshape(f.rank, -1)
    leverage = leverage.reshape(n_rows, *penalties.shape)
    # rows that the modes explain in full have residual and 1 - leverage proportional to alpha, which
    # drops out; the common scale of the leverages is kept where some rows have more
    null = block.null[:, None, None]
    scale = penalties if null.all() else np.where(null > 0.0, penalties, 1.0)
    numerator = block.residual[:, None, :] + scale * fitted
    rest = null + scale * leverage
    return numerator / rest, rest if f.interpolates else null + penalties * leverage
