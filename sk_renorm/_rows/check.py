"""The only door in: data, weights and parameters, checked as scikit-learn does."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from inspect import signature
from numbers import Real

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import get_tags
from sklearn.utils.validation import check_array, validate_data

from sk_renorm._linalg import Device, as_csr_array, as_dask_array, features_of, is_dask
from sk_renorm._rows.compat import validate_parameter_constraints
from sk_renorm._rows.dates import refuse_dates
from sk_renorm._rows.devices import check_place, has_float64, place_of, to_host
from sk_renorm._rows.names import column_names
from sk_renorm._rows.numbers import (
    COMPLEX,
    as_numbers,
    check_target_sizes,
    check_targets,
    refuse_extremes,
    refuse_no_numbers,
    refuse_not_finite,
    refuse_rows_not_finite,
)
from sk_renorm._rows.rows import TrainingData

_FLOATS = (np.float64, np.float32)
_COUNTS = {1: "one row", 2: "two rows"}
_IN_WORDS = {"sample_weight": "Sample weights", "risk_weight": "Risk weights"}


@contextmanager
def unchanged_on_error(estimator) -> Iterator[None]:
    """Restore the attributes of ``estimator`` if the body raises."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def check_training_data(
    estimator,
    X,
    y,
    sample_weight,
    risk_weight=None,
    *,
    is_block: bool = False,
    is_next: bool = False,
) -> TrainingData:
    """Validate ``X``, ``y`` and weights; rows of zero sample weight are dropped.

    A block of a stream may have a single row and is not sparse; those after the first
    must have its features.
    """
    min_rows = 1 if is_block else 2
    takes_sparse = get_tags(estimator).input_tags.sparse and not is_block
    y = check_targets(y)
    place, names = place_of(X), column_names(X)
    refuse_dates(X, "X")
    with _complex_in_one_sentence():
        X, y = validate_data(
            estimator,
            X,
            y,
            reset=not is_next,
            accept_sparse="csr" if takes_sparse else False,
            dtype=_dtypes(X, place),
            ensure_all_finite=False,  # with the sizes, in the same pass
            multi_output=True,
            y_numeric=True,
            ensure_min_samples=min_rows,
        )
    X = _as_float(X, place, names)
    y = np.asarray(y, dtype=np.float64)
    weights = _check_weights(sample_weight, len(y), "sample_weight")
    refuse_extremes(X, weights, place, names)
    risk_weights = _check_weights(risk_weight, len(y), "risk_weight")
    if weights is None or weights.all():
        risk_weights = _relative(risk_weights)
        return TrainingData(
            X, y.reshape(len(y), -1), weights, y, place=place, risk_weights=risk_weights
        )
    kept = weights > 0.0
    if kept.sum() < min_rows:
        raise ValueError(
            f"At least {_COUNTS[min_rows]} must have a sample_weight above zero; "
            f"got weights that leave {kept.sum()} of {len(y)} rows."
        )
    y = y[kept]
    X, X_dropped = _rows(X, kept, place), to_host(_rows(X, ~kept, place))
    risk_weights = _relative(None if risk_weights is None else risk_weights[kept])
    return TrainingData(
        X, y.reshape(len(y), -1), weights[kept], y, kept, X_dropped, place, risk_weights
    )


def in_own_units(data: TrainingData, per_target: bool) -> TrainingData:
    """Return data with targets in units of their own size; refuse sizes that have no risk."""
    sizes = data.target_sizes
    sizes = sizes if per_target else sizes.max(keepdims=True)
    check_target_sizes(sizes, data.dtype)
    return data.in_units_of(sizes)


def as_taken(estimator, X):
    """Return X in numpy, if the estimator takes nothing else, by its tags."""
    return X if get_tags(estimator).array_api_support else to_host(X)


def check_new_data(estimator, X, method: str = "predict"):
    """Validate ``X`` for ``method``: it must live where the fitted arrays do.

    Of a dask collection, which becomes a dask array, only the number and names of the features are
    checked.
    """
    if is_dask(X):
        validate_data(estimator, features_of(X), reset=False, skip_check_array=True)
        return as_dask_array(X)
    X = as_taken(estimator, X)
    check_place(estimator, X, method)
    place, names = place_of(X), column_names(X)
    refuse_dates(X, "X")
    with _complex_in_one_sentence():
        X = validate_data(
            estimator,
            X,
            accept_sparse="csr" if get_tags(estimator).input_tags.sparse else False,
            dtype=_dtypes(X, place),
            ensure_all_finite=False,
            reset=False,
        )
    X = _as_float(X, place, names)
    refuse_not_finite(X, place, names)
    return X


def check_rows(X, name: str) -> np.ndarray:
    """Return rows (n, p) as float64, where there is no estimator; refuse them by ``name``."""
    refuse_dates(X, name)
    names = column_names(X)
    with _complex_in_one_sentence(name):
        X = check_array(X, dtype=None, ensure_all_finite=False, input_name=name)
    X = _as_float(X, None, names, name).astype(np.float64, copy=False)
    refuse_extremes(X, None, None, names, name)
    return X


@contextmanager
def _complex_in_one_sentence(name: str = "X") -> Iterator[None]:
    """Say in one sentence what scikit-learn says with all of the array."""
    try:
        yield
    except ValueError as error:
        if str(error).startswith("Complex data not supported"):
            raise ValueError(COMPLEX.format(name=name)) from None
        raise


def _dtypes(X, place: Device | None) -> list | None:
    """Return what scikit-learn is to keep, else convert to the first; None for numpy."""
    if place is None:
        return None
    if place.xp.isdtype(X.dtype, "complex floating"):
        raise ValueError(COMPLEX.format(name="X"))
    return [place.xp.float64, place.xp.float32] if has_float64(place) else [place.xp.float32]


def _rows(X, kept: np.ndarray, place: Device | None):
    if place is None:
        return X[kept]
    return place.xp.take(X, place.put(np.flatnonzero(kept)), axis=0)


def _as_float(X, place: Device | None, names: list[str] | None, name: str = "X"):
    """Keep float32 and float64; convert numbers; refuse all else, by the ``names`` of columns."""
    if place is not None:
        return X
    if X.dtype not in _FLOATS:
        if not issparse(X):
            refuse_no_numbers(X, name, names)
        X = check_array(X, accept_sparse="csr", dtype=np.float64, ensure_all_finite=False)
    return as_csr_array(X) if issparse(X) else X


def _check_weights(given, n_rows: int, name: str) -> np.ndarray | None:
    if given is None:
        return None
    if isinstance(given, Real):
        if not np.isfinite(given):
            raise ValueError(f"{name} must be finite, got {given}.")
        given = np.full(n_rows, float(given))
    column = f"{name}[{names[0]}]" if (names := column_names(given)) else f"{name}.ravel()"
    given = given if issparse(given) else as_numbers(given, name)
    weights = check_array(
        given,
        ensure_2d=False,
        dtype=np.float64,
        ensure_all_finite=False,
        input_name=name,
        copy=True,
    )
    if weights.ndim != 1:
        remedy = column if weights.shape == (n_rows, 1) else "one value for each row"
        raise ValueError(
            f"{_IN_WORDS[name]} must be 1D array or scalar, got an array of shape "
            f"{weights.shape}; give {remedy}."
        )
    refuse_rows_not_finite(weights, name)
    if len(weights) != n_rows:
        raise ValueError(
            f"{name} has {len(weights)} values for {n_rows} rows; give one for each row."
        )
    if (weights < 0.0).any():
        raise ValueError(f"Negative values in {name}; the smallest is {weights.min():g}.")
    if not weights.any():
        raise ValueError(f"All {_IN_WORDS[name].lower()} are zero; some rows must weigh something.")
    return None if (weights == 1.0).all() else weights


def _relative(risk_weights: np.ndarray | None) -> np.ndarray | None:
    """Return weights of mean one, or None where all are alike: their scale means nothing."""
    if risk_weights is None or np.ptp(risk_weights) == 0.0 < risk_weights[0]:
        return None
    if np.count_nonzero(risk_weights) < 2:
        raise ValueError(
            "At least two rows of positive sample_weight must have a risk_weight above zero; got "
            f"{np.count_nonzero(risk_weights)} of {len(risk_weights)}."
        )
    relative = risk_weights / risk_weights.max()
    return relative / relative.mean()


def refusal(asked: dict[str, bool], sentence: str) -> str | None:
    """Return ``sentence`` with, for "{name}", the first name of what is ``asked`` for."""
    names = (name for name, is_asked in asked.items() if is_asked)
    return next((sentence.replace("{name}", name) for name in names), None)


def refuse(asked: dict[str, bool], sentence: str) -> None:
    """Raise the `refusal`, if there is one."""
    message = refusal(asked, sentence)
    if message is not None:
        raise ValueError(message)


def check_params(estimator) -> None:
    """Check constructor parameters, but for the defaults, against the constraints of the class."""
    defaults = _defaults(type(estimator))
    given = {name: getattr(estimator, name) for name in defaults}
    given = {name: value for name, value in given.items() if value is not defaults[name]}
    if given:
        constraints = estimator._parameter_constraints
        caller = type(estimator).__name__
        validate_parameter_constraints(constraints, given, caller_name=caller)


@cache
def _defaults(estimator: type) -> dict:
    """Return the defaults of constructor parameters, which satisfy their constraints."""
    return {name: p.default for name, p in signature(estimator).parameters.items()}


def check_penalties(values, name: str) -> np.ndarray:
    """Return a list of penalties (L,) as floats, each finite and not negative."""
    penalties = np.asarray(to_host(values))
    if penalties.ndim != 1 or not len(penalties):
        raise ValueError(
            f"{name} must be a one-dimensional list of penalties, not empty; got {values!r}."
        )
    if penalties.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold numbers, got {values!r}.")
    if not (np.isfinite(penalties).all() and (penalties >= 0).all()):
        raise ValueError(f"{name} must hold finite penalties, none below zero; got {values!r}.")
    return penalties.astype(np.float64)
