"""Data that stay where they are: an array namespace and a device, such as a GPU, in it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType

import numpy as np

from sk_renorm._linalg.blocks import OF_ONE_MEAN, CentredData, Scratch, is_constant

_BLOCK_ENTRIES = 2**23  # 64 MB of float64: keeps a GPU busy, and is little of its memory


@dataclass(frozen=True)
class Device:
    """Where arrays live.

    Attributes
    ----------
    xp : module
        Namespace of the array API standard, with its extension ``linalg``.
    device : object
        Device in it, one that has float64.
    to_host : callable
        Returns an array of it as an ndarray.
    """

    xp: ModuleType
    device: object
    to_host: Callable[[object], np.ndarray]

    def put(self, array: np.ndarray):
        """Return an ndarray there."""
        return self.xp.asarray(np.require(array, requirements=["C", "W"]), device=self.device)

    def rows_of(self, array, rows: slice | np.ndarray):
        """Return some rows of an array (n, k) there."""
        if isinstance(rows, slice):
            return array[rows, :]
        return self.xp.take(array, self.put(rows), axis=0)

    def product(self, A, B: np.ndarray) -> np.ndarray:
        """Return ``A B`` as an ndarray, for an array ``A`` there and an ndarray ``B``."""
        return self.to_host(A @ self.put(B))


@dataclass(frozen=True)
class DeviceData(CentredData):
    """Centred data whose X is on a device; what is small is kept on both sides.

    Attributes
    ----------
    place : Device
        Where.
    mean, root, Y, ones : arrays of shape (p,), (n, 1), (n, q), (n,)
        ``x_mean``, ``root_weight`` (or None), ``targets`` and ``constant`` on the device.
    """

    place: Device
    mean: object
    root: object
    Y: object
    ones: object

    @classmethod
    def on(
        cls, place: Device, X, Y: np.ndarray, weights: np.ndarray | None, fit_intercept: bool
    ) -> "DeviceData":
        """Centre ``Y`` (n, q) and find the mean of ``X`` (n, p), which stays on the device."""
        means = np.zeros(X.shape[1]), np.zeros(Y.shape[1])
        if fit_intercept:
            means = _column_means(place, X, weights), np.average(Y, axis=0, weights=weights)
        host = CentredData.from_rows(X, Y, weights, fit_intercept, means)
        root = host.root_weight
        return cls(
            **vars(host),
            place=place,
            mean=place.put(host.x_mean),
            root=None if root is None else place.put(root[:, None]),
            Y=place.put(host.targets),
            ones=place.put(host.constant),
        )

    def row_ranges(self) -> Iterator[slice]:
        """Yield slices that cover all rows."""
        return device_ranges(self.n_rows, self.x_mean.size)

    def rows(self, rows: slice | np.ndarray, scratch: Scratch | None = None):
        """Return some rows of ``X~`` (b, p) as float64, on the device."""
        xp = self.place.xp
        block = xp.astype(self.place.rows_of(self.X, rows), xp.float64, copy=False) - self.mean
        return block if self.root is None else block * self.place.rows_of(self.root, rows)

    def column_blocks(self) -> Iterator[tuple[slice, object]]:
        """Yield ``(columns, block)``: all rows of some columns of ``X~``, on the device."""
        xp = self.place.xp
        for columns in device_ranges(self.x_mean.size, self.n_rows):
            mean = self.mean[columns]
            block = xp.astype(self.X[:, columns], xp.float64, copy=False) - mean
            block = block if self.root is None else block * self.root
            constant = is_constant(
                xp.sum(block * block, axis=0), mean, self.total_weight, OF_ONE_MEAN
            )
            yield columns, block * xp.astype(~constant, xp.float64)

    def column_power(self) -> np.ndarray:
        """Return the sums of squares (p,) of the columns of ``X~``, on the host."""
        xp = self.place.xp
        powers = [xp.sum(block * block, axis=0) for _, block in self.column_blocks()]
        return np.concatenate([self.place.to_host(power) for power in powers])

    def gram_of(self, directions: np.ndarray) -> np.ndarray:
        """Return ``T' X~' X~ T`` (k, k) on the host, for ``directions`` T (p, k) on the host."""
        T, total = self.place.put(directions), 0.0
        for rows in self.row_ranges():
            product = self.rows(rows) @ T
            total = total + product.T @ product
        return self.place.to_host(total)

    def cross_of(self, directions, z: np.ndarray) -> np.ndarray:
        """Return ``T' X~' (Y~ - X~ T z)`` (k, q) on the host, for T (p, k) on the device."""
        z, total = self.place.put(z), 0.0
        for rows in self.row_ranges():
            product = self.rows(rows) @ directions
            total = total + product.T @ (self.Y[rows, :] - product @ z)
        return self.place.to_host(total)

    def right_product(self, B):
        """Return ``X~' B`` (p, k) for ``B`` (n, k), on the device."""
        blocks = [block.T @ B for _, block in self.column_blocks()]
        return blocks[0] if len(blocks) == 1 else self.place.xp.concat(blocks)

    def fingerprint(self) -> int:
        """Return a checksum of X, to notice that the caller has changed it or reordered its rows.

        Entries are added up as integers, 2**40 for the largest, so the order of summation, which
        devices choose, does not matter.
        """
        xp, blocks = self.place.xp, list(self.row_ranges())
        largest = max(float(xp.max(xp.abs(self.X[rows, :]))) for rows in blocks)
        total = 0
        for rows in blocks:
            entries = xp.astype(self.X[rows, :], xp.float64, copy=False) * (
                2.0**40 / (largest or 1.0)
            )
            sums = xp.sum(xp.astype(entries, xp.int64), axis=1)
            numbers = xp.arange(
                rows.start + 1, rows.stop + 1, dtype=xp.int64, device=self.place.device
            )
            total += int(xp.sum(sums * numbers))
        return total


def device_ranges(n_items: int, width: int) -> Iterator[slice]:
    """Yield slices that cover ``n_items``, each a block of rows (or columns) of ``width``."""
    step = max(32, _BLOCK_ENTRIES // max(width, 1))
    for start in range(0, n_items, step):
        yield slice(start, min(start + step, n_items))


def _column_means(place: Device, X, weights: np.ndarray | None) -> np.ndarray:
    """Return weighted column means (p,), summed in float64."""
    xp, (n, p) = place.xp, X.shape
    shares = place.put(np.full(n, 1.0 / n) if weights is None else weights / weights.sum())
    sums = (
        shares[rows] @ xp.astype(X[rows, :], xp.float64, copy=False) for rows in device_ranges(n, p)
    )
    return place.to_host(sum(sums))


@dataclass(frozen=True)
class DeviceVectors:
    """Singular vectors on a device; products take and return ndarrays.

    One side is stored, or both; the other is made from the data, as where there is no device.

    Attributes
    ----------
    data : DeviceData
        What they are of.
    singular_values : array of shape (r,)
        On the device.
    U, V : array of shape (n, r), (p, r), or None
        Left and right vectors; None where they are made from the other side.
    left_map : array of shape (p, r) or None
        ``U = X~ left_map``, where U is made from the rows.
    null_on_device : array of shape (n, k) or None
        Spans what neither U nor the intercept do, where that is known.
    """

    data: DeviceData
    singular_values: object
    U: object = None
    V: object = None
    left_map: object = None
    null_on_device: object = None

    def row_ranges(self) -> Iterator[slice]:
        """Yield slices that cover all rows, for blocks of U."""
        width = self.data.x_mean.size if self.U is None else self.U.shape[1]
        return device_ranges(self.data.n_rows, width)

    def on_device(self, rows: slice | np.ndarray):
        """Return some rows of U (b, r) on the device."""
        if self.U is not None:
            return self.data.place.rows_of(self.U, rows)
        return self.data.rows(rows) @ self.left_map

    @property
    def _right(self):
        """Right vectors, where they are not made from the rows."""
        if self.V is None and self.left_map is not None:
            return self.left_map * self.singular_values
        return self.V

    @cached_property
    def null_basis(self) -> np.ndarray | None:
        basis = self.null_on_device
        return None if basis is None else self.data.place.to_host(basis)

    def left(self, rows: slice | np.ndarray, scratch: Scratch | None = None) -> np.ndarray:
        return self.data.place.to_host(self.on_device(rows))

    def leading(self, rows: np.ndarray, k: int) -> np.ndarray:
        return self.left(rows)[:, -k:]

    def fourth_powers(self) -> np.ndarray:
        place = self.data.place
        blocks = (self.on_device(rows) ** 4 for rows in self.row_ranges())
        return place.to_host(sum(place.xp.sum(block, axis=0) for block in blocks))

    def left_product(self, A: np.ndarray) -> np.ndarray:
        place = self.data.place
        A = place.put(A)
        return np.concatenate(
            [place.to_host(self.on_device(rows) @ A) for rows in self.row_ranges()]
        )

    def right_product(self, A: np.ndarray) -> np.ndarray:
        place = self.data.place
        if self._right is not None:
            return place.product(self._right, A)
        B = self.U @ (place.put(A) / self.singular_values[:, None])
        return place.to_host(self.data.right_product(B))

    def project(self, X_centred: np.ndarray) -> np.ndarray:
        place = self.data.place
        X = place.put(X_centred)
        if self._right is not None:
            return place.to_host(X @ self._right)
        products = sum(X[:, columns] @ block.T for columns, block in self.data.column_blocks())
        return place.to_host(products @ (self.U / self.singular_values))
