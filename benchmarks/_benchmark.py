"""What a benchmark is, and how it is run: a measurement of every case, rows, notes, a CSV file."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from benchmarks._results import RESULTS, environment, short, write_csv
from benchmarks._timing import timed

BUSY = 1.0  # load average above which times are not worth keeping


class Refused(Exception):
    """What was asked for makes no sense; the message says what does."""


@dataclass(frozen=True)
class Options:
    """What a measurement is told."""

    quick: bool = False  # it is only to be seen that it runs
    data: Path | None = None  # folder of real data sets; None leaves them out
    turns: int | None = None  # of each method in time; None for as many as the benchmark wants


@dataclass(frozen=True)
class Benchmark:
    """Cases, what is measured of each, and what the rows say together.

    A case is called by its ``str``, or those of its entries if it is a tuple.  A row is a dict of
    the columns that it has.
    """

    cases: Callable[[Options], Sequence]  # what can be measured one by one
    measure: Callable[[object, Options], list[dict]]  # the rows of a case
    shown: str  # columns to print while it runs
    notes: Callable[[list[dict]], list[str]] = lambda rows: []  # what the rows say together
    figure: Callable | None = None  # of all rows, to be saved beside the CSV file
    times: bool = False  # whether it measures time, for which a machine must be idle
    real: bool = False  # whether some cases are real data sets


def run(
    name: str,
    benchmark: Benchmark,
    options: Options,
    only: Sequence[str] | None = None,
    jobs: int = 1,
    output: Path | None = None,
) -> None:
    """Measure the cases asked for; write a CSV file if nothing is left out, or where asked."""
    cases = chosen(name, benchmark, options, only)
    whole = not (options.quick or options.turns or only) and (options.data or not benchmark.real)
    output = output or (RESULTS if whole else None)
    refuse(name, benchmark, options, jobs, writes=output is not None)
    env, rows = environment(), []
    answers = measured(benchmark, cases, options, jobs)
    for case, (found, seconds) in zip(cases, answers, strict=True):
        rows += found
        for row in found:
            print(line(row, benchmark.shown.split()))
        print(f"{label(case)}: {seconds:.0f} s", flush=True)
    notes = benchmark.notes(rows) if rows else []
    print("\n".join(notes))
    if output and rows:
        write_csv(output / f"{name}.csv", rows, notes, env)
        if benchmark.figure:
            benchmark.figure(rows).savefig(output / f"{name}.png", dpi=120)


def label(case) -> str:
    """Return the name of a case."""
    return " ".join(map(str, case)) if isinstance(case, tuple) else str(case)


def chosen(name: str, benchmark: Benchmark, options: Options, only) -> list:
    """Return the cases whose names match a pattern of ``only``, or all."""
    if options.data and not (options.data / "load.py").is_file():
        raise Refused(f"{options.data} has no load.py, which benchmarks/README.md describes.")
    cases = list(benchmark.cases(options))
    if not cases:
        raise Refused(f"{name} looks at real data: give --data FOLDER, see benchmarks/README.md.")
    matches = {
        pattern: [case for case in cases if fnmatchcase(label(case), pattern)]
        for pattern in only or ["*"]
    }
    for pattern, found in matches.items():
        if not found:
            names = "; ".join(map(label, cases))
            raise Refused(f"{name} has no case {pattern!r} (real ones need --data). Cases: {names}")
    return [case for case in cases if any(case in found for found in matches.values())]


def refuse(name: str, benchmark: Benchmark, options: Options, jobs: int, writes: bool) -> None:
    """Raise if the flags do not go together, or if times of a busy machine would be kept."""
    if options.turns and not benchmark.times:
        raise Refused(f"{name} does not measure time in turns: leave out --turns.")
    if not benchmark.times:
        return
    if jobs > 1:
        raise Refused(f"{name} measures time, one case at a time: leave out --jobs.")
    load = os.getloadavg()[0]
    if writes and load > BUSY:
        raise Refused(
            f"The load average of this machine is {load:.2f}, and times are only written if it is "
            f"at most {BUSY:g}: wait for what else runs to end, or use --quick without --output."
        )


def measured(benchmark: Benchmark, cases: list, options: Options, jobs: int) -> Iterator:
    """Yield rows and seconds of each case, in their order."""
    one = partial(measure_one, benchmark.measure, options)
    if jobs == 1:
        yield from map(one, cases)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(one, cases)


def measure_one(measure: Callable, options: Options, case) -> tuple[list[dict], float]:
    """Return the rows of a case, and the seconds that they took."""
    return timed(lambda: measure(case, options))


def line(row: dict, columns: list[str]) -> str:
    """Return what is printed of a row: those of the columns that it has."""
    values = {column: short(row.get(column, "")) for column in columns}
    return "  ".join(f"{column} {value}" for column, value in values.items() if value)
