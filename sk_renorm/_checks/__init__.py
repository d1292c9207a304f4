"""Checks of the rows of a fit: whether ``risk_`` would be larger if rows were left out together.

Each reads a `Factorization` and what leaving out single rows gave, and returns what it found, with
how many times larger the risk would be, or None.
"""

from sk_renorm._checks.copies import Copies, equal_rows
from sk_renorm._checks.near_copies import NearCopies, near_copies
from sk_renorm._checks.neighbours import Neighbours, neighbours
from sk_renorm._checks.retaken import retaken_rows
from sk_renorm._checks.rows_left_out import RowsLeftOut

__all__ = [
    "Copies",
    "NearCopies",
    "Neighbours",
    "RowsLeftOut",
    "equal_rows",
    "near_copies",
    "neighbours",
    "retaken_rows",
]
