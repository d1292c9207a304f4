"""Dates and time differences: no numbers until it is said since when, and in which unit."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from sk_renorm._rows.names import column_names, listed

_WHAT = {"M": "dates", "m": "time differences"}
_OF_COLUMNS = {
    "M": "({d} - {d}.min()).dt.total_seconds()",
    "m": "{d}.dt.total_seconds()",
}
_OF_ARRAYS = {
    "M": "({d} - {d}.min()) / np.timedelta64(1, 's')",
    "m": "{d} / np.timedelta64(1, 's')",
}
_OF_OBJECTS = {
    "M": "{d}.astype('datetime64[s]').astype(float)",
    "m": "{d}.astype('timedelta64[s]').astype(float)",
}
_PANDAS = {"M": "pandas.to_datetime", "m": "pandas.to_timedelta"}
_TYPES = {"M": date | np.datetime64, "m": timedelta | np.timedelta64}


def refuse_dates(values, name: str) -> None:
    """Refuse dates in a frame, a series or an array, by the names of their columns.

    pandas cannot even put them into one array with numbers.
    """
    if not hasattr(values, "columns"):
        kind = getattr(getattr(values, "dtype", None), "kind", "")
        if kind in _WHAT:
            _refuse(name, kind, _OF_ARRAYS[kind].format(d=name))
        return
    names = column_names(values)
    for kind in _WHAT:
        kinds = [_kind_of(dtype) for dtype in getattr(values, "dtypes", ())]
        which = [label for label, one in zip(names, kinds, strict=False) if one == kind]
        if which:
            _refuse(name, kind, _OF_COLUMNS[kind].format(d=f"{name}[{which[0]}]"), which)


def refuse_date_objects(name: str, columns: Sequence[tuple], *, in_frame: bool) -> None:
    """Refuse objects that are dates in ``columns``, labels and values (n,)."""
    for kind, types in _TYPES.items():
        which = [label for label, column in columns if any(isinstance(v, types) for v in column)]
        if which and in_frame:
            remedy = _OF_COLUMNS[kind].format(d="d")
            _refuse(name, kind, f"{remedy} of d = {_PANDAS[kind]}({name}[{which[0]}])", which)
        if which:
            _refuse(name, kind, _OF_OBJECTS[kind].format(d=name))


def _kind_of(dtype) -> str:
    """Return numpy's letter of what a column of a frame holds, also of polars' types."""
    kind = getattr(dtype, "kind", "")
    if kind or not getattr(dtype, "is_temporal", lambda: False)():
        return kind
    return "m" if str(dtype).startswith("Duration") else "M"


def _refuse(name: str, kind: str, remedy: str, which: Sequence = ()) -> None:
    where = f" in {listed(which, 'column')}" if len(which) else ""
    raise ValueError(
        f"{name} must hold numbers, got {_WHAT[kind]}{where}; convert them first, for instance "
        f"with {remedy}."
    )
