"""How hard a robot that falls meets the ground, and with what; the simulator's truth, for evaluations only."""

from collections.abc import Mapping, Sequence

import numpy as np

from jepa_humanoid.robot.anatomy import arm_chain
from jepa_humanoid.robot.description import SIDES, RobotDescription
from jepa_humanoid.simulation.mujoco_engine import MujocoEngine

PARTS = ("head", "trunk", "arms", "legs")
"""Of a robot, without its feet; not every robot has all. A head is a link that is called so."""


class ImpactMeter:
    """Greatest forces of the ground since it was made.

    Attributes:
        peaks: Greatest sum of normal forces, by each part that the robot has [N].
    """

    def __init__(self, robot: RobotDescription, engine: MujocoEngine) -> None:
        """Begin."""
        self._engine, self._parts = engine, _parts(robot)
        self.peaks = {part: 0.0 for part in PARTS if part in self._parts.values()}

    def look(self) -> None:
        """Take note of the forces as they are now."""
        now = dict.fromkeys(self.peaks, 0.0)
        for link, force in self._engine.ground_forces().items():
            if link in self._parts:
                now[self._parts[link]] += force
        self.peaks = {part: max(peak, now[part]) for part, peak in self.peaks.items()}


def _parts(robot: RobotDescription) -> dict[str, str]:
    """What each link belongs to; feet to nothing."""
    model = robot.model
    arms = {joint for side in SIDES for joint in arm_chain(robot, side)[:1]}
    feet = {model.frames[robot.frame_id(robot.feet[side].frame)].parentJoint for side in SIDES}
    trunk = set(model.supports[model.frames[robot.frame_id(robot.frames.torso)].parentJoint])
    legs = {joint for foot in feet for joint in model.supports[foot]} - trunk
    parts = {}
    for name in robot.link_names:
        joint = model.frames[robot.frame_id(name)].parentJoint
        if arms & set(model.supports[joint]):
            parts[name] = "arms"
        elif joint in legs - feet:
            parts[name] = "legs"
        elif joint not in feet:
            parts[name] = "head" if "head" in name.lower().split("_") else "trunk"
    return parts


def summarize_impacts(impacts: Sequence[Mapping[str, float]]) -> dict[str, tuple[int, int]]:
    """Median and ninth decile of the greatest forces of each fall, by part [N]; empty if there was no fall."""
    summary = {}
    for part in impacts[0] if impacts else ():
        median, most = np.percentile([one[part] for one in impacts], (50, 90)).tolist()
        summary[part] = round(median), round(most)
    return summary
