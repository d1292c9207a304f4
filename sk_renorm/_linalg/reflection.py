"""A reflection that turns the intercept's direction into the first axis, which is then left out.

The null direction that centring makes never meets the spectrum, and an error of the means, which
lies along it, is gone.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg.blas import dsymv, dsyr2


@dataclass(frozen=True)
class Reflection:
    """``I - v v'`` without its first row, or the identity where there is no intercept.

    Attributes
    ----------
    v : ndarray of shape (n,)
        Of length sqrt(2), or zero.
    """

    v: np.ndarray

    @classmethod
    def of(cls, constant: np.ndarray) -> "Reflection":
        """Return the reflection of a unit vector (n,), or of zeros without an intercept."""
        v = constant.copy()
        if v.any():
            v[0] += 1.0
            v *= np.sqrt(2.0) / np.linalg.norm(v)
        return cls(v)

    @property
    def skip(self) -> int:
        """How many rows are left out."""
        return int(self.v.any())

    def of_gram(self, gram: np.ndarray) -> np.ndarray:
        """Return the Gram matrix of reflected rows; overwrites the upper triangle (n, n) given."""
        if not self.skip:
            return gram
        image = dsymv(1.0, gram, self.v)
        image -= 0.5 * (image @ self.v) * self.v
        gram = dsyr2(-1.0, self.v, image, a=gram, overwrite_a=1)
        return gram[1:, 1:].copy(order="F")

    def apply(self, columns: np.ndarray) -> np.ndarray:
        """Return reflected columns (n - skip, k); overwrites those given (n, k)."""
        if self.skip:
            columns -= np.multiply.outer(self.v, self.v @ columns)
        return columns[self.skip :]

    def back(self, columns: np.ndarray) -> np.ndarray:
        """Return columns (n, k) of which ``apply`` would make these (n - skip, k)."""
        whole = np.empty((len(self.v), columns.shape[1]))
        whole[: self.skip] = 0.0
        whole[self.skip :] = columns
        whole -= np.outer(self.v, self.v[self.skip :] @ columns)
        return whole
