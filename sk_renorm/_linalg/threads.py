"""Threads: leave BLAS alone for one big operation, or give every core its own range of blocks.

OpenBLAS splits products of tall, thin blocks badly among its threads.  Python threads that work on
separate row ranges, each with BLAS limited to one thread, do better (numpy's products release the
interpreter lock).  The caller's limits are respected, and restored also when a task raises.
"""

import functools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import TypeVar

import numpy as np
import threadpoolctl

Result = TypeVar("Result")

_NARROW = 512  # rows or columns up to which a factorization needs no more than one thread
_WORTH = 2**17  # entries of a range of rows that has a core of its own to some use
_FEWEST = 512  # rows of such a range


@functools.cache
def _own_controller() -> threadpoolctl.ThreadpoolController:
    return threadpoolctl.ThreadpoolController()


def _blas_controller() -> threadpoolctl.ThreadpoolController:
    """Return the controller of the BLAS pools; built once, since that scans the process."""
    # get_cached_controller is new in threadpoolctl 3.8; the fallback goes when the floor reaches it
    cached = getattr(threadpoolctl, "get_cached_controller", _own_controller)
    return cached().select(user_api="blas")


def _n_cores(blas: threadpoolctl.ThreadpoolController) -> int:
    """Count the threads BLAS may use now; one outside the main thread, whose caller has a pool."""
    if threading.current_thread() is not threading.main_thread():
        return 1
    return max((library.get_num_threads() for library in blas.lib_controllers), default=1)


def _numpys(
    blas: threadpoolctl.ThreadpoolController,
) -> threadpoolctl.ThreadpoolController | None:
    """Return what limits numpy's products alone, or None if scipy's are the same."""
    beside = Path(np.__file__).parent
    paths = [library.filepath for library in blas.lib_controllers]
    own = [path for path in paths if beside.name in Path(path).parent.name.split(".")]
    return blas.select(filepath=own) if own and len(own) < len(paths) else None


class _Quiet:
    """Cores that a quiet stretch of work may use, by one kept pool of threads."""

    def __init__(self, blas: threadpoolctl.ThreadpoolController, n_cores: int):
        self.blas, self.n_cores = blas, n_cores
        self.is_whole = len(blas) == len(_blas_controller())
        self.pool: ThreadPoolExecutor | None = None

    def map(self, task: Callable[[int, int], Result], bounds: list[int]) -> list[Result]:
        if self.pool is None:
            # pools that limit each thread by itself (MKL, OpenMP) need the limit in the workers too
            limit = partial(self.blas.limit, limits=1)
            self.pool = ThreadPoolExecutor(self.n_cores, initializer=limit)
        return list(self.pool.map(task, bounds[:-1], bounds[1:]))


_quiet: ContextVar[_Quiet | None] = ContextVar("_quiet", default=None)


def one_blas_thread() -> AbstractContextManager:
    """Return a context in which BLAS has one thread, where it is ours to say.

    Between work that has a thread of its own, as sparse products or the ranges of `map_ranges`,
    threads of BLAS only spin.  Limits are those of the process: other threads than the main one
    leave them alone.
    """
    quiet, is_main = _quiet.get(), threading.current_thread() is threading.main_thread()
    if not is_main or (quiet is not None and quiet.is_whole):
        return nullcontext()
    return _blas_controller().limit(limits=1)


@contextmanager
def quiet_blas(X) -> Iterator[None]:
    """Keep the threads of BLAS asleep in the body: of all, if X (n, p) is narrow, else numpy's.

    A product of numpy's that wakes them leaves them spinning for a while beside those of
    `map_ranges`, and beside those of scipy's own BLAS, which takes more than they give.
    """
    shape, blas = getattr(X, "shape", ()), _blas_controller()
    # dask's dataframes do not know how many rows they have
    is_known = len(shape) == 2 and all(isinstance(size, Integral) for size in shape)
    if not is_known or _quiet.get() is not None or _n_cores(blas) < 2:
        yield
        return
    some = blas if min(shape) <= _NARROW else _numpys(blas)
    if some is None:
        yield
        return
    quiet = _Quiet(some, _n_cores(blas))
    token = _quiet.set(quiet)
    with some.limit(limits=1):
        try:
            yield
        finally:
            _quiet.reset(token)
            if quiet.pool is not None:  # before limits are restored: a late worker sets its own
                quiet.pool.shutdown()


def enough_rows(width: int, *, read_once: bool = False) -> int:
    """Return how many rows of ``width`` numbers are worth a core of their own.

    Of rows that are only ``read_once``, at the speed of memory, more.
    """
    return max(_FEWEST, (16 if read_once else 1) * _WORTH // max(width, 1))


def map_ranges(task: Callable[[int, int], Result], n_items: int, *, min_items: int) -> list[Result]:
    """Call ``task(start, stop)`` on contiguous ranges that cover ``n_items``; results in order.

    One range per core that BLAS may use, none shorter than ``min_items``; a single range runs in
    the calling thread with BLAS as it is.
    """
    if n_items < 2 * min_items:
        return [task(0, n_items)]
    blas, quiet = _blas_controller(), _quiet.get()
    n_ranges = min(_n_cores(blas) if quiet is None else quiet.n_cores, n_items // min_items)
    if n_ranges < 2:
        return [task(0, n_items)]
    bounds = np.linspace(0, n_items, n_ranges + 1).astype(int).tolist()
    if quiet is not None:
        return quiet.map(task, bounds)
    with (
        blas.limit(limits=1),
        # pools that limit each thread by itself (MKL, OpenMP) need the limit in the workers too
        ThreadPoolExecutor(n_ranges, initializer=lambda: blas.limit(limits=1)) as pool,
    ):
        return list(pool.map(task, bounds[:-1], bounds[1:]))
