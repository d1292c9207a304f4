"""Factorizations of centred, weighted data: numpy, scipy and threadpoolctl only."""

from sk_renorm._linalg._blocks import CentredData, Scratch, row_ranges
from sk_renorm._linalg._choose import choose_factorization
from sk_renorm._linalg._dask import DaskRows
from sk_renorm._linalg._dask_blocks import as_dask_array, features_of, is_dask
from sk_renorm._linalg._device import Device, DeviceVectors
from sk_renorm._linalg._device_reduce import device_left_block, factorize_on_device
from sk_renorm._linalg._digest import Digest
from sk_renorm._linalg._factorization import Factorization, LeftBlock
from sk_renorm._linalg._fold import Fold
from sk_renorm._linalg._held_out import HeldOut, downdate, refit
from sk_renorm._linalg._krylov_factorization import KrylovFactorization, krylov_factorizations
from sk_renorm._linalg._missing import missing
from sk_renorm._linalg._moments import Moments
from sk_renorm._linalg._reduce import complete, factorize, factorize_moments
from sk_renorm._linalg._sparse import SparseData, as_csr_array
from sk_renorm._linalg._stage import Stage, silent_stage
from sk_renorm._linalg._threads import map_ranges
from sk_renorm._linalg._tridiagonal import TridiagonalFactorization

__all__ = [
    "CentredData",
    "DaskRows",
    "Device",
    "DeviceVectors",
    "Digest",
    "Factorization",
    "Fold",
    "HeldOut",
    "KrylovFactorization",
    "LeftBlock",
    "Moments",
    "Scratch",
    "SparseData",
    "Stage",
    "TridiagonalFactorization",
    "as_csr_array",
    "as_dask_array",
    "choose_factorization",
    "complete",
    "device_left_block",
    "downdate",
    "factorize",
    "factorize_moments",
    "factorize_on_device",
    "features_of",
    "is_dask",
    "krylov_factorizations",
    "map_ranges",
    "missing",
    "refit",
    "row_ranges",
    "silent_stage",
]
