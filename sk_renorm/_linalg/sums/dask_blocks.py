"""Which blocks of rows dask collections are made of, and that they go together.

dask is imported where it is used, and never to find out whether something is a dask collection.
"""

from typing import Any

import numpy as np

from sk_renorm._linalg.missing import missing


def is_dask(values) -> bool:
    """Say whether ``values`` is a dask array, dataframe or series."""
    return type(values).__module__.partition(".")[0] == "dask" and hasattr(values, "dask")


def as_dask_array(values):
    """Return a dask array; rows of a dataframe stay in their partitions."""
    return values.to_dask_array() if hasattr(values, "to_dask_array") else values


def features_of(values):
    """Return what says the number and names of the features: a frame without rows, or the array."""
    return values._meta if hasattr(values, "columns") else values


def split_alike(X, others: dict[str, Any]) -> tuple[list[tuple], np.dtype]:
    """Split X and what goes with it, by name, into the same blocks of rows.

    Parameters
    ----------
    X : dask array or dataframe
        Its partitions, or chunks of rows, are the blocks.
    others : dict
        dask collections, arrays, numbers or None.

    Returns
    -------
    blocks : list of tuple
        For every block, X and the others: delayed values, arrays or None.
    dtype : dtype
        Of X.
    """
    if hasattr(X, "columns"):
        frames = {name: values for name, values in others.items() if is_frame(values)}
        for name, values in frames.items():
            if values.npartitions != X.npartitions:
                raise ValueError(
                    f"X has {X.npartitions} partitions, and {name} {values.npartitions}; give them "
                    "the same."
                )
        # made by one expression: dask reads and joins partitions as each expression wants
        options = {"meta": X._meta, "enforce_metadata": False}
        parts = X.map_partitions(_as_arrays, *frames.values(), **options).to_delayed()
        rows, sizes = [part[0] for part in parts], (np.nan,) * len(parts)
        split = {
            name: [part[place] for part in parts] for place, name in enumerate(frames, start=1)
        }
        plain = all(isinstance(d, np.dtype) and d.kind in "biuf" for d in X.dtypes)
        dtype = np.result_type(*X.dtypes) if plain and len(X.columns) else object
    else:
        if X.ndim != 2:
            raise ValueError(f"X must have two dimensions, rows and features; got {X.ndim}.")
        X = X.rechunk({1: -1})
        rows, sizes, split, dtype = X.to_delayed()[:, 0].tolist(), X.chunks[0], {}, X.dtype
    for name, values in others.items():
        if values is None:
            split[name] = [None] * len(rows)
        elif name not in split:
            split_one = _split_dask if is_dask(values) else _split_array
            split[name] = split_one(values, name, rows, sizes)
    return list(zip(rows, *(split[name] for name in others), strict=True)), np.dtype(dtype)


def is_frame(values) -> bool:
    """Say whether ``values`` is a dask dataframe or series."""
    return is_dask(values) and hasattr(values, "map_partitions")


def _as_arrays(*values) -> tuple[np.ndarray, ...]:
    return tuple(np.asarray(value) for value in values)


def _split_array(values, name: str, rows: list, sizes: tuple) -> list[np.ndarray]:
    import dask

    values = np.asarray(values)
    if np.isnan(sizes).any():
        sizes = dask.compute([dask.delayed(len)(block) for block in rows])[0]
    if not values.ndim:
        return [np.full(int(size), values) for size in sizes]
    if sum(sizes) != len(values):
        raise ValueError(f"X has {sum(sizes)} rows, and {name} {len(values)}.")
    return np.split(values, np.cumsum(sizes[:-1], dtype=int))


def _split_dask(values, name: str, rows: list, sizes: tuple) -> list:
    values = as_dask_array(values)
    if not (np.isnan(sizes).any() or np.isnan(values.chunks[0]).any()):
        if sum(sizes) != len(values):
            raise ValueError(f"X has {sum(sizes)} rows, and {name} {len(values)}.")
        values = values.rechunk({0: sizes})
    if values.ndim > 1:
        values = values.rechunk({1: -1})
    blocks = values.to_delayed().ravel().tolist()
    if len(blocks) != len(rows):
        raise ValueError(
            f"X has {len(rows)} blocks and {name} {len(blocks)}, of unknown sizes; give them the "
            "same partitions."
        )
    return blocks


def as_floats(values, name: str) -> np.ndarray:
    """Return an array of float32 or float64; refuse text, what is missing and complex numbers."""
    values = np.asarray(values)
    if values.dtype in (np.float32, np.float64):
        return values
    if values.dtype.kind == "c":
        raise ValueError(f"Complex data not supported; give {name} as real numbers.")
    if missing(values).any():
        raise ValueError(
            f"{name} must hold numbers; a block of it has missing values (None or NA). Leave their "
            f"rows out, or fill them, for instance with {name}.fillna."
        )
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} must hold numbers; a block of it holds something else. Convert it first, for "
            f"instance with {name}.astype(float) or an encoder."
        ) from None
