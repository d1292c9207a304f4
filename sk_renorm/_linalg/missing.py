"""Values that are not there: NaN, NaT, None and pandas' NA."""

import numpy as np


def missing(values: np.ndarray) -> np.ndarray:
    """Say which of ``values`` are missing, in their shape; objects are asked one by one."""
    if values.dtype.kind != "O":
        return values != values  # NaN and NaT alone
    return np.array([_is_missing(value) for value in values.flat], bool).reshape(values.shape)


def _is_missing(value) -> bool:
    try:
        return value is None or bool(value != value)
    except TypeError:  # pandas' NA: neither equal to itself nor not
        return True
    except ValueError:  # an array
        return False
