"""himalaya: RidgeCV and KernelRidgeCV, by numpy."""

import numpy as np

from benchmarks.rivals.base import Rival

_ALPHAS = np.geomspace(1e-3, 1e7, 20)  # its default, 0.1 and 1, is no search
_BATCH = 2e8  # bytes of the matrices of some penalties at a time
_MOST = 2e9  # bytes of a single one


class _Himalaya(Rival):
    package = "himalaya"
    default_alphas = _ALPHAS

    def _batches(self, n: int) -> dict:
        """Return the penalties per batch: for each, predictions are a matrix of rows x rows."""
        return {"n_alphas_batch": int(np.clip(_BATCH // _fold_bytes(n), 1, len(self.alphas)))}

    @property
    def alpha_(self):
        best = self.model_.best_alphas_
        return best if self.coef_.ndim == 2 else float(best[0])


class HimalayaRidgeCV(_Himalaya):
    """Five folds over 20 penalties, a singular value decomposition in each.

    alpha: ``||y - Xw - b||^2 + alpha ||w||^2``, the convention of all; in a fold it weighs against
    four fifths of the rows.  X and y are centred in each fold (``fit_intercept=True``, not its
    default), not scaled.  Several targets: a penalty for each.
    """

    name = "himalaya RidgeCV"

    def cannot(self, n, p, q):
        """Return why it cannot fit data of this shape, or nothing."""
        if _fold_bytes(n) > _MOST:
            size = _fold_bytes(n) / 1e9
            return f"too large: a matrix of {n // 5} x {n - n // 5} a penalty, {size:.0f} GB"
        return ""

    def make(self, n, p, q):
        """Return the library's estimator."""
        from himalaya.ridge import RidgeCV

        params = {**self._batches(n), "warn": False}
        return RidgeCV(alphas=self.alphas, fit_intercept=True, solver_params=params)

    @property
    def coef_(self):
        return self.model_.coef_.T


class HimalayaKernelRidgeCV(_Himalaya):
    """Five folds over 20 penalties, an eigendecomposition of the linear kernel in each.

    alpha: ``(K + alpha I)`` is solved, K the products of centred rows, which is the convention of
    all; in a fold it weighs against four fifths of the rows.  Centred in each fold
    (``fit_intercept=True``, not its default), not scaled.  Several targets: a penalty for each.
    """

    name = "himalaya KernelRidgeCV"

    def cannot(self, n, p, q):
        """Return why it cannot fit data of this shape, or nothing."""
        size = 8.0 * n**2
        return f"too large: a kernel of {n} x {n}, {size / 1e9:.0f} GB" if size > _MOST else ""

    def make(self, n, p, q):
        """Return the library's estimator."""
        from himalaya.kernel_ridge import KernelRidgeCV

        return KernelRidgeCV(
            alphas=self.alphas,
            kernel="linear",
            fit_intercept=True,
            solver_params=self._batches(n),
            warn=False,
        )

    @property
    def coef_(self):
        return self.model_.get_primal_coef().T


def _fold_bytes(n: int) -> float:
    return 8.0 * (n / 5.0) * (4.0 * n / 5.0)
