"""Pictures of a robot in its scene, drawn by MuJoCo without a window."""

import mujoco
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import Matrix, Vector
from jepa_humanoid.simulation.engine import BodyDraw
from jepa_humanoid.simulation.errors import EngineError
from jepa_humanoid.simulation.ground import Slab
from jepa_humanoid.simulation.model import FLOOR
from jepa_humanoid.simulation.mujoco_engine import MujocoEngine
from jepa_humanoid.simulation.scenes import Scene

_TIMESTEP = 0.001
"""Of physics that never passes [s]."""
_FLOOR_COLOR = np.array([0.90, 0.915, 0.93])
_TILE_COLOR = np.array([0.78, 0.81, 0.85])
_OBSTACLE_COLOR = [0.62, 0.53, 0.45, 1.0]
_GROUND_COLOR = np.array([0.70, 0.68, 0.62])
_ICE_COLOR = np.array([0.30, 0.55, 0.95])
_SOFTEST = 0.05
"""Depth to which ground gives way that is drawn darkest [m]."""
_TILE = 0.5
"""Edge of a floor tile [m]."""
_TILES = 14
"""Tiles to each side of the middle."""
_OVERSAMPLING = 2
"""Pictures are drawn larger than wanted, then reduced: smooth edges without multisampling."""


class Camera:
    """Draws a robot in a scene, in any configuration.

    Attributes:
        view: Where it stands and looks.
    """

    def __init__(
        self,
        robot: RobotDescription,
        scene: Scene,
        size: tuple[int, int] = (640, 360),
        view: mujoco.MjvCamera | None = None,
    ) -> None:
        """Read the meshes and open a context without a window.

        Args:
            robot: The robot.
            scene: The scene.
            size: Width and height of a picture [pixels].
            view: Where it stands and looks; None to follow the robot.

        Raises:
            EngineError: If MuJoCo finds no way to draw.
        """
        self._engine = MujocoEngine(robot, scene, _TIMESTEP, BodyDraw(scene.friction, {}), visuals=True)
        self._size = size
        self._follows = view is None
        self.view = view if view is not None else _behind()
        self._floor = scene.floor
        self._prepare(scene)
        self._options = mujoco.MjvOption()
        self._options.geomgroup[:] = [1, 1, 1, 0, 0, 0]
        self._options.sitegroup[:] = 0
        width, height = (_OVERSAMPLING * pixels for pixels in size)
        try:
            self._renderer = mujoco.Renderer(self._engine.model, height, width, max_geom=6000)
        except Exception as error:  # whatever the graphics driver says
            raise EngineError(
                f"MuJoCo cannot draw here ({error}). Set MUJOCO_GL=egl, or MUJOCO_GL=osmesa, before Python starts."
            ) from error

    def shoot(self, configuration: Vector, movers: Matrix | None = None) -> NDArray[np.uint8]:
        """Return a picture of the robot there, shape (H, W, 3).

        Args:
            configuration: In Pinocchio's order, in the world, shape (7 + n,).
            movers: Where the scene's movers are, shape (M, 3); None for where they are already, at first at time zero.
        """
        engine = self._engine
        engine.pose(configuration)
        if movers is not None and len(movers):
            engine.move(movers)
        mujoco.mj_kinematics(engine.model, engine.data)
        mujoco.mj_camlight(engine.model, engine.data)
        if self._follows:
            self.view.lookat[:] = [*configuration[:2], 0.6]
        self._renderer.update_scene(engine.data, self.view, self._options)
        self._light(self._renderer.scene)
        self._tiles(self._renderer.scene)
        self.decorate(self._renderer.scene)
        picture = Image.fromarray(self._renderer.render()).resize(self._size, Image.Resampling.LANCZOS)
        return np.asarray(picture)

    def decorate(self, scene: mujoco.MjvScene) -> None:
        """Add what is only drawn; nothing here."""

    def close(self) -> None:
        """Free the context."""
        self._renderer.close()

    def _prepare(self, scene: Scene) -> None:
        model = self._engine.model
        model.vis.global_.offwidth, model.vis.global_.offheight = (_OVERSAMPLING * pixels for pixels in self._size)
        model.vis.quality.shadowsize = 4096
        model.vis.map.znear = 0.02
        # Beyond the map of shadows the floor would be speckled.
        model.stat.extent, model.vis.map.shadowclip = 3.0, max(1.5, 0.3 * self.view.distance)
        model.vis.headlight.ambient[:] = 0.35
        model.vis.headlight.diffuse[:] = 0.20
        model.vis.headlight.specular[:] = 0.05
        model.geom(FLOOR).rgba = [*_FLOOR_COLOR, 1.0]
        for obstacle in scene.obstacles:
            model.geom(obstacle.name).rgba = _OBSTACLE_COLOR
        for slab in scene.ground:
            model.geom(slab.name).rgba = _colour_of(slab, scene.friction)

    def _light(self, scene: mujoco.MjvScene) -> None:
        # Over the viewer's left shoulder, wherever the viewer stands.
        azimuth = np.radians(self.view.azimuth)
        ahead = np.array([np.cos(azimuth), np.sin(azimuth), 0.0])
        way = 0.9 * ahead + 0.8 * np.array([ahead[1], -ahead[0], 0.0]) - [0.0, 0.0, 3.0]
        light = scene.lights[scene.nlight]
        light.pos[:], light.dir[:] = self.view.lookat - way, way / np.linalg.norm(way)
        light.type = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
        light.ambient[:], light.diffuse[:], light.specular[:] = 0.0, 0.45, 0.1
        light.castshadow, light.headlight = 1, 0
        light.attenuation[:] = [1, 0, 0]
        scene.nlight += 1

    def _tiles(self, scene: mujoco.MjvScene) -> None:
        middle = np.round(np.array(self.view.lookat[:2]) / _TILE) * _TILE
        for i in range(-_TILES, _TILES):
            for j in range(-_TILES, _TILES):
                if (i + j + round(middle.sum() / _TILE)) % 2:
                    continue
                centre = middle + _TILE * (np.array([i, j]) + 0.5)
                # Tiles fade into the floor, so that it has no visible end.
                fade = min(1.0, (np.linalg.norm(centre - middle) / (_TILE * _TILES)) ** 2)
                color = _TILE_COLOR + (_FLOOR_COLOR - _TILE_COLOR) * fade
                add_shape(
                    scene, mujoco.mjtGeom.mjGEOM_BOX, [_TILE / 2, _TILE / 2, 5e-4], [*centre, self._floor], color, 1.0
                )


def _colour_of(slab: Slab, friction: float) -> list[float]:
    """Of ground, for people to see what robots do not: bluer if slippery, darker if soft, darkest over a hole."""
    slippery = float(np.clip(1.0 - (friction if slab.friction is None else slab.friction) / friction, 0.0, 1.0))
    soft = float(np.clip(slab.softness / _SOFTEST, 0.0, 1.0)) if slab.carries else 1.0
    return [*(_GROUND_COLOR + slippery * (_ICE_COLOR - _GROUND_COLOR)) * (1.0 - 0.6 * soft), 1.0]


def add_shape(scene: mujoco.MjvScene, kind: int, size: object, position: object, color: Vector, alpha: float) -> None:
    """Add a shape that is only drawn."""
    mujoco.mjv_initGeom(
        scene.geoms[scene.ngeom],
        kind,
        np.array(size, dtype=float),
        np.array(position, dtype=float),
        np.eye(3).ravel(),
        np.array([*color, alpha], dtype=np.float32),
    )
    scene.ngeom += 1


def overview(scene: Scene) -> mujoco.MjvCamera:
    """From above and behind the start, far enough away for everything that stands around it."""
    start = np.array(scene.start[:2])
    points = np.concatenate([start[None], *(obstacle.corners for obstacle in scene.obstacles)])
    low, high = points.min(axis=0), points.max(axis=0)
    view = mujoco.MjvCamera()
    view.lookat[:] = [*(low + high) / 2, 0.3]
    view.distance = float(np.clip(0.88 * np.linalg.norm(high - low), 3.2, 30.0))
    view.azimuth, view.elevation = np.degrees(scene.start[2]) + 25.0, -45.0
    return view


def _behind() -> mujoco.MjvCamera:
    view = mujoco.MjvCamera()
    view.distance, view.azimuth, view.elevation = 3.2, 140.0, -22.0
    return view
