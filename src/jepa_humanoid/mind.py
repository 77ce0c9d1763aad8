"""The mind: perception's grid, the estimated base and a goal in, a velocity command out. No ROS, no own clock."""

import time
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.planning.baselines import InverseDynamics, StraightLine
from jepa_humanoid.planning.cem import CemPlanner
from jepa_humanoid.planning.foresight import (
    BODY_RADIUS,
    GroundedForesight,
    JepaForesight,
    KinematicForesight,
    ShuffledForesight,
)
from jepa_humanoid.planning.planner import Plan, Planner, Query
from jepa_humanoid.planning.seen_map import SeenMap
from jepa_humanoid.planning.settings import PlannerSettings, load_planner_settings
from jepa_humanoid.planning.surprise import SurpriseMonitor
from jepa_humanoid.planning.way import Way
from jepa_humanoid.resources import share_directory
from jepa_humanoid.robot.state import BaseEstimate, ElevationGrid, Goal, VelocityCommand
from jepa_humanoid.world_model import planar
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.observation import Codes, Features, ProprioceptiveHistory, crop, features
from jepa_humanoid.world_model.runtime import WorldModel

Floats = NDArray[np.float64]

PlannerName = Literal["jepa", "straight", "kinematic", "inverse_dynamics", "jepa_shuffled"]
PLANNERS: tuple[PlannerName, ...] = get_args(PlannerName)

_LATE = 0.2
"""Share of a frame by which odometry may come early and still count as the next frame of the history."""
_STANDING_ROOM = 0.4
"""Clearance of the place where the robot stops if something stands at the goal [m]."""


class Mind:
    """Plans towards a goal, again at every step; stands still whenever it cannot.

    Read-only attributes for display, in ``odom`` and as of the last plan: `candidates`, `costs`, `path`; besides
    `surprise`, `plan_ms` and `status`, which says in words what the mind does.
    """

    def __init__(
        self,
        model: WorldModel,
        planner: PlannerName = "jepa",
        settings: PlannerSettings | None = None,
        seed: int = 0,
    ) -> None:
        """Put a planner around a model.

        Args:
            model: Loaded world model; every planner takes its view and its limits from it.
            planner: ``jepa``, or a baseline.
            settings: Search, costs and thresholds; None for the package's own.
            seed: Of the search.
        """
        self._model = model
        self._settings = settings or load_planner_settings()
        self._observation = model.card.observation
        self._foresight = JepaForesight(model)
        self._planner = self._make(planner, seed)
        self._surprise = SurpriseMonitor(model, self._settings.surprise)
        self._history = ProprioceptiveHistory(self._observation.history)
        self._way = Way(self._settings.memory)
        self._seen = SeenMap(self._observation.resolution)
        self._goal: Goal | None = None
        self._arrived = False
        self.reset()

    @staticmethod
    def load(directory: Path | None = None, planner: PlannerName = "jepa", seed: int = 0) -> "Mind":
        """Load a mind.

        Args:
            directory: Of the model; None for the package's own (``models/g1``).
            planner: ``jepa``, or a baseline.
            seed: Of the search.

        Raises:
            WorldModelError: If the model or the settings are missing or malformed.
        """
        return Mind(WorldModel(directory or share_directory() / "models" / "g1"), planner, seed=seed)

    def reset(self) -> None:
        """Forget everything, as after a jump in time."""
        self._history.clear()
        self._surprise.reset()
        self._history_stamp = -np.inf
        self._plan_stamp = -np.inf
        self._command = VelocityCommand()
        self.plan_ms = 0.0
        self._start_over(None)
        self.status = "waiting for odometry"

    @property
    def surprise(self) -> float:
        """Running prediction error, in units of the model's error on held-out episodes."""
        return self._surprise.value

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
        self._foresight.observe(codes, history)
        if goal is None:
            command = self._stand("no goal")
        else:
            command = self._pursue(goal, odometry, codes, history)
        self._surprise.update(odometry.stamp, self._foresight.latent, command.as_array())
        return command

    def _pursue(self, goal: Goal, odometry: BaseEstimate, codes: Codes, history: Features) -> VelocityCommand:
        pose = np.array([*odometry.position[:2], odometry.yaw])
        wanted = planar.to_local(pose, goal.position)
        self._seen.observe(codes)
        target = self._seen.standing_place(wanted, BODY_RADIUS, _STANDING_ROOM)
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
                visited=planar.to_local(pose, self._way.to_avoid(odometry.stamp)),
            )
        )
        self.plan_ms = 1e3 * (time.perf_counter() - begin)
        self._plan_stamp = odometry.stamp
        self._show(plan, pose)
        self.status = f"walking, {distance:.2f} m to go{note and ' to a place' + note}"
        return VelocityCommand(*(float(v) for v in self._surprise.pace * plan.commands[0]))

    def _turn_to(self, goal: Goal, odometry: BaseEstimate, note: str) -> VelocityCommand:
        self._planner.reset()
        if goal.yaw is not None:
            error = float(planar.wrap(goal.yaw - odometry.yaw))
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
        self.candidates = planar.compose(pose, plan.candidates)[..., :2]
        self.costs = plan.costs
        self.path = planar.compose(pose, plan.path)[..., :2]
        self.hazard = plan.hazard

    def _make(self, planner: PlannerName, seed: int) -> Planner:
        card, settings, limits = self._model.card, self._settings, self._settings.limits
        if planner == "straight":
            return StraightLine(limits, card.step, card.horizon)
        if planner == "inverse_dynamics":
            return InverseDynamics(self._model)
        if planner == "kinematic":
            kinematic = KinematicForesight(card.observation.resolution, card.step, card.horizon)
            return CemPlanner(kinematic, limits, settings, seed)
        if planner == "jepa":
            return CemPlanner(GroundedForesight(self._model), limits, settings, seed)
        if planner == "jepa_shuffled":
            return CemPlanner(ShuffledForesight(GroundedForesight(self._model), seed), limits, settings, seed)
        raise WorldModelError(f"no planner '{planner}': known are {', '.join(PLANNERS)}")


def _is_finite(odometry: BaseEstimate) -> bool:
    parts = (odometry.position, odometry.orientation, odometry.linear_velocity, odometry.angular_velocity)
    return bool(np.isfinite(odometry.stamp) and all(np.isfinite(part).all() for part in parts))


def _differs(goal: Goal | None, other: Goal | None) -> bool:
    if goal is None or other is None:
        return goal is not other
    return bool(np.any(np.asarray(goal.position) != np.asarray(other.position)) or goal.yaw != other.yaw)
