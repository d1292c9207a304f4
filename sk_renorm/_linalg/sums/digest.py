"""Digest: what is kept of rows that are let go, their moments and a sample of them."""

from dataclasses import dataclass

import numpy as np

from sk_renorm._linalg.sums.moments import Moments

SAMPLE_SIZE = 2048


@dataclass(frozen=True)
class RowSample:
    """Rows drawn at random, each as likely as the share of it that has not been forgotten.

    Every row draws a number between 0 and 1; those with the smallest are kept (bottom-k sampling).
    So samples of blocks merge to a sample of all, and which rows it holds says nothing about them.

    Attributes
    ----------
    X, Y : ndarray of shape (m, p), (m, q)
        The rows, at most 2048.
    weights : ndarray of shape (m,)
        Sample weights as given.
    shares : ndarray of shape (m,)
        What forgetting has left of each row.
    draws : ndarray of shape (m,)
        The number drawn over the share; a row is forgotten when it reaches one.
    limit : float
        All rows with a smaller number are there.
    """

    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray
    shares: np.ndarray
    draws: np.ndarray
    limit: float = 1.0

    @classmethod
    def of(
        cls, number: int, X: np.ndarray, Y: np.ndarray, weights: np.ndarray | None, size: int
    ) -> "RowSample":
        """Draw from a block of rows; ``number``, the seed, is another one for every block."""
        draws = np.random.default_rng(number).random(len(X))
        weights = np.ones(len(X)) if weights is None else weights
        return cls(X, Y, weights, np.ones(len(X)), draws)._below_limit(size)

    def __add__(self, other: "RowSample") -> "RowSample":
        limit = min(self.limit, other.limit)
        return RowSample(
            *(np.concatenate(pair) for pair in zip(self._arrays(), other._arrays(), strict=True)),
            limit,
        )._below_limit(SAMPLE_SIZE)

    def forgetting(self, share: float) -> "RowSample":
        """Return the sample after each row has lost a share of what was left of it."""
        left = 1.0 - share
        X, Y, weights, shares, draws = self._arrays()
        limit = min(1.0, self.limit / left)
        return RowSample(X, Y, weights, shares * left, draws / left, limit)._below_limit(
            SAMPLE_SIZE
        )

    def _arrays(self) -> tuple[np.ndarray, ...]:
        return self.X, self.Y, self.weights, self.shares, self.draws

    def _below_limit(self, size: int) -> "RowSample":
        """Return a copy of at most ``size`` rows, all that are below a limit."""
        limit, draws = self.limit, self.draws
        if np.count_nonzero(draws < limit) > size:
            limit = float(np.partition(draws, size)[size])
        rows = np.flatnonzero(draws < limit)
        return RowSample(*(values[rows] for values in self._arrays()), limit)


@dataclass(frozen=True)
class Digest:
    """Sums over rows and a sample of them; digests of any blocks add up to that of all rows.

    Attributes
    ----------
    moments : Moments
        About the means.
    sample : RowSample
        Never used for the model, only to see how its errors scatter.
    n_rows : float
        Number of rows, each counted by what forgetting has left of it.
    weight_squared : float
        Sum of the squared weights.
    n_seen : int
        Number of rows, forgotten or not.
    """

    moments: Moments
    sample: RowSample
    n_rows: float
    weight_squared: float
    n_seen: int

    @classmethod
    def of(
        cls,
        number: int,
        X: np.ndarray,
        Y: np.ndarray,
        weights: np.ndarray | None,
        size: int = SAMPLE_SIZE,
    ) -> "Digest":
        """Digest a block of rows of positive weight; ``number`` is another one for every block.

        The sample takes at most ``size`` of them.
        """
        n_rows = len(X)
        return cls(
            Moments.from_rows(X, Y, weights),
            RowSample.of(number, X, Y, weights, size),
            float(n_rows),
            float(n_rows) if weights is None else float(weights @ weights),
            n_rows,
        )

    def __add__(self, other: "Digest") -> "Digest":
        return Digest(
            self.moments + other.moments,
            self.sample + other.sample,
            self.n_rows + other.n_rows,
            self.weight_squared + other.weight_squared,
            self.n_seen + other.n_seen,
        )

    def forgetting(self, share: float) -> "Digest":
        """Return the digest of the same rows, all weights less a ``share`` of them."""
        if share == 0.0:
            return self
        left = 1.0 - share
        return Digest(
            self.moments.scaled(left),
            self.sample.forgetting(share),
            self.n_rows * left,
            self.weight_squared * left**2,
            self.n_seen,
        )

    def effective_rows(self, fit_intercept: bool) -> int:
        """Return the number of rows that traces go by.

        A row counts by what is left of it.  But if more rows were seen than features can fit, they
        do not interpolate, however little is left: one degree of freedom is always spare then.
        """
        n_features = len(self.moments.x_mean)
        return max(round(self.n_rows), min(self.n_seen, n_features + fit_intercept + 1))

    def state(self) -> dict:
        """Return arrays and numbers to store."""
        return {
            **vars(self),
            "moments": dict(vars(self.moments)),
            "sample": dict(vars(self.sample)),
        }

    @classmethod
    def from_state(cls, state: dict) -> "Digest":
        """Restore what ``state`` returned."""
        moments = Moments(0, 0)
        vars(moments).update(state["moments"])
        return cls(**{**state, "moments": moments, "sample": RowSample(**state["sample"])})
