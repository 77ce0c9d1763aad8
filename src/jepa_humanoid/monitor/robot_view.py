"""The robot's meshes in the scene, moved joint by joint."""

import numpy as np
import pinocchio as pin
import viser

from jepa_humanoid.monitor.shapes import BodyShape
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import Vector

EPSILON = 1e-3
"""Joint motion below this is not sent: encoder noise, and less than anyone sees [rad, m]."""


class RobotView:
    """A tree of scene nodes with the shape of the kinematic tree: a joint's motion is one small message.

    Args:
        scene: Where to draw.
        root: Path of the node whose frame is ``odom``.
        robot: Kinematics.
        bodies: What is attached to each joint.
    """

    def __init__(
        self, scene: viser.SceneApi, root: str, robot: RobotDescription, bodies: tuple[BodyShape, ...]
    ) -> None:
        self._model = robot.model
        self._data = robot.model.createData()
        self._soles = [
            (robot.frame_id(foot.frame), np.array(foot.corners, dtype=float)) for foot in robot.feet.values()
        ]
        self.top = scene.add_frame(root, show_axes=False)
        self._slides = [not joint.shortname().startswith("JointModelR") for joint in self._model.joints]
        self._frames: list[viser.FrameHandle] = []
        paths = {0: root}
        for joint in range(1, self._model.njoints):
            path = f"{paths[int(self._model.parents[joint])]}/{self._model.names[joint]}"
            paths[joint] = path
            at = self._model.jointPlacements[joint].translation
            self._frames.append(scene.add_frame(path, show_axes=False, position=at))
        for index, body in enumerate(bodies):
            scene.add_glb(f"{paths[body.joint]}/mesh_{index}", body.glb)
        self._shown: Vector | None = None
        self.show(robot.nominal_configuration)

    def show(self, configuration: Vector) -> None:
        """Move what moved.

        Args:
            configuration: Pinocchio configuration, shape (nq,); the base's quaternion need not be exactly unit.
        """
        q = np.array(configuration)
        q[3:7] /= np.linalg.norm(q[3:7])
        pin.forwardKinematics(self._model, self._data, q)
        moved = np.ones(len(q), dtype=bool) if self._shown is None else np.abs(q - self._shown) > EPSILON
        shown = q.copy() if self._shown is None else self._shown
        for joint in range(1, self._model.njoints):
            start = int(self._model.joints[joint].idx_q)
            stop = start + int(self._model.joints[joint].nq)
            if not moved[start:stop].any():
                continue
            shown[start:stop] = q[start:stop]
            placement = self._data.liMi[joint]
            x, y, z, w = pin.Quaternion(placement.rotation).coeffs()
            frame = self._frames[joint - 1]
            frame.wxyz = (w, x, y, z)
            if self._slides[joint]:
                frame.position = placement.translation
        self._shown = shown

    def sole_height(self) -> float:
        """Height of the lowest corner of the soles in the configuration last shown [m]."""
        heights = []
        for frame_id, corners in self._soles:
            frame = self._model.frames[frame_id]
            T_odom_foot = self._data.oMi[frame.parentJoint] * frame.placement
            heights.append((corners @ T_odom_foot.rotation.T + T_odom_foot.translation)[:, 2].min())
        return float(min(heights))
