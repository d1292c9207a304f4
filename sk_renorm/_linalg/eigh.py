"""Eigenvalues and eigenvectors of Gram matrices."""

from contextlib import nullcontext

import numpy as np
from scipy.linalg import lapack

from sk_renorm._linalg.threads import one_blas_thread

_UNEVEN = 1e3  # ratio of diagonal entries
_TINY, _SMALL = 32, 512  # sizes of a Gram matrix: between them one thread is as good as two


def eigh(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues (k,), ascending and clipped at zero, and vectors (k, k).

    Of the upper triangle of ``gram`` (k, k), which is left alone.  Weak modes beside a few long
    columns keep their digits if LAPACK meets the long ones first.
    """
    lengths = gram.diagonal()
    if lengths.size and lengths.max() > _UNEVEN * lengths.min():
        order = np.argsort(-lengths, kind="stable")
        upper = np.triu(gram, 1)
        upper += upper.T + np.diag(lengths)
        eigenvalues, sorted_vectors = _eigh(upper[np.ix_(order, order)])
        vectors = np.empty_like(sorted_vectors)
        vectors[order] = sorted_vectors
        return eigenvalues, vectors
    return _eigh(gram)


def _eigh(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(gram) < 2:  # LAPACK's driver takes no matrix of one row before scipy 1.14
        return np.maximum(gram.diagonal().astype(float), 0.0), np.eye(len(gram))
    # more threads gain little here, and would spin beside those of the next pass over the rows
    with one_blas_thread() if _TINY < len(gram) <= _SMALL else nullcontext():
        # the lower triangle, for which LAPACK is faster
        eigenvalues, vectors, failed = lapack.dsyevd(gram.T, lower=1)
    if failed:
        raise np.linalg.LinAlgError("eigenvalues of a Gram matrix did not converge")
    return np.maximum(eigenvalues, 0.0), vectors
