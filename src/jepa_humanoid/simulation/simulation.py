"""World, body and perception in closed loop, a tenth of a second at a time: what data and evaluations are made from."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from jepa_humanoid.body import BodySettings
from jepa_humanoid.robot.description import DEFAULT_ROBOT, RobotDescription, load_robot
from jepa_humanoid.robot.state import Vector, VelocityCommand
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import Scene, load_scene
from jepa_humanoid.simulation.sight import Sight
from jepa_humanoid.simulation.walk import PERIOD, Frame
from jepa_humanoid.simulation.world import WorldSettings

_START = 2.0
"""Time within which the body has to begin to balance [s]."""
_STRENGTH, _SOLES, _PAYLOAD, _DELAY = (0.7, 1.0), (0.7, 1.0), (0.0, 1.5), (0.002, 0.010)
"""In a family's scenes: shares of a motor's torque and of the soles' friction, mass in a hand [kg], and delay [s]."""
_LOOK_EVERY = 5
"""Control periods between two looks at what the robot touches: 10 ms, shorter than any contact."""


class Simulation:
    """A robot that stands in a scene and goes where velocities send it; it balances, feels and sees by itself.

    Sensors are noisy, friction and masses drawn, and what `frame` tells of the base is the estimator's. Implements
    `jepa_humanoid.simulation.walk.Walk`.

    Attributes:
        robot: The robot.
        scene: The scene.
    """

    def __init__(
        self,
        robot: RobotDescription | str | Path = DEFAULT_ROBOT,
        scene: Scene | str | Path = "flat",
        seed: int = 0,
        world: WorldSettings | None = None,
        body: BodySettings | None = None,
    ) -> None:
        """Put the robot at the scene's start and let it begin to stand.

        Args:
            robot: The robot, its name in ``config/robots``, or a YAML file.
            scene: The scene, its name in ``config/scenes``, or a YAML file.
            seed: Of noise, friction and masses, and of what the scene leaves to chance.
            world: Engine, noise, delay and randomisation; None for noise, with friction and masses drawn. The seed
                above counts.
            body: Of estimator, gait and controller; None for the robot's own.

        Raises:
            RobotDescriptionError: If the robot is unknown or its description wrong.
            SceneError: If the scene is unknown or malformed.
            EngineError: If the engine is unknown, or casts no rays for a LiDAR.
            WalkerError: If there is no such walker, or it does not fit the robot.
        """
        self.robot = robot if isinstance(robot, RobotDescription) else load_robot(robot)
        self.scene = scene if isinstance(scene, Scene) else load_scene(scene, seed)
        settings = replace(world or WorldSettings(randomize=True), seed=seed)
        self._rollout = Rollout(self.robot, self.scene, settings, body)
        self._sight = Sight(self.robot)
        self._ticks = round(PERIOD / settings.control_period)
        while not self._rollout.body.engaged and self._rollout.world.stamp < _START:
            self._rollout.tick()
        self._frame = self._look(touching=False, effort=0.0)

    @property
    def frame(self) -> Frame:
        """How things stand, a `jepa_humanoid.simulation.walk.Frame`.

        Among others the true `pose` in the world, the estimated `base` in ``odom``, and the `elevation` around it.
        """
        return self._frame

    @property
    def rollout(self) -> Rollout:
        """The `Rollout` underneath: its `world` is the simulator, its `body` what balances."""
        return self._rollout

    def advance(self, command: VelocityCommand) -> None:
        """Let one period (0.1 s, `jepa_humanoid.simulation.walk.PERIOD`) pass under a command."""
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
        self._sight.look(world, body)
        return Frame(
            stamp=world.stamp,
            elevation=self._sight.grid(base),
            base=base,
            ground=body.ground_height,
            configuration=np.concatenate([truth.position, truth.orientation, self._rollout.sample.position]),
            fallen=truth.fallen,
            touching=touching or bool(truth.touching),
            effort=effort,
            movers=truth.movers,
        )


def simulate(
    scene: Scene, seed: int, robot: str = DEFAULT_ROBOT, overrides: str = "", walker: str = BodySettings.walker
) -> Simulation:
    """Make a robot's walk; as a function of this module, other processes can be told to call it.

    In a scene of a family the seed also draws a weak motor, worn soles, what the hands carry, and a delay.
    """
    described = _described(robot, overrides)
    return Simulation(described, scene, seed, usual_world(described, scene), BodySettings(walker=walker))


def usual_world(robot: RobotDescription, scene: Scene) -> WorldSettings:
    """What differs from trial to trial in a scene: friction and masses, and in a family's the robot's state, too."""
    if scene.difficulty is None:
        return WorldSettings(randomize=True)
    return WorldSettings(
        randomize=True,
        strength_range=_STRENGTH,
        sole_friction_range=_SOLES,
        payload_range=_PAYLOAD if robot.hands else None,
        delay_range=_DELAY,
    )


@cache
def _described(robot: str, overrides: str) -> RobotDescription:
    return load_robot(robot, overrides)
