"""Which factorization a problem gets: one visible, testable decision."""

from typing import NamedTuple

# With so few rows more than features, what the features leave free is found as vectors; as a
# difference from one it would lose the digits of rows that have little of it.
_FEW = 16
# Rows of a Gram matrix: its eigenvectors take about ten seconds and half a gigabyte, eight times
# and four times that for every doubling, where sparse products take a second.
_LARGEST_GRAM = 4000


class Decision(NamedTuple):
    """Name of the factorization and the reason for it."""

    name: str
    reason: str


def choose_factorization(n_rows: int, n_features: int, *, sparse: bool = False) -> Decision:
    """Choose what to factorize.

    Parameters
    ----------
    n_rows, n_features : int
        Shape of the data.
    sparse : bool
        Whether the rows are sparse, and must not become dense as a whole.

    Returns
    -------
    Decision
        ``"row_gram"`` (n x n), ``"column_gram"`` (p x p) or ``"krylov"``, and the reason.

    Examples
    --------
    >>> from sk_renorm._linalg import choose_factorization
    >>> choose_factorization(50, 20_000).name
    'row_gram'
    """
    shorter = min(n_rows, n_features)
    if sparse and shorter > _LARGEST_GRAM:
        size = f"{8e-9 * shorter**2:.2g} GB"
        return Decision("krylov", f"a Gram matrix of {shorter} rows ({size}) is too large to solve")
    if n_rows <= n_features + _FEW:
        return Decision("row_gram", f"{n_rows} rows are few for {n_features} features")
    return Decision("column_gram", f"{n_features} features are fewer than {n_rows} rows")


def no_vectors_pay(size: int, n_targets: int) -> bool:
    """Say whether a Gram matrix of ``size`` rows is better left without eigenvectors, for traces.

    Small ones cost little; many targets, each solved for at every penalty, are worth them.
    """
    return size > max(256, 64 * n_targets)
