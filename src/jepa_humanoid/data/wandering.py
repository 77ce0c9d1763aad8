"""Velocity commands for collecting data: varied, correlated in time, now careful and now careless."""

from dataclasses import dataclass

import numpy as np

from jepa_humanoid import geometry
from jepa_humanoid.data.cost_to_go import CostToGo, TravelMap
from jepa_humanoid.robot.state import Vector, VelocityCommand
from jepa_humanoid.simulation.walk import PERIOD, Frame
from jepa_humanoid.world_model.settings import CommandLimits

BEHAVIOURS = ("drift", "seek", "head", "hold", "jump")


@dataclass(frozen=True)
class WanderingSettings:
    """The mixture of behaviours.

    Attributes:
        shares: Of drifting at random, seeking a goal around obstacles, heading straight for a place whatever stands
            there, holding one command, and jumping from one extreme to another.
        duration: Shortest and longest time for one behaviour [s].
        hold: Shortest and longest time for which a command stays as it is [s].
        jitter: Step of the random walk a ← a + η U(−1, 1) that drifting is, as a share of the limits: range of η.
        noise: The same, added to seeking.
        careful: Share of drifts that turn away from what they would hit.
        jump: Shortest and longest time between two jumps [s].
        reversal: Share of jumps to the opposite of what was asked for; the others go anywhere, or to a stop.
        goal_distance: Of goals [m].
        look_ahead: Time over which careful drifting predicts itself [s].
        margin: Clearance that careful drifting wants [m].
    """

    shares: tuple[float, float, float, float, float] = (0.3, 0.25, 0.2, 0.1, 0.15)
    duration: tuple[float, float] = (3.0, 9.0)
    hold: tuple[float, float] = (0.1, 0.6)
    jitter: tuple[float, float] = (0.1, 0.6)
    noise: float = 0.15
    careful: float = 0.6
    jump: tuple[float, float] = (0.3, 2.0)
    reversal: float = 0.5
    goal_distance: tuple[float, float] = (1.0, 5.0)
    look_ahead: float = 1.6
    margin: float = 0.4


class Wanderer:
    """Draws the next command, knowing the scene and where the robot is in truth; a `data.commanding.Commander`."""

    name = "wanderer"

    def __init__(
        self,
        terrain: TravelMap,
        limits: CommandLimits,
        rng: np.random.Generator,
        settings: WanderingSettings | None = None,
    ) -> None:
        """Start with a command of zero.

        Args:
            terrain: The scene's map.
            limits: Of commands.
            rng: Source of every choice.
            settings: The mixture.
        """
        self._terrain, self._rng = terrain, rng
        self._settings = settings or WanderingSettings()
        self._low, self._high = np.array([limits.forward, limits.lateral, limits.turn]).T
        self._command = np.zeros(3)
        self._behaviour = "drift"
        self._left = self._held = 0.0
        self._eta = 0.3
        self._careful = True
        self._field: CostToGo | None = None
        self._goal = np.zeros(2)
        self._pace = 1.0

    def command(self, frame: Frame) -> VelocityCommand:
        """Return the command for the next period."""
        s, pose = self._settings, frame.pose
        if self._left <= 0.0:
            self._choose(pose)
        self._left -= PERIOD
        self._held -= PERIOD
        if self._held <= 0.0:
            self._held = self._rng.uniform(*s.hold)
            if self._behaviour == "drift":
                self._command = self._drift(pose)
            elif self._behaviour == "seek":
                noise = s.noise * self._rng.uniform(-1, 1, 3) * (self._high - self._low)
                self._command = self._clip(self._seek(pose) + noise)
            elif self._behaviour == "head":
                self._command = self._steer(geometry.to_local(pose, self._goal))
            elif self._behaviour == "jump":
                self._held = self._rng.uniform(*s.jump)
                self._command = self._jump()
        return VelocityCommand(*map(float, self._command))

    def _choose(self, pose: Vector) -> None:
        s, rng = self._settings, self._rng
        self._behaviour = str(rng.choice(BEHAVIOURS, p=s.shares))
        self._left = rng.uniform(*s.duration)
        self._held = 0.0
        self._eta = rng.uniform(*s.jitter)
        self._careful = bool(rng.random() < s.careful)
        self._pace = rng.uniform(0.4, 1.0)
        bearing, distance = rng.uniform(-np.pi, np.pi), rng.uniform(*s.goal_distance)
        self._goal = pose[:2] + distance * np.array([np.cos(bearing), np.sin(bearing)])
        if self._behaviour == "seek":
            self._field = self._terrain.to(self._goal)[0]
            if not np.isfinite(self._field.at(pose[:2])[0]):
                self._behaviour = "drift"
        if self._behaviour == "hold":
            self._left = rng.uniform(1.0, 4.0)
            kind = rng.random()
            if kind < 0.25:
                self._command = np.zeros(3)
            elif kind < 0.5:
                self._command = np.array([0.0, 0.0, rng.uniform(self._low[2], self._high[2])])
            else:
                self._command = rng.uniform(self._low, self._high)

    def _drift(self, pose: Vector) -> Vector:
        """Random walk of the command; when careful, the first of several draws that keeps its distance."""
        best, best_clearance = self._command, -np.inf
        for attempt in range(8):
            spread = self._eta * (1.0 + attempt)
            half = 0.5 * (self._high - self._low)
            step = spread * self._rng.uniform(-1, 1, 3) * half
            # Walks are mostly forward; without a pull the random walk hovers around stepping in place.
            pull = 0.1 * (np.array([0.6 * self._high[0], 0.0, 0.0]) - self._command)
            drawn = self._clip(self._command + step + pull)
            if not self._careful:
                return drawn
            times = np.arange(0.4, self._settings.look_ahead + 0.01, 0.4)
            path = geometry.compose(pose, geometry.integrate(np.tile(0.4 * drawn, (len(times), 1))))
            clearance = float(self._terrain.clearance(path[:, :2]).min())
            if clearance > self._settings.margin:
                return drawn
            if clearance > best_clearance:
                best, best_clearance = drawn, clearance
        return best

    def _jump(self) -> Vector:
        """From one extreme to another at once, as no planner asks for and a hand at a joystick does."""
        rng = self._rng
        if rng.random() < self._settings.reversal and self._command.any():
            return np.asarray(np.where(self._command > 0.0, self._low, self._high) * (self._command != 0.0))
        moved = rng.random(3) < (0.8, 0.4, 0.6)
        return np.asarray(moved * np.where(rng.random(3) < (0.7, 0.5, 0.5), self._high, self._low))

    def _seek(self, pose: Vector) -> Vector:
        """Down the gradient of the cost-to-go, judged on a circle ahead."""
        assert self._field is not None
        angles = np.linspace(-np.pi, np.pi, 24, endpoint=False)
        ring = pose[:2] + 0.35 * np.column_stack([np.cos(angles), np.sin(angles)])
        costs = np.nan_to_num(self._field.at(ring), nan=np.inf)
        if np.linalg.norm(self._goal - pose[:2]) < 0.35 or not np.isfinite(costs).any():
            self._left = 0.0
            return self._steer(geometry.to_local(pose, self._goal))
        return self._steer(geometry.to_local(pose, ring[int(np.argmin(costs))]))

    def _steer(self, target: Vector) -> Vector:
        """Turn towards a place in the robot's frame and walk when it lies ahead."""
        bearing = float(np.arctan2(target[1], target[0]))
        ahead = max(np.cos(bearing), 0.0) ** 2
        forward = self._pace * self._high[0] * ahead
        lateral = self._pace * self._high[1] * np.sin(bearing) * 0.7
        return self._clip(np.array([forward, lateral, 1.5 * bearing]))

    def _clip(self, command: Vector) -> Vector:
        return np.clip(command, self._low, self._high)
