"""How the body holds itself, besides walking: what may be asked for, and how fast it comes about."""

import math

import numpy as np

from jepa_humanoid.locomotion.errors import PostureError
from jepa_humanoid.locomotion.settings import PostureSettings
from jepa_humanoid.robot.description import ARMS, RobotDescription
from jepa_humanoid.robot.state import PostureCommand, Vector


def check_posture(robot: RobotDescription, command: PostureCommand) -> None:
    """Refuse a posture that a robot cannot have.

    Raises:
        PostureError: If it is no number, or moves what is no joint of an arm.
    """
    if not all(map(math.isfinite, (command.height, command.pitch, *command.arms.values()))):
        raise PostureError("a posture has to be finite")
    arms = {robot.joint_names[index] for index in robot.members(ARMS)}
    if unknown := sorted(command.arms.keys() - arms):
        known = ", ".join(sorted(arms)) or "none"
        raise PostureError(f"no joints of an arm: {', '.join(unknown)}; {robot.name} has {known}")


class Posture:
    """Follows what is asked for, within limits and no faster than is good.

    Attributes:
        height: Of the centre of mass, relative to the walk's own [m].
        pitch: Of pelvis and torso, positive forward [rad].
        joints: Positions that joints are drawn to, shape (n,) [rad].
        leads_arms: Whether arms are drawn elsewhere than in the nominal posture.
    """

    def __init__(self, robot: RobotDescription, settings: PostureSettings) -> None:
        """Begin with the nominal posture."""
        self._robot, self._settings = robot, settings
        self.height = self.pitch = 0.0
        self.joints = robot.joints.nominal.copy()
        self.leads_arms = False
        self.ask(PostureCommand())

    def ask(self, command: PostureCommand) -> None:
        """Take in what is wanted, within the limits of settings and joints."""
        joints = self._robot.joints
        arms = joints.nominal.copy()
        for name, position in command.arms.items():
            arms[self._robot.joint_names.index(name)] = position
        self._height = float(np.clip(command.height, *self._settings.height_range))
        self._pitch = float(np.clip(command.pitch, *self._settings.pitch_range))
        self._joints: Vector = np.clip(arms, joints.lower, joints.upper)
        self._asked, self._moving = command, True

    def go_back_from(self, joints: tuple[int, ...], position: Vector) -> None:
        """Draw some joints to their positions in ``position`` (n,) [rad] at first, and from there to what is asked."""
        self.joints = self.joints.copy()
        chosen = list(joints)
        self.joints[chosen] = position[chosen]
        self._moving = True

    def take_over(self, other: "Posture") -> None:
        """Go on from where another one has come to, and to what it was asked for."""
        self.height, self.pitch, self.joints = other.height, other.pitch, other.joints
        self.ask(other._asked)

    def advance(self, dt: float) -> None:
        """Come nearer for a time [s]."""
        if not self._moving:
            return
        climb, tilt, swing = (rate * dt for rate in self._settings.rate)
        self.height += float(np.clip(self._height - self.height, -climb, climb))
        self.pitch += float(np.clip(self._pitch - self.pitch, -tilt, tilt))
        self.joints = self.joints + np.clip(self._joints - self.joints, -swing, swing)
        there = self.height == self._height and self.pitch == self._pitch
        self._moving = not (there and np.array_equal(self.joints, self._joints))
        self.leads_arms = not np.array_equal(self.joints, self._robot.joints.nominal)
