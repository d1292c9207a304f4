"""BLAS limits are those of the process: a fit leaves them as they were, from any thread."""

from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
import threadpoolctl
from numpy.testing import assert_allclose
from reference import make_data

from sk_renorm import TheoryGuidedRidgeCV
from sk_renorm._linalg import map_ranges
from sk_renorm._linalg.threads import one_blas_thread


def limits():
    pools = threadpoolctl.threadpool_info()
    return [pool["num_threads"] for pool in pools if pool["user_api"] == "blas"]


@pytest.mark.parametrize("shape", [(300, 60), (4000, 100)])
def test_fits_restore_the_limits(shape):
    X, y = make_data(*shape)
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = limits()
        TheoryGuidedRidgeCV().fit(X, y)
        assert limits() == before
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: TheoryGuidedRidgeCV().fit(X, y), range(6)))
        assert limits() == before


def test_only_the_main_thread_limits_the_process():
    def seen_within():
        with one_blas_thread():
            return limits()

    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = limits()
        assert set(seen_within()) == {1}
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(seen_within).result() == before
        assert limits() == before


def test_limits_are_restored_after_a_task_raises():
    def failing(start, stop):
        raise RuntimeError(f"rows {start} to {stop}")

    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = limits()
        with pytest.raises(RuntimeError, match="rows 0 to 500"):
            map_ranges(failing, 1000, min_items=100)
        X, y = make_data(4000, 100)
        X[7, 3] = np.nan
        with pytest.raises(ValueError, match="NaN"):
            TheoryGuidedRidgeCV().fit(X, y)
        assert limits() == before


def test_other_threads_make_no_pools_of_their_own():
    with (
        threadpoolctl.threadpool_limits(2, user_api="blas"),
        ThreadPoolExecutor(1) as pool,
    ):
        ranges = [map_ranges(lambda *bounds: bounds, 1000, min_items=100)]
        ranges += [pool.submit(map_ranges, lambda *bounds: bounds, 1000, min_items=100).result()]
    assert ranges == [[(0, 500), (500, 1000)], [(0, 1000)]]


def outcome(shape, risk):
    X, y = make_data(*shape)
    model = TheoryGuidedRidgeCV(risk=risk).fit(X, y)
    return np.r_[model.alpha_, model.risk_, model.coef_[:3]]


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_jobs_at_the_same_time_fit_what_one_after_the_other_does(backend):
    """Different models at once, in two Python threads or processes; shapes of every path."""
    tasks = [
        (shape, risk)
        for shape in ((4000, 100), (300, 60), (40, 90), (60, 400))
        for risk in ("loo", "gcv")
    ]
    alone = [outcome(*task) for task in tasks]
    together = joblib.Parallel(n_jobs=2, backend=backend)(
        joblib.delayed(outcome)(*task) for task in 2 * tasks
    )
    assert_allclose(together, 2 * alone, rtol=1e-8)
