"""What the benchmarks share: machine and versions, CSV files that carry them, data, turns."""

import csv
import datetime as dt
import importlib.util
import os
import platform
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy
import sklearn
import threadpoolctl

import sk_renorm

RESULTS = Path(__file__).parent / "results"
ALPHAS = np.geomspace(1e-3, 1e7, 100)  # of searches over a grid
PAUSE = 0.06  # seconds for the BLAS threads of one rival to fall asleep before the next
TURN_SECONDS = 0.01  # tiny fits are repeated to fill a turn


def environment() -> dict[str, str]:
    """Return machine and versions, without names of hosts or folders."""
    pools = threadpoolctl.threadpool_info()
    names = {f"{p['internal_api']} {p.get('version') or ''}".strip(): p for p in pools}
    threads = [f"{name}: {pool['num_threads']}" for name, pool in sorted(names.items())]
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "cpu": _cpu_name(),
        "cores": str(os.cpu_count()),
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
    """Write ``rows`` below a header of comments: the environment and ``notes``."""
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        for name, value in env.items():
            file.write(f"# {name}: {value}\n")
        for note in notes:
            file.write(f"# {note}\n")
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: short(value) for name, value in row.items()} for row in rows)


def read_csv(path: Path) -> list[dict]:
    """Return the rows that ``write_csv`` wrote, numbers as numbers."""
    with path.open() as file:
        lines = [line for line in file if not line.startswith("#")]
    return [{name: number(text) for name, text in row.items()} for row in csv.DictReader(lines)]


def number(text: str) -> float | str:
    """Return a number, NaN for nothing, or the text itself."""
    try:
        return float(text or "nan")
    except ValueError:
        return text


def short(value) -> str:
    """Return a number to five digits, anything else as it is, nothing for NaN."""
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{value:.5g}"
    return str(value)


def import_loader(folder: Path):
    """Return the module FOLDER/load.py."""
    spec = importlib.util.spec_from_file_location("load", folder / "load.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Case:
    """A shape and a precision, with data drawn for it."""

    n: int
    p: int
    q: int
    dtype: str
    seed: int = 0

    def draw(self, n_test: int = 0):
        """Return X, y, X_test, y_test from a linear model with a power-law spectrum.

        Feature k has mean 1 and variance 1/k; coefficients are normal, scaled so that signal and
        noise of every target have variance 1.
        """
        rng = np.random.default_rng([self.n, self.p, self.q] + [self.seed] * (self.seed > 0))
        scale = np.arange(1.0, self.p + 1.0) ** -0.5
        coef = rng.standard_normal((self.p, self.q))
        coef /= np.sqrt(scale**2 @ coef**2)
        drawn = []
        for rows in (self.n, n_test):
            X = rng.standard_normal((rows, self.p), dtype=self.dtype)  # no larger temporaries
            X *= scale.astype(self.dtype)
            X += 1
            y = X @ coef.astype(self.dtype) + rng.standard_normal((rows, self.q), dtype=self.dtype)
            drawn += [X, y[:, 0] if self.q == 1 else y]
        return drawn


def seconds_per_fit(model, X, y, fits: int = 1) -> float:
    """Time ``fits`` fits after a pause."""
    time.sleep(PAUSE)
    start = time.perf_counter()
    for _ in range(fits):
        model.fit(X, y)
    return (time.perf_counter() - start) / fits


def parse_shapes(text: str | None) -> list[tuple[int, ...]]:
    """Return (n, p, q) of shapes such as 100000x100,2000x1000x1000; one target if not given."""
    sizes = [[int(size) for size in shape.split("x")] for shape in (text or "").split(",") if shape]
    return [(*size, 1)[:3] for size in sizes]


def interleave(models: dict[str, object], X, y, budget: float) -> tuple[dict, int]:
    """Return seconds of every model, measured in turns, and the fits per turn."""
    once = {name: seconds_per_fit(model, X, y) for name, model in models.items()}
    if sum(once.values()) < 1.0:  # long fits need no second warm-up
        once = {name: seconds_per_fit(model, X, y) for name, model in models.items()}
    fits = int(np.clip(TURN_SECONDS / min(once.values()), 1, 50))
    one_round = sum(fits * seconds + PAUSE for seconds in once.values())
    rounds = int(np.clip(budget / one_round, 3, 51))
    seconds = {name: np.empty(rounds) for name in models}
    for turn in range(rounds):
        for name, model in models.items():
            seconds[name][turn] = seconds_per_fit(model, X, y, fits)
    return seconds, fits
