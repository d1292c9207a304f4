"""Arrays of other namespaces and devices, such as tensors on a GPU: taken in and handed back.

"Everything follows X": fitted arrays and predictions live where X does, if the user has switched
scikit-learn's ``array_api_dispatch`` on.
"""

import numpy as np
from sklearn import config_context, get_config

from sk_renorm._linalg import Device
from sk_renorm._rows.compat import check_same_namespace, get_namespace_and_device, move_to

SUPPORTED = move_to is not None


def place_of(X) -> Device | None:
    """Return where ``X`` lives, or None if it is for numpy."""
    if not _is_elsewhere(X):
        return None
    if not SUPPORTED:
        raise ValueError(
            f"Arrays of type {type(X).__name__} need scikit-learn 1.9 or newer; update it, or "
            "convert them to numpy."
        )
    xp, is_array_api, device = get_namespace_and_device(X)
    return Device(xp, device, _to_numpy) if is_array_api else None


def _is_elsewhere(value) -> bool:
    """Say whether it is an array, but not numpy's, and the user wants it taken as such."""
    return _is_foreign(value) and get_config()["array_api_dispatch"]


def _is_foreign(value) -> bool:
    return hasattr(value, "__dlpack__") and not isinstance(value, np.ndarray)


def has_float64(place: Device) -> bool:
    """Say whether the device computes in float64; Apple's MPS does not."""
    return "float64" in place.xp.__array_namespace_info__().dtypes(device=place.device)


def to_host(value):
    """Return an array of another namespace as an ndarray; anything else as it is."""
    return _to_numpy(value) if SUPPORTED and _is_elsewhere(value) else value


def _to_numpy(array) -> np.ndarray:
    if get_config()["array_api_dispatch"]:
        return move_to(array, xp=np, device="cpu")
    # switched off since the fit, whose arrays stay where they are
    with config_context(array_api_dispatch=True):
        return _to_numpy(array)


def like(reference, values: np.ndarray):
    """Return an ndarray in the namespace, on the device and in the precision of ``reference``."""
    place = place_of(reference)
    if place is None:
        return values.astype(reference.dtype)
    return place.xp.astype(_to_place(values, place), reference.dtype)


def matmul(A, B):
    """Return ``A B``, also of float32 and float64 in one product."""
    place = place_of(A)
    return A @ B if place is None else place.xp.matmul(A, B)


def check_place(estimator, X, method: str) -> None:
    """Refuse ``X`` that does not live where the fitted arrays do."""
    if get_config()["array_api_dispatch"] and SUPPORTED:
        check_same_namespace(X, estimator, attribute=estimator._coefficients, method=method)


def move_fitted(estimator, place: Device) -> None:
    """Move all fitted arrays to where X lives; numbers become Python's."""
    for name, value in list(vars(estimator).items()):
        if name.endswith("_"):
            setattr(estimator, name, _to_place(value, place))


def as_numpy(value):
    """Return an array of any namespace as an ndarray, also if array API dispatch is off by now."""
    return _to_numpy(value) if _is_foreign(value) else value


def moved_beside(value, reference):
    """Return an ndarray where ``reference`` lives; anything else as it is."""
    place = place_of(reference)
    return value if place is None else _to_place(value, place)


def _to_place(value, place: Device):
    if isinstance(value, np.generic):
        return value.item()
    if not isinstance(value, np.ndarray):
        return value
    # DLPack wants neither reversed nor read-only arrays
    value = np.require(value, requirements=["C", "W"])
    return move_to(value, xp=place.xp, device=place.device)
