"""Private names of scikit-learn that the package uses; each with what would let it go.

========================================================  ========================================
import                                                    goes when
========================================================  ========================================
``utils._param_validation.Interval``, ``StrOptions``,     scikit-learn publishes its parameter
``validate_parameter_constraints``                        validation; at the latest with floor 1.11
``utils._array_api.check_same_namespace``,                scikit-learn publishes them (its issue
``get_namespace_and_device``, ``move_to``                 34135); the ``except`` with floor 1.9
========================================================  ========================================
"""

from sklearn.utils._param_validation import Interval, StrOptions, validate_parameter_constraints

try:
    from sklearn.utils._array_api import check_same_namespace, get_namespace_and_device, move_to
except ImportError:  # before 1.9 only numpy arrays are taken
    check_same_namespace = get_namespace_and_device = move_to = None

__all__ = [
    "Interval",
    "StrOptions",
    "check_same_namespace",
    "get_namespace_and_device",
    "move_to",
    "validate_parameter_constraints",
]
