"""A kitchen and a dining room: counters, tables and chairs, rugs, wet tiles, a threshold between the rooms."""

import math

import numpy as np

from jepa_humanoid.simulation.families.site import (
    FILM,
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

_WALL, _WALL_HEIGHT = 0.12, 1.8
_COUNTER, _COUNTER_HEIGHT = 0.6, 0.9
_TABLE_HEIGHT, _BOARD = 0.72, 0.035
_SEAT, _SEAT_HEIGHT = 0.42, 0.44
_BESIDE_TABLE = 0.75
"""Around a table, for chairs [m]."""


def draw(rng: np.random.Generator, difficulty: float) -> Site:
    """Draw a kitchen.

    Args:
        rng: Source of the draws.
        difficulty: 0 to 1.
    """
    site = Site(between(rng, 8.5, 11.0), between(rng, 6.0, 8.0), difficulty)
    x, y = 0.5 * site.length, 0.5 * site.width
    site.enclose(_WALL, _WALL_HEIGHT)
    middle = between(rng, -0.15, 0.15) * site.length
    _add_partition(site, middle, rng)
    kitchen, dining = Area((-x, -y), (middle - 0.5, y)), Area((middle + 0.5, -y), (x, y))
    _add_counters(site, kitchen, rng)
    if either(rng, 0.6):
        size = (between(rng, 1.0, 1.6), between(rng, 0.6, 0.8))
        pose = site.find_room(size, between(rng, -0.2, 0.2) + 0.5 * math.pi * rng.integers(2), rng, kitchen)
        if pose is not None:
            site.box("island", pose, (*size, _COUNTER_HEIGHT))
    for _ in range(how_many(rng, 1.0, 2.5)):
        _add_table(site, dining, rng)
    for _ in range(how_many(rng, 0.0, mixed(1.0, 3.0, difficulty))):
        pose = site.find_room((_SEAT, _SEAT), between(rng, -math.pi, math.pi), rng, Area((-x, -y), (x, y)))
        if pose is not None:
            _add_chair(site, pose)
    for _ in range(how_many(rng, 0.5, 2.0)):
        _lay_rug(site, dining, rng)
    for _ in range(how_many(rng, 0.0, mixed(0.5, 2.0, difficulty))):
        # Where nothing says that it might be: only felt.
        _wet(site, (between(rng, -x, x), between(rng, -y, y)), between(rng, -math.pi, math.pi), rng)
    return site


def _add_partition(site: Site, x: float, rng: np.random.Generator) -> None:
    width, y = between(rng, mixed(0.95, 0.82, site.difficulty), 1.2), between(rng, -0.3, 0.3) * site.width
    half = 0.5 * site.width
    for begin, end in ((-half, y - 0.5 * width), (y + 0.5 * width, half)):
        site.box("partition", (x, 0.5 * (begin + end), 0.0), (_WALL, end - begin, _WALL_HEIGHT))
    if either(rng, mixed(0.5, 0.9, site.difficulty)):
        height = between(rng, 0.01, mixed(0.015, 0.03, site.difficulty))
        site.lay("threshold", (x, y, 0.0), (between(rng, 0.08, 0.16), width), height)


def _add_counters(site: Site, area: Area, rng: np.random.Generator) -> None:
    """Along the outer wall and one beside it: cupboards, a cooker, a sink with wet tiles before it, a fridge."""
    (x0, y0), (x1, y1) = area.low, area.high
    sink = (x0 + 0.5 * _COUNTER, between(rng, y0 + 1.6, y1 - 1.2), 0.5 * math.pi)
    site.box("counter", (x0 + 0.5 * _COUNTER, 0.5 * (y0 + y1), 0.0), (_COUNTER, y1 - y0, _COUNTER_HEIGHT))
    site.box("tap", (x0 + 0.15, sink[1], 0.0), (0.06, 0.06, 0.3), _COUNTER_HEIGHT)
    side, length = float(rng.choice((-1.0, 1.0))), between(rng, 0.4, 0.9) * (x1 - x0 - 1.6)
    y = 0.5 * (y0 + y1) + side * 0.5 * (y1 - y0 - _COUNTER)
    site.box("counter", (x0 + _COUNTER + 0.5 * length, y, 0.0), (length, _COUNTER, _COUNTER_HEIGHT))
    site.box("fridge", (x0 + _COUNTER + length + 0.35, y, 0.0), (0.68, 0.62, 1.9))
    for _ in range(how_many(rng, mixed(0.5, 1.5, site.difficulty), mixed(1.5, 3.5, site.difficulty))):
        at = (x0 + _COUNTER + between(rng, 0.2, 0.9), sink[1] + between(rng, -0.8, 0.8))
        _wet(site, at, 0.0, rng)


def _wet(site: Site, at: Point, yaw: float, rng: np.random.Generator) -> None:
    size = (between(rng, 0.3, 0.7), between(rng, 0.3, 0.7))
    site.lay("wet", (*at, yaw), size, FILM, friction=slippery(rng, site.difficulty))


def _add_table(site: Site, area: Area, rng: np.random.Generator) -> None:
    """A table that one reaches under, and chairs around it, some of them drawn back."""
    if either(rng, 0.3):
        diameter = between(rng, 0.8, 1.2)
        length, width = diameter, diameter
    else:
        length, width = between(rng, 1.1, 1.8), between(rng, 0.7, 0.9)
    yaw = 0.5 * math.pi * float(rng.integers(2)) + between(rng, -0.3, 0.3)
    room = (length + _BESIDE_TABLE, width + _BESIDE_TABLE)
    pose = site.find_room(room, yaw, rng, area)
    if pose is None:
        return
    if length == width:
        site.cylinder("table", pose[:2], length, _BOARD, _TABLE_HEIGHT)
        site.cylinder("leg", pose[:2], 0.12, _TABLE_HEIGHT)
    else:
        site.box("table", pose, (length, width, _BOARD), _TABLE_HEIGHT)
        site.legs("leg", pose, (0.5 * length - 0.06, 0.5 * width - 0.06), 0.05, _TABLE_HEIGHT)
    for side in (-1.0, 1.0):
        for along in (-0.25, 0.25):
            if either(rng, 0.6):
                back = 0.5 * width + between(rng, 0.0, 0.15)
                place = place_in(pose, (along * length, side * back))
                _add_chair(site, (*place, pose[2] + side * 0.5 * math.pi + between(rng, -0.3, 0.3)))


def _add_chair(site: Site, pose: Pose) -> None:
    """Its back is at its +x side."""
    site.box("seat", pose, (_SEAT, _SEAT, 0.03), _SEAT_HEIGHT)
    site.legs("leg", pose, (0.18, 0.18), 0.035, _SEAT_HEIGHT)
    site.box("back", (*place_in(pose, (0.19, 0.0)), pose[2]), (0.03, _SEAT, 0.42), _SEAT_HEIGHT + 0.03)


def _lay_rug(site: Site, area: Area, rng: np.random.Generator) -> None:
    """A rug, 1 to 2 cm thick, that gives way by some of that."""
    height, size = between(rng, 0.01, 0.02), (between(rng, 1.0, 2.2), between(rng, 0.7, 1.5))
    half = 0.5 * math.hypot(*size)
    inner = Area((area.low[0] + half, area.low[1] + half), (area.high[0] - half, area.high[1] - half))
    if inner.low[0] >= inner.high[0] or inner.low[1] >= inner.high[1]:
        return
    site.lay(
        "rug",
        (*inner.draw(rng), between(rng, -math.pi, math.pi)),
        size,
        height,
        friction=between(rng, mixed(0.5, 0.3, site.difficulty), 0.9),
        softness=between(rng, 0.2, 0.6) * height,
    )
