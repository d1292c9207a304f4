"""Checks of rows of which only sums are known."""

import numpy as np

from sk_renorm._linalg import Moments
from sk_renorm._rows.names import Names
from sk_renorm._rows.numbers import check_finite, check_sizes, check_weight


def check_sums(moments: Moments, n_rows: int, names: Names | None = None) -> None:
    """Refuse what is empty, not finite or of extreme size; columns of X and y by their names."""
    names = {} if names is None else names
    squares = {"X": np.diagonal(moments.xx), "y": moments.yy}
    means = {"X": moments.x_mean, "y": moments.y_mean}
    for name, sums in squares.items():
        if not len(sums):
            raise ValueError(f"{name} has no columns; at least one is needed.")
    check_weight(moments.total_weight / max(n_rows, 1))
    for name, sums in squares.items():
        check_finite(name, means[name], sums, names.get(name))
    spread = {name: np.sqrt(sums / moments.total_weight) for name, sums in squares.items()}
    check_sizes(*(max(np.abs(means[name]).max(), spread[name].max()) for name in ("X", "y")))


def check_number(n_rows: int) -> None:
    """Refuse fewer than two rows."""
    if n_rows < 2:
        raise ValueError(
            f"Found {n_rows} row(s) of positive weight; it takes two to choose a penalty."
        )
