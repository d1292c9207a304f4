"""The command line of all benchmarks.

``python -m benchmarks`` lists them, ``python -m benchmarks speed --quick`` runs one.
"""

import argparse
import importlib
import pkgutil
from pathlib import Path

import benchmarks
from benchmarks._benchmark import Benchmark, Options, Refused, run
from benchmarks._results import RESULTS


def declared() -> dict[str, tuple[Benchmark, str]]:
    """Return every benchmark with the first line of its docstring, by name."""
    names = [found.name for found in pkgutil.iter_modules(benchmarks.__path__) if not found.ispkg]
    modules = {
        name: importlib.import_module(f"benchmarks.{name}") for name in names if name[0] != "_"
    }
    return {
        name: (module.BENCHMARK, module.__doc__.partition("\n")[0])
        for name, module in modules.items()
    }


def count(text: str) -> int:
    """Return a number of one or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"give a number, 1 or more, instead of {text}")
    return int(text)


def parser(names) -> argparse.ArgumentParser:
    """Return the parser of the flags, each of which means the same for all benchmarks."""
    made = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    add = made.add_argument
    add("name", nargs="?", choices=sorted(names), metavar="name", help="of a benchmark")
    add("--quick", action="store_true", help="small and fast, to see that it runs")
    add("--data", type=Path, metavar="FOLDER", help="of real data sets, with a load.py")
    add("--only", nargs="+", metavar="CASE", help="cases to run, such as ames or '300x4000x1*'")
    add("--turns", type=count, metavar="N", help="turns of each method whose time is measured")
    add("--jobs", type=count, default=1, metavar="N", help="processes that share the cases")
    add(
        "--output",
        type=Path,
        metavar="FOLDER",
        help=f"of the CSV file; default: {RESULTS.name}/ if nothing is left out, else none",
    )
    return made


def main(arguments: list[str] | None = None) -> None:
    """List the benchmarks, or run one."""
    found = declared()
    flags = parser(found)
    asked = flags.parse_args(arguments)
    if asked.name is None:
        for name, (benchmark, about) in found.items():
            print(f"{name:20s} {'--data' if benchmark.real else '':7s} {about}")
        return
    options = Options(asked.quick, asked.data, asked.turns)
    try:
        run(asked.name, found[asked.name][0], options, asked.only, asked.jobs, asked.output)
    except Refused as reason:
        flags.error(str(reason))


if __name__ == "__main__":
    main()
