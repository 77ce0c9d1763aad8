"""A head LiDAR by ray casting in MuJoCo."""

import mujoco
import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.robot.files import LidarSettings

TRANSPARENT_GROUP = 5
"""Geoms of this group let rays through: the shell around the sensor."""
VISUAL_GROUP = 2
"""So do geoms of this one: meshes for the eye, which would hide the world from the sensor within and cost time."""


class Lidar:
    """Casts rays from a site of a MuJoCo model and returns where they end.

    The field of view is cut into as many patches as the settings have rays, and every scan draws one ray in each. So
    successive scans fill each other's gaps, as those of a scanner with a non-repetitive pattern do.

    Args:
        model: Compiled model.
        data: Its data. A scan sees the world as of the last `mujoco.mj_forward` or `mj_step`.
        settings: Field of view, resolution, range and noise.
        site: Name of the site to look from. Rays that end on the tree of bodies that it sits on are dropped.
        rng: Source of the pattern and of the noise.

    Raises:
        ValueError: If the model has no such site.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        settings: LidarSettings,
        site: str,
        rng: np.random.Generator,
    ) -> None:
        self._model = model
        self._data = data
        self._settings = settings
        self._rng = rng
        self._site = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_SITE, site)
        if self._site < 0:
            known = ", ".join(model.site(i).name for i in range(model.nsite)) or "none"
            raise ValueError(f"no site '{site}' in the MuJoCo model for the LiDAR to look from; sites: {known}")
        root = model.body_rootid[model.site_bodyid[self._site]]
        self._on_robot = np.asarray(model.body_rootid[model.geom_bodyid] == root)
        self._groups = np.ones(mujoco.mjNGROUP, dtype=np.uint8)
        self._groups[[TRANSPARENT_GROUP, VISUAL_GROUP]] = 0
        count = settings.rays[0] * settings.rays[1]
        self._geom = np.empty(count, dtype=np.int32)
        self._distance = np.empty(count)

    def scan(self) -> NDArray[np.float32]:
        """Cast one scan.

        Returns:
            Points in the LiDAR's frame, shape (N, 3) [m], one for each ray that ended within range on something other
            than the robot itself.
        """
        shortest, longest = self._settings.range
        directions = self._draw_directions()
        rotation = self._data.site_xmat[self._site].reshape(3, 3)
        mujoco.mj_multiRay(
            self._model,
            self._data,
            self._data.site_xpos[self._site],
            (directions @ rotation.T).ravel(),
            self._groups,
            True,  # static geoms too: floor and walls
            -1,  # exclude no body: parts of the robot hide what is behind them
            self._geom,
            self._distance,
            None,
            len(directions),
            longest,
        )
        kept = (self._geom >= 0) & (self._distance >= shortest) & (self._distance <= longest)
        kept &= ~self._on_robot[self._geom]
        distance = self._distance[kept]
        distance += self._settings.noise * self._rng.standard_normal(distance.size)
        return (directions[kept] * distance[:, None]).astype(np.float32)

    def _draw_directions(self) -> NDArray[np.float64]:
        """One random unit vector in each patch of the field of view, in the LiDAR's frame, shape (rays, 3)."""
        rings, per_ring = self._settings.rays
        lowest, highest = self._settings.elevation
        across = (np.arange(rings)[:, None] + self._rng.random((rings, per_ring))) / rings
        around = (np.arange(per_ring) + self._rng.random((rings, per_ring))) / per_ring
        elevation = lowest + (highest - lowest) * across
        azimuth = 2.0 * np.pi * around
        directions = np.stack(
            [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)], axis=-1
        )
        return directions.reshape(-1, 3)
