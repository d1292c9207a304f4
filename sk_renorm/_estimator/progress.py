"""What a fit is doing, told to scikit-learn's callbacks; silent where there are none."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from sk_renorm._linalg import Stage, silent_stage
from sk_renorm._rows.compat import has_callbacks, one_level_deeper, with_callbacks

# The decorator takes callbacks down after the method.  A context manager calls it on nothing, so
# that warnings need not count one more frame to the caller of fit.
_tear_down = with_callbacks(lambda estimator: None)


@contextmanager
def reported(estimator, X, y, sample_weight) -> Iterator[Stage]:
    """Report the body as the fit of ``estimator``; yields what opens its stages.

    Callbacks are called in this thread.  A wish of theirs to stop early is not heeded: half a fit
    has no penalty.
    """
    if not has_callbacks(estimator):
        yield silent_stage
        return
    given = {"X": X, "y": y, "metadata": {"sample_weight": sample_weight}}
    try:
        fit = estimator._init_callback_context(max_subtasks=None)
        fit.call_on_fit_task_begin(estimator=estimator, **given)
        yield partial(_stage, estimator, fit)
        fit.call_on_fit_task_end(estimator=estimator, **given, reconstruction_attributes={})
    finally:
        _tear_down(estimator)


@contextmanager
def _stage(estimator, fit, name: str, n_blocks: int | None = None) -> Iterator[Callable[[], None]]:
    """Report a task of the fit; yields what counts a block that is done."""
    stage = fit.subcontext(task_name=name, max_subtasks=n_blocks)
    if fit.source_estimator_name is not None:  # a fit of a search has stages that nobody awaits
        one_level_deeper(stage)
    stage.call_on_fit_task_begin(estimator=estimator)

    def count() -> None:
        block = stage.subcontext(task_name="block").call_on_fit_task_begin(estimator=estimator)
        block.call_on_fit_task_end(estimator=estimator)

    yield count
    stage.call_on_fit_task_end(estimator=estimator)
