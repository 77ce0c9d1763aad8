"""The elevation grid as a field of columns: what is known of the ground, and nothing where it is not."""

from dataclasses import dataclass

import numpy as np
import viser
from numpy.typing import NDArray

from jepa_humanoid.monitor.palette import height_colours
from jepa_humanoid.robot.state import ElevationGrid

_GAP = 0.03
"""Share of a cell left dark around its column, so that cells can be counted."""

CUT = 0.35
"""Where columns are cut off so that a wall hides neither robot nor plan; its colour still says how tall it is [m]."""

_CRUST = 0.01
"""Least thickness of a cell [m]."""


@dataclass(frozen=True)
class Columns:
    """Known cells as upright boxes in ``base_footprint``.

    Attributes:
        tops: Centres of the top faces, shape (m, 3) [m].
        depths: Downwards from there, shape (m,) [m].
        heights: What was seen, tops that were cut off included, shape (m,) [m].
    """

    tops: NDArray[np.float32]
    depths: NDArray[np.float32]
    heights: NDArray[np.float32]


def columns(grid: ElevationGrid, ceiling: float = np.inf) -> Columns:
    """Known cells of a grid, each deep enough to close the gap to the ground and to its lowest known neighbour.

    Args:
        grid: The cells.
        ceiling: Height at which taller columns are cut off [m].
    """
    heights = np.asarray(grid.heights, dtype=np.float32)
    known = np.isfinite(heights)
    floor = np.where(known, heights, np.inf)
    lowest = floor.copy()
    lowest[1:] = np.minimum(lowest[1:], floor[:-1])
    lowest[:-1] = np.minimum(lowest[:-1], floor[1:])
    lowest[:, 1:] = np.minimum(lowest[:, 1:], floor[:, :-1])
    lowest[:, :-1] = np.minimum(lowest[:, :-1], floor[:, 1:])
    i, j = np.nonzero(known)
    middle = (heights.shape[0] - 1) / 2
    seen = heights[i, j]
    tops = np.minimum(seen, np.float32(ceiling))
    bottoms = np.minimum(np.minimum(lowest[i, j], 0.0), tops)
    centres = np.stack([(i - middle) * grid.resolution, (j - middle) * grid.resolution, tops], axis=1)
    return Columns(centres.astype(np.float32), tops - bottoms + np.float32(_CRUST), seen)


class TerrainView:
    """Draws the columns of the latest grid, instanced: one box mesh, three arrays.

    Args:
        scene: Where to draw.
        path: Path of the node, below the one whose frame is ``odom``.
    """

    def __init__(self, scene: viser.SceneApi, path: str) -> None:
        self._scene = scene
        self._path = path
        self.top = scene.add_frame(path, show_axes=False)
        self._boxes: viser.BatchedMeshHandle | None = None

    def show(self, grid: ElevationGrid, position: NDArray[np.floating], yaw: float, ceiling: float = np.inf) -> None:
        """Replace the grid.

        Args:
            grid: What to draw.
            position: Of ``base_footprint`` in ``odom``, shape (3,) [m].
            yaw: Of ``base_footprint`` in ``odom`` [rad].
            ceiling: Height at which taller columns are cut off [m].
        """
        drawn = columns(grid, ceiling)
        self.top.position = tuple(position)
        self.top.wxyz = (np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2))
        edge = grid.resolution * (1.0 - _GAP)
        count = len(drawn.depths)
        if count == 0:
            if self._boxes is not None:
                self._boxes.visible = False
            return
        scales = np.stack([np.full(count, edge), np.full(count, edge), drawn.depths], axis=1).astype(np.float32)
        colours = height_colours(drawn.heights)
        upright = np.tile(np.array([1.0, 0.0, 0.0, 0.0], dtype=np.float32), (count, 1))
        if self._boxes is None:
            vertices, faces = _unit_column()
            self._boxes = self._scene.add_batched_meshes_simple(
                f"{self._path}/columns",
                vertices,
                faces,
                batched_wxyzs=upright,
                batched_positions=drawn.tops,
                batched_scales=scales,
                batched_colors=colours,
                flat_shading=True,
                lod="off",
                cast_shadow=False,
            )
            return
        self._boxes.batched_wxyzs = upright
        self._boxes.batched_positions = drawn.tops
        self._boxes.batched_scales = scales
        self._boxes.batched_colors = colours
        self._boxes.visible = True


def _unit_column() -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """Open-bottomed box of edge 1 that hangs below the origin."""
    square = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]
    vertices = np.array([(x, y, z) for z in (-1.0, 0.0) for x, y in square], dtype=np.float32)
    faces = [(4, 5, 6), (4, 6, 7)]
    for a in range(4):
        b = (a + 1) % 4
        faces += [(a, b, b + 4), (a, b + 4, a + 4)]
    return vertices, np.array(faces, dtype=np.uint32)
