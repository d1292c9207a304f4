"""Problem: what makes a fit doubtful, as data; and how it is told."""

import sys
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sk_renorm._tuning.tune import Fit


@dataclass(frozen=True)
class Problem:
    """What makes a fit doubtful.

    Parameters
    ----------
    category : type
        Class of the warning, by which it can be filtered.
    sentence : str
        What is wrong, how much it matters, and what to do.
    rows : tuple of int
        Rows of X concerned, where a few are.
    """

    category: type[Warning]
    sentence: str
    rows: tuple[int, ...] = ()

    def __repr__(self):
        return f"{self.category.__name__}: {self.sentence}"


@dataclass(frozen=True)
class Check:
    """A look at a fit.

    Attributes
    ----------
    name : str
        What is looked for.
    category : type
        Class of the warning.
    needs : str
        What a fit must have to be looked at, a key of ``NEEDS``.
    find : callable
        Takes a fit that has it; returns a `Problem` or None.
    """

    name: str
    category: type[Warning]
    needs: str
    find: Callable[[Fit], Problem | None]


def warn_of(problems: Iterable[Problem]) -> None:
    """Warn of problems where the package was called."""
    for problem in problems:
        warnings.warn(problem.sentence, problem.category, stacklevel=outside())


def outside() -> int:
    """Return the ``stacklevel`` of whoever called the package: a fit may begin in many ways."""
    # warnings.warn has skip_file_prefixes for this, from Python 3.12 on
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == "sk_renorm":
        frame, level = frame.f_back, level + 1
    return level
