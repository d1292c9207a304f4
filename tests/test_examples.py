"""Every example runs, those of the theory in a reduced size, and draws; each asserts its claim."""

import runpy
from pathlib import Path

import matplotlib as mpl
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt

FOLDER = Path(__file__).parents[1] / "examples"
THEORY = sorted((FOLDER / "theory").glob("plot_*.py"))
# the quickstart has a run of its own: it is the first command of the README
OTHERS = [p for p in sorted(FOLDER.glob("plot_*.py")) if "quickstart" not in p.stem]


@pytest.mark.slow
@pytest.mark.parametrize("path", [*OTHERS, *THEORY], ids=lambda path: path.stem)
def test_example(path, monkeypatch, tmp_path):
    shown = []

    def show():
        shown.extend(plt.get_fignums())
        plt.close("all")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "show", show)
    monkeypatch.setenv("SK_RENORM_REPETITIONS", "20")
    names = runpy.run_path(str(path), run_name="__main__")
    plt.close("all")
    assert names["__doc__"]
    assert shown, "an example shows a figure"
    assert "assert " in path.read_text(), "an example asserts its claim"


def test_there_are_examples():
    assert len(THEORY) == 12
    assert len(OTHERS) >= 3
