"""scikit-learn's own checks, with no expected failures."""

import pytest
from sklearn.model_selection import KFold
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV

ESTIMATORS = [
    TheoryGuidedRidgeCV(),
    TheoryGuidedRidgeCV(alphas=7, fit_intercept=False),
    TheoryGuidedRidgeCV(cv=3, alphas=9),
    TheoryGuidedRidgeCV(scoring="neg_mean_absolute_error", alphas=9),
    TheoryGuidedRidgeCV(alpha_per_target=True),
    TheoryGuidedRidgeCV(store_cv_results=True),
    TheoryGuidedRidgeCV(selection="robust"),
    RenormalizedRidge(),
    RenormalizedRidge(alpha=1.0),
    RenormalizedRidge(alpha=0.0, fit_intercept=False),
    RenormalizedRidge(cv=KFold(3)),
]
OTHERS = [
    TheoryGuidedRidgeCV(risk="gcv"),
    RenormalizedRidge(effective_df=0.5),
    RenormalizedRidge(effective_ridge=10.0, cv=KFold(3)),
]


@parametrize_with_checks(ESTIMATORS)
def test_estimator_checks(estimator, check):
    check(estimator)


# Checks that set a parameter which these refuse beside the one they have: `cv` beside risk="gcv", a
# second dial.  test_weights.py has the check of weights in its plain form for risk="gcv".
REFUSED = {"gcv": ("sample_weight_equivalence",), "dial": ("check_regressors_train",)}


def other_checks():
    for other in OTHERS:
        refused = REFUSED["gcv" if isinstance(other, TheoryGuidedRidgeCV) else "dial"]
        for estimator, check in estimator_checks_generator(other):
            if not any(name in check.func.__name__ for name in refused):
                yield pytest.param(estimator, check, id=f"{other!r}-{check.func.__name__}")


@pytest.mark.parametrize(("estimator", "check"), list(other_checks()))
def test_estimator_checks_others(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", [*ESTIMATORS, *OTHERS], ids=repr)
@pytest.mark.parametrize(
    "name",
    [
        "check_dataframe_column_names_consistency",
        "check_inplace_ensure_writeable",
        "check_param_validation",
    ],
)
def test_checks_not_yielded_to_third_parties(estimator, name):
    getattr(estimator_checks, name)(type(estimator).__name__, estimator)
