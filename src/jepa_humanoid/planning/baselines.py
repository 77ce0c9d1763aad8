"""Planners that the world model has to beat: straight at the goal, and inverse dynamics without a search."""

import numpy as np

from jepa_humanoid import geometry
from jepa_humanoid.planning.planner import Plan
from jepa_humanoid.planning.proposals import bounds
from jepa_humanoid.planning.situation import Situation
from jepa_humanoid.robot.state import Vector
from jepa_humanoid.world_model.runtime import WorldModel
from jepa_humanoid.world_model.settings import CommandLimits


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


class InverseDynamics:
    """Asks a network for the command that led towards such a place before; searches nothing (GC-IDM)."""

    def __init__(self, model: WorldModel) -> None:
        """Wrap a loaded model.

        Args:
            model: Its policy is used, its predictor only to draw the path.
        """
        self._model = model

    def plan(self, situation: Situation, random: np.random.Generator) -> Plan:
        """Look the command up."""
        del random
        card = self._model.card
        asked = self._model.goal_command(situation.embedding, situation.goal)
        command = np.clip(asked, *bounds(card.limits)).astype(float)
        commands = np.tile(command, (card.horizon, 1))
        path = self._model.roll_out(situation.embedding, commands[None]).poses.astype(float)
        return Plan(commands, path[0], path, np.zeros(1), 0.0)
