"""Singular values and the shorter singular vectors of tall data that is never dense as a whole."""

from collections.abc import Iterable

import numpy as np
import scipy.linalg

_EPS = np.finfo(float).eps


def blocked_svd(blocks: Iterable[np.ndarray], n_long: int) -> tuple[np.ndarray, np.ndarray]:
    """Return singular values (r,), ascending, and right vectors (k, r) of stacked ``blocks``.

    A QR decomposition is updated block by block, then R (k, k) has them: nothing is squared.

    Parameters
    ----------
    blocks : iterable of ndarray of shape (b, k)
        Rows of the data, overwritten.
    n_long : int
        Number of rows of all blocks.

    Notes
    -----
    About 4 n_long k**2 multiply-adds for blocks of k rows.
    """
    R = None
    for block in blocks:
        stacked = block if R is None else np.concatenate([R, block])
        (R,) = scipy.linalg.qr(stacked, mode="r", overwrite_a=True, check_finite=False)
        R = R[: block.shape[1]]
    _, values, Vt = scipy.linalg.svd(R, full_matrices=False, check_finite=False)
    keep = np.flatnonzero(values > n_long * _EPS * values[0])[::-1]
    return values[keep], Vt[keep].T
