"""Whether generalized cross-validation, and Krylov spaces, can be trusted."""

import numpy as np

from sk_renorm._checks.problem import Problem
from sk_renorm._risk import DISPERSED
from sk_renorm._tuning.tune import Fit
from sk_renorm.exceptions import UnreliableGCVWarning, UnresolvedPenaltyWarning

_UNLIKE = 1e5  # ratio of column lengths: its square is all that a product with X~'X~ holds


def weights_as_copies(fit: Fit) -> Problem | None:
    """Return that GCV, for which weights are copies, was fooled by a model that fits them."""
    f, selection = fit.factorization, fit.selection
    n_rows, total = f.data.n_rows, f.data.total_weight
    if not f.interpolates or abs(total - n_rows) <= 1e-9 * n_rows or not selection.is_chosen:
        return None
    if selection.alpha.min() > selection.alphas.min() and not np.isinf(selection.risks).any():
        return None
    return Problem(
        UnreliableGCVWarning,
        f"risk='gcv' takes weights for numbers of rows, and here they sum to {total:.4g} where "
        f"{n_rows} rows can be fitted exactly: its risk at weak penalties, and with it the "
        "choice, means nothing. Use risk='loo', which leaves a row out with all of its weight.",
    )


def dispersed_leverages(fit: Fit) -> Problem | None:
    """Return that leverages of a sample differ too much for GCV."""
    choice = fit.selection.choice
    dispersion = float(np.max(choice.leverage_dispersion))
    if dispersion <= DISPERSED:
        return None
    loo = fit.sampled_leave_one_out()
    risk, sampled, error = (float(np.mean(values)) for values in (choice.risk, *loo))
    return Problem(
        UnreliableGCVWarning,
        f"Leverages differ much (dispersion {dispersion:.2f}), so risk_, which is GCV's, "
        f"is not to be trusted: {risk:.4g}, where a sample puts the leave-one-out risk at "
        f"{sampled:.4g} +- {error:.2g}. Fit with risk='loo' to all rows, in memory or in a dask "
        "collection, or look where these rows come from.",
    )


def column_scales(fit: Fit) -> Problem | None:
    """Return that Krylov spaces, which meet the longest columns first, may not meet the others."""
    lengths = np.sqrt(fit.factorization.data.column_power())
    lengths = lengths[lengths > 0.0]
    if not len(lengths) or lengths.max() <= _UNLIKE * lengths.min():
        return None
    return Problem(
        UnresolvedPenaltyWarning,
        f"Columns of X differ in length by a factor of {lengths.max() / lengths.min():.1g}, and "
        "sparse data of this size are solved in Krylov spaces, which may miss what short columns "
        "say beside long ones. Scale the columns, for instance by "
        "sklearn.preprocessing.MaxAbsScaler, or fit to fewer rows or features.",
    )
