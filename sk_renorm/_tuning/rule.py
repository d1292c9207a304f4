"""Rule: which of the candidates is chosen."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """Which candidate is chosen, given all losses.

    Attributes
    ----------
    n_errors : float
        The strongest one within so many standard errors of the least loss; zero for the least.
    is_bounded : bool
        Whether the influence of each row on the choice is bounded.
    """

    n_errors: float = 0.0
    is_bounded: bool = False
