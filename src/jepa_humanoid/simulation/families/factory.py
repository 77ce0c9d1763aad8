"""A hall: racks and their aisles on one side of a wall, machines and benches on the other, a doorway between them."""

import math

import numpy as np

from jepa_humanoid.simulation.families.site import (
    FILM,
    THICKNESS,
    Area,
    Point,
    Pose,
    Site,
    between,
    either,
    how_many,
    mixed,
    place_in,
    slippery,
)

_WALL, _WALL_HEIGHT = 0.2, 1.8
_RACK_DEPTH, _LEVELS = 0.9, (0.12, 0.85, 1.55)
_POST, _BOARD = 0.07, 0.04
_WIDEST, _NARROWEST = 0.9, 0.75
"""Width of the doorway [m]."""
_STEEPEST = math.radians(8.0)
_BENCH = (1.6, 0.7, 0.05)


def draw(rng: np.random.Generator, difficulty: float) -> Site:
    """Draw a hall.

    Args:
        rng: Source of the draws.
        difficulty: 0 to 1.
    """
    site = Site(between(rng, 11.0, 14.0), between(rng, 8.5, 10.5), difficulty)
    site.enclose(_WALL, _WALL_HEIGHT)
    middle = between(rng, -0.12, 0.12) * site.length
    side = float(rng.choice((-1.0, 1.0)))
    _add_partition(site, middle, rng)
    x, y = 0.5 * site.length, 0.5 * site.width
    halves = (Area((-x, -y), (middle - 0.9, y)), Area((middle + 0.9, -y), (x, y)))
    racks, machines = halves if side < 0.0 else halves[::-1]
    _add_racks(site, racks, rng)
    _add_machines(site, machines, rng)
    for _ in range(how_many(rng, 1.0, 4.0)):
        _add_pallet(site, Area((-x, -y), (x, y)), rng)
    if either(rng, 0.5):
        _add_dock(site, machines, rng)
    for _ in range(how_many(rng, 1.0, mixed(3.0, 8.0, difficulty))):
        _lay_cable(site, rng)
    for _ in range(how_many(rng, 0.0, mixed(0.5, 2.0, difficulty))):
        # Where nothing says that it might be: only felt.
        _spill(site, (between(rng, -x, x), between(rng, -y, y)), rng)
    return site


def _add_partition(site: Site, x: float, rng: np.random.Generator) -> None:
    """A wall across the hall, not quite at right angles, with a doorway, and sometimes a ramp that leads through it."""
    width = mixed(_WIDEST, _NARROWEST, site.difficulty * between(rng, 0.5, 1.0))
    turn, door = between(rng, -0.12, 0.12), between(rng, -0.3, 0.3) * site.width
    frame = (x, 0.0, 0.5 * math.pi + turn)
    reach = 0.5 * site.width / math.cos(turn)
    for begin, end in ((-reach, door - 0.5 * width), (door + 0.5 * width, reach)):
        px, py = place_in(frame, (0.5 * (begin + end), 0.0))
        site.box("partition", (px, py, frame[2]), (end - begin, _WALL, _WALL_HEIGHT))
    px, py = place_in(frame, (door, 0.0))
    if either(rng, mixed(0.2, 0.5, site.difficulty)):
        across = (px, py, frame[2] - 0.5 * math.pi)
        _add_ramp(site, across, between(rng, math.radians(3.0), _STEEPEST), between(rng, 0.5, 0.8), 0.6, 1.6)


def _add_ramp(site: Site, pose: Pose, slope: float, flank: float, top: float, width: float) -> None:
    """Up along x of a pose, level around it, and down again."""
    rise = flank * math.tan(slope)
    for sign in (-1.0, 1.0):
        px, py = place_in(pose, (sign * 0.5 * (top + flank), 0.0))
        site.lay("ramp", (px, py, pose[2]), (flank / math.cos(slope), width), 0.5 * rise, slope=-sign * slope)
    site.lay("ramp", pose, (top, width), rise)


def _add_dock(site: Site, area: Area, rng: np.random.Generator) -> None:
    """A platform with a ramp on either end, 0.1 to 0.2 m high."""
    slope, flank, top = between(rng, math.radians(4.0), _STEEPEST), between(rng, 1.2, 1.5), between(rng, 0.8, 1.2)
    width = between(rng, 1.4, 2.0)
    pose = site.find_room((2 * flank + top, width), between(rng, -math.pi, math.pi), rng, area)
    if pose is not None:
        _add_ramp(site, pose, slope, flank, top, width)


def _add_racks(site: Site, area: Area, rng: np.random.Generator) -> None:
    """Rows of racks along the hall, as far from each other as aisles are wide."""
    aisle = between(rng, mixed(1.4, 1.1, site.difficulty), mixed(2.4, 1.9, site.difficulty))
    (x0, y0), (x1, y1) = area.low, area.high
    y = y0 + 0.05 + 0.5 * _RACK_DEPTH
    while y < y1 - 0.5 * _RACK_DEPTH:
        length = min(between(rng, 2.0, 3.4), x1 - x0 - 1.2)
        # One end leaves room to walk around.
        x = between(rng, x0 + 0.05 + 0.5 * length, x1 - 0.05 - 0.5 * length)
        if length > 1.0:
            _add_rack(site, (x, y, between(rng, -0.03, 0.03)), length, rng)
        y += _RACK_DEPTH + aisle


def _add_rack(site: Site, pose: Pose, length: float, rng: np.random.Generator) -> None:
    site.legs("post", pose, (0.5 * (length - _POST), 0.5 * (_RACK_DEPTH - _POST)), _POST, 2.0)
    for level in _LEVELS:
        site.box("shelf", pose, (length, _RACK_DEPTH, _BOARD), level)
        for _ in range(how_many(rng, 0.0, 2.0)):
            along = between(rng, -0.5, 0.5) * (length - 0.7)
            size = (between(rng, 0.3, 0.6), between(rng, 0.4, 0.8), between(rng, 0.2, 0.5))
            site.box("crate", (*place_in(pose, (along, 0.0)), pose[2]), size, level + _BOARD)


def _add_machines(site: Site, area: Area, rng: np.random.Generator) -> None:
    for _ in range(how_many(rng, 1.0, 3.0)):
        size = (between(rng, 0.9, 1.6), between(rng, 0.8, 1.3))
        pose = site.find_room(size, _yaw(rng), rng, area)
        if pose is None:
            continue
        site.box("machine", pose, (*size, between(rng, 1.1, 1.8)))
        if either(rng, mixed(0.3, 0.8, site.difficulty)):
            # Oil is where machines are: beside one of its faces.
            beside = 0.5 * size[1] + between(rng, 0.1, 0.5)
            _spill(
                site, place_in(pose, (between(rng, -0.4, 0.4) * size[0], float(rng.choice((-1.0, 1.0))) * beside)), rng
            )
    for _ in range(how_many(rng, 1.0, 3.0)):
        pose = site.find_room(_BENCH[:2], _yaw(rng), rng, area)
        if pose is not None:
            _add_bench(site, pose)


def _add_bench(site: Site, pose: Pose) -> None:
    length, width, _ = _BENCH
    site.box("bench", pose, _BENCH, 0.82)
    site.legs("leg", pose, (0.5 * length - 0.06, 0.5 * width - 0.06), 0.06, 0.82)
    site.box("drawers", (*place_in(pose, (0.45, 0.0)), pose[2]), (0.45, 0.55, 0.6), 0.2)


def _add_pallet(site: Site, area: Area, rng: np.random.Generator) -> None:
    pose = site.find_room((1.2, 0.8), _yaw(rng), rng, area)
    if pose is None:
        return
    site.box("pallet", pose, (1.2, 0.8, 0.145))
    if either(rng, 0.7):
        site.box("load", pose, (1.1, 0.72, between(rng, 0.3, 1.1)), 0.145)


def _lay_cable(site: Site, rng: np.random.Generator) -> None:
    """A cable or a hose over the floor, of straight pieces with bends between them."""
    height = between(rng, 0.01, mixed(0.02, 0.04, site.difficulty))
    x, y = between(rng, -0.45, 0.45) * site.length, between(rng, -0.45, 0.45) * site.width
    yaw = between(rng, -math.pi, math.pi)
    for _ in range(int(rng.integers(2, 5))):
        length = between(rng, 0.5, 1.4)
        end = (x + length * math.cos(yaw), y + length * math.sin(yaw))
        if abs(end[0]) > 0.5 * site.length or abs(end[1]) > 0.5 * site.width:
            break
        middle = (0.5 * (x + end[0]), 0.5 * (y + end[1]), yaw)
        # A piece reaches into the next, so that there is no gap in the bend.
        site.lay("cable", middle, (length + height, 1.2 * height), height, thickness=height + 0.5 * THICKNESS)
        x, y, yaw = *end, yaw + between(rng, -0.9, 0.9)


def _spill(site: Site, at: Point, rng: np.random.Generator) -> None:
    size = (between(rng, 0.3, 0.9), between(rng, 0.3, 0.9))
    site.lay("oil", (*at, between(rng, -math.pi, math.pi)), size, FILM, friction=slippery(rng, site.difficulty))


def _yaw(rng: np.random.Generator) -> float:
    """Most things stand along the walls, roughly."""
    if either(rng, 0.3):
        return between(rng, -math.pi, math.pi)
    return float(rng.integers(4)) * 0.5 * math.pi + between(rng, -0.06, 0.06)
