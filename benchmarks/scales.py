"""What a fit costs where columns differ in scale, depend on each other or are nearly alike.

``python benchmarks/scales.py [--quick] [--output FOLDER]``

See README.md beside this file for what is measured and how.
"""

import argparse
from pathlib import Path

import numpy as np
from _common import RESULTS, Case, environment, seconds_per_fit, write_csv

from sk_renorm import TheoryGuidedRidgeCV

SHAPES = [(100_000, 100), (20_000, 500), (3000, 1000), (300, 5000)]
QUICK_SHAPES = [(2000, 50), (50, 400)]
ROUNDS = 3


def kinds(X: np.ndarray) -> dict[str, np.ndarray]:
    """Return the same columns as they are, and made hostile in several ways."""
    rng = np.random.default_rng(0)
    n, p = X.shape
    graded = np.ones(p)
    graded[:3], graded[3:6] = 1e5, 1e9
    alike = X.copy()
    alike[:, 1] = alike[:, 0] + 1e-7 * alike[:, 1]
    copies = X.copy()
    copies[:, p // 2 : p // 2 + p // 20] = X[:, : p // 20]
    stamp = X.copy()
    stamp[:, 0] = 1.6e12 + 1e8 * rng.integers(0, 1000, n)
    return {
        "even": X,
        "copies": copies,
        "one time stamp": stamp,
        "three of 1e5, three of 1e9": X * graded,
        "scales 1e8 to 1": X * np.geomspace(1e8, 1.0, p),
        "two alike to 1e-7": alike,
    }


def rows_of(shape: tuple[int, int]) -> list[dict]:
    """Return one row for every kind of columns, measured in turns."""
    X, y, _, _ = Case(*shape, 1, "float64").draw()
    data = kinds(X)
    model = TheoryGuidedRidgeCV()
    seconds = {name: np.empty(ROUNDS) for name in data}
    for rows in data.values():
        model.fit(rows, y)
    for turn in range(ROUNDS):
        for name, rows in data.items():
            seconds[name][turn] = seconds_per_fit(model, rows, y)
    found = []
    for name, rows in data.items():
        ratio = seconds[name] / seconds["even"]
        low, middle, high = np.quantile(ratio, [0.25, 0.5, 0.75])
        found.append(
            {
                "n": shape[0],
                "p": shape[1],
                "columns": name,
                "seconds": np.median(seconds[name]),
                "ratio": middle,
                "ratio_low": low,
                "ratio_high": high,
                "made_of": model.fit(rows, y).factorization_.partition(":")[0],
            }
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small shapes, to see that it runs")
    parser.add_argument("--output", type=Path, default=RESULTS)
    args = parser.parse_args()
    env = environment()
    rows = []
    for shape in QUICK_SHAPES if args.quick else SHAPES:
        rows += rows_of(shape)
        for row in rows[-len(kinds(np.ones((8, 8)))) :]:
            print(f"{row['n']}x{row['p']} {row['columns']}: {row['ratio']:.2f} ({row['made_of']})")
    notes = [f"ratio: to the fit of even columns in the same turn; median, quartiles of {ROUNDS}"]
    write_csv(args.output / "scales.csv", rows, notes, env)


if __name__ == "__main__":
    main()
