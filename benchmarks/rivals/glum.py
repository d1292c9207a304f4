"""glum: GeneralizedLinearRegressorCV, normal family, without L1 penalty."""

from benchmarks.rivals.base import Rival


class GlumCV(Rival):
    """Five folds over 100 penalties, each solved anew from the Gram matrix of the columns.

    alpha: ``||y - Xw - b||^2 / (2 n) + a ||w||^2 / 2``, so its ``a`` is alpha over the number of
    rows: in a fold, with four fifths of the rows, four fifths of alpha.  X is centred, not scaled
    (``scale_predictors=False``, its default).  One target.  The grid is that of the others: its own
    ends at a hundredth of its largest penalty where p > n, far above the best.
    """

    name = "glum CV"
    package = "glum"
    fits_per_alpha = 6  # five folds, and all rows for every penalty

    def cannot(self, n, p, q):
        """Return why it cannot fit data of this shape, or nothing."""
        return "one target only" if q > 1 else ""

    def make(self, n, p, q):
        """Return the library's estimator."""
        from glum import GeneralizedLinearRegressorCV

        self._n = n
        return GeneralizedLinearRegressorCV(l1_ratio=0, alphas=self.alphas / n)

    @property
    def alpha_(self):
        return self.model_.alpha_ * self._n
