"""Open country: ground that rises and falls in folds, with furrows, rocks, trees, mud, and holes that nobody sees.

The ground is a plate that is folded along parallel lines, of which every strip is cut into rectangles around what is
let into it: mud, slippery patches, and holes under grass that carries nobody. All of it is flush with the ground; the
floor is below everything.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from jepa_humanoid.simulation.families.site import Area, Point, Site, between, either, how_many, mixed, slippery

_FLOOR = -0.15
_THICK = 0.3
"""Of the ground [m]: it reaches into the floor."""
_HEIGHTS = (0.0, 0.7)
_STEEPEST = math.radians(10.0)
_START_STRIP = 2.2
"""Length of the level strip that the robot starts on [m]."""
_UNDER = 0.1
"""By which what is soft reaches under the ground around it [m]: a foot in it meets its top, not its sides."""
_HAIR = 0.001
_HEDGE = 0.3
_SHORTEST = 0.15
"""Of what is let into the ground [m]."""

Rectangle = tuple[float, float, float, float]
"""Least and greatest x, then least and greatest y [m]."""


@dataclass(frozen=True)
class Strip:
    """Between two folds.

    Attributes:
        begin: Where it begins along x [m].
        end: Where it ends [m].
        height: Of its begin [m].
        slope: By which it rises along x [rad].
        dip: Whether its end is lower than both what is before and what is behind it.
    """

    begin: float
    end: float
    height: float
    slope: float

    def at(self, x: float) -> float:
        """Height there [m]."""
        return self.height + (x - self.begin) * math.tan(self.slope)


@dataclass(frozen=True)
class Inlay:
    """What is let into the ground.

    Attributes:
        what: Its name.
        where: Its outline.
        friction: None for the ground's.
        softness: By which it gives way [m].
        depth: Of the hard ground below it [m]; 0 where it is what carries.
    """

    what: str
    where: Rectangle
    friction: float | None = None
    softness: float = 0.0
    depth: float = 0.0


def draw(rng: np.random.Generator, difficulty: float) -> Site:
    """Draw a field.

    Args:
        rng: Source of the draws.
        difficulty: 0 to 1.
    """
    site = Site(between(rng, 13.0, 16.0), between(rng, 9.0, 12.0), difficulty, floor=_FLOOR)
    strips = _draw_strips(site, rng)
    for k, strip in enumerate(strips):
        falls = strip.slope < 0.0 or (k > 0 and strips[k - 1].slope < 0.0 and strip.slope >= 0.0)
        _lay_strip(site, strip, falls, rng)
    _add_hedges(site)
    everywhere = Area((-0.5 * site.length, -0.5 * site.width), (0.5 * site.length, 0.5 * site.width))
    for _ in range(how_many(rng, mixed(2.0, 4.0, difficulty), mixed(5.0, 9.0, difficulty))):
        _add_boulder(site, strips, everywhere, rng)
    for _ in range(how_many(rng, 1.0, 5.0)):
        _add_tree(site, everywhere, rng)
    for _ in range(how_many(rng, 2.0, mixed(10.0, 30.0, difficulty))):
        _lay_stone(site, strips, everywhere, rng)
    return site


def _draw_strips(site: Site, rng: np.random.Generator) -> list[Strip]:
    """From a level strip at height zero, where the robot starts, to either side."""
    half = 0.5 * site.length
    begin = between(rng, -half, half - _START_STRIP)
    right = _fold(begin + _START_STRIP, half, site.difficulty, rng)
    left = _fold(-begin, half, site.difficulty, rng)
    mirrored = [Strip(-s.end, -s.begin, s.at(s.end), -s.slope) for s in reversed(left)]
    return [*mirrored, Strip(begin, begin + _START_STRIP, 0.0, 0.0), *right]


def _fold(begin: float, end: float, difficulty: float, rng: np.random.Generator) -> list[Strip]:
    strips, height = [], 0.0
    while begin < end - 1e-6:
        length = min(between(rng, 0.8, 2.4), end - begin)
        slope = 0.0
        if not either(rng, 0.25):
            slope = between(rng, 0.3, 1.0) * mixed(0.4, 1.0, difficulty) * _STEEPEST * float(rng.choice((-1.0, 1.0)))
        if not _HEIGHTS[0] <= height + length * math.tan(slope) <= _HEIGHTS[1]:
            slope = -slope
        if not _HEIGHTS[0] <= height + length * math.tan(slope) <= _HEIGHTS[1]:
            slope = 0.0
        strips.append(Strip(begin, begin + length, height, slope))
        begin, height = begin + length, height + length * math.tan(slope)
    return strips


def _lay_strip(site: Site, strip: Strip, falls: bool, rng: np.random.Generator) -> None:
    outline = (strip.begin, strip.end, -0.5 * site.width, 0.5 * site.width)
    inlays = _draw_inlays(site, strip, falls, rng)
    for piece in _without(outline, [inlay.where for inlay in inlays]):
        _lay(site, strip, Inlay("ground", piece), 0.002)
    for inlay in inlays:
        _lay(site, strip, inlay, _UNDER if inlay.softness > 0.0 else 0.002)
        if inlay.depth > 0.0:
            _lay(site, strip, Inlay("pit", inlay.where), _UNDER, inlay.depth)
    if either(rng, mixed(0.15, 0.4, site.difficulty)):
        _plough(site, strip, rng)


def _lay(site: Site, strip: Strip, inlay: Inlay, more: float, below: float = 0.0) -> None:
    """A slab parallel to a strip, larger than its outline by so much [m], but within the strip's ends.

    What is soft lies a hair lower, so that where it reaches under hard ground, that is what a foot meets.
    """
    x0, x1, y0, y1 = inlay.where
    x0, x1 = max(x0 - more, strip.begin), min(x1 + more, strip.end)
    middle, flat = 0.5 * (x0 + x1), math.cos(strip.slope)
    site.lay(
        inlay.what,
        (middle, 0.5 * (y0 + y1), 0.0),
        ((x1 - x0) / flat, y1 - y0 + 2 * more),
        strip.at(middle) - (_HAIR if inlay.softness > 0.0 else below),
        friction=inlay.friction,
        softness=inlay.softness,
        slope=strip.slope,
        thickness=_THICK,
        carries=inlay.depth == 0.0,
    )


def _draw_inlays(site: Site, strip: Strip, falls: bool, rng: np.random.Generator) -> list[Inlay]:
    """Mud where the ground falls or has fallen; slippery patches and hidden holes anywhere."""
    hard, found = site.difficulty, list[Inlay]()

    def add(what: str, size: Point, friction: float | None = None, softness: float = 0.0, depth: float = 0.0) -> None:
        room = (strip.begin + _UNDER, strip.end - _UNDER)
        length, width = min(size[0], room[1] - room[0]), size[1]
        if length < _SHORTEST:
            return
        x = room[0] + rng.random() * (room[1] - room[0] - length)
        y = between(rng, -0.5, 0.5) * (site.width - width - 2 * _HEDGE)
        where = (x, x + length, y - 0.5 * width, y + 0.5 * width)
        if not any(_overlap(where, other.where) for other in found):
            found.append(Inlay(what, where, friction, softness, depth))

    for _ in range(how_many(rng, 0.0, mixed(0.5, 2.0, hard)) if falls else 0):
        size = (between(rng, 0.5, 1.4), between(rng, 0.6, 2.0))
        add("mud", size, between(rng, mixed(0.35, 0.2, hard), 0.5), between(rng, 0.01, 0.03))
    for _ in range(how_many(rng, 0.0, mixed(0.3, 1.2, hard))):
        add("slick", (between(rng, 0.4, 1.0), between(rng, 0.4, 1.2)), slippery(rng, hard))
    for _ in range(how_many(rng, 0.0, mixed(0.3, 1.5, hard))):
        size = (between(rng, 0.2, 0.4), between(rng, 0.2, 0.4))
        add("hole", size, depth=between(rng, 0.03, mixed(0.04, 0.06, hard)))
    return found


def _overlap(a: Rectangle, b: Rectangle) -> bool:
    apart = 2 * _UNDER
    return a[0] < b[1] + apart and b[0] < a[1] + apart and a[2] < b[3] + apart and b[2] < a[3] + apart


def _without(whole: Rectangle, holes: list[Rectangle]) -> Iterator[Rectangle]:
    """Rectangles that cover one but for the holes in it, which do not overlap."""
    if not holes:
        yield whole
        return
    (x0, x1, y0, y1), (a, b, c, d) = whole, holes[0]
    for piece in ((x0, a, y0, y1), (b, x1, y0, y1), (a, b, y0, c), (a, b, d, y1)):
        if piece[1] - piece[0] > 1e-6 and piece[3] - piece[2] > 1e-6:
            yield from _without(piece, [cut for hole in holes[1:] if (cut := _common(piece, hole)) is not None])


def _common(a: Rectangle, b: Rectangle) -> Rectangle | None:
    x0, x1, y0, y1 = max(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), min(a[3], b[3])
    return (x0, x1, y0, y1) if x0 < x1 and y0 < y1 else None


def _plough(site: Site, strip: Strip, rng: np.random.Generator) -> None:
    """Ridges of 2 to 6 cm across a strip, with furrows between them."""
    if strip.begin <= 0.0 <= strip.end and strip.slope == 0.0 and strip.height == 0.0:
        return
    width = between(rng, 2.0, 0.8 * site.width)
    y = between(rng, -0.5, 0.5) * (site.width - width)
    ridge, height = between(rng, 0.1, 0.2), between(rng, 0.02, mixed(0.035, 0.06, site.difficulty))
    x, apart = strip.begin + ridge, between(rng, 0.3, 0.5)
    while x < strip.end - ridge:
        site.lay("ridge", (x, y, between(rng, -0.04, 0.04)), (ridge, width), strip.at(x) + height, slope=strip.slope)
        x += apart + between(rng, -0.05, 0.05)


def _add_hedges(site: Site) -> None:
    x, y = 0.5 * (site.length - _HEDGE), 0.5 * (site.width - _HEDGE)
    for sign in (-1.0, 1.0):
        site.box("hedge", (0.0, sign * y, 0.0), (site.length, _HEDGE, 1.2 + _HEIGHTS[1]))
        site.box("hedge", (sign * x, 0.0, 0.0), (_HEDGE, site.width, 1.2 + _HEIGHTS[1]))


def _ground_at(strips: list[Strip], x: float) -> Strip:
    return next((strip for strip in strips if strip.begin <= x <= strip.end), strips[-1])


def _add_boulder(site: Site, strips: list[Strip], area: Area, rng: np.random.Generator) -> None:
    size = (between(rng, 0.25, 0.9), between(rng, 0.25, 0.9))
    pose = site.find_room(size, between(rng, -math.pi, math.pi), rng, area)
    if pose is not None:
        ground = _ground_at(strips, pose[0]).at(pose[0])
        site.box("rock", pose, (*size, ground + between(rng, 0.25, 0.9)))


def _add_tree(site: Site, area: Area, rng: np.random.Generator) -> None:
    diameter = between(rng, 0.1, 0.4)
    pose = site.find_room((diameter, diameter), 0.0, rng, area)
    if pose is not None:
        site.cylinder("tree", pose[:2], diameter, between(rng, 2.0, 3.5))


def _lay_stone(site: Site, strips: list[Strip], area: Area, rng: np.random.Generator) -> None:
    """A flat stone of 1 to 5 cm, to step on or over."""
    x, y = area.draw(rng)
    strip = _ground_at(strips, x)
    tilt = 0.08
    site.lay(
        "stone",
        (x, y, between(rng, -math.pi, math.pi)),
        (between(rng, 0.12, 0.35), between(rng, 0.12, 0.35)),
        strip.at(x) + between(rng, 0.01, mixed(0.025, 0.05, site.difficulty)),
        slope=between(rng, -tilt, tilt),
        bank=between(rng, -tilt, tilt),
    )
