"""
Data that do not fit into memory
================================

A fit needs sums over rows, not rows.  Given a dask array it adds them up block by block, in three
passes for exact leave-one-out, and memory stays that of a few blocks while the data grow.

The size is a parameter: ``SK_RENORM_GIGABYTES=20 python plot_out_of_core.py`` generates and fits
20 GB in less than 2 GB of memory.
"""

# %%
# Rows that are made when they are asked for
# ------------------------------------------
# Here dask draws them; they might as well be read from Parquet files or a memory-mapped array.

import os
import tracemalloc

import dask.array as da
import matplotlib.pyplot as plt
import numpy as np

from sk_renorm import TheoryGuidedRidgeCV

GIGABYTES = float(os.environ.get("SK_RENORM_GIGABYTES", "0.2"))
N_FEATURES = 100
BLOCK_ROWS = 20_000  # 16 MB

scale = np.arange(1.0, N_FEATURES + 1.0) ** -0.5
coef = np.random.default_rng(0).standard_normal(N_FEATURES)


def make_data(gigabytes):
    """Return a lazy X of that size with a power-law spectrum, and noisy targets."""
    n_rows = int(gigabytes * 1e9 / (8 * N_FEATURES))
    rng = da.random.default_rng(1)
    X = scale * rng.standard_normal((n_rows, N_FEATURES), chunks=(BLOCK_ROWS, N_FEATURES))
    y = X @ coef + 10.0 * rng.standard_normal(n_rows, chunks=BLOCK_ROWS)
    return X, y


# %%
# Memory against size
# -------------------
# What Python and numpy allocate at most while a model is tuned and fitted: blocks, sums, and a few
# numbers for each row, among them its leave-one-out residual.

sizes = GIGABYTES * np.array([0.25, 0.5, 1.0])
peaks = []
for size in sizes:
    X, y = make_data(size)
    tracemalloc.start()
    model = TheoryGuidedRidgeCV().fit(X, y)
    peaks.append(tracemalloc.get_traced_memory()[1] / 1e9)
    tracemalloc.stop()
    print(f"{size:6.2f} GB of rows, {peaks[-1]:.3f} GB of memory at the peak")

print(model.report_)

# %%
# The risk is the noise variance, 100, and the little that so many rows leave unlearned.

error = np.mean((model.coef_ - coef) ** 2 * scale**2) * N_FEATURES + 100.0
print(f"risk: estimated {model.risk_:.2f} +- {model.risk_std_error_:.2f}, true {error:.2f}")

_, ax = plt.subplots()
ax.plot(sizes, sizes, "--", label="the data")
ax.plot(sizes, peaks, "o-", label="memory of the fit")
ax.set(xlabel="size of the data (GB)", ylabel="GB", ylim=(0.0, None))
ax.set_title("Memory does not grow with the data")
ax.legend()
plt.show()

assert max(peaks) < 2.0
assert abs(model.risk_ - error) < 4.0 * model.risk_std_error_
