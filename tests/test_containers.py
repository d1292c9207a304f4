"""Frames, series and lists: what holds the data does not matter, and absent values are refused."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import make_data
from sklearn.model_selection import GroupKFold

from sk_renorm import TheoryGuidedRidgeCV

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")


def grouped_data():
    X, y = make_data(45, 4, noise=3.0)
    return X, y, np.random.default_rng(0).permutation(np.arange(45) % 15)


CONTAINERS = {
    "column": lambda groups: groups[:, None],
    "list": list,
    "pandas series": pandas.Series,
    "pandas frame": lambda groups: pandas.DataFrame({"group": groups}),
    "categories": lambda groups: pandas.Categorical([f"g{code}" for code in groups]),
    "nullable": lambda groups: pandas.Series(groups, dtype="Int64"),
    "dates": lambda groups: pandas.Timestamp(2020, 1, 1) + pandas.to_timedelta(groups, "D"),
    "polars series": polars.Series,
    "polars frame": lambda groups: polars.DataFrame({"group": groups}),
}


@pytest.mark.parametrize("contain", CONTAINERS.values(), ids=CONTAINERS)
@pytest.mark.parametrize("cv", [None, GroupKFold(5)])
def test_what_holds_the_labels_does_not_matter(contain, cv):
    X, y, groups = grouped_data()
    plain = TheoryGuidedRidgeCV(cv=cv).fit(X, y, groups=groups)
    model = TheoryGuidedRidgeCV(cv=cv).fit(X, y, groups=contain(groups))
    # folds of groups alike in size go by the order of the labels, which names may change
    if cv is None or contain is not CONTAINERS["categories"]:
        assert_allclose(model.risk_path_, plain.risk_path_, rtol=1e-10)
    assert_allclose(model.risk_effective_size_, plain.risk_effective_size_)


ABSENT = {
    "None among numbers": [None, 1, 1, 2, 2, 3],
    "None among text": ["a", "a", None, "b", "b", "c"],
    "NaN": [1.0, 1.0, np.nan, 2.0, 2.0, 3.0],
    "NaN among text": np.array(["a", "a", np.nan, "b", "b", "c"], dtype=object),
    "NA": [pandas.NA, 1, 1, 2, 2, 3],
    "nullable": pandas.Series([1, 1, None, 2, 2, 3], dtype="Int64"),
    "categories": pandas.Categorical(["a", "a", None, "b", "b", "c"]),
    "dates": pandas.to_datetime(["2020-01-01", None, *4 * ["2020-01-02"]]),
    "polars": polars.Series([None, "a", "a", "b", "b", "c"]),
}


@pytest.mark.parametrize("groups", ABSENT.values(), ids=ABSENT)
@pytest.mark.parametrize("cv", [None, GroupKFold(2)])
def test_absent_labels_are_refused(groups, cv):
    X, y = make_data(6, 2)
    with pytest.raises(ValueError, match=r"groups has 1 missing labels .* in row [012]; give each"):
        TheoryGuidedRidgeCV(cv=cv).fit(X, y, groups=groups)
