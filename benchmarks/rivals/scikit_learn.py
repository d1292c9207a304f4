"""scikit-learn: RidgeCV and GridSearchCV."""

from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV

from benchmarks.rivals.base import Rival


class ScikitRidgeCV(Rival):
    """Exact leave-one-out over 100 penalties.

    alpha: ``||y - Xw - b||^2 + alpha ||w||^2``, the convention of all.  X and y are centred, not
    scaled.  Several targets: a penalty for each (``alpha_per_target=True``).
    """

    name = "RidgeCV"
    package = "scikit-learn"

    def make(self, n, p, q):
        """Return the library's estimator."""
        return RidgeCV(alphas=self.alphas, alpha_per_target=q > 1)


class ScikitGridSearchCV(Rival):
    """Five folds over 100 penalties, by squared error.

    alpha: as RidgeCV; in a fold it weighs against four fifths of the rows.  Each of the models
    centres X and y, and does not scale them.  Several targets would share one penalty.
    """

    name = "GridSearchCV"
    package = "scikit-learn"
    fits_per_alpha = 5
    fits_at_end = 1

    def cannot(self, n, p, q):
        """Return why it cannot fit data of this shape, or nothing."""
        return "one penalty for all targets" if q > 1 else ""

    def make(self, n, p, q):
        """Return the library's estimator."""
        grid = {"alpha": self.alphas}
        return GridSearchCV(Ridge(), grid, cv=5, scoring="neg_mean_squared_error")

    @property
    def alpha_(self):
        return self.model_.best_params_["alpha"]

    @property
    def coef_(self):
        return self.model_.best_estimator_.coef_
