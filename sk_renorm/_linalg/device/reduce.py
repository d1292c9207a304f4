"""The reductions of ``reduce.py`` on a device: heavy products there, small spectra on the host."""

from dataclasses import replace

import numpy as np

from sk_renorm._linalg.blocks import OF_ONE_MEAN, CentredData, is_constant
from sk_renorm._linalg.choose import choose_factorization
from sk_renorm._linalg.column_modes import ColumnModes, RowsAgain, column_modes
from sk_renorm._linalg.device.data import Device, DeviceData, DeviceVectors
from sk_renorm._linalg.factorization import RESOLVED, Factorization, LeftBlock
from sk_renorm._linalg.graded import EPS
from sk_renorm._linalg.reduce import factorization_of
from sk_renorm._linalg.reflection import Reflection
from sk_renorm._linalg.row_modes import RowModes, graded_row_modes, is_nothing
from sk_renorm._linalg.sums.moments import Moments


def factorize_on_device(
    place: Device,
    X,
    Y: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    fit_intercept: bool = True,
    least: float = 0.0,
) -> Factorization:
    """Factorize data whose ``X`` is on a device, as `factorize` does; X is not moved.

    Only few rows of columns that differ in scale, or that nearly depend on each other, are brought
    to the host.

    Parameters
    ----------
    place : Device
        Where X is.
    X : array of shape (n, p), float32 or float64
        Rows of data; read only.
    Y : ndarray of shape (n, q), float64
        Targets.
    weights : ndarray of shape (n,), float64, or None
        Positive sample weights.
    fit_intercept : bool, default=True
        Whether to centre.
    least : float, default=0.0
        Smallest penalty that matters.

    Returns
    -------
    Factorization
        Its vectors are `DeviceVectors`; spectrum and projections are ndarrays.
    """
    data = DeviceData.on(place, X, Y, weights, fit_intercept)
    name, reason = choose_factorization(*X.shape)
    if name == "column_gram":
        modes, vectors, projections = _from_column_gram(data, least)
    else:
        modes, vectors, projections = _from_row_gram(data)
    power = np.square(data.targets).sum(axis=0)
    f = factorization_of(name, data, modes, vectors, projections, power)
    f = replace(f, reason=reason)
    if not np.any(f.null_power < 1e-8 * power):
        return f
    # a difference of nearly equal numbers has lost its digits: take the residuals themselves
    blocks = (device_left_block(f, rows).residual for rows in vectors.row_ranges())
    return replace(f, null_power=place.to_host(sum(place.xp.sum(b * b, axis=0) for b in blocks)))


def device_left_block(f: Factorization, rows: slice) -> LeftBlock:
    """Return what leave-out formulas need of some ``rows``, as arrays on the device."""
    data, vectors = f.data, f.vectors
    place, xp = data.place, data.place.xp
    U = vectors.on_device(rows)
    squares = U * U
    constant = data.ones[rows]
    if f.interpolates:
        nothing = xp.zeros((U.shape[0], f.n_targets), dtype=U.dtype, device=place.device)
        return LeftBlock(U, squares, constant, 0.0 * constant, nothing)
    if vectors.null_on_device is None:
        null = 1.0 - constant**2 - xp.sum(squares, axis=1)
        rounding = 4.0 * (squares @ place.put(f.left_error) + EPS)
        residual = data.Y[rows, :] - U @ place.put(f.projections)
    else:
        basis = vectors.null_on_device[rows, :]
        null = xp.sum(basis * basis, axis=1)
        rounding = basis.shape[1] * (8.0 * float(f.left_error.max(initial=0.0))) ** 2
        residual = basis @ (vectors.null_on_device.T @ data.Y)
    left = xp.astype(null > rounding, U.dtype)
    return LeftBlock(U, squares, constant, null * left, residual * left[:, None])


def _from_column_gram(
    data: DeviceData, least: float
) -> tuple[ColumnModes, DeviceVectors, np.ndarray]:
    place = data.place
    gram, cross = 0.0, 0.0
    for rows in data.row_ranges():
        block = data.rows(rows)
        gram, cross = gram + block.T @ block, cross + block.T @ data.Y[rows, :]
    diagonal = place.to_host(place.xp.linalg.diagonal(gram))
    constant = is_constant(diagonal, data.x_mean, data.total_weight, OF_ONE_MEAN)
    if not constant.any():
        eigenvalues, V = _eigh(place, gram)
        if eigenvalues[0] > RESOLVED * eigenvalues[-1]:
            singular_values = np.sqrt(eigenvalues)
            left_map = V / place.put(singular_values)
            vectors = DeviceVectors(data, place.put(singular_values), left_map=left_map)
            modes = ColumnModes(singular_values, left_map, left_error=_left_error(eigenvalues))
            return modes, vectors, place.to_host(left_map.T @ cross)
    moments = Moments(0, len(data.y_mean), centre=data.fit_intercept)
    moments.total_weight, moments.x_mean = data.total_weight, data.x_mean
    moments.xx = place.to_host(gram).copy()
    moments.xx[constant] = 0.0
    moments.xx[:, constant] = 0.0
    n_free = data.n_rows - data.fit_intercept
    again = RowsAgain(data.gram_of, data.cross_of)
    modes = column_modes(moments, n_free, again, least)
    left_map = place.put(modes.left_map)
    V = None if modes.V is None else place.put(modes.V)
    vectors = DeviceVectors(data, place.put(modes.singular_values), left_map=left_map, V=V)
    cross = cross * place.put((~constant).astype(float))[:, None]
    projections = place.to_host(left_map.T @ cross)
    if modes.needs_rows:
        projections = projections + data.cross_of(left_map, projections)
    return modes, vectors, projections


def _from_row_gram(data: DeviceData) -> tuple[RowModes, DeviceVectors, np.ndarray]:
    """Factorize the Gram matrix of the rows, the intercept's direction reflected away."""
    place, xp = data.place, data.place.xp
    skip = int(data.fit_intercept)
    gram = sum(block @ block.T for _, block in data.column_blocks())
    reflect = place.put(Reflection.of(data.constant).v)
    if skip:
        image = gram @ reflect
        image = image - 0.5 * xp.sum(image * reflect) * reflect
        outer = reflect[:, None] * image[None, :]
        gram = (gram - outer - outer.T)[skip:, skip:]
    eigenvalues, rotated = _eigh(place, gram)

    def turn_back(columns):
        zeros = xp.zeros((skip, columns.shape[1]), dtype=columns.dtype, device=place.device)
        return xp.concat([zeros, columns]) - reflect[:, None] * (reflect[skip:] @ columns)[None, :]

    def tail(directions) -> np.ndarray:
        direction = turn_back(xp.sum(directions, axis=1, keepdims=True))
        return place.to_host(data.right_product(direction))

    first = np.count_nonzero(eigenvalues <= RESOLVED * eigenvalues.max(initial=0.0))
    if first and not is_nothing(eigenvalues, rotated[:, :first], tail, data):
        return _from_rows_on_host(data)
    null_basis = turn_back(rotated[:, :first]) if first else None
    eigenvalues, U = eigenvalues[first:], turn_back(rotated[:, first:])
    modes = RowModes(U, np.sqrt(eigenvalues), null_basis, _left_error(eigenvalues))
    singular_values = place.put(modes.singular_values)
    vectors = DeviceVectors(data, singular_values, U=U, null_on_device=null_basis)
    return modes, vectors, place.to_host(U.T @ data.Y)


def _from_rows_on_host(data: DeviceData) -> tuple[RowModes, DeviceVectors, np.ndarray]:
    place = data.place
    host = CentredData(**{name: vars(data)[name] for name in CentredData.__dataclass_fields__})
    power = data.column_power()
    constant = is_constant(power, data.x_mean, data.total_weight, OF_ONE_MEAN)
    host = replace(host, X=place.to_host(data.X), constant_columns=constant)
    modes = graded_row_modes(host, Reflection.of(data.constant))
    singular_values, U = place.put(modes.singular_values), place.put(modes.U)
    V = place.to_host(data.right_product(U / singular_values)).copy()
    V[modes.strong] = modes.V
    null_basis = None if modes.null_basis is None else place.put(modes.null_basis)
    vectors = DeviceVectors(data, singular_values, U=U, V=place.put(V), null_on_device=null_basis)
    return modes, vectors, modes.U.T @ data.targets


def _left_error(eigenvalues: np.ndarray) -> np.ndarray:
    return EPS * eigenvalues[-1:] / eigenvalues


def _eigh(place: Device, gram) -> tuple[np.ndarray, object]:
    """Eigenvalues on the host, clipped at zero, ascending, and eigenvectors on the device."""
    if not gram.shape[0]:  # a single row has nothing left once it is centred
        return np.zeros(0), gram
    eigenvalues, vectors = place.xp.linalg.eigh(gram)
    return np.maximum(place.to_host(eigenvalues), 0.0), vectors
