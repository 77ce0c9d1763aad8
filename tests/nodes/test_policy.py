"""A learned walker in the graph: its gains reach the motor drivers, and one that does not fit ends the start."""

import os
import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.ros


def test_a_policys_gains_reach_the_robot(nodes, watcher, make_policy, holosoma):
    """The model holds the robot, then commands come with the policy's targets and gains, which the robot obeys."""
    path = make_policy(100, 29, holosoma)
    watcher.listen("joint_commands")
    nodes.start("mujoco_robot", scan=False)
    nodes.start("controller", walker=f"policy:{path}")
    watcher.wait_until(lambda: "joint_commands" in watcher.heard, "commands")
    watcher.wait_until(lambda: len(watcher.last("joint_commands").name) == 58, "commands with gains")
    watcher.wait_until(lambda: np.array_equal(watcher.last("joint_commands").position[29:], [100.0] * 29), "its gains")
    command = watcher.last("joint_commands")
    assert command.name[29] == "left_hip_pitch_joint/gains"
    assert np.array_equal(command.position[29:], [100.0] * 29)
    assert np.array_equal(command.velocity[29:], [3.0] * 29)
    assert command.position[command.name.index("left_knee_joint")] == 0.669
    assert watcher.truth()["falls"] == 0


def test_a_policy_that_does_not_fit_is_told(make_policy, holosoma):
    """A controller whose walker cannot walk this robot does not start, and says why in one line."""
    walker = f"walker:=policy:{make_policy(99, 29, holosoma)}"
    command = [sys.executable, "-m", "jepa_humanoid.nodes.controller", "--ros-args", "-p", walker]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == os.EX_CONFIG
    (line,) = [line for line in outcome.stderr.splitlines() if "ERROR" in line]
    assert "cannot configure: " in line
    assert "walk.onnx: the network takes 99 numbers, and observations are actions 29 + " in line
    assert "Traceback" not in outcome.stderr
