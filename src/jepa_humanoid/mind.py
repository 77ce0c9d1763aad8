"""The mind: perception's grid, the estimated base and a goal in, a velocity command out. No ROS, no own clock."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from jepa_humanoid import geometry
from jepa_humanoid.planner_names import GOAL_BOUND, WITHOUT_MODEL
from jepa_humanoid.planning.moving import Moving, without
from jepa_humanoid.planning.planner import Plan
from jepa_humanoid.planning.planners import PlannerParts, make_planner
from jepa_humanoid.planning.seen_map import BODY_RADIUS, SeenMap
from jepa_humanoid.planning.settings import PlannerSettings, at_speed, load_planner_settings, planner_settings
from jepa_humanoid.planning.situation import Situation
from jepa_humanoid.planning.surprise import SurpriseMonitor
from jepa_humanoid.planning.way import Way
from jepa_humanoid.robot.description import DEFAULT_ROBOT, RobotDescription
from jepa_humanoid.robot.state import BaseEstimate, ElevationGrid, Goal, Matrix, Vector, VelocityCommand
from jepa_humanoid.status import PlanState, PlanStatus
from jepa_humanoid.world_model.card import CARD, model_directory
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.observation import ProprioceptiveHistory, crop
from jepa_humanoid.world_model.runtime import WorldModel
from jepa_humanoid.world_model.settings import WorldModelSettings

_STANDING_ROOM = 0.1
"""Beyond its radius, at the place where the robot stops if something stands at the goal [m]."""


class Mind:
    """Plans towards a goal, again at every step; stands still whenever it cannot.

    Attributes:
        radius: Clearance of the robot's middle at which it touches [m].
        status: What it does, and what it imagined last; for display, and for whoever waits for it to arrive.
    """

    def __init__(
        self,
        model: WorldModel | None,
        planner: str = "jepa",
        settings: PlannerSettings | None = None,
        seed: int = 0,
        radius: float = BODY_RADIUS,
    ) -> None:
        """Put a planner around a model.

        Args:
            model: Loaded world model; every planner takes its view and its step from it. None for a robot that has
                none yet: the planners of `WITHOUT_MODEL` then look as far as a model would, and nothing surprises.
            planner: ``jepa``, a baseline, or one that others have registered.
            settings: Search, costs and thresholds; None for the package's own.
            seed: Of the search.
            radius: Clearance of the robot's middle at which it touches [m].

        Raises:
            WorldModelError: If there is no such planner, or it needs a model.
        """
        self._model = model
        self.radius = radius
        given = settings or load_planner_settings()
        wanted = given.cost.wanted_clearance + (radius - BODY_RADIUS)
        self._settings = replace(given, cost=replace(given.cost, wanted_clearance=wanted))
        view = model.card if model is not None else WorldModelSettings()
        self._observation = view.observation
        self._planner = make_planner(planner, PlannerParts(model, view.step, view.horizon, self._settings, seed))
        self._random = np.random.default_rng(seed)
        self._surprise = SurpriseMonitor(model, self._settings.surprise) if model is not None else None
        self._history = ProprioceptiveHistory(view.observation.history, view.observation.period, self._settings.stale)
        self._way = Way(self._settings.memory)
        self._goal: Goal | None = None
        self._is_there = False
        self._command = VelocityCommand()
        self._plan_before: Matrix | None = None
        self._plan_stamp = -np.inf
        self.status = PlanStatus()

    @staticmethod
    def load(
        directory: Path | None = None,
        planner: str = "jepa",
        seed: int = 0,
        robot: RobotDescription | None = None,
        speed: float | None = None,
    ) -> "Mind":
        """Load a mind.

        Args:
            directory: Of the model; None for the robot's own (``models/g1``). Where a robot has none yet, planners that
                need none go without.
            planner: ``jepa``, or a baseline.
            seed: Of the search.
            robot: Whose mind; None for the G1's.
            speed: That the planner may ask for ahead, and to the sides as much more or less [m/s]; None for what the
                settings say.

        Raises:
            WorldModelError: If the model or the settings are missing or malformed, or the model is another robot's.
        """
        name, radius = (DEFAULT_ROBOT, BODY_RADIUS) if robot is None else (robot.name, robot.radius)
        settings = load_planner_settings() if robot is None else planner_settings(robot)
        if speed is not None:
            settings = at_speed(settings, speed)
        folder = directory or model_directory(name)
        if directory is None and not (folder / CARD).is_file():
            if planner not in WITHOUT_MODEL:
                raise WorldModelError(
                    f"the planner '{planner}' needs a world model, and '{name}' has none yet: there is no {folder}. "
                    f"Plan with {' or '.join(GOAL_BOUND)}, or train one: humanoid data generate --robot {name}, "
                    f"humanoid train, humanoid export --robot {name} (docs/world_model.md)"
                )
            return Mind(None, planner, settings, seed, radius)
        model = WorldModel(folder)
        if model.card.robot != name:
            raise WorldModelError(
                f"{folder / CARD} is a model of '{model.card.robot}', and the robot is '{name}': name a folder with a "
                f"model of '{name}', or plan without one: {' or '.join(GOAL_BOUND)}"
            )
        return Mind(model, planner, settings, seed, radius)

    def reset(self) -> None:
        """Forget everything, as after a jump in time."""
        self._history.clear()
        if self._surprise is not None:
            self._surprise.reset()
        self._command = VelocityCommand()
        self._set_off(None)
        self.status = PlanStatus()

    @property
    def arrived(self) -> bool:
        """Whether it stands at its goal."""
        return self.status.state is PlanState.ARRIVED

    def observe(self, odometry: BaseEstimate) -> None:
        """Take in odometry between plans; cheap, and fine at any rate.

        A clock that jumps back starts everything anew.
        """
        if not _is_finite(odometry):
            return
        if odometry.stamp < self._history.stamp - self._settings.stale:
            self.reset()
        self._history.observe(odometry, self._command)

    def step(self, elevation: ElevationGrid, odometry: BaseEstimate, goal: Goal | None) -> VelocityCommand:
        """Return the velocity to ask of the body now.

        Args:
            elevation: The grid around the robot.
            odometry: Estimated base at about the same time.
            goal: Where to go, or None to stand.

        Raises:
            WorldModelError: If the grid does not fit the model's view.
        """
        self.observe(odometry)
        trouble = self._trouble(elevation, odometry, goal)
        if trouble is not None:
            self._command = self._stand(odometry.stamp, PlanState.WAITING, trouble)
            return self._command
        if _differs(goal, self._goal):
            self._set_off(goal)
        situation = self._situation(elevation, odometry, goal)
        if goal is None:
            self._command = self._stand(situation.stamp, PlanState.IDLE, "no goal")
        else:
            self._command = self._pursue(situation, goal)
        if self._surprise is not None:
            self._surprise.update(situation.stamp, situation.embedding, self._command.as_array())
            self.status = replace(self.status, surprise=self._surprise.value)
        return self._command

    def _trouble(self, elevation: ElevationGrid, odometry: BaseEstimate, goal: Goal | None) -> str | None:
        """Why it cannot plan, or None."""
        if not _is_finite(odometry):
            return "odometry is not finite"
        age = abs(odometry.stamp - elevation.stamp)
        if not age <= self._settings.stale:
            return f"elevation is {age:.1f} s from odometry"
        if np.isinf(elevation.heights).any():
            return "elevation is infinite somewhere"
        if goal is not None and not (np.isfinite(goal.position).all() and np.isfinite(goal.yaw or 0.0)):
            return "the goal is not finite"
        return None

    def _situation(self, elevation: ElevationGrid, odometry: BaseEstimate, goal: Goal | None) -> Situation:
        """What the robot is in, looked at once."""
        stamp, pose = odometry.stamp, np.array([*odometry.position[:2], odometry.yaw])
        codes, history = crop(elevation, self._observation), self._history.as_array()
        moving = Moving.seen(elevation)
        seen = SeenMap(without(codes, elevation), elevation.resolution, self.radius)
        stop = np.zeros(2)
        if goal is not None:
            stop = seen.standing_place(geometry.to_local(pose, goal.position), self.radius + _STANDING_ROOM)
            self._judge_arrival(stamp, pose[:2], float(np.linalg.norm(stop)))
        age = stamp - self._plan_stamp
        return Situation(
            stamp=stamp,
            pose=pose,
            codes=codes,
            history=history,
            latent=None if self._model is None else self._model.encode(codes, history),
            seen=seen,
            moving=moving,
            goal=stop,
            last_command=self._command.as_array(),
            plan_before=self._plan_before if 0.0 <= age < self._settings.stale else None,
            plan_age=age,
            visited=geometry.to_local(pose, self._way.to_avoid(stamp)),
        )

    def _judge_arrival(self, stamp: float, place: Vector, distance: float) -> None:
        """Whether it is there; only the way to a goal is remembered, not the rest at its end."""
        arrival = self._settings.arrival
        self._is_there = distance < (arrival.leave if self._is_there else arrival.stop)
        if not self._is_there:
            self._way.update(stamp, place, distance)

    def _pursue(self, situation: Situation, goal: Goal) -> VelocityCommand:
        distance = float(np.linalg.norm(situation.goal))
        beside = float(np.linalg.norm(situation.goal - geometry.to_local(situation.pose, goal.position)))
        if self._is_there:
            return self._turn_to(situation, goal, distance, beside)
        plan = self._planner.plan(situation, self._random)
        self._plan_before, self._plan_stamp = plan.commands, situation.stamp
        to_a_place = f" to a place{_beside(beside)}" if beside else ""
        self._show(situation, plan, f"walking, {distance:.2f} m to go{to_a_place}", distance, beside)
        pace = self._surprise.pace if self._surprise is not None else 1.0
        return VelocityCommand(*(float(v) for v in pace * plan.commands[0]))

    def _turn_to(self, situation: Situation, goal: Goal, distance: float, beside: float) -> VelocityCommand:
        self._plan_before = None
        if goal.yaw is not None:
            error = float(geometry.wrap(goal.yaw - situation.pose[2]))
            if abs(error) > self._settings.arrival.yaw:
                self.status = PlanStatus(
                    situation.stamp, PlanState.TURNING, "turning to the goal's heading", distance, beside
                )
                return VelocityCommand(turn=float(np.clip(error, *self._settings.limits.turn)))
        return self._stand(situation.stamp, PlanState.ARRIVED, f"arrived{_beside(beside)}", distance, beside)

    def _stand(
        self, stamp: float, state: PlanState, reason: str, distance: float | None = None, beside: float = 0.0
    ) -> VelocityCommand:
        surprise = self._surprise.value if self._surprise is not None else 0.0
        self.status = PlanStatus(stamp, state, reason, distance, beside, surprise)
        return VelocityCommand()

    def _set_off(self, goal: Goal | None) -> None:
        """Forget how it went towards another goal."""
        self._goal = goal
        self._is_there = False
        self._plan_before = None
        self._plan_stamp = -np.inf
        self._way.reset()

    def _show(self, situation: Situation, plan: Plan, reason: str, distance: float, beside: float) -> None:
        self.status = PlanStatus(
            stamp=situation.stamp,
            state=PlanState.WALKING,
            reason=reason,
            distance=distance,
            beside=beside,
            hazard=plan.hazard,
            candidates=geometry.compose(situation.pose, plan.candidates)[..., :2],
            costs=plan.costs,
            path=geometry.compose(situation.pose, plan.path)[..., :2],
        )


def _beside(distance: float) -> str:
    return f" {distance:.2f} m beside the goal, where something stands" if distance > 0.0 else ""


def _is_finite(odometry: BaseEstimate) -> bool:
    parts = (odometry.position, odometry.orientation, odometry.linear_velocity, odometry.angular_velocity)
    return bool(np.isfinite(odometry.stamp) and all(np.isfinite(part).all() for part in parts))


def _differs(goal: Goal | None, other: Goal | None) -> bool:
    if goal is None or other is None:
        return goal is not other
    return bool(np.any(np.asarray(goal.position) != np.asarray(other.position)) or goal.yaw != other.yaw)
