"""The page of warnings says which check runs when; here it is held to the list of checks."""

import re
from pathlib import Path

from sk_renorm import exceptions
from sk_renorm._checks import CHECKS

PAGE = (Path(__file__).parents[1] / "docs" / "how-to" / "warnings.rst").read_text()
HEADER = ["looks for", "warns as", "needs"]


def rows_of_table():
    """Cells of the list-table whose header is `HEADER`, row by row."""
    (table,) = (
        block
        for block in re.findall(r"\.\. list-table::\n(?:[ ]+.*\n|\n)+", PAGE)
        if "* - looks for" in block
    )
    rows = re.findall(r"^   \* - (.*)\n     - (.*)\n     - (.*)$", table, flags=re.MULTILINE)
    return [list(cells) for cells in rows]


def test_table_holds_every_check_and_no_other():
    header, *rows = rows_of_table()
    assert header == HEADER
    assert rows == [[check.name, f"``{check.category.__name__}``", check.needs] for check in CHECKS]


def test_page_lists_every_category():
    listed = re.findall(r"^- :class:`~sk_renorm\.exceptions\.(\w+)`", PAGE, flags=re.MULTILINE)
    assert sorted(listed) == sorted(exceptions.__all__)
