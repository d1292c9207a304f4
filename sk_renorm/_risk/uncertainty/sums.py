"""How far a risk estimate is from the risk: its covariance along the path of penalties.

With e the held-out errors, ``R_ab`` the mean of ``e_a e_b`` and losses ``l = e**2``,

    Cov(R_aa - E_a, R_bb - E_b) = (1/n) [cov_i(l_a, l_b) + 4 R_ab**2 gamma_ab / (1 - gamma_ab)],

where E is the risk of the very model that was fitted.  The first term is the scatter of the rows;
the second, that all errors share one training set, is what std / sqrt(n) misses.  For other losses
of the error, 4 becomes the product of their mean second derivatives.
``1 / (1 - gamma_ab) = (kappa_a - kappa_b) / (ridge_a - ridge_b)``.  Derived for Gaussian designs
and checked by simulation, heavy tails included; not a theorem.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from sk_renorm._linalg import Factorization

ONE_SIDED_95 = 1.645  # standard errors; both sides of it hold 90 %


@dataclass(frozen=True)
class LossSums:
    """Sums over held-out rows i of weight c, for K penalties and k losses.

    One loss per target, or one for all: then ``l`` and ``e_a e_b`` are means over targets.  Where
    rows come in groups, what is squared or multiplied are sums over a group: ``c l`` and ``c``.

    Attributes
    ----------
    cross : ndarray of shape (k, K, K)
        Of ``c e_a e_b``.
    losses, squares : ndarray of shape (k, K)
        Of ``c l`` and of ``c**2 l``.
    products : ndarray of shape (k, K, K)
        Of ``c**2 l_a l_b``.
    weight, weight_squared : float
        Of ``c`` and of ``c**2``.
    slack, slack_squared : ndarray of shape (K,)
        Of one minus the leverage, up to a factor, and of its square; zero where not known.
    n_rows : int
        Of 1.
    """

    cross: np.ndarray
    losses: np.ndarray
    squares: np.ndarray
    products: np.ndarray
    weight: float
    weight_squared: float
    slack: np.ndarray | float = 0.0
    slack_squared: np.ndarray | float = 0.0
    n_rows: int = 0

    def __add__(self, other: "LossSums") -> "LossSums":
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return LossSums(*(mine + its for mine, its in pairs))

    @classmethod
    def of(
        cls,
        parts: Iterable[np.ndarray],
        weights: np.ndarray,
        joint: bool,
        groups: np.ndarray | None = None,
    ) -> "LossSums":
        """Sum over rows of weights (b,), all rows of their ``groups`` (b,) if there are any.

        ``parts`` hold errors times ``sqrt(weights)``, of shape (b, K, m) for m targets at a time.
        """
        n_rows, n_targets = len(weights), 0
        member = None
        if groups is not None:
            _, codes = np.unique(groups, return_inverse=True)
            member = (codes[:, None] == np.arange(codes.max() + 1)).astype(float)
        group_weights = weights if member is None else weights @ member
        columns, joint_cross, joint_loss = [], 0.0, 0.0
        for part in parts:
            e = part.transpose(2, 1, 0)
            n_targets += len(e)
            cross, loss = _products(e), np.square(e)
            if joint:
                joint_cross, joint_loss = joint_cross + cross.sum(axis=0), joint_loss + loss.sum(0)
            else:
                columns.append((cross, *_loss_sums(cross, loss, group_weights, member)))
        if joint:
            cross, loss = joint_cross[None] / n_targets, joint_loss[None] / n_targets
            columns = [(cross, *_loss_sums(cross, loss, group_weights, member))]
        return cls(
            *(np.concatenate(arrays) for arrays in zip(*columns, strict=True)),
            float(group_weights.sum()),
            float(group_weights @ group_weights),
            n_rows=n_rows,
        )

    def scaled(self, factor: np.ndarray, fewer: float = 1.0) -> "LossSums":
        """Return the sums with losses times ``factor`` (k, K), as of 1 / ``fewer`` as many rows."""
        pairs = factor[:, :, None] * factor[:, None, :]
        return replace(
            self,
            cross=np.sqrt(pairs) * self.cross,
            losses=factor * self.losses,
            squares=fewer * factor * self.squares,
            products=fewer * pairs * self.products,
            weight_squared=fewer * self.weight_squared,
        )

    def factor_to(self, risks: np.ndarray) -> np.ndarray:
        """Return what brings the mean losses to ``risks`` (k, K); one where either is useless."""
        mean = self.losses / self.weight
        usable = (mean > 0.0) & np.isfinite(risks)
        return np.divide(risks, mean, out=np.ones_like(mean), where=usable)

    def with_slack(self, slack: np.ndarray) -> "LossSums":
        """Add one minus the leverages (b, K) of the same rows."""
        ones = np.ones(len(slack))
        return replace(self, slack=ones @ slack, slack_squared=ones @ np.square(slack))

    def with_scatter(self, mean: np.ndarray, variance: np.ndarray) -> "LossSums":
        """Add mean and variance over rows of one minus the leverage (K,)."""
        squares = self.n_rows * (mean**2 + variance)
        return replace(self, slack=self.n_rows * mean, slack_squared=squares)

    @property
    def leverage_dispersion(self) -> np.ndarray:
        """Standard deviation over mean of one minus the leverage (K,)."""
        mean = self.slack / self.n_rows
        variance = np.maximum(self.slack_squared / self.n_rows - mean**2, 0.0)
        return np.divide(np.sqrt(variance), mean, out=np.zeros_like(mean), where=mean > 0.0)


def _loss_sums(cross: np.ndarray, loss: np.ndarray, weights: np.ndarray, member: np.ndarray | None):
    """Sums of losses (k, K, b), times weights, and of products between penalties."""
    losses = np.einsum("kaa->ka", cross)
    if member is None:
        squares = losses if (weights == 1.0).all() else loss @ weights
    else:
        loss = loss @ member
        squares = loss @ weights
    return losses, squares, _products(loss)


def _products(rows: np.ndarray) -> np.ndarray:
    """Return products (k, K, K) of ``rows`` (k, K, b); a single matrix is not left to a loop."""
    return (rows[0] @ rows[0].T)[None] if len(rows) == 1 else rows @ rows.swapaxes(1, 2)


def scatter_of_rows(sums: LossSums) -> np.ndarray:
    """Return ``(1/n) cov_i(l_a, l_b)`` (k, K, K), for weights ``sum c^2 (...) / (sum c)^2``."""
    risks = sums.losses / sums.weight
    both = risks[:, :, None] * sums.squares[:, None, :]
    scatter = (
        sums.products
        - both
        - both.swapaxes(1, 2)
        + sums.weight_squared * risks[:, :, None] * risks[:, None, :]
    )
    # sums of products have lost their digits where all losses are alike
    diagonal = np.einsum("kaa->ka", scatter)
    diagonal[:] = np.maximum(diagonal, 0.0)
    return scatter / sums.weight**2


def shared_training(sums: LossSums, excess: np.ndarray, share: float = 1.0) -> np.ndarray:
    """Return ``(1/n) R_ab^2 gamma_ab / (1 - gamma_ab)`` (k, K, K).

    Parameters
    ----------
    sums : LossSums
        Of the held-out errors.
    excess : ndarray of shape (K, K)
        ``gamma_ab / (1 - gamma_ab)``, see `excess_variance`.
    share : float, default=1.0
        What remains when targets are averaged, see `concentration`.
    """
    per_row = sums.weight_squared / sums.weight**2
    return per_row * share * np.square(sums.cross / sums.weight) * excess


def concentration(errors: np.ndarray) -> float:
    """Return ``||C||_F**2 / tr(C)**2`` of the covariance C of errors (n, q) between targets.

    One over the number of independent targets that errors amount to, corrected for its bias
    ``1 / n``: what remains of the shared term when q targets are averaged.
    """
    n, q = errors.shape
    if q == 1:
        return 1.0
    gram = errors.T @ errors if q <= n else errors @ errors.T
    trace = np.trace(gram)
    if not trace:
        return 1.0
    share = float(np.square(gram / trace).sum())
    return float(np.clip((share - 1.0 / n) / (1.0 - 1.0 / n), 1.0 / q, 1.0))


def excess_variance(f: Factorization, alphas: np.ndarray) -> np.ndarray:
    """Return ``gamma_ab / (1 - gamma_ab)`` (K, K) for all pairs of penalties, from sums alone.

    Over all modes of the rows, zeros included, with ``g = alpha / (s + alpha)``, it is
    ``mean(g_a g_b) / (mean(g_a) mean(g_b)) - 1``: how the penalties' shares vary between modes.
    """
    left, spare = remaining_shares(f, alphas)
    n_modes = spare + f.rank
    if not n_modes:
        return np.zeros((len(alphas), len(alphas)))
    mean = (f.trace(left) + spare) / n_modes
    relative, of_spare = left / mean - 1.0, 1.0 / mean - 1.0
    products = (f.multiplicity * relative.T) @ relative
    return (products + spare * np.outer(of_spare, of_spare)) / n_modes


def remaining_shares(f: Factorization, alphas: np.ndarray) -> tuple[np.ndarray, int]:
    """Return what penalties leave of each mode (r, K), and how many modes of the rows X lacks.

    That is ``alpha / (s + alpha)``, and 1 for the modes that X lacks.  If it lacks none, a factor
    makes the weakest mode's share 1, also at alpha = 0.
    """
    spare = f.data.n_rows - f.data.fit_intercept - f.rank
    weakest = f.eigenvalues[0] if not spare and f.rank else 0.0
    return (weakest + alphas) / (f.eigenvalues[:, None] + alphas), spare
