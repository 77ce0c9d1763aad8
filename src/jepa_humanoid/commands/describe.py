"""`humanoid describe`: a robot in words for people, and it and a scene as files for other programs."""

import json
import os
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.markup import escape

from jepa_humanoid.commands.options import Robot, finite, place_to_write
from jepa_humanoid.commands.output import console
from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.graph.options import SimulatedOptions as Options
from jepa_humanoid.graph.options import check_namespace
from jepa_humanoid.locomotion.model.holding import check_holding, holding, knee_share
from jepa_humanoid.locomotion.model.lipm import natural_frequency
from jepa_humanoid.locomotion.settings import BESIDE, GaitSettings, gait_settings
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.state import Vector
from jepa_humanoid.robot.stature import Stature, standing_at, stature
from jepa_humanoid.settings import check_settings
from jepa_humanoid.simulation.description import GAZEBO, controllers_file, robot_description
from jepa_humanoid.storage import write_whole

app = typer.Typer(add_completion=False, help="Say what a robot is; write URDF and world, or a new robot's file.")

_CENTRED = 0.03
"""Distance of the centre of mass from the soles' middle that a standing robot takes out by itself [m]."""
_SIMULATED = ("mujoco", GAZEBO)
_PICTURE_SIZE = (960, 540)
"""Width and height [pixels]."""
_NAMED = 3
"""Joints that are named of those that a posture strains most."""
_STRAINED, _STRAINED_ON_ONE_LEG = 0.5, 0.8
"""Share of a joint's torque from which on standing leaves too little for walking, and walking for being pushed."""


@app.callback(invoke_without_command=True)
def describe(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Folder for robot.urdf, and for Gazebo world.sdf and start.json.")] = Path(),
    target: Annotated[
        str, typer.Option(help="What moves: mujoco, gazebo, g1, or mock (ros2_control without physics).")
    ] = GAZEBO,
    robot: Robot = Options.robot,
    scene: Annotated[
        str, typer.Option(help="Where it stands, a file in config/scenes, or a YAML file.")
    ] = Options.scene,
    seed: Annotated[int, typer.Option(help="Draws the scene's obstacles.")] = Options.seed,
    real_time_factor: Annotated[
        float,
        typer.Option(min=0.0, max=100.0, help="Gazebo goes no faster than this; 0 for no limit.", callback=finite),
    ] = Options.real_time_factor,
    lidar: Annotated[bool, typer.Option(help="Have Gazebo render the LiDAR's view.")] = True,
    namespace: Annotated[str, typer.Option(help="Namespace of the robot's topics.")] = Options.namespace,
    picture: Annotated[
        Path | None,
        typer.Option(help="Where to draw the robot at the start of its scene, a PNG file.", callback=place_to_write),
    ] = None,
) -> None:
    """Say how the robot stands and what looks wrong; write its URDF, and for Gazebo the scene and where it starts."""
    if context.invoked_subcommand is not None:
        return
    # MuJoCo asks when it is imported; EGL needs no window, whether there is a screen or not.
    os.environ.setdefault("MUJOCO_GL", "egl")
    check_namespace(namespace)
    described = load_robot(robot)
    check_settings(described)
    gait = gait_settings(described)
    check_holding(described, gait)
    files = {"robot.urdf": robot_description(described, target, namespace).encode()}
    if target == GAZEBO:
        files |= _world(described, scene, seed, real_time_factor, lidar)
    touching = _simulate(described, scene, seed) if target in _SIMULATED else ()
    if picture is not None:
        _draw(described, scene, seed, picture)
    for name, content in files.items():
        write_whole(out / name, content)
    _tell(described, gait, touching)


@app.command()
def new(
    urdf: Annotated[str, typer.Argument(help="Its URDF or MJCF: a path, or package://NAME/...", metavar="FILE")],
    out: Annotated[Path | None, typer.Option(help="Where to write the robot's file; beside you if none.")] = None,
) -> None:
    """Write a first YAML file for a robot that has none, and say what was guessed."""
    # Here, because only a new robot needs scipy and trimesh.
    from jepa_humanoid.robot.drafting.writing import Draft, drafts

    path = out or Path(f"{Path(urdf).stem}.yaml")
    refused: list[tuple[Draft, HumanoidError]] = []
    strained: list[tuple[float, Draft]] = []
    for draft in drafts(urdf, path.parent):
        write_whole(path, draft.text.encode())
        try:
            robot = load_robot(path)
            check_holding(robot, gait_settings(robot))
        except HumanoidError as error:
            refused.append((draft, error))
            continue
        strained.append((knee_share(robot, gait_settings(robot)), draft))
        if strained[-1][0] <= _STRAINED_ON_ONE_LEG:
            break
    if strained:
        _, best = min(strained, key=lambda each: each[0])
        write_whole(path, best.text.encode())
        robot = load_robot(path)
        _tell_guesses(best.guesses)
        _tell(robot, gait_settings(robot))
        console.print(f"wrote {path}: go through it, then see `humanoid describe --robot {path}`", soft_wrap=True)
        return
    # Of several postures that will not do, the best is the one to go on with.
    first, refusal = refused[0]
    write_whole(path, first.text.encode())
    _tell_guesses(first.guesses)
    raise RobotDescriptionError(f"wrote {path}, which is not one that walks yet: {refusal}") from refusal


def _tell_guesses(guesses: Iterable[str]) -> None:
    for guess in guesses:
        console.print(f"guessed: {guess}", soft_wrap=True, markup=False)


def _tell(robot: RobotDescription, gait: GaitSettings, touches: Iterable[str] = ()) -> None:
    """Say what a robot is, what was settled about it, and what looks wrong."""
    stands = stature(robot)
    for line in (*summary(robot, gait, stands), *robot.notes):
        console.print(line, soft_wrap=True, markup=False)
    for line in (*doubts(robot, gait, stands), *touches):
        console.print(f"[yellow]look at this:[/] {escape(line)}", soft_wrap=True)


def summary(robot: RobotDescription, gait: GaitSettings, stands: Stature) -> Iterator[str]:
    """What a robot is, in lines for people."""
    groups = ", ".join(f"{group} {len(members)}" for group, members in robot.groups.items())
    yield f"{robot.name}: {robot.mass:.1f} kg, {robot.joint_count} joints ({groups}), {len(robot.locked_joints)} locked"
    height = float(stands.com[2]) - gait.com_drop
    yield (
        f"stands with its base at {stands.base_height:.2f} m, the centre of mass at {stands.com[2]:.2f} m, "
        f"{1e3 * stands.com[0]:+.0f} mm ahead and {1e3 * stands.com[1]:+.0f} mm to the left of the soles' middle"
    )
    length, width = stands.sole_size
    yield f"soles {length:.2f} x {width:.2f} m, {stands.feet_apart:.2f} m apart; LiDAR at {stands.lidar_height:.2f} m"
    yield f"standing takes {_hardest(robot, stands.standing_effort)}"
    yield f"a step in place takes {_hardest(robot, holding(robot, gait).effort)}, on the left leg"
    yield (
        f"walks with the centre of mass at {height:.2f} m (ω = {natural_frequency(height):.2f} 1/s), "
        f"steps of {gait.step_duration:.2f} s, {gait.step_width:.2f} m wide"
    )


def _hardest(robot: RobotDescription, effort: Vector) -> str:
    """The joints that torques, shape (n,) [N·m], ask most of."""
    share = np.abs(effort) / robot.joints.effort
    named = [f"{100 * share[k]:.0f} % of {robot.joint_names[k]}" for k in np.argsort(-share)[:_NAMED]]
    return ", ".join(named)


def doubts(robot: RobotDescription, gait: GaitSettings, stands: Stature) -> Iterator[str]:
    """What may be meant, and makes walking hard or impossible, in lines for people."""
    names, joints = robot.joint_names, robot.joints
    for k in np.flatnonzero(joints.effort > robot.model.effortLimit[6:] + 1e-9):
        yield f"{names[k]} has {joints.effort[k]:g} N·m, and {robot.model.effortLimit[6 + k]:g} in the URDF"
    for k in np.flatnonzero((joints.nominal < joints.lower) | (joints.nominal > joints.upper)):
        yield f"{names[k]} is beyond its limits at {joints.nominal[k]:g} rad in the nominal posture"
    for k in np.flatnonzero(np.abs(stands.standing_effort) > _STRAINED * joints.effort):
        yield f"{names[k]} needs {abs(stands.standing_effort[k]):.0f} of its {joints.effort[k]:g} N·m to stand"
    on_one_leg = np.abs(holding(robot, gait).effort)
    for k in np.flatnonzero(on_one_leg > _STRAINED_ON_ONE_LEG * joints.effort):
        yield f"{names[k]} needs {on_one_leg[k]:.0f} of its {joints.effort[k]:g} N·m on one leg"
    if np.linalg.norm(stands.com[:2]) > _CENTRED:
        yield (
            "the centre of mass is not above the soles' middle: other nominal hips and ankles, or other sole corners, "
            "put it there"
        )
    low, high = gait.step_width_range
    if not low <= stands.feet_apart <= high:
        yield f"the feet stand {stands.feet_apart:.2f} m apart, and gait.step_width_range is {low:g} to {high:g} m"
    if low < stands.sole_size[1] + BESIDE:
        yield f"feet {stands.sole_size[1]:.2f} m wide touch when they land {low:g} m apart: gait.step_width_range"


def _simulate(robot: RobotDescription, scene: str, seed: int) -> tuple[str, ...]:
    """Build the simulation once: what a physics engine refuses is found here, and not when the robot starts.

    Returns:
        What is to be said of the robot's own links that touch each other as it starts.
    """
    # Here, as above.
    from jepa_humanoid.simulation.posing import PosedRobot
    from jepa_humanoid.simulation.scenes import load_scene

    drawn = load_scene(scene, seed)
    posed = PosedRobot(robot, drawn)
    posed.pose(standing_at(robot, drawn.start))
    touching = [
        f"{one} touches {other} in the nominal posture: stand wider, or give the foot smaller corners"
        for one, other in posed.own_contacts()
    ]
    return (*touching, *(f"{pair} overlap as it stands, and pass through each other" for pair in posed.let_through))


def _draw(robot: RobotDescription, scene: str, seed: int, path: Path) -> None:
    """Write a picture of the robot at the start of its scene."""
    # Here, as above.
    from PIL import Image

    from jepa_humanoid.simulation.picture import Camera, overview
    from jepa_humanoid.simulation.scenes import load_scene

    drawn = load_scene(scene, seed)
    camera = Camera(robot, drawn, _PICTURE_SIZE, overview(drawn))
    image = BytesIO()
    Image.fromarray(camera.shoot(standing_at(robot, drawn.start))).save(image, "PNG")
    camera.close()
    write_whole(path, image.getvalue())


def _world(robot: RobotDescription, scene: str, seed: int, real_time_factor: float, lidar: bool) -> dict[str, bytes]:
    """The files that Gazebo needs besides the robot's."""
    # Here, because a real robot's computer describes it too, and need not be able to simulate.
    from jepa_humanoid.simulation.gazebo import spawn_pose, world_meshes, world_sdf
    from jepa_humanoid.simulation.scenes import load_scene

    drawn = load_scene(scene, seed)
    x, y, z, yaw = spawn_pose(robot, drawn)
    controllers = str(controllers_file(robot))
    start = {"world": drawn.name, "x": x, "y": y, "z": z, "yaw": yaw, "goal": drawn.goal, "controllers": controllers}
    world = world_sdf(drawn, real_time_factor, lidar)
    return {
        "world.sdf": world.encode(),
        "start.json": f"{json.dumps(start)}\n".encode(),
        **world_meshes(drawn),
    }
