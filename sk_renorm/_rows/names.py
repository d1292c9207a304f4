"""How rows and columns are named in sentences."""

from collections.abc import Sequence

_NAMED = 5  # of many columns or rows

Names = dict[str, list[str] | None]  # of columns of X and y


def listed(names: Sequence, what: str) -> str:
    """Return "row 3" or "rows 3, 5", the first few by name."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    plural = "s" if len(names) > 1 else ""
    return f"{what}{plural} {', '.join(str(name) for name in names[:_NAMED])}{more}"


def column_names(values) -> list[str] | None:
    """Return the names of a frame's columns, or None."""
    columns = getattr(values, "columns", None)
    return None if columns is None else [repr(name) for name in columns]
