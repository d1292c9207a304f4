"""The warning that rows repeat others: false alarms, copies found, and whether its number is right.

``python benchmarks/copies.py [FOLDER] [--quick]``

FOLDER holds a ``load.py`` with ``names()`` and ``load(name, max_rows=...) -> X, y, task``; without
it only simulated rows are looked at.  See README.md beside this file for what is measured and how.
"""

import argparse
import re
import warnings
from pathlib import Path

import copied_rows
import independent_rows
import numpy as np
from _common import RESULTS, environment, import_loader, write_csv

from sk_renorm import TheoryGuidedRidgeCV
from sk_renorm.exceptions import DependentRowsWarning

DRAWS, COPIED_DRAWS, MAX_ROWS, SMALL = 20, 12, 30000, 60


def told(X, y) -> tuple[TheoryGuidedRidgeCV, float]:
    """Return a fit, and how many times larger it says that the risk would be; NaN if nothing."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = TheoryGuidedRidgeCV().fit(X, y)
    growths = [growth_in(str(w.message)) for w in caught if w.category is DependentRowsWarning]
    growths = [growth for growth in growths if growth]
    return model, growths[0] if growths else np.nan


def growth_in(message: str) -> float | None:
    """Return the number that a warning of copies tells, or None of another one."""
    if "left out with their copies" not in message:
        return None
    number = re.search(r"would be about (\S+) times", message)
    return float(number.group(1)) if number else np.inf


def independent(draws: int) -> list[dict]:
    """Count alarms for each kind of independent rows, in two sizes."""
    rows = []
    for name, kind in independent_rows.KINDS.items():
        for size in ("usual", SMALL):
            growths = []
            for seed in range(draws):
                args = () if size == "usual" else (size,)
                growths.append(told(*kind(np.random.default_rng([7, seed]), *args))[1])
            rows.append(row("independent", name, size, growths))
    return rows


def copied(draws: int) -> list[dict]:
    """Count what is told for each kind of copies, and compare it with fresh originals."""
    rows = []
    for name, kind in copied_rows.KINDS.items():
        growths, groups, claimed, corrected, true = [], [], [], [], []
        for seed in range(draws):
            drawn = kind(np.random.default_rng([8, seed]))
            model, growth = told(drawn.X, drawn.y)
            growths.append(growth)
            at_alpha = TheoryGuidedRidgeCV(alphas=[model.alpha_])
            by_group = at_alpha.fit(drawn.X, drawn.y, groups=drawn.original)
            groups.append(by_group.risk_ / model.risk_)
            if np.isfinite(growth):
                claimed.append(model.risk_)
                corrected.append(model.risk_ * growth)
                true.append(drawn.true_risk(model))
        truth = np.mean(true) if true else np.nan
        ratios = [np.mean(values) / truth if true else np.nan for values in (claimed, corrected)]
        rows.append(row("copied", name, "usual", growths, np.median(groups), *ratios))
    return rows


def real(folder: Path) -> list[dict]:
    """Say what is told of real sets, in the order of the file and in random order."""
    loader, rows = import_loader(folder), []
    for name in loader.names():
        X, y, _ = loader.load(name, max_rows=MAX_ROWS)
        if X.size > 4e7:
            continue
        for order in ("stored", "random"):
            some = np.arange(len(X))
            some = some if order == "stored" else np.random.default_rng(0).permutation(some)
            rows.append(row("real", name, order, [told(X[some], y[some])[1]]))
    return rows


def row(part, kind, size, growths, by_groups=np.nan, before=np.nan, after=np.nan) -> dict:
    """Return a row of the table, and print it."""
    found = [growth for growth in growths if not np.isnan(growth)]
    result = {
        "part": part,
        "kind": kind,
        "size": size,
        "draws": len(growths),
        "told": len(found),
        "growth_median": float(np.median(found)) if found else np.nan,
        "growth_by_groups_median": by_groups,
        "risk_over_true": before,
        "risk_times_growth_over_true": after,
    }
    print(", ".join(f"{name}={value}" for name, value in result.items()), flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", help="of real sets")
    parser.add_argument("--quick", action="store_true", help="two draws each; writes nothing")
    args = parser.parse_args()
    env = environment()
    rows = independent(2 if args.quick else DRAWS) + copied(2 if args.quick else COPIED_DRAWS)
    if args.folder:
        rows += real(args.folder)
    if not args.quick:
        write_csv(RESULTS / "copies.csv", rows, [], env)


if __name__ == "__main__":
    main()
