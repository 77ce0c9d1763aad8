"""A course of waypoints: drawn from a seed, and steered along as a person with a joystick would, on odometry alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from jepa_humanoid import geometry
from jepa_humanoid.evaluation.planar_motion import lead
from jepa_humanoid.locomotion.settings import GaitSettings
from jepa_humanoid.planning.baselines import steer
from jepa_humanoid.robot.description import ARMS, RobotDescription
from jepa_humanoid.robot.state import PostureCommand, Vector, VelocityCommand
from jepa_humanoid.simulation.waypoints import draw_waypoints
from jepa_humanoid.world_model.settings import CommandLimits

_ARMS_STREAM = 0x61726D73
"""Keeps the arms' postures apart from a seed's other draws."""


@dataclass(frozen=True)
class Course:
    """What a course is drawn from, and how it is followed.

    Attributes:
        waypoints: How many there are.
        leg: Time for each; then the next one counts, reached or not [s].
        bearing: Largest angle between one leg and the next [rad].
        shortest: Length of the shortest leg [m].
        longest: Of the longest one straight ahead [m].
        shortening: By which a leg's greatest length shrinks with its bearing [m/rad]: turning takes time.
        arrival: Distance at which the follower lets go until the next waypoint counts [m].
        period: Between two velocity commands [s].
        limits: Of the commands.
        gesture: Time after which the arms go to another posture [s].
        swing: Greatest angle by which a joint of an arm is away from its nominal position then [rad].
    """

    waypoints: int = 12
    leg: float = 5.0
    bearing: float = np.pi / 2
    shortest: float = 0.4
    longest: float = 1.3
    shortening: float = 0.5
    arrival: float = 0.1
    period: float = 0.1
    limits: CommandLimits = field(default_factory=CommandLimits)
    gesture: float = 1.5
    swing: float = 0.6

    def draw(self, seed: int) -> Vector:
        """Waypoints of a seed as seen from the start, shape (waypoints, 2) [m]."""
        # A stream of its own, so that the world's draws do not depend on the course.
        rng = np.random.default_rng((seed, self.waypoints))
        return draw_waypoints(rng, self.waypoints, self.bearing, self.shortest, self.longest, self.shortening)

    def gestures(self, seed: int, robot: RobotDescription) -> Iterator[PostureCommand]:
        """Postures of a seed for the arms, one after the other without end."""
        rng = np.random.default_rng((seed, self.waypoints, _ARMS_STREAM))
        joints = list(robot.members(ARMS))
        names = [robot.joint_names[index] for index in joints]
        while True:
            angles = robot.joints.nominal[joints] + rng.uniform(-self.swing, self.swing, len(joints))
            yield PostureCommand(arms=dict(zip(names, angles.tolist(), strict=True)))

    def command(self, pose: Vector, waypoint: Vector) -> VelocityCommand:
        """Velocity to ask for at a pose (3,), on the way to a waypoint (2,) in the same frame."""
        forward, lateral, turn = steer(geometry.to_local(pose, waypoint), self.limits)
        return VelocityCommand(float(forward), float(lateral), float(turn))

    def arrived(self, pose: Vector, waypoint: Vector) -> bool:
        """Whether the follower may let go."""
        return bool(np.linalg.norm(waypoint - pose[:2]) < self.arrival)


class AskedWay:
    """Where commands lead a robot that follows them as fast as its gait allows: what its motion is measured against."""

    def __init__(self, gait: GaitSettings) -> None:
        """Begin at rest.

        Args:
            gait: Whose limits of velocity and acceleration apply.
        """
        forward, backward, lateral, turn = gait.velocity_limit
        self._upper = np.array([forward, lateral, turn])
        self._lower = -np.array([backward, lateral, turn])
        linear, angular = gait.acceleration_limit
        self._acceleration = np.array([linear, linear, angular])
        self._twist = np.zeros(3)
        self.begin_leg()

    def begin_leg(self) -> None:
        """Count from here on."""
        self.pose = np.zeros(3)
        self.length = 0.0

    def advance(self, command: VelocityCommand, period: float) -> None:
        """Follow a command for a time [s]."""
        step = self._acceleration * period
        before = self._twist
        self._twist = before + np.clip(np.clip(command.as_array(), self._lower, self._upper) - before, -step, step)
        mean = VelocityCommand(*((before + self._twist) / 2).tolist())
        self.pose = geometry.compose(self.pose, lead(mean, period))
        self.length += period * float(np.hypot(mean.forward, mean.lateral))
