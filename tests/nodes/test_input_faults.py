"""What the controller is told wrongly ends in damping, and the diagnostics name the cause."""

import json
import math

import numpy as np
import pytest

from jepa_humanoid.nodes.contract import TOPICS
from jepa_humanoid.nodes.messages.imu import make_imu, write_imu
from jepa_humanoid.nodes.messages.joints import JointConverter
from jepa_humanoid.nodes.messages.time import to_nanoseconds, to_stamp
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.state import SensorSample

pytestmark = pytest.mark.ros

ROBOT = load_robot("g1")
JOINTS = JointConverter(ROBOT.joint_names)
KNEE = ROBOT.joint_names.index("left_knee_joint")


class Target:
    """A robot that stands almost still, and says what a test wants it to say."""

    def __init__(self, watcher):
        self.watcher = watcher
        self.states = watcher.publisher("joint_states")
        self.imus = watcher.publisher("imu/data")
        self.stamp = 10.0
        self.answer = None
        watcher.listen("joint_commands", self.on_command)

    def on_command(self, message):
        """Remember the controller's last word."""
        self.answer = message

    def messages(self):
        """What a working robot says at this time."""
        n, tremor = ROBOT.joint_count, 1e-6 * math.sin(1e3 * self.stamp)
        sample = SensorSample(
            self.stamp,
            ROBOT.joints.nominal + tremor,
            np.zeros(n),
            np.ones(n),
            np.full(3, tremor),
            np.array([0.0, 0.0, 9.81]),
        )
        state, imu = TOPICS["joint_states"].type(), make_imu()
        JOINTS.write_state(sample, to_stamp(self.stamp), state)
        write_imu(sample, to_stamp(self.stamp), imu)
        return state, imu

    def meet(self):
        """Speak until the controller answers; each of the two has to find the other first."""
        self.watcher.wait_until(lambda: self.watcher.status("controller")[1], "the controller")

        def answered():
            self.stamp = round(self.stamp + 0.002, 6)
            state, imu = self.messages()
            self.imus.publish(imu)
            self.states.publish(state)
            return self.answer is not None

        self.watcher.wait_until(answered, "an answer")
        if damps(self.answer):  # it has found the states, and not yet the IMU that belongs to them
            assert self.watcher.call("controller/stand_up").success

    def send(self, state, imu):
        """Send a state and return the command that answers it."""
        self.answer = None
        if imu is not None:
            self.imus.publish(imu)
        self.states.publish(state)
        stamp = to_nanoseconds(state.header.stamp)
        self.watcher.wait_until(
            lambda: self.answer is not None and to_nanoseconds(self.answer.header.stamp) == stamp, "an answer"
        )
        return self.answer

    def run(self, steps):
        """Go on as a working robot does; return the last command."""
        for _ in range(steps):
            self.stamp = round(self.stamp + 0.002, 6)
            command = self.send(*self.messages())
        return command


def nan_in_joint_states(state, imu):
    state.position[KNEE] = math.nan
    return state, imu


def wrong_joint_order(state, imu):
    state.name = [*state.name[1:], state.name[0]]
    return state, imu


def unknown_joint(state, imu):
    state.name = ["tail_joint", *state.name[1:]]
    return state, imu


def stale_stamp(state, imu):
    state.header.stamp = imu.header.stamp = to_stamp(5.0)
    return state, imu


def gap(state, imu):
    state.header.stamp = imu.header.stamp = to_stamp(1000.0)
    return state, imu


def nan_in_imu(state, imu):
    imu.angular_velocity.z = math.nan
    return state, imu


def no_imu(state, imu):
    return state, None


FAULTS = {
    nan_in_joint_states: ("UNREADABLE", "joint_states: position of left_knee_joint is NaN"),
    wrong_joint_order: ("UNREADABLE", f"joint_states: wrong joint order: at 0 is {ROBOT.joint_names[1]}"),
    unknown_joint: ("UNREADABLE", "joint_states: unknown joint tail_joint"),
    stale_stamp: ("BACKWARD", "stale stamp: 5.000 s came after"),
    gap: ("GAP", "stale: nothing between"),
    nan_in_imu: ("UNREADABLE", "imu/data: angular_velocity.z is NaN"),
    no_imu: ("INCOMPLETE", "imu/data: missing for the stamp of joint_states"),
}


def damps(command):
    return not command.position and not any(command.velocity) and len(command.velocity) == ROBOT.joint_count


def dead_imu(state, imu):
    imu.linear_acceleration.z = 0.0
    return state, imu


def joints_in_degrees(state, imu):
    state.position = [math.degrees(position) for position in state.position]
    return state, imu


def frozen_imu(state, imu):
    imu.angular_velocity.x = imu.angular_velocity.y = imu.angular_velocity.z = 0.0
    return state, imu


def no_efforts(state, imu):
    state.effort = [0.0] * ROBOT.joint_count
    return state, imu


LIES = {
    dead_imu: "imu/data: feels 0.0 m/s², and gravity is 9.8",
    joints_in_degrees: "is it in degrees?",
    frozen_imu: "imu/data: repeats itself",
    no_efforts: "joint_states: every measured effort is zero",
}


def test_what_cannot_be_leads_to_damping(nodes, watcher):
    """Faults and lies of a robot, one after the other, and in the end a driver that repeats itself for ever."""
    target = Target(watcher)
    watcher.listen("controller/status")
    nodes.start("controller", most_repeats=5)
    target.meet()
    input_faults_lead_to_damping(target, watcher)
    lying_sensors_lead_to_damping(target, watcher)
    a_frozen_stamp_leads_to_damping(target, watcher)


def input_faults_lead_to_damping(target, watcher):
    """NaN, a wrong joint order, a stale stamp, a missing IMU: each damps, names itself, and stays until stand_up."""
    for fault, (cause, text) in FAULTS.items():
        assert not damps(target.run(20)), f"before {fault.__name__}"
        target.stamp = round(target.stamp + 0.002, 6)
        assert damps(target.send(*fault(*target.messages()))), fault.__name__
        assert damps(target.run(5)), f"right input after {fault.__name__} does not end the damping by itself"
        watcher.wait_until(lambda text=text: text in watcher.status("controller")[1], text)
        level, message, values = watcher.status("controller")
        assert level == 2
        assert message.startswith(f"DAMPING: {text}")
        assert values["mode"] == "DAMPING"
        assert values["cause"] == cause
        assert values["reason"].startswith(text)
        assert watcher.call("controller/stand_up").success
        target.stamp += 1.0


def lying_sensors_lead_to_damping(target, watcher):
    """Numbers that cannot be damp the robot within 0.1 s; status and diagnostics name the sensor."""
    for lie, text in LIES.items():
        assert not damps(target.run(20)), f"before {lie.__name__}"
        began = target.stamp
        while not damps(target.answer):
            target.stamp = round(target.stamp + 0.002, 6)
            target.send(*lie(*target.messages()))
            assert target.stamp - began <= 0.1, lie.__name__
        watcher.wait_until(lambda text=text: text in watcher.status("controller")[1], text)
        assert watcher.status("controller")[2]["cause"] == "SENSOR"
        watcher.wait_until(
            lambda text=text: text in json.loads(watcher.last("controller/status").data)["reason"], "status"
        )
        assert watcher.call("controller/stand_up").success
        target.stamp += 1.0


def a_frozen_stamp_leads_to_damping(target, watcher):
    """A driver that repeats its last state for ever is found out; a few repetitions get the same answer again."""
    first = target.run(20)
    assert not damps(first)
    for _ in range(5):
        assert target.send(*target.messages()).position == first.position
    assert damps(target.send(*target.messages()))
    watcher.wait_until(lambda: "stale stamp" in watcher.status("controller")[1], "the cause on diagnostics")


def test_what_may_come_again(nodes, watcher):
    """A late state, a target that starts anew, and a state that comes again after a stop."""
    target = Target(watcher)
    nodes.start("controller")
    target.meet()
    a_state_sent_again_behind_a_newer_imu_is_no_fault(target, watcher)
    a_restarted_target_is_followed(target, watcher)
    a_state_sent_again_after_a_stop_gets_no_torque(target, watcher)


def a_state_sent_again_behind_a_newer_imu_is_no_fault(target, watcher):
    """On a busy machine a repeated state comes late: it gets its answer again, and nobody misses its IMU."""
    first = target.run(20)
    late, _ = target.messages()
    target.stamp = round(target.stamp + 0.002, 6)
    target.imus.publish(target.messages()[1])
    watcher.wait_for_reports("controller")
    assert target.send(late, None).position == first.position
    watcher.wait_for_reports("controller")  # longer than a state waits for its IMU
    target.stamp = round(target.stamp - 0.002, 6)
    assert not damps(target.run(20))
    watcher.wait_until(lambda: watcher.status("controller")[2].get("mode") == "STAND", "standing")


def a_restarted_target_is_followed(target, watcher):
    """A simulated target that starts anew finds a controller that balances it, without anybody's help."""
    target.stamp = 0.0
    assert not damps(target.run(20))
    watcher.wait_until(lambda: watcher.status("controller")[2].get("mode") == "STAND", "standing")


def a_state_sent_again_after_a_stop_gets_no_torque(target, watcher):
    """After an emergency stop even the state that was answered last is answered by damping."""
    assert watcher.call("controller/emergency_stop").success
    answer = target.send(*target.messages())
    assert damps(answer)
    assert not answer.effort
    assert not watcher.call("controller/stand_up").success
    assert watcher.call("controller/release").success
    assert damps(target.send(*target.messages()))
    assert watcher.call("controller/stand_up").success
    assert not damps(target.run(20))
