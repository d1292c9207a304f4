"""
Intervals without refitting
===========================

Two kinds of 90 % prediction intervals come with every fit.  "residual" adds the quantiles of the
leave-one-out errors to the prediction.  "jackknife+" is the interval of Barber, Candes, Ramdas and
Tibshirani (2021) from the n models without one row each; here they come from the one factorization,
and agree with n refits to rounding.

How often does a fresh label fall inside?  Measured over random draws of training rows, for

- **diabetes**, 100 rows;
- **digits**, is it an 8, from 2000 random features of the pixels: the model interpolates its 150
  rows.  Its training errors are zero, so an interval made of them would have no width at all; the
  leave-one-out errors know better.

And the honest failure: the rows of the digits are sorted by writer.  Train on the first, predict
the last: these rows are not exchangeable, and intervals made from the first writers cover the
others too rarely.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes, load_digits
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import Ridge

from sk_renorm import TheoryGuidedRidgeCV

diabetes = load_diabetes()
digits = load_digits()
is_eight = (digits.target == 8).astype(float)
pixels = digits.data / 16.0
features = RBFSampler(gamma=0.05, n_components=2000, random_state=0).fit_transform(pixels)


def coverage_and_width(X, y, train, test):
    """Return (coverage, mean width) of both kinds, and of +-1.645 training deviations."""
    model = TheoryGuidedRidgeCV().fit(X[train], y[train])
    results = {}
    for method in ("residual", "jackknife+"):
        low, high = model.predict_interval(X[test], 0.9, method=method).T
        results[method] = np.mean((low <= y[test]) & (y[test] <= high)), np.mean(high - low)
    deviation = np.std(y[train] - model.predict(X[train]))
    inside = np.abs(y[test] - model.predict(X[test])) <= 1.645 * deviation
    results["training errors"] = np.mean(inside), 2.0 * 1.645 * deviation
    return results


# %%
# Random rows
# -----------

tables = {}
for name, X, y, n_rows in (
    ("diabetes", diabetes.data, diabetes.target, 100),
    ("digits, 2000 random features", features, is_eight, 150),
):
    draws = []
    for draw in range(20):
        rows = np.random.default_rng(draw).permutation(len(X))
        draws.append(coverage_and_width(X, y, rows[:n_rows], rows[n_rows:][:300]))
    tables[name] = {
        method: np.mean([result[method] for result in draws], axis=0) for method in draws[0]
    }

# %%
# Rows in the order of their writers
# ----------------------------------

tables["digits by writer"] = coverage_and_width(pixels, is_eight, slice(0, 200), slice(600, None))

for name, table in tables.items():
    print(name)
    for method, (coverage, width) in table.items():
        print(f"  {method:16s} coverage {coverage:.3f}   mean width {width:.3g}")

fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
methods = list(tables["diabetes"])
for place, method in enumerate(methods):
    values = [table[method][0] for table in tables.values()]
    ax.bar(np.arange(len(tables)) + 0.26 * (place - 1), values, 0.24, label=method)
ax.axhline(0.9, color="0.3", lw=1.0, ls=":")
ax.set_xticks(range(len(tables)), list(tables))
ax.set_ylabel("coverage of 90 % intervals")
ax.set_ylim(0.0, 1.18)
ax.legend(frameon=False, ncols=3, loc="upper center")
plt.show()

# %%
# The price
# ---------
# All n models by refitting, against the one factorization.

X, y, new = diabetes.data[:300], diabetes.target[:300], diabetes.data[300:]
start = time.perf_counter()
limits = TheoryGuidedRidgeCV([0.1]).fit(X, y).predict_interval(new, method="jackknife+")
seconds = time.perf_counter() - start
start = time.perf_counter()
left_out = [Ridge(0.1).fit(np.delete(X, i, 0), np.delete(y, i)) for i in range(300)]
errors = np.array([abs(y[i] - m.predict(X[i : i + 1])[0]) for i, m in enumerate(left_out)])
predictions = np.array([model.predict(new) for model in left_out])
refit_seconds = time.perf_counter() - start
rank = int(np.ceil(0.9 * 301))
upper = np.sort(predictions + errors[:, None], axis=0)[rank - 1]
print(
    f"\nfit and intervals {1e3 * seconds:.0f} ms, by {len(X)} refits {1e3 * refit_seconds:.0f} ms;"
    f" largest difference {np.max(np.abs(upper - limits[:, 1])):.1e}"
)

# %%
# What was claimed:

assert np.allclose(upper, limits[:, 1], rtol=1e-9)
for name in ("diabetes", "digits, 2000 random features"):
    for method in ("residual", "jackknife+"):
        assert 0.87 < tables[name][method][0] < 0.94
assert tables["digits, 2000 random features"]["training errors"][0] < 0.5
assert tables["digits by writer"]["residual"][0] < 0.85
