"""BlockRows: rows that came, or come, in blocks, of which sums and a few rows are at hand."""

from dataclasses import dataclass

import numpy as np

from sk_renorm._linalg import DaskRows, Digest, Moments
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

    is_in_blocks = True

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
    def of_targets(
        cls, blocks: DaskRows, moments: Moments, Y: np.ndarray, weights, flat: bool
    ) -> "BlockRows":
        """Take blocks that are made again for every pass, and the targets of all rows."""
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
