"""What the planner imagines, coloured by cost, the choice in bold, and the way that the robot has come."""

from collections.abc import Callable

import numpy as np
import viser
from numpy.typing import NDArray

from jepa_humanoid.monitor.palette import CHOSEN, TRAIL, cost_colours, linear
from jepa_humanoid.robot.state import Vector

LIFT = 0.04
"""Lines float this far above what is drawn below them, clear of the footsteps [m]."""

Relief = Callable[[NDArray[np.floating]], NDArray[np.floating]]
"""Height above the ground of what is drawn at each of the points, shapes (..., 3) to (...) [m]."""

_MAX_CANDIDATES = 64
_NOWHERE = np.full((1, 2, 3), -50.0, dtype=np.float32)
"""A line that nobody sees: below the floor."""


class PlanView:
    """Candidates and choice of the latest plan.

    Args:
        scene: Where to draw.
        path: Path of the node, below the one whose frame is ``odom``.
    """

    def __init__(self, scene: viser.SceneApi, path: str) -> None:
        self.top = scene.add_frame(path, show_axes=False)
        self._candidates = scene.add_line_segments(
            f"{path}/candidates", _NOWHERE, np.zeros((1, 2, 3), np.uint8), thickness=0.014, visible=False
        )
        self._chosen = scene.add_line_segments(
            f"{path}/chosen", _NOWHERE, linear(CHOSEN), thickness=0.05, visible=False
        )
        self._tip = scene.add_icosphere(
            f"{path}/tip", radius=0.06, color=CHOSEN, subdivisions=3, cast_shadow=False, visible=False
        )

    def show(
        self,
        candidates: NDArray[np.floating],
        costs: Vector,
        chosen: NDArray[np.floating],
        ground: float,
        relief: Relief | None = None,
    ) -> None:
        """Replace the plan.

        Args:
            candidates: Imagined positions in ``odom``, shape (K, H, 2 or 3) [m].
            costs: Of each candidate, shape (K,); not finite for those that were dropped.
            chosen: Positions of the chosen trajectory, shape (H, 2 or 3) [m].
            ground: Height at which two-dimensional positions are drawn [m].
            relief: What the lines are laid over, so that nothing hides them.
        """
        dearest_first = np.argsort(np.where(np.isfinite(costs), -costs, -np.inf))
        if len(dearest_first) > _MAX_CANDIDATES:
            dearest_first = dearest_first[np.linspace(0, len(dearest_first) - 1, _MAX_CANDIDATES).astype(int)]
        lines = drape(on_ground(candidates[dearest_first], ground), relief)
        if lines.shape[0] and lines.shape[1] > 1:
            # Cheaper lines lie a little higher, so that they are not hidden by dearer ones.
            lines[..., 2] += np.linspace(0.0, 0.02, len(lines), dtype=np.float32)[:, None]
            segments = np.stack([lines[:, :-1], lines[:, 1:]], axis=2)
            colours = np.broadcast_to(cost_colours(costs[dearest_first])[:, None, None], segments.shape)
            self._candidates.points = segments.reshape(-1, 2, 3)
            self._candidates.colors = np.ascontiguousarray(colours).reshape(-1, 2, 3)
            self._candidates.visible = True
        else:
            self._candidates.visible = False
        line = drape(on_ground(chosen, ground), relief)
        if len(line) > 1:
            line[:, 2] += 0.03
            self._chosen.points = np.stack([line[:-1], line[1:]], axis=1)
            self._tip.position = tuple(line[-1])
        self._chosen.visible = self._tip.visible = len(line) > 1

    def clear(self) -> None:
        """Draw no plan."""
        self._candidates.visible = self._chosen.visible = self._tip.visible = False


class TrailView:
    """The way the base has come, thinned to one point every few centimetres.

    Args:
        scene: Where to draw.
        path: Path of the node, below the one whose frame is ``odom``.
        spacing: Between two points [m].
        length: Points kept.
    """

    def __init__(self, scene: viser.SceneApi, path: str, spacing: float = 0.05, length: int = 1500) -> None:
        self._spacing = spacing
        self._length = length
        self._points: list[tuple[float, float, float]] = []
        self.top = scene.add_line_segments(
            path, _NOWHERE, np.zeros((1, 2, 3), np.uint8), thickness=0.012, visible=False
        )

    def add(self, x: float, y: float, ground: float) -> None:
        """Append a place in ``odom`` [m] if it is far enough from the last; a jump of a metre starts a new trail."""
        point = (x, y, ground + 0.5 * LIFT)
        if self._points:
            distance = float(np.hypot(x - self._points[-1][0], y - self._points[-1][1]))
            if distance < self._spacing:
                return
            if distance > 1.0:
                self._points.clear()
        self._points.append(point)
        del self._points[: -self._length]
        if len(self._points) < 2:
            self.top.points = _NOWHERE
            return
        line = np.array(self._points, dtype=np.float32)
        fade = np.linspace(0.35, 1.0, len(line) - 1)[:, None, None]
        self.top.points = np.stack([line[:-1], line[1:]], axis=1)
        self.top.colors = linear(np.broadcast_to(fade * np.array(TRAIL), (len(line) - 1, 2, 3)))

    def clear(self) -> None:
        """Forget the way."""
        self._points.clear()
        self.top.points = _NOWHERE


def on_ground(points: NDArray[np.floating], ground: float) -> NDArray[np.float32]:
    """Three-dimensional copy of planar or spatial points, lifted clear of the ground; shape (..., 3) [m]."""
    lifted = np.empty((*points.shape[:-1], 3), dtype=np.float32)
    lifted[..., :2] = points[..., :2]
    lifted[..., 2] = (points[..., 2] if points.shape[-1] == 3 else ground) + LIFT
    return lifted


def drape(lines: NDArray[np.float32], relief: Relief | None) -> NDArray[np.float32]:
    """Lines laid over a relief, their segments clear of it at both ends; shape (..., H, 3) [m]."""
    if relief is None or lines.shape[-2] == 0:
        return lines
    rise = relief(lines)
    over = rise.copy()
    over[..., 1:] = np.maximum(over[..., 1:], rise[..., :-1])
    over[..., :-1] = np.maximum(over[..., :-1], rise[..., 1:])
    draped = lines.copy()
    draped[..., 2] += over
    return draped
