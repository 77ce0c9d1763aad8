"""Draws what a scene leaves to chance: walls, a corridor, furniture, a start, and a goal that takes a detour."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from jepa_humanoid.geometry import to_parent, wrap_angle
from jepa_humanoid.robot.state import Vector
from jepa_humanoid.simulation.obstacles import Obstacle, free_distance, gap
from jepa_humanoid.simulation.rules import (
    CLOSED_GAP,
    PASSABLE_GAP,
    AreaRule,
    CorridorRule,
    FurnitureRule,
    GoalRule,
    SceneFile,
)

LAYOUT_TRIES = 100
"""Layouts that are drawn before there counts as no room for what a file asks for."""

_PLACEMENT_TRIES = 60
_GOAL_TRIES = 200
_GRID_STEP = 0.05


@dataclass(frozen=True)
class Layout:
    """What has been drawn, in the world.

    Attributes:
        obstacles: Everything that stands on the floor.
        goal: Where the robot shall go [m], or None.
    """

    obstacles: tuple[Obstacle, ...]
    goal: tuple[float, float] | None


def draw_layout(file: SceneFile, area: AreaRule, listed: Sequence[Obstacle], rng: np.random.Generator) -> Layout | None:
    """Draw what a file asks for in an area, around the start that it names; None if it finds no room for that.

    Args:
        file: The scene's file.
        area: Its area.
        listed: Its obstacles that are always there, in the world; the area is laid so that it holds them.
        rng: Source of the draws.
    """
    for _ in range(LAYOUT_TRIES):
        extent = rng.uniform(*np.transpose([area.length, area.width]))
        if not listed:
            obstacles = _draw_obstacles(file, area, extent, [], rng)
            found = _draw_start_and_goal(file, obstacles, extent, rng)
            if found is not None:
                yaw = float(rng.uniform(-np.pi, np.pi))
                return Layout(*_moved((*found[0], yaw), file.start, obstacles, found[1]))
            continue
        # What is always there fixes the start in the area before anything is drawn around both.
        x, y = rng.uniform(-0.5, 0.5, 2) * extent
        start = (float(x), float(y), float(rng.uniform(-np.pi, np.pi)))
        fixed, _ = _moved(file.start, start, listed, None)
        if all((np.abs(o.corners) <= 0.5 * extent).all() for o in fixed):
            obstacles = _draw_obstacles(file, area, extent, fixed, rng)
            found = _draw_start_and_goal(file, obstacles, extent, rng, start[:2])
            if found is not None:
                drawn, goal = _moved(start, file.start, obstacles[len(listed) :], found[1])
                return Layout((*listed, *drawn), goal)
    return None


def _draw_obstacles(
    file: SceneFile, area: AreaRule, extent: Vector, fixed: Sequence[Obstacle], rng: np.random.Generator
) -> list[Obstacle]:
    """After what is there, walls, corridor and furniture in the area's frame: origin at its centre, along its edges."""
    obstacles = list(fixed)
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


def _walls(extent: Vector, area: AreaRule) -> list[Obstacle]:
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
    rule: CorridorRule, extent: Vector, obstacles: list[Obstacle], rng: np.random.Generator
) -> list[Obstacle]:
    for _ in range(_PLACEMENT_TRIES):
        centre = rng.uniform(-0.35, 0.35, 2) * extent
        yaw = float(rng.choice([0.0, np.pi / 2, rng.uniform(-np.pi, np.pi)]))
        length, height, thickness = (float(rng.uniform(*r)) for r in (rule.length, rule.height, rule.thickness))
        offset = 0.5 * (float(rng.uniform(*rule.gap)) + thickness)
        sides = to_parent((*centre, yaw), [[0.0, offset], [0.0, -offset]])
        pair = [
            Obstacle("box", (x, y), yaw, (length, thickness, height), f"corridor_{i}") for i, (x, y) in enumerate(sides)
        ]
        if all(_gaps_are_clear(wall, obstacles) for wall in pair):
            return pair
    return []


def _place_piece(
    rule: FurnitureRule, extent: Vector, obstacles: list[Obstacle], rng: np.random.Generator
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
        moved = replace(piece, position=(position[0], position[1]))
        position = position - (gap(moved, nearest) - distance) * normal
    return replace(piece, position=(position[0], position[1]))


def _gaps_are_clear(piece: Obstacle, obstacles: Sequence[Obstacle]) -> bool:
    return all(_far_apart(piece, o) or (g := gap(piece, o)) >= PASSABLE_GAP or 0.0 < g <= CLOSED_GAP for o in obstacles)


def _far_apart(a: Obstacle, b: Obstacle) -> bool:
    """Cheap sufficient test: the circles around the two are a passage apart."""
    reach = 0.5 * (math.hypot(*a.size[:2]) + math.hypot(*b.size[:2])) + PASSABLE_GAP
    return math.dist(a.position, b.position) >= reach


def _draw_start_and_goal(
    file: SceneFile,
    obstacles: list[Obstacle],
    extent: Vector,
    rng: np.random.Generator,
    fixed: tuple[float, float] | None = None,
) -> tuple[tuple[float, float], tuple[float, float] | None] | None:
    """A free start and a goal by the rule, in the area's frame; the start is drawn unless it is fixed."""
    rule = file.goal if isinstance(file.goal, GoalRule) else None
    regions = _Regions(obstacles, extent, rule.path_clearance) if rule is not None else None
    for _ in range(_GOAL_TRIES):
        start = rng.uniform(-0.5, 0.5, 2) * extent if fixed is None else np.array(fixed)
        if free_distance(obstacles, start[None])[0] < file.start_clearance:
            continue
        if rule is None or regions is None:
            return (float(start[0]), float(start[1])), None
        bearing, distance = rng.uniform(-np.pi, np.pi), rng.uniform(*rule.distance)
        goal = start + distance * np.array([np.cos(bearing), np.sin(bearing)])
        if (
            bool((np.abs(goal) < 0.5 * extent).all())
            and free_distance(obstacles, goal[None])[0] >= rule.clearance
            and free_distance(obstacles, np.linspace(start, goal, 200)).min() < rule.blocked_half_width
            and regions.connected(start, goal)
        ):
            return (float(start[0]), float(start[1])), (float(goal[0]), float(goal[1]))
    return None


class _Regions:
    """Connected regions of a grid over the area in which a robot's centre keeps its distance from everything."""

    def __init__(self, obstacles: list[Obstacle], extent: Vector, margin: float) -> None:
        self._origin = -0.5 * extent
        x, y = (np.arange(0.0, edge + _GRID_STEP, _GRID_STEP) - 0.5 * edge for edge in extent)
        cells = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)
        # Half a step more than asked: distance is 1-Lipschitz, so a path between free neighbours is free throughout.
        free = free_distance(obstacles, cells.reshape(-1, 2)).reshape(cells.shape[:2]) >= margin + 0.5 * _GRID_STEP
        from scipy import ndimage  # a scene that draws nothing need not wait for it

        self._labels, _ = ndimage.label(free)

    def connected(self, a: Vector, b: Vector) -> bool:
        label_a, label_b = (self._labels[tuple(np.rint((p - self._origin) / _GRID_STEP).astype(int))] for p in (a, b))
        return bool(label_a == label_b and label_a != 0)


def _moved(
    start: tuple[float, float, float],
    end: tuple[float, float, float],
    obstacles: Sequence[Obstacle],
    goal: tuple[float, float] | None,
) -> tuple[tuple[Obstacle, ...], tuple[float, float] | None]:
    """Move everything in the plane so that one pose lands on another."""
    turn = end[2] - start[2]

    def move(point: tuple[float, float]) -> tuple[float, float]:
        x, y = to_parent((*end[:2], turn), np.subtract(point, start[:2]))
        return float(x), float(y)

    moved = tuple(replace(o, position=move(o.position), yaw=wrap_angle(o.yaw + turn)) for o in obstacles)
    return moved, None if goal is None else move(goal)
