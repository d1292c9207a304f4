"""Excess error of a penalty that a few rows decide, and of one that they cannot decide.

``python benchmarks/robust.py FOLDER [--quick] [--sets a,b]``

FOLDER holds a ``load.py`` with ``names()`` and ``load(name, max_rows=...) -> X, y, task``.  See
README.md beside this file for what is measured and how.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
from _common import RESULTS, environment, import_loader, write_csv
from accuracy import robust_svd
from sklearn.preprocessing import StandardScaler

from sk_renorm import TheoryGuidedRidgeCV

MAX_ROWS, MOST_TEST, FEWEST_TEST = 6000, 4000, 60
TRAINING = (150, 300)
SELECTIONS = {"min": "min", "quarter": 0.25, "robust": "robust"}
ALPHAS = np.geomspace(1e-12, 1e4, 161)  # of hindsight, in units of the largest eigenvalue
TYPICAL = 0.98  # of the test rows
OFTEN = 0.2  # of the splits


def wrong_unit(X: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> None:
    """Multiply one value by 1000."""
    row, column = rng.integers(len(X)), rng.integers(X.shape[1])
    X[row, column] = 1000.0 * (X[row, column] if abs(X[row, column]) > 0.1 else 0.5)


def wild_labels(X: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> None:
    """Add Cauchy noise to 5 % of the labels."""
    rows = rng.choice(len(X), len(X) // 20, replace=False)
    y[rows] += y.std() * rng.standard_cauchy(len(rows))


def far_rows(X: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> None:
    """Multiply 2 % of the rows by ten, with labels that have nothing to do with them."""
    rows = rng.choice(len(X), len(X) // 50, replace=False)
    X[rows] *= 10.0
    y[rows] = y.mean() + y.std() * rng.standard_normal(len(rows))


SPOILT = {"": None, "wrong_unit": wrong_unit, "wild_labels": wild_labels, "far_rows": far_rows}


def hindsight(X, y, X_test, y_test) -> tuple[np.ndarray, np.ndarray]:
    """Return squared test errors (m, L) of ridge at all penalties, and which rows are typical."""
    mean = X.mean(axis=0)
    U, s, Vt = robust_svd(X - mean)
    alphas = ALPHAS * s[0] ** 2
    gains = s[:, None] / (s[:, None] ** 2 + alphas)
    centred = X_test - mean
    modes = centred @ Vt.T
    path = y_test[:, None] - y.mean() - modes @ (gains * (U.T @ (y - y.mean()))[:, None])
    path = np.square(path)
    alpha = alphas[path.mean(axis=0).argmin()]
    outside = np.square(centred).sum(axis=1) - np.square(modes).sum(axis=1)
    leverage = np.square(modes) @ (1.0 / (s**2 + alpha)) + outside / alpha
    return path, leverage.argsort()[: int(TYPICAL * len(y_test))]


def one_split(X, y, n: int, spoil, seed: int) -> dict:
    """Return excess errors over hindsight, and whether plain leave-one-out warned of rows."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(X))
    train, test = rows[:n], rows[n : n + MOST_TEST]
    varies = X[train].std(axis=0) > 1e-12 * (1.0 + np.abs(X[train]).max(axis=0))
    scaler = StandardScaler().fit(X[train][:, varies])
    X_train, X_test = (scaler.transform(X[some][:, varies]) for some in (train, test))
    y_train, y_test = y[train].copy(), y[test]
    if spoil is not None:
        spoil(X_train, y_train, rng)
    path, typical = hindsight(X_train, y_train, X_test, y_test)
    result = {"wide": float(X_train.shape[1] >= n)}
    for name, selection in SELECTIONS.items():
        model = TheoryGuidedRidgeCV(selection=selection, sample_correlation="independent")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(X_train, y_train)
        if name == "min":
            result["warned"] = float(any("far from all others" in str(w.message) for w in caught))
        errors = np.square(y_test - model.predict(X_test))
        for what, some in (("", slice(None)), ("typical_", typical)):
            best = path[some].mean(axis=0).min()
            result[f"{what}excess_{name}"] = 100.0 * (errors[some].mean() / best - 1.0)
    return result


def run_set(load, name: str, n_splits: int) -> list[dict]:
    """Return means over splits of one data set, for each number of rows and kind of spoiling."""
    X, y, task = load(name, max_rows=MAX_ROWS)
    if task not in ("regression", "multitarget"):
        return []
    X = np.asarray(X, dtype=float)
    y = np.asarray(y, dtype=float).reshape(len(y), -1)[:, 0]
    y = (y - y.mean()) / y.std()
    rows = []
    for n in TRAINING:
        for kind, spoil in SPOILT.items():
            if len(X) < n + FEWEST_TEST or (spoil and n > TRAINING[0]):
                continue
            splits = [one_split(X, y, n, spoil, seed) for seed in range(n_splits)]
            means = {key: np.mean([split[key] for split in splits]) for key in splits[0]}
            rows.append({"set": name, "features": X.shape[1], "rows": n, "spoilt": kind, **means})
    return rows


def describe(what: str, rows: list[dict]) -> list[str]:
    """Return mean and median over ``rows`` of each choice's excess."""
    notes = []
    for prefix, errors in (("", "all test rows"), ("typical_", "the typical 98 % of them")):
        values = {
            name: np.array([row[f"{prefix}excess_{name}"] for row in rows]) for name in SELECTIONS
        }
        change = values["robust"] - values["min"]
        each = ", ".join(
            f"{name} {np.mean(v):.1f} (median {np.median(v):.1f})" for name, v in values.items()
        )
        notes.append(
            f"{what}, {len(rows)} cases, mean excess in % over {errors}: {each}; robust less min: "
            f"median {np.median(change):.2f}, {change.min():.1f} to {change.max():.1f}"
        )
    return notes


def overall(rows: list[dict]) -> list[str]:
    """Return what the sets say together."""
    clean = [row for row in rows if not row["spoilt"]]
    groups = {
        "rows decide (a warning in a fifth of the splits)": [
            row for row in clean if row["warned"] >= OFTEN
        ],
        "other sets": [row for row in clean if row["warned"] < OFTEN],
    }
    for kind in filter(None, SPOILT):
        for side, wide in (("n > p", False), ("n <= p", True)):
            groups[f"{kind}, {side}"] = [
                row for row in rows if row["spoilt"] == kind and (row["wide"] >= 0.5) == wide
            ]
    return [note for what, some in groups.items() if some for note in describe(what, some)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quick", action="store_true", help="two splits; writes nothing")
    parser.add_argument("--sets", help="names, separated by commas; default: all")
    args = parser.parse_args()
    loader = import_loader(args.folder)
    rows = []
    for name in args.sets.split(",") if args.sets else loader.names():
        for row in run_set(loader.load, name, 2 if args.quick else 8):
            rows.append(row)
            each = "  ".join(
                f"{key} {row[f'excess_{key}']:.1f} ({row[f'typical_excess_{key}']:.1f})"
                for key in SELECTIONS
            )
            print(f"{name:14s} {row['rows']} {row['spoilt']:12s} {each}", flush=True)
    notes = overall(rows)
    print("\n".join(notes))
    if not (args.quick or args.sets):
        write_csv(RESULTS / "robust.csv", rows, notes, environment())


if __name__ == "__main__":
    main()
