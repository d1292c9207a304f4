"""Frames, series and lists: what holds the data does not matter, and absent values are refused."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import make_data
from sklearn.model_selection import GroupKFold

from sk_renorm import TheoryGuidedRidgeCV
from sk_renorm.shift import shift_weights

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
        assert_allclose(model.report_.path.risk, plain.report_.path.risk, rtol=1e-10)
    assert_allclose(model.report_.held_out.effective_size, plain.report_.held_out.effective_size)


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
    with pytest.raises(ValueError, match=r"groups has no label \(.*\) in row [012]; give each"):
        TheoryGuidedRidgeCV(cv=cv).fit(X, y, groups=groups)


def frame(**columns):
    X, _ = make_data(45, 2)
    return pandas.DataFrame(X, columns=["a", "b"]).assign(**columns)


DAYS = pandas.date_range("2020", periods=45)
SINCE = r"dates in column 'day'; .*\(X\['day'\] - X\['day'\].min\(\)\).dt.total_seconds\(\)\.$"
BAD_FRAMES = {
    "text": (frame(city=["Ulm"] * 45), "got text in column 'city'; convert"),
    "categories": (frame(city=pandas.Categorical(["Ulm"] * 45)), "got text in column 'city'"),
    "dates": (frame(day=DAYS), SINCE),
    "dates of a time zone": (frame(day=DAYS.tz_localize("CET")), SINCE),
    "dates as objects": (
        frame(day=DAYS.date),
        r"dates in column 'day'; .*seconds\(\) of d = pandas.to_datetime\(X\['day'\]\)\.$",
    ),
    "polars dates": (polars.from_pandas(frame(day=DAYS)), SINCE),
    "times": (
        frame(c=DAYS - DAYS[0], d=pandas.Timedelta(1, "h")),
        r"time differences in columns 'c', 'd'; .* with X\['c'\].dt.total_seconds\(\)\.$",
    ),
    "polars times": (
        polars.from_pandas(frame(c=DAYS - DAYS[0])),
        r"time differences in column 'c'; .* with X\['c'\].dt.total_seconds\(\)\.$",
    ),
    "NaN": (frame(c=[np.nan] * 45, d=[1.0, *[np.nan] * 44]), "NaN in columns 'c', 'd'; leave out"),
    "infinity": (frame(c=[np.inf] * 45), "infinity or .* in column 'c'; leave out"),
    "None": (frame(c=[None] * 45), "got missing values .* in column 'c'; leave out"),
    "NA": (frame(c=[pandas.NA, *[1.0] * 44]), "got missing values .* in column 'c'; leave out"),
    "nullable": (frame(c=pandas.Series([None] * 45, dtype="Float64")), "NaN in column 'c'; leave"),
    "polars text": (polars.from_pandas(frame(city=["Ulm"] * 45)), "got text in column 'city'"),
    "polars null": (polars.from_pandas(frame(c=[None, *[1.0] * 44])), "NaN in column 'c'"),
}


@pytest.mark.parametrize("case", BAD_FRAMES.values(), ids=BAD_FRAMES)
def test_columns_that_are_no_numbers_are_named(case):
    X, message = case
    _, y = make_data(45, 2)
    sizes = dict.fromkeys(X.columns[2:], 0.0)
    fillers = pandas.DataFrame(make_data(45, 2)[0], columns=["a", "b"]).assign(**sizes)
    model = TheoryGuidedRidgeCV().fit(fillers, y)
    for ask in (
        lambda: TheoryGuidedRidgeCV().fit(X, y),
        lambda: TheoryGuidedRidgeCV().partial_fit(X, y),
        lambda: model.predict(X),
        lambda: shift_weights(X, X),
    ):
        with pytest.raises(ValueError, match=message) as caught:
            ask()
        assert "\n" not in str(caught.value)


def test_the_remedy_for_dates_is_one():
    X, y = make_data(45, 2)
    for table in (frame(day=DAYS), frame(day=DAYS.tz_localize("CET"))):
        table["day"] = (table["day"] - table["day"].min()).dt.total_seconds()
        assert TheoryGuidedRidgeCV().fit(table, y).n_features_in_ == 3
    days = DAYS.to_numpy()
    seconds = (days - days.min()) / np.timedelta64(1, "s")
    model = TheoryGuidedRidgeCV().fit(X, seconds)
    for dates, remedy in (
        (days, r"dates; .* with \(y - y.min\(\)\) / np.timedelta64\(1, 's'\)\.$"),
        (pandas.Series(DAYS.tz_localize("CET")), "got dates; "),
        (days - days[0], r"time differences; .* with y / np.timedelta64\(1, 's'\)\.$"),
        (DAYS.to_pydatetime(), r"dates; .*y.astype\('datetime64\[s\]'\).astype\(float\)\.$"),
    ):
        with pytest.raises(ValueError, match=remedy):
            TheoryGuidedRidgeCV().fit(X, dates)
    as_objects = DAYS.to_pydatetime().astype("datetime64[s]").astype(float)
    assert_allclose(TheoryGuidedRidgeCV().fit(X, as_objects).coef_, model.coef_, rtol=1e-6)


def test_a_column_that_is_no_number_is_named_in_predict():
    X, y = make_data(45, 3)
    model = TheoryGuidedRidgeCV().fit(pandas.DataFrame(X, columns=["a", "b", "city"]), y)
    with pytest.raises(ValueError, match="got text in column 'city'"):
        model.predict(frame(city=["Ulm"] * 45))


@pytest.mark.parametrize("name", ["sample_weight", "risk_weight"])
def test_weights_in_a_column_are_told_what_to_give(name):
    X, y = make_data(45, 3)
    weights = np.linspace(1.0, 2.0, 45)
    column = pandas.DataFrame({"w": weights})
    for given, remedy in ((column, r"\['w'\]"), (column.to_numpy(), r"\.ravel\(\)")):
        with pytest.raises(ValueError, match=rf"shape \(45, 1\); give {name}{remedy}\.$"):
            TheoryGuidedRidgeCV().fit(X, y, **{name: given})
    for given in (column["w"], column.to_numpy().ravel()):
        TheoryGuidedRidgeCV().fit(X, y, **{name: given})


def test_targets_of_a_frame_are_named():
    X, Y = make_data(45, 3, q=3)
    Y[3, 1] = np.nan
    named = pandas.DataFrame(Y, columns=["a", "b", "c"])
    for targets in (named, polars.from_pandas(named), named.convert_dtypes()):
        with pytest.raises(ValueError, match=r"NaN in 1 of 3 targets \(target 'b'\), on 1 of 45"):
            TheoryGuidedRidgeCV().fit(X, targets)


def test_an_absent_weight_is_none():
    X, y = make_data(45, 3)
    for absent in (pandas.NA, None, np.nan):
        weights = pandas.Series([absent, *[1.0] * 44], dtype=object)
        with pytest.raises(ValueError, match="Input sample_weight contains NaN"):
            TheoryGuidedRidgeCV().fit(X, y, weights)
