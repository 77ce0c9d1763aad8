"""A real place to walk in: a scan or a model of it, cut into boxes that robots run into and LiDARs see.

A scan is one surface, of which the convex hull is a block without a room in it; so it is sampled, cut into cells, and
cells that are full are joined to as few boxes as are easily found. What is no higher than people step over becomes
ground. The cells are laid along the walls, which makes a wall one box instead of many.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh
from numpy.typing import NDArray
from scipy import ndimage

from jepa_humanoid.geometry import rotation
from jepa_humanoid.robot.state import Matrix, Vector
from jepa_humanoid.simulation.errors import SceneError
from jepa_humanoid.simulation.ground import Slab
from jepa_humanoid.simulation.meshes import Up
from jepa_humanoid.simulation.obstacles import Obstacle
from jepa_humanoid.simulation.rules import PlaceRule

FORMATS = (".glb", ".gltf", ".ply", ".obj", ".stl")
"""Of files that a place is read from."""

_Y_UP = (".glb", ".gltf")
_NOISE = 0.03
"""Distance from the floor of what is still floor [m]."""
_STEPPED_OVER = 0.12
"""Height up to which a thing is ground [m]: what is higher, a planner takes for an obstacle as well."""
_TREAD = 0.02
"""Heights of ground are multiples of this [m]."""
_DENSITY = 6.0
"""Samples of a surface for each face of a cell."""
_UPRIGHT = 0.9
"""Cosine of the angle to the vertical up to which a surface's normal makes it a floor."""
_SHARE = 0.25
"""Of the largest level surface, that the floor has at least."""
_LEVEL_SHARE = 0.02
"""Of all surface, that has to look up for one of them to be the floor."""
_BIN = 0.02
_SPECK = 3
"""Cells that hang together in smaller numbers are noise."""
_MOST_CELLS, _MOST_BOXES, _MOST_SAMPLES = 200_000_000, 8000, 20_000_000
_BELOW = 0.1
"""Thickness of ground below the floor [m]."""

Cells = NDArray[np.bool_]


@dataclass(frozen=True)
class Place:
    """What a place is made of, in the coordinates of its file, upright, and with its floor at z = 0.

    Attributes:
        obstacles: What is run into.
        ground: What is stepped on.
    """

    obstacles: tuple[Obstacle, ...]
    ground: tuple[Slab, ...]


def read_place(file: Path, rule: PlaceRule) -> Place:
    """Read a mesh or a cloud of points of a place.

    Args:
        file: One of `FORMATS`.
        rule: What the scene's file says of it.

    Raises:
        SceneError: If it is none that a robot can walk in; it says what to do.
    """
    points, level = _read(file, rule)
    floor = rule.floor if rule.floor is not None else _floor(level)
    points = points - [0.0, 0.0, floor]
    points = points[(points[:, 2] > _NOISE) & (points[:, 2] < rule.ceiling)]
    if not len(points):
        return Place((), ())
    yaw = _along_walls(points[:, :2])
    along = np.column_stack([points[:, :2] @ rotation(yaw), points[:, 2]])
    corner = along.min(axis=0) - rule.cell
    corner[2] = 0.0
    size = np.array([rule.cell, rule.cell, 2.0 * rule.cell])
    cells = _filled(along - corner, size, file)
    tops = _tops(along - corner, rule.cell, np.asarray(cells.any(axis=2)))
    low = (tops > 0.0) & (tops <= _STEPPED_OVER)
    cells[low] = False
    obstacles = tuple(_obstacles(cells, corner, size, yaw))
    if len(obstacles) > _MOST_BOXES:
        raise SceneError(f"{file} is {len(obstacles)} boxes, more than a robot walks among: give it a larger 'cell'")
    return Place(obstacles, tuple(_ground(np.where(low, tops, 0.0), corner, rule.cell, yaw, len(obstacles))))


def _read(file: Path, rule: PlaceRule) -> tuple[Matrix, Vector]:
    """Points of all surfaces, upright and in metres, and heights of those that may be a floor's."""
    if file.suffix.lower() not in FORMATS:
        raise SceneError(f"'{file}' is none of {', '.join(FORMATS)}: convert it to one, as Blender and MeshLab do")
    if not file.is_file():
        raise SceneError(f"no file '{file}': a path is absolute, or relative to the scene's file")
    try:
        pieces = trimesh.load_scene(file, process=False).dump()
    except Exception as error:  # whatever a reader of any format says
        raise SceneError(f"{file} cannot be read ({error}): export it again") from error
    samples = [_samples(piece, rule, file) for piece in pieces] or [(np.zeros((0, 3)), np.zeros(0))]
    points, normals = (np.concatenate(values) for values in zip(*samples, strict=True))
    if len(points) < _SPECK or not np.isfinite(points).all():
        raise SceneError(f"{file} has no surface and no points, or some that are no finite numbers: export it again")
    # A floor is looked at from above. Where nothing is turned that way, triangles may be the wrong way round.
    for level in (normals > _UPRIGHT, np.abs(normals) > _UPRIGHT):
        if level.sum() > _LEVEL_SHARE * len(points):
            return points, points[level, 2]
    return points, points[:, 2]


def _samples(piece: object, rule: PlaceRule, file: Path) -> tuple[Matrix, Vector]:
    """Points of one piece, and how far each one's normal points up, shape (N,); 0 of a cloud's."""
    up = rule.up or ("y" if file.suffix.lower() in _Y_UP else "z")
    vertices = _upright(np.array(getattr(piece, "vertices", np.zeros((0, 3))), dtype=float) * rule.scale, up)
    faces = np.asarray(getattr(piece, "faces", np.zeros((0, 3), dtype=int)))
    if not len(faces):
        return vertices, np.zeros(len(vertices))
    mesh = trimesh.Trimesh(vertices, faces, process=False)
    count = int(_DENSITY * mesh.area / rule.cell**2) + 1
    if count > _MOST_SAMPLES:
        raise SceneError(f"{file} has {mesh.area:.0f} m² of surface: give it a smaller 'scale', or a larger 'cell'")
    points, chosen = trimesh.sample.sample_surface(mesh, count, seed=0)
    return np.asarray(points), np.asarray(mesh.face_normals[chosen, 2])


def _upright(points: Matrix, up: Up) -> Matrix:
    return np.stack([points[:, 0], -points[:, 2], points[:, 1]], axis=1) if up == "y" else points


def _floor(heights: Vector) -> float:
    """The lowest height at which there is much: walls are spread over all heights, and a ceiling is above."""
    edges = np.arange(heights.min() - _BIN, heights.max() + 2 * _BIN, _BIN)
    counts, _ = np.histogram(heights, edges)
    first = int(np.argmax(counts >= _SHARE * counts.max()))
    near = np.abs(heights - edges[first] - 0.5 * _BIN) <= 1.5 * _BIN
    return float(np.median(heights[near]))


def _along_walls(points: Matrix) -> float:
    """The angle of axes on which points heap up most, seen from above [rad]: they do where walls are."""
    some = points[:: max(1, len(points) // 20000)]

    def heaps(angle: float) -> float:
        lines = np.floor(some @ rotation(angle) / _BIN).astype(np.int64)
        return float(sum((np.bincount(axis - axis.min()).astype(float) ** 2).sum() for axis in lines.T))

    coarse = max(np.radians(np.arange(0.0, 90.0)).tolist(), key=heaps)
    return float(max((coarse + np.radians(np.arange(-1.0, 1.01, 0.05))).tolist(), key=heaps))


def _filled(points: Matrix, size: Vector, file: Path) -> Cells:
    """Cells with something in them, without specks, and without gaps of one cell."""
    index = np.floor(points / size).astype(int)
    shape = index.max(axis=0) + 2
    if np.prod(shape.astype(float)) > _MOST_CELLS:
        raise SceneError(f"{file} is {points.max():.0f} m large: give it a smaller 'scale', or a larger 'cell'")
    cells = np.zeros(shape, dtype=bool)
    cells[tuple(index.T)] = True
    cells = ndimage.binary_closing(cells, np.ones((3, 3, 1), dtype=bool)) | cells
    labels, count = ndimage.label(cells, np.ones((3, 3, 3), dtype=bool))
    sizes = ndimage.sum_labels(cells, labels, np.arange(count + 1))
    return np.asarray(cells & (sizes >= _SPECK)[labels])


def _tops(points: Matrix, cell: float, full: Cells) -> Matrix:
    """Height of the highest point in each column, in steps, shape (nx, ny) [m]; 0 where there is none.

    A column that is full only because those around it are is as high as they.
    """
    tops = np.zeros(full.shape)
    x, y = np.floor(points[:, :2] / cell).astype(int).T
    np.maximum.at(tops, (x, y), points[:, 2])
    tops = np.where(full & (tops == 0.0), ndimage.maximum_filter(tops, 3), tops)
    return np.asarray(np.where(tops > 0.0, np.maximum(np.rint(tops / _TREAD), 1.0) * _TREAD, 0.0))


def _obstacles(cells: Cells, corner: Vector, size: Vector, yaw: float) -> Iterator[Obstacle]:
    for number, (low, high) in enumerate(_boxes(cells)):
        (x, y), extent = _middle(low, high, corner, size, yaw), (high - low) * size
        bottom = float(low[2] * size[2])
        yield Obstacle("box", (x, y), yaw, (extent[0], extent[1], extent[2]), f"place_{number}", bottom)


def _ground(tops: Matrix, corner: Vector, cell: float, yaw: float, first: int) -> Iterator[Slab]:
    number, size = first, np.array([cell, cell, 1.0])
    for height in np.unique(tops[tops > 0.0]).tolist():
        for low, high in _boxes((tops == height)[..., None]):
            (x, y), extent = _middle(low, high, corner, size, yaw), (high - low) * size
            yield Slab(f"place_{number}", (x, y, height), (extent[0], extent[1], height + _BELOW), yaw)
            number += 1


def _middle(low: Vector, high: Vector, corner: Vector, size: Vector, yaw: float) -> tuple[float, float]:
    x, y = (rotation(yaw) @ (corner + 0.5 * (low + high) * size)[:2]).tolist()
    return x, y


def _boxes(cells: Cells) -> Iterator[tuple[Vector, Vector]]:
    """Boxes that cover all full cells, each once: least and greatest index, the greatest exclusive.

    From the first cell that is left, a box grows along one axis after the other as long as all is full.
    """
    left = cells.copy()
    for start in np.argwhere(cells).astype(int):
        if not left[tuple(start)]:
            continue
        high = start + 1
        for axis in (2, 0, 1):
            while high[axis] < left.shape[axis]:
                window = [slice(a, b) for a, b in zip(start, high, strict=True)]
                window[axis] = slice(high[axis], high[axis] + 1)
                if not left[tuple(window)].all():
                    break
                high[axis] += 1
        left[tuple(slice(a, b) for a, b in zip(start, high, strict=True))] = False
        yield np.asarray(start, dtype=float), np.asarray(high, dtype=float)
