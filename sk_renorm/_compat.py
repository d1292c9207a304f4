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


__all__ = [
    "CallbackSupportMixin",
    "Interval",
    "InvalidParameterError",
    "StrOptions",
    "check_same_namespace",
    "get_namespace_and_device",
    "move_to",
    "validate_parameter_constraints",
    "with_callbacks",
]
