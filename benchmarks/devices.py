"""Time of a tuned fit: numpy, torch on the CPU, and torch on a CUDA device where there is one.

Needs torch, and SCIPY_ARRAY_API=1 in the environment.  X and y are on the device before the clock
starts; fitted arrays are there when it stops.  Every penalty is compared with numpy's.
"""

import numpy as np
import sklearn

from benchmarks._benchmark import Benchmark
from benchmarks._timing import take_turns
from sk_renorm import TheoryGuidedRidgeCV

WIDE = [(1000, 10_000), (500, 50_000)]
SHAPES = [(100_000, 100), (200_000, 500), (10_000, 1000), *WIDE, (4000, 4000), (20_000, 8000)]
QUICK_SHAPES = [(2000, 100), (200, 2000)]
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
    import torch

    found = {"numpy": np.asarray, "torch cpu": torch.asarray}
    if torch.cuda.is_available():
        name = f"torch {torch.cuda.get_device_name()}"
        found[name] = lambda array: torch.asarray(array, device="cuda")
    return found


def measure(case: tuple[int, int, str], options) -> list[dict]:
    """Time all places in turns; return a row for each."""
    n, p, dtype = case
    X, y = make_data(n, p, dtype)
    data = {name: (put(X), put(y)) for name, put in places().items()}
    models = {name: TheoryGuidedRidgeCV(store_rows=False) for name in data}
    calls = {name: lambda name=name: models[name].fit(*data[name]) for name in data}
    with sklearn.config_context(array_api_dispatch=True):
        take_turns(calls, 1)  # for pools, kernels and caches
        seconds = take_turns(calls, options.turns or ROUNDS)
    base = np.median(seconds["numpy"])
    return [
        {
            "n_rows": n,
            "n_features": p,
            "dtype": dtype,
            "place": name,
            "seconds_median": np.median(times),
            "seconds_min": times.min(),
            "speedup": base / np.median(times),
            "alpha_over_numpy": models[name].alpha_ / models["numpy"].alpha_,
        }
        for name, times in seconds.items()
    ]


def notes(rows: list[dict]) -> list[str]:
    """Return what the environment does not say."""
    import torch

    return [f"torch: {torch.__version__}, {torch.get_num_threads()} threads"]


BENCHMARK = Benchmark(
    cases=lambda options: [
        (*shape, dtype)
        for shape in (QUICK_SHAPES if options.quick else SHAPES)
        for dtype in ("float64", "float32")
    ],
    measure=measure,
    shown="n_rows n_features dtype place seconds_median seconds_min speedup alpha_over_numpy",
    notes=notes,
    times=True,
)
