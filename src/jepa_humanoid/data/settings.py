"""What generated episodes are made of."""

from dataclasses import dataclass, field

from jepa_humanoid.data.errors import DataError
from jepa_humanoid.data.wandering import WanderingSettings
from jepa_humanoid.locomotion.walkers import MODEL
from jepa_humanoid.planner_names import planner_names
from jepa_humanoid.robot.description import DEFAULT_ROBOT
from jepa_humanoid.simulation.walk import WalkMaker
from jepa_humanoid.world_model.settings import WorldModelSettings

Shares = tuple[tuple[str, float], ...]
"""Scenes by their names or YAML files, and how often each is drawn."""


@dataclass(frozen=True)
class GenerationSettings:
    """What episodes are made of.

    Attributes:
        seconds: Longest episode [s].
        settling: Time at the start with a command of zero [s].
        scenes: Share of each scene, by its name or its YAML file.
        aftermath: Time recorded after a touch or a fall [s].
        pushed: Share of walks that are pushed.
        push: Weakest and strongest push [N·s].
        push_pause: Shortest and longest time between pushes [s].
        planned: Share of walks that a planner commands; the others wander.
        planner: Which; the default needs no world model, so that the first one can be learned from it.
        pursuit: Time after which a planner that has not arrived is given another goal [s].
        goals: Places a scene for which cost-to-go is labelled.
        goal_reach: Farthest of them from the walked path [m].
        placements: Random placements of a replayed motion among which the kind is looked for.
        wandering: Mixture of behaviours.
    """

    seconds: float = 40.0
    settling: float = 0.5
    scenes: Shares = (("clutter", 0.75), ("room", 0.2), ("flat", 0.05))
    aftermath: float = 0.8
    pushed: float = 0.3
    push: tuple[float, float] = (2.0, 12.0)
    push_pause: tuple[float, float] = (3.0, 9.0)
    planned: float = 0.2
    planner: str = "kinematic"
    pursuit: float = 15.0
    goals: int = 16
    goal_reach: float = 5.0
    placements: int = 300
    wandering: WanderingSettings = field(default_factory=WanderingSettings)

    def __post_init__(self) -> None:
        if self.planner not in planner_names():
            raise DataError(f"no planner '{self.planner}': known are {', '.join(planner_names())}")


@dataclass(frozen=True)
class Recipe:
    """Everything that an episode follows from, besides its seed; goes to other processes and machines as it is.

    Attributes:
        make_walk: Makes walks; must be importable by name where episodes are made.
        model: What the world model sees, and the limits of commands.
        settings: What episodes are made of.
        robot: Name of the robot, or its YAML file.
        overrides: What is to be otherwise than its file says.
        walker: Who moves it; what ``make_walk`` was told.
    """

    make_walk: WalkMaker
    model: WorldModelSettings = field(default_factory=WorldModelSettings)
    settings: GenerationSettings = field(default_factory=GenerationSettings)
    robot: str = DEFAULT_ROBOT
    overrides: str = ""
    walker: str = MODEL


def read_shares(text: str) -> Shares:
    """Read scenes and their shares: ``clutter,room`` as often each, ``clutter=3,room=1`` thrice as often.

    Args:
        text: Names in ``config/scenes`` or paths of YAML files, which hold no comma.

    Raises:
        DataError: If there is none, or a share is no positive number.
    """
    shares = []
    for part in filter(None, map(str.strip, text.split(","))):
        name, equals, share = part.rpartition("=")
        try:
            shares.append((name, float(share)) if equals else (part, 1.0))
        except ValueError:
            shares.append((part, 1.0))  # a path with a sign in it
        if not 0.0 < shares[-1][1] < float("inf"):
            raise DataError(f"scenes: the share in '{part}' has to be a positive number")
    if not shares:
        raise DataError("scenes: name at least one, as in clutter,room or clutter=3,room=1")
    return tuple(shares)


def write_shares(shares: Shares) -> str:
    """The text that `read_shares` reads."""
    return ",".join(f"{name}={share:g}" for name, share in shares)
