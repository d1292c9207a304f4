"""Time of a tuned fit: numpy, torch on the CPU, and torch on a CUDA device where there is one.

    SCIPY_ARRAY_API=1 python benchmarks/devices.py            # results/devices.csv
    SCIPY_ARRAY_API=1 python benchmarks/devices.py --quick    # small shapes, writes nothing

X and y are on the device before the clock starts; fitted arrays are there when it stops.  Rounds
are interleaved.  Every penalty is compared with numpy's.
"""

import argparse
import time

import numpy as np
import sklearn
import torch
from _common import RESULTS, environment, write_csv

from sk_renorm import TheoryGuidedRidgeCV

SHAPES = [
    (100_000, 100),
    (200_000, 500),
    (10_000, 1000),
    (1000, 10_000),
    (500, 50_000),
    (4000, 4000),
    (20_000, 8000),
]
QUICK = [(2000, 100), (200, 2000)]
ROUNDS = 5


def make_data(n: int, p: int, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of a power-law spectrum with means of one; signal and noise of variance 1."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p), dtype=np.float32) / np.sqrt(np.arange(1.0, p + 1.0)) + 1.0
    signal = (X - 1.0) @ rng.standard_normal(p)
    y = signal / signal.std() + rng.standard_normal(n)
    return X.astype(dtype), y.astype(dtype)


def places() -> dict:
    """Return functions that put arrays somewhere, by name of the place."""
    found = {"numpy": np.asarray, "torch cpu": torch.asarray}
    if torch.cuda.is_available():
        name = f"torch {torch.cuda.get_device_name()}"
        found[name] = lambda array: torch.asarray(array, device="cuda")
    return found


def measure(n: int, p: int, dtype: str) -> list[dict]:
    """Time all places in turns; return a row for each."""
    X, y = make_data(n, p, dtype)
    data = {name: (put(X), put(y)) for name, put in places().items()}
    seconds = {name: [] for name in data}
    alphas = {}
    for turn in range(ROUNDS + 1):
        for name, (rows, targets) in data.items():
            time.sleep(0.06)  # idle threads of the last library spin for a while
            start = time.perf_counter()
            model = TheoryGuidedRidgeCV(store_rows=False).fit(rows, targets)
            if turn:  # the first is for pools, kernels and caches
                seconds[name].append(time.perf_counter() - start)
            alphas[name] = model.alpha_
    base = np.median(seconds["numpy"])
    return [
        {
            "n_rows": n,
            "n_features": p,
            "dtype": dtype,
            "place": name,
            "seconds_median": float(np.median(times)),
            "seconds_min": min(times),
            "speedup": float(base / np.median(times)),
            "alpha_over_numpy": alphas[name] / alphas["numpy"],
        }
        for name, times in seconds.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small shapes, write nothing")
    quick = parser.parse_args().quick
    sklearn.set_config(array_api_dispatch=True)
    rows = []
    for n, p in QUICK if quick else SHAPES:
        for dtype in ("float64", "float32"):
            rows += measure(n, p, dtype)
            for row in rows[-len(places()) :]:
                print(
                    "  ".join(f"{v:.4g}" if isinstance(v, float) else str(v) for v in row.values())
                )
    if not quick:
        notes = [f"torch: {torch.__version__}, {torch.get_num_threads()} threads"]
        write_csv(RESULTS / "devices.csv", rows, notes, environment())


if __name__ == "__main__":
    main()
