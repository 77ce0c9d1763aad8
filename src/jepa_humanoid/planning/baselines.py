"""Planners to beat that search nothing: straight at the goal, by chance, and by inverse dynamics."""

import numpy as np

from jepa_humanoid import geometry
from jepa_humanoid.planning.planner import Plan
from jepa_humanoid.planning.proposals import bounds
from jepa_humanoid.planning.situation import Situation
from jepa_humanoid.robot.state import Vector
from jepa_humanoid.world_model.runtime import WorldModel
from jepa_humanoid.world_model.settings import CommandLimits

_PLANNING = 0.1
"""Time between two plans [s]."""


def steer(goal: Vector, limits: CommandLimits) -> Vector:
    """Command that turns towards a place in ``base_footprint`` and walks when it lies ahead, (3,)."""
    bearing, distance = float(np.arctan2(goal[1], goal[0])), float(np.linalg.norm(goal))
    forward = min(limits.forward[1], distance) * max(np.cos(bearing), 0.0) ** 4
    return np.array([forward, 0.0, np.clip(1.5 * bearing, *limits.turn)])


class StraightLine:
    """Walks straight at the goal, whatever stands there."""

    def __init__(self, limits: CommandLimits, step: float, horizon: int) -> None:
        """Set the limits and the form of the answer.

        Args:
            limits: Of commands.
            step: Duration of one step [s].
            horizon: Steps in the answer.
        """
        self._limits, self._step, self._horizon = limits, step, horizon

    def plan(self, situation: Situation, random: np.random.Generator) -> Plan:
        """Steer towards the goal, step by step."""
        del random
        pose, commands, path = np.zeros(3), [], []
        for _ in range(self._horizon):
            command = steer(geometry.to_local(pose, situation.goal), self._limits)
            pose = geometry.compose(pose, self._step * command)
            commands.append(command)
            path.append(pose)
        poses = np.array(path)
        return Plan(np.array(commands), poses, poses[None], np.zeros(1), 0.0)


class RandomCommands:
    """Walks at random: what a task asks of whoever does nothing about it."""

    def __init__(self, limits: CommandLimits, step: float, horizon: int) -> None:
        """Set the limits and the form of the answer.

        Args:
            limits: Of commands.
            step: Duration of one step [s].
            horizon: Steps in the answer; a drawn command is kept for so long.
        """
        self._low, self._high = bounds(limits)
        self._step, self._horizon = step, horizon

    def plan(self, situation: Situation, random: np.random.Generator) -> Plan:
        """Go on with the command drawn last, or draw another."""
        before = situation.plan_before
        going_on = before is not None and random.random() * self._horizon * self._step > _PLANNING
        command = before[0] if before is not None and going_on else random.uniform(self._low, self._high)
        commands = np.tile(command, (self._horizon, 1))
        poses = geometry.integrate(self._step * commands[None])
        return Plan(commands, poses[0], poses, np.zeros(1), 0.0)


class InverseDynamics:
    """Asks a network for the command that led towards such a place before: goal-conditioned, GC-IDM."""

    def __init__(self, model: WorldModel, limits: CommandLimits) -> None:
        """Wrap a loaded model.

        Args:
            model: Its policy is used, its predictor only to draw the path.
            limits: Of commands.
        """
        self._model = model
        self._bounds = bounds(limits)

    def plan(self, situation: Situation, random: np.random.Generator) -> Plan:
        """Look the command up."""
        del random
        card = self._model.card
        asked = self._model.goal_command(situation.embedding, situation.goal)
        command = np.clip(asked, *self._bounds).astype(float)
        commands = np.tile(command, (card.horizon, 1))
        path = self._model.roll_out(situation.embedding, commands[None]).poses.astype(float)
        return Plan(commands, path[0], path, np.zeros(1), 0.0)
