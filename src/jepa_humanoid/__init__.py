"""A ROS 2 control stack that lets a humanoid imagine before it steps.

The parts that carry the behaviour need no ROS, and can be had from here::

    import jepa_humanoid as jh

    simulation = jh.Simulation("g1", scene="room", seed=0)
    simulation.advance(jh.VelocityCommand(forward=0.3))

Names are loaded when they are first asked for: importing the package costs nothing.
"""

import importlib
from typing import TYPE_CHECKING

from jepa_humanoid.version import __version__ as __version__

if TYPE_CHECKING:
    from jepa_humanoid.api import evaluate, export, train
    from jepa_humanoid.body import Body, BodySettings
    from jepa_humanoid.errors import HumanoidError
    from jepa_humanoid.mind import Mind
    from jepa_humanoid.robot.description import RobotDescription, load_robot
    from jepa_humanoid.robot.state import Goal, HandTarget, JointCommand, SensorSample, VelocityCommand
    from jepa_humanoid.simulation import environments
    from jepa_humanoid.simulation.rollout import Rollout
    from jepa_humanoid.simulation.scenes import Scene, load_scene
    from jepa_humanoid.simulation.simulation import Simulation
    from jepa_humanoid.simulation.walk import Frame
    from jepa_humanoid.simulation.world import World, WorldSettings

_HOMES = {
    "Body": "jepa_humanoid.body",
    "BodySettings": "jepa_humanoid.body",
    "Frame": "jepa_humanoid.simulation.walk",
    "Goal": "jepa_humanoid.robot.state",
    "HandTarget": "jepa_humanoid.robot.state",
    "HumanoidError": "jepa_humanoid.errors",
    "JointCommand": "jepa_humanoid.robot.state",
    "Mind": "jepa_humanoid.mind",
    "RobotDescription": "jepa_humanoid.robot.description",
    "Rollout": "jepa_humanoid.simulation.rollout",
    "Scene": "jepa_humanoid.simulation.scenes",
    "SensorSample": "jepa_humanoid.robot.state",
    "Simulation": "jepa_humanoid.simulation.simulation",
    "VelocityCommand": "jepa_humanoid.robot.state",
    "World": "jepa_humanoid.simulation.world",
    "WorldSettings": "jepa_humanoid.simulation.world",
    "environments": "jepa_humanoid.simulation.environments",
    "evaluate": "jepa_humanoid.api",
    "export": "jepa_humanoid.api",
    "load_robot": "jepa_humanoid.robot.description",
    "load_scene": "jepa_humanoid.simulation.scenes",
    "train": "jepa_humanoid.api",
}

__all__ = [
    "Body",
    "BodySettings",
    "Frame",
    "Goal",
    "HandTarget",
    "HumanoidError",
    "JointCommand",
    "Mind",
    "RobotDescription",
    "Rollout",
    "Scene",
    "SensorSample",
    "Simulation",
    "VelocityCommand",
    "World",
    "WorldSettings",
    "environments",
    "evaluate",
    "export",
    "load_robot",
    "load_scene",
    "train",
]


def __getattr__(name: str) -> object:
    """Load a public name from where it lives."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'jepa_humanoid' has no attribute '{name}'")
    module = importlib.import_module(home)
    value: object = module if home.rpartition(".")[2] == name else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
