"""The reductions of ``_reduce.py`` on a device: heavy products there, small spectra on the host."""

from dataclasses import replace

import numpy as np

from sk_renorm._linalg._blocks import is_constant
from sk_renorm._linalg._choose import choose_factorization
from sk_renorm._linalg._device import Device, DeviceData, DeviceVectors
from sk_renorm._linalg._factorization import Factorization, LeftBlock
from sk_renorm._linalg._reduce import _EPS, _keep, _left_error


def factorize_on_device(
    place: Device,
    X,
    Y: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    fit_intercept: bool = True,
    precise: bool = False,
) -> Factorization:
    """Factorize data whose ``X`` is on a device, as `factorize` does; X is not moved.

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
    precise : bool, default=False
        Whether to use a singular value decomposition of the rows.

    Returns
    -------
    Factorization
        Its vectors are `DeviceVectors`; spectrum and projections are ndarrays.
    """
    data = DeviceData.on(place, X, Y, weights, fit_intercept)
    name, reason = choose_factorization(*X.shape, precise=precise)
    reduce = {"svd": _from_svd, "column_gram": _from_column_gram, "row_gram": _from_row_gram}[name]
    eigenvalues, vectors, projections, resolution = reduce(data)
    if name == "svd":
        left_error = np.full(len(eigenvalues), 4.0 * _EPS)
    else:
        left_error = _left_error(eigenvalues, resolution)
    power = np.square(data.targets).sum(axis=0)
    null_power = np.maximum(power - np.square(projections).sum(axis=0), 0.0)
    f = Factorization(
        name, data, eigenvalues, projections, null_power, vectors, left_error, resolution, reason
    )
    if not np.any(null_power < 1e-8 * power):
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
    if vectors.null_basis is None:
        null = 1.0 - constant**2 - xp.sum(squares, axis=1)
        rounding = 4.0 * (squares @ place.put(f.left_error) + float(_EPS))
        residual = data.Y[rows, :] - U @ place.put(f.projections)
    else:
        basis = vectors.null_basis[rows, :]
        null = xp.sum(basis * basis, axis=1)
        rounding = basis.shape[1] * (8.0 * float(f.left_error.max(initial=0.0))) ** 2
        residual = basis @ (vectors.null_basis.T @ data.Y)
    left = xp.astype(null > rounding, U.dtype)
    return LeftBlock(U, squares, constant, null * left, residual * left[:, None])


def _from_column_gram(data: DeviceData):
    place = data.place
    gram, cross = 0.0, 0.0
    for rows in data.row_ranges():
        block = data.rows(rows)
        gram, cross = gram + block.T @ block, cross + block.T @ data.Y[rows, :]
    diagonal = place.to_host(place.xp.linalg.diagonal(gram))
    constant = is_constant(diagonal, data.x_mean, data.total_weight)
    if constant.any():
        varies = place.put((~constant).astype(float))[:, None]
        gram, cross = gram * varies * varies.T, cross * varies
    eigenvalues, V = _eigh(place, gram)

    def tail_power(modes: np.ndarray) -> float:
        # the columns of X~ V are orthogonal, so one sum of them has the power of all
        direction = place.xp.sum(V[:, : modes.size], axis=1)
        powers = (place.xp.sum((data.rows(rows) @ direction) ** 2) for rows in data.row_ranges())
        return float(sum(powers))

    first, resolution = _first_kept(eigenvalues, tail_power, data.n_rows)
    eigenvalues, V = eigenvalues[first:], V[:, first:]
    singular_values = place.put(np.sqrt(eigenvalues))
    projections = place.to_host((V / singular_values).T @ cross)
    return eigenvalues, DeviceVectors(data, singular_values, V=V), projections, resolution


def _from_row_gram(data: DeviceData):
    """Factorize the Gram matrix of the rows, the intercept's direction reflected away."""
    place, xp = data.place, data.place.xp
    n, skip = data.n_rows, int(data.fit_intercept)
    gram = sum(block @ block.T for _, block in data.column_blocks())
    reflect = data.constant.copy()
    if skip:
        reflect[0] += 1.0
        reflect *= np.sqrt(2.0) / np.linalg.norm(reflect)
    reflect = place.put(reflect)
    if skip:
        image = gram @ reflect
        image = image - 0.5 * xp.sum(image * reflect) * reflect
        outer = reflect[:, None] * image[None, :]
        gram = (gram - outer - outer.T)[skip:, skip:]
    eigenvalues, rotated = _eigh(place, gram)

    def turn_back(columns):
        zeros = xp.zeros((skip, columns.shape[1]), dtype=columns.dtype, device=place.device)
        return xp.concat([zeros, columns]) - reflect[:, None] * (reflect[skip:] @ columns)[None, :]

    def tail_power(modes: np.ndarray) -> float:
        direction = turn_back(xp.sum(rotated[:, : modes.size], axis=1, keepdims=True))
        return float(xp.sum(data.right_product(direction) ** 2))

    first, resolution = _first_kept(eigenvalues, tail_power, max(n, data.x_mean.size))
    null_basis = turn_back(rotated[:, :first]) if first and not resolution else None
    eigenvalues, U = eigenvalues[first:], turn_back(rotated[:, first:])
    singular_values = place.put(np.sqrt(eigenvalues))
    vectors = DeviceVectors(data, singular_values, U=U, null_basis=null_basis)
    return eigenvalues, vectors, place.to_host(U.T @ data.Y), resolution


def _from_svd(data: DeviceData):
    place, xp = data.place, data.place.xp
    X = data.rows(slice(None))
    power = place.to_host(xp.sum(X * X, axis=0))
    constant = is_constant(power, data.x_mean, data.total_weight)
    X = X * place.put((~constant).astype(float))
    U, values, Vt = xp.linalg.svd(X, full_matrices=False)
    values = place.to_host(values)
    rank = np.count_nonzero(values > max(X.shape) * _EPS * values[0])
    # ascending, as eigenvalues of Gram matrices come
    U, V = xp.flip(U[:, :rank], axis=1), xp.flip(Vt[:rank, :], axis=0).T
    values = values[:rank][::-1]
    vectors = DeviceVectors(data, place.put(values), U=U, V=V)
    return values**2, vectors, place.to_host(U.T @ data.Y), 0.0


def _eigh(place: Device, gram) -> tuple[np.ndarray, object]:
    """Eigenvalues on the host, clipped at zero, ascending, and eigenvectors on the device."""
    if not gram.shape[0]:  # a single row has nothing left once it is centred
        return np.zeros(0), gram
    eigenvalues, vectors = place.xp.linalg.eigh(gram)
    return np.maximum(place.to_host(eigenvalues), 0.0), vectors


def _first_kept(eigenvalues: np.ndarray, tail_power, size: int) -> tuple[int, float]:
    """Return the first mode that is real, and the smallest penalty that the Gram matrix resolves.

    Vectors stay on the device: the modes in question, always the first ones, go by their numbers.
    """
    modes = np.arange(len(eigenvalues))[None, :]
    keep, resolution = _keep(eigenvalues, modes, tail_power, size)
    return len(keep) - np.count_nonzero(keep), resolution
