"""scikit-learn-intelex: a Ridge that is not tuned, the fastest there is on x86."""

import numpy as np

from benchmarks.rivals.base import Rival


class IntelexRidge(Rival):
    """One penalty, that is given: no rival in what it finds, only in time.

    alpha: ``||y - Xw - b||^2 + alpha ||w||^2``, the convention of all.  Several targets share it.
    """

    name = "intelex Ridge"
    package = "scikit-learn-intelex"
    default_alphas = (1.0,)

    def make(self, n, p, q):
        """Return the library's estimator."""
        from sklearnex.linear_model import Ridge

        return Ridge(alpha=float(self.alphas[0]))

    @property
    def alpha_(self):
        shape = self.model_.coef_.shape
        return self.model_.alpha if len(shape) == 1 else np.full(shape[0], self.model_.alpha)
