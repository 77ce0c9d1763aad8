"""Walks of the real body in simulation: world, body and perception in closed loop, a tenth of a second at a time."""

from functools import cache

import numpy as np
import pinocchio as pin

from jepa_humanoid.data.walk import PERIOD, Frame
from jepa_humanoid.perception.elevation import ElevationMapper, elevation_settings
from jepa_humanoid.robot.description import DEFAULT_ROBOT, RobotDescription, load_robot
from jepa_humanoid.robot.state import Vector, VelocityCommand
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import Scene
from jepa_humanoid.simulation.world import WorldSettings

_START = 2.0
"""Time within which the body has to begin to balance [s]."""
_LOOK_EVERY = 5
"""Control periods between two looks at what the robot touches: 10 ms, shorter than any contact."""


class SimulatedWalk:
    """Implements `jepa_humanoid.data.walk.Walk`: noisy sensors, drawn friction and masses, the estimator's odometry."""

    def __init__(self, robot: RobotDescription, scene: Scene, seed: int) -> None:
        """Put the robot at the scene's start and let it begin to stand.

        Args:
            robot: The robot.
            scene: The scene.
            seed: Of noise, friction and masses.
        """
        self._robot = robot
        self._rollout = Rollout(robot, scene, WorldSettings(seed=seed, randomize=True))
        self._mapper = ElevationMapper(elevation_settings(robot))
        self._data = robot.model.createData()
        self._lidar = robot.frame_id(robot.frames.lidar)
        world = self._rollout.world
        self._ticks = round(PERIOD / world.settings.control_period)
        while not self._rollout.body.engaged and world.stamp < _START:
            self._rollout.tick()
        self._frame = self._look(touching=False, effort=0.0)

    @property
    def frame(self) -> Frame:
        """How things stand."""
        return self._frame

    @property
    def rollout(self) -> Rollout:
        """World and body."""
        return self._rollout

    def advance(self, command: VelocityCommand) -> None:
        """Let one period pass under a command."""
        touching, work = False, 0.0
        for tick in range(self._ticks):
            self._rollout.tick(command)
            sample = self._rollout.sample
            work += float(np.abs(sample.effort * sample.velocity).sum())
            if tick % _LOOK_EVERY == 0:
                touching = touching or bool(self._rollout.world.truth().touching)
        self._frame = self._look(touching, work / self._ticks)

    def push(self, impulse: Vector) -> None:
        """Push the torso by an impulse [N·s], shape (3,) in the world."""
        self._rollout.world.push(impulse)

    def _look(self, touching: bool, effort: float) -> Frame:
        world, body = self._rollout.world, self._rollout.body
        truth, base = world.truth(), body.estimate
        assert base is not None
        pin.framesForwardKinematics(self._robot.model, self._data, body.configuration)
        self._mapper.integrate(world.scan(), self._data.oMf[self._lidar], world.stamp, base, body.ground_height)
        return Frame(
            stamp=world.stamp,
            elevation=self._mapper.grid(base),
            base=base,
            ground=body.ground_height,
            configuration=np.concatenate([truth.position, truth.orientation, self._rollout.sample.position]),
            fallen=truth.fallen,
            touching=touching or bool(truth.touching),
            effort=effort,
        )


def simulated_walk(scene: Scene, seed: int, robot: str = DEFAULT_ROBOT) -> SimulatedWalk:
    """Make a robot's walk; as a function of this module, other processes can be told to call it."""
    return SimulatedWalk(_described(robot), scene, seed)


@cache
def _described(robot: str) -> RobotDescription:
    return load_robot(robot)
