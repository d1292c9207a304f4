"""BLAS limits are those of the process: a fit leaves them as they were, from any thread."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import threadpoolctl
from reference import make_data

from sk_renorm import TheoryGuidedRidgeCV
from sk_renorm._linalg._threads import one_blas_thread


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
