"""`humanoid describe`: what other programs have to know of a robot and a scene, as files."""

import json
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from jepa_humanoid.bringup import Options
from jepa_humanoid.nodes.description import GAZEBO, robot_description
from jepa_humanoid.nodes.errors import NodeError
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.errors import RobotDescriptionError

app = typer.Typer(add_completion=False, help="Write URDF and Gazebo world.")


@app.command()
def describe(
    out: Annotated[Path, typer.Option(help="Folder for robot.urdf, and for Gazebo world.sdf and start.json.")] = Path(),
    target: Annotated[str, typer.Option(help="What moves: mujoco, gazebo, g1, or mock.")] = "gazebo",
    robot: Annotated[str, typer.Option(help="Which robot, a file in config/robots.")] = Options.robot,
    scene: Annotated[str, typer.Option(help="Where it stands, a file in config/scenes.")] = Options.scene,
    seed: Annotated[int, typer.Option(help="Draws the scene's obstacles.")] = Options.seed,
    real_time_factor: Annotated[
        float, typer.Option(help="Gazebo goes no faster than this; 0 for no limit.")
    ] = Options.real_time_factor,
    lidar: Annotated[bool, typer.Option(help="Have Gazebo render the LiDAR's view.")] = True,
    namespace: Annotated[str, typer.Option(help="Namespace of the robot's topics.")] = Options.namespace,
) -> None:
    """Write the robot's URDF for a target; for Gazebo also the scene as a world, and where in it the robot starts."""
    try:
        described = load_robot(robot)
        files = {"robot.urdf": robot_description(described, target, namespace)}
    except (RobotDescriptionError, NodeError) as error:
        _fail(str(error))
    if target == GAZEBO:
        files |= _world(described, scene, seed, real_time_factor, lidar)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (out / name).write_text(text)
    except OSError as error:
        _fail(f"cannot write to {out}: {error.strerror}")


def _world(robot: RobotDescription, scene: str, seed: int, real_time_factor: float, lidar: bool) -> dict[str, str]:
    """The files that Gazebo needs besides the robot's."""
    # Here, because a real robot's computer describes it too, and need not be able to simulate.
    from jepa_humanoid.simulation.gazebo import spawn_pose, world_sdf
    from jepa_humanoid.simulation.scenes import SceneError, load_scene

    try:
        drawn = load_scene(scene, seed)
    except SceneError as error:
        _fail(str(error))
    x, y, z, yaw = spawn_pose(robot, drawn)
    start = {"world": drawn.name, "x": x, "y": y, "z": z, "yaw": yaw, "goal": drawn.goal}
    return {"world.sdf": world_sdf(drawn, real_time_factor, lidar), "start.json": json.dumps(start) + "\n"}


def _fail(text: str) -> NoReturn:
    Console(stderr=True, highlight=False).print(f"error: {text}", soft_wrap=True, markup=False)
    raise typer.Exit(2)
