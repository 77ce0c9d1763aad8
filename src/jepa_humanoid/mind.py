"""The mind: perception's grid, the estimated base and a goal in, a velocity command out. No ROS, no own clock."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid import geometry
from jepa_humanoid.planning.baselines import InverseDynamics, StraightLine
from jepa_humanoid.planning.cem import CemPlanner
from jepa_humanoid.planning.foresight import (
    GroundedForesight,
    JepaForesight,
    KinematicForesight,
    ShuffledForesight,
)
from jepa_humanoid.planning.planner import Foresight, Plan, Planner, Query
from jepa_humanoid.planning.seen_map import BODY_RADIUS, SeenMap
from jepa_humanoid.planning.settings import PlannerSettings, load_planner_settings
from jepa_humanoid.planning.surprise import SurpriseMonitor
from jepa_humanoid.planning.way import Way
from jepa_humanoid.resources import share_directory
from jepa_humanoid.robot.description import DEFAULT_ROBOT, RobotDescription
from jepa_humanoid.robot.state import BaseEstimate, ElevationGrid, Goal, VelocityCommand
from jepa_humanoid.world_model.card import CARD
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.observation import Codes, Features, ProprioceptiveHistory, crop, features
from jepa_humanoid.world_model.runtime import WorldModel
from jepa_humanoid.world_model.settings import WorldModelSettings

Floats = NDArray[np.float64]

PlannerName = Literal["jepa", "straight", "kinematic", "inverse_dynamics", "jepa_shuffled"]
PLANNERS: tuple[PlannerName, ...] = get_args(PlannerName)
WITHOUT_MODEL: tuple[PlannerName, ...] = ("straight", "kinematic")
"""Planners that imagine nothing, and so do without a world model."""

_LATE = 0.2
"""Share of a frame by which odometry may come early and still count as the next frame of the history."""
_STANDING_ROOM = 0.1
"""Beyond its radius, at the place where the robot stops if something stands at the goal [m]."""


class Mind:
    """Plans towards a goal, again at every step; stands still whenever it cannot.

    Read-only attributes for display, in ``odom`` and as of the last plan: `candidates`, `costs`, `path`; besides
    `surprise`, `plan_ms` and `status`, which says in words what the mind does.
    """

    def __init__(
        self,
        model: WorldModel | None,
        planner: PlannerName = "jepa",
        settings: PlannerSettings | None = None,
        seed: int = 0,
        radius: float = BODY_RADIUS,
    ) -> None:
        """Put a planner around a model.

        Args:
            model: Loaded world model; every planner takes its view and its step from it. None for a robot that has
                none yet: the planners of `WITHOUT_MODEL` then look as far as a model would, and nothing surprises.
            planner: ``jepa``, or a baseline.
            settings: Search, costs and thresholds; None for the package's own.
            seed: Of the search.
            radius: Clearance of the robot's middle at which it touches [m].

        Raises:
            WorldModelError: If there is no such planner, or it needs a model.
        """
        self._model = model
        self._radius = radius
        given = settings or load_planner_settings()
        wanted = given.cost.wanted_clearance + (radius - BODY_RADIUS)
        self._settings = replace(given, cost=replace(given.cost, wanted_clearance=wanted))
        self._view = model.card if model is not None else WorldModelSettings()
        self._observation = self._view.observation
        self._foresight = JepaForesight(model) if model is not None else None
        self._planner = self._make(planner, seed)
        self._surprise = SurpriseMonitor(model, self._settings.surprise) if model is not None else None
        self._history = ProprioceptiveHistory(self._observation.history)
        self._way = Way(self._settings.memory)
        self._seen = SeenMap(self._observation.resolution, radius)
        self._goal: Goal | None = None
        self._arrived = False
        self.reset()

    @staticmethod
    def load(
        directory: Path | None = None,
        planner: PlannerName = "jepa",
        seed: int = 0,
        robot: RobotDescription | None = None,
    ) -> "Mind":
        """Load a mind.

        Args:
            directory: Of the model; None for the robot's own (``models/g1``). Where a robot has none yet, planners that
                need none go without.
            planner: ``jepa``, or a baseline.
            seed: Of the search.
            robot: Whose mind; None for the G1's.

        Raises:
            WorldModelError: If the model or the settings are missing or malformed.
        """
        name, radius = (DEFAULT_ROBOT, BODY_RADIUS) if robot is None else (robot.name, robot.radius)
        folder = directory or share_directory() / "models" / name
        if directory is None and not (folder / CARD).is_file():
            if planner not in WITHOUT_MODEL:
                raise WorldModelError(
                    f"the planner '{planner}' needs a world model, and '{name}' has none yet: there is no {folder}. "
                    f"Plan with {' or '.join(WITHOUT_MODEL)}, or train one: humanoid data generate --robot {name}, "
                    f"humanoid train, humanoid export --robot {name} (docs/world_model.md)"
                )
            return Mind(None, planner, seed=seed, radius=radius)
        return Mind(WorldModel(folder), planner, seed=seed, radius=radius)

    def reset(self) -> None:
        """Forget everything, as after a jump in time."""
        self._history.clear()
        if self._surprise is not None:
            self._surprise.reset()
        self._history_stamp = -np.inf
        self._plan_stamp = -np.inf
        self._command = VelocityCommand()
        self.plan_ms = 0.0
        self._start_over(None)
        self.status = "waiting for odometry"

    @property
    def surprise(self) -> float:
        """Running prediction error, in units of the model's error on held-out episodes; 0 without a model."""
        return self._surprise.value if self._surprise is not None else 0.0

    @property
    def arrived(self) -> bool:
        """Whether the goal was reached and the robot stands there."""
        return self._arrived

    def observe(self, odometry: BaseEstimate) -> None:
        """Take in odometry between plans; cheap, and fine at any rate.

        The history keeps one frame each period of the model. A clock that jumps back starts it anew.
        """
        if not _is_finite(odometry):
            return
        if odometry.stamp < self._history_stamp - self._settings.stale:
            self.reset()
        if odometry.stamp - self._history_stamp >= (1.0 - _LATE) * self._observation.period:
            if odometry.stamp - self._history_stamp > self._settings.stale:
                self._history.clear()
            self._history.append(features(odometry, self._command))
            self._history_stamp = odometry.stamp

    def step(self, elevation: ElevationGrid, odometry: BaseEstimate, goal: Goal | None) -> VelocityCommand:
        """Return the velocity to ask of the body now.

        Args:
            elevation: The grid around the robot.
            odometry: Estimated base at about the same time.
            goal: Where to go, or None to stand.

        Raises:
            WorldModelError: If the grid does not fit the model's view.
        """
        command = self._decide(elevation, odometry, goal)
        self._command = command
        return command

    def _decide(self, elevation: ElevationGrid, odometry: BaseEstimate, goal: Goal | None) -> VelocityCommand:
        if not _is_finite(odometry):
            return self._stand("odometry is not finite")
        self.observe(odometry)
        age = abs(odometry.stamp - elevation.stamp)
        if not age <= self._settings.stale:
            return self._stand(f"elevation is {age:.1f} s from odometry")
        if np.isinf(elevation.heights).any():
            return self._stand("elevation is infinite somewhere")
        if goal is not None and not (np.isfinite(goal.position).all() and np.isfinite(goal.yaw or 0.0)):
            return self._stand("the goal is not finite")
        if _differs(goal, self._goal):
            self._start_over(goal)
        codes, history = crop(elevation, self._observation), self._history.as_array()
        if self._foresight is not None:
            self._foresight.observe(codes, history)
        if goal is None:
            command = self._stand("no goal")
        else:
            command = self._pursue(goal, odometry, codes, history)
        if self._surprise is not None and self._foresight is not None:
            self._surprise.update(odometry.stamp, self._foresight.latent, command.as_array())
        return command

    def _pursue(self, goal: Goal, odometry: BaseEstimate, codes: Codes, history: Features) -> VelocityCommand:
        pose = np.array([*odometry.position[:2], odometry.yaw])
        wanted = geometry.to_local(pose, goal.position)
        self._seen.observe(codes)
        target = self._seen.standing_place(wanted, self._radius, self._radius + _STANDING_ROOM)
        beside = float(np.linalg.norm(target - wanted))
        note = f" {beside:.2f} m beside the goal, where something stands" if beside > 0.0 else ""
        distance = float(np.linalg.norm(target))
        arrival = self._settings.arrival
        self._arrived = distance < (arrival.leave if self._arrived else arrival.stop)
        if self._arrived:
            return self._turn_to(goal, odometry, note)
        self._way.update(odometry.stamp, pose[:2], distance)
        elapsed = odometry.stamp - self._plan_stamp
        begin = time.perf_counter()
        plan = self._planner.plan(
            Query(
                codes=codes,
                history=history,
                goal=target,
                last_command=self._command.as_array(),
                elapsed=elapsed if 0.0 <= elapsed < self._settings.stale else None,
                visited=geometry.to_local(pose, self._way.to_avoid(odometry.stamp)),
            )
        )
        self.plan_ms = 1e3 * (time.perf_counter() - begin)
        self._plan_stamp = odometry.stamp
        self._show(plan, pose)
        self.status = f"walking, {distance:.2f} m to go{note and ' to a place' + note}"
        pace = self._surprise.pace if self._surprise is not None else 1.0
        return VelocityCommand(*(float(v) for v in pace * plan.commands[0]))

    def _turn_to(self, goal: Goal, odometry: BaseEstimate, note: str) -> VelocityCommand:
        self._planner.reset()
        if goal.yaw is not None:
            error = float(geometry.wrap(goal.yaw - odometry.yaw))
            if abs(error) > self._settings.arrival.yaw:
                self.status = "turning to the goal's heading"
                limits = self._settings.limits.turn
                return VelocityCommand(turn=float(np.clip(error, *limits)))
        return self._stand("arrived" + note)

    def _stand(self, why: str) -> VelocityCommand:
        self.status = why
        self._show(None, np.zeros(3))
        return VelocityCommand()

    def _start_over(self, goal: Goal | None) -> None:
        self._goal = goal
        self._arrived = False
        self._planner.reset()
        self._way.reset()
        self._show(None, np.zeros(3))

    def _show(self, plan: Plan | None, pose: Floats) -> None:
        if plan is None:
            self.candidates, self.costs, self.path = np.zeros((0, 0, 2)), np.zeros(0), np.zeros((0, 2))
            self.hazard = 0.0
            return
        self.candidates = geometry.compose(pose, plan.candidates)[..., :2]
        self.costs = plan.costs
        self.path = geometry.compose(pose, plan.path)[..., :2]
        self.hazard = plan.hazard

    def _make(self, planner: PlannerName, seed: int) -> Planner:
        view, settings, limits = self._view, self._settings, self._settings.limits
        if planner == "straight":
            return StraightLine(limits, view.step, view.horizon)
        if planner == "kinematic":
            kinematic = KinematicForesight(view.observation.resolution, view.step, view.horizon, self._radius)
            return CemPlanner(kinematic, limits, settings, seed)
        if planner not in PLANNERS:
            raise WorldModelError(f"no planner '{planner}': known are {', '.join(PLANNERS)}")
        if self._model is None:
            raise WorldModelError(f"the planner '{planner}' needs a world model")
        if planner == "inverse_dynamics":
            return InverseDynamics(self._model)
        foresight: Foresight = GroundedForesight(self._model, self._radius)
        if planner == "jepa_shuffled":
            foresight = ShuffledForesight(foresight, seed)
        return CemPlanner(foresight, limits, settings, seed)


def _is_finite(odometry: BaseEstimate) -> bool:
    parts = (odometry.position, odometry.orientation, odometry.linear_velocity, odometry.angular_velocity)
    return bool(np.isfinite(odometry.stamp) and all(np.isfinite(part).all() for part in parts))


def _differs(goal: Goal | None, other: Goal | None) -> bool:
    if goal is None or other is None:
        return goal is not other
    return bool(np.any(np.asarray(goal.position) != np.asarray(other.position)) or goal.yaw != other.yaw)
