"""Deterministic equivalents of ridge regression, as functions of a population spectrum.

Conventions, everywhere: the fit minimizes ``(1/n) sum (y_i - w.x_i)**2 + ridge * |w|**2``, so that
scikit-learn's ``alpha = n * ridge``; degrees of freedom are traces, not means; ``risk`` is the mean
squared error on a fresh labelled sample and contains the label noise.
"""

from sk_renorm.theory._correlated import (
    CorrelatedRisk,
    correlated_risk,
)
from sk_renorm.theory._degrees_of_freedom import (
    DegreesOfFreedom,
    degrees_of_freedom,
)
from sk_renorm.theory._effective_ridge import (
    EffectiveRidge,
    MinimumRidge,
    effective_ridge,
    minimum_ridge,
    ridge_from_kappa,
)
from sk_renorm.theory._near_horizon import (
    NearHorizonRisk,
    near_horizon_risk,
)
from sk_renorm.theory._optimal_features import (
    OptimalFeatures,
    optimal_feature_ridge,
    optimal_n_features,
)
from sk_renorm.theory._optimal_ridge import (
    OptimalRidge,
    learning_curve,
    optimal_ridge,
)
from sk_renorm.theory._out_of_distribution import (
    out_of_distribution_risk,
)
from sk_renorm.theory._random_features import (
    RandomFeatureRisk,
    random_feature_risk,
)
from sk_renorm.theory._ridge import (
    RidgeRisk,
    cross_risk,
    ridge_risk,
)
from sk_renorm.theory._row_transforms import (
    correlated_samples,
    exponential_samples,
    nearest_neighbour_samples,
)
from sk_renorm.theory._s_transform import (
    STransform,
    gaussian_features,
    orthogonal_features,
    structured_features,
    white_wishart,
)
from sk_renorm.theory._scaling import (
    REGIMES,
    ScalingLaw,
    feature_variance_exponent,
    optimal_scaling,
    scaling_law,
)
from sk_renorm.theory._spectra import (
    from_covariance,
    from_kernel,
    isotropic,
    power_law,
    spiked,
)
from sk_renorm.theory._spectrum import (
    Spectrum,
)
from sk_renorm.theory._subordination import (
    Subordination,
    subordinate,
)
from sk_renorm.theory._weights import (
    weighted_risk,
)

__all__ = [
    "REGIMES",
    "CorrelatedRisk",
    "DegreesOfFreedom",
    "EffectiveRidge",
    "MinimumRidge",
    "NearHorizonRisk",
    "OptimalFeatures",
    "OptimalRidge",
    "RandomFeatureRisk",
    "RidgeRisk",
    "STransform",
    "ScalingLaw",
    "Spectrum",
    "Subordination",
    "correlated_risk",
    "correlated_samples",
    "cross_risk",
    "degrees_of_freedom",
    "effective_ridge",
    "exponential_samples",
    "feature_variance_exponent",
    "from_covariance",
    "from_kernel",
    "gaussian_features",
    "isotropic",
    "learning_curve",
    "minimum_ridge",
    "near_horizon_risk",
    "nearest_neighbour_samples",
    "optimal_feature_ridge",
    "optimal_n_features",
    "optimal_ridge",
    "optimal_scaling",
    "orthogonal_features",
    "out_of_distribution_risk",
    "power_law",
    "random_feature_risk",
    "ridge_from_kappa",
    "ridge_risk",
    "scaling_law",
    "spiked",
    "structured_features",
    "subordinate",
    "weighted_risk",
    "white_wishart",
]
