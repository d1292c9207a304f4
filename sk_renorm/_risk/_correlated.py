"""Risk of rows that are correlated: CorrGCV, and the fit of correlated and independent noise.

In the basis of the row correlation K, training residuals r have the powers

    E r_j^2 = (kt / (k_j + kt))^2 (excess k_j + noise k'_j),

where ``sum_j k_j / (k_j + kt) = df`` and k' is the correlation of the noise (Atanasov,
Zavatone-Veth and Pehlevan 2024, arXiv:2408.04607).  A row far from all others has the risk
``excess + noise``.
"""

from dataclasses import dataclass

import numpy as np

from sk_renorm._linalg import Factorization
from sk_renorm._risk._evaluation import Evaluation
from sk_renorm._risk._leave_one_out import LeaveOneOut, at_other_risk
from sk_renorm._risk._path import effective_df
from sk_renorm._risk._row_correlation import RowCorrelation

_BLOCK_ENTRIES = 2**22  # residuals made at a time: rows x penalties x targets
_N_STEPS = 25  # of the reweighted fit, and of Newton's method
_LEAST_SHARE = 1e-9  # of the weakest mode: penalties below it are taken as this


@dataclass(frozen=True)
class ErrorParts:
    """What errors are made of, at penalties (L, q).

    Attributes
    ----------
    excess, noise : ndarray of shape (L, q)
        Risk of far rows: the part that is correlated as the rows are, and the independent part.
    row_ridge : ndarray of shape (L, q)
        ``kt``.
    residuals : ndarray of shape (n, L, q)
        Of training.
    """

    excess: np.ndarray
    noise: np.ndarray
    row_ridge: np.ndarray
    residuals: np.ndarray


class CorrelatedRows:
    """The risk of a row far from the training rows, which are correlated with each other.

    Parameters
    ----------
    factorization : Factorization
        Of rows in the order of ``correlation``, all of weight one.
    correlation : RowCorrelation
        Of the rows of X.
    numbers : ndarray
        What ``correlation`` was made of, kept for the record.
    matched : bool, default=False
        Whether the noise is correlated as the rows of X are, as CorrGCV takes for granted;
        otherwise part of it may be independent, and both parts are fitted.

    Notes
    -----
    O(n r + n log n) per penalty for stationary correlations, O(n^2) for others.
    """

    needs = "rows"

    def __init__(
        self,
        factorization: Factorization,
        correlation: RowCorrelation,
        numbers: np.ndarray,
        matched: bool = False,
    ):
        self.factorization = factorization
        self.correlation = correlation
        self.numbers = numbers
        self.matched = matched

    def risk(self, penalties: np.ndarray) -> np.ndarray:
        """Return the estimated risk (L, q) at ``penalties`` (L, 1) or (L, q)."""
        f = self.factorization
        penalties = np.broadcast_to(penalties, (len(penalties), f.n_targets))
        step = max(1, _BLOCK_ENTRIES // (f.data.n_rows * f.n_targets))
        parts = [
            self._risk(penalties[start : start + step]) for start in range(0, len(penalties), step)
        ]
        return np.concatenate(parts)

    def errors(self, penalties: np.ndarray):
        """Return leave-one-out errors, of rows that are not far from the others."""
        return LeaveOneOut(self.factorization).errors(penalties)

    def at(self, penalties: np.ndarray, nodes: np.ndarray, joint: bool) -> Evaluation:
        """Evaluate ``penalties`` (1, 1) or (1, q).

        Leave-one-out errors, those of near rows, are scaled to the risk of far ones in the sums;
        the scatter of n dependent rows is that of fewer independent ones.
        """
        return at_other_risk(self, penalties, nodes, joint, fewer=self.correlation.sum_of_squares)

    def _risk(self, penalties: np.ndarray) -> np.ndarray:
        """Return the risk (L, q) of a chunk of penalties."""
        parts = self.parts(penalties)
        return parts.excess + parts.noise

    def parts(self, penalties: np.ndarray) -> "ErrorParts":
        """Split the risk at ``penalties`` (L, q), the error of the mean included."""
        f, k = self.factorization, self.correlation.spectrum[:, None, None]
        if f.rank:
            penalties = np.maximum(penalties, _LEAST_SHARE * f.eigenvalues[0] * f.interpolates)
        residuals = self._residuals(penalties)
        shape = residuals.shape
        coordinates = self.correlation.coordinates(residuals.reshape(len(residuals), -1))
        powers = np.square(coordinates.reshape(-1, *shape[1:]))
        share = effective_df(f, penalties) / len(k)
        kt = effective_row_ridge(self.correlation.spectrum, share)
        filtered = kt / (k + kt)
        of_mean = f.data.fit_intercept * np.array([self.correlation.mean, 1.0 / f.data.n_rows])
        if self.matched:
            excess, noise = powers.sum(axis=0) / np.sum(k * filtered**2, axis=0), 0.0
        else:
            excess, noise = _two_components(powers / filtered**2, k)
        return ErrorParts(
            excess * (1.0 + of_mean[0]), noise * (1.0 + of_mean[1]) + 0.0 * excess, kt, residuals
        )

    def _residuals(self, penalties: np.ndarray) -> np.ndarray:
        """Return training residuals (n, L, q) at ``penalties`` (L, q)."""
        f = self.factorization
        s = f.eigenvalues[:, None, None]
        left = penalties / (s + penalties) * f.projections[:, None, :]
        left = left.reshape(f.rank, -1)

        def of_block(rows, block, scratch) -> np.ndarray:
            fitted = (block.U @ left).reshape(len(block.U), *penalties.shape)
            return fitted + block.residual[:, None, :]

        return np.concatenate(f.map_left_blocks(of_block))


def effective_row_ridge(spectrum: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return kt of any shape where ``mean_j k_j / (k_j + kt) = share``, by bisection in log kt."""
    k = spectrum.reshape(-1, *[1] * np.ndim(share))
    share = np.clip(share, 1e-12, 1.0 - 1e-12)
    low = np.full(np.shape(share), np.log(spectrum.min())) + np.log1p(-share) - np.log(share)
    high = np.full(np.shape(share), np.log(spectrum.max())) + np.log1p(-share) - np.log(share)
    for _ in range(50):
        middle = 0.5 * (low + high)
        above = np.mean(k / (k + np.exp(middle)), axis=0) > share
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.exp(0.5 * (low + high))


def _two_components(powers: np.ndarray, k: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit ``E powers = excess k + noise``, neither negative; return both (L, q).

    Powers (m, L, q) of single coordinates scatter by as much as their mean (Whittle), so squares
    are weighted by the inverse square of the fitted mean.
    """
    only_noise, only_excess = powers.mean(axis=0), np.mean(powers / k, axis=0)
    excess, noise = 0.5 * only_excess, 0.5 * only_noise
    for _ in range(_N_STEPS):
        mean = np.maximum(excess * k + noise, np.finfo(float).tiny)
        weights = 1.0 / np.square(mean / np.maximum(mean.max(axis=0), np.finfo(float).tiny))
        a, b, c = (np.sum(weights * power, axis=0) for power in (k * k, k, np.ones_like(k)))
        u, v = np.sum(weights * k * powers, axis=0), np.sum(weights * powers, axis=0)
        determinant = a * c - b * b
        usable = determinant > 1e-10 * a * c
        safe = np.where(usable, determinant, 1.0)
        new_excess = np.where(usable, (c * u - b * v) / safe, 0.0)
        new_noise = np.where(usable, (a * v - b * u) / safe, only_noise)
        excess = np.where(new_noise < 0.0, only_excess, np.maximum(new_excess, 0.0))
        noise = np.where(new_excess < 0.0, only_noise, np.maximum(new_noise, 0.0))
    return excess, noise
