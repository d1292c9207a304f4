"""Pictures of a fitted model, in scikit-learn's Display convention.

Each class has ``from_estimator`` and ``plot(ax=None)``, and keeps ``ax_`` and ``figure_``.  They
need matplotlib, which is imported when something is drawn.
"""

from sk_renorm.display._learning_curve import LearningCurveForecastDisplay
from sk_renorm.display._risk_curve import RiskCurveDisplay
from sk_renorm.display._spectrum import SpectrumDisplay

__all__ = ["LearningCurveForecastDisplay", "RiskCurveDisplay", "SpectrumDisplay"]
