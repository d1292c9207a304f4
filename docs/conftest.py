"""The examples in the pages run without a display; what is no page is left alone."""

import os

os.environ["MPLBACKEND"] = "Agg"
os.environ["SCIPY_ARRAY_API"] = "1"  # for how-to/gpu.rst

collect_ignore = ["conf.py", "_build", "auto_examples", "generated"]
