"""Handles for the robot's hands: poses that people drag, and that the hands follow as long as the page says so."""

import threading
from collections.abc import Callable

import numpy as np
import pinocchio as pin
import viser

from jepa_humanoid import geometry
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.hands import hand_frame
from jepa_humanoid.robot.state import HandTarget, Vector

_SCALE = 0.18


class HandHandles:
    """A handle a hand, on a frame that moves with the robot as ``base_footprint`` does.

    While one is held out, the hand is asked to be there again and again: who closes the page leaves the hand where it
    is.

    Args:
        scene: Where to draw.
        path: Path of the node, below the one whose frame is ``odom``.
        robot: Whose hands.
    """

    def __init__(self, scene: viser.SceneApi, path: str, robot: RobotDescription) -> None:
        self._robot, self._data = robot, robot.model.createData()
        self._lock = threading.RLock()
        self._footprint = scene.add_frame(path, show_axes=False)
        self.controls = {
            side: scene.add_transform_controls(f"{path}/{side}", scale=_SCALE, depth_test=False, visible=False)
            for side in robot.hands
        }
        self._held: dict[str, int] = {}
        self._q = robot.nominal_configuration
        self._ground = 0.0

    def move(self, q: Vector, ground: float) -> None:
        """Move with the robot: configuration, shape (nq,), and height of the floor under it [m]."""
        self._q, self._ground = q, ground
        if self._held:
            self._footprint.position = (float(q[0]), float(q[1]), ground)
            self._footprint.wxyz = np.roll(geometry.yaw_quaternion(geometry.heading(q[3:7])), 1)

    def hold_out(self, side: str, client: int) -> None:
        """Show a hand's handle where the hand is; a browser answers for it."""
        with self._lock:
            pin.framesForwardKinematics(self._robot.model, self._data, self._q)
            hand = self._data.oMf[self._robot.frame_id(hand_frame(side))]
            yaw = geometry.heading(self._q[3:7])
            footprint = pin.SE3(pin.utils.rotate("z", yaw), np.array([*self._q[:2], self._ground]))
            pose, controls = footprint.actInv(hand), self.controls[side]
            controls.position = tuple(pose.translation)
            controls.wxyz = np.roll(pin.Quaternion(pose.rotation).coeffs(), 1)
            controls.visible = True
            self._held[side] = client
            self.move(self._q, self._ground)

    def take_back(self, side: str) -> bool:
        """Hide a hand's handle; returns whether it was held out."""
        with self._lock:
            self.controls[side].visible = False
            return self._held.pop(side, None) is not None

    def held_by(self, client: int) -> tuple[str, ...]:
        """Hands that a browser answers for."""
        with self._lock:
            return tuple(side for side, who in self._held.items() if who == client)

    def tick(self, reach: Callable[[HandTarget], None]) -> None:
        """Ask for the hands that are held out; call at 10 Hz or more."""
        with self._lock:
            for side in self._held:
                controls = self.controls[side]
                position, orientation = np.array(controls.position), np.roll(controls.wxyz, -1)
                length = np.linalg.norm(orientation)
                if np.isfinite(position).all() and np.isfinite(length) and length > 0.0:
                    reach(HandTarget(side, position, orientation / length))
