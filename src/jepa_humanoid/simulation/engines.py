"""Which physics engines there are, and the choice of one by its name."""

import importlib

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.simulation.engine import BodyDraw, Engine
from jepa_humanoid.simulation.errors import EngineError
from jepa_humanoid.simulation.mujoco_engine import MujocoEngine
from jepa_humanoid.simulation.scenes import Scene

ENGINES = ("mujoco", "dart")
"""What can simulate: MuJoCo, and DART, which is Gazebo's default engine."""
SIGHTED = ("mujoco",)
"""Those that cast rays, so that a robot in them can see."""


def make_engine(
    name: str, robot: RobotDescription, scene: Scene, timestep: float, draw: BodyDraw, visuals: bool = False
) -> Engine:
    """Build a robot in a scene.

    Args:
        name: One of `ENGINES`.
        robot: The robot.
        scene: The scene; its friction gives way to the drawn one.
        timestep: Physics step [s].
        draw: Friction and masses.
        visuals: Keep visual meshes, for pictures.

    Raises:
        EngineError: If there is no such engine, or it is not installed.
    """
    check_engine(name)
    if name == "dart":
        from jepa_humanoid.simulation.dart_engine import DartEngine

        return DartEngine(robot, scene, timestep, draw)
    return MujocoEngine(robot, scene, timestep, draw, visuals)


def check_engine(name: str) -> None:
    """Refuse an engine that cannot be used here.

    Raises:
        EngineError: If there is no such engine, or it is not installed.
    """
    if name not in ENGINES:
        raise EngineError(f"no engine '{name}': known are {', '.join(ENGINES)}")
    if name == "dart":
        try:
            importlib.import_module("jepa_humanoid.simulation.dart_engine")
        except ImportError as error:
            raise EngineError(f"the engine 'dart' needs dartpy ({error}): pip install -e '.[dart]'") from error
