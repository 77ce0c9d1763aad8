"""A scene's YAML file, as written: obstacles one by one, or rules for drawing them.

Scenes drawn from a seed have no ambiguous slits: two neighbours are at least `PASSABLE_GAP` apart, or at most
`CLOSED_GAP`.
"""

import re
from dataclasses import fields
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass as validated_dataclass

from jepa_humanoid.config import STRICT, Ascending, Interval, NonNegative, Positive, PositiveInterval, Share
from jepa_humanoid.simulation.meshes import Up

PASSABLE_GAP = 0.9
"""Width of the narrowest gap that a robot is expected to pass [m]."""
CLOSED_GAP = 0.2
"""Width of the widest gap that nobody can mistake for a passage [m]."""

Family = Literal["factory", "kitchen", "field"]
"""Kinds of scenes of which everything is drawn."""

_Number = Annotated[int, Field(ge=0, le=1000)]
_Passable = Annotated[float, Field(ge=PASSABLE_GAP)]
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_RESERVED = {"floor"}


@validated_dataclass(frozen=True, config=STRICT)
class ListedObstacle:
    """An obstacle that is always there.

    Attributes:
        name: Letters, digits, ``_``, ``.`` and ``-``; unique in its scene, and not ``floor``.
        kind: ``box``, ``cylinder`` or ``mesh``.
        position: x and y of the middle of its base in the world [m]; of a mesh, of its bounding box.
        size: Of a box its full extents along its x, y and z axis [m]; of a cylinder diameter, diameter, height.
        bottom: Height of its underside above the floor [m]; 0 stands on it.
        yaw: Angle by which it is turned about the vertical, counter-clockwise from above [rad].
        file: Of a mesh: an STL, OBJ or PLY file, relative to this one.
        scale: Of a mesh: what the file's lengths are multiplied by to be metres; one number, or one each for its x, y
            and z.
        up: Of a mesh: the file's axis that points up, ``z`` or ``y``.
    """

    name: str
    kind: Literal["box", "cylinder", "mesh"]
    position: tuple[float, float]
    size: tuple[Positive, Positive, Positive] | None = None
    bottom: NonNegative = 0.0
    yaw: float = 0.0
    file: str | None = None
    scale: Positive | tuple[Positive, Positive, Positive] = 1.0
    up: Up = "z"

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"name '{self.name}' must be of letters, digits, '_', '.' and '-'")
        if self.name in _RESERVED:
            raise ValueError(f"'{self.name}' is the floor's own name: choose another")
        if self.kind == "mesh":
            if self.file is None:
                raise ValueError(f"mesh '{self.name}' needs a 'file': STL, OBJ or PLY")
            if self.size is not None:
                raise ValueError(f"mesh '{self.name}' has its size from its file: give 'scale' instead of 'size'")
            return
        if self.size is None:
            raise ValueError(f"{self.kind} '{self.name}' needs a 'size': its extents along x, y and z in metres")
        if (self.file, self.scale, self.up) != (None, 1.0, "z"):
            raise ValueError(f"{self.kind} '{self.name}': 'file', 'scale' and 'up' are for 'kind: mesh'")


@validated_dataclass(frozen=True, config=STRICT)
class AreaRule:
    """The rectangle that the furniture stands in; the robot starts somewhere in it.

    Attributes:
        length: Least and greatest extent along the area's x axis [m].
        width: Least and greatest along its y axis [m].
        walled: Probability that walls surround it, 0 to 1.
        wall_height: Of those walls [m].
        wall_thickness: Of those walls [m].
    """

    length: PositiveInterval
    width: PositiveInterval
    walled: Share
    wall_height: Positive
    wall_thickness: Positive


@validated_dataclass(frozen=True, config=STRICT)
class FurnitureRule:
    """A kind of obstacle and how many of it to try to place.

    Attributes:
        count: Fewest and most pieces asked for; those that find no place are left out.
        breadth: Least and greatest edge of a box, or diameter of a cylinder [m].
        height: Least and greatest height [m].
        length: Least and greatest longer edge of a box [m]; none to draw it like the breadth.
        round: Share of cylinders, 0 to 1.
        aligned: Share of boxes parallel to the area's edges, 0 to 1.
        attached: Share placed against another obstacle, at most 0.2 m from it, 0 to 1.
    """

    count: Annotated[tuple[_Number, _Number], Ascending]
    breadth: PositiveInterval
    height: PositiveInterval
    length: PositiveInterval | None = None
    round: Share = 0.0
    aligned: Share = 1.0
    attached: Share = 0.0


@validated_dataclass(frozen=True, config=STRICT)
class CorridorRule:
    """Two parallel walls somewhere in the area.

    Attributes:
        probability: That there is one, 0 to 1.
        gap: Least and greatest distance between the walls [m], 0.9 or more.
        length: Least and greatest length of the walls [m].
        height: Least and greatest height of the walls [m].
        thickness: Least and greatest thickness of the walls [m].
    """

    probability: Share
    gap: Annotated[tuple[_Passable, _Passable], Ascending]
    length: PositiveInterval
    height: PositiveInterval
    thickness: PositiveInterval


@validated_dataclass(frozen=True, config=STRICT)
class GoalRule:
    """A goal that a straight walk does not reach, and a detour does.

    Attributes:
        distance: Least and greatest from the start, as the crow flies [m].
        clearance: Free space around the goal [m].
        blocked_half_width: Half the width of a robot for which the straight line is blocked [m].
        path_clearance: Distance that some path keeps from every obstacle [m].
    """

    distance: PositiveInterval
    clearance: NonNegative
    blocked_half_width: Positive
    path_clearance: Positive


@validated_dataclass(frozen=True, config=STRICT)
class HillRule:
    """A rise ahead of the start, its top, and the way down.

    Attributes:
        kind: ``hill``.
        slope: Least and greatest, either way [rad].
        flank: Least and greatest length of either flank over the ground [m].
        crest: Least and greatest length of its top [m].
        width: Of all of it [m].
        distance: Of its foot from the start [m].
        turn: Least and greatest angle between the way ahead and the way up [rad].
    """

    kind: Literal["hill"]
    slope: PositiveInterval
    flank: PositiveInterval
    crest: PositiveInterval
    width: Positive = 8.0
    distance: NonNegative = 0.6
    turn: Interval = (0.0, 0.0)


@validated_dataclass(frozen=True, config=STRICT)
class RubbleRule:
    """Flat stones that lie about ahead of the start.

    Attributes:
        kind: ``rubble``.
        breadth: Least and greatest edge [m].
        height: Least and greatest height of their tops above the floor [m].
        tilt: Greatest angle of a top to the level [rad].
        cover: Share of the ground that they would cover, did none overlap another.
        friction: Least and greatest of each; the floor's if none.
        softness: Least and greatest depth to which each gives way [m].
        length: Of the stretch along the way ahead [m].
        width: Of the stretch across it [m].
        distance: Of its begin from the start [m].
    """

    kind: Literal["rubble"]
    breadth: PositiveInterval
    height: PositiveInterval
    tilt: NonNegative = 0.0
    cover: Positive = 0.6
    friction: PositiveInterval | None = None
    softness: Interval = (0.0, 0.0)
    length: Positive = 6.0
    width: Positive = 3.0
    distance: NonNegative = 0.4


@validated_dataclass(frozen=True, config=STRICT)
class StepsRule:
    """Steps across the way ahead, up or down at random, never below the floor.

    Attributes:
        kind: ``steps``.
        rise: Least and greatest height of a step [m].
        tread: Least and greatest depth of a step [m].
        count: How many.
        turn: Least and greatest angle between the way ahead and across the steps [rad].
        width: Across the way [m].
        distance: Of the first from the start [m].
    """

    kind: Literal["steps"]
    rise: PositiveInterval
    tread: PositiveInterval
    count: Annotated[int, Field(ge=1, le=100)] = 8
    turn: Interval = (0.0, 0.0)
    width: Positive = 8.0
    distance: NonNegative = 0.6


GroundRule = HillRule | RubbleRule | StepsRule
"""What a floor may be covered with."""


@validated_dataclass(frozen=True, config=STRICT)
class PlaceRule:
    """A real place, as it was scanned or drawn: boxes are made of it that robots walk among.

    Attributes:
        file: A mesh or a cloud of points: glTF (``.glb``, ``.gltf``), PLY, OBJ or STL, relative to this file.
        scale: What the file's lengths are multiplied by to be metres.
        up: The file's axis that points up, ``z`` or ``y``; none for what its format says: ``y`` of glTF, ``z`` else.
        floor: Height of its floor in the file, scaled and upright [m]; none to look for it.
        cell: Edge of the cells that it is cut into [m].
        ceiling: Height above the floor from which on nothing counts [m].
    """

    file: str
    scale: Positive = 1.0
    up: Up | None = None
    floor: float | None = None
    cell: Annotated[float, Field(ge=0.02, le=0.2)] = 0.05
    ceiling: Positive = 2.0


@validated_dataclass(frozen=True, config=STRICT)
class SceneFile:
    """A scene's YAML file, as written.

    Attributes:
        friction: Coefficient of sliding friction.
        start: x, y [m] and yaw [rad] in the world. When furniture is drawn, the area is laid around the start and
            around the obstacles that are always there.
        goal: Where the robot shall go when it is evaluated: x and y in the world [m], or a rule for drawing them.
        obstacles: What is always there.
        area: Where furniture is drawn; none for no drawing.
        corridors: A corridor drawn in the area.
        furniture: What is drawn in the area.
        start_clearance: Free space around the start [m].
        ground: What covers the floor ahead of the start; it is walked on, and no obstacle.
        family: ``factory``, ``kitchen`` or ``field``: all of the scene is drawn, and nothing else is said.
        difficulty: Of a family, 0 to 1; none for the seed to draw it. ``factory:0.7`` says it by the name.
        place: A real place to walk in.
    """

    friction: Positive = 0.8
    start: tuple[float, float, float] = (0.0, 0.0, 0.0)
    goal: tuple[float, float] | GoalRule | None = None
    obstacles: tuple[ListedObstacle, ...] = ()
    area: AreaRule | None = None
    corridors: CorridorRule | None = None
    furniture: tuple[FurnitureRule, ...] = ()
    start_clearance: NonNegative = 0.5
    ground: tuple[Annotated[GroundRule, Field(discriminator="kind")], ...] = ()
    family: Family | None = None
    difficulty: Share | None = None
    place: PlaceRule | None = None

    def __post_init__(self) -> None:
        if self.family is None and self.difficulty is not None:
            raise ValueError("a 'difficulty' is a family's: give 'family' as well")
        said = {item.name for item in fields(self) if getattr(self, item.name) != item.default}
        if self.family is not None and (more := sorted(said - {"family", "difficulty"})):
            raise ValueError(f"all of a {self.family} is drawn: leave out {', '.join(more)}")
        if self.place is not None and self.area is not None:
            raise ValueError("a 'place' is as it is: leave out 'area', with furniture and corridors")
