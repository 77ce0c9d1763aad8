"""How the planner searches and what it wants; read from ``config/world_model/planner.yaml``."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass as validated_dataclass

from jepa_humanoid.config import STRICT, Count, NonNegative, Positive, Share, load
from jepa_humanoid.resources import share_directory
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.settings import settings_of
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.settings import CommandLimits


@validated_dataclass(frozen=True, config=STRICT)
class SearchSettings:
    """Budget and spread of the cross-entropy search.

    Attributes:
        samples: Candidates that the first round imagines.
        refined: Candidates that each later round imagines.
        iterations: Rounds of imagining.
        elites: Best candidates, around which the next round is drawn.
        knots: Points in time between which a drawn command sequence is interpolated.
        spread: Standard deviation around an elite in the second round, as a share of the limits' range.
        cooling: Factor on it from round to round.
        warm: Share of the first round drawn around the plan before.
        shown: Candidates handed out for display.
    """

    samples: Count = 128
    refined: Count = 64
    iterations: Count = 3
    elites: Count = 16
    knots: Annotated[int, Field(ge=2)] = 4
    spread: Positive = 0.3
    cooling: Positive = 0.5
    warm: Share = 0.3
    shown: Count = 48


@validated_dataclass(frozen=True, config=STRICT)
class CostSettings:
    """What a candidate costs. Terms are summed over the horizon and weighed against a metre of distance to the goal.

    Attributes:
        progress: Of the mean cost-to-go over the horizon [1/m].
        arrival: Of the cost-to-go at its end [1/m].
        hazard: Of the probability of touching something or falling.
        discount: Factor on hazard and clearance from step to step: far predictions are vague, and there is time to
            plan again.
        clearance: Of what lacks to `wanted_clearance`, squared, relative to it.
        wanted_clearance: From the robot's middle [m].
        effort: Of the mean power [1/W].
        smoothness: Of squared changes of the command, in units of the limits.
        sideways: Of squared lateral and backward commands, in units of the limits: a robot sees best where it faces.
        revisit: Of coming back to where it has been while it makes no headway.
        revisit_radius: How near counts as back [m].
        certain_end: Candidates that end in a fall or a touch within `near_steps` with more than this probability are
            dropped; standing still never is.
        near_steps: Steps in which that is judged.
    """

    progress: NonNegative = 1.0
    arrival: NonNegative = 0.5
    hazard: NonNegative = 6.0
    discount: Share = 0.85
    clearance: NonNegative = 1.0
    wanted_clearance: Positive = 0.5
    effort: NonNegative = 0.0005
    smoothness: NonNegative = 0.02
    sideways: NonNegative = 0.1
    revisit: NonNegative = 0.6
    revisit_radius: Positive = 0.5
    certain_end: Share = 0.5
    near_steps: Count = 4


@validated_dataclass(frozen=True, config=STRICT)
class ArrivalSettings:
    """When a goal is reached.

    Attributes:
        stop: Distance at which the robot stops [m].
        leave: Distance from which on it walks again [m].
        yaw: Heading error at which it stops turning, where a goal has a heading [rad].
    """

    stop: Positive = 0.18
    leave: Positive = 0.3
    yaw: Positive = 0.15


@validated_dataclass(frozen=True, config=STRICT)
class SurpriseSettings:
    """How the running prediction error is formed and what it does.

    Attributes:
        smoothing: Time constant of the running mean [s].
        calm: Error, in units of the held-out error, up to which nothing happens.
        alarm: Error from which on the command is slowed to `slowest`.
        slowest: Factor on the command then.
    """

    smoothing: Positive = 1.0
    calm: Positive = 3.0
    alarm: Positive = 8.0
    slowest: Share = 0.5


@validated_dataclass(frozen=True, config=STRICT)
class MemorySettings:
    """What the planner remembers of its way.

    Attributes:
        spacing: Time between remembered places [s].
        fresh: Age from which on a place may be held against returning [s].
        length: Age at which it is forgotten [s].
        patience: Time without headway after which it is [s].
        headway: Decrease of the least distance to the goal that counts [m].
    """

    spacing: Positive = 1.0
    fresh: NonNegative = 5.0
    length: Positive = 60.0
    patience: Positive = 8.0
    headway: Positive = 0.3


@validated_dataclass(frozen=True, config=STRICT)
class FollowingSettings:
    """How the body follows a velocity, for planners that learn nothing: late, and then with a lag of the first order.

    Attributes:
        delay: From a command until the body begins to follow it [s].
        lag: Time constant with which it does [s].
    """

    delay: NonNegative = 0.2
    lag: Positive = 0.3


@validated_dataclass(frozen=True, config=STRICT)
class PlannerSettings:
    """Everything about planning.

    Attributes:
        search: Budget.
        cost: Weights.
        arrival: When to stop.
        surprise: When to slow down.
        memory: Of the way.
        following: How the body follows, where no model has learned it.
        limits: Of the commands that planners ask for. The model has learned about wider ones: the robot is to go where
            it knows its way and its feet.
        stale: Age of elevation against odometry beyond which the planner stops [s].
    """

    search: SearchSettings = SearchSettings()
    cost: CostSettings = CostSettings()
    arrival: ArrivalSettings = ArrivalSettings()
    surprise: SurpriseSettings = SurpriseSettings()
    memory: MemorySettings = MemorySettings()
    following: FollowingSettings = FollowingSettings()
    limits: CommandLimits = CommandLimits((-0.15, 0.35), (-0.12, 0.12), (-0.5, 0.5))
    stale: Positive = 0.5


def load_planner_settings(path: Path | None = None) -> PlannerSettings:
    """Read the planner's YAML file; None for the package's own.

    Raises:
        WorldModelError: If it is missing or malformed.
    """
    file = path or share_directory() / "config" / "world_model" / "planner.yaml"
    if not file.is_file():
        raise WorldModelError(f"no planner settings: there is no {file}")
    return load(PlannerSettings, file, WorldModelError)


def at_speed(settings: PlannerSettings, speed: float) -> PlannerSettings:
    """Settings of a planner that may ask for a velocity ahead [m/s], and to the other sides for as much more or less.

    Raises:
        WorldModelError: If that is no speed.
    """
    if not 0.0 < speed < math.inf:
        raise WorldModelError(f"a planner cannot walk at {speed:g} m/s: give a speed above zero")
    limits = settings.limits
    factor = speed / limits.forward[1]
    ahead, aside = ((factor * low, factor * high) for low, high in (limits.forward, limits.lateral))
    return replace(settings, limits=replace(limits, forward=ahead, lateral=aside))


def planner_settings(robot: RobotDescription) -> PlannerSettings:
    """How a robot plans: the package's settings, and what the block `planner` of its YAML file says otherwise.

    Raises:
        WorldModelError: If the package's settings are missing or malformed.
        RobotDescriptionError: Naming the robot's file, and each setting that does not exist or has a wrong value.
    """
    return settings_of(robot, "planner", load_planner_settings())
