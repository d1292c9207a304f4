"""Fits to dask collections are those to rows in memory, whatever the blocks and workers."""

import os
import signal
import threading
import time

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import answer, make_data

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm.exceptions import GridEdgeWarning

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

ATTRIBUTES = ["alpha_", "coef_", "intercept_", "risk_", "report_.path.risk", "risk_std_error_"]
ATTRIBUTES += ["report_.equivalent_alphas", "report_.noise.interval", "report_.noise.r2_ceiling"]
ATTRIBUTES += [
    "report_.leverage_dispersion",
    "effective_df_",
    "report_.eigenvalues",
    "report_.path.std_error",
]


def assert_same(found, expected, names=ATTRIBUTES):
    for name in names:
        # between nodes a minimum is located to half the digits of its value
        assert_allclose(answer(found, name), answer(expected, name), rtol=1e-6, err_msg=name)


@pytest.mark.filterwarnings("ignore:The best of the given alphas")
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "model",
    [
        TheoryGuidedRidgeCV(),
        TheoryGuidedRidgeCV(fit_intercept=False, alphas=[0.0, 1.0, 10.0, 300.0]),
        TheoryGuidedRidgeCV(alpha_per_target=True),
        TheoryGuidedRidgeCV(selection="1se"),
        TheoryGuidedRidgeCV(risk="gcv"),
        RenormalizedRidge(),
        RenormalizedRidge(effective_df=4.0),
    ],
    ids=repr,
)
def test_is_the_fit_in_memory(model, weighted):
    X, Y = make_data(600, 9, q=2, noise=4.0)
    y = Y if getattr(model, "alpha_per_target", False) else Y[:, 0]
    weights = np.random.default_rng(0).uniform(0.0, 2.0, 600) if weighted else None
    expected = type(model)(**model.get_params()).fit(X, y, weights)
    lazy_weights = da.from_array(weights, chunks=600) if weighted else None
    lazy_y = da.from_array(y, chunks=(200, 1)[: y.ndim])
    model.fit(da.from_array(X, chunks=(130, 4)), lazy_y, lazy_weights)
    assert_same(model, expected)
    assert_allclose(
        model.report_.held_out.errors, expected.report_.held_out.errors, rtol=1e-5, atol=1e-7
    )
    assert_allclose(model.loo_predictions_, expected.loo_predictions_, rtol=1e-7)
    lazy_predictions = model.predict(da.from_array(X, chunks=(130, 4)))
    assert_allclose(lazy_predictions.compute(), expected.predict(X), rtol=1e-7)
    assert_allclose(model.predict_interval(X[:5]), expected.predict_interval(X[:5]), rtol=1e-6)
    assert str(model.report_).splitlines()[:4] == str(expected.report_).splitlines()[:4]


def test_gcv_takes_one_pass_and_leave_one_out_three():
    X, y = make_data(300, 5)
    made = []

    def block(start):
        made.append(int(start))
        return X[start : start + 100]

    blocks = [
        da.from_delayed(dask.delayed(block)(start), (100, 5), dtype=float)
        for start in (0, 100, 200)
    ]
    lazy = da.concatenate(blocks)
    with dask.config.set(scheduler="threads"):
        TheoryGuidedRidgeCV(risk="gcv").fit(lazy, y)
        assert sorted(made) == [0, 100, 200]
        made.clear()
        TheoryGuidedRidgeCV().fit(lazy, y)
    assert sorted(made) == [0, 0, 0, 100, 100, 100, 200, 200, 200]


def test_unknown_sizes_of_blocks():
    X, y = make_data(600, 9)
    every = da.from_array(np.ones(600, dtype=bool), chunks=130)
    unknown = da.from_array(X, chunks=(130, 9))[every]
    assert np.isnan(unknown.chunks[0]).all()
    expected = TheoryGuidedRidgeCV().fit(X, y)
    for targets in (y, da.from_array(y, chunks=130)[every]):
        model = TheoryGuidedRidgeCV().fit(unknown, targets)
        assert_same(model, expected)
    predictions = model.predict(unknown)
    assert np.isnan(predictions.chunks[0]).all()
    assert_allclose(predictions.compute(), expected.predict(X), rtol=1e-8)
    with pytest.raises(ValueError, match="X has 5 blocks and y 2, of unknown sizes"):
        TheoryGuidedRidgeCV().fit(unknown, da.from_array(y, chunks=300))
    uneven = (100, 160, 130, 130, 80)
    others = da.from_array(y, chunks=(uneven,))[da.from_array(np.ones(600, bool), (uneven,))]
    with pytest.raises(ValueError, match=r"Block \d has 130 rows of X and \d+ of y"):
        TheoryGuidedRidgeCV().fit(unknown, others)


def test_empty_blocks_and_collinear_features():
    X, y = make_data(600, 5)
    X = np.column_stack([X, X[:, 0] - X[:, 1]])
    lazy = da.from_array(X, chunks=200)
    holes = da.concatenate([lazy[:0], lazy[:200], lazy[:0], lazy[200:], lazy[:0]])
    assert_same(TheoryGuidedRidgeCV().fit(holes, y), TheoryGuidedRidgeCV().fit(X, y))
    expected = RenormalizedRidge(0.0).fit(X, y)
    assert_allclose(RenormalizedRidge(0.0).fit(holes, y).coef_, expected.coef_, rtol=1e-7)
    with pytest.raises(ValueError, match="no rows of positive weight"):
        TheoryGuidedRidgeCV().fit(lazy[:0], y[:0])


def test_frames_keep_names_and_predict_lazily():
    pd = pytest.importorskip("pandas")
    dd = pytest.importorskip("dask.dataframe")
    X, y = make_data(600, 4)
    frame = pd.DataFrame(X.astype(np.float32), columns=list("abcd"))
    lazy = dd.from_pandas(frame, npartitions=4)
    model = TheoryGuidedRidgeCV().fit(lazy, dd.from_pandas(pd.Series(y), npartitions=4))
    expected = TheoryGuidedRidgeCV().fit(frame, y)
    assert_same(model, expected, ["alpha_", "risk_"])
    assert list(model.feature_names_in_) == list("abcd")
    predictions, scale = model.predict(lazy, return_std=True)
    assert isinstance(predictions, da.Array)
    assert predictions.compute().dtype == model.coef_.dtype == np.float32
    assert_allclose(predictions.compute(), expected.predict(frame), rtol=1e-4)
    assert_allclose(scale.compute(), expected.predict(frame, return_std=True)[1], rtol=1e-4)
    interval = model.predict_interval(lazy)
    assert_allclose(interval.compute(), expected.predict_interval(frame), rtol=1e-3, atol=1e-3)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(lazy[["b", "a", "c", "d"]])
    with pytest.raises(ValueError, match="needs new rows in memory"):
        model.predict_interval(lazy, method="jackknife+")


def test_frames_of_nullable_integers_and_of_other_partitions():
    pd = pytest.importorskip("pandas")
    dd = pytest.importorskip("dask.dataframe")
    counts, y = pd.Series(np.arange(40) % 7), np.arange(40.0) % 5
    frame = pd.DataFrame({"a": counts.astype("Int64"), "b": np.sqrt(np.arange(40))})
    lazy = dd.from_pandas(frame, npartitions=3)
    expected = TheoryGuidedRidgeCV().fit(frame.astype(float), y)
    assert_allclose(TheoryGuidedRidgeCV().fit(lazy, y).coef_, expected.coef_, rtol=1e-6)
    with pytest.raises(ValueError, match="X has 3 partitions, and y 4"):
        TheoryGuidedRidgeCV().fit(lazy, dd.from_pandas(pd.Series(y), npartitions=4))


def test_parquet(tmp_path):
    pd = pytest.importorskip("pandas")
    dd = pytest.importorskip("dask.dataframe")
    pytest.importorskip("pyarrow")
    X, y = make_data(600, 4)
    frame = pd.DataFrame(X, columns=list("abcd")).assign(y=y)
    for part in range(6):
        frame[100 * part : 100 * part + 100].to_parquet(tmp_path / f"part.{part}.parquet")
    stored = dd.read_parquet(tmp_path)
    # read separately, X and y would have other partitions: dask joins those of few columns
    model = TheoryGuidedRidgeCV().fit(stored[list("abcd")], stored["y"])
    expected = TheoryGuidedRidgeCV().fit(frame[list("abcd")], y)
    assert_same(model, expected)
    assert_same(TheoryGuidedRidgeCV().fit(stored[list("abcd")], y), expected)
    assert_allclose(
        model.predict(stored[list("abcd")]), expected.predict(frame[list("abcd")]), rtol=1e-8
    )


@pytest.mark.parametrize("risk", ["loo", "gcv"])
@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("X", np.nan, "Input X contains NaN, infinity .* in column 2; leave out"),
        ("X", np.inf, "Input X contains NaN, infinity"),
        ("X", 1e200, "Squares of X leave the range .* in column 2; scale X, for instance with"),
        (
            "y",
            np.nan,
            "Input y contains NaN, .* in column 0; leave these rows out of X and y",
        ),
        ("weights", np.nan, "NaN in sample_weight"),
        ("weights", -1.0, "Negative values or NaN in sample_weight"),
    ],
)
def test_bad_values_are_a_sentence_and_change_nothing(place, value, message, risk):
    X, y = make_data(300, 4)
    data = {"X": X, "y": y, "weights": np.ones(300)}
    model = TheoryGuidedRidgeCV(risk=risk).fit(X, y)
    before = dict(vars(model))
    data[place][(170,) * data[place].ndim if place != "X" else (170, 2)] = value
    with pytest.raises(ValueError, match=message):
        model.fit(da.from_array(data["X"], chunks=100), data["y"], data["weights"])
    assert vars(model) == before


@pytest.mark.parametrize("risk", ["loo", "gcv"])
def test_weights_in_a_column_are_refused_as_in_memory(risk):
    X, y = make_data(300, 4)
    rows, weights = da.from_array(X, chunks=100), np.full((300, 1), 2.0)
    sentence = r"Sample weights must be 1D array or scalar, got an array of shape \("
    for given in (weights, da.from_array(weights, chunks=(100, 1))):
        with pytest.raises(ValueError, match=sentence):
            TheoryGuidedRidgeCV(risk=risk).fit(rows, y, given)
    with pytest.raises(ValueError, match=sentence):
        TheoryGuidedRidgeCV(risk=risk).fit(X, y, weights)
    with pytest.raises(ValueError, match=sentence):
        TheoryGuidedRidgeCV().partial_fit(X, y, weights)


@pytest.mark.parametrize("risk", ["gcv", "loo"])
@pytest.mark.parametrize(
    ("x_size", "y_size", "weight", "match"),
    [
        (1e200, 1.0, None, "Squares of X leave .* in columns 0, 1, 2, 3; scale X"),
        (1e-170, 1.0, None, "value of X is .*e-170, .*scale X"),
        (1e130, 1.0, None, "value of X is .*scale X"),
        (1.0, 1e200, None, "Squares of y leave .* in column 0; divide y by"),
        (1.0, 1e100, None, "Values of y are about .*divide y by"),
        (1.0, 1e-100, None, "Values of y are about .*divide y by"),
        (1.0, 1e-170, None, "Values of y are about .*divide y by"),
        (1.0, 1.0, 1e300, "largest sample_weight is 1e\\+300.*Divide"),
        (1.0, 1.0, 1e-300, "largest sample_weight is 1e-300.*Divide"),
    ],
)
def test_sizes_whose_powers_leave_the_range_are_refused(risk, x_size, y_size, weight, match):
    X, y = make_data(300, 4)
    lazy = da.from_array(X * x_size, chunks=100)
    weights = None if weight is None else np.full(300, weight)
    with pytest.raises(ValueError, match=match):
        TheoryGuidedRidgeCV(risk=risk).fit(lazy, y * y_size, weights)


def test_columns_of_a_frame_that_are_not_finite_are_named():
    pd = pytest.importorskip("pandas")
    dd = pytest.importorskip("dask.dataframe")
    X, y = make_data(60, 2)
    for value, message in ((np.inf, r"NaN, infinity .* in column 'b'"), (1e200, r"in column 'b'")):
        table = pd.DataFrame(X, columns=["a", "b"])
        table.iloc[3, 1] = value
        with pytest.raises(ValueError, match=message):
            TheoryGuidedRidgeCV().fit(dd.from_pandas(table, npartitions=3), y)


def test_absent_values_are_no_text():
    pd = pytest.importorskip("pandas")
    dd = pytest.importorskip("dask.dataframe")
    X, y = make_data(60, 2)
    table = pd.DataFrame(X, columns=["a", "b"]).convert_dtypes()
    table.iloc[3, 1] = pd.NA
    with pytest.raises(ValueError, match="X must hold numbers; a block of it has missing values"):
        TheoryGuidedRidgeCV().fit(dd.from_pandas(table, npartitions=3), y)


def test_what_does_not_fit_is_refused():
    X, y = make_data(300, 4)
    lazy = da.from_array(X, chunks=100)
    for model in (
        TheoryGuidedRidgeCV(cv=3),
        TheoryGuidedRidgeCV(scoring="r2"),
        TheoryGuidedRidgeCV(store_cv_results=True),
        RenormalizedRidge(sample_correlation="ar1"),
    ):
        with pytest.raises(ValueError, match="dask collection sees one block of rows at a time"):
            model.fit(lazy, y)
    with pytest.raises(ValueError, match="groups needs all of them"):
        TheoryGuidedRidgeCV().fit(lazy, y, groups=np.arange(300) // 2)
    with pytest.raises(ValueError, match="X has 300 rows, and y 299"):
        TheoryGuidedRidgeCV().fit(lazy, y[:-1])
    with pytest.raises(ValueError, match="X has 300 rows, and y 200"):
        TheoryGuidedRidgeCV().fit(lazy, da.from_array(y[:200], chunks=100))
    with pytest.raises(ValueError, match="two dimensions"):
        TheoryGuidedRidgeCV().fit(lazy[:, 0], y)
    with pytest.raises(ValueError, match="y must hold numbers"):
        TheoryGuidedRidgeCV().fit(lazy, np.array(["a"] * 300))
    with pytest.raises(ValueError, match="requires y to be passed"):
        TheoryGuidedRidgeCV().fit(lazy, None)
    with pytest.raises(ValueError, match="y must have one dimension or two"):
        TheoryGuidedRidgeCV().fit(lazy, y[:, None, None])
    with pytest.raises(ValueError, match="Complex data not supported; give X"):
        TheoryGuidedRidgeCV().fit(lazy * 1j, y)
    with pytest.raises(ValueError, match="X has no columns"):
        TheoryGuidedRidgeCV().fit(lazy[:, :0], y)
    with pytest.raises(ValueError, match="y has no columns"):
        TheoryGuidedRidgeCV().fit(lazy, y[:, None][:, :0])
    with pytest.raises(ValueError, match="give a dask collection to fit"):
        TheoryGuidedRidgeCV().partial_fit(lazy, y)
    with pytest.raises(ValueError, match="no rows are kept where they come in blocks"):
        TheoryGuidedRidgeCV().fit(lazy, y).predict_interval(X, method="jackknife+")


def test_a_worker_that_dies_changes_nothing():
    """Two worker processes; one is killed while blocks are being made."""
    distributed = pytest.importorskip("distributed")
    X, y = make_data(800, 6)

    def slowly(block):
        time.sleep(0.1)
        return block

    lazy = da.from_array(X, chunks=(50, 6)).map_blocks(slowly, dtype=float)
    killed = []
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "30s"}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster),
    ):
        victim = cluster.workers[0]

        def kill():
            os.kill(victim.pid, signal.SIGKILL)
            killed.append(time.monotonic())

        timer = threading.Timer(0.4, kill)
        timer.start()
        model = TheoryGuidedRidgeCV().fit(lazy, da.from_array(y, chunks=50))
        finished = time.monotonic()
        timer.join()
    assert killed[0] < finished
    assert_same(model, TheoryGuidedRidgeCV().fit(X, y))


@pytest.mark.parametrize("risk", ["loo", "gcv"])
def test_warnings_are_shown_where_the_user_fits(risk):
    X, y = make_data(200, 4)
    rows = da.from_array(X, chunks=(50, 4))
    with pytest.warns(GridEdgeWarning, match="at their edge") as caught:
        TheoryGuidedRidgeCV([1e3, 1e4], risk=risk).fit(rows, y)
    assert caught[0].filename == __file__
