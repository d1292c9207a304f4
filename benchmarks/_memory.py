"""Peak memory of a call: what Python and numpy allocate, or what the process takes."""

import contextlib
import resource
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path


def peak_allocated(call: Callable) -> int:
    """Return the most bytes that Python and numpy have allocated at a time, mapped files aside."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def resident_growth(call: Callable) -> int:
    """Return by how many bytes the peak resident memory of this process grows."""
    with contextlib.suppress(OSError):  # make the present memory the peak, where the system can
        Path("/proc/self/clear_refs").write_text("5")
    before = _peak_resident()
    call()
    return _peak_resident() - before


def _peak_resident() -> int:
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would also count the parent, from which this one was forked
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM"):
                return 1024 * int(line.split()[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
