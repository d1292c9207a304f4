"""Left vectors in float32, block by block: for sums over many rows that need few digits."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np

from sk_renorm._linalg.blocks import Scratch, row_ranges
from sk_renorm._linalg.factorization import Factorization
from sk_renorm._linalg.threads import map_ranges
from sk_renorm._linalg.vectors import ColumnGramVectors

Result = TypeVar("Result")


class SingleVectors:
    """``U`` of a factorization of dense rows whose columns are of one scale and independent.

    Parameters
    ----------
    f : Factorization
        One that `is_single_enough`.
    gains : ndarray of shape (r,), default=None
        What its columns are multiplied with.
    """

    def __init__(self, f: Factorization, gains: np.ndarray | None = None):
        self.data = f.data
        left_map = f.vectors.left_map if gains is None else f.vectors.left_map * gains
        self.left_map = left_map.astype(np.float32)
        self.mean = f.data.x_mean.astype(f.data.X.dtype)
        self.ranges = list(row_ranges(0, f.data.n_rows, len(left_map)))

    def map(self, task: Callable[[Iterator[tuple[slice, np.ndarray]]], Result]) -> list[Result]:
        """Return ``task(blocks)`` of all blocks, those of each core together, in order.

        Blocks are the same for any number of cores, and with them what float32 rounds.
        """
        return map_ranges(
            lambda start, stop: task(self._blocks(start, stop)), len(self.ranges), min_items=1
        )

    def _blocks(self, start: int, stop: int) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield the rows of blocks ``start:stop`` and their U (b, r), in scratch space."""
        X, root, scratch = self.data.X, self.data.root_weight, Scratch()
        n_features, rank = self.left_map.shape
        for rows in self.ranges[start:stop]:
            n_rows = rows.stop - rows.start
            centred = single(scratch("centred", n_rows * n_features), n_rows, n_features)
            np.subtract(X[rows], self.mean, out=centred, casting="same_kind")
            if root is not None:
                centred *= root[rows, None].astype(np.float32)
            U = single(scratch("U", n_rows * rank), n_rows, rank)
            yield rows, np.matmul(centred, self.left_map, out=U)


def single(buffer: np.ndarray, *shape: int) -> np.ndarray:
    """Return a float64 buffer as a float32 array of some shape."""
    return buffer.view(np.float32)[: int(np.prod(shape))].reshape(shape)


def is_single_enough(f: Factorization) -> bool:
    """Say whether float32 resolves the left vectors: dense rows, columns of one scale.

    Then ``U`` has an error of 6e-8 of the largest singular value over its own, which penalties from
    1e-7 of the largest eigenvalue on do not see.
    """
    vectors, data = f.vectors, f.data
    plain = isinstance(vectors, ColumnGramVectors) and vectors.V is None and not f.interpolates
    return plain and not data.is_sparse and data.is_at_hand and data.low is None
