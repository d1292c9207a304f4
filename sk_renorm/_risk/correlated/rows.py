"""Risk of rows that are correlated: CorrGCV, and the fit of noise that is not as the rows are.

In the basis of the row correlation K, training residuals r have the powers

    E r_j^2 = (kt / (k_j + kt))^2 (excess k_j + noise k'_j),

where ``sum_j k_j / (k_j + kt) = df`` and k' is the correlation of the noise (Atanasov,
Zavatone-Veth and Pehlevan 2024, arXiv:2408.04607).  A row far from all others has the risk
``excess + noise``.
"""

from dataclasses import dataclass

import numpy as np

from sk_renorm._linalg import Factorization
from sk_renorm._risk.correlated.noise_correlation import (
    NoiseCorrelation,
    fit_noise_correlation,
    of_noise,
    two_components,
)
from sk_renorm._risk.correlated.row_correlation import RowCorrelation
from sk_renorm._risk.degrees_of_freedom import effective_df
from sk_renorm._risk.estimate import Evaluation, RiskEstimate, Slack
from sk_renorm._risk.leave_one_out.rows import LeaveOneOut, at_other_risk, sums_of_other_risk
from sk_renorm._risk.nodes import profile_nodes
from sk_renorm._risk.uncertainty.sums import LossSums

_BLOCK_ENTRIES = 2**22  # residuals made at a time: rows x penalties x targets
_LEAST_SHARE = 1e-9  # of the weakest mode: penalties below it are taken as this


@dataclass(frozen=True)
class ErrorParts:
    """What errors are made of, at penalties (L, q).

    Attributes
    ----------
    excess, noise : ndarray of shape (L, q)
        Risk of far rows: the part that is correlated as the rows are, and the rest of the noise.
    noise_correlation : ndarray of shape (L, q)
        Of that rest at lag one; 0 where it is taken as independent.
    row_ridge : ndarray of shape (L, q)
        ``kt``.
    residuals : ndarray of shape (n, L, q)
        Of training.
    """

    excess: np.ndarray
    noise: np.ndarray
    noise_correlation: np.ndarray
    row_ridge: np.ndarray
    residuals: np.ndarray


class CorrelatedRows(RiskEstimate):
    """The risk of a row far from the training rows, which are correlated with each other.

    Parameters
    ----------
    factorization : Factorization
        Of rows in the order of ``correlation``, all of weight one.
    correlation : RowCorrelation
        Of the rows of X.
    numbers : ndarray
        What ``correlation`` was made of, kept for the record.
    std_errors : ndarray or None
        Standard errors of ``numbers``; None if they were given.
    matched : bool, default=False
        Whether the noise is correlated as the rows of X are, as CorrGCV takes for granted;
        otherwise part of it may not be, and both parts are fitted.

    Attributes
    ----------
    noise_correlations : list of NoiseCorrelation or None
        What the residuals of each target say of that part; None where it is independent, as the
        rows have no order in a matrix.

    Notes
    -----
    O(n r + n log n) per penalty for stationary correlations, O(n^2) for others.
    """

    def __init__(
        self,
        factorization: Factorization,
        correlation: RowCorrelation,
        numbers: np.ndarray,
        std_errors: np.ndarray | None = None,
        matched: bool = False,
    ):
        self.factorization = factorization
        self.correlation = correlation
        self.numbers = numbers
        self.std_errors = std_errors
        self.matched = matched
        self._noise_at_lag_one = np.zeros(factorization.n_targets)
        self.noise_correlations = None
        if not matched and correlation.basis is None:
            found = self._fit_noise_correlations()
            self.noise_correlations = found
            clear = [noise.at_lag_one * noise.is_clear for noise in found]
            self._noise_at_lag_one = np.array(clear)

    def risk(self, penalties: np.ndarray, some: slice | np.ndarray = slice(None)) -> np.ndarray:
        """Return the estimated risk (L, q) at ``penalties`` (L, 1) or (L, q)."""
        f = self.factorization
        penalties = np.broadcast_to(penalties, (len(penalties), f.n_targets))
        step = max(1, _BLOCK_ENTRIES // (f.data.n_rows * f.n_targets))
        parts = [
            self._risk(penalties[start : start + step]) for start in range(0, len(penalties), step)
        ]
        return np.concatenate(parts)[:, some]

    def errors(self, penalties: np.ndarray):
        """Return leave-one-out errors, of rows that are not far from the others."""
        return LeaveOneOut(self.factorization).errors(penalties)

    def at(self, penalties: np.ndarray, slack: Slack | None = None) -> Evaluation:
        """Evaluate ``penalties`` (1, 1) or (1, q): with the errors of near rows, left out."""
        return at_other_risk(self, penalties)

    def sums(self, nodes: np.ndarray, joint: bool) -> LossSums:
        """Sum up leave-one-out errors at ``nodes`` (K,), scaled to the risk of far rows.

        The scatter of n dependent rows is that of fewer independent ones.
        """
        return sums_of_other_risk(self, nodes, joint, fewer=self.correlation.sum_of_squares)

    def _risk(self, penalties: np.ndarray) -> np.ndarray:
        """Return the risk (L, q) of a chunk of penalties."""
        parts = self.parts(penalties)
        return parts.excess + parts.noise

    def parts(self, penalties: np.ndarray) -> ErrorParts:
        """Split the risk at ``penalties`` (L, q), the error of the mean included."""
        f, spectrum = self.factorization, self.correlation.spectrum
        powers, kt, residuals = self._powers(penalties)
        k = spectrum[:, None, None]
        of_mean = 1.0 + f.data.fit_intercept * self.correlation.mean
        noise_correlation = np.broadcast_to(self._noise_at_lag_one, kt.shape)
        if self.matched:
            excess = np.sum(powers * (kt / (k + kt)) ** 2, axis=0)
            excess = excess / np.sum(k * (kt / (k + kt)) ** 2, axis=0) * of_mean
            return ErrorParts(excess, 0.0 * excess, noise_correlation, kt, residuals)
        excess, noise = np.empty((2, *kt.shape))
        for at_lag_one in np.unique(self._noise_at_lag_one):
            some = self._noise_at_lag_one == at_lag_one
            of_rest = of_noise(at_lag_one, f.data.n_rows, f.data.fit_intercept)
            rest = of_rest.spectrum[:, None, None] if at_lag_one else 1.0
            both = two_components(powers[:, :, some] / rest, k / rest, signed=not at_lag_one)
            excess[:, some] = both[0] * of_mean
            noise[:, some] = both[1] * (1.0 + f.data.fit_intercept * of_rest.mean)
        # no noise is negative: what is, belongs to the excess
        risk, noise = excess + noise, np.maximum(noise, 0.0)
        return ErrorParts(risk - noise, noise, noise_correlation, kt, residuals)

    def _powers(self, penalties: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return powers of errors (m, L, q) in the basis, kt (L, q), and residuals (n, L, q)."""
        f, k = self.factorization, self.correlation.spectrum[:, None, None]
        if f.rank:
            penalties = np.maximum(penalties, _LEAST_SHARE * f.eigenvalues[0] * f.interpolates)
        residuals = self._residuals(penalties)
        shape = residuals.shape
        coordinates = self.correlation.coordinates(residuals.reshape(len(residuals), -1))
        powers = np.square(coordinates.reshape(-1, *shape[1:]))
        kt = effective_row_ridge(k[:, 0, 0], effective_df(f, penalties) / len(k))
        return powers * ((k + kt) / kt) ** 2, kt, residuals

    def _fit_noise_correlations(self) -> list[NoiseCorrelation]:
        """Fit each target's noise at the penalty of least risk, where it is the most of it.

        It is the same noise at every penalty.
        """
        f, k = self.factorization, self.correlation.spectrum
        nodes = profile_nodes(f, np.empty(0))[::3]  # a rough minimum will do
        best = nodes[self.risk(nodes[:, None]).argmin(axis=0)]
        powers, _, _ = self._powers(best[None, :])
        return [
            fit_noise_correlation(powers[:, 0, target], k, f.data.fit_intercept)
            for target in range(f.n_targets)
        ]

    def _residuals(self, penalties: np.ndarray) -> np.ndarray:
        """Return training residuals (n, L, q) at ``penalties`` (L, q)."""
        f = self.factorization
        s = f.eigenvalues[:, None, None]
        left = penalties / (s + penalties) * f.projections[:, None, :]
        left = left.reshape(f.rank, penalties.size)

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
