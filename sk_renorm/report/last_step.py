"""The fitted model of this package that a user hands over, also as the last step of a pipeline."""

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted


def fitted_model(estimator):
    """Return the model that ``estimator`` is, or ends with; refuse what is none of ours."""
    model = estimator
    while isinstance(model, Pipeline):
        model = model.steps[-1][1]
    if not hasattr(type(model), "report_"):
        raise TypeError(
            "Give a fitted TheoryGuidedRidgeCV or RenormalizedRidge, or a pipeline that ends with "
            f"one (of a search, its best_estimator_); got {type(model).__name__}."
        )
    check_is_fitted(model)
    return model


def as_last_step_sees(estimator, X):
    """Return the rows ``X`` as the steps of a pipeline before the model hand them on."""
    while isinstance(estimator, Pipeline):
        X = estimator[:-1].transform(X) if len(estimator) > 1 else X
        estimator = estimator.steps[-1][1]
    return X
