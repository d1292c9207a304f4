"""Ridge regression that chooses its penalty from renormalized risk estimates."""

from importlib import import_module

from sk_renorm._ridge import RenormalizedRidge
from sk_renorm._ridge_cv import TheoryGuidedRidgeCV
from sk_renorm.display import LearningCurveForecastDisplay, RiskCurveDisplay, SpectrumDisplay
from sk_renorm.model_selection import HBlockSplit

__version__ = "0.1.0"

_SUBMODULES = ("datasets", "display", "exceptions", "model_selection", "report", "shift", "theory")

__all__ = [
    "HBlockSplit",
    "LearningCurveForecastDisplay",
    "RenormalizedRidge",
    "RiskCurveDisplay",
    "SpectrumDisplay",
    "TheoryGuidedRidgeCV",
    "__version__",
]


def __getattr__(name):
    # submodules that nothing has asked for yet
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_SUBMODULES})
