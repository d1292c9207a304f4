"""Excess error of a penalty that a few rows decide, and of one that they cannot decide."""

import numpy as np
from sklearn.preprocessing import StandardScaler

from benchmarks._benchmark import Benchmark
from benchmarks._data import REGRESSION, load, real_sets
from benchmarks._hindsight import robust_svd
from benchmarks._warned import warned
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
        said = warned(model, X_train, y_train)
        if name == "min":
            result["warned"] = float(any("far from all others" in message for message in said))
        errors = np.square(y_test - model.predict(X_test))
        for what, some in (("", slice(None)), ("typical_", typical)):
            best = path[some].mean(axis=0).min()
            result[f"{what}excess_{name}"] = 100.0 * (errors[some].mean() / best - 1.0)
    return result


def measure(name: str, options) -> list[dict]:
    """Return means over splits of one data set, for each number of rows and kind of spoiling."""
    X, y, task = load(options, name, max_rows=MAX_ROWS)
    if task not in REGRESSION:
        return []
    X = np.asarray(X, dtype=float)
    y = np.asarray(y, dtype=float).reshape(len(y), -1)[:, 0]
    y = (y - y.mean()) / y.std()
    rows = []
    for n in TRAINING:
        for kind, spoil in SPOILT.items():
            if len(X) < n + FEWEST_TEST or (spoil and n > TRAINING[0]):
                continue
            splits = [one_split(X, y, n, spoil, seed) for seed in range(2 if options.quick else 8)]
            means = {key: np.mean([split[key] for split in splits]) for key in splits[0]}
            rows.append({"set": name, "features": X.shape[1], "rows": n, "spoilt": kind, **means})
    return rows


def describe(what: str, rows: list[dict]) -> list[str]:
    """Return mean and median over ``rows`` of each choice's excess."""
    found = []
    for prefix, errors in (("", "all test rows"), ("typical_", "the typical 98 % of them")):
        values = {
            name: np.array([row[f"{prefix}excess_{name}"] for row in rows]) for name in SELECTIONS
        }
        change = values["robust"] - values["min"]
        each = ", ".join(
            f"{name} {np.mean(v):.1f} (median {np.median(v):.1f})" for name, v in values.items()
        )
        found.append(
            f"{what}, {len(rows)} cases, mean excess in % over {errors}: {each}; robust less min: "
            f"median {np.median(change):.2f}, {change.min():.1f} to {change.max():.1f}"
        )
    return found


def notes(rows: list[dict]) -> list[str]:
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


BENCHMARK = Benchmark(
    cases=real_sets,
    measure=measure,
    shown="set rows spoilt excess_min excess_quarter excess_robust typical_excess_min"
    " typical_excess_quarter typical_excess_robust",
    notes=notes,
    real=True,
)
