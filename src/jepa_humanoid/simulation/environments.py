"""Gymnasium environments in which a velocity is the action, and the body balances by itself.

Importing this module registers them::

    import gymnasium
    from jepa_humanoid import environments

    environment = gymnasium.make("jepa_humanoid/Navigate-v0")

The robot underneath is the one that the nodes drive: noisy sensors, estimated state, friction and masses drawn anew at
every reset. What is observed is what the planner observes.
"""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from jepa_humanoid import geometry
from jepa_humanoid.robot.description import DEFAULT_ROBOT, RobotDescription, load_robot
from jepa_humanoid.robot.state import VelocityCommand
from jepa_humanoid.simulation.picture import Camera
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.simulation import Simulation
from jepa_humanoid.simulation.walk import PERIOD
from jepa_humanoid.simulation.waypoints import draw_waypoints
from jepa_humanoid.world_model.observation import FEATURES, ProprioceptiveHistory, crop
from jepa_humanoid.world_model.settings import WorldModelSettings

Observation = dict[str, NDArray[Any]]

SEEDS = 2**31
"""Seeds that a reset draws scenes and robots from."""


class VelocityEnvironment(gymnasium.Env[Observation, NDArray[np.float32]]):
    """Sends a robot to one goal after the other.

    Observation: `elevation`, heights around the robot as the world model reads them, one byte a cell, shape (N, N);
    `history`, the last frames of proprioception, shape (K, F); `goal`, where it is from the robot, by its own
    odometry, shape (2,) [m]. Action: forward and lateral velocity [m/s] and turn rate [rad/s], shape (3,), held for
    one step of the world model (0.5 s).

    Reward: metres by which the robot came closer, in truth; 1 more for each goal reached, 5 less for a fall and 1 less
    for touching something, both of which end the episode.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 2}  # noqa: RUF012 - as Gymnasium declares it

    def __init__(
        self,
        robot: RobotDescription | str = DEFAULT_ROBOT,
        scene: str = "room",
        render_mode: str | None = None,
        reach: float = 0.3,
        seconds: float = 60.0,
    ) -> None:
        """Read the robot.

        Args:
            robot: The robot, or its name.
            scene: Name of the scene; each reset draws another one where it leaves something to chance.
            render_mode: ``rgb_array`` to be able to `render`, else None.
            reach: True distance that counts as reached [m].
            seconds: Simulated time after which an episode is cut off [s].

        Raises:
            RobotDescriptionError: If there is no such robot.
            ValueError: If there is no such render mode.
        """
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f"no render mode '{render_mode}': known are {', '.join(self.metadata['render_modes'])}")
        self.render_mode = render_mode
        self._robot = robot if isinstance(robot, RobotDescription) else load_robot(robot)
        self._scene, self._reach, self._seconds = scene, reach, seconds
        view = WorldModelSettings()
        self._view, self._frames = view.observation, round(view.step / PERIOD)
        limits = view.limits
        self._limits = np.array([limits.forward, limits.lateral, limits.turn], dtype=np.float32).T
        self.action_space = spaces.Box(*self._limits)
        cells, history = self._view.cells, (self._view.history, len(FEATURES))
        self.observation_space = spaces.Dict(  # type: ignore[assignment]
            {
                "elevation": spaces.Box(0, 255, (cells, cells), np.uint8),
                "history": spaces.Box(-np.inf, np.inf, history, np.float32),
                "goal": spaces.Box(-np.inf, np.inf, (2,), np.float32),
            }
        )
        self._history = ProprioceptiveHistory(
            self._view.history, self._view.period, longest_gap=self._view.history * self._view.period
        )
        self._camera: Camera | None = None

    def goals(self, simulation: Simulation) -> NDArray[np.float64]:
        """Where to go, one after the other, in the world, shape (k, 2) [m]; the scene's goal unless told otherwise."""
        if simulation.scene.goal is None:
            raise ValueError(f"the scene '{simulation.scene.name}' has no goal to walk to")
        return np.array([simulation.scene.goal])

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Draw scene and robot, and let it stand.

        Args:
            seed: Of all draws to come; which scene it drew is `seed` in what is returned last.
            options: None are known.

        Returns:
            Observation, and the seed that `load_scene` and `Simulation` were called with.
        """
        super().reset(seed=seed)
        drawn = int(self.np_random.integers(SEEDS))
        self._simulation = Simulation(self._robot, load_scene(self._scene, drawn), drawn)
        self._goals = list(self.goals(self._simulation))
        self._history.clear()
        self._remember(VelocityCommand())
        self._distance = self._true_distance()
        if self._camera is not None:
            self._camera.close()
            self._camera = None
        return self._observe(), {"seed": drawn}

    def step(self, action: NDArray[np.float32]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Walk for one step of the world model at a velocity, cut to the action space."""
        command = VelocityCommand(*np.clip(np.asarray(action, dtype=float), *self._limits).tolist())
        fallen = touching = False
        for _ in range(self._frames):
            self._simulation.advance(command)
            self._remember(command)
            frame = self._simulation.frame
            fallen, touching = frame.fallen, touching or frame.touching
            if fallen or touching:
                break
        reward, self._distance = self._distance - self._true_distance(), self._true_distance()
        reached = self._distance < self._reach and not (fallen or touching)
        reward += reached - 5.0 * fallen - 1.0 * touching
        if reached:
            self._goals.pop(0)
            self._distance = self._true_distance() if self._goals else 0.0
        done = fallen or touching or not self._goals
        info = {"fallen": fallen, "touching": touching, "reached": reached, "distance": self._distance}
        return self._observe(), float(reward), done, self._simulation.frame.stamp >= self._seconds, info

    def render(self) -> NDArray[np.uint8] | None:
        """Return a picture of the robot in its scene, shape (H, W, 3), or None without a render mode."""
        if self.render_mode is None:
            return None
        if self._camera is None:
            self._camera = Camera(self._robot, self._simulation.scene)
        return self._camera.shoot(self._simulation.frame.configuration, self._simulation.frame.movers)

    def close(self) -> None:
        """Let go of the camera."""
        if self._camera is not None:
            self._camera.close()
            self._camera = None

    def _remember(self, command: VelocityCommand) -> None:
        self._history.observe(self._simulation.frame.base, command)

    def _observe(self) -> Observation:
        frame = self._simulation.frame
        goal = np.zeros(2)
        if self._goals:
            odom_goal = geometry.to_local(self._simulation.scene.start, self._goals[0])
            goal = geometry.to_local([*frame.base.position[:2], frame.base.yaw], odom_goal)
        return {
            "elevation": crop(frame.elevation, self._view),
            "history": self._history.as_array(),
            "goal": goal.astype(np.float32),
        }

    def _true_distance(self) -> float:
        return float(np.linalg.norm(self._simulation.frame.pose[:2] - self._goals[0]))


class Walk(VelocityEnvironment):
    """Follow a course of waypoints on a flat floor."""

    def __init__(
        self,
        robot: RobotDescription | str = DEFAULT_ROBOT,
        render_mode: str | None = None,
        waypoints: int = 12,
        longest: float = 1.3,
    ) -> None:
        """Read the robot.

        Args:
            robot: The robot, or its name.
            render_mode: ``rgb_array``, or None.
            waypoints: In a course.
            longest: Distance from one to the next [m].
        """
        super().__init__(robot, "flat", render_mode)
        self._waypoints, self._longest = waypoints, longest

    def goals(self, simulation: Simulation) -> NDArray[np.float64]:
        """Waypoints, drawn anew at every reset, shape (k, 2) [m]; the flat floor's start is the world's origin."""
        return draw_waypoints(self.np_random, self._waypoints, np.pi / 2, 0.4, self._longest)


class Navigate(VelocityEnvironment):
    """Find the way to the goal of a drawn room."""


gymnasium.register("jepa_humanoid/Walk-v0", entry_point=f"{__name__}:Walk")
gymnasium.register("jepa_humanoid/Navigate-v0", entry_point=f"{__name__}:Navigate")
