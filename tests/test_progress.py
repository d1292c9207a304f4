"""Callbacks of scikit-learn see what a fit does, and change nothing of it."""

import contextlib
import io
import pickle

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal
from reference import make_data
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm._linalg import choose as _choose

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 brings callbacks")
EVENTS = []  # of all recorders: clones and pickles are others


class Recorder:
    """Writes down which task begins and ends."""

    def setup(self, estimator, context):
        EVENTS.append("setup")

    def on_fit_task_begin(self, estimator, context, *, X=None):
        EVENTS.append(("begin", context.task_name, context.max_subtasks, X is not None))

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        EVENTS.append(("end", context.task_name))
        if fitted_estimator is not None:
            EVENTS.append(fitted_estimator.coef_)
        return True  # a wish to stop, which no fit can fulfil

    def teardown(self, estimator, context):
        EVENTS.append("teardown")


@pytest.fixture(autouse=True)
def _fresh():
    EVENTS.clear()


def whole_fit(model, *tasks):
    """Return the events of a fit that has these tasks: (name, number of blocks or None)."""
    events = ["setup", ("begin", "fit", None, True)]
    for name, n_blocks in tasks:
        events.append(("begin", name, n_blocks, False))
        events += [("begin", "block", 0, False), ("end", "block")] * (n_blocks or 0)
        events.append(("end", name))
    return [*events, ("end", "fit"), model.coef_, "teardown"]


def assert_events(expected):
    assert len(EVENTS) == len(expected)
    for found, wanted in zip(EVENTS, expected, strict=True):
        assert_array_equal(found, wanted)


IN_MEMORY = [("factorize", None), ("select", None)]


@pytest.mark.parametrize(
    "model", [TheoryGuidedRidgeCV(), TheoryGuidedRidgeCV(cv=KFold(3)), RenormalizedRidge(2.0)]
)
def test_stages_in_memory(model):
    X, y = make_data(60, 5)
    expected = clone(model).fit(X, y)
    assert not EVENTS
    model = clone(model).set_callbacks(Recorder()).fit(X, y)
    assert_events(whole_fit(model, *IN_MEMORY))
    assert_array_equal(model.coef_, expected.coef_)
    assert_array_equal(model.report_.path.risk, expected.report_.path.risk)


def test_krylov_spaces_are_one_factorization(monkeypatch):
    monkeypatch.setattr(_choose, "_LARGEST_GRAM", 20)
    X, y = make_data(120, 60)
    model = TheoryGuidedRidgeCV().set_callbacks(Recorder()).fit(scipy.sparse.csr_array(X), y)
    assert model.report_.factorization.startswith("krylov")
    assert_events(whole_fit(model, ("factorize", None), ("select", None)))


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
@pytest.mark.parametrize(("risk", "n_passes"), [("loo", 3), ("gcv", 1)])
@pytest.mark.parametrize("chunks", [50, 300])
def test_dask_tells_of_every_block(scheduler, risk, n_passes, chunks):
    dask = pytest.importorskip("dask")
    from_array = pytest.importorskip("dask.array").from_array
    X, y = make_data(300, 4)
    lazy = from_array(X, chunks=(chunks, 4))
    with dask.config.set(scheduler=scheduler):
        expected = TheoryGuidedRidgeCV(risk=risk).fit(lazy, y)
        model = TheoryGuidedRidgeCV(risk=risk).set_callbacks(Recorder()).fit(lazy, y)
    assert_events(whole_fit(model, *[("pass over the rows", 300 // chunks)] * n_passes))
    assert_array_equal(model.coef_, expected.coef_)


def test_dask_dataframes_too():
    pandas, dataframe = pytest.importorskip("pandas"), pytest.importorskip("dask.dataframe")
    X, y = make_data(300, 4)
    frame = pandas.DataFrame(np.column_stack([X, y]), columns=[*"abcd", "y"])
    lazy = dataframe.from_pandas(frame, npartitions=5)
    model = TheoryGuidedRidgeCV().set_callbacks(Recorder()).fit(lazy[[*"abcd"]], lazy["y"])
    assert_events(whole_fit(model, *[("pass over the rows", 5)] * 3))


def test_callbacks_are_taken_down_after_an_error():
    X, y = make_data(60, 5)
    model = TheoryGuidedRidgeCV().set_callbacks(Recorder()).fit(X, y)
    before = dict(vars(model))
    EVENTS.clear()
    with pytest.raises(ValueError, match="inconsistent"):
        model.fit(X, y[:3])
    assert EVENTS == ["setup", ("begin", "fit", None, True), "teardown"]
    assert vars(model) == before


def test_clones_and_pickles_keep_their_callbacks():
    X, y = make_data(60, 5)
    model = TheoryGuidedRidgeCV().set_callbacks(Recorder()).fit(X, y)
    for other in (clone(model), pickle.loads(pickle.dumps(model))):
        EVENTS.clear()
        other.fit(X, y)
        assert_events(whole_fit(model, *IN_MEMORY))
    EVENTS.clear()
    model.set_callbacks().fit(X, y)
    assert not EVENTS


def test_a_scoring_callback_scores_the_fitted_model():
    X, y = make_data(60, 5)
    monitor = callback.ScoringMonitor(scoring="r2")
    model = TheoryGuidedRidgeCV().set_callbacks(monitor).fit(X, y)
    (row,) = monitor.get_logs().data
    assert row["r2"] == pytest.approx(model.score(X, y))


def test_progress_bar_shows_the_stages():
    pytest.importorskip("rich")
    X, y = make_data(60, 5)
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        TheoryGuidedRidgeCV().set_callbacks(callback.ProgressBar()).fit(X, y)
    lines = shown.getvalue().splitlines()
    assert [line.split("#")[0].split("━")[0].strip() for line in lines if line] == [
        f"TheoryGuidedRidgeCV - {task}" for task in ("fit", "factorize", "select")
    ]
    assert all("100%" in line for line in lines if line)


@pytest.mark.parametrize(("depth", "n_told"), [(None, 5), (3, 5), (2, 5), (1, 0), (0, 0)])
def test_stages_are_a_level_below_the_fits_of_a_search(depth, n_told):
    X, y = make_data(60, 5)
    search = GridSearchCV(TheoryGuidedRidgeCV(), {"risk": ["loo", "gcv"]}, cv=2)
    recorder = Recorder()
    recorder.max_propagation_depth = depth
    search.set_callbacks(recorder).fit(X, y)
    for name in ("factorize", "select"):
        for event in (("begin", name, None, False), ("end", name)):
            assert sum(told == event for told in EVENTS if isinstance(told, tuple)) == n_told


def test_a_fit_of_a_search_tells_callbacks_of_its_own_all():
    X, y = make_data(60, 5)
    model = TheoryGuidedRidgeCV().set_callbacks(Recorder())
    GridSearchCV(model, {"risk": ["loo", "gcv"]}, cv=2).fit(X, y)
    assert sum(told == ("end", "select") for told in EVENTS if isinstance(told, tuple)) == 5


def test_blocks_of_a_fit_in_a_pipeline_are_as_deep_as_its_stages():
    from_array = pytest.importorskip("dask.array").from_array
    X, y = make_data(300, 4)
    recorder = Recorder()
    pipeline = make_pipeline("passthrough", TheoryGuidedRidgeCV()).set_callbacks(recorder)
    for recorder.max_propagation_depth, n_told in ((1, 0), (2, 18)):
        EVENTS.clear()
        pipeline.fit(from_array(X, chunks=(50, 4)), y)
        assert sum(told == ("end", "block") for told in EVENTS if isinstance(told, tuple)) == n_told


@pytest.mark.parametrize(("depth", "n_lines"), [(1, 1), (2, 3)])
def test_progress_bar_of_a_search_has_one_line_for_each_fit(depth, n_lines):
    pytest.importorskip("rich")
    X, y = make_data(60, 5)
    shown = io.StringIO()
    search = GridSearchCV(RenormalizedRidge(), {"effective_df": [1, 2]}, cv=2)
    with contextlib.redirect_stdout(shown):
        search.set_callbacks(callback.ProgressBar(max_propagation_depth=depth)).fit(X, y)
    ours = [line for line in shown.getvalue().splitlines() if "RenormalizedRidge" in line]
    assert len(ours) == 5 * n_lines
