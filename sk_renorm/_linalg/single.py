"""Left vectors in float32, block by block: for sums over many rows that need few digits."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

import numpy as np

from sk_renorm._linalg.blocks import Scratch
from sk_renorm._linalg.factorization import Factorization
from sk_renorm._linalg.threads import map_ranges
from sk_renorm._linalg.vectors import ColumnGramVectors

Result = TypeVar("Result")

_BLOCK_ENTRIES, _MOST_ROWS = 2**17, 4096  # of a block, which stays in the cache
_STRONG = 1e-6  # of the largest eigenvalue
_LEFT = 1e-4  # of the power of a target: what float32 tells from its fit


class SingleBlock(NamedTuple):
    """Some ``rows``, their ``U`` (b, r) in float32, and ``residual`` (b, q): see `LeftBlock`."""

    rows: slice
    U: np.ndarray
    residual: np.ndarray | None


class SingleVectors:
    """``U`` of a factorization that `has_left_map`, rounded to float32.

    Parameters
    ----------
    f : Factorization
        Of many rows.
    least : float
        The smallest penalty that matters.
    gains : ndarray of shape (r,), default=None
        What columns of U are multiplied with.
    with_residuals : bool, default=True
        Whether residuals are asked for.

    Notes
    -----
    A product in float32 has an error in U of 6e-8 of the largest singular value over its own, and
    in residuals of 6e-8 of the targets.  Where that counts, products are in float64.
    """

    def __init__(
        self,
        f: Factorization,
        least: float,
        gains: np.ndarray | None = None,
        *,
        with_residuals: bool = True,
    ):
        self.data, left_map = f.data, f.vectors.left_map
        self.left_map = left_map if gains is None else left_map * gains
        self.projections = f.projections if with_residuals else None
        self.is_single = _is_single(f, least, with_residuals)
        if self.is_single:
            self.left_map = self.left_map.astype(np.float32)
        step = int(np.clip(_BLOCK_ENTRIES // max(left_map.shape), 256, _MOST_ROWS))
        starts = range(0, f.data.n_rows, step)
        self.ranges = [slice(start, min(start + step, f.data.n_rows)) for start in starts]

    def map(self, task: Callable[[Iterator[SingleBlock]], Result]) -> list[Result]:
        """Return ``task(blocks)`` of all blocks, those of each core together, in order.

        Blocks are the same for any number of cores, and with them what float32 rounds.
        """
        return map_ranges(
            lambda start, stop: task(self._blocks(start, stop)), len(self.ranges), min_items=1
        )

    def _blocks(self, start: int, stop: int) -> Iterator[SingleBlock]:
        """Yield blocks ``start:stop``, in scratch space."""
        scratch, rank = Scratch(), self.left_map.shape[1]
        for rows in self.ranges[start:stop]:
            n_rows = rows.stop - rows.start
            U = single(scratch, "single", n_rows, rank)
            if self.is_single:
                exact = np.matmul(self._centred(rows, scratch), self.left_map, out=U)
            else:
                exact = self.data.row_product(rows, self.left_map, scratch)
                U[:] = exact
            yield SingleBlock(rows, U, self._residual(rows, exact))

    def _residual(self, rows: slice, U: np.ndarray) -> np.ndarray | None:
        if self.projections is None:
            return None
        fitted = U @ self.projections.astype(U.dtype)
        return np.subtract(self.data.targets[rows], fitted)

    def _centred(self, rows: slice, scratch: Scratch) -> np.ndarray:
        X, root = self.data.X[rows], self.data.root_weight
        centred = single(scratch, "centred", *X.shape)
        # not by a mean in float32: what it misses is the same for all rows
        np.subtract(X, self.data.x_mean, out=centred, casting="same_kind")
        if root is not None:
            centred *= root[rows, None].astype(np.float32)
        return centred


def _is_single(f: Factorization, least: float, with_residuals: bool) -> bool:
    """Say whether products in float32 are precise enough."""
    plain = f.vectors.V is None and not f.data.is_sparse and f.data.low is None
    if not plain or max(least, f.eigenvalues[0]) < _STRONG * f.eigenvalues[-1]:
        return False
    power = np.square(f.projections).sum(axis=0)
    return not with_residuals or bool(np.all(f.null_power >= _LEFT * power))


def single(scratch: Scratch, name: str, *shape: int) -> np.ndarray:
    """Return a float32 array of some shape in scratch space."""
    size = math.prod(shape)
    return scratch(name, -(-size // 2)).view(np.float32)[:size].reshape(shape)


def has_left_map(f: Factorization) -> bool:
    """Say whether left vectors are made of the rows in memory, of which there are many."""
    made = isinstance(f.vectors, ColumnGramVectors) and f.data.is_at_hand
    return made and not f.interpolates
