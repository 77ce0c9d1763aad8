"""Draws who moves about in a site: people who walk, and trolleys that drive."""

import math

import numpy as np

from jepa_humanoid.robot.state import Matrix
from jepa_humanoid.simulation.families.passage import STEP, Passage
from jepa_humanoid.simulation.families.site import Point, Site, between, either
from jepa_humanoid.simulation.movers import Mover
from jepa_humanoid.simulation.obstacles import Obstacle

PERSON = (
    Obstacle("cylinder", (0.0, 0.0), 0.0, (0.45, 0.45, 1.5), "body"),
    Obstacle("cylinder", (0.0, 0.0), 0.0, (0.2, 0.2, 0.25), "head", 1.5),
)
"""Somebody 0.45 m wide and 1.75 m high, as a LiDAR sees people."""
TROLLEY = (
    Obstacle("box", (0.0, 0.0), 0.0, (0.9, 0.55, 0.35), "deck"),
    Obstacle("box", (0.05, 0.0), 0.0, (0.6, 0.45, 0.55), "load", 0.35),
    Obstacle("box", (-0.42, 0.0), 0.0, (0.04, 0.5, 0.65), "handle", 0.35),
)
"""A driverless one, 0.9 m long."""
_HALF_PERSON, _HALF_TROLLEY = 0.225, 0.55
"""Radius of the circle that each sweeps [m]."""
_BESIDE = 0.72
"""Width that whoever stops for nobody leaves free on both sides, for a robot to stand aside [m]."""
_APART = 0.1
_FROM_START, _FROM_GOAL = 1.6, 1.2
"""Distances that ways keep from where a robot stands before and after [m]."""
_BUMP = 0.03
"""Height of what they walk and drive over [m]."""
_TRIES = 120


def add_people(site: Site, passage: Passage, start: Point, count: int, rng: np.random.Generator) -> None:
    """Let people walk about, as many as find a way.

    Args:
        site: With its goal; they are added to it.
        passage: What is free in it.
        start: Where the robot starts [m].
        count: How many are asked for.
        rng: Source of the draws.
    """
    for _ in range(count):
        yields = either(rng, _courtesy(site.difficulty))
        room = _HALF_PERSON + (_APART if yields else _BESIDE)
        way = _draw_way(site, passage, start, room, int(rng.integers(2, 5)), rng)
        if way is None:
            continue
        speed = between(rng, 0.5, 0.7 + 0.6 * site.difficulty)
        site.movers.append(
            Mover(
                name=site.name("person"),
                parts=PERSON,
                waypoints=way,
                speed=speed,
                pauses=tuple(between(rng, 0.0, 4.0) if either(rng, 0.5) else 0.0 for _ in way),
                phase=between(rng, 0.0, 60.0),
                yields=between(rng, 0.9, 1.4) if yields else 0.0,
                patience=between(rng, 2.0, 5.0),
            )
        )


def add_trolleys(site: Site, passage: Passage, start: Point, count: int, rng: np.random.Generator) -> None:
    """Let trolleys drive to and fro, as many as find a way; arguments as of `add_people`."""
    for _ in range(count):
        yields = either(rng, 0.5)
        way = _draw_way(site, passage, start, _HALF_TROLLEY + (_APART if yields else _BESIDE - 0.1), 2, rng)
        if way is None:
            continue
        site.movers.append(
            Mover(
                name=site.name("trolley"),
                parts=TROLLEY,
                waypoints=way,
                speed=between(rng, 0.3, 0.5 + 0.5 * site.difficulty),
                pauses=tuple(between(rng, 1.0, 6.0) for _ in way),
                phase=between(rng, 0.0, 60.0),
                reverses=True,
                yields=between(rng, 1.3, 1.8) if yields else 0.0,
                patience=between(rng, 3.0, 6.0),
            )
        )


def _courtesy(difficulty: float) -> float:
    """Share of people who stop for a robot: nine of ten where it is easy, half where it is hard."""
    return 0.9 - 0.4 * difficulty


def _draw_way(
    site: Site, passage: Passage, start: Point, room: float, count: int, rng: np.random.Generator
) -> tuple[Point, ...] | None:
    """Waypoints, straight lines between which keep their distance from all that stands, and from start and goal."""
    free = (passage.clear >= room) & (np.abs(passage.height) <= _BUMP)
    way: list[Point] = []
    for _ in range(_TRIES):
        point = passage.draw(free, rng)
        if point is None:
            return None
        if way and not 1.5 <= math.dist(way[-1], point) <= 7.0:
            continue
        line = _line(way[-1] if way else point, point)
        if _is_free(line, site, passage, start, room):
            way.append(point)
        if len(way) == count:
            break
    return tuple(way) if len(way) >= 2 else None


def _is_free(line: Matrix, site: Site, passage: Passage, start: Point, room: float) -> bool:
    return bool(
        (passage.clearances(line) >= room).all()
        and (np.abs(passage.heights(line)) <= _BUMP).all()
        and np.linalg.norm(line - start, axis=1).min() >= _FROM_START
        and (site.goal is None or np.linalg.norm(line - site.goal, axis=1).min() >= _FROM_GOAL)
    )


def _line(begin: Point, end: Point) -> Matrix:
    steps = max(2, int(math.dist(begin, end) / STEP) + 2)
    return np.linspace(begin, end, steps)
