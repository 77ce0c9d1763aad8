"""Stands in for Gazebo and for the ROS packages around it where they are not installed.

`Simulation` is a small Gazebo: it reads the robot from `robot_description` and the world from the SDF file, as Gazebo
does, and speaks and listens on the topics of ros2_control's controllers. MuJoCo moves it. As a program it plays the
part that its first argument names, with that program's command line::

    python gazebo_stand_in.py gz sim -s -r world.sdf
    python gazebo_stand_in.py create -world flat -topic robot_description ...
    python gazebo_stand_in.py spawner effort_controller --param-file ...
    python gazebo_stand_in.py parameter_bridge | robot_state_publisher | rviz2 | gzclient
"""

import argparse
import json
import os
import signal
import sys
import time
import xml.etree.ElementTree as ElementTree
from array import array
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import rclpy
import yaml
from builtin_interfaces.msg import Time
from rclpy.callback_groups import CallbackGroup
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.utilities import remove_ros_args
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Imu, JointState, PointCloud2
from std_msgs.msg import Float64MultiArray, String
from std_srvs.srv import Trigger

from jepa_humanoid.nodes.messages.points import write_points
from jepa_humanoid.robot.files import LidarSettings
from jepa_humanoid.simulation.lidar import TRANSPARENT_GROUP, Lidar

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
STEP = 1_000_000
"""[ns]"""
PATIENCE = 0.5
"""Wall time for which a step waits for torques, so that a busy machine is slower and not another robot [s]."""
HOLD_STIFFNESS, HOLD_DAMPING = 2000.0, 20.0
"""Joints that no controller has claimed are held where they are."""


class NeverCalled(CallbackGroup):
    """Keeps a subscription away from the executor."""

    def can_execute(self, entity: Any) -> bool:
        """Never."""
        return False

    def beginning_execution(self, entity: Any) -> bool:
        """Never."""
        return False

    def ending_execution(self, entity: Any) -> None:
        """Never."""


class Simulation:
    """One robot in one world, moved by MuJoCo, behind ros2_control's topics.

    Attributes:
        model: Built from URDF and SDF alone.
    """

    def __init__(self, node: Any, world: str) -> None:
        self._node = node
        self._world = ElementTree.fromstring(world)
        self.active: set[str] = set()
        self._torques: np.ndarray | None = None
        self._patience = PATIENCE
        self._stamp = 0
        self.model: Any = None
        self._clock = node.create_publisher(Clock, "/clock", 1)
        self._states = node.create_publisher(JointState, "joint_state_broadcaster/joint_states", 10)
        self._imu = node.create_publisher(Imu, "imu_sensor_broadcaster/imu", 10)
        self._points = node.create_publisher(PointCloud2, "points", 5)
        self._truth = node.create_publisher(String, "stand_in/truth", 10)
        # Read by hand: an executor's turn costs more than a physics step.
        self._inbox = node.create_subscription(
            Float64MultiArray, "effort_controller/commands", lambda _: None, 1, callback_group=NeverCalled()
        )
        self._waiting = rclpy_implementation.WaitSet(1, 0, 0, 0, 0, 0, node.context.handle)
        for name in ("joint_state_broadcaster", "imu_sensor_broadcaster", "effort_controller"):
            node.create_service(Trigger, f"stand_in/{name}", lambda _, r, name=name: self._activate(name, r))

    def spawn(self, urdf: str, position: tuple[float, float, float], yaw: float) -> None:
        """Put the robot into the world."""
        root = ElementTree.fromstring(urdf)
        control = root.find("ros2_control")
        assert control is not None
        assert control.findtext("hardware/plugin") == "gz_ros2_control/GazeboSimSystem"
        extension = ElementTree.SubElement(root, "mujoco")
        ElementTree.SubElement(extension, "compiler", {"discardvisual": "true", "fusestatic": "false"})
        spec = mujoco.MjSpec.from_string(ElementTree.tostring(root, encoding="unicode"))
        spec.option.timestep = 1e-9 * STEP
        spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
        base = spec.worldbody.first_body()
        base.add_freejoint()
        sensors = {s.get("type"): s for s in root.iter("sensor") if s.get("type")}
        lidar, imu = sensors["gpu_lidar"], sensors["imu"]
        for sensor in (lidar, imu):
            spec.body(sensor.get("name")).add_site(name=sensor.get("name"))
        for name, kind in (("gyro", mujoco.mjtSensor.mjSENS_GYRO), ("acc", mujoco.mjtSensor.mjSENS_ACCELEROMETER)):
            spec.add_sensor(name=name, type=kind, objtype=mujoco.mjtObj.mjOBJ_SITE, objname=imu.get("name"))
        for geom in spec.geoms:  # a robot does not collide with itself, and its own LiDAR does not see it
            geom.contype, geom.conaffinity, geom.group = 1, 2, TRANSPARENT_GROUP
        self._add_world(spec)
        self.model = spec.compile()
        self.data = mujoco.MjData(self.model)
        self.joints = [joint.get("name", "") for joint in control.findall("joint")]
        self._q = np.array([self.model.joint(name).qposadr[0] for name in self.joints])
        self._v = np.array([self.model.joint(name).dofadr[0] for name in self.joints])
        self._limit = np.array(
            [float(j.findtext("command_interface/param[@name='max']") or 0) for j in control.findall("joint")]
        )
        start = [
            float(j.findtext("state_interface/param[@name='initial_value']") or 0) for j in control.findall("joint")
        ]
        self._held = np.array(start)
        self.data.qpos[:3] = position
        self.data.qpos[3:7] = np.cos(yaw / 2), 0, 0, np.sin(yaw / 2)
        self.data.qpos[self._q] = self._held
        mujoco.mj_forward(self.model, self.data)
        settings = LidarSettings(
            elevation=tuple(float(lidar.findtext(f"lidar/scan/vertical/{k}_angle") or 0) for k in ("min", "max")),
            rays=tuple(int(lidar.findtext(f"lidar/scan/{k}/samples") or 0) for k in ("vertical", "horizontal")),
            range=tuple(float(lidar.findtext(f"lidar/range/{k}") or 0) for k in ("min", "max")),
            rate=float(lidar.findtext("update_rate") or 0),
            noise=float(lidar.findtext("lidar/noise/stddev") or 0),
        )
        self._lidar_frame = lidar.findtext("gz_frame_id") or ""
        self._order = np.argsort(self.joints)[::-1]  # as the real broadcaster: not the order that it was asked for
        unknown = array("d", [float("nan")] * len(self.joints))
        self._state_message = JointState(name=[self.joints[k] for k in self._order], effort=unknown)
        self._imu_message = Imu()
        self._imu_message.header.frame_id = imu.findtext("gz_frame_id") or ""
        self._lidar = Lidar(self.model, self.data, settings, lidar.get("name", ""), np.random.default_rng(0))

    def _add_world(self, spec: Any) -> None:
        for model in self._world.iter("model"):
            x, y, z, _, _, yaw = (float(v) for v in (model.findtext("pose") or "0 0 0 0 0 0").split())
            collision = model.find("link/collision")
            assert collision is not None
            mu = float(collision.findtext("surface/friction/ode/mu") or 0)
            geometry = collision.find("geometry")[0]
            half = [float(v) / 2 for v in (geometry.findtext("size") or "").split()]
            if geometry.tag == "cylinder":
                half = [float(geometry.findtext("radius") or 0), float(geometry.findtext("length") or 0) / 2, 0]
            kinds = {"plane": "PLANE", "box": "BOX", "cylinder": "CYLINDER"}
            spec.worldbody.add_geom(
                name=model.get("name"),
                type=getattr(mujoco.mjtGeom, f"mjGEOM_{kinds[geometry.tag]}"),
                size=[0, 0, 0.05] if geometry.tag == "plane" else half,
                pos=[x, y, z],
                quat=[np.cos(yaw / 2), 0, 0, np.sin(yaw / 2)],
                friction=[mu, 0.005, 0.0001],
                priority=1,
                contype=2,
                conaffinity=1,
                condim=3,
            )

    def step(self, executor: Any) -> None:
        """Let a millisecond pass, with the torques that answer the last state."""
        q, v = self.data.qpos[self._q], self.data.qvel[self._v]
        if "effort_controller" in self.active:
            torque = self._torques if self._torques is not None else np.zeros(len(q))
            torque = np.clip(torque, -self._limit, self._limit)
        else:
            torque = HOLD_STIFFNESS * (self._held - q) - HOLD_DAMPING * v
        self.data.qfrc_applied[self._v] = torque
        mujoco.mj_step(self.model, self.data)
        self._stamp += STEP
        self._show()
        if "effort_controller" not in self.active:
            executor.spin_once(timeout_sec=0.002)
            return
        # One answer to every state, and a second one when the controller has spoken about those that it sees.
        wanted, answers = (2 if self._stamp % (2 * STEP) == 0 else 1), 0
        end = time.monotonic() + self._patience
        while answers < wanted and time.monotonic() < end:
            taken = self._inbox.handle.take_message(Float64MultiArray, False)
            if taken is None:
                self._wait_for_torques(end - time.monotonic())
                continue
            self._torques = np.array(taken[0].data)
            answers += 1
        if wanted == 2 or answers < wanted:  # with a dead controller only the adapter answers, and time goes on
            self._patience = PATIENCE if answers >= wanted else 0.005
        if self._stamp % (50 * STEP) == 0:
            executor.spin_once(timeout_sec=0)

    def _wait_for_torques(self, patience: float) -> None:
        """Return when there are some, or after so long [s]."""
        self._waiting.clear_entities()
        self._waiting.add_subscription(self._inbox.handle)
        self._waiting.wait(max(0, int(1e9 * patience)))

    def _show(self) -> None:
        stamp = Time(sec=self._stamp // 10**9, nanosec=self._stamp % 10**9)
        if self._stamp % (10 * STEP) == 0:
            self._clock.publish(Clock(clock=stamp))
        if "imu_sensor_broadcaster" in self.active:
            imu = self._imu_message
            imu.header.stamp = stamp
            for vector, name in ((imu.angular_velocity, "gyro"), (imu.linear_acceleration, "acc")):
                vector.x, vector.y, vector.z = self.data.sensor(name).data.tolist()
            self._imu.publish(imu)
        if "joint_state_broadcaster" in self.active:
            state = self._state_message
            state.header.stamp = stamp
            state.position = array("d", self.data.qpos[self._q][self._order].tobytes())
            state.velocity = array("d", self.data.qvel[self._v][self._order].tobytes())
            self._states.publish(state)
        if self._stamp % (100 * STEP) == 0:
            self._points.publish(write_points(self._lidar.scan(), stamp, self._lidar_frame))
            truth = {"stamp": 1e-9 * self._stamp, "position": self.data.qpos[:3].tolist(), "up": self.data.xmat[1, 8]}
            self._truth.publish(String(data=json.dumps(truth)))

    def _activate(self, name: str, response: Any) -> Any:
        response.success = self.model is not None
        response.message = name if response.success else "there is no robot"
        if response.success:
            self.active.add(name)
        return response


def serve(arguments: list[str]) -> int:
    """`gz sim -s world.sdf`: run the simulation until told to stop."""
    node = rclpy.create_node("gazebo_stand_in", namespace=os.environ.get("STAND_IN_NAMESPACE", ""))
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    simulation = Simulation(node, Path(arguments[-1]).read_text())
    spawned = node.create_publisher(String, "stand_in/spawned", LATCHED)

    def spawn(message: Any) -> None:
        order = json.loads(message.data)
        simulation.spawn(order["urdf"], tuple(order["position"]), order["yaw"])
        spawned.publish(String(data=order["name"]))

    node.create_subscription(String, "stand_in/spawn", spawn, LATCHED)
    while rclpy.ok():
        if simulation.model is None:
            executor.spin_once(timeout_sec=0.05)
        else:
            simulation.step(executor)
    return 0


def create(arguments: list[str]) -> int:
    """`ros_gz_sim create`: take the description from its topic and have the robot put into the world."""
    parser = argparse.ArgumentParser()
    for name in ("-world", "-name", "-topic"):
        parser.add_argument(name, required=True)
    for name in ("-x", "-y", "-z", "-Y"):
        parser.add_argument(name, type=float, required=True)
    asked = parser.parse_args(arguments)
    node = rclpy.create_node("ros_gz_sim")
    heard: list[str] = []
    done: list[str] = []
    node.create_subscription(String, asked.topic, lambda m: heard.append(m.data), LATCHED)
    node.create_subscription(String, "stand_in/spawned", lambda m: done.append(m.data), LATCHED)
    order = node.create_publisher(String, "stand_in/spawn", LATCHED)
    while not done:
        rclpy.spin_once(node, timeout_sec=0.1)
        if heard:
            place = {"name": asked.name, "position": [asked.x, asked.y, asked.z], "yaw": asked.Y, "urdf": heard.pop()}
            order.publish(String(data=json.dumps(place)))
    return 0


def spawn_controllers(arguments: list[str]) -> int:
    """`controller_manager spawner`: activate controllers that the parameter file knows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("controllers", nargs="+")
    parser.add_argument("--controller-manager", required=True)
    parser.add_argument("--controller-manager-timeout", type=float, required=True)
    parser.add_argument("--switch-timeout", type=float, required=True)
    parser.add_argument("--param-file", type=Path, required=True)
    asked = parser.parse_args(arguments)
    if os.environ.get("STAND_IN_REFUSES") in asked.controllers:
        print("the controller manager refuses, as the test wants")
        return 1
    known = yaml.safe_load(asked.param_file.read_text())["/**/controller_manager"]["ros__parameters"]
    node = rclpy.create_node("spawner")
    for name in asked.controllers:
        assert known[name]["type"].count("/") == 1
        client = node.create_client(Trigger, f"stand_in/{name}")
        if not client.wait_for_service(timeout_sec=asked.controller_manager_timeout):
            return 1
        future = client.call_async(Trigger.Request())
        rclpy.spin_until_future_complete(node, future, timeout_sec=asked.switch_timeout)
        if future.result() is None or not future.result().success:
            return 1
        print(f"{name} is active", flush=True)
    return 0


def wait(arguments: list[str]) -> int:
    """Anything that only has to be there."""
    print("arguments", json.dumps(arguments), flush=True)
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    signal.sigwait(signals)
    return 0


def gz(arguments: list[str]) -> int:
    """`gz sim`: the server, or the window."""
    assert arguments.pop(0) == "sim"
    return serve(arguments) if "-s" in arguments else wait(arguments)


ROLES = {
    "gz": gz,
    "create": create,
    "spawner": spawn_controllers,
    "parameter_bridge": wait,
    "robot_state_publisher": wait,
    "rviz2": wait,
}

PACKAGES = {
    "ros_gz_sim": ("create",),
    "ros_gz_bridge": ("parameter_bridge",),
    "gz_ros2_control": (),
    "controller_manager": ("spawner",),
    "joint_state_broadcaster": (),
    "imu_sensor_broadcaster": (),
    "forward_command_controller": (),
    "robot_state_publisher": ("robot_state_publisher",),
    "rviz2": ("rviz2",),
}


def install(prefix: Path) -> None:
    """Write an ament prefix whose packages are these roles, and ``bin/gz``."""
    index = prefix / "share/ament_index/resource_index/packages"
    index.mkdir(parents=True)
    for package, executables in PACKAGES.items():
        (index / package).write_text("")
        (prefix / "share" / package).mkdir()
        for executable in executables:
            _write_program(prefix / "lib" / package / executable, executable)
    _write_program(prefix / "bin/gz", "gz")


def _write_program(path: Path, role: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).resolve()}" {role} "$@"\n')
    path.chmod(0o755)


def main() -> int:
    """Play a part."""
    role, *arguments = remove_ros_args(sys.argv)[1:]
    if role in ("create", "gz", "spawner"):
        rclpy.init(args=sys.argv)
    try:
        return ROLES[role](arguments)
    except (ExternalShutdownException, KeyboardInterrupt):
        return 0
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
