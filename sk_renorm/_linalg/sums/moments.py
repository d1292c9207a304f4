"""Moments: sums of weights, means and centred second moments that any blocks of rows add up to."""

import numpy as np

from sk_renorm._linalg.blocks import LOW, Scratch, is_constant, row_ranges, weighted_mean
from sk_renorm._linalg.threads import enough_rows, map_ranges

_SMALL = 2**15  # entries that are copied
_FEW = 256  # rows whose mean is near that of all
_PLAIN = (
    0.9  # of the sum of squares of a column: what its mean may make up, at the price of a digit
)


class Moments:
    """Weighted means and centred second moments of ``(X, Y)``; exact for any blocks and any order.

    Rows are centred by the mean of a few of them, what that misses is subtracted, and blocks are
    combined by the pairwise update of Chan, Golub and LeVeque (1983), with means kept as two
    numbers: a mean 1e12 times the standard deviation costs no digits, and one pass over the data is
    enough.

    Parameters
    ----------
    n_features, n_targets : int
        Number of columns of X and of Y.
    centre : bool
        Whether second moments are taken about the means (with an intercept) or about zero.

    Attributes
    ----------
    total_weight : float
        Sum of the weights seen.
    x_mean, y_mean : ndarray of shape (p,), (q,)
        Weighted means; zeros if ``centre`` is false.
    x_low, y_low : ndarray of shape (p,), (q,)
        What the means have lost in rounding.
    xx, xy, yy : ndarray of shape (p, p), (p, q), (q,)
        Weighted sums of products about the means; ``yy`` keeps the diagonal only.

    Notes
    -----
    One update costs n p (p + q) multiply-adds.
    """

    def __init__(self, n_features: int, n_targets: int, *, centre: bool = True):
        self.centre = centre
        self.total_weight = 0.0
        self.x_mean, self.x_low = np.zeros(n_features), np.zeros(n_features)
        self.y_mean, self.y_low = np.zeros(n_targets), np.zeros(n_targets)
        self.xx = np.zeros((n_features, n_features))
        self.xy = np.zeros((n_features, n_targets))
        self.yy = np.zeros(n_targets)

    @classmethod
    def from_rows(
        cls, X: np.ndarray, Y: np.ndarray, weights: np.ndarray | None, *, centre: bool = True
    ) -> "Moments":
        """Reduce all rows, one range of them per core, merged in order."""

        def reduce_range(start: int, stop: int) -> Moments:
            part = cls(X.shape[1], Y.shape[1], centre=centre)
            some = slice(start, stop)
            return part.update(X[some], Y[some], None if weights is None else weights[some])

        first, *others = map_ranges(reduce_range, len(X), min_items=enough_rows(X.shape[1]))
        for other in others:
            first.merge(other)
        return first

    def update(
        self,
        X: np.ndarray,
        Y: np.ndarray,
        weights: np.ndarray | None = None,
    ) -> "Moments":
        """Add the rows of ``X`` (b, p) and ``Y`` (b, q)."""
        weight = float(len(X)) if weights is None else float(weights.sum())
        if weight == 0.0:
            return self
        if weights is None and (self._add_few(X, Y) or self._add_plainly(X, Y)):
            return self
        x_near, y_near = (_near_mean(A, weights) if self.centre else 0.0 for A in (X, Y))
        x_sum, y_sum = np.zeros_like(self.x_mean), np.zeros_like(self.y_mean)
        scratch = Scratch()
        for rows in row_ranges(0, *X.shape):
            block = X[rows]
            x = np.subtract(block, x_near, out=scratch("rows", *block.shape), dtype=np.float64)
            y = np.subtract(Y[rows], y_near, dtype=np.float64)
            root = np.ones(len(x)) if weights is None else np.sqrt(weights[rows])
            if weights is not None:
                x *= root[:, None]
                y *= root[:, None]
            self.xx += np.matmul(x.T, x, out=scratch("product", *self.xx.shape))
            self.xy += _products(x, y)
            self.yy += np.einsum("ij,ij->j", y, y)
            if self.centre:
                x_sum += root @ x
                y_sum += root @ y
        x_step, y_step = x_sum / weight, y_sum / weight
        self._add_outer(x_step, y_step, -weight)
        np.maximum(self.yy, 0.0, out=self.yy)
        self._shift(_two_parts(x_near, x_step), _two_parts(y_near, y_step), weight)
        return self

    def _add_few(self, X: np.ndarray, Y: np.ndarray) -> bool:
        """Add the first rows, if they are few, with one product for all sums; say whether so."""
        n, p = X.shape
        if self.total_weight or n * (p + Y.shape[1]) > _SMALL or p <= Y.shape[1]:
            return False
        Z, ones = np.concatenate([X, Y], axis=1, dtype=np.float64), np.ones(n)
        near = ones @ Z / n if self.centre else np.zeros(Z.shape[1])
        Z -= near
        step = ones @ Z / n if self.centre else near
        products = Z.T @ Z - np.multiply.outer(n * step, step)
        self.xx, self.xy = products[:p, :p].copy(), products[:p, p:].copy()
        self.yy = np.maximum(np.diagonal(products)[p:], 0.0)
        mean, low = _two_parts(near, step)
        self._shift((mean[:p], low[:p]), (mean[p:], low[p:]), float(n))
        return True

    def _add_plainly(self, X: np.ndarray, Y: np.ndarray) -> bool:
        """Add rows as they are, without a copy; say whether that was precise, or add nothing.

        It is where no mean is far above the standard deviation of its column: what is subtracted
        from the sums then leaves all but a digit or two.
        """
        plain = len(X) >= 4 * _FEW and X.dtype == np.float64 and X.flags.c_contiguous
        if not plain or _is_off(X[:: -(-len(X) // _FEW)]):
            return False
        n, y_near = float(len(X)), _near_mean(Y, None) if self.centre else 0.0
        xx, yy, y_sum = np.zeros_like(self.xx), np.zeros_like(self.yy), np.zeros_like(self.y_mean)
        sums, scratch = np.zeros((X.shape[1], 1 + Y.shape[1])), Scratch()
        # so many rows that the product, not its sum with the others, is the work
        step = max(2048, 8 * X.shape[1])
        for start in range(0, len(X), step):
            rows = slice(start, start + step)
            x, y = X[rows], np.subtract(Y[rows], y_near, dtype=np.float64)
            xx += np.matmul(x.T, x, out=scratch("product", *xx.shape))
            sums[:, 0] += np.ones(len(y)) @ x
            sums[:, 1:] += _products(x, y)
            y_sum += y.sum(axis=0)
            yy += np.einsum("ij,ij->j", y, y)
        x_step, y_step, power = sums[:, 0] / n, y_sum / n, np.diagonal(xx)
        if self.centre and not np.all(n * x_step**2 <= _PLAIN * power):
            return False
        if not self.centre:
            x_step, y_step = np.zeros_like(x_step), np.zeros_like(y_step)
        self.xx += xx
        self.xy += sums[:, 1:]
        self.yy += yy
        self._add_outer(x_step, y_step, -n)
        np.maximum(self.yy, 0.0, out=self.yy)
        self._shift(_two_parts(0.0, x_step), _two_parts(y_near, y_step), n)
        return True

    def merge(self, other: "Moments") -> "Moments":
        """Add what ``other`` has seen."""
        self.xx += other.xx
        self.xy += other.xy
        self.yy += other.yy
        self._shift((other.x_mean, other.x_low), (other.y_mean, other.y_low), other.total_weight)
        return self

    def __add__(self, other: "Moments") -> "Moments":
        return self.copy().merge(other)

    def copy(self) -> "Moments":
        """Return moments that share nothing with these."""
        other = Moments(0, 0, centre=self.centre)
        for name, value in vars(self).items():
            setattr(other, name, value.copy() if isinstance(value, np.ndarray) else value)
        return other

    def scaled(self, factor: float) -> "Moments":
        """Return the moments of the same rows with ``factor`` times their weights."""
        other = self.copy()
        other.total_weight *= factor
        for sums in (other.xx, other.xy, other.yy):
            sums *= factor
        return other

    def about_zero(self) -> "Moments":
        """Return the moments about zero instead of about the means."""
        other = self.copy()
        if self.centre:
            other._add_outer(self.x_mean, self.y_mean, self.total_weight)
            other.x_mean, other.y_mean = np.zeros_like(self.x_mean), np.zeros_like(self.y_mean)
            other.x_low, other.y_low = np.zeros_like(self.x_low), np.zeros_like(self.y_low)
            other.centre = False
        return other

    def low_means(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return what the means have lost in rounding, or None if that is nothing to any column."""
        x, y = (self.x_mean, self.x_low, np.diagonal(self.xx)), (self.y_mean, self.y_low, self.yy)
        if not any(self._matters(low, power) for _, low, power in (x, y)):
            return None
        lost = []
        for mean, low, power in (x, y):
            lost.append(np.where(is_constant(power, mean, self.total_weight), 0.0, low))
        matters = self._matters(lost[0], x[2]) or self._matters(lost[1], y[2])
        return tuple(lost) if matters else None

    def _matters(self, low: np.ndarray, power: np.ndarray) -> bool:
        """Say whether what means have lost is more than nothing to columns of such ``power``."""
        return bool((self.total_weight * low**2 > LOW**2 * power).any())

    def _add_outer(self, x: np.ndarray, y: np.ndarray, scale: float) -> None:
        """Add ``scale`` times the products of a row ``x`` (p,), ``y`` (q,)."""
        self.xx += np.multiply.outer(scale * x, x)
        self.xy += np.multiply.outer(scale * x, y)
        self.yy += scale * y**2

    def _shift(self, x_means: tuple, y_means: tuple, weight: float) -> None:
        """Account for the distance between the means of the two parts, then move ours."""
        total = self.total_weight + weight
        if total == 0.0:
            return
        if self.total_weight == 0.0:
            (self.x_mean, self.x_low), (self.y_mean, self.y_low) = x_means, y_means
        elif self.centre:
            share = weight / total
            x_step = (x_means[0] - self.x_mean) + (x_means[1] - self.x_low)
            y_step = (y_means[0] - self.y_mean) + (y_means[1] - self.y_low)
            self._add_outer(x_step, y_step, self.total_weight * share)
            self.x_mean, self.x_low = _two_parts(self.x_mean, x_step * share, self.x_low)
            self.y_mean, self.y_low = _two_parts(self.y_mean, y_step * share, self.y_low)
        self.total_weight = total


def _products(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return ``x' y`` (p, q); few columns are multiplied faster one by one."""
    return x.T @ y if y.shape[1] > 3 else np.column_stack([column @ x for column in y.T])


def _two_parts(high: np.ndarray, step: np.ndarray, low=0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return ``high + step + low`` as a sum of two numbers, where ``high`` leads or is zero."""
    total = high + step
    part = total - high
    return total, low + ((high - (total - part)) + (step - part))


def _is_off(X: np.ndarray) -> bool:
    """Say whether the mean of any column is far above its standard deviation, by a few rows."""
    return bool(np.any(np.square(X.mean(axis=0)) > _PLAIN * np.square(X).mean(axis=0)))


def _near_mean(A: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Return what is a few standard deviations from the mean of ``A`` (n, k), or nearer.

    A few rows say that, but not where they are: a heavy one may be far from all others.
    """
    if weights is None:
        A = A[:: -(-len(A) // _FEW)]
    return weighted_mean(A, weights)
