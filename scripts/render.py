"""Draws moving pictures of the real closed loop: noisy sensors, estimated state, the controller at 500 Hz, MuJoCo.

    .venv/bin/python scripts/render.py walk docs/images/walk.gif
    .venv/bin/python scripts/render.py room docs/images/room.gif --seed 3 --planner jepa

`walk` follows a list of velocities and takes a push; `room` walks to the goal of a drawn room and shows what the
planner imagines. A path that ends in .png becomes a strip of moments instead. MuJoCo draws without a display through
EGL (libEGL) or, with MUJOCO_GL=osmesa, through OSMesa.
"""

import argparse
import os
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("MUJOCO_GL", "egl")

import mujoco
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from jepa_humanoid import geometry
from jepa_humanoid.mind import Mind
from jepa_humanoid.planner_names import planner_names
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.state import Goal, VelocityCommand
from jepa_humanoid.simulation.picture import Camera, add_shape
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import Scene, load_scene
from jepa_humanoid.simulation.simulation import Simulation
from jepa_humanoid.simulation.world import World, WorldSettings

Floats = NDArray[np.float64]

PERIOD = 0.06
"""Between two pictures of `walk` [s]; GIFs count in hundredths of a second."""

PLAN: tuple[tuple[float, VelocityCommand, str], ...] = (
    (0.48, VelocityCommand(), "stands"),
    (2.7, VelocityCommand(0.4), "walks: 0.4 m/s"),
    (2.7, VelocityCommand(0.3, 0.0, 0.5), "turns: 0.5 rad/s"),
    (2.1, VelocityCommand(), "stops"),
    (2.4, VelocityCommand(), "takes a push: 15 N·s"),
)
PUSH = np.array([0.0, 15.0, 0.0])
"""On the torso when the last part begins [N·s]."""
PUSH_SHOWN = 0.4
"""Time for which its arrow is shown [s]; it acts for 0.1 s."""

ACCENT = np.array([0.05, 0.58, 0.53])
WARNING = np.array([0.86, 0.15, 0.15])
GOAL_COLOR = np.array([0.98, 0.75, 0.14])


@dataclass
class Moment:
    """What one picture shows; everything in the world.

    Attributes:
        configuration: In Pinocchio's order.
        caption: Below the picture.
        push: Point and impulse of a push, or None.
        candidates: Imagined trajectories, (K, H, 2) [m].
        costs: Of the candidates.
        path: The chosen one, (H, 2) [m].
        goal: Or None [m].
        movers: Where the scene's movers are, (M, 3).
    """

    configuration: Floats
    caption: str
    push: tuple[Floats, Floats] | None = None
    candidates: Floats = field(default_factory=lambda: np.zeros((0, 0, 2)))
    costs: Floats = field(default_factory=lambda: np.zeros(0))
    path: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    goal: Floats | None = None
    movers: Floats | None = None


def configuration(world: World) -> Floats:
    """True configuration in Pinocchio's order, in the world."""
    base = world.engine.base
    return np.concatenate([base.position, base.orientation, world.engine.position])


def walk(robot: RobotDescription, scene: Scene, seed: int) -> list[Moment]:
    """Follow `PLAN`."""
    rollout = Rollout(robot, scene, WorldSettings(seed=seed, randomize=True))
    world = rollout.world
    ticks = round(PERIOD / world.settings.control_period)
    torso = world.engine.model.body(robot.frames.torso).id
    rollout.run(None, 0.5)
    moments = []
    for part, (duration, command, words) in enumerate(PLAN):
        pushed = part == len(PLAN) - 1
        if pushed:
            world.push(PUSH)
        for i in range(round(duration / PERIOD)):
            shown = pushed and i * PERIOD < PUSH_SHOWN
            push = (world.engine.data.xpos[torso] + [0, 0, 0.2], PUSH) if shown else None
            moments.append(Moment(configuration(world), words, push))
            for _ in range(ticks):
                rollout.tick(command)
            if world.truth().fallen:
                raise SystemExit(f"seed {seed} fell; no picture")
    return moments


def room(robot: RobotDescription, scene: Scene, seed: int, mind: Mind, planner: str) -> list[Moment]:
    """Walk to the scene's goal."""
    if scene.goal is None:
        raise SystemExit(f"scene '{scene.name}' has no goal")
    simulated = Simulation(robot, scene, seed)
    start, at = np.array(scene.start), np.array(scene.goal)
    goal = Goal(geometry.to_local(start, at))
    moments = []
    rest = 0
    while rest < 10 and len(moments) < 600:
        frame = simulated.frame
        command = mind.step(frame.elevation, frame.base, goal)
        moments.append(
            Moment(
                frame.configuration,
                f"{planner}: {mind.status.reason}",
                candidates=to_world(start, mind.status.candidates),
                costs=mind.status.costs,
                path=to_world(start, mind.status.path),
                goal=at,
                movers=frame.movers,
            )
        )
        simulated.advance(command)
        rest = rest + 1 if mind.arrived else 0
        if simulated.frame.fallen or simulated.frame.touching:
            raise SystemExit(f"seed {seed} fell or touched something; no picture")
    return moments


def to_world(start: Floats, points: Floats) -> Floats:
    """Points of ``odom`` (..., 2) in the world."""
    poses = np.concatenate([points, np.zeros((*points.shape[:-1], 1))], axis=-1)
    return geometry.compose(start, poses)[..., :2]


class Artist(Camera):
    """Draws moments of one robot in one scene."""

    def draw(self, moment: Moment) -> Image.Image:
        """One picture."""
        self._moment = moment
        image = Image.fromarray(self.shoot(moment.configuration, moment.movers))
        caption(image, moment.caption)
        return image

    def decorate(self, scene: mujoco.MjvScene) -> None:
        """What the planner imagines, and the push."""
        moment = self._moment
        self._plan(scene, moment)
        if moment.push is not None:
            point, impulse = moment.push
            tip = point - 0.14 * impulse / np.linalg.norm(impulse)
            connect(scene, mujoco.mjtGeom.mjGEOM_ARROW, tip - 0.045 * impulse, tip, 0.035, WARNING, 1.0)

    def _plan(self, scene: mujoco.MjvScene, moment: Moment) -> None:
        if moment.goal is not None:
            add_shape(scene, mujoco.mjtGeom.mjGEOM_CYLINDER, [0.3, 0.002, 0], [*moment.goal, 0.002], GOAL_COLOR, 0.9)
        capsule = mujoco.mjtGeom.mjGEOM_CAPSULE
        order = np.argsort(moment.costs)
        for rank, k in enumerate(order[:24]):
            color = ACCENT + (np.array([0.45, 0.5, 0.6]) - ACCENT) * rank / 24
            for a, b in zip(moment.candidates[k, :-1], moment.candidates[k, 1:], strict=True):
                connect(scene, capsule, np.array([*a, 0.02]), np.array([*b, 0.02]), 0.006, color, 0.5)
        for a, b in zip(moment.path[:-1], moment.path[1:], strict=True):
            connect(scene, capsule, np.array([*a, 0.03]), np.array([*b, 0.03]), 0.02, ACCENT, 1.0)


def connect(
    scene: mujoco.MjvScene, kind: int, begin: Floats, end: Floats, width: float, color: Floats, alpha: float
) -> None:
    """Add a shape between two points."""
    add_shape(scene, kind, [width] * 3, begin, color, alpha)
    mujoco.mjv_connector(scene.geoms[scene.ngeom - 1], kind, width, begin, end)


def caption(image: Image.Image, words: str) -> None:
    """Write into a picture's lower left corner."""
    pen = ImageDraw.Draw(image)
    pen.text((14, image.height - 30), words, fill=(51, 65, 85), font=ImageFont.load_default(18))


def camera_over(moments: list[Moment], distance: float, azimuth: float, elevation: float) -> mujoco.MjvCamera:
    """A camera that stands still and sees the whole way."""
    way = np.array([moment.configuration[:2] for moment in moments])
    if moments[0].goal is not None:
        way = np.vstack([way, moments[0].goal])
    camera = mujoco.MjvCamera()
    camera.lookat[:] = [*(way.min(axis=0) + way.max(axis=0)) / 2, 0.55]
    camera.distance, camera.azimuth, camera.elevation = distance, azimuth, elevation
    return camera


def write(images: list[Image.Image], path: Path, period: float, strip: int, colors: int) -> None:
    """Write a GIF, or a strip of moments if the path ends in .png."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".png":
        chosen = [images[i] for i in np.linspace(0, len(images) - 1, strip).astype(int)]
        width, height = chosen[0].size
        board = Image.new("RGB", (width * len(chosen), height))
        for i, image in enumerate(chosen):
            board.paste(image, (i * width, 0))
        board.save(path, optimize=True)
        return
    # One palette for all pictures and no dithering: what does not move then costs nothing.
    sample = Image.new("RGB", (images[0].width, 4 * images[0].height))
    for i, k in enumerate(np.linspace(0, len(images) - 1, 4).astype(int)):
        sample.paste(images[k], (0, i * images[0].height))
    palette = sample.quantize(colors, method=Image.Quantize.MEDIANCUT)
    frames = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    frames[0].save(
        path, save_all=True, append_images=frames[1:], duration=round(1000 * period), loop=0, optimize=False, disposal=1
    )


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("act", choices=["walk", "room"])
    parser.add_argument("path", type=Path, help="a .gif, or a .png for a strip")
    parser.add_argument("--seed", type=int, default=0, help="of scene, noise, friction and masses")
    parser.add_argument("--scene", help="a name in config/scenes; flat for walk, room for room")
    parser.add_argument("--planner", choices=planner_names(), default="jepa")
    parser.add_argument("--model", type=Path, help="folder of the world model; the robot's own if none")
    parser.add_argument("--size", type=int, nargs=2, default=(640, 360), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--every", type=int, default=1, help="draw every n-th moment")
    parser.add_argument("--strip", type=int, default=5, help="moments in a strip")
    parser.add_argument("--colors", type=int, default=96)
    parser.add_argument("--camera", type=float, nargs=3, metavar=("DISTANCE", "AZIMUTH", "ELEVATION"))
    given = parser.parse_args()
    robot = load_robot("g1")
    scene = load_scene(given.scene or ("flat" if given.act == "walk" else "room"), given.seed)
    if given.act == "walk":
        moments, period, view = walk(robot, scene, given.seed), PERIOD, (3.3, 238.0, -24.0)
    else:
        mind = Mind.load(given.model, given.planner, seed=given.seed)
        moments, period, view = room(robot, scene, given.seed, mind, given.planner), 0.1, (8.5, 90.0, -50.0)
    moments = moments[:: given.every]
    artist = Artist(robot, scene, tuple(given.size), camera_over(moments, *(given.camera or view)))
    write([artist.draw(moment) for moment in moments], given.path, given.every * period, given.strip, given.colors)
    print(f"{given.path}: {len(moments)} moments, {given.path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
