"""What a family of scenes draws on: a place that fills up with things, in a frame of its own until it is moved."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from jepa_humanoid.geometry import compose, to_local, to_parent
from jepa_humanoid.simulation.ground import Slab
from jepa_humanoid.simulation.movers import Mover
from jepa_humanoid.simulation.obstacles import Obstacle, gap

Point = tuple[float, float]
Pose = tuple[float, float, float]

THICKNESS = 0.1
"""Of what lies on a level floor [m]; most of it is below that."""
FILM = 0.002
"""How far wet tiles and oil rise above the floor [m]."""
_PASSAGE, _CLOSED = 0.85, 0.15
"""Gaps between things that are put somewhere are wider than the one or narrower than the other [m]."""
_TRIES = 30


@dataclass
class Site:
    """A rectangle and what is in it.

    Attributes:
        length: Along x, of which the middle is the frame's origin [m].
        width: Along y [m].
        difficulty: 0 to 1.
        obstacles: What stands there.
        ground: What is walked on beside the floor.
        movers: Who moves about.
        friction: Of floor and obstacles.
        floor: Height of the floor [m].
        goal: Where to go [m], once it is drawn.
    """

    length: float
    width: float
    difficulty: float
    obstacles: list[Obstacle] = field(default_factory=list)
    ground: list[Slab] = field(default_factory=list)
    movers: list[Mover] = field(default_factory=list)
    friction: float = 0.8
    floor: float = 0.0
    goal: Point | None = None

    def name(self, what: str) -> str:
        """A name that nothing here has."""
        taken = {o.name for o in self.obstacles} | {s.name for s in self.ground} | {m.name for m in self.movers}
        return next(name for k in range(10**6) if (name := f"{what}_{k}") not in taken)

    def box(self, what: str, pose: Pose, size: tuple[float, float, float], bottom: float = 0.0) -> Obstacle:
        """Put a box there: x, y [m] and yaw [rad], full extents [m], height of its underside [m]."""
        return self._stand("box", what, pose, size, bottom)

    def cylinder(self, what: str, at: Point, diameter: float, height: float, bottom: float = 0.0) -> Obstacle:
        """Put an upright cylinder there; all in metres."""
        return self._stand("cylinder", what, (*at, 0.0), (diameter, diameter, height), bottom)

    def _stand(
        self,
        kind: Literal["box", "cylinder"],
        what: str,
        pose: Pose,
        size: tuple[float, float, float],
        bottom: float,
    ) -> Obstacle:
        piece = Obstacle(kind, (float(pose[0]), float(pose[1])), float(pose[2]), size, self.name(what), bottom)
        self.obstacles.append(piece)
        return piece

    def lay(
        self,
        what: str,
        pose: Pose,
        size: Point,
        top: float,
        friction: float | None = None,
        softness: float = 0.0,
        slope: float = 0.0,
        bank: float = 0.0,
        thickness: float = THICKNESS,
        carries: bool = True,
    ) -> Slab:
        """Lay a slab there, by the middle of its upper face; lengths in metres, angles in radians."""
        x, y, yaw = (float(value) for value in pose)
        slab = Slab(
            self.name(what), (x, y, top), (size[0], size[1], thickness), yaw, slope, bank, friction, softness, carries
        )
        self.ground.append(slab)
        return slab

    def enclose(self, thickness: float, height: float) -> None:
        """Put walls around it; all in metres."""
        x, y = 0.5 * (self.length + thickness), 0.5 * (self.width + thickness)
        for sign in (-1.0, 1.0):
            self.box("wall", (0.0, sign * y, 0.0), (self.length + 2 * thickness, thickness, height))
            self.box("wall", (sign * x, 0.0, 0.0), (thickness, self.width + 2 * thickness, height))

    def legs(self, what: str, pose: Pose, corner: Point, thickness: float, height: float) -> None:
        """Put four upright posts there, at a corner of the pose's own frame and its mirror images; all in metres."""
        for sx in (-1.0, 1.0):
            for sy in (-1.0, 1.0):
                at = place_in(pose, (sx * corner[0], sy * corner[1]))
                self.box(what, (*at, pose[2]), (thickness, thickness, height))

    def find_room(self, size: Point, yaw: float, rng: np.random.Generator, within: "Area") -> Pose | None:
        """A pose for a box where no gap to another thing could be taken for a way, or None if it finds none."""
        for _ in range(_TRIES):
            x, y = within.draw(rng)
            piece = Obstacle("box", (x, y), yaw, (*size, 1.0), "piece")
            if within.holds(piece) and all(_clear(piece, other) for other in self.obstacles):
                return x, y, yaw
        return None

    def moved(self, start: Pose) -> "Site":
        """The same, with the world's origin and x axis at a pose of this frame."""
        x, y = to_local(start, (0.0, 0.0)).tolist()
        frame = (x, y, -start[2])

        def place(point: Sequence[float], yaw: float) -> Pose:
            px, py, angle = compose(frame, (point[0], point[1], yaw)).tolist()
            return px, py, angle

        def points(many: Sequence[Point]) -> tuple[Point, ...]:
            return tuple(place(point, 0.0)[:2] for point in many)

        def slab(one: Slab) -> Slab:
            px, py, yaw = place(one.top, one.yaw)
            return replace(one, top=(px, py, one.top[2]), yaw=yaw)

        def obstacle(one: Obstacle) -> Obstacle:
            px, py, yaw = place(one.position, one.yaw)
            return replace(one, position=(px, py), yaw=yaw)

        return replace(
            self,
            obstacles=[obstacle(one) for one in self.obstacles],
            ground=[slab(one) for one in self.ground],
            movers=[replace(one, waypoints=points(one.waypoints)) for one in self.movers],
            goal=None if self.goal is None else points([self.goal])[0],
        )


@dataclass(frozen=True)
class Area:
    """A rectangle along a site's axes: least and greatest x and y [m]."""

    low: Point
    high: Point

    def draw(self, rng: np.random.Generator) -> Point:
        """A place in it."""
        x, y = rng.uniform(self.low, self.high).tolist()
        return x, y

    def holds(self, piece: Obstacle) -> bool:
        """Whether all of a thing is in it."""
        return bool((piece.corners >= self.low).all() and (piece.corners <= self.high).all())


def _clear(piece: Obstacle, other: Obstacle) -> bool:
    reach = 0.5 * (math.hypot(*piece.size[:2]) + math.hypot(*other.size[:2])) + _PASSAGE
    if other.overhead or math.dist(piece.position, other.position) >= reach:
        return True
    distance = gap(piece, other)
    return distance >= _PASSAGE or 0.0 < distance <= _CLOSED


def place_in(pose: Pose, point: Point) -> Point:
    """Where a point of a pose's own frame is [m]."""
    x, y = to_parent(pose, point).tolist()
    return x, y


def either(rng: np.random.Generator, probability: float) -> bool:
    """Whether something happens that does with a probability."""
    return bool(rng.random() < probability)


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """A number between two."""
    return float(rng.uniform(low, high))


def how_many(rng: np.random.Generator, least: float, most: float) -> int:
    """A whole number, of which the mean is a draw between two numbers."""
    return int(between(rng, least, most) + rng.random())


def mixed(easy: float, hard: float, difficulty: float) -> float:
    """A number between one for difficulty 0 and one for difficulty 1."""
    return easy + difficulty * (hard - easy)


def slippery(rng: np.random.Generator, difficulty: float) -> float:
    """Coefficient of friction of something wet or oily: 0.15 at the hardest, up to 0.35."""
    return between(rng, mixed(0.25, 0.15, difficulty), 0.35)
