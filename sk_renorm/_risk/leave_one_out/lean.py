"""The lean passes: leave-one-out of many rows in float32, where that costs no digit that counts.

The error of a row is its residual over one minus its leverage h.  Leverages that float32 has to
1e-6 leave as many digits of ``1 - h``, unless h is near one, or
near the little that the intercept leaves of a heavy row: such rows are done again in float64.
Where weak penalties see all digits of U, its product is in float64, and what follows is not.  At
the penalty chosen residuals are those of the coefficients, in float64.
"""

from collections.abc import Callable, Iterator

import numpy as np

from sk_renorm._linalg import (
    Factorization,
    LeftBlock,
    Scratch,
    SingleBlock,
    SingleVectors,
    has_left_map,
    single,
)
from sk_renorm._risk.degrees_of_freedom import effective_df
from sk_renorm._risk.estimate import Slack

_WORTH = 2**18  # rows x modes x targets, from which a pass is most of a fit
_NEAR_ONE, _HALF = 0.9, 0.5  # leverages from which float32 is too rough: of a path, of a choice
_MOST = 0.125  # of the rows that may be done twice
_NEARBY, _WITHIN = 8, 0.7  # penalties about a guess, and how far from it in log(alpha)
_ROUNDING = 3e-6  # of the degrees of freedom, which leverages add up to

Squares = Callable[[slice | np.ndarray, LeftBlock, Scratch], np.ndarray]


def is_lean(f: Factorization) -> bool:
    """Say whether the lean passes can be made, and are worth it."""
    return f.data.n_rows * f.rank * f.n_targets >= _WORTH and has_left_map(f)


def lean_slack(f: Factorization, alphas: np.ndarray) -> Slack | None:
    """Return one minus the leverages at one penalty (1,), or at that of each target (q,).

    None if float32 has lost too much.
    """
    gains = f.eigenvalues[:, None] / (f.eigenvalues[:, None] + alphas)
    single_gains, is_one = gains.astype(np.float32), len(alphas) == 1
    of_one = np.sqrt(gains[:, 0]) if is_one else None
    vectors = SingleVectors(f, alphas.min(), of_one, with_residuals=False)
    leverage = np.empty((f.data.n_rows, len(alphas)))

    def over(blocks: Iterator[SingleBlock]) -> None:
        for rows, U, _ in blocks:
            squares = np.multiply(U, U, out=U)
            leverage[rows] = squares.sum(axis=1)[:, None] if is_one else squares @ single_gains

    vectors.map(over)
    return _checked(f, alphas, leverage)


def _checked(f: Factorization, alphas: np.ndarray, leverage: np.ndarray) -> Slack | None:
    """Return one minus ``leverage`` (n, k), if that adds up to the degrees of freedom.

    In the place of ``leverage``.
    """
    df = effective_df(f, alphas)
    most = 1.0 - np.square(f.data.constant)
    again = np.flatnonzero(leverage.max(axis=1) > _HALF * most)
    lost = np.abs(leverage.sum(axis=0) - df) > _ROUNDING * df
    if lost.any() or len(again) > _MOST * len(leverage):
        return None
    return Slack(np.subtract(most[:, None], leverage, out=leverage), again)


class _Nearby:
    """Leverages at penalties about a guess, which tell those in between.

    They are analytic in log(alpha), up to a distance of pi into the complex plane: between eight
    Chebyshev nodes within 0.7 of the guess a polynomial has them to 2e-8.
    """

    def __init__(self, f: Factorization, guess: float):
        self.f, self.centre = f, np.log(guess)
        angles = np.pi * (np.arange(_NEARBY) + 0.5) / _NEARBY
        self.steps = _WITHIN * np.cos(angles)
        self.signs = np.sin(angles) * (-1.0) ** np.arange(_NEARBY)
        alphas = guess * np.exp(self.steps)
        self.gains = (f.eigenvalues[:, None] / (f.eigenvalues[:, None] + alphas)).astype(np.float32)
        self.leverages = np.empty((f.data.n_rows, _NEARBY), np.float32)

    def slack(self, alpha: float) -> Slack | None:
        """Return one minus the leverages at a penalty, or None if it is too far."""
        step = np.log(alpha) - self.centre if alpha > 0.0 else -np.inf
        if abs(step) > _WITHIN:
            return None
        away = step - self.steps
        away[away == 0.0] = 1e-200
        terms = self.signs / away
        leverage = np.einsum("nk,k->n", self.leverages, terms / terms.sum())  # in small buffers
        return _checked(self.f, np.array([alpha]), leverage[:, None])


def lean_squares(
    f: Factorization,
    nodes: np.ndarray,
    guess: float | None,
    row_weights: np.ndarray | None,
    exact: Squares,
) -> tuple[np.ndarray, Callable[[float], Slack | None]] | None:
    """Return the sums of squared, weighted errors (K, q) at ``nodes`` (K,), or None if too rough.

    And what tells of one minus the leverages about a ``guess`` of the penalty.  ``exact`` sums over
    a block of rows in float64.
    """
    nearby = _Nearby(f, guess) if guess else None
    lean = _Squares(f, nodes, nearby, row_weights)
    parts = SingleVectors(f, nodes[0]).map(lean.over)
    total = sum(squares for squares, _ in parts)
    again = np.concatenate([rows for _, some in parts for rows in some] or [np.empty(0, int)])
    if len(again) > _MOST * f.data.n_rows:
        return None
    if len(again):
        total = total + exact(again, f.left_block(again), Scratch())
    return total, (lambda alpha: None) if nearby is None else nearby.slack


class _Squares:
    """What blocks of rows are multiplied with."""

    def __init__(
        self,
        f: Factorization,
        nodes: np.ndarray,
        nearby: _Nearby | None,
        row_weights: np.ndarray | None,
    ):
        self.data, self.nearby, self.row_weights = f.data, nearby, row_weights
        gains = 1.0 / (f.eigenvalues[:, None] + nodes)
        self.learned = (f.eigenvalues[:, None] * gains).astype(np.float32)
        self.left = (nodes * gains).astype(np.float32)
        # targets in units of their own, so that float32 holds any
        power = np.square(f.projections).sum(axis=0) + f.null_power
        self.units = np.sqrt(np.where(power > 0.0, power, 1.0) / f.data.n_rows)
        self.projections = (f.projections / self.units).astype(np.float32)

    def over(self, blocks: Iterator[SingleBlock]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return sums of squares (K, q), and the rows that were left out for float64."""
        n_nodes, scratch = self.learned.shape[1], Scratch()
        total, again = np.zeros((n_nodes, len(self.units))), []
        for rows, U, residual in blocks:
            slack = single(scratch, "slack", len(U), n_nodes)
            squares = np.multiply(U, U, out=single(scratch, "squares", *U.shape))
            np.matmul(squares, self.learned, out=slack)
            if self.nearby is not None:
                np.matmul(squares, self.nearby.gains, out=self.nearby.leverages[rows])
            most = (1.0 - np.square(self.data.constant[rows])).astype(np.float32)
            is_near = slack[:, 0] > _NEAR_ONE * most
            np.subtract(most[:, None], slack, out=slack)
            if is_near.any():
                again.append(rows.start + np.flatnonzero(is_near))
                slack[is_near] = np.inf
            if self.row_weights is not None:
                slack /= np.sqrt(np.maximum(self.row_weights[rows, None], 1e-30)).astype(np.float32)
            residual = (residual / self.units).astype(np.float32)
            self._add(total, U, residual, slack, scratch)
        return total * np.square(self.units), again

    def _add(
        self,
        total: np.ndarray,
        U: np.ndarray,
        residual: np.ndarray,
        slack: np.ndarray,
        scratch: Scratch,
    ) -> None:
        """Add the squares of a block to ``total`` (K, q), by long products for many targets."""
        n_rows, (n_nodes, n_targets) = len(U), total.shape
        if n_targets <= n_nodes:
            errors = single(scratch, "errors", n_rows, n_nodes)
            for target, projections in enumerate(self.projections.T):
                np.matmul(U, self.left * projections[:, None], out=errors)
                total[:, target] += _power(errors, residual[:, target, None], slack)
            return
        errors = single(scratch, "errors", n_rows, n_targets)
        for node in range(n_nodes):
            np.matmul(U, self.left[:, node, None] * self.projections, out=errors)
            total[node] += _power(errors, residual, slack[:, node, None])


def _power(fitted: np.ndarray, residual: np.ndarray, slack: np.ndarray) -> np.ndarray:
    """Return the sums (k,) of squares of ``(fitted + residual) / slack`` (b, k), in its place."""
    fitted += residual
    fitted /= slack
    np.multiply(fitted, fitted, out=fitted)
    return fitted.sum(axis=0, dtype=np.float64)
