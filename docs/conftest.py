"""The examples in the pages run without a display; what is no page is left alone.

The pages run with ``.[plot]`` alone.  One whose examples need more says so, and is skipped without.
"""

import importlib.util
import os
import re

import pytest

os.environ["MPLBACKEND"] = "Agg"
os.environ["SCIPY_ARRAY_API"] = "1"  # for how-to/gpu.rst

collect_ignore = ["conf.py", "_build", "auto_examples", "generated"]

_NEED = re.compile(r"The\s+examples\s+of\s+this\s+page\s+need\s+``([\w-]+)``")


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.suffix != ".rst":
            continue
        for name in _NEED.findall(item.path.read_text()):
            if importlib.util.find_spec(name.replace("-", "_")) is None:
                item.add_marker(pytest.mark.skip(reason=f"its examples need {name}"))
