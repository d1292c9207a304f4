"""fastridge: RidgeEM and RidgeLOOCV."""

from benchmarks.rivals.base import Rival


class FastridgeEM(Rival):
    """Evidence (expectation maximization) from one singular value decomposition, no grid.

    alpha: ``alpha_ = 1 / tau^2``, with ``||y - Xw - b||^2 + alpha_ ||w||^2``, the convention of
    all.  X and y are centred.  By default it also scales them to unit variance, which makes another
    penalty; here not (``normalize=False``), as for all others.  Several targets: a penalty each.
    """

    name = "fastridge RidgeEM"
    package = "fastridge"
    default_alphas = ()

    def make(self, n, p, q):
        """Return the library's estimator."""
        from fastridge import RidgeEM

        return RidgeEM(normalize=False)


class FastridgeLOOCV(Rival):
    """Exact leave-one-out over its default grid: 11 penalties from 1e-10 to 1e10.

    alpha, centring, scaling, several targets: as RidgeEM.
    """

    name = "fastridge RidgeLOOCV"
    package = "fastridge"
    default_alphas = tuple(10.0**k for k in range(-10, 11, 2))

    def make(self, n, p, q):
        """Return the library's estimator."""
        from fastridge import RidgeLOOCV

        return RidgeLOOCV(alphas=self.alphas, normalize=False)
