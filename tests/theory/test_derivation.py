"""The code of the page that derives the theory runs."""

import doctest
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_code_of_the_derivation_runs():
    page = ROOT / "docs" / "theory.md"
    result = doctest.testfile(str(page), module_relative=False)
    assert result.attempted > 5
    assert result.failed == 0
