"""Surroundings for a simulated robot: what stands on the floor, where the robot starts and where it shall go.

A scene is a YAML file in ``config/scenes``. It may list its obstacles one by one, or say how to draw them from a seed.
Scenes drawn from a seed have no ambiguous slits: two neighbours are at least `PASSABLE_GAP` apart, or at most
`CLOSED_GAP`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as validated_dataclass

from jepa_humanoid.config import NonNegative, Positive, Share, load
from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.resources import share_directory

Points = NDArray[np.float64]

PASSABLE_GAP = 0.9
"""Width of the narrowest gap that a robot is expected to pass [m]."""
CLOSED_GAP = 0.2
"""Width of the widest gap that nobody can mistake for a passage [m]."""

_PLACEMENT_TRIES = 60
_GOAL_TRIES = 200
_LAYOUT_TRIES = 100
_GRID_STEP = 0.05

_STRICT = ConfigDict(extra="forbid")
_Range = tuple[Positive, Positive]


class SceneError(HumanoidError, ValueError):
    """A scene is unknown, malformed, or cannot be drawn."""


@validated_dataclass(frozen=True, config=_STRICT)
class Obstacle:
    """A box or a cylinder that stands upright on the floor, immovable.

    Attributes:
        kind: ``box`` or ``cylinder``.
        position: Centre of its base in the world [m].
        yaw: Angle of its x axis about the world's z axis [rad].
        size: Full extents along its x, its y and its z axis [m]; for a cylinder x = y = diameter.
        name: Unique in its scene.
    """

    kind: Literal["box", "cylinder"]
    position: tuple[float, float]
    yaw: float
    size: tuple[Positive, Positive, Positive]
    name: str

    def __post_init__(self) -> None:
        if self.kind == "cylinder" and self.size[0] != self.size[1]:
            raise ValueError(f"cylinder '{self.name}' is {self.size[0]} m by {self.size[1]} m wide; want one diameter")

    @property
    def corners(self) -> Points:
        """Corners of its base, counter-clockwise, shape (4, 2) in the world [m]; of a cylinder's square."""
        half = 0.5 * np.array(self.size[:2])
        return _to_world(half * np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]), self.position, self.yaw)

    def signed_distance(self, points: ArrayLike) -> Points:
        """Horizontal distance of points to its surface, negative inside, shape (N,) [m].

        Args:
            points: Shape (N, 2), in the world [m].
        """
        delta = np.asarray(points, dtype=float) - self.position
        if self.kind == "cylinder":
            return np.asarray(np.hypot(delta[:, 0], delta[:, 1]) - 0.5 * self.size[0])
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        x = np.abs(c * delta[:, 0] + s * delta[:, 1]) - 0.5 * self.size[0]
        y = np.abs(c * delta[:, 1] - s * delta[:, 0]) - 0.5 * self.size[1]
        return np.asarray(np.hypot(np.maximum(x, 0.0), np.maximum(y, 0.0)) + np.minimum(np.maximum(x, y), 0.0))


@dataclass(frozen=True)
class Scene:
    """A floor at z = 0 and what stands on it.

    Attributes:
        name: The scene's name.
        obstacles: Everything that stands on the floor.
        friction: Coefficient of sliding friction of floor and obstacles.
        start: Where the robot starts: x, y [m] and yaw [rad] in the world.
        goal: Where it shall go, in the world [m], or None.
    """

    name: str
    obstacles: tuple[Obstacle, ...]
    friction: float
    start: tuple[float, float, float]
    goal: tuple[float, float] | None


@validated_dataclass(frozen=True, config=_STRICT)
class AreaRule:
    """The rectangle that the furniture stands in; the robot starts somewhere in it.

    Attributes:
        length: Along the area's x axis [m].
        width: Along its y axis [m].
        walled: Probability that walls surround it.
        wall_height: [m].
        wall_thickness: [m].
    """

    length: _Range
    width: _Range
    walled: Share
    wall_height: Positive
    wall_thickness: Positive


@validated_dataclass(frozen=True, config=_STRICT)
class FurnitureRule:
    """A kind of obstacle and how many of it to try to place.

    Attributes:
        count: Fewest and most pieces asked for; those that find no place are left out.
        breadth: Edge of a box or diameter of a cylinder [m].
        height: [m].
        length: Longer edge of a box [m], or None to draw it like the breadth.
        round: Share of cylinders.
        aligned: Share of boxes parallel to the area's edges.
        attached: Share placed against another obstacle, at most `CLOSED_GAP` from it.
    """

    count: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]
    breadth: _Range
    height: _Range
    length: _Range | None = None
    round: Share = 0.0
    aligned: Share = 1.0
    attached: Share = 0.0


@validated_dataclass(frozen=True, config=_STRICT)
class CorridorRule:
    """Two parallel walls somewhere in the area.

    Attributes:
        probability: That there is one.
        gap: Between the walls [m].
        length: [m].
        height: [m].
        thickness: [m].
    """

    probability: Share
    gap: tuple[Annotated[float, Field(ge=PASSABLE_GAP)], Positive]
    length: _Range
    height: _Range
    thickness: _Range


@validated_dataclass(frozen=True, config=_STRICT)
class GoalRule:
    """A goal that a straight walk does not reach, and a detour does.

    Attributes:
        distance: From the start, as the crow flies [m].
        clearance: Free space around the goal [m].
        blocked_half_width: Half the width of a robot for which the straight line is blocked [m].
        path_clearance: Distance that some path keeps from every obstacle [m].
    """

    distance: _Range
    clearance: NonNegative
    blocked_half_width: Positive
    path_clearance: Positive


@validated_dataclass(frozen=True, config=_STRICT)
class SceneFile:
    """A scene's YAML file, as written.

    Attributes:
        friction: Coefficient of sliding friction.
        start: x, y [m] and yaw [rad] in the world. When furniture is drawn, the area is laid around the start.
        goal: A point in the world [m], a rule for drawing one, or None.
        obstacles: Obstacles that are always there; not together with an area.
        area: Where furniture is drawn, or None for no drawing.
        corridors: A corridor drawn in the area.
        furniture: What is drawn in the area.
        start_clearance: Free space around the start [m].
    """

    friction: Positive = 0.8
    start: tuple[float, float, float] = (0.0, 0.0, 0.0)
    goal: tuple[float, float] | GoalRule | None = None
    obstacles: tuple[Obstacle, ...] = ()
    area: AreaRule | None = None
    corridors: CorridorRule | None = None
    furniture: tuple[FurnitureRule, ...] = ()
    start_clearance: NonNegative = 0.5


def scene_names() -> tuple[str, ...]:
    """Names of the scenes in ``config/scenes``."""
    return tuple(sorted(path.stem for path in _scene_directory().glob("*.yaml")))


def load_scene(name_or_path: str | Path = "flat", seed: int = 0) -> Scene:
    """Read a scene, and draw what it leaves to chance.

    Args:
        name_or_path: A name in ``config/scenes``, or the path of a YAML file.
        seed: The same seed gives the same scene.

    Raises:
        SceneError: If the scene is unknown or malformed, or this seed finds no room for what its file asks for.
    """
    path = Path(name_or_path)
    if path.suffix not in {".yaml", ".yml"}:
        path = _scene_directory() / f"{name_or_path}.yaml"
    if not path.is_file():
        raise SceneError(f"no scene '{name_or_path}': known are {', '.join(scene_names())}, or give a YAML file")
    file = _read(path)
    if file.area is not None:
        return _draw_scene(file, file.area, path, seed)
    if file.furniture or file.corridors or isinstance(file.goal, GoalRule):
        raise SceneError(f"{path}: drawing furniture, corridors or a goal needs an 'area' to draw them in")
    scene = Scene(path.stem, file.obstacles, file.friction, file.start, file.goal)
    _check_unique(scene, path)
    if clearance(scene, [file.start[:2]])[0] < file.start_clearance:
        raise SceneError(f"{path}: an obstacle is closer than {file.start_clearance} m to the start")
    return scene


def clearance(scene: Scene, points: ArrayLike) -> Points:
    """Horizontal distance of points to the nearest obstacle's surface, shape (N,) [m].

    Negative inside an obstacle, infinite where there is no obstacle at all.

    Args:
        scene: The scene.
        points: Shape (N, 2), in the world [m].
    """
    return _clearance(scene.obstacles, np.asarray(points, dtype=float).reshape(-1, 2))


def gap(a: Obstacle, b: Obstacle) -> float:
    """Horizontal distance between two obstacles' surfaces [m], at most zero if they touch or overlap."""
    if a.kind == "cylinder":
        return float(b.signed_distance([a.position])[0] - 0.5 * a.size[0])
    if b.kind == "cylinder":
        return gap(b, a)
    if _boxes_overlap(a, b):
        return 0.0
    return float(min(a.signed_distance(b.corners).min(), b.signed_distance(a.corners).min()))


def _scene_directory() -> Path:
    return share_directory() / "config" / "scenes"


def _read(path: Path) -> SceneFile:
    return load(SceneFile, path, SceneError)


def _check_unique(scene: Scene, path: Path) -> None:
    names = [obstacle.name for obstacle in scene.obstacles]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise SceneError(f"{path}: obstacle names repeat: {', '.join(repeated)}")


def _clearance(obstacles: Sequence[Obstacle], points: Points) -> Points:
    nearest = np.full(len(points), np.inf)
    for obstacle in obstacles:
        np.minimum(nearest, obstacle.signed_distance(points), out=nearest)
    return nearest


def _to_world(points: Points, position: tuple[float, float], yaw: float) -> Points:
    c, s = np.cos(yaw), np.sin(yaw)
    return np.asarray(points @ np.array([[c, s], [-s, c]]) + position)


def _boxes_overlap(a: Obstacle, b: Obstacle) -> bool:
    """Separating-axis test: two convex shapes are apart if and only if some edge's normal tells them apart."""
    for yaw in (a.yaw, a.yaw + np.pi / 2, b.yaw, b.yaw + np.pi / 2):
        axis = np.array([np.cos(yaw), np.sin(yaw)])
        along_a, along_b = a.corners @ axis, b.corners @ axis
        if along_a.max() < along_b.min() or along_b.max() < along_a.min():
            return False
    return True


def _draw_scene(file: SceneFile, area: AreaRule, path: Path, seed: int) -> Scene:
    if file.obstacles or isinstance(file.goal, tuple):
        raise SceneError(f"{path}: 'area' draws the obstacles and the goal; list neither beside it")
    rng = np.random.default_rng(seed)
    for _ in range(_LAYOUT_TRIES):
        extent = rng.uniform(*np.transpose([area.length, area.width]))
        obstacles = _draw_obstacles(file, area, extent, rng)
        found = _draw_start_and_goal(file, obstacles, extent, rng)
        if found is not None:
            yaw = float(rng.uniform(-np.pi, np.pi))
            return _seen_from_start(file, path.stem, obstacles, (*found[0], yaw), found[1])
    raise SceneError(f"{path}, seed {seed}: no start and goal as asked for in {_LAYOUT_TRIES} layouts; ask for less")


def _draw_obstacles(file: SceneFile, area: AreaRule, extent: Points, rng: np.random.Generator) -> list[Obstacle]:
    """Walls, corridor and furniture in the area's frame: origin at its centre, edges along the axes."""
    obstacles: list[Obstacle] = []
    if rng.random() < area.walled:
        obstacles += _walls(extent, area)
    if file.corridors is not None and rng.random() < file.corridors.probability:
        obstacles += _draw_corridor(file.corridors, extent, obstacles, rng)
    for rule in file.furniture:
        for _ in range(rng.integers(rule.count[0], rule.count[1], endpoint=True)):
            piece = _place_piece(rule, extent, obstacles, rng)
            if piece is not None:
                obstacles.append(piece)
    return obstacles


def _walls(extent: Points, area: AreaRule) -> list[Obstacle]:
    t = area.wall_thickness
    x, y = 0.5 * (extent + t)
    long_x, long_y = extent + 2 * t
    return [
        Obstacle("box", (0.0, y), 0.0, (long_x, t, area.wall_height), "wall_0"),
        Obstacle("box", (0.0, -y), 0.0, (long_x, t, area.wall_height), "wall_1"),
        Obstacle("box", (x, 0.0), 0.0, (t, long_y, area.wall_height), "wall_2"),
        Obstacle("box", (-x, 0.0), 0.0, (t, long_y, area.wall_height), "wall_3"),
    ]


def _draw_corridor(
    rule: CorridorRule, extent: Points, obstacles: list[Obstacle], rng: np.random.Generator
) -> list[Obstacle]:
    for _ in range(_PLACEMENT_TRIES):
        centre = rng.uniform(-0.35, 0.35, 2) * extent
        yaw = float(rng.choice([0.0, np.pi / 2, rng.uniform(-np.pi, np.pi)]))
        length, height, thickness = (float(rng.uniform(*r)) for r in (rule.length, rule.height, rule.thickness))
        offset = 0.5 * (float(rng.uniform(*rule.gap)) + thickness)
        sides = _to_world(np.array([[0.0, offset], [0.0, -offset]]), (centre[0], centre[1]), yaw)
        pair = [
            Obstacle("box", (x, y), yaw, (length, thickness, height), f"corridor_{i}") for i, (x, y) in enumerate(sides)
        ]
        if all(_gaps_are_clear(wall, obstacles) for wall in pair):
            return pair
    return []


def _place_piece(
    rule: FurnitureRule, extent: Points, obstacles: list[Obstacle], rng: np.random.Generator
) -> Obstacle | None:
    """Draw places for one piece until its gaps to everything else are clear."""
    round_ = rng.random() < rule.round
    breadth, depth = rng.uniform(*rule.breadth, 2)
    if rule.length is not None:
        depth = rng.uniform(*rule.length)
    size = (float(breadth), float(breadth if round_ else depth), float(rng.uniform(*rule.height)))
    aligned = rng.random() < rule.aligned
    attached = rng.random() < rule.attached and len(obstacles) > 0
    kind: Literal["box", "cylinder"] = "cylinder" if round_ else "box"
    for _ in range(_PLACEMENT_TRIES):
        yaw = float(rng.integers(2) * np.pi / 2 if aligned else rng.uniform(-np.pi, np.pi))
        x, y = rng.uniform(-0.5, 0.5, 2) * extent
        piece = Obstacle(kind, (x, y), yaw, size, f"{kind}_{len(obstacles)}")
        if attached:
            piece = _slide_against_nearest(piece, obstacles, float(rng.uniform(0.02, 0.5 * CLOSED_GAP)))
        inside = bool((np.abs(piece.corners) <= 0.5 * extent).all())
        if inside and _gaps_are_clear(piece, obstacles):
            return piece
    return None


def _slide_against_nearest(piece: Obstacle, obstacles: list[Obstacle], distance: float) -> Obstacle:
    """Move a piece along the nearest obstacle's distance gradient until it stands `distance` from that obstacle."""
    nearest = min(obstacles, key=lambda other: gap(piece, other))
    step = 1e-4
    x, y = piece.position
    around = nearest.signed_distance([(x + step, y), (x - step, y), (x, y + step), (x, y - step)])
    normal = np.array([around[0] - around[1], around[2] - around[3]]) / (2 * step)
    position = np.array(piece.position)
    for _ in range(4):
        moved = Obstacle(piece.kind, (position[0], position[1]), piece.yaw, piece.size, piece.name)
        position = position - (gap(moved, nearest) - distance) * normal
    return Obstacle(piece.kind, (position[0], position[1]), piece.yaw, piece.size, piece.name)


def _gaps_are_clear(piece: Obstacle, obstacles: Sequence[Obstacle]) -> bool:
    return all(_far_apart(piece, o) or (g := gap(piece, o)) >= PASSABLE_GAP or 0.0 < g <= CLOSED_GAP for o in obstacles)


def _far_apart(a: Obstacle, b: Obstacle) -> bool:
    """Cheap sufficient test: the circles around the two are a passage apart."""
    reach = 0.5 * (math.hypot(*a.size[:2]) + math.hypot(*b.size[:2])) + PASSABLE_GAP
    return math.dist(a.position, b.position) >= reach


def _draw_start_and_goal(
    file: SceneFile, obstacles: list[Obstacle], extent: Points, rng: np.random.Generator
) -> tuple[tuple[float, float], tuple[float, float] | None] | None:
    rule = file.goal if isinstance(file.goal, GoalRule) else None
    regions = _Regions(obstacles, extent, rule.path_clearance) if rule is not None else None
    for _ in range(_GOAL_TRIES):
        start = rng.uniform(-0.5, 0.5, 2) * extent
        if _clearance(obstacles, start[None])[0] < file.start_clearance:
            continue
        if rule is None or regions is None:
            return (float(start[0]), float(start[1])), None
        bearing, distance = rng.uniform(-np.pi, np.pi), rng.uniform(*rule.distance)
        goal = start + distance * np.array([np.cos(bearing), np.sin(bearing)])
        if (
            bool((np.abs(goal) < 0.5 * extent).all())
            and _clearance(obstacles, goal[None])[0] >= rule.clearance
            and _clearance(obstacles, np.linspace(start, goal, 200)).min() < rule.blocked_half_width
            and regions.connected(start, goal)
        ):
            return (float(start[0]), float(start[1])), (float(goal[0]), float(goal[1]))
    return None


class _Regions:
    """Connected regions of a grid over the area in which a robot's centre keeps its distance from everything."""

    def __init__(self, obstacles: list[Obstacle], extent: Points, margin: float) -> None:
        self._origin = -0.5 * extent
        x, y = (np.arange(0.0, edge + _GRID_STEP, _GRID_STEP) - 0.5 * edge for edge in extent)
        cells = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)
        # Half a step more than asked: distance is 1-Lipschitz, so a path between free neighbours is free throughout.
        self._free = _clearance(obstacles, cells.reshape(-1, 2)).reshape(cells.shape[:2]) >= margin + 0.5 * _GRID_STEP

    def connected(self, a: Points, b: Points) -> bool:
        """Whether a way leads from one place to the other, along the edges of free cells."""
        first, last = (tuple(np.rint((p - self._origin) / _GRID_STEP).astype(int)) for p in (a, b))
        if not (self._free[first] and self._free[last]):
            return False
        # A border, so that a neighbour of an outermost cell is a cell.
        free = np.pad(self._free, 1)
        width = free.shape[1]
        unseen = bytearray(free.tobytes())
        start, end = ((row + 1) * width + column + 1 for row, column in (first, last))
        unseen[start] = False
        frontier = [start]
        while frontier and unseen[end]:
            cell = frontier.pop()
            for neighbour in (cell - width, cell - 1, cell + 1, cell + width):
                if unseen[neighbour]:
                    unseen[neighbour] = False
                    frontier.append(neighbour)
        return not unseen[end]


def _seen_from_start(
    file: SceneFile,
    name: str,
    obstacles: list[Obstacle],
    start: tuple[float, float, float],
    goal: tuple[float, float] | None,
) -> Scene:
    """Move everything so that the drawn start lands on the start that the file names."""
    turn = file.start[2] - start[2]

    def move(point: tuple[float, float]) -> tuple[float, float]:
        x, y = _to_world(np.subtract(point, start[:2]), file.start[:2], turn)
        return float(x), float(y)

    moved = tuple(
        Obstacle(o.kind, move(o.position), float(np.remainder(o.yaw + turn + np.pi, 2 * np.pi) - np.pi), o.size, o.name)
        for o in obstacles
    )
    return Scene(name, moved, file.friction, file.start, None if goal is None else move(goal))
