"""Limit: what to say of penalties too small for a factorization."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """Why a factorization resolves no smaller penalties.

    Attributes
    ----------
    by : str
        What does not.
    remedy : str
        What to do about it.
    """

    by: str
    remedy: str
