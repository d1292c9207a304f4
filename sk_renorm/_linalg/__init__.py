"""Factorizations of centred, weighted data: numpy, scipy and threadpoolctl only."""

from sk_renorm._linalg.blocks import CentredData, Scratch, row_ranges
from sk_renorm._linalg.choose import choose_factorization
from sk_renorm._linalg.device.data import Device, DeviceVectors
from sk_renorm._linalg.device.reduce import device_left_block, factorize_on_device
from sk_renorm._linalg.factorization import Factorization, LeftBlock
from sk_renorm._linalg.fold import Fold
from sk_renorm._linalg.held_out import HeldOut, downdate, refit
from sk_renorm._linalg.krylov.factorization import KrylovFactorization, krylov_factorizations
from sk_renorm._linalg.missing import missing
from sk_renorm._linalg.reduce import complete, factorize, factorize_moments
from sk_renorm._linalg.single import SingleBlock, SingleVectors, has_left_map, single
from sk_renorm._linalg.sparse import SparseData, as_csr_array
from sk_renorm._linalg.spectrum import Spectrum
from sk_renorm._linalg.stage import Stage, silent_stage
from sk_renorm._linalg.sums.dask import Block, DaskRows
from sk_renorm._linalg.sums.dask_blocks import as_dask_array, features_of, is_dask
from sk_renorm._linalg.sums.digest import Digest
from sk_renorm._linalg.sums.moments import Moments
from sk_renorm._linalg.threads import enough_rows, map_ranges, quiet_blas
from sk_renorm._linalg.tridiagonal import TridiagonalFactorization

__all__ = [
    "Block",
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
    "SingleBlock",
    "SingleVectors",
    "SparseData",
    "Spectrum",
    "Stage",
    "TridiagonalFactorization",
    "as_csr_array",
    "as_dask_array",
    "choose_factorization",
    "complete",
    "device_left_block",
    "downdate",
    "enough_rows",
    "factorize",
    "factorize_moments",
    "factorize_on_device",
    "features_of",
    "has_left_map",
    "is_dask",
    "krylov_factorizations",
    "map_ranges",
    "missing",
    "quiet_blas",
    "refit",
    "row_ranges",
    "silent_stage",
    "single",
]
