"""RiskEstimate: what every estimate of the risk can do, and what it says of one penalty."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from sk_renorm._linalg import Factorization
from sk_renorm._risk.uncertainty.even_noise import even_noise
from sk_renorm._risk.uncertainty.sums import LossSums

Rows = slice | np.ndarray
Errors = Sequence[tuple[Rows, np.ndarray]]


class Slack(NamedTuple):
    """One minus leverages (n, 1 or q), to the six digits of float32, and rows that need more."""

    values: np.ndarray
    again: np.ndarray


class PathRisk(NamedTuple):
    """Risks along a path, and what was learned beside.

    Attributes
    ----------
    risks : ndarray of shape (K, q)
        At its nodes.
    slack_at : callable
        Returns one minus the leverages at a penalty near the one that was guessed, else None.
    precision : str
        In which the sums over rows were made.
    """

    risks: np.ndarray
    slack_at: Callable[[float], Slack | None] = lambda alpha: None
    precision: str = "float64"


@dataclass(frozen=True)
class Evaluation:
    """One penalty, or one per target, evaluated.

    Attributes
    ----------
    errors : list of (rows, ndarray of shape (m, 1, q))
        Held-out errors, set by set, in the unit of y.
    risk : ndarray of shape (q,)
        Estimated risk.
    leverage_dispersion : ndarray of shape (1,) or (q,)
        Standard deviation over mean of one minus the leverage.
    slack : ndarray of shape (n, 1) or (n, q), or None
        One minus the leverages, up to a factor; None where rows are not left out singly.
    """

    errors: Errors
    risk: np.ndarray
    leverage_dispersion: np.ndarray
    slack: np.ndarray | None = None


class RiskEstimate(ABC):
    """An estimate of the risk at any penalty, made of one factorization.

    Penalties have shape (L, 1), or (L, q) for one penalty per target; of a single penalty (1, 1) or
    (1, q).  A ``joint`` loss is the mean over targets.

    Attributes
    ----------
    factorization : Factorization
        What it is made of.
    needs : str
        What that must hold: ``"rows"`` or ``"moments"``.
    leaves_rows_out : bool
        Whether there are errors of rows left out, which a scorer can be given.
    tells_rows : bool
        Whether it can evaluate some rows at other penalties: ``errors_of`` and ``slack_at``.
    weights_are_counts : bool
        Whether it takes weights for numbers of rows.
    lost : set of int
        Rows of which rounding has left nothing.
    work : float or None
        Multiply-adds of a penalty more; None where few nodes first do not pay.
    groups : ndarray of shape (n,) or None
        Groups of rows that scatter together.
    risk_weights : ndarray of shape (n,) or None
        Weights of the squared errors in the risk, which the models do not see.
    """

    needs: ClassVar[str] = "rows"
    leaves_rows_out: ClassVar[bool] = True
    tells_rows: ClassVar[bool] = False
    weights_are_counts: ClassVar[bool] = False
    factorization: Factorization
    work: float | None = None
    groups: np.ndarray | None = None
    risk_weights: np.ndarray | None = None
    lost: Set[int] = frozenset()

    @abstractmethod
    def risk(self, penalties: np.ndarray, some: Rows = slice(None)) -> np.ndarray:
        """Return the estimated risk (L, q); ``some`` selects targets that share penalties."""

    def risk_of_path(self, nodes: np.ndarray, guess: float | None = None) -> PathRisk:
        """Return the risk (K, q) at ``nodes`` (K,), ascending, to the six digits of a search.

        And, if that comes with them, what penalties near a ``guess`` leave of the rows, for `at`.
        """
        return PathRisk(self.risk(nodes[:, None]))

    @abstractmethod
    def at(self, penalties: np.ndarray, slack: Slack | None = None) -> Evaluation:
        """Evaluate one penalty, or one for each target; what of the rows is known saves a pass."""

    @abstractmethod
    def sums(self, nodes: np.ndarray, joint: bool) -> LossSums:
        """Sum up the errors at ``nodes`` (K,), brought to this risk."""

    def errors(self, penalties: np.ndarray) -> Errors:
        """Return held-out errors (m, L, q) and their rows, set by set, in the unit of y."""
        raise NotImplementedError(f"{type(self).__name__} leaves no rows out.")

    def row_sums(self, nodes: np.ndarray, joint: bool, sums: LossSums) -> LossSums:
        """Return what ``sums`` are for rows left out singly, or by group if they come in groups.

        Folds leave out too much for what is said of other numbers of rows.  Without risk weights:
        of the population that the rows come from.
        """
        return sums

    def even_noise(self, penalties: np.ndarray, at: Evaluation) -> np.ndarray | None:
        """Return the part of the risk (q,) that does not grow with the size of a row.

        See `even_noise`; None where rows are not left out singly, or have weights.
        """
        if at.slack is None:
            return None
        return even_noise(self.factorization, penalties[0], at.errors[0][1][:, 0], at.slack)


def dispersion(slack: np.ndarray) -> np.ndarray:
    """Return standard deviation over mean (k,) of one minus the leverages (n, k)."""
    mean = slack.mean(axis=0)
    away = slack - mean
    std = np.sqrt(np.einsum("nk,nk->k", away, away) / len(slack))
    return np.divide(std, mean, out=np.zeros_like(mean), where=mean > 0.0)


def pooled_risk(errors: Iterable[tuple[Rows, np.ndarray]], weights: np.ndarray) -> np.ndarray:
    """Weighted mean squared error (L, q) over all rows of all sets of errors (m, L, q)."""
    total, total_weight = 0.0, 0.0
    for rows, e in errors:
        total = total + np.einsum("b,blq,blq->lq", weights[rows], e, e)
        total_weight += weights[rows].sum()
    return total / total_weight
