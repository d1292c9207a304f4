"""What the displays share: axes to draw on, and a second scale on top."""

import numpy as np


def get_axes(ax):
    """Return ``ax``, or axes of a new figure."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "Displays need matplotlib; install it with 'pip install sk-renorm[plot]'."
        ) from error
    return plt.subplots(layout="constrained")[1] if ax is None else ax


def round_numbers(low: float, high: float) -> np.ndarray:
    """Return 1, 2, 5, 10, 20, ... between ``low`` and ``high``, ascending."""
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    numbers = np.multiply.outer(decades, [1.0, 2.0, 5.0]).ravel()
    return numbers[(numbers >= low) & (numbers <= high)]


def apart(places: np.ndarray, ends: tuple[float, float], least: float = 0.07) -> np.ndarray:
    """Return which of ``places`` on a logarithmic axis keep a share ``least`` of it apart."""
    t = np.log(places) / np.log(ends[1] / ends[0])
    kept = []
    for index in range(len(t)):
        if not kept or abs(t[index] - t[kept[-1]]) >= least:
            kept.append(index)
    return np.array(kept, dtype=int)


def label_rows(ax) -> None:
    """Label a logarithmic axis of numbers of rows by round numbers."""
    low, high = ax.get_xlim()
    ticks = round_numbers(low, high)
    ticks = ticks[apart(ticks, (low, high))]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_xticks([], minor=True)
