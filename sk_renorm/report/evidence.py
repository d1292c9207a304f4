"""Evidence: the parts that answers are made of, each made once, when an answer first takes it.

A pickle holds them as arrays and numbers: those that were asked for, and those that cost less to
make than the fit did.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import cached_property

import numpy as np
from sklearn.exceptions import NotFittedError

from sk_renorm import exceptions
from sk_renorm._checks.problem import Problem
from sk_renorm._linalg import Factorization, KrylovFactorization
from sk_renorm._risk import RiskProfile
from sk_renorm._tuning.tune import Fit
from sk_renorm.report.parts import (
    Chosen,
    Correlation,
    HeldOutRows,
    Path,
    RowFacts,
    SampledRisk,
    Setting,
    eigenvalues,
)

_PARTS = {
    "setting": Setting,
    "chosen": Chosen,
    "path": Path,
    "held_out": HeldOutRows,
    "row_facts": RowFacts,
    "profile": RiskProfile,
    "correlation": Correlation,
    "sample": SampledRisk,
    "eigenvalues": None,
}
_COPIED = "they are not in a copy or a pickle of one"
_OF_ROWS = ("held_out", "row_facts", "profile", "correlation")  # which take the rows of the fit


class Evidence:
    """What is known of a fit.

    Parameters
    ----------
    fit : Fit or None
        What parts are made of; None for what comes from a pickle.
    problems : tuple of Problem
        What makes the fit doubtful.
    """

    def __init__(self, fit: Fit | None, problems: tuple[Problem, ...] = ()):
        self.problems = problems
        self._fit = fit
        self._lacks = _COPIED
        self._fingerprint, self._seen_changed = None, None

    @classmethod
    def of(cls, fit: Fit, problems: tuple[Problem, ...]) -> "Evidence":
        """Take what a fit knows; without rows all of it at once, and nothing of single rows."""
        evidence, store_rows = cls(fit, problems), fit.request.store_rows
        if fit.is_in_blocks or not store_rows:
            evidence._make(*_PARTS)
            evidence._fit = None
            evidence._lacks = "no rows are kept where they come in blocks"
        if not store_rows:
            vars(evidence).pop("held_out")
            correlation = evidence.correlation
            if correlation is not None:
                of_rows = ("sample_correlation", "sample_correlation_std_error", "residuals")
                vars(evidence)["correlation"] = replace(correlation, **dict.fromkeys(of_rows))
            evidence._lacks = "it was fitted with store_rows=False, which keeps nothing of them"
        if evidence._fit is not None:
            evidence._fit = fit.keeping_targets()
            evidence._fingerprint = fit.factorization.data.fingerprint()
            if fit.data.X_dropped is not None and fit.selection.choice.errors is not None:
                evidence._make("held_out")  # predictions of rows that are let go
        return evidence

    @cached_property
    def setting(self) -> Setting:
        return Setting.of(self._fit)

    @cached_property
    def chosen(self) -> Chosen:
        return Chosen.of(self._fit)

    @cached_property
    def path(self) -> Path:
        return Path.of(self._fit)

    @cached_property
    def eigenvalues(self) -> np.ndarray:
        return eigenvalues(self._fit)

    @cached_property
    def sample(self) -> SampledRisk | None:
        return SampledRisk.of(self._fit)

    @cached_property
    def held_out(self) -> HeldOutRows:
        return HeldOutRows.of(self._with_errors("The prediction of rows left out"))

    @cached_property
    def row_facts(self) -> RowFacts:
        fit = self._with_errors("What leverages say")
        return RowFacts.of(fit, self.held_out)

    @cached_property
    def profile(self) -> RiskProfile:
        return self._with_rows("The error of the risk").profile()

    @cached_property
    def correlation(self) -> Correlation | None:
        if self._fit is not None and self._fit.request.correlation is None:
            return None
        return Correlation.of(self._with_rows("The correlation of the rows"))

    def time_order(self) -> Correlation:
        """Return what is known of rows in time order, or say what is missing for that."""
        found = self.correlation
        if found is None or np.ndim(found.sample_correlation) == 2:
            raise ValueError(
                "What lies ahead needs the autocorrelations of the rows, in time order; fit with "
                "sample_correlation='ar1', 'estimate', or an array of them."
            )
        if found.residuals is None:
            raise self._without_rows("What lies ahead")
        return found

    @property
    def square(self) -> np.ndarray:
        """Units of the risks of the profile."""
        return np.square(self.setting.unit)

    def factorization(self, what: str) -> Factorization | KrylovFactorization:
        """Return the factorization of the fit, for ``what`` needs the rows."""
        return self._with_rows(what).factorization

    def is_at_hand(self, part: str) -> bool:
        """Say whether a part was made, or costs less to make than the fit did."""
        if part in vars(self):
            return True
        fit = self._fit
        if fit is None:
            return False
        if part == "correlation" and fit.request.correlation is None:
            return True
        if part == "profile":
            return not fit.objective.is_large and self.has_rows()
        if part == "correlation":
            return fit.selection.choice.errors is not None and self.has_rows()
        return part not in _OF_ROWS or fit.selection.choice.errors is not None

    def can_tell(self, part: str) -> bool:
        """Say whether a part was made, or can be."""
        return part in vars(self) or self.has_rows()

    def has_rows(self) -> bool:
        """Say whether the rows of the fit are there, as they were."""
        return self._fit is not None and not self.is_changed()

    def is_changed(self) -> bool:
        """Say whether the rows of the fit have been changed since."""
        if self._fit is None or self._fingerprint is None:
            return False
        if self._seen_changed is not None:
            return self._seen_changed
        return self._fit.factorization.data.fingerprint() != self._fingerprint

    @contextmanager
    def looking_once(self) -> Iterator[None]:
        """Look at the rows once for all that is asked in the body."""
        self._seen_changed = self.is_changed()
        try:
            yield
        finally:
            self._seen_changed = None

    def state(self) -> dict:
        """Return arrays and numbers to store."""
        with self.looking_once():
            self._make(*(part for part in _PARTS if self.is_at_hand(part)))
        parts = {part: vars(self)[part] for part in _PARTS if part in vars(self)}
        state = {name: _plain(part) for name, part in parts.items()}
        state["problems"] = [
            {"category": found.category.__name__, "sentence": found.sentence, "rows": found.rows}
            for found in self.problems
        ]
        if self._fit is None:
            state["lacks"] = self._lacks
        return state

    def __reduce__(self):
        return Evidence.from_state, (self.state(),)

    @classmethod
    def from_state(cls, state: dict) -> "Evidence":
        """Return what `state` is of."""
        problems = tuple(
            Problem(getattr(exceptions, p["category"]), p["sentence"], tuple(p["rows"]))
            for p in state["problems"]
        )
        evidence = cls(None, problems)
        evidence._lacks = state.get("lacks", evidence._lacks)
        for name, kind in _PARTS.items():
            if name in state:
                part = state[name]
                vars(evidence)[name] = kind(**part) if isinstance(part, dict) else part
        return evidence

    def _make(self, *parts: str) -> None:
        for part in parts:
            getattr(self, part)

    def _with_errors(self, what: str) -> Fit:
        """Return the fit with errors of rows left out, which the fit itself may have made."""
        if self._fit is not None and self._fit.selection.choice.errors is not None:
            return self._fit
        return self._with_rows(what)

    def _with_rows(self, what: str) -> Fit:
        """Return the fit, with errors, if its rows are as they were."""
        fit = self._fit
        if fit is None:
            raise self._without_rows(what)
        if self.is_changed():
            raise NotFittedError(
                f"{what} needs the rows of the fit, and these have been changed since; fit again, "
                "or do without."
            )
        self._fit = fit.with_errors()
        return self._fit

    def _without_rows(self, what: str) -> NotFittedError:
        ask = "Ask the model itself, before it is copied, or f" if self._lacks == _COPIED else "F"
        return NotFittedError(
            f"{what} needs the rows of the fit, and this model has none: {self._lacks}. {ask}it "
            "again to rows in memory with store_rows=True."
        )


def _plain(part):
    return part if part is None or isinstance(part, np.ndarray) else asdict(part)
