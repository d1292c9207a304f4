"""Names of scikit-learn that are private, or not in all versions; each with when it goes.

========================================================  ========================================
import                                                    goes when
========================================================  ========================================
``utils._param_validation.Interval``, ``StrOptions``,     scikit-learn publishes its parameter
``InvalidParameterError``,                                validation; at the latest with floor 1.11
``validate_parameter_constraints``
``utils._array_api.check_same_namespace``,                scikit-learn publishes them (its issue
``get_namespace_and_device``, ``move_to``                 34135); the ``except`` with floor 1.9
``callback.CallbackSupportMixin``, ``with_callbacks``     floor 1.9 (public, new there)
what ``one_level_deeper`` reads of a callback context     tasks can say how deep they are nested
what ``has_callbacks`` reads of an estimator              a context without callbacks costs nothing
========================================================  ========================================
"""

from sklearn.utils._param_validation import (
    Interval,
    InvalidParameterError,
    StrOptions,
    validate_parameter_constraints,
)

try:
    from sklearn.utils._array_api import check_same_namespace, get_namespace_and_device, move_to
except ImportError:  # before 1.9 only numpy arrays are taken
    check_same_namespace = get_namespace_and_device = move_to = None

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # before 1.9 no estimator has callbacks

    class CallbackSupportMixin:
        """Nothing to support."""

    def with_callbacks(method):
        """Return the method as it is."""
        return method


def has_callbacks(estimator) -> bool:
    """Say whether anybody is to be told of a fit: the user's callbacks, or those of a search."""
    return not vars(estimator).keys().isdisjoint(("_skl_callbacks", "_parent_callback_ctx"))


def one_level_deeper(task) -> None:
    """Nest a callback context deeper than its parent, out of sight of callbacks not meant for it.

    Their ``max_propagation_depth`` says how deep they look.
    """
    task._propagation_depth += 1
    task._callbacks = [
        callback
        for callback in task._callbacks
        if (depth := getattr(callback, "max_propagation_depth", None)) is None
        or task._propagation_depth <= depth
    ]


__all__ = [
    "CallbackSupportMixin",
    "Interval",
    "InvalidParameterError",
    "StrOptions",
    "check_same_namespace",
    "get_namespace_and_device",
    "has_callbacks",
    "move_to",
    "one_level_deeper",
    "validate_parameter_constraints",
    "with_callbacks",
]
