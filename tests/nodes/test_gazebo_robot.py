"""The adapter for Gazebo, between a real controller and a stand-in for Gazebo, over topics between processes."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from geometry_msgs.msg import TwistStamped
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Float64MultiArray, String

from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.gazebo_wire import BroadcastReader
from jepa_humanoid.nodes.messages.time import to_nanoseconds, to_stamp
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.simulation.gazebo import spawn_pose, world_sdf
from jepa_humanoid.simulation.scenes import load_scene

STAND_IN = Path(__file__).parents[1] / "gazebo_stand_in.py"


@pytest.fixture(scope="module")
def robot():
    return load_robot("g1")


class Gazebo:
    """The stand-in's process, and what it says."""

    def __init__(self, watcher, domain, folder, robot):
        scene = load_scene("flat")
        world = folder / "world.sdf"
        world.write_text(world_sdf(scene))
        self.place = spawn_pose(robot, scene)
        self.watcher = watcher
        self.truth = {}
        watcher.node.create_subscription(String, "stand_in/truth", self._on_truth, 1)
        self._log = (folder / "gazebo.log").open("wb")
        # Not measured: it is not what is tested, and everybody waits for it.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_PROCESS")}
        self._process = subprocess.Popen(
            [sys.executable, str(STAND_IN), "gz", "sim", "-s", str(world)],
            env={**environment, "ROS_DOMAIN_ID": str(domain)},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def spawn(self):
        """Do what `ros_gz_sim create` does."""
        self.watcher.listen("robot_description")
        spec = importlib.util.spec_from_file_location("gazebo_stand_in", STAND_IN)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        *position, yaw = self.place
        urdf = self.watcher.last("robot_description").data
        order = {"name": "g1", "position": position, "yaw": yaw, "urdf": urdf}
        self.watcher.node.create_publisher(String, "stand_in/spawn", module.LATCHED).publish(
            String(data=json.dumps(order))
        )
        self.watcher.wait_until(lambda: self.truth, "the robot in the world")

    def activate(self, *controllers):
        """Do what the controllers' spawner does."""
        for name in controllers:
            assert self.watcher.call(f"stand_in/{name}").success

    def wait_for(self, seconds):
        """Let simulated time pass."""
        end = self.truth["stamp"] + seconds
        self.watcher.wait_until(lambda: self.truth["stamp"] >= end, f"{seconds} s in Gazebo", 120.0)

    def record(self, seconds):
        """What the adapter says meanwhile: states, IMU and torques. Only then, for listening slows everybody down."""
        types = {"joint_states": JointState, "imu/data": Imu, "effort_controller/commands": Float64MultiArray}
        heard = {topic: [] for topic in types}
        node = self.watcher.node
        subscriptions = [node.create_subscription(kind, topic, heard[topic].append, 1) for topic, kind in types.items()]
        self.wait_for(seconds)
        for subscription in subscriptions:
            node.destroy_subscription(subscription)
        return heard.values()

    def close(self):
        """End it."""
        self._process.terminate()
        self._process.wait(timeout=60)
        self._log.close()

    def _on_truth(self, message):
        self.truth = json.loads(message.data)


@pytest.fixture
def gazebo(watcher, domain, nodes, tmp_path, robot):
    gazebo = Gazebo(watcher, domain, tmp_path, robot)
    yield gazebo
    gazebo.close()
    print((tmp_path / "gazebo.log").read_text(errors="replace"))


@pytest.mark.ros
@pytest.mark.slow
def test_robot_in_gazebo_stands_walks_and_damps(gazebo, nodes, watcher, robot):
    """Behind the adapter the G1 stands and walks on torques alone, and damps when the controller is killed."""
    nodes.start("gazebo_robot")
    gazebo.spawn()
    gazebo.activate("joint_state_broadcaster", "imu_sensor_broadcaster")
    nodes.start("controller")
    watcher.wait_until(lambda: watcher.status("gazebo_robot")[1] == "driven", "a controller's commands")
    gazebo.activate("effort_controller")
    gazebo.wait_for(0.6)
    states, imus, _ = gazebo.record(0.1)
    x, _, z = gazebo.truth["position"]
    assert z > 0.7
    assert gazebo.truth["up"] > 0.99

    # What the controller is shown is what the contract says. Who listens here may miss some.
    stamps, felt = ([to_nanoseconds(said.header.stamp) for said in heard] for heard in (states, imus))
    for said in (stamps, felt):
        gaps = np.diff(said)
        assert min(gaps) == 2_000_000
        assert not any(stamp % 2_000_000 for stamp, gap in zip(said[1:], gaps, strict=True) if gap == 2_000_000)
    assert list(states[-1].name) == list(robot.joint_names)
    assert np.abs(states[-1].effort).max() > 5.0
    assert imus[-1].orientation_covariance[0] == -1.0
    assert abs(imus[-1].linear_acceleration.z - 9.81) < 2.0

    walk = TwistStamped()
    walk.twist.linear.x = 0.3
    end = gazebo.truth["stamp"] + 1.5
    while gazebo.truth["stamp"] < end:
        watcher.publish("teleop/cmd_vel", walk)
        gazebo.wait_for(0.2)
    assert gazebo.truth["position"][0] - x > 0.15
    assert gazebo.truth["up"] > 0.95

    nodes.kill("controller")
    watcher.wait_until(lambda: watcher.status("gazebo_robot")[1].startswith("damping"), "damping")
    states, _, torques = gazebo.record(0.1)
    # All that is left are torques against each joint's motion.
    moving = [k for k in range(robot.joint_count) if abs(states[-1].velocity[k]) > 0.3]
    assert all(torques[-1].data[k] * states[-1].velocity[k] < 0.0 for k in moving)


@pytest.mark.ros
def test_adapter_waits_and_obeys_no_command_of_another_time(nodes, watcher, robot):
    """Without Gazebo the adapter publishes the description and waits, and moves nothing.

    Nor does a command for a time that is still to come; diagnostics say whose it may be.
    """
    watcher.listen("robot_description")
    nodes.start("gazebo_robot")
    watcher.wait_until(lambda: "Gazebo's controllers" in watcher.status("gazebo_robot")[1], "the adapter")
    assert "GazeboSimSystem" in watcher.last("robot_description").data
    zeros = [0.0] * robot.joint_count
    state = JointState(name=list(robot.joint_names), position=zeros, velocity=zeros)
    state.header.stamp = to_stamp(1.0)
    command = JointState(name=list(robot.joint_names), position=zeros, velocity=zeros, effort=[1.0] * len(zeros))
    command.header.stamp = to_stamp(5.0)

    def named():
        watcher.publish("joint_state_broadcaster/joint_states", state)
        watcher.publish("joint_commands", command)
        return "a command for 5.000 s, which is still to come" in watcher.status("gazebo_robot")[1]

    watcher.listen("effort_controller/commands")
    watcher.wait_until(named, "the cause on diagnostics")
    assert set(watcher.last("effort_controller/commands").data) == {0.0}


def broadcast(names, position, velocity):
    from rclpy.serialization import serialize_message

    return serialize_message(JointState(name=names, position=position, velocity=velocity))


def test_broadcast_joints_are_put_in_order():
    """States come in any order and with other joints among them; a missing joint or a NaN is refused by name."""
    reader = BroadcastReader("states", ["a", "b"])
    position, velocity = reader.read(broadcast(["x", "b", "a"], [9.0, 2.0, 1.0], [0.0, 0.2, 0.1]))
    assert position.tolist() == [1.0, 2.0]
    assert velocity.tolist() == [0.1, 0.2]
    with pytest.raises(MessageError, match="states: missing joint b"):
        reader.read(broadcast(["x", "a"], [0.0, 0.0], [0.0, 0.0]))
    with pytest.raises(MessageError, match="velocity of b is not finite"):
        reader.read(broadcast(["a", "b"], [0.0, 0.0], [0.0, float("nan")]))


@pytest.mark.parametrize("data", [None, b"", b"\x00\x01\x00\x00", b"\x00\x01\x00\x00" + b"\xff" * 40])
def test_broadcast_that_says_nothing_is_refused(data):
    """Without joints, or bytes that are no message, also as the first that is heard."""
    with pytest.raises(MessageError):
        BroadcastReader("states", ["a", "b"]).read(broadcast([], [], []) if data is None else data)
