"""What cannot be computed with, each in one sentence: text, dates, absent values, extreme sizes."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import issparse
from sklearn import get_config

from sk_renorm._linalg import Device, enough_rows, map_ranges, missing, row_ranges
from sk_renorm._rows.dates import refuse_date_objects, refuse_dates
from sk_renorm._rows.names import column_names, listed

COMPLEX = "Complex data not supported; give {name} as real numbers."
_FILL = (
    "leave out their rows or columns, or fill them first, for instance with "
    "sklearn.impute.SimpleImputer"
)
_REMEDY = "convert it first, for instance with {name}.astype(float) or an encoder"
_SCALE = "scale X, for instance with sklearn.preprocessing.StandardScaler"
_DIVIDE = "divide y by its largest value"
# Sums of squares from 1e-240 to 1e240 leave room for 1e8 times the largest eigenvalue, and for a
# ratio of 1e40 to the smallest, in the range of float64.
_DIGITS = 240.0
# Targets of these sizes have finite risks, in squared units of y, and of these coefficients in X's
# precision.
_LARGEST_TARGET = 1e150
_DIGITS_OF_TARGETS = 30.0  # of which all fourth powers are in range, those of rounding errors too
_FLOAT32_TARGETS = 1e-30, 1e30
_LIGHTEST, _HEAVIEST = 1e-100, 1e100


def refuse_no_numbers(values: np.ndarray, name: str, names: list[str] | None = None) -> None:
    """Refuse text, dates and objects that are no numbers, by the ``names`` of their columns."""
    kind = values.dtype.kind
    refuse_dates(values, name)
    if kind == "c":
        raise ValueError(COMPLEX.format(name=name))
    if kind in "USV":
        _refuse(name, "text")
    if kind != "O":
        return
    columns = values.reshape(len(values), -1) if values.ndim else values.reshape(1, 1)
    in_frame = names is not None
    names = names if in_frame else range(columns.shape[1])
    named = list(zip(names, columns.T, strict=True))
    for what, is_found in (("text", _has_text), ("missing values", _has_gaps)):
        which = [label for label, column in named if is_found(column)]
        if which:
            _refuse(name, what, which if values.ndim == 2 else ())
    refuse_date_objects(name, named, in_frame=in_frame)
    for label, column in named:
        try:
            column.astype(np.float64)
        except (TypeError, ValueError) as error:
            where = f" in column {label}" if values.ndim == 2 else ""
            raise TypeError(
                f"{name} must hold numbers, got what is not a number{where}: {error}."
            ) from None


def _has_text(column: np.ndarray) -> bool:
    return any(isinstance(value, str | bytes) for value in column)


def _has_gaps(column: np.ndarray) -> bool:
    return bool(missing(column).any())


def _refuse(name: str, what: str, which: Sequence = ()) -> None:
    where = f" in {listed(which, 'column')}" if len(which) else ""
    if what == "missing values":
        raise ValueError(
            f"{name} must hold numbers, got missing values (NaN, None or NA){where}; {_FILL}."
        )
    raise ValueError(f"{name} must hold numbers, got {what}{where}; {_REMEDY.format(name=name)}.")


def as_numbers(given, name: str) -> np.ndarray:
    """Return an array of numbers, NaN where they are absent; refuse text and the like."""
    refuse_dates(given, name)
    values = np.asarray(given)
    if values.dtype.kind == "O":
        absent = missing(values)
        refuse_no_numbers(np.where(absent, 0.0, values), name, column_names(given))
        return np.where(absent, np.nan, values).astype(np.float64)
    refuse_no_numbers(values, name)
    return values


def check_targets(y):
    """Return targets as an array, refusing what no model learns from; None as it is."""
    if y is None:
        return None
    if issparse(y):
        raise TypeError("y must be dense; give y.toarray(), or y.toarray().ravel() for one target.")
    names, values = column_names(y), as_numbers(y, "y")
    if values.dtype.kind != "f" or values.ndim not in (1, 2):
        return values
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(values.sum()) or np.isfinite(values).all():
            return values
    what = "NaN" if np.isnan(values).any() else "infinity or a value too large for dtype('float64')"
    bad = ~np.isfinite(values)
    rows = np.flatnonzero(bad.reshape(len(bad), -1).any(axis=1))
    if values.ndim == 1 or values.shape[1] == 1:
        raise ValueError(
            f"Input y contains {what} in {listed(rows, 'row')}; leave these rows out of X and y."
        )
    targets = np.flatnonzero(bad.any(axis=0))
    labels = targets if names is None else [names[target] for target in targets]
    raise ValueError(
        f"Input y contains {what} in {len(targets)} of {values.shape[1]} targets "
        f"({listed(labels, 'target')}), on {len(rows)} of {len(values)} rows; leave out these rows "
        "or targets, or fit each of these targets by itself, to the rows where it is known."
    )


def refuse_rows_not_finite(weights: np.ndarray, name: str) -> None:
    """Refuse weights (n,) that are NaN or infinite, by their rows."""
    for is_bad, what in ((np.isnan, "NaN"), (np.isinf, "infinity")):
        rows = np.flatnonzero(is_bad(weights))
        if len(rows):
            raise ValueError(
                f"Input {name} contains {what} in {listed(rows, 'row')}; give a finite weight "
                "there, zero for rows that are not to count."
            )


def check_target_sizes(sizes: np.ndarray, dtype: np.dtype) -> None:
    """Refuse targets whose largest values (k,) have no risk, or no coefficients as X's ``dtype``.

    Small targets have risks that round to zero, and all else.
    """
    size = sizes.max()
    if size > _LARGEST_TARGET:
        raise ValueError(
            f"The largest value of y is {size:.3g}, and risks, in squared units of y, leave the "
            "range of floating point; divide y by that value."
        )
    if dtype != np.float32:
        return
    least, most = _FLOAT32_TARGETS
    odd = sizes[(sizes > 0.0) & ((sizes < least) | (sizes > most))]
    if len(odd):
        raise ValueError(
            f"The largest value of y is {odd[0]:.3g}, and coefficients in the precision of X, "
            "float32, leave its range; give X as float64, or divide y by that value."
        )


def refuse_extremes(
    X, weights: np.ndarray | None, place: Device | None, names: list[str] | None, name: str = "X"
) -> None:
    """Refuse X that is not finite, and what is too large or too small to be squared."""
    weight = 1.0 if weights is None else weights.max()
    check_weight(weight)
    if place is not None:
        refuse_not_finite(X, place, names)
        size = max(float(place.xp.max(X)), -float(place.xp.min(X)))
        if size and abs(2.0 * np.log10(size) + np.log10(weight)) > _DIGITS:
            raise ValueError(_too_far(size))
        return
    values = X.data if issparse(X) else X
    if values.dtype == np.float32:  # its squares are always in range
        refuse_not_finite(X, place, names)
        return
    if get_config()["assume_finite"]:
        return
    power = _power(values)  # one pass says whether all is finite and in range
    if not np.isfinite(power):
        refuse_not_finite(X, place, names, name)
    scale = np.log10(power) + np.log10(weight) if power > 0.0 else -np.inf
    if abs(scale) <= _DIGITS or not values.any():
        return
    raise ValueError(_too_far(np.abs(values).max(), name))


def refuse_not_finite(X, place: Device | None, names: list[str] | None, name: str = "X") -> None:
    """Refuse NaN and infinity, by the ``names`` of the columns they are in."""
    if get_config()["assume_finite"]:
        return
    if place is not None:
        if bool(place.xp.all(place.xp.isfinite(X))):
            return
        X = place.to_host(X)
    values = X.data if issparse(X) else X
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(values.sum()) or np.isfinite(values).all():
            return
    for is_bad, what in (
        (np.isnan, "NaN"),
        (np.isinf, f"infinity or a value too large for dtype('{X.dtype}')"),
    ):
        bad = is_bad(values)
        if bad.any():
            found = np.unique(X.indices[bad]) if issparse(X) else np.flatnonzero(bad.any(axis=0))
            labels = found if names is None else [names[column] for column in found]
            raise ValueError(
                f"Input {name} contains {what} in {listed(labels, 'column')}; {_FILL}."
            )


def check_weight(weight: float) -> None:
    """Refuse a largest, or mean, sample weight that is too large or small to multiply with."""
    if not _LIGHTEST <= weight <= _HEAVIEST:
        raise ValueError(
            f"The largest sample_weight is {weight:.3g}: products with squares of the data leave "
            "the range of floating point. Divide the weights, and penalties alike, by their mean."
        )


def check_sizes(x_size: float, y_size: float) -> None:
    """Refuse sizes of X and y that are too large or too small, where only sums are known."""
    if x_size and abs(np.log10(x_size)) > 0.5 * _DIGITS:
        raise ValueError(_too_far(x_size))
    if y_size and abs(np.log10(y_size)) > _DIGITS_OF_TARGETS:
        raise ValueError(
            f"Values of y are about {y_size:.3g}, and their fourth powers, which error bars take, "
            "leave the range of floating point; divide y by that value, or fit to rows in memory."
        )


def check_finite(
    name: str, means: np.ndarray, squares: np.ndarray, names: list[str] | None
) -> None:
    """Refuse columns, by their ``names``, whose means or sums of squares (k,) are not finite."""
    too_large = "Squares of {name} leave the range of floating point in {where}; "
    for bad, what in (
        (
            ~np.isfinite(means),
            "Input {name} contains NaN, infinity or a value too large for dtype('float64') in "
            "{where}; " + (_FILL if name == "X" else "leave these rows out of X and y"),
        ),
        (~np.isfinite(squares), too_large + (_SCALE if name == "X" else _DIVIDE)),
    ):
        if bad.any():
            columns = np.flatnonzero(bad)
            labels = columns if names is None else [names[column] for column in columns]
            raise ValueError(what.format(name=name, where=listed(labels, "column")) + ".")


def _too_far(size: float, name: str = "X") -> str:
    return (
        f"The largest value of {name} is {size:.3g}, and its square (times sample_weight) leaves "
        f"the range of floating point; {_SCALE}."
    )


def _power(values: np.ndarray) -> float:
    """Return the sum of squares, by one product of a range where the values lie together."""
    flags = values.flags
    together = flags.c_contiguous or flags.f_contiguous
    values = values.ravel(order="K") if together else values
    width = values.size // max(len(values), 1)

    def over_range(start: int, stop: int) -> float:
        blocks = [slice(start, stop)] if together else row_ranges(start, stop, width)
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            parts = (values[rows].ravel() for rows in blocks)
            return float(sum(part @ part for part in parts))

    with np.errstate(over="ignore", invalid="ignore"):
        return sum(
            map_ranges(over_range, len(values), min_items=enough_rows(width, read_once=True))
        )
