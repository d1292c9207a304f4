"""What a fit answers, each answer made when it is asked for: see `Report`."""

from sk_renorm._checks.problem import Problem
from sk_renorm.report.ahead import RiskAhead
from sk_renorm.report.answers import (
    Comparison,
    Dependence,
    HeldOut,
    MonteCarlo,
    Noise,
    Profile,
    RiskPath,
    Sample,
)
from sk_renorm.report.forecast import SamplesNeeded
from sk_renorm.report.learning_curve import LearningCurve
from sk_renorm.report.report import Report

__all__ = [
    "Comparison",
    "Dependence",
    "HeldOut",
    "LearningCurve",
    "MonteCarlo",
    "Noise",
    "Problem",
    "Profile",
    "Report",
    "RiskAhead",
    "RiskPath",
    "Sample",
    "SamplesNeeded",
]
