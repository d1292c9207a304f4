"""Private names of scikit-learn that the package uses; each with what would let it go.

========================================================  ========================================
import                                                    goes when
========================================================  ========================================
``utils._param_validation.Interval``, ``StrOptions``,     scikit-learn publishes its parameter
``validate_parameter_constraints``                        validation; at the latest with floor 1.11
========================================================  ========================================
"""

from sklearn.utils._param_validation import Interval, StrOptions, validate_parameter_constraints

__all__ = ["Interval", "StrOptions", "validate_parameter_constraints"]
