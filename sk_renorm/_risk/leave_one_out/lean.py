"""The lean passes: leave-one-out of many rows in float32, where that costs no digit that counts.

The error of a row is its residual over one minus its leverage h.  Leverages that float32 has to
1e-6 leave as many digits of ``1 - h``, unless h is near one: rows of large leverage are done again
in float64.  Penalties that are weak beside the largest eigenvalue see all digits of U, and are not
done here.  At the penalty chosen residuals are those of the coefficients, in float64.
"""

from collections.abc import Callable, Iterator

import numpy as np

from sk_renorm._linalg import (
    Factorization,
    LeftBlock,
    Scratch,
    SingleVectors,
    is_single_enough,
    single,
)
from sk_renorm._risk.degrees_of_freedom import effective_df
from sk_renorm._risk.estimate import Slack

_WORTH = 2**21  # rows x modes x targets, from which a pass is most of a fit
_WEAK = 1e-7  # of the largest eigenvalue
_NEAR_ONE = 0.3  # leverage
_MOST = 0.125  # of the rows that may be done twice
_ROUNDING = 3e-6  # of the degrees of freedom, which leverages add up to

Blocks = Iterator[tuple[slice, np.ndarray]]  # rows and their U (b, r)
Squares = Callable[[slice | np.ndarray, LeftBlock, Scratch], np.ndarray]


def is_lean(f: Factorization, least: float) -> bool:
    """Say whether penalties from ``least`` on are safe in float32, and worth it."""
    large = f.data.n_rows * f.rank * f.n_targets >= _WORTH
    return large and is_single_enough(f) and least >= _WEAK * f.eigenvalues[-1]


def lean_slack(f: Factorization, alpha: float) -> Slack | None:
    """Return one minus the leverages at a penalty, or None if float32 has lost too much."""
    root_gains = np.sqrt(f.eigenvalues / (f.eigenvalues + alpha))
    vectors = SingleVectors(f, root_gains)
    leverage = np.empty(f.data.n_rows)

    def over(blocks: Blocks) -> None:
        for rows, U in blocks:
            leverage[rows] = np.einsum("br,br->b", U, U)

    vectors.map(over)
    return _checked(f, alpha, leverage)


def _checked(f: Factorization, alpha: float, leverage: np.ndarray) -> Slack | None:
    """Return one minus ``leverage`` (n,), if that adds up to the degrees of freedom."""
    df = float(effective_df(f, np.array(alpha)))
    again = np.flatnonzero(leverage > _NEAR_ONE)
    if abs(leverage.sum() - df) > _ROUNDING * df or len(again) > _MOST * len(leverage):
        return None
    return Slack(1.0 - np.square(f.data.constant) - leverage, again)


def lean_squares(
    f: Factorization,
    nodes: np.ndarray,
    guess: float | None,
    row_weights: np.ndarray | None,
    exact: Squares,
) -> tuple[np.ndarray, Slack | None] | None:
    """Return the sums of squared, weighted errors (K, q) at ``nodes`` (K,), or None if too rough.

    And what is left of the rows at a ``guess`` of the penalty.  ``exact`` sums over a block of rows
    in float64.
    """
    guess = None if guess is None or not is_lean(f, guess) else guess
    lean = _Squares(f, nodes, guess, row_weights)
    parts = SingleVectors(f).map(lean.over)
    total = sum(squares for squares, _ in parts)
    again = np.concatenate([rows for _, some in parts for rows in some] or [np.empty(0, int)])
    if len(again) > _MOST * f.data.n_rows:
        return None
    if len(again):
        total = total + exact(again, f.left_block(again), Scratch())
    return total, None if guess is None else _checked(f, guess, lean.leverage)


class _Squares:
    """What blocks of rows are multiplied with."""

    def __init__(
        self,
        f: Factorization,
        nodes: np.ndarray,
        guess: float | None,
        row_weights: np.ndarray | None,
    ):
        self.data, self.row_weights = f.data, row_weights
        learned = f.eigenvalues[:, None] / (f.eigenvalues[:, None] + nodes)
        self.learned, self.at_guess = learned.astype(np.float32), None
        if guess is not None:
            self.at_guess = (f.eigenvalues / (f.eigenvalues + guess)).astype(np.float32)
            self.leverage = np.empty(f.data.n_rows)
        # targets in units of their own, so that float32 holds any
        power = np.square(f.projections).sum(axis=0) + f.null_power
        self.units = np.sqrt(np.where(power > 0.0, power, 1.0) / f.data.n_rows)
        self.projections = (f.projections / self.units).astype(np.float32)

    def over(self, blocks: Blocks) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return sums of squares (K, q), and the rows that were left out for float64."""
        n_nodes, scratch = self.learned.shape[1], Scratch()
        total, again = np.zeros((len(self.units), n_nodes)), []
        for rows, U in blocks:
            shape, size = (len(U), n_nodes), len(U) * n_nodes
            slack = single(scratch("slack", size), *shape)
            squares = np.multiply(U, U, out=single(scratch("squares", U.size), *U.shape))
            np.matmul(squares, self.learned, out=slack)
            if self.at_guess is not None:
                self.leverage[rows] = squares @ self.at_guess
            is_near = slack[:, 0] > _NEAR_ONE
            most = (1.0 - np.square(self.data.constant[rows])).astype(np.float32)
            np.subtract(most[:, None], slack, out=slack)
            if is_near.any():
                again.append(rows.start + np.flatnonzero(is_near))
                slack[is_near] = np.inf
            if self.row_weights is not None:
                slack /= np.sqrt(np.maximum(self.row_weights[rows, None], 1e-30)).astype(np.float32)
            targets = (self.data.targets[rows] / self.units).astype(np.float32)
            errors = single(scratch("errors", size), *shape)
            for target, projections in enumerate(self.projections.T):
                # made again for every block: kept, those of many targets would be r x K x q
                np.matmul(U, self.learned * projections[:, None], out=errors)
                np.subtract(targets[:, target, None], errors, out=errors)
                np.divide(errors, slack, out=errors)
                np.multiply(errors, errors, out=errors)
                # a product adds up with less rounding than a sum
                total[target] += np.ones(len(U), np.float32) @ errors
        return (total * np.square(self.units)[:, None]).T, again
