"""Traces of the rows' side: what the correlation of the rows makes of a given df1.

Conventions: K (n x n) correlates the rows, K' their noise; ``tr K (K + row_kappa)**-1 = df1``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sk_renorm.theory._arguments import (
    FloatArray,
    nonnegative,
    psd_eigenvalues,
    ratio,
    symmetric_matrix,
    vector,
)
from sk_renorm.theory._degrees_of_freedom import spectral_sums
from sk_renorm.theory._newton import kappa_at_df1
from sk_renorm.theory._s_transform import STransform


@dataclass(frozen=True, eq=False)
class RowTraces:
    """Traces of the rows' side.  None of them vanishes when the fit interpolates, row_kappa = 0."""

    n: float
    kappa: FloatArray
    unlearned: FloatArray  # tr (K + row_kappa)**-1
    square: FloatArray  # tr K (K + row_kappa)**-2
    noise_square: FloatArray  # tr K' (K + row_kappa)**-2, over the modes that K has
    mixed: FloatArray  # tr K K' (K + row_kappa)**-2
    unseen: float = 0.0  # tr K' over the modes that K lacks


def closed_form(s: STransform, df1: FloatArray) -> RowTraces:
    """Matched traces from S alone: ``d ln S / d df1 = 1 / lag - 1 / df1``."""
    if np.ndim(s.max_df):
        raise ValueError("row_correlation must describe one number of samples.")
    n, df1 = float(s.max_df), np.asarray(df1)
    if np.isinf(n):
        raise ValueError("row_correlation must describe a finite number of samples.")
    near = np.minimum(df1, n * (1.0 - 1e-8))
    kappa = n / (near * s(near))
    lag = 1.0 / (s.log_derivative(near) + 1.0 / near)  # tr K row_kappa (K + row_kappa)**-2
    square, inside = lag / kappa, df1 < n
    mixed = df1 - np.where(inside, lag, 0.0)
    return RowTraces(n, np.where(inside, kappa, 0.0), (n - near) / kappa, square, square, mixed)


def traces_of(rows: FloatArray, noise_power: FloatArray, df1: FloatArray) -> RowTraces:
    """Traces from the eigenvalues of K and the diagonal of K' in its eigenbasis."""
    kappa = kappa_at_df1(rows, np.asarray(df1))
    inverse = ratio(1.0, rows)
    noise_ratio = noise_power * inverse
    unlearned, square, noise_square, mixed = spectral_sums(
        rows,
        kappa,
        (inverse, 1, 0),
        (inverse, 2, 0),
        (noise_ratio * inverse, 2, 0),
        (noise_ratio, 2, 0),
    )
    lacking = np.count_nonzero(rows == 0.0)
    if lacking:
        with np.errstate(divide="ignore"):
            unlearned = unlearned + lacking / kappa
    unseen = float(noise_power[rows == 0.0].sum())
    return RowTraces(float(len(rows)), kappa, unlearned, square, noise_square, mixed, unseen)


def in_eigenbasis(
    row_correlation: ArrayLike, noise_correlation: ArrayLike | None
) -> tuple[FloatArray, FloatArray]:
    """Return the eigenvalues of K and the diagonal of K' in its eigenbasis."""
    if np.ndim(row_correlation) != 2:
        rows = nonnegative("row_correlation", row_correlation)
        if rows.ndim != 1:
            raise ValueError("row_correlation must be a matrix or a vector of eigenvalues.")
        if noise_correlation is None:
            return rows, rows
        power = vector("noise_correlation", noise_correlation, len(rows))
        return rows, nonnegative("noise_correlation", power)
    values, vectors = np.linalg.eigh(symmetric_matrix("row_correlation", row_correlation))
    rows = psd_eigenvalues("row_correlation", values)
    if noise_correlation is None:
        return rows, rows
    noise = symmetric_matrix("noise_correlation", noise_correlation)
    if noise.shape != (len(rows), len(rows)):
        raise ValueError(
            f"noise_correlation must have shape ({len(rows)}, {len(rows)}); got {noise.shape}."
        )
    psd_eigenvalues("noise_correlation", np.linalg.eigvalsh(noise))
    return rows, np.einsum("ij,ij->j", vectors, noise @ vectors)
