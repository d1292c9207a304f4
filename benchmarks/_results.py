"""CSV files of results that say on which machine and with what they were made."""

import csv
import datetime as dt
import os
import platform
import subprocess
from pathlib import Path

import numpy as np
import scipy
import sklearn
import threadpoolctl

import sk_renorm

RESULTS = Path(__file__).parent / "results"


def environment() -> dict[str, str]:
    """Return machine, load and versions, without names of hosts or folders."""
    pools = threadpoolctl.threadpool_info()
    names = {f"{p['internal_api']} {p.get('version') or ''}".strip(): p for p in pools}
    threads = [f"{name}: {pool['num_threads']}" for name, pool in sorted(names.items())]
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "cpu": _cpu_name(),
        "cores": str(os.cpu_count()),
        "load average": f"{os.getloadavg()[0]:.2f} before the run",
        "threads": "; ".join(threads),
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
        "sk_renorm": f"{sk_renorm.__version__}, commit {_commit()}",
    }


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _commit() -> str:
    """Return the commit of the checkout that is measured, marked if its files differ from it."""
    command = ["git", "-C", str(Path(sk_renorm.__file__).parent), "describe", "--always"]
    try:
        done = subprocess.run(
            [*command, "--dirty", "--exclude=*"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def write_csv(path: Path, rows: list[dict], notes: list[str], env: dict[str, str]) -> None:
    """Write ``rows`` below a header of comments, ``env`` and ``notes``; columns are all there are.

    Where a row has no such column, it stays empty.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = dict.fromkeys(name for row in rows for name in row)
    with path.open("w", newline="") as file:
        for name, value in env.items():
            file.write(f"# {name}: {value}\n")
        for note in notes:
            file.write(f"# {note}\n")
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: short(value) for name, value in row.items()} for row in rows)


def short(value) -> str:
    """Return a number to five digits, anything else as it is, nothing for NaN."""
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{value:.5g}"
    return str(value)
