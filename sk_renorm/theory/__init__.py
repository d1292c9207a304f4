"""Deterministic equivalents of ridge regression, as functions of a population spectrum.

Conventions, everywhere: the fit minimizes ``(1/n) sum (y_i - w.x_i)**2 + ridge * |w|**2``, so that
scikit-learn's ``alpha = n * ridge``; degrees of freedom are traces, not means; ``risk`` is the mean
squared error on a fresh labelled sample and contains the label noise.
"""

from sk_renorm.theory._degrees_of_freedom import DegreesOfFreedom, degrees_of_freedom
from sk_renorm.theory._effective_ridge import (
    EffectiveRidge,
    MinimumRidge,
    effective_ridge,
    minimum_ridge,
    ridge_from_kappa,
)
from sk_renorm.theory._optimal_ridge import (
    OptimalRidge,
    learning_curve,
    optimal_feature_ridge,
    optimal_ridge,
)
from sk_renorm.theory._random_features import (
    OptimalFeatures,
    RandomFeatureRisk,
    optimal_n_features,
    random_feature_risk,
)
from sk_renorm.theory._ridge import (
    RidgeRisk,
    cross_risk,
    out_of_distribution_risk,
    ridge_risk,
)
from sk_renorm.theory._s_transform import (
    STransform,
    correlated_samples,
    exponential_samples,
    gaussian_features,
    nearest_neighbour_samples,
    orthogonal_features,
    structured_features,
    white_wishart,
)
from sk_renorm.theory._spectra import (
    Spectrum,
    from_covariance,
    from_kernel,
    isotropic,
    power_law,
    spiked,
)
from sk_renorm.theory._subordination import Subordination, subordinate

__all__ = [
    "DegreesOfFreedom",
    "EffectiveRidge",
    "MinimumRidge",
    "OptimalFeatures",
    "OptimalRidge",
    "RandomFeatureRisk",
    "RidgeRisk",
    "STransform",
    "Spectrum",
    "Subordination",
    "correlated_samples",
    "cross_risk",
    "degrees_of_freedom",
    "effective_ridge",
    "exponential_samples",
    "from_covariance",
    "from_kernel",
    "gaussian_features",
    "isotropic",
    "learning_curve",
    "minimum_ridge",
    "nearest_neighbour_samples",
    "optimal_feature_ridge",
    "optimal_n_features",
    "optimal_ridge",
    "orthogonal_features",
    "out_of_distribution_risk",
    "power_law",
    "random_feature_risk",
    "ridge_from_kappa",
    "ridge_risk",
    "spiked",
    "structured_features",
    "subordinate",
    "white_wishart",
]
