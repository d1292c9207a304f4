"""The triangle of tall data that is never dense as a whole."""

from collections.abc import Iterable

import numpy as np
import scipy.linalg


def blocked_triangle(blocks: Iterable[np.ndarray]) -> np.ndarray:
    """Return R (k, k), or (m, k) of fewer rows, of stacked ``blocks`` (b, k).

    A QR decomposition is updated block by block: nothing is squared.  Blocks are overwritten.

    Notes
    -----
    About 4 m k**2 multiply-adds for m rows in blocks of k.
    """
    R = None
    for block in blocks:
        stacked = block if R is None else np.concatenate([R, block])
        (R,) = scipy.linalg.qr(stacked, mode="r", overwrite_a=True, check_finite=False)
        R = R[: block.shape[1]]
    return R
