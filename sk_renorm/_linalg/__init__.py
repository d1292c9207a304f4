"""Factorizations of centred, weighted data: numpy, scipy and threadpoolctl only."""

from sk_renorm._linalg._blocks import Scratch, row_ranges
from sk_renorm._linalg._choose import choose_factorization
from sk_renorm._linalg._dask import DaskRows
from sk_renorm._linalg._dask_blocks import as_dask_array, features_of, is_dask
from sk_renorm._linalg._digest import Digest
from sk_renorm._linalg._factorization import Factorization, LeftBlock
from sk_renorm._linalg._held_out import HeldOut, downdate, refit
from sk_renorm._linalg._moments import Moments
from sk_renorm._linalg._reduce import factorize, factorize_moments

__all__ = [
    "DaskRows",
    "Digest",
    "Factorization",
    "HeldOut",
    "LeftBlock",
    "Moments",
    "Scratch",
    "as_dask_array",
    "choose_factorization",
    "downdate",
    "factorize",
    "factorize_moments",
    "features_of",
    "is_dask",
    "refit",
    "row_ranges",
]
