"""A LiDAR for Gazebo on machines that cannot render: rays cast into the scene that Gazebo's world was made from.

It is a part of the simulation, as Gazebo's own sensors are: it looks from where Gazebo says that the robot truly is,
and nothing of that leaves it but what a LiDAR sees.
"""

import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np
from sensor_msgs.msg import JointState

from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.odometry import read_odometry
from jepa_humanoid.nodes.messages.points import write_points
from jepa_humanoid.nodes.messages.time import to_nanoseconds
from jepa_humanoid.nodes.node import Level, RobotNode, run
from jepa_humanoid.nodes.parameters import ParameterSpec
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.state import Vector
from jepa_humanoid.simulation.engine import BodyDraw
from jepa_humanoid.simulation.engines import make_engine
from jepa_humanoid.simulation.scenes import load_scene

SILENCE = 1.0
"""Wall time without a true pose after which to say so [s]."""


class GazeboLidar(RobotNode):
    """Casts a LiDAR's rays for a robot in Gazebo."""

    NAME = "gazebo_lidar"
    DESCRIPTION = "A LiDAR for Gazebo without a graphics driver: casts rays from where the robot truly is."
    PUBLISHES = ("points",)
    SUBSCRIBES = ("ground_truth", "joint_states")
    PARAMETERS = (
        ParameterSpec("scene", "flat", "what stands around the robot: a name in config/scenes, or a YAML file"),
        ParameterSpec("seed", 0, "of the scene's obstacles and of the LiDAR's noise", "", 0, 2**31 - 1),
    )
    NICE = 5

    def configure(self) -> None:
        """Build the scene."""
        robot = load_robot(self.value("robot"))
        # Where Gazebo's actors are it does not say.
        scene = replace(load_scene(self.value("scene"), self.value("seed")), movers=())
        self._robot = robot
        self._engine = make_engine("mujoco", robot, scene, 0.001, BodyDraw(scene.friction, {}))
        lidar = self._engine.lidar(robot.lidar, np.random.default_rng(self.value("seed")))
        assert lidar is not None
        self._lidar = lidar
        self._period = round(1e9 / robot.lidar.rate)  # in nanoseconds: tenths of a second are no binary numbers
        self._states = self.mailbox("joint_states")
        self.listen("ground_truth", self._on_truth)

    def activate(self) -> None:
        """Wait for Gazebo."""
        self._position: Vector | None = None
        self._next_scan = self._last = 0
        self._heard: float | None = None
        self._fault: str | None = None

    def status(self) -> tuple[Level, str]:
        """Whether there is somewhere to look from."""
        if self._fault is not None:
            return Level.ERROR, self._fault
        if self._heard is None:
            return Level.WARN, "waiting for ground_truth"
        if time.monotonic() - self._heard > SILENCE:
            return Level.WARN, "Gazebo stands still"
        return Level.OK, "scanning"

    def _on_truth(self, message: Any) -> None:
        self._heard = time.monotonic()
        stamp = to_nanoseconds(message.header.stamp)
        if stamp < self._last:
            self._next_scan = 0  # Gazebo started anew
        self._last = stamp
        if stamp < self._next_scan:
            return
        try:
            base = read_odometry(message)
            self._position = self._newest_position()
        except MessageError as error:
            self._fault = f"ground_truth or joint_states: {error}"
            self.warn_throttled(self._fault)
            return
        self._fault = None
        if self._position is None:
            return
        self._next_scan = stamp - stamp % self._period + self._period
        configuration = np.concatenate([base.position, base.orientation, self._position])
        self._engine.place(configuration, np.zeros(self._robot.joint_count))
        points = write_points(self._lidar.scan(), message.header.stamp, self._robot.frames.lidar)
        self.outputs["points"].publish(points)

    def _newest_position(self) -> Vector | None:
        """Joint positions as last heard, shape (n,) [rad]."""
        state: JointState | None = self._states.take()
        if state is None:
            return self._position
        if tuple(state.name) != self._robot.joint_names:
            raise MessageError(f"the joints are not those of {self._robot.name}, in its order")
        position: Vector = np.array(state.position)
        if position.shape != (self._robot.joint_count,) or not np.isfinite(position).all():
            raise MessageError("positions are missing or not finite")
        return position


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run(GazeboLidar, args)


if __name__ == "__main__":
    sys.exit(main())
