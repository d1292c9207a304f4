"""Ridge regression that chooses its penalty from renormalized risk estimates."""

from sk_renorm._ridge import RenormalizedRidge
from sk_renorm._ridge_cv import TheoryGuidedRidgeCV

__version__ = "0.1.0"

__all__ = ["RenormalizedRidge", "TheoryGuidedRidgeCV", "__version__"]
