"""A process in the controller's place: answers every state with a command; it can be killed.

It damps until it reads a line `balance`, and again after a line `damp`; emergency stops it does not hear. Joints that
balance hold still: joint k gets the effort of k / 10 N·m plus a part below 0.01 N·m that differs from command to
command. A line `nan`, `order` or `late` has it balance with a number that is none, with its joints in another order, or
by the state of a second ago.
"""

import itertools
import sys
import threading

import numpy as np
import rclpy
from sensor_msgs.msg import JointState

from jepa_humanoid.nodes.contract import TOPICS
from jepa_humanoid.nodes.loop import Loop
from jepa_humanoid.nodes.wire import JointWire, stamp_of
from jepa_humanoid.robot.description import load_robot


def main() -> None:
    """Run until killed."""
    mode = "damp"
    robot = load_robot("g1")
    n = robot.joint_count
    wire = JointWire("joint_commands", robot.joint_names)
    disordered = JointWire("joint_commands", (*robot.joint_names[1:], robot.joint_names[0]))
    position = robot.joints.nominal
    broken = position.copy()
    broken[3] = np.nan
    rclpy.init()
    node = rclpy.create_node("balancing_commander")
    loop = Loop(node)
    quality = TOPICS["joint_commands"].quality.profile
    publisher = node.create_publisher(JointState, "joint_commands", quality)
    count = itertools.count(1)

    def answer(state: bytes, _: object) -> None:
        stamp = stamp_of(state, JointState) - (1_000_000_000 if mode == "late" else 0)
        if mode == "damp":
            publisher.publish(wire.write(stamp, None, np.zeros(n), np.zeros(n)))
            return
        effort = 0.1 * np.arange(n) + 1e-5 * (next(count) % 1000)
        speaker = disordered if mode == "order" else wire
        publisher.publish(speaker.write(stamp, broken if mode == "nan" else position, np.zeros(n), effort))

    def obey() -> None:
        nonlocal mode
        for line in sys.stdin:
            mode = line.strip()

    threading.Thread(target=obey, daemon=True).start()
    loop.listen(JointState, "joint_states", answer, quality, raw=True)
    loop.spin()


if __name__ == "__main__":
    main()
