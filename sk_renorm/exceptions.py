"""Categories of the warnings of a fit, by which they can be filtered."""

__all__ = [
    "DependentRowsWarning",
    "GridEdgeWarning",
    "InfluentialRowsWarning",
    "UnreliableGCVWarning",
    "UnresolvedPenaltyWarning",
    "UnscoredTargetsWarning",
]


class DependentRowsWarning(UserWarning):
    """Rows depend on each other, and ``risk_`` is too small for rows that are far from them.

    Raised where rows repeat others, or tell of their neighbours, so that a row left out alone is
    still known by the others.  Give ``fit`` the ``groups``, or set ``cv`` or
    ``sample_correlation``; ``sample_correlation="independent"`` says that the order of the rows
    means nothing, so that neighbours need not be looked at.
    """


class InfluentialRowsWarning(UserWarning):
    """A few rows, far from all others, decide the penalty or make up most of ``risk_``.

    The message names them.  Check them for errors, tame the feature that sets them apart, give them
    a ``risk_weight`` of zero, or bound their say by ``selection="robust"``.
    """


class GridEdgeWarning(UserWarning):
    """The best of the given ``alphas`` lies at their edge, and the risk still falls beyond it.

    The message names a better penalty.  Give a wider range, or ``alphas=None`` to search all of it.
    """


class UnreliableGCVWarning(UserWarning):
    """The risk of generalized cross-validation is not to be trusted.

    Raised where leverages differ much, or where weights, which it takes for numbers of rows, belong
    to a model that fits every row.  Use ``risk="loo"``, which leaves every row out.
    """


class UnresolvedPenaltyWarning(UserWarning):
    """The penalty is weaker than what the computation resolves.

    Raised where the best penalty may lie below the least that sums over rows can tell from none,
    and where iterations for large sparse rows end before coefficients are precise.  Some features
    are nearly collinear: drop some, take a stronger penalty, or fit to rows in memory.  Also raised
    where columns of large sparse rows differ so much in length that iterations may miss some: scale
    them.
    """


class UnscoredTargetsWarning(UserWarning):
    """``scoring`` is NaN at every penalty for some targets, such as R^2 for a constant one.

    The message names them, and says what their penalty was chosen by.  Leave such targets out, or
    use another scoring.
    """
