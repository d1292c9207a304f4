"""Learning curves from one fit: B(kappa), df1(kappa) and df2(kappa) do not know how many rows.

The risk with m rows at effective ridge kappa is ``B(kappa) / (1 - df2(kappa) / m)``, and the
penalty ``kappa (m - df1(kappa))``.  So a path over kappa from n rows holds the learning curve, as
far as its least kappa reaches.  With an intercept m is one less, and the risk ``1 + 1/(m + 1)``
times that.  Rows of unequal size renormalize otherwise, see `_unequal_rows`: then gamma takes the
place of ``df2 / m``, and B loses ``even_noise (gamma - gamma_even)``.
"""

import functools
from dataclasses import dataclass, replace

import numpy as np

from sk_renorm._risk import ONE_SIDED_95, node_weights
from sk_renorm.report.answers import Answer
from sk_renorm.report.unequal_rows import Sizes, row_averages

_N_FINE, _SPARSE = 591, 10  # points along a path; of which every tenth meets noise
_N_DRAWS = 200
_DISPERSED = 0.5  # leverages, from which one renormalization for all rows foresees nothing
_UNKNOWN = 1.0 / 3.0  # relative error from which a forecast is flagged


@dataclass(frozen=True)
class FittedPath:
    """What a fit knows of the population, along kappa.

    Attributes
    ----------
    kappa, df1, df2 : ndarray of shape (K,)
        Effective ridge, ascending, and degrees of freedom there.
    B, relative_error : ndarray of shape (K, k)
        Bias squared plus noise, and the relative standard error of that.
    even_noise : ndarray of shape (K, k)
        Noise that is the same for rows of all sizes.
    leverage_dispersion : ndarray of shape (K,)
        Standard deviation over mean of one minus the leverage.
    n_modes : int
        Rows of the fit, less one for the intercept.
    most_df : float
        Degrees of freedom that no model has more of: the number of features.
    fit_intercept : bool
        Whether there is one.
    interpolates : bool
        Whether the path ends at the interpolating fit, beyond which the data says nothing.
    least_noise : ndarray of shape (k,)
        Lower bound of the noise variance.
    spread : float
        Variance of the logarithm of the sizes of rows.
    """

    kappa: np.ndarray
    df1: np.ndarray
    df2: np.ndarray
    B: np.ndarray
    relative_error: np.ndarray
    even_noise: np.ndarray
    leverage_dispersion: np.ndarray
    n_modes: int
    most_df: float
    fit_intercept: bool
    interpolates: bool
    least_noise: np.ndarray
    spread: float = 0.0

    @property
    def n_rows(self) -> int:
        """Rows of the fit."""
        return self.n_modes + self.fit_intercept

    def for_unequal_rows(self, even_noise: np.ndarray) -> "FittedPath":
        """Read the sizes of rows off the leverages of a path that takes them for equal.

        ``even_noise`` (k,) is an estimate of the noise that is the same for rows of all sizes.
        """
        sizes = Sizes.of(self.df1, self.df2, self.n_modes, self.leverage_dispersion)
        averages, ratio = sizes.averages, sizes.df2 / self.n_modes
        equal = row_averages(0.0, self.df1 / self.n_modes).rest
        gamma, gamma_even = (
            (ratio * averages.square)[:, None],
            (ratio * averages.even_square)[:, None],
        )
        risk = self.B / (1.0 - self.df2 / self.n_modes)[:, None]
        # no more than leaves a bias of zero
        even = np.minimum(even_noise, risk * (1.0 - gamma) / (1.0 - gamma + gamma_even))
        return replace(
            self,
            kappa=self.kappa * equal / averages.rest,
            df2=sizes.df2,
            B=risk * (1.0 - gamma) + even * (gamma - gamma_even),
            even_noise=even,
            spread=sizes.spread,
        )

    def interpolated(self, weights: np.ndarray) -> "FittedPath":
        """Return the path at other penalties, by interpolation ``weights`` (m, K)."""
        return replace(
            self,
            kappa=np.exp(weights @ np.log(self.kappa)),
            df1=np.maximum(weights @ self.df1, 0.0),
            df2=np.maximum(weights @ self.df2, 0.0),
            B=np.maximum(weights @ self.B, self.B.min(axis=0)),
            relative_error=np.maximum(weights @ self.relative_error, 0.0),
            even_noise=np.maximum(weights @ self.even_noise, 0.0),
            leverage_dispersion=np.maximum(weights @ self.leverage_dispersion, 0.0),
        )

    def continued(self) -> "FittedPath":
        """Go on below the least kappa by power laws, with as little noise as the data allows."""
        slope, power = self._slopes()
        down = np.geomspace(1e-8, 1.0, 200)[:-1]
        df1 = np.minimum(self.df1[0] * down**slope, self.most_df)
        df2 = np.where(df1 < self.most_df, (1.0 + slope) * df1, df1)
        noise = np.minimum(self.least_noise, self.B[0])
        B = noise + (self.B[0] - noise) * down[:, None] ** power
        error = np.repeat(self.relative_error[:1], len(down), axis=0)
        return replace(
            self,
            kappa=np.concatenate([down * self.kappa[0], self.kappa]),
            df1=np.concatenate([df1, self.df1]),
            df2=np.concatenate([df2, self.df2]),
            B=np.concatenate([B, self.B]),
            relative_error=np.concatenate([error, self.relative_error]),
            even_noise=np.concatenate([np.minimum(self.even_noise[0], B), self.even_noise]),
            leverage_dispersion=np.zeros(len(down) + len(self.kappa)),
            interpolates=False,
        )

    def _slopes(self) -> tuple[float, np.ndarray]:
        """Logarithmic slopes in kappa of df1, over its upper part, and of B, at the edge."""
        t = np.log(self.kappa)
        upper = (self.df1 > 0.2 * self.n_modes) & (self.df1 < 0.9 * self.n_modes)
        if np.count_nonzero(upper) < 2:
            upper = self.df1 >= 0.5 * self.df1[0]
        slope = np.polyfit(t[upper], np.log(self.df1[upper]), 1)[0]
        near = t <= t[0] + np.log(4.0)
        signal = self.B[near] - np.minimum(self.least_noise, 0.999 * self.B[0])
        logs = np.log(np.maximum(signal, np.finfo(float).tiny))
        power = np.polyfit(t[near], logs, 1)[0]
        return float(np.clip(slope, -1.0, 0.0)), power.clip(0.0, 2.0)

    def risks(self, n_rows: float) -> tuple[np.ndarray, np.ndarray]:
        """Return risks (K, k) with ``n_rows`` rows, infinite where no penalty gives the kappa.

        Also the penalties (K,), in the sum convention, for rows of weight one.
        """
        m = n_rows - self.fit_intercept
        averages = row_averages(self.spread, self.df1 / m)
        gamma = self.df2 / m * averages.square
        gamma_even = self.df2 / m * averages.even_square
        possible = (self.df1 < m) & (gamma < 1.0)
        learned = gamma[possible][:, None], gamma_even[possible][:, None]
        risks = np.full(self.B.shape, np.inf)
        B = self.B[possible] - self.even_noise[possible] * (learned[0] - learned[1])
        risks[possible] = B * (1.0 + self.fit_intercept / n_rows) / (1.0 - learned[0])
        return risks, self.kappa * m * averages.rest


@dataclass(frozen=True, repr=False)
class LearningCurve(Answer):
    """Forecast of the risk at several sizes; with ``alpha_per_target`` arrays are (m, n_targets).

    Parameters
    ----------
    train_sizes : ndarray of shape (m,)
        Numbers of training rows.
    risk : ndarray of shape (m,)
        Forecast of the expected squared error on a fresh row, in squared units of y.
    std_error : ndarray of shape (m,)
        Its standard error.
    lower, upper : ndarray of shape (m,)
        Band at 90 %.  Beyond the edge it spans all that the data cannot exclude.
    at_edge : ndarray of shape (m,), bool
        Whether this lies at the edge of what the fit can tell: the best model of that size resolves
        directions weaker than any of this fit, where signal and noise cannot be told apart, and
        ``risk`` takes them for noise; or it would use a ridge at which leverages differ too much
        for more rows to be foreseen; or the standard error exceeds a third of the risk.
    alpha : ndarray of shape (m,)
        Penalty: the best one, in scikit-learn's convention, or the one given.
    effective_df : ndarray of shape (m,)
        Degrees of freedom there.
    """

    train_sizes: np.ndarray
    risk: np.ndarray
    std_error: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    at_edge: np.ndarray
    alpha: np.ndarray
    effective_df: np.ndarray


@dataclass(frozen=True)
class Forecaster:
    """Forecasts from one fit.

    Attributes
    ----------
    nodes, path : FittedPath
        Between the nodes of the profile: N points, and finely.
    noise : ndarray of shape (k, N, K)
        Root of the covariance of the relative errors of the risk at the N points.
    """

    nodes: FittedPath
    path: FittedPath
    noise: np.ndarray

    @classmethod
    def from_nodes(
        cls, alphas: np.ndarray, nodes: FittedPath, risks: np.ndarray, covariance: np.ndarray
    ) -> "Forecaster":
        """Prepare forecasts from penalties (K,), risks (k, K) and their covariance (k, K, K)."""
        risks = np.where(risks > 0.0, risks, 1.0)
        # positive estimates: normal in the logarithm, with the covariance that they have
        relative = covariance / (risks[:, :, None] * risks[:, None, :])
        values, vectors = np.linalg.eigh(np.log1p(np.maximum(relative, -0.9)))
        noise = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
        fine = node_weights(alphas, np.geomspace(alphas[0], alphas[-1], _N_FINE))
        coarse = fine[::_SPARSE]
        return cls(nodes.interpolated(coarse), nodes.interpolated(fine), coarse @ noise)

    def curve(self, sizes: np.ndarray, alpha: float | None = None) -> LearningCurve:
        """Forecast the risk at sizes (m,), with the best penalty of each or with ``alpha``.

        Arrays have shape (m, k), and penalties are for rows of weight one.
        """
        path = self.path
        risk, error, index, penalty = _along(path, sizes, alpha)
        least, most, more = risk, risk, (sizes > path.n_rows)[:, None]
        at_edge = more & (path.leverage_dispersion[index] > _DISPERSED)
        if path.interpolates:
            at_edge |= more & (index == 0)
        if at_edge.any():
            if path.interpolates:
                beyond = _along(path.continued(), sizes, alpha)[0]
                least = np.where(at_edge, np.minimum(beyond, risk), risk)
            # all that is certain: at the best penalty more rows do no harm
            most = _along(path, np.array([float(path.n_rows)]), alpha)[0]
        cost = self._cost_of_choosing(sizes) if alpha is None else np.ones_like(risk)
        spread = np.exp(ONE_SIDED_95 * error)
        lower, upper = cost * least / spread, cost * np.where(at_edge, most, risk) * spread
        risk = cost * risk
        flags = at_edge | (error > _UNKNOWN)
        return LearningCurve(
            sizes, risk, risk * error, lower, upper, flags, penalty, path.df1[index]
        )

    def _cost_of_choosing(self, sizes: np.ndarray) -> np.ndarray:
        """Return the risk of models tuned by themselves, over the least of the estimated curve.

        The least of many noisy estimates is too low, and the penalty that looks best is not the
        best.  Both are averaged over draws of the estimates' own noise: once as in this fit, once,
        independently, as in a fit to as many rows.  Shape (S, k).
        """
        ours, theirs = _draws(self.noise.shape[-1])
        shrinks = np.sqrt(self.nodes.n_rows / sizes)
        curves = np.stack([self.nodes.risks(size)[0] for size in sizes])
        costs = np.ones((len(sizes), len(self.noise)))
        for target, root in enumerate(self.noise):
            half_variance = 0.5 * np.square(root).sum(axis=1)[:, None]
            factors, noise = np.exp(root @ ours - half_variance), root @ theirs
            for place, (risk, shrink) in enumerate(zip(curves[:, :, target], shrinks, strict=True)):
                if not risk.min():
                    continue
                seen = np.log(risk)[:, None] + shrink * noise - shrink**2 * half_variance
                least = (risk[:, None] * factors).min(axis=0)
                costs[place, target] = risk[seen.argmin(axis=0)].mean() / least.mean()
        return costs


@functools.cache
def _draws(size: int) -> np.ndarray:
    """Return the normal numbers (2, size, D) that every forecast uses."""
    return np.random.default_rng(0).standard_normal((2, size, _N_DRAWS))


def _along(path: FittedPath, sizes: np.ndarray, alpha: float | None):
    """Return risks, relative errors, indices on the path and penalties, each (S, k)."""
    columns = np.arange(path.B.shape[1])
    risk, index, penalty = [], [], []
    for size in sizes:
        risks, penalties = path.risks(size)
        if alpha is None:
            index.append(risks.argmin(axis=0))
            penalty.append(penalties[index[-1]])
        else:
            # the penalty rises with kappa; below the least kappa it is the least kappa
            possible = np.flatnonzero(np.isfinite(risks[:, 0]))
            rising = np.maximum.accumulate(penalties[possible])
            place = np.searchsorted(rising, alpha).clip(0, len(possible) - 1)
            index.append(np.full(len(columns), possible[place]))
            penalty.append(np.full(len(columns), float(alpha)))
        risk.append(risks[index[-1], columns])
    index = np.stack(index)
    return np.stack(risk), path.relative_error[index, columns], index, np.stack(penalty)
