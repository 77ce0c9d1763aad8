"""The planner's node around a mind that does what a test wants: prompt, and safe when the mind is slow or fails."""

import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rclpy.parameter import Parameter

from jepa_humanoid.nodes import planner as planner_module
from jepa_humanoid.nodes.contract import TOPICS
from jepa_humanoid.nodes.goal_memory import LIFETIME, GoalMemory
from jepa_humanoid.nodes.messages.elevation import write_elevation
from jepa_humanoid.nodes.messages.goal import write_goal
from jepa_humanoid.nodes.messages.status import read_plan_status
from jepa_humanoid.nodes.messages.time import to_stamp
from jepa_humanoid.robot.state import ElevationGrid, Goal, VelocityCommand
from jepa_humanoid.status import PlanState, PlanStatus

pytestmark = pytest.mark.ros


class FakeMind:
    """Asks for one velocity, once it is allowed to finish its thought."""

    def __init__(self):
        self.may_finish = threading.Event()
        self.may_finish.set()
        self.error = None
        self.steps = 0
        self.status = PlanStatus(
            state=PlanState.WALKING,
            reason="walking",
            surprise=1.5,
            distance=3.0,
            candidates=np.zeros((40, 5, 2)) + np.arange(40)[:, None, None],
            costs=np.arange(40.0),
            path=np.linspace([0.0, 0.0], [1.0, 0.0], 5),
        )

    def observe(self, odometry):
        """Nothing to remember."""

    def step(self, elevation, odometry, goal):
        """Answer."""
        self.steps += 1
        self.may_finish.wait()
        if self.error is not None:
            raise self.error
        self.status = replace(self.status, stamp=odometry.stamp)
        return VelocityCommand() if goal is None else VelocityCommand(forward=0.25)


class Robot:
    """Says where it stands and what is around it, 20 times a second of its own time, and waits for each answer."""

    def __init__(self, watcher, planner, mind):
        self.watcher, self.planner, self.mind = watcher, planner, mind
        self.stamp = 1.0
        self.sees = True
        self.commands = []
        watcher.listen("plan/cmd_vel", lambda message: self.commands.append(message.twist.linear.x))

    def run(self, seconds):
        """Let the robot's time pass; return the velocities asked for meanwhile, one for each odometry."""
        self.commands.clear()
        odom, elevation = TOPICS["odom"].type(), ElevationGrid(0.0, np.zeros((64, 64), np.float32), 0.1)
        odom.pose.pose.orientation.w = 1.0
        for k in range(round(seconds / 0.05)):
            self.stamp = round(self.stamp + 0.05, 3)
            odom.header.stamp = to_stamp(self.stamp)
            if self.sees and k % 2 == 0:
                self.watcher.publisher("elevation").publish(write_elevation(elevation, odom.header.stamp))
            self.watcher.publisher("odom").publish(odom)
            self.watcher.wait_until(lambda asked=k + 1: len(self.commands) == asked, "a velocity")
            if self.mind.may_finish.is_set():
                self.watcher.wait_until(lambda: not self.planner._thinker.busy, "the mind")
        return list(self.commands)

    def send_goal(self):
        """Ask for a place ahead, and see that the planner has heard it and put it down."""
        self.watcher.publish("goal_pose", write_goal(Goal(np.array([3.0, 0.0])), to_stamp(0.0)))
        self.watcher.wait_until(self.planner._memory.file.exists, "the goal to be heard")


@pytest.fixture
def mind():
    return FakeMind()


@pytest.fixture
def legacy():
    """Leaves something in the memory that a planner comes to."""
    return lambda _: None


@pytest.fixture
def planner(watcher, mind, monkeypatch, legacy):
    legacy(GoalMemory("/planner", watcher.context.get_domain_id()))
    monkeypatch.setattr(planner_module, "Mind", SimpleNamespace(load=lambda *_: mind))
    node = planner_module.Planner(
        context=watcher.context, parameter_overrides=[Parameter("hold", Parameter.Type.DOUBLE, 0.3)]
    )
    assert node.start()
    thread = threading.Thread(target=node.loop.spin)
    thread.start()
    yield node
    mind.may_finish.set()
    node.loop.stop()
    thread.join()
    node.trigger_shutdown()
    node.loop.close()
    node.destroy_node()


@pytest.fixture
def robot(watcher, planner, mind):
    robot = Robot(watcher, planner, mind)
    for topic in ("plan/path", "plan/candidates", "plan/status"):
        watcher.listen(topic)
    for topic in ("odom", "elevation", "goal_pose"):
        publisher = watcher.publisher(topic)
        watcher.wait_until(lambda p=publisher: p.get_subscription_count() > 0, f"a subscription to {topic}")
    return robot


def test_without_a_goal_it_asks_to_stand(robot):
    """A planner without a goal says so by asking for no velocity, rather than by silence."""
    assert not any(robot.run(1.0))


def test_follows_the_mind_to_a_goal(robot, watcher):
    """With a goal the mind's velocity is asked for, and what it imagined is shown."""
    robot.run(0.3)
    robot.send_goal()
    assert robot.run(1.0)[-15:] == [0.25] * 15
    path = watcher.last("plan/path")
    np.testing.assert_allclose([pose.pose.position.x for pose in path.poses], np.linspace(0.0, 1.0, 5))
    assert len(watcher.last("plan/candidates").markers) == 1 + 20
    watcher.wait_until(
        lambda: read_plan_status(watcher.last("plan/status")).distance == 3.0, "the status of a plan to the goal"
    )
    status = read_plan_status(watcher.last("plan/status"))
    assert status.state is PlanState.WALKING
    assert status.candidates.shape == (20, 5, 2)
    assert (status.costs[0], status.surprise, status.distance) == (0.0, 1.5, 3.0)


def test_slow_mind_is_followed_for_a_while_only(robot, watcher, mind):
    """While a plan is made, odometry is answered as always: by the last plan, but not for ever."""
    robot.run(0.3)
    robot.send_goal()
    robot.run(0.5)
    mind.may_finish.clear()
    commands = robot.run(0.8)
    assert commands[:4] == [0.25] * 4
    assert commands[-8:] == [0.0] * 8


def test_blind_robot_stands(robot, watcher):
    """Without elevation, because perception died, the planner asks to stand and says what it waits for."""
    robot.run(0.3)
    robot.send_goal()
    assert robot.run(0.5)[-1] == 0.25
    robot.sees = False
    assert robot.run(1.5)[-1] == 0.0
    watcher.wait_until(lambda: "waiting for elevation" in watcher.status("planner")[1], "what it waits for")
    watcher.wait_until(
        lambda: read_plan_status(watcher.last("plan/status")).state is PlanState.WAITING, "the same in plan/status"
    )
    assert read_plan_status(watcher.last("plan/status")).reason == "waiting for elevation (perception)"


def test_failing_mind_stands(robot, watcher, mind):
    """A mind that raises ends no process: the robot is asked to stand, and the diagnostics name the error."""
    robot.run(0.3)
    robot.send_goal()
    mind.error = ValueError("no imagination")
    assert robot.run(1.0)[-1] == 0.0
    cause = "cannot plan: ValueError: no imagination"
    watcher.wait_until(lambda: cause in watcher.status("planner")[1], "the error")
    assert watcher.status("planner")[0] == 2


def test_cancelled_goal_is_forgotten(robot, watcher):
    """After planner/cancel the robot is asked to stand at once."""
    robot.run(0.3)
    robot.send_goal()
    assert robot.run(0.5)[-1] == 0.25
    assert watcher.call("planner/cancel").success
    assert not any(robot.run(0.3))


def test_moved_odometry_drops_the_goal(robot, watcher, planner):
    """When the controller starts its estimate anew, a goal in the old odometry frame means nothing any more."""
    robot.run(0.3)
    robot.send_goal()
    assert robot.run(0.5)[-1] == 0.25
    robot.stamp = 0.0
    assert robot.run(0.5)[-1] == 0.0
    assert planner.status()[1] == "no goal"


PLACE = Goal(np.array([3.0, 0.0]), 0.5)


@pytest.mark.parametrize("legacy", [lambda memory: memory.keep(PLACE, 0.9)])
def test_goal_survives_its_planner(robot, planner):
    """A planner in the place of one that died walks on to the goal, and forgets it when it is told to."""
    assert robot.run(0.5)[-1] == 0.25
    assert planner._goal.position.tolist() == [3.0, 0.0]
    assert planner._goal.yaw == 0.5
    assert robot.watcher.call("planner/cancel").success
    assert not planner._memory.file.exists()


@pytest.mark.parametrize("legacy", [lambda memory: memory.keep(PLACE, 7.0)])
def test_goal_of_another_odometry_is_not_inherited(robot):
    """A goal that is younger than the robot's time is of a run before."""
    assert not any(robot.run(0.5))


def test_planner_that_is_told_to_end_leaves_no_goal(robot, planner):
    """Only a planner that dies has an heir; odometry that starts anew, or the node's end, takes the goal along."""
    robot.run(0.3)
    robot.send_goal()
    robot.run(0.3)
    heir = GoalMemory("/planner", robot.watcher.context.get_domain_id())
    assert heir.recall(robot.stamp).position.tolist() == [3.0, 0.0]
    robot.stamp = 0.0
    robot.run(0.3)
    assert not heir.file.exists()
    robot.send_goal()
    assert heir.file.exists()
    planner.deactivate()
    assert not heir.file.exists()


@given(
    content=st.binary(max_size=60)
    | st.from_regex(rb'\{"position": \[[-0-9.e, ]*\], "yaw": [-0-9e.nul]*\}', fullmatch=True)
)
def test_memory_reads_anything(tmp_path_factory, content):
    """Whatever is in the file, it is a goal or none."""
    memory = GoalMemory("/planner", 1, tmp_path_factory.getbasetemp())
    memory.file.write_bytes(content)
    memory.refresh(1.0)
    goal = memory.recall(2.0)
    assert goal is None or np.isfinite(goal.position).all()


def test_memory_fades(tmp_path):
    """Nobody expects a robot to set out for a goal that no planner has pursued for long, in the robot's time."""
    memory = GoalMemory("/robot/planner", 1, tmp_path)
    memory.keep(PLACE, 1.0)
    later = 2.0 + LIFETIME
    assert memory.recall(later) is None
    memory.refresh(1.9)
    assert memory.recall(1.8) is None, "odometry has started anew"
    memory.refresh(2.5)
    assert memory.recall(later).position.tolist() == [3.0, 0.0]
    assert GoalMemory("/other/planner", 1, tmp_path).recall(later) is None
