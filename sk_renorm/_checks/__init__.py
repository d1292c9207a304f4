"""Is a fit to be trusted?  Every look at it is an entry of ``CHECKS``."""

from collections.abc import Callable

from sk_renorm._checks.candidates import grid_edge, unresolved_penalty, unscored_targets
from sk_renorm._checks.dependence import dependent_rows
from sk_renorm._checks.gcv import column_scales, dispersed_leverages, weights_as_copies
from sk_renorm._checks.influence import influential_rows
from sk_renorm._checks.problem import Check, Problem, outside, warn_of
from sk_renorm._tuning.tune import Fit
from sk_renorm.exceptions import (
    DependentRowsWarning,
    GridEdgeWarning,
    InfluentialRowsWarning,
    UnreliableGCVWarning,
    UnresolvedPenaltyWarning,
    UnscoredTargetsWarning,
)

__all__ = ["CHECKS", "NEEDS", "Check", "Problem", "outside", "problems", "warn_of"]


def _is_at_hand(fit: Fit) -> bool:
    """Whether rows are in memory, and errors of single ones were made to choose."""
    elsewhere = fit.is_in_blocks or fit.data.place is not None
    return not elsewhere and fit.selection.choice.slack is not None


NEEDS: dict[str, Callable[[Fit], bool]] = {
    "alphas that are given": lambda fit: fit.request.candidates.may_end_early,
    "a scoring": lambda fit: fit.objective.scorer is not None,
    "penalties too small to be resolved": lambda fit: fit.factorization.limit is not None,
    "a sample of rows": lambda fit: fit.is_in_blocks and fit.data.digest is not None,
    "single rows in memory, without sample_correlation": lambda fit: (
        _is_at_hand(fit) and fit.request.correlation is None
    ),
    "plain leave-one-out of rows in memory": lambda fit: (
        _is_at_hand(fit) and fit.objective.estimate.tells_rows
    ),
    "GCV": lambda fit: fit.objective.estimate.weights_are_counts,
    "Krylov spaces": lambda fit: fit.factorization.trace_weights is not None,
}

CHECKS = (
    Check("targets without a score", UnscoredTargetsWarning, "a scoring", unscored_targets),
    Check("alphas that end early", GridEdgeWarning, "alphas that are given", grid_edge),
    Check(
        "penalties not resolved",
        UnresolvedPenaltyWarning,
        "penalties too small to be resolved",
        unresolved_penalty,
    ),
    Check(
        "duplicate rows, or else dependent neighbours",
        DependentRowsWarning,
        "single rows in memory, without sample_correlation",
        dependent_rows,
    ),
    Check(
        "influential rows",
        InfluentialRowsWarning,
        "plain leave-one-out of rows in memory",
        influential_rows,
    ),
    Check("weights taken for copies", UnreliableGCVWarning, "GCV", weights_as_copies),
    Check("dispersed leverages", UnreliableGCVWarning, "a sample of rows", dispersed_leverages),
    Check("columns of unlike scale", UnresolvedPenaltyWarning, "Krylov spaces", column_scales),
)


def problems(fit: Fit) -> tuple[Problem, ...]:
    """Return what every check that has what it needs finds in a fit."""
    found = (check.find(fit) for check in CHECKS if NEEDS[check.needs](fit))
    return tuple(problem for problem in found if problem is not None)
