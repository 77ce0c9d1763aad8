"""Live plots: loop times and surprise over the last half minute of the target's clock."""

from collections.abc import Mapping

import numpy as np
import viser
from viser import uplot

WINDOW = 30.0
"""Time shown [s]."""

_COLOURS = {"control": "#2dd4bf", "plan": "#ffd640", "surprise": "#e879f9"}
_CAPACITY = 900


class History:
    """Samples of a few named quantities over a sliding window of time; one not given keeps its last value.

    Before its first value a quantity has that one: a chart would draw anything else as a fall to nothing.

    Args:
        names: Of the quantities.
        window: Time kept [s].
    """

    def __init__(self, names: tuple[str, ...], window: float = WINDOW) -> None:
        self._names = names
        self._window = window
        self._rows: list[tuple[float, ...]] = []
        self.changed = False

    def add(self, stamp: float, values: Mapping[str, float]) -> None:
        """Append a sample; a stamp before the last one means that the clock was reset, and starts again."""
        if self._rows and stamp < self._rows[-1][0]:
            self._rows.clear()
        last = self._rows[-1][1:] if self._rows else [np.nan] * len(self._names)
        held = zip(self._names, last, strict=True)
        self._rows.append((stamp, *(values.get(name, before) for name, before in held)))
        first = next(k for k, row in enumerate(self._rows) if row[0] >= stamp - self._window)
        del self._rows[: max(first, len(self._rows) - _CAPACITY)]
        self.changed = True

    def columns(self) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...]:
        """Time before the latest sample [s] and each quantity, each of shape (n,), n ≥ 2."""
        rows = list(self._rows)  # another thread may be adding
        if len(rows) < 2:
            empty = np.full(2, np.nan)
            return (np.array([-self._window, 0.0]), *(empty for _ in self._names))
        table = np.array(rows, dtype=float)
        for column in table.T[1:]:
            known = np.flatnonzero(np.isfinite(column))
            if len(known):
                column[: known[0]] = column[known[0]]
        return (table[:, 0] - table[-1, 0], *(table[:, 1 + k].copy() for k in range(len(self._names))))


class Plots:
    """Two charts in the current GUI container.

    Args:
        gui: Where to draw.
    """

    def __init__(self, gui: viser.GuiApi) -> None:
        self._times = History(("control", "plan"))
        self._surprise = History(("surprise",))
        times = _chart(gui, "Computation time [ms]", ("control", "plan"), self._times, logarithmic=True)
        surprise = _chart(gui, "Surprise (1 = as in training)", ("surprise",), self._surprise, logarithmic=False)
        self._charts = ((self._times, times), (self._surprise, surprise))

    def add_times(self, stamp: float, milliseconds: Mapping[str, float]) -> None:
        """Append loop times at a stamp [s]; known names are 'control' and 'plan'."""
        self._times.add(stamp, {name: max(value, 1e-3) for name, value in milliseconds.items()})

    def add_surprise(self, stamp: float, value: float) -> None:
        """Append the planner's prediction error at a stamp [s]."""
        self._surprise.add(stamp, {"surprise": value})

    def refresh(self) -> None:
        """Send what changed since the last call."""
        for history, chart in self._charts:
            if history.changed:
                history.changed = False
                chart.data = history.columns()


def _chart(
    gui: viser.GuiApi, title: str, names: tuple[str, ...], history: History, *, logarithmic: bool
) -> viser.GuiUplotHandle:
    hidden = uplot.Series_Points(show=False)
    lines = [uplot.Series(label=name, stroke=_COLOURS[name], width=1.8, spanGaps=True, points=hidden) for name in names]
    scales = {"x": uplot.Scale(time=False, range=(-WINDOW, 0.0))}
    if logarithmic:
        scales["y"] = uplot.Scale(distr=3, range=(0.1, 1000.0))
    return gui.add_uplot(
        history.columns(),
        (uplot.Series(label="s"), *lines),
        title=title,
        scales=scales,
        height=125,
        padding=(12, 14, 0, 0),
        legend=uplot.Legend(show=len(names) > 1, live=False),
    )
