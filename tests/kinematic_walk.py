"""TEST FIXTURE: a walk without dynamics, to run data, training and planning quickly. No figure may come from it.

The robot slides in its nominal posture; its velocity lags behind the command. LiDAR and mapper are the real ones.
"""

import numpy as np
import pinocchio as pin

from jepa_humanoid.perception.elevation import ElevationMapper
from jepa_humanoid.perception.scan import Scan
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.state import BaseEstimate, VelocityCommand
from jepa_humanoid.simulation.posing import PosedRobot
from jepa_humanoid.simulation.scenes import Scene
from jepa_humanoid.simulation.walk import PERIOD, Frame

_LAG = 0.35
_ROBOT = load_robot("g1")


class KinematicWalk:
    """Implements `jepa_humanoid.simulation.walk.Walk`."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self._posed = PosedRobot(_ROBOT, scene, seed)
        self._rng = np.random.default_rng(seed)
        self._mapper = ElevationMapper()
        self._data = _ROBOT.model.createData()
        self._lidar = _ROBOT.frame_id(_ROBOT.frames.lidar)
        self._pose = np.array(scene.start, dtype=float)
        self._origin = self._pose.copy()
        self._velocity = np.zeros(3)
        self._time = 0.0
        self.frame = self._look()

    def advance(self, command: VelocityCommand) -> None:
        """Let one period pass."""
        for _ in range(5):
            dt = PERIOD / 5
            self._velocity += dt / _LAG * (command.as_array() - self._velocity)
            c, s = np.cos(self._pose[2]), np.sin(self._pose[2])
            vx, vy, turn = self._velocity
            self._pose += dt * np.array([c * vx - s * vy, s * vx + c * vy, turn])
        self._time += PERIOD
        self.frame = self._look()

    def push(self, impulse: np.ndarray) -> None:
        """Change the velocity at once."""
        self._velocity[:2] += impulse[:2] / 33.0

    def _look(self) -> Frame:
        q = _ROBOT.nominal_configuration.copy()
        x, y, yaw = self._pose
        q[:2], q[3:7] = (x, y), (0.0, 0.0, np.sin(yaw / 2), np.cos(yaw / 2))
        self._posed.pose(q)
        noise = 0.03 * self._rng.standard_normal(3)
        velocity = np.array([*self._velocity[:2], 0.0]) + noise
        base = BaseEstimate(self._time, q[:3].copy(), q[3:7].copy(), velocity, np.array([0.0, 0.0, self._velocity[2]]))
        pin.framesForwardKinematics(_ROBOT.model, self._data, q)
        self._mapper.integrate(Scan.of(self._posed.scan(), self._data.oMf[self._lidar], self._time, base, 0.0))
        effort = 50.0 + 100.0 * float(np.abs(self._velocity).sum())
        touching = bool(self._posed.touching())
        return Frame(self._time, self._mapper.grid(base), base, 0.0, q, False, touching, effort)
