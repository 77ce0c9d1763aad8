"""The elevation grid as a field of blocks: what is known of the ground, and nothing where it is not."""

from dataclasses import dataclass

import numpy as np
import viser
from numpy.typing import NDArray

from jepa_humanoid import geometry
from jepa_humanoid.monitor.palette import MOVING, height_colours, linear
from jepa_humanoid.robot.state import ElevationGrid

CUT = 0.35
"""Where blocks are cut off so that a wall hides neither robot nor plan; its colour still says how tall it is [m]."""

SIGHT = 0.36
"""Slope along which walls near the robot are cut lower, so that whoever looks down by 20° or more sees its feet."""

CLEAR = 0.3
"""Around the robot nothing is taller than `KERB` [m]."""

KERB = 0.06
"""What is left of what stands close to the robot [m]."""

FLAT = 0.03
"""Cells closer to the ground than this are drawn level with it: noise, and less than the robot minds [m]."""

LOW = 0.15
"""Lines are laid over what is no taller than this; they end in what is, as the robot would [m]."""

_STEP = 0.02
"""Heights are drawn in steps of this, so that neighbours merge [m]."""

_CRUST = 0.01
"""Least thickness of a block [m]."""


@dataclass(frozen=True)
class Blocks:
    """Known cells as upright boxes in ``base_footprint``; neighbours in a row that look alike are one box.

    Attributes:
        tops: Centres of the top faces, shape (m, 3) [m].
        sizes: Along x, along y and downwards, shape (m, 3) [m].
        heights: What was seen, tops that were cut off included, shape (m,) [m].
        moves: Which of them move, shape (m,).
    """

    tops: NDArray[np.float32]
    sizes: NDArray[np.float32]
    heights: NDArray[np.float32]
    moves: NDArray[np.bool_]


def cutaway(grid: ElevationGrid) -> NDArray[np.float32]:
    """Height at which each cell is cut off so that no wall hides the robot's feet, shape (n, n) [m].

    It rises with the distance from the robot and does not depend on where the camera is: everybody looks at the same
    scene, each from somewhere else, and a camera that moves costs nothing.

    Args:
        grid: Around the robot.
    """
    n = len(grid.heights)
    i, j = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    distance = np.linalg.norm(grid.places(np.stack([i, j], axis=-1).reshape(-1, 2)), axis=-1).reshape(n, n)
    ceiling = np.clip(KERB + SIGHT * (distance - CLEAR), KERB, CUT)
    return np.asarray(_STEP * np.round(ceiling / _STEP), dtype=np.float32)


def blocks(grid: ElevationGrid, ceiling: float | NDArray[np.float32] = np.inf) -> Blocks:
    """Known cells of a grid, each deep enough to close the gap to the ground and to its lowest known neighbour.

    Args:
        grid: The cells.
        ceiling: Height at which taller blocks are cut off, one for all or of shape (n, n) [m].
    """
    seen = np.asarray(grid.heights, dtype=np.float32)
    known = np.isfinite(seen)
    heights = np.where(known, np.where(np.abs(seen) < FLAT, 0.0, _STEP * np.round(seen / _STEP)), np.inf)
    lowest = heights.copy()
    lowest[1:] = np.minimum(lowest[1:], heights[:-1])
    lowest[:-1] = np.minimum(lowest[:-1], heights[1:])
    lowest[:, 1:] = np.minimum(lowest[:, 1:], heights[:, :-1])
    lowest[:, :-1] = np.minimum(lowest[:, :-1], heights[:, 1:])
    tops = np.minimum(heights, ceiling)
    bottoms = np.minimum(np.minimum(lowest, 0.0), tops)
    # Above the cut only the colour tells heights apart, and it changes slowly.
    shades = np.where(heights > ceiling, np.maximum(ceiling, 0.2 * np.round(heights / 0.2)), heights)

    moves: NDArray[np.bool_] = np.asarray(grid.velocity.any(axis=-1))
    begins = known.copy()
    begins[:, 1:] &= _differs(known, tops, bottoms, shades, moves)
    i, first = np.nonzero(begins)
    run = np.cumsum(begins.ravel()) - 1
    count = np.bincount(run[known.ravel()], minlength=len(i))
    middles = grid.places(np.stack([i, first + (count - 1) / 2], axis=1))
    top, bottom = tops[i, first], bottoms[i, first]
    sizes = np.stack([np.full(len(i), grid.resolution), count * grid.resolution, top - bottom + _CRUST], axis=1)
    return Blocks(
        np.column_stack([middles, top]).astype(np.float32),
        sizes.astype(np.float32),
        shades[i, first].astype(np.float32),
        moves[i, first],
    )


def _differs(known: NDArray[np.bool_], *layers: NDArray[np.floating | np.bool_]) -> NDArray[np.bool_]:
    """Whether a cell cannot be one with its neighbour before it in the row, shape (n, n - 1)."""
    differs = ~known[:, :-1]
    for layer in layers:
        differs |= layer[:, 1:] != layer[:, :-1]
    return differs


class TerrainView:
    """Draws the blocks of the latest grid, instanced: one box mesh, three arrays.

    Args:
        scene: Where to draw.
        path: Path of the node, below the one whose frame is ``odom``.
    """

    def __init__(self, scene: viser.SceneApi, path: str) -> None:
        self._scene = scene
        self._path = path
        self.top = scene.add_frame(path, show_axes=False)
        self._boxes: viser.BatchedMeshHandle | None = None
        self._relief: tuple[NDArray[np.float32], float, NDArray[np.floating], float] | None = None

    def relief(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """Height above the ground of low things at places in ``odom``; 0 where they are tall, or nothing is known.

        Args:
            points: x, y and whatever follows, shape (..., 2 or more) [m].
        """
        if self._relief is None:
            return np.zeros(points.shape[:-1], np.float32)
        drawn, resolution, position, yaw = self._relief
        local = geometry.to_local((*position[:2], yaw), points[..., :2])
        i, j = np.moveaxis(np.rint(local / resolution + (len(drawn) - 1) / 2).astype(int), -1, 0)
        inside = (i >= 0) & (i < len(drawn)) & (j >= 0) & (j < len(drawn))
        last = len(drawn) - 1
        return np.where(inside, drawn[i.clip(0, last), j.clip(0, last)], np.float32(0.0))

    def show(self, grid: ElevationGrid, position: NDArray[np.floating], yaw: float, *, cut: bool = False) -> None:
        """Replace the grid.

        Args:
            grid: What to draw.
            position: Of ``base_footprint`` in ``odom``, shape (3,) [m].
            yaw: Of ``base_footprint`` in ``odom`` [rad].
            cut: Whether walls are cut off so that they hide nothing.
        """
        drawn = blocks(grid, cutaway(grid) if cut else np.inf)
        seen = np.nan_to_num(np.asarray(grid.heights, dtype=np.float32))
        low = np.where((seen >= FLAT) & (seen <= LOW), seen, np.float32(0.0))
        self._relief = low, grid.resolution, np.array(position), yaw
        self.top.position = tuple(position)
        self.top.wxyz = np.roll(geometry.yaw_quaternion(yaw), 1)
        count = len(drawn.tops)
        if count == 0:
            if self._boxes is not None:
                self._boxes.visible = False
            return
        colours = height_colours(drawn.heights)
        colours[drawn.moves] = linear(MOVING)
        upright = np.tile(np.array([1.0, 0.0, 0.0, 0.0], dtype=np.float32), (count, 1))
        if self._boxes is None:
            vertices, faces = _unit_column()
            self._boxes = self._scene.add_batched_meshes_simple(
                f"{self._path}/blocks",
                vertices,
                faces,
                batched_wxyzs=upright,
                batched_positions=drawn.tops,
                batched_scales=drawn.sizes,
                batched_colors=colours,
                flat_shading=True,
                lod="off",
                cast_shadow=False,
            )
            return
        self._boxes.batched_wxyzs = upright
        self._boxes.batched_positions = drawn.tops
        self._boxes.batched_scales = drawn.sizes
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
