"""Choice: a penalty evaluated; and what a search knows of others."""

from dataclasses import dataclass

import numpy as np

from sk_renorm._risk import Evaluation, LossSums, RatioToGCV, node_weights


@dataclass(frozen=True)
class Choice:
    """One penalty, or one per target, evaluated.

    Attributes
    ----------
    alpha, loss, risk : ndarray of shape (1,) or (q,)
        For all targets together, or one of each per target.
    errors : ndarray of shape (n, q) or None
        Held-out errors, NaN for rows never held out; None, as the next two, if they come later.
    leverage_dispersion : ndarray of shape (1,) or (q,), or None
        Standard deviation over mean of one minus the leverage.
    slack : ndarray of shape (n, 1) or (n, q), or None
        One minus the leverages, up to a factor; None where rows are not left out singly, too.
    nodes, sums : ndarray of shape (K,) and LossSums, or None
        Sums over errors at other penalties, where these were taken along.
    """

    alpha: np.ndarray
    loss: np.ndarray
    risk: np.ndarray
    errors: np.ndarray | None = None
    leverage_dispersion: np.ndarray | None = None
    slack: np.ndarray | None = None
    nodes: np.ndarray | None = None
    sums: LossSums | None = None


@dataclass(frozen=True)
class KnownNodes:
    """Nodes of the profile: penalties (K,), risks (K, k), their sums, and what lies between.

    The penalty of a ``guess`` (1,), if any, was evaluated beside them.
    """

    alphas: np.ndarray
    risks: np.ndarray
    sums: LossSums
    between: RatioToGCV
    guess: np.ndarray | None = None
    at_guess: Evaluation | None = None

    def takes(self, alpha: float) -> bool:
        """Whether ``alpha`` is a new node between the others."""
        return self.alphas[0] < alpha < self.alphas[-1] and alpha not in self.alphas

    def with_node(self, alpha: float, risk: float, row_sums: LossSums):
        """Return nodes, sums and ``row_sums`` with a penalty of known risk.

        How its losses scatter is interpolated.
        """
        nodes = np.sort(np.append(self.alphas, alpha))
        weights = node_weights(self.alphas, nodes)
        sums = self.sums.with_node(weights)
        risks = sums.losses / sums.weight
        risks[:, nodes == alpha] = risk
        sums = sums.scaled(sums.factor_to(risks))
        is_same = row_sums is self.sums
        return nodes, sums, sums if is_same else row_sums.with_node(weights)
