"""A call in a process of its own, where nothing that ran before counts."""

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

CHILD = """
import json, pickle, sys
call, arguments = pickle.load(sys.stdin.buffer)
print("\\n" + json.dumps(call(*arguments)))
"""


def in_new_process(call: Callable, *arguments, limit: float | None = None):
    """Return ``call(*arguments)`` of a new interpreter, which is stopped at ``limit`` seconds.

    ``call`` is a function of a module, what it returns can be written as JSON.  Raises
    ``subprocess.TimeoutExpired`` at the limit and ``CalledProcessError`` if the process dies.
    """
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=pickle.dumps((call, arguments)),
        capture_output=True,
        timeout=limit,
        check=True,
        cwd=Path(__file__).parents[1],  # for the import of the module
    )
    return json.loads(done.stdout.splitlines()[-1])
