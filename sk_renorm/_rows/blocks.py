"""BlockRows: rows that came, or come, in blocks, of which sums and a few rows are at hand."""

from dataclasses import dataclass

import numpy as np

from sk_renorm._linalg import DaskRows, Digest, Moments
from sk_renorm._rows.names import Names
from sk_renorm._rows.numbers import check_finite, check_sizes, check_weight
from sk_renorm._rows.rows import TrainingData


@dataclass(frozen=True)
class BlockRows(TrainingData):
    """What is known of rows in blocks; ``Y``, ``y`` and ``weights`` are of those at hand.

    Attributes
    ----------
    moments : Moments
        Of all rows.
    n_rows : float
        Their number.
    blocks : DaskRows or None
        The rows, where they can be passed over again.
    digest : Digest or None
        With the sample that is at hand; without one, the targets of all rows are.
    """

    moments: Moments | None = None
    n_rows: float = 0.0
    blocks: DaskRows | None = None
    digest: Digest | None = None

    @classmethod
    def of_digest(
        cls, digest: Digest, flat: bool, fit_intercept: bool, blocks: DaskRows | None = None
    ) -> "BlockRows":
        """Take the rows that a digest is of; y is ``flat`` if it has one dimension."""
        sample, n_rows = digest.sample, digest.effective_rows(fit_intercept)
        rows = sample.Y, sample.weights, flat
        known = {"moments": digest.moments, "n_rows": n_rows, "digest": digest, "blocks": blocks}
        return cls(*_at_hand(sample.X.dtype, digest.moments, *rows), **known)

    @classmethod
    def of_dask(cls, blocks: DaskRows, flat: bool, names: Names) -> "BlockRows":
        """Sum up the rows of a dask collection; refuse those without a mean or a variance."""
        Y, weights, moments = blocks.moments()
        check_sums(moments, len(Y), names)
        known = {"moments": moments, "n_rows": len(Y), "blocks": blocks}
        return cls(*_at_hand(blocks.dtype, moments, Y, weights, flat), **known)

    @property
    def mean_weight(self) -> float:
        return self.moments.total_weight / self.n_rows

    @property
    def target_variance(self) -> np.ndarray:
        return self.moments.yy / self.moments.total_weight * self.n_rows / (self.n_rows - 1.0)


def _at_hand(dtype, moments: Moments, Y, weights, flat: bool) -> tuple:
    no_rows = np.empty((0, len(moments.x_mean)), dtype=dtype)
    weights = None if weights is None or (weights == 1.0).all() else weights
    return no_rows, Y, weights, Y[:, 0] if flat else Y


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
