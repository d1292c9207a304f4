"""What excludes what: every refusal of parameters that do not go together, or with the rows."""

from sk_renorm._rows.check import refusal, refuse
from sk_renorm._rows.rows import TrainingData
from sk_renorm._tuning.request import Request


def refuse_contradictions(estimator, request: Request, groups=None, risk_weight=None) -> None:
    """Refuse parameters that contradict each other, whatever the rows."""
    if request.store_path and not request.store_rows:
        raise ValueError(
            "store_cv_results=True keeps numbers of every row, and store_rows=False none; "
            "leave one of the two out."
        )
    if request.risk == "gcv":
        asked = {
            "cv": estimator.cv is not None,
            "groups": groups is not None,
            "risk_weight": risk_weight is not None,
            "scoring": request.scorer is not None,
            "store_cv_results": request.store_path,
        }
        refuse(
            asked,
            "{name} needs errors of rows left out, and risk='gcv' has only their mean square; "
            "use risk='loo' with {name}.",
        )
    if request.rule.is_bounded:
        asked = {
            "risk='gcv'": request.risk == "gcv",
            "scoring": request.scorer is not None,
            "sample_correlation": request.correlation is not None,
        }
        refuse(
            asked,
            "selection='robust' goes by squared errors of rows left out, row by row, and "
            "{name} by something else; leave one of the two out.",
        )


def refused_for_blocks(
    estimator, request: Request, what: str, groups=None, risk_weight=None
) -> str | None:
    """Say what needs all rows at once, which ``what`` never sees; None if nothing does."""
    if request.reduce is not None:
        return (
            f"{what} sees one block of rows at a time, and {type(estimator).__name__} needs all of "
            "them; fit to rows in memory."
        )
    asked = {
        "cv": estimator.cv is not None,
        "groups": groups is not None,
        "scoring": request.scorer is not None,
        "store_cv_results": request.store_path,
        "sample_correlation": request.correlation is not None,
        "risk_weight": risk_weight is not None,
        "selection='robust'": request.rule.is_bounded,
    }
    return refusal(
        asked,
        what + " sees one block of rows at a time, and {name} needs all of them; leave {name} "
        "out, or fit to rows in memory.",
    )


def refuse_what_correlation_excludes(request: Request, data: TrainingData) -> None:
    """Refuse what does not go with correlated rows."""
    if request.correlation is None:
        return
    asked = {
        "cv or groups": request.folds is not None,
        "scoring": request.scorer is not None,
        "sample_weight": data.weights is not None or data.kept is not None,
        "risk_weight": data.risk_weights is not None,
    }
    refuse(
        asked,
        "sample_correlation cannot be combined with {name}: its risk is that of rows far from "
        "the training rows, of equal weight. Leave one of the two out.",
    )


def refuse_what_needs_leverages(request: Request, data: TrainingData, reason: str) -> None:
    """Refuse what needs errors of rows left out, where there are none."""
    asked = {
        "cv or groups": request.folds is not None,
        "scoring": request.scorer is not None,
        "risk_weight": data.risk_weights is not None,
        "sample_correlation": request.correlation is not None,
        "store_cv_results": request.store_path,
        "selection='robust'": request.rule.is_bounded,
    }
    refuse(
        asked,
        "{name} needs errors of rows left out, which sparse data of this size do not give: "
        f"{reason}. Leave {{name}} out, or fit to fewer rows or features.",
    )


def refuse_folds_of_no_weight(request: Request, data: TrainingData) -> None:
    """Refuse folds none of whose rows counts in the risk."""
    weights, folds = data.risk_weights, request.folds
    if folds is None or weights is None or any(weights[fold.test].any() for fold in folds):
        return
    raise ValueError("No row that cv tests has a risk_weight above zero; give some of them one.")
