"""Every example outside the theory runs, and what it claims holds."""

import runpy
from pathlib import Path

import matplotlib as mpl
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt

FOLDER = Path(__file__).parents[1] / "examples"
# the quickstart has a run of its own: it is the first command of the README
EXAMPLES = [
    p
    for p in sorted(FOLDER.glob("plot_*.py"))
    if "theory" not in p.stem and "quickstart" not in p.stem
]


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
    runpy.run_path(str(path), run_name="__main__")
    plt.close("all")


def test_there_are_examples():
    assert len(EXAMPLES) >= 3
