"""Which penalties may be chosen: asked for before there is data, known once there is a spectrum."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sk_renorm._linalg import Factorization
from sk_renorm._risk import alpha_from_df, alpha_from_ridge, log_spaced, search_nodes


@dataclass(frozen=True)
class Candidates:
    """Penalties to try.

    Attributes
    ----------
    alphas : ndarray of shape (L,)
        Nodes of a continuous search, ascending, or the only ones allowed, in any order.
    continuous : bool
        Whether penalties between the nodes may be chosen.
    fixed : ndarray of shape (1,) or (q,), or None
        What is chosen, where there is no choice.
    """

    alphas: np.ndarray
    continuous: bool = False
    fixed: np.ndarray | None = None


class Asked(Protocol):
    """Candidates as they are asked for.

    ``least`` is the smallest penalty that matters, zero where that is not known before there is
    data; ``may_end_early`` says whether there may be better ones beyond; ``given`` says in words
    what gave the only one there is, and is empty where there is a choice.
    """

    least: float
    may_end_early: bool
    given: str

    def of(self, f: Factorization) -> Candidates | None:
        """Return the candidates of a spectrum, or None if it is too rough to say."""


@dataclass(frozen=True)
class Search:
    """All penalties that the data can tell apart."""

    least = 0.0
    may_end_early = False
    given = ""

    def of(self, f: Factorization) -> Candidates:
        return Candidates(search_nodes(f), continuous=True)


@dataclass(frozen=True)
class Count:
    """So many penalties, log-spaced over the range of the search."""

    count: int
    least = 0.0
    may_end_early = False
    given = ""

    def of(self, f: Factorization) -> Candidates:
        return Candidates(log_spaced(f, self.count))


@dataclass(frozen=True)
class Grid:
    """The penalties given (L,)."""

    alphas: np.ndarray
    given = ""

    @property
    def least(self) -> float:
        return float(self.alphas.min())

    @property
    def may_end_early(self) -> bool:
        return len(self.alphas) > 1

    def of(self, f: Factorization) -> Candidates:
        return Candidates(self.alphas)


@dataclass(frozen=True)
class Fixed:
    """No choice: one penalty (1,), or one for each target (q,)."""

    alpha: np.ndarray
    may_end_early = False
    given = ", as given"

    @property
    def least(self) -> float:
        return float(self.alpha.min())

    def of(self, f: Factorization) -> Candidates:
        if len(self.alpha) not in (1, f.n_targets):
            raise ValueError(
                f"alpha holds {len(self.alpha)} penalties for {f.n_targets} targets; "
                "give one, or one for each."
            )
        return Candidates(np.unique(self.alpha), fixed=self.alpha)


@dataclass(frozen=True)
class ByDf:
    """The penalty that leaves so many degrees of freedom."""

    df: float
    least = 0.0
    may_end_early = False
    given = ", of the degrees of freedom given"

    def of(self, f: Factorization) -> Candidates | None:
        return None if f.is_rough else Fixed(np.array([alpha_from_df(f, self.df)])).of(f)


@dataclass(frozen=True)
class ByRidge:
    """The penalty that renormalizes to an effective ridge."""

    ridge: float
    least = 0.0
    may_end_early = False
    given = ", of the effective ridge given"

    def of(self, f: Factorization) -> Candidates | None:
        return None if f.is_rough else Fixed(np.array([alpha_from_ridge(f, self.ridge)])).of(f)
