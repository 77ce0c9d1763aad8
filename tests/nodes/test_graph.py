"""The whole graph, node by node a process: what happens when one dies, and whom the controller obeys."""

import math
import re

import numpy as np
import pytest
from std_msgs.msg import Bool

from jepa_humanoid.nodes.contract import TOPICS
from jepa_humanoid.nodes.messages.elevation import read_elevation, read_footing
from jepa_humanoid.nodes.messages.goal import write_goal
from jepa_humanoid.nodes.messages.time import to_stamp
from jepa_humanoid.nodes.messages.velocity import write_velocity
from jepa_humanoid.resources import share_directory
from jepa_humanoid.robot.state import Goal, VelocityCommand

pytestmark = [pytest.mark.ros, pytest.mark.slow]


def stands(watcher, node="controller"):
    return watcher.status(node)[2].get("mode") == "STAND" and "standing" in watcher.status(node)[1]


def walks(watcher):
    return watcher.status("controller")[2].get("mode") == "WALK"


def start_robot(nodes, watcher, **parameters):
    """Target and controller, up to where the robot stands."""
    nodes.start("mujoco_robot", **parameters)
    nodes.start("controller")
    watcher.wait_until(lambda: stands(watcher), "standing")


def assert_upright(watcher):
    truth = watcher.truth()
    assert truth["falls"] == 0
    assert truth["tilt_deg"] < 15.0


def teleoperate(watcher, command, seconds, meanwhile=lambda: None):
    """Steer for some robot time, once with each odometry: it comes at 50 Hz."""
    publisher = watcher.publisher("teleop/cmd_vel")
    watcher.wait_until(lambda: publisher.get_subscription_count() > 0, "a controller")
    end = watcher.truth()["stamp"] + seconds
    while watcher.truth()["stamp"] < end:
        meanwhile()
        publisher.publish(write_velocity(command, to_stamp(0.0)))
        watcher.wait_for_messages("odom", 1)


def plan(watcher, command):
    """Ask for a velocity as a planner does that has just heard the newest odometry."""
    stamp = watcher.last("odom").header.stamp
    watcher.publisher("plan/cmd_vel").publish(write_velocity(command, stamp))


@pytest.mark.skipif(not (share_directory() / "models" / "g1").is_dir(), reason="no world model has been trained yet")
def test_robot_stands_whoever_of_those_that_think_dies(nodes, watcher):
    """The robot sets out for a goal; with the planner killed on the way it stands, and a new one walks on to it.

    With perception killed in mid-work it goes on standing.
    """
    watcher.listen("elevation")
    watcher.listen("footing")
    start_robot(nodes, watcher)
    nodes.start("perception")
    nodes.start("planner")
    watcher.wait_until(lambda: watcher.counts["elevation"] >= 3, "elevation grids")
    heights = read_elevation(watcher.last("elevation")).heights
    assert np.isfinite(heights).any()
    assert np.nanmax(np.abs(heights)) < 0.3, "a flat floor is flat"
    watcher.wait_until(lambda: watcher.counts["footing"] >= 3, "ground for feet")
    ground = read_footing(watcher.last("footing"))
    assert np.nanmax(np.abs(ground.heights)) < 0.1, "so it is for feet"

    watcher.wait_until(lambda: watcher.status("planner")[1] == "no goal", "the planner")
    watcher.publish("goal_pose", write_goal(Goal(np.array([2.0, 0.0])), to_stamp(0.0)))
    watcher.wait_until(lambda: walks(watcher), "walking")
    watcher.wait_for_robot_time(1.0)
    nodes.kill("planner")
    watcher.wait_until(lambda: stands(watcher), "standing again")
    assert watcher.status("controller")[2]["obeys"] == "nobody"
    assert_upright(watcher)
    nodes.start("planner")
    watcher.wait_until(lambda: walks(watcher), "walking on")
    assert "walking on to its goal: x 2.00 m, y 0.00 m" in nodes.logs()
    assert watcher.call("planner/cancel").success

    watcher.wait_until(lambda: stands(watcher), "standing at last")
    nodes.kill("perception")
    watcher.wait_for_robot_time(1.0)
    assert stands(watcher)
    assert_upright(watcher)


def test_robot_is_pushed_steered_stopped_and_left_alone(nodes, watcher, tmp_path):
    """One robot, which looks along the world's y, and all that people and faults do to it, one after the other."""
    for topic in ("odom", "base_footprint", "lidar/pose"):
        watcher.listen(topic)
    scene = tmp_path / "turned.yaml"
    scene.write_text("start: [0.0, 0.0, 1.5708]\n")
    start_robot(nodes, watcher, scan=False, scene=str(scene))
    a_push_is_withstood(nodes, watcher)
    a_push_may_be_the_robots_own(watcher)
    teleoperation_outranks_the_planner(watcher)
    odometry_says_where_the_robot_is(watcher)
    an_emergency_stop_latches(watcher)
    a_simulation_starts_anew_when_asked(watcher)
    a_fall_that_is_braced_for_is_an_error(nodes, watcher)
    a_simulation_starts_anew_when_asked(watcher)
    without_a_controller_the_target_damps(nodes, watcher)


def a_push_is_withstood(nodes, watcher):
    """A push from the side moves the robot, and the controller keeps it on its feet; one that is none is refused."""
    watcher.wait_for_robot_time(0.5)
    push = TOPICS["push"].type()
    for absurd in (math.nan, 1e300):
        push.vector.x = absurd
        watcher.publish("push", push)
    watcher.wait_until(lambda: "push: of [" in nodes.logs(), "the refusal of what is none")
    assert watcher.truth()["max_tilt_deg"] < 0.7
    push.vector.x = 8.0
    watcher.publish("push", push)
    watcher.wait_until(lambda: watcher.truth()["max_tilt_deg"] > 0.7, "the push to be felt")
    watcher.wait_for_robot_time(2.0)
    assert_upright(watcher)


def a_push_may_be_the_robots_own(watcher):
    """A push in the robot's frame, from behind, moves it ahead, wherever it looks."""
    x, y, _ = watcher.truth()["position"]
    push = TOPICS["push"].type()
    push.header.frame_id = "base_footprint"
    push.vector.x = 8.0
    pushed = -math.inf

    def gives_way():
        """Looked at from time to time: what nobody saw, because the machine was busy, comes again."""
        nonlocal pushed
        if watcher.truth()["stamp"] > pushed + 3.0:
            watcher.publish("push", push)
            pushed = watcher.truth()["stamp"]
        return watcher.truth()["position"][0] - x > 0.02

    watcher.wait_until(gives_way, "the robot to give way")
    assert abs(watcher.truth()["position"][1] - y) < 0.01
    watcher.wait_until(lambda: stands(watcher), "standing")


def teleoperation_outranks_the_planner(watcher):
    """While a person steers, the planner is not heard; it is again half a second after the person lets go."""
    start = watcher.truth()["position"]
    ahead, back = VelocityCommand(forward=0.3, turn=0.2), VelocityCommand(forward=-0.3)
    teleoperate(watcher, ahead, 3.0, lambda: plan(watcher, back))
    assert watcher.status("controller")[2]["obeys"] == "teleop"
    assert watcher.truth()["position"][0] > start[0] + 0.2
    assert_upright(watcher)

    def planner_is_obeyed():
        plan(watcher, VelocityCommand())
        return watcher.status("controller")[2]["obeys"] == "planner"

    watcher.wait_until(planner_is_obeyed, "the planner to be heard again")
    watcher.wait_until(lambda: stands(watcher), "standing")


def odometry_says_where_the_robot_is(watcher):
    """After a walk, odometry and ground truth agree to a few centimetres, and so do the poses beside it."""
    watcher.wait_for_robot_time(0.5)
    truth = watcher.truth()
    base = watcher.last("odom").pose.pose.position
    offset = np.hypot(base.x - truth["position"][0], base.y - truth["position"][1])
    assert math.hypot(*truth["position"][:2]) > 0.4
    assert offset < 0.1
    footprint, lidar = (watcher.last(t).pose.position for t in ("base_footprint", "lidar/pose"))
    assert abs(footprint.z) < 0.05
    assert math.hypot(footprint.x - base.x, footprint.y - base.y) < 0.02
    assert 0.3 < lidar.z - base.z < 0.7


def an_emergency_stop_latches(watcher):
    """The stop damps at once; neither silence, nor a second message, nor stand_up ends it, but release does."""
    watcher.publish("emergency_stop", Bool(data=True))
    watcher.wait_until(lambda: watcher.status("controller")[2].get("mode") == "DAMPING", "damping")
    assert "emergency stop" in watcher.status("controller")[1]
    watcher.publish("emergency_stop", Bool(data=False))
    watcher.wait_for_robot_time(0.5)
    assert not watcher.call("controller/stand_up").success
    assert watcher.status("controller")[2]["mode"] in {"DAMPING", "FALLEN"}
    assert watcher.call("controller/release").success
    watcher.wait_until(lambda: watcher.truth()["falls"], "the fall of a robot that damps")
    assert watcher.call("controller/stand_up").success


def a_simulation_starts_anew_when_asked(watcher):
    """A robot that fell stands where it stood at first, the clock at zero, and the controller balances it again."""
    before = watcher.truth()["stamp"]
    assert watcher.call("target/restart").success
    watcher.wait_until(lambda: not watcher.truth()["falls"] and 1.0 < watcher.truth()["stamp"] < before, "standing")
    watcher.wait_until(lambda: stands(watcher), "the controller to say so")
    assert watcher.truth()["tilt_deg"] < 3.0
    assert math.hypot(*watcher.truth()["position"][:2]) < 0.1


def a_fall_that_is_braced_for_is_an_error(nodes, watcher):
    """Who reads only the log learns of a fall from nobody, and why; a robot that lies says no more of it."""
    push = TOPICS["push"].type()
    push.vector.x = 150.0
    watcher.publish("push", push)
    watcher.wait_until(lambda: watcher.status("controller")[2].get("mode") == "FALLEN", "the robot to lie")
    assert re.search(r"\[ERROR\].* FALLING: fell: tilted by", nodes.logs())


def without_a_controller_the_target_damps(nodes, watcher):
    """With the controller killed the target says that it damps; a new controller takes over the robot as it lies."""
    nodes.kill("controller")
    watcher.wait_until(lambda: watcher.truth()["pace"] == "damping", "damping")
    watcher.wait_until(lambda: "damping: no command" in watcher.status("mujoco_robot")[1], "the diagnostics to say so")
    watcher.wait_until(lambda: watcher.truth()["falls"] == 1, "the fall that nobody prevents")
    # Until it has answered time does not wait for it: on a busy machine it misses a few states.
    nodes.start("controller", longest_gap=5.0)
    watcher.wait_until(lambda: watcher.truth()["pace"] == "lock_step", "a new controller to take over")
    watcher.wait_until(lambda: watcher.status("controller")[2].get("mode") == "FALLEN", "it to see what happened")


def test_two_robots_side_by_side(nodes, watch):
    """In two namespaces two robots stand; stopping one leaves the other alone."""
    left, right = watch("left"), watch("right")
    for name in ("left", "right"):
        nodes.start("mujoco_robot", name, scan=False)
        nodes.start("controller", name)
    for name, watcher in (("left", left), ("right", right)):
        watcher.wait_until(lambda w=watcher, n=name: stands(w, f"{n}/controller"), f"{name} to stand")
    assert left.call("controller/emergency_stop").success
    left.wait_until(lambda: left.status("left/controller")[2].get("mode") == "DAMPING", "left to damp")
    right.wait_for_robot_time(1.0)
    for node in ("right/controller", "right/mujoco_robot"):
        right.wait_for_reports(node)
    assert stands(right, "right/controller")
    assert_upright(right)
    assert set(right.statuses) == {"right/controller", "right/mujoco_robot"}
