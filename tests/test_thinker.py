"""A mind in a thread of its own: what it is asked, and what comes back."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from jepa_humanoid.robot.state import BaseEstimate, ElevationGrid, Goal, VelocityCommand
from jepa_humanoid.status import PlanStatus
from jepa_humanoid.thinker import Question, Thinker

UPRIGHT = np.array([0.0, 0.0, 0.0, 1.0])


class Pondering:
    """A mind that waits to be let go, and walks ahead or raises."""

    def __init__(self, error=None):
        self.error = error
        self.began, self.may_finish = threading.Event(), threading.Event()
        self.heard = []
        self.status = PlanStatus()

    def observe(self, odometry):
        """Remember the stamp."""
        self.heard.append(odometry.stamp)

    def step(self, elevation, odometry, goal):
        """Answer when allowed to."""
        self.heard.append(odometry.stamp)
        self.began.set()
        assert self.may_finish.wait(20.0)
        if self.error is not None:
            raise self.error
        self.status = replace(self.status, stamp=odometry.stamp, candidates=np.zeros((1, 5, 2)))
        return VelocityCommand(forward=0.25)


def at(stamp):
    return BaseEstimate(stamp, np.zeros(3), UPRIGHT, np.zeros(3), np.zeros(3))


def ask(mind):
    """A thinker at work on a question about time 2, before which the mind missed two odometries."""
    thinker = Thinker(mind)
    grid = ElevationGrid(2.0, np.zeros((4, 4), np.float32), 0.1)
    thinker.ask(Question(grid, at(2.0), Goal(np.ones(2)), (at(1.8), at(1.9))))
    assert mind.began.wait(20.0)
    return thinker


def finish(thinker, mind):
    """Let the thought come to its end; the thread ends with it."""
    mind.may_finish.set()
    thinker.stop()


def test_answer_comes_once_and_only_when_it_is_there():
    """Nobody waits: there is no answer while the mind is busy, then one, then none again."""
    mind = Pondering()
    thinker = ask(mind)
    assert thinker.busy
    assert thinker.take() is None
    finish(thinker, mind)
    assert not thinker.busy
    answer = thinker.take()
    assert answer is not None
    assert answer.command == VelocityCommand(forward=0.25)
    assert answer.planned
    assert answer.status.stamp == 2.0
    assert answer.status.plan_ms == pytest.approx(1e3 * answer.duration)
    assert thinker.take() is None


def test_mind_remembers_what_came_while_it_was_busy():
    """Missed odometry is taken in first, in its order."""
    mind = Pondering()
    finish(ask(mind), mind)
    assert mind.heard == [1.8, 1.9, 2.0]


def test_error_of_the_mind_is_raised_to_who_takes_the_answer():
    """A plan that fails is not silence."""
    mind = Pondering(RuntimeError("no idea"))
    thinker = ask(mind)
    finish(thinker, mind)
    with pytest.raises(RuntimeError, match="no idea"):
        thinker.take()
    assert thinker.take() is None
