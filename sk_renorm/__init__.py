"""Ridge regression that chooses its penalty from renormalized risk estimates."""

from sk_renorm._ridge import RenormalizedRidge
from sk_renorm._ridge_cv import TheoryGuidedRidgeCV
from sk_renorm.display import LearningCurveForecastDisplay, RiskCurveDisplay, SpectrumDisplay
from sk_renorm.model_selection import HBlockSplit

__version__ = "0.1.0"

__all__ = [
    "HBlockSplit",
    "LearningCurveForecastDisplay",
    "RenormalizedRidge",
    "RiskCurveDisplay",
    "SpectrumDisplay",
    "TheoryGuidedRidgeCV",
    "__version__",
]
