"""Rows in a dask collection: every block is reduced where it is, and only sums travel.

dask is imported where it is used.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeVar

import numpy as np

from sk_renorm._linalg.column_modes import RowsAgain
from sk_renorm._linalg.stage import Stage, silent_stage
from sk_renorm._linalg.sums.dask_blocks import as_floats, split_alike
from sk_renorm._linalg.sums.digest import SAMPLE_SIZE, Digest
from sk_renorm._linalg.sums.moments import Moments
from sk_renorm._linalg.threads import one_blas_thread

Result = TypeVar("Result")


class Block(NamedTuple):
    """Rows X (b, p), targets Y (b, q) and weights (b,), if any, of the block of a ``number``."""

    number: int
    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray | None


BlockTask = Callable[[Block], Result]


@dataclass(frozen=True)
class DaskRows:
    """Blocks of rows that dask makes when asked; ``reduce`` is all that can be done with them.

    Attributes
    ----------
    blocks : list of (X, Y, weights)
        Delayed or arrays (b, p), (b,) or (b, q), (b,); the weights may be None.
    dtype : dtype
        float32 if X is, else float64.
    stage : Stage
        Told of every pass over the blocks.
    """

    blocks: Sequence[tuple]
    dtype: np.dtype
    stage: Stage = silent_stage

    @classmethod
    def of(cls, X, y, sample_weight, stage: Stage = silent_stage) -> "DaskRows":
        """Take a dask X apart, and what goes with it alike: dask collections or arrays."""
        blocks, dtype = split_alike(X, {"y": y, "sample_weight": sample_weight})
        return cls(blocks, np.dtype(np.float32 if dtype == np.float32 else np.float64), stage)

    def digest(self) -> Digest:
        """Return moments and a sample of all rows, in one pass."""
        # of each block four times what it will be asked for: the fewest that all can give count
        size = min(SAMPLE_SIZE, 64 + 4 * SAMPLE_SIZE // len(self.blocks))
        return self.reduce(partial(_digest, size))

    def moments(self) -> tuple[np.ndarray, np.ndarray | None, Moments]:
        """Return targets (n, q), weights (n,) if given, and moments of rows of positive weight."""
        return self.reduce(_moments, _join)

    def again(self, moments: Moments) -> RowsAgain:
        """Return what the rows that ``moments`` are of can be asked for once more."""
        x_means = moments.x_mean, moments.x_low
        y_means = moments.y_mean, moments.y_low
        return RowsAgain(
            lambda T: self.reduce(partial(_gram_of, x_means, T)),
            lambda T, z: self.reduce(partial(_cross_of, x_means, y_means, T, z)),
        )

    def reduce(
        self, task: BlockTask, combine: Callable[[Result, Result], Result] = operator.add
    ) -> Result:
        """Combine ``task(block)`` of all blocks, in order, two at a time.

        The tasks go to the scheduler that is active.  They are functions of their block alone, so
        one that is lost with its worker is done again.  Schedulers of this process tell when a
        block is done, a cluster only when all are.
        """
        import dask
        from dask.callbacks import Callback

        shared = dask.delayed(task, traverse=False)
        on_block, join = dask.delayed(_on_block, pure=False), dask.delayed(_combine, pure=False)
        parts = [on_block(shared, number, *block) for number, block in enumerate(self.blocks)]
        keys = {part.key for part in parts}
        while len(parts) > 1:
            pairs = [parts[start : start + 2] for start in range(0, len(parts), 2)]
            parts = [join(combine, *pair) if len(pair) > 1 else pair[0] for pair in pairs]
        with (
            one_blas_thread(),
            self.stage("pass over the rows", len(keys)) as count,
            Callback(posttask=lambda key, *_: count() if key in keys else None),
        ):
            result = dask.compute(parts[0])[0]
        if result is None:
            raise ValueError("X has no rows of positive weight.")
        return result


def _on_block(task: BlockTask, number: int, X, Y, weights):
    """Do a task on one block, as floats, without the rows of zero weight."""
    X, Y = as_floats(X, "X"), as_floats(Y, "y").astype(np.float64, copy=False)
    if Y.ndim > 2:
        raise ValueError(f"y must have one dimension or two, rows and targets; got {Y.ndim}.")
    Y = Y if Y.ndim > 1 else Y[:, None]
    if weights is not None:
        weights = as_floats(weights, "sample_weight").astype(np.float64, copy=False)
        if weights.ndim != 1:
            raise ValueError(
                "Sample weights must be 1D array or scalar, got an array of shape "
                f"{weights.shape} in block {number}; give one value for each row, in one dimension."
            )
    for name, values in (("y", Y), ("sample_weight", weights)):
        if values is not None and len(values) != len(X):
            raise ValueError(
                f"Block {number} has {len(X)} rows of X and {len(values)} of {name}; give them the "
                "same partitions."
            )
    if weights is not None:
        if not (weights >= 0.0).all():
            raise ValueError(f"Negative values or NaN in sample_weight, in block {number}.")
        kept = weights > 0.0
        if not kept.all():
            X, Y, weights = X[kept], Y[kept], weights[kept]
    if not len(X):
        return None
    with np.errstate(all="ignore"):  # what is not finite is found in the sums
        return task(Block(number, X, Y, weights))


def _combine(combine: Callable[[Result, Result], Result], first, second):
    """Combine results of blocks, either of which may have no rows."""
    if first is None or second is None:
        return second if first is None else first
    with np.errstate(all="ignore"):
        return combine(first, second)


def _digest(size: int, block: Block) -> Digest:
    return Digest.of(*block, size=size)


def _moments(block: Block) -> tuple[np.ndarray, np.ndarray | None, Moments]:
    return block.Y, block.weights, Moments.from_rows(block.X, block.Y, block.weights)


def _join(first, second):
    weights = None if first[1] is None else np.concatenate([first[1], second[1]])
    return np.concatenate([first[0], second[0]]), weights, first[2] + second[2]


def _gram_of(means: tuple, T, block: Block) -> np.ndarray:
    """``T' X~' X~ T`` (k, k) of a block of data and directions T (p, k)."""
    products = np.subtract(block.X, means[0], dtype=np.float64) @ T - means[1] @ T
    return _weighted(products, block).T @ products


def _cross_of(means: tuple, y_means: tuple, T, z, block: Block) -> np.ndarray:
    """``T' X~' (Y~ - X~ T z)`` (k, q) of a block of data."""
    products = np.subtract(block.X, means[0], dtype=np.float64) @ T - means[1] @ T
    residual = (block.Y - y_means[0]) - y_means[1] - products @ z
    return products.T @ _weighted(residual, block)


def _weighted(values: np.ndarray, block: Block) -> np.ndarray:
    return values if block.weights is None else values * block.weights[:, None]
