"""The door in: an argument becomes a float array here, or the caller reads one clear sentence."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
LARGEST = 1e150  # squares of larger numbers, or of the inverse of smaller ones, overflow


def real_array(name: str, value: ArrayLike) -> FloatArray:
    """Return ``value`` as a float array without NaN."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{name} must be a real number or an array of them; got {value!r}."
        ) from error
    if np.isnan(array).any():
        raise ValueError(f"{name} must not contain NaN.")
    return array


def finite_array(name: str, value: ArrayLike) -> FloatArray:
    """Return ``value`` as a finite float array."""
    array = real_array(name, value)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite.")
    if (np.abs(array) > LARGEST).any():
        raise ValueError(f"{name} must not exceed {LARGEST:g} in size; choose other units.")
    return array


def nonnegative(name: str, value: ArrayLike) -> FloatArray:
    """Return ``value`` as a finite float array without negative entries."""
    array = finite_array(name, value)
    if (array < 0.0).any():
        raise ValueError(f"{name} must be zero or positive; got {array.min():g}.")
    return array


def positive(name: str, value: ArrayLike) -> FloatArray:
    """Return ``value`` as a float array of positive numbers; infinity is allowed, as a limit."""
    array = real_array(name, value)
    if (array <= 0.0).any():
        raise ValueError(f"{name} must be positive; got {array.min():g}.")
    return array


def number(name: str, value: ArrayLike) -> float:
    """Return ``value`` as one finite number that is zero or positive."""
    array = nonnegative(name, value)
    if array.ndim:
        raise ValueError(f"{name} must be one number; got shape {array.shape}.")
    return float(array)


def count(name: str, value: ArrayLike) -> int:
    """Return ``value`` as an integer of at least 1."""
    if isinstance(value, bool) or number(name, value) < 1.0 or float(value) != int(value):
        raise ValueError(f"{name} must be an integer of at least 1; got {value!r}.")
    return int(value)


def together(**arrays: ArrayLike) -> list[FloatArray]:
    """Return the named arrays in their common shape."""
    try:
        return list(np.broadcast_arrays(*arrays.values()))
    except ValueError as error:
        shapes = ", ".join(f"{name} {np.shape(array)}" for name, array in arrays.items())
        raise ValueError(f"The shapes of the arguments must broadcast; got {shapes}.") from error


def vector(name: str, value: ArrayLike, length: int) -> FloatArray:
    """Return ``value`` as a finite vector of the given length."""
    array = finite_array(name, value)
    if array.shape != (length,):
        raise ValueError(f"{name} must have shape ({length},); got {array.shape}.")
    return array


def symmetric_matrix(name: str, value: ArrayLike) -> FloatArray:
    """Return ``value`` as a finite symmetric matrix."""
    array = finite_array(name, value)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.size == 0:
        raise ValueError(f"{name} must be a square matrix; got shape {array.shape}.")
    if np.abs(array - array.T).max() > 1e-10 * np.abs(array).max():
        raise ValueError(f"{name} must be symmetric; symmetrize it first.")
    return 0.5 * (array + array.T)


def psd_eigenvalues(name: str, eigenvalues: FloatArray) -> FloatArray:
    """Return the eigenvalues of a matrix that should be PSD, its rounding errors set to zero."""
    floor = 4.0 * len(eigenvalues) * np.finfo(float).eps * np.abs(eigenvalues).max()
    if (eigenvalues < -floor).any():
        raise ValueError(
            f"{name} must be positive semidefinite; its smallest eigenvalue is "
            f"{eigenvalues.min():g}."
        )
    return np.where(eigenvalues > floor, eigenvalues, 0.0)


def ratio(a: ArrayLike, b: FloatArray) -> FloatArray:
    """Return ``a / b`` for nonnegative b, with zero where b is zero."""
    return np.divide(a, b, out=np.zeros_like(b), where=b > 0.0)


def product(a: ArrayLike, b: ArrayLike) -> FloatArray:
    """Return ``a * b`` with ``0 * inf = 0``: a term that vanishes identically is not amplified."""
    a, b = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
    out = np.zeros(a.shape)
    return np.multiply(a, b, out=out, where=(a != 0.0) & (b != 0.0))[()]
