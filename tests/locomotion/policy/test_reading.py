"""What policies' files say ends in one description, whoever wrote them; what they lack or contradict is named."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from jepa_humanoid.locomotion.errors import WalkerError
from jepa_humanoid.locomotion.policy.description import PolicyDescription
from jepa_humanoid.locomotion.policy.reading import read_policy
from jepa_humanoid.robot.description import RobotDescription


def described(robot: RobotDescription, path: Path) -> PolicyDescription:
    """What is read of a file."""
    return read_policy(robot, path)[1]


def names(policy: PolicyDescription) -> list[str]:
    """Of the terms, in order."""
    return [term.name for term in policy.terms]


def test_holosoma_is_known_by_its_robot(g1: RobotDescription, make_policy: Any, holosoma: dict[str, str]) -> None:
    """Gains and ranges come from the file, observations, posture and phase from what is known of its G1."""
    policy = described(g1, make_policy(100, 29, holosoma))
    assert policy.joints == g1.joint_names
    assert np.array_equal(policy.stiffness, np.full(29, 100.0))
    assert np.array_equal(policy.damping, np.full(29, 3.0))
    assert names(policy) == sorted(names(policy))
    assert {term.name: term.scale for term in policy.terms}["base_ang_vel"] == 0.25
    knee = g1.joint_names.index("left_knee_joint")
    assert (policy.default[knee], policy.offset[knee], policy.scale[knee]) == (0.669, 0.669, 0.25)
    assert policy.period == 0.02
    assert policy.phase is not None
    assert policy.phase.standing == (np.pi, np.pi)
    assert policy.command_limits is not None
    assert policy.command_limits.tolist() == [[-1.0, 1.0], [-0.5, 0.5], [-0.8, 0.8]]


def test_mjlab_says_nearly_all(g1: RobotDescription, make_policy: Any, mjlab: dict[str, str]) -> None:
    """Lists with commas, in the order of its own joints; at 50 Hz, without factors, phase or ranges."""
    policy = described(g1, make_policy(99, 29, mjlab))
    assert policy.joints == tuple(reversed(g1.joint_names))
    assert policy.stiffness[1] == 51.0
    assert policy.damping[1] == 1.1
    assert policy.default[2] == 0.02
    assert np.array_equal(policy.scale, np.full(29, 0.5))
    assert names(policy)[0] == "base_lin_vel"
    assert (policy.period, policy.phase, policy.command_limits) == (0.02, None, None)


def test_one_scale_for_all_joints_is_enough(g1: RobotDescription, make_policy: Any, mjlab: dict[str, str]) -> None:
    """An exporter that writes a single number means every joint."""
    policy = described(g1, make_policy(99, 29, mjlab | {"action_scale": "0.25"}))
    assert np.array_equal(policy.scale, np.full(29, 0.25))


def deploy(joints: int = 29) -> dict[str, Any]:
    """What unitree_rl_lab writes of a G1 whose network has the joints in the reverse order of the motors."""
    return {
        "joint_ids_map": list(reversed(range(29)))[:joints],
        "step_dt": 0.02,
        "stiffness": [float(motor) for motor in range(29)],
        "damping": [0.1 * motor for motor in range(29)],
        "default_joint_pos": [0.01 * i for i in range(joints)],
        "commands": {
            "base_velocity": {"ranges": {"lin_vel_x": [-0.5, 1.0], "lin_vel_y": [-0.3, 0.3], "ang_vel_z": [-1, 1]}}
        },
        "actions": {
            "JointPositionAction": {
                "clip": None,
                "joint_names": [".*"],
                "scale": [0.25] * joints,
                "offset": [0.01 * i for i in range(joints)],
                "joint_ids": None,
            }
        },
        "observations": {
            "base_ang_vel": {"params": {}, "clip": None, "scale": [0.2, 0.2, 0.2], "history_length": 5},
            "velocity_commands": {"params": {}, "clip": [-1, 1], "scale": [1.0, 1.0, 1.0], "history_length": 5},
            "joint_pos_rel": {"params": {}, "clip": None, "scale": [1.0] * joints, "history_length": 1},
            "gait_phase": {"params": {"period": 0.8}, "clip": None, "scale": [1.0, 1.0], "history_length": 1},
        },
    }


@pytest.mark.parametrize("place", ["deploy.yaml", "params/deploy.yaml", "walk.yaml"])
def test_unitree_numbers_motors(g1: RobotDescription, make_policy: Any, tmp_path: Path, place: str) -> None:
    """Joints are found by their motors; gains are in the motors' order and everything else in the network's."""
    network = make_policy(61, 29)
    if place.startswith("params"):
        (tmp_path / "exported").mkdir()
        network = network.rename(tmp_path / "exported" / network.name)
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text(yaml.dump(deploy(), sort_keys=False))
    policy = described(g1, network)
    assert policy.joints[0] == "right_wrist_yaw_joint"
    assert policy.joints[28] == "left_hip_pitch_joint"
    assert policy.stiffness[0] == 28.0
    assert policy.damping[1] == pytest.approx(2.7)
    assert policy.default[1] == 0.01
    assert [(term.name, term.history) for term in policy.terms][:2] == [("base_ang_vel", 5), ("velocity_commands", 5)]
    assert policy.terms[1].clip == (-1.0, 1.0)
    assert policy.phase is not None
    assert (policy.phase.period, policy.phase.standing) == (0.8, None)
    assert policy.command_limits is not None
    assert policy.command_limits[0].tolist() == [-0.5, 1.0]


def test_unitree_may_move_some_joints(g1: RobotDescription, make_policy: Any, tmp_path: Path) -> None:
    """Fewer joints than motors, and fewer commanded than seen."""
    said = deploy(23)
    said["stiffness"], said["damping"] = said["stiffness"][:23], said["damping"][:23]
    said["actions"]["JointPositionAction"] |= {"scale": [0.5, 0.25], "offset": [0.1, 0.2], "joint_ids": [22, 0]}
    (tmp_path / "deploy.yaml").write_text(yaml.dump(said, sort_keys=False))
    policy = described(g1, make_policy(55, 2))
    assert [policy.joints[at] for at in policy.commanded] == ["right_hip_pitch_joint", "right_wrist_yaw_joint"]
    assert policy.scale.tolist() == [0.5, 0.25]
    assert policy.offset.tolist() == [0.1, 0.2]
    assert policy.stiffness[:2].tolist() == [22.0, 21.0]  # of those motors that have a joint, in their order


def test_a_slice_of_pythons_means_all_joints(g1: RobotDescription, make_policy: Any, tmp_path: Path) -> None:
    """What the exporter writes for all joints is no plain YAML, and is not run either."""
    text = yaml.dump(deploy(), sort_keys=False).replace(
        "joint_ids: null", "joint_ids: !!python/object/apply:builtins.slice [null, null, null]"
    )
    assert "slice" in text
    (tmp_path / "deploy.yaml").write_text(text)
    assert described(g1, make_policy(61, 29)).commanded == tuple(range(29))


OWN = {
    "joints": ["left_hip_pitch_joint", "left_knee_joint", "left_ankle_pitch_joint"],
    "default_posture": {"*": 0.0, "*_knee_joint": 0.5},
    "stiffness": 80.0,
    "damping": [2.0, 3.0, 1.0],
    "commanded": ["left_knee_joint", "left_hip_pitch_joint"],
    "action_scale": {"*": 0.5, "*_hip_*": 0.25},
    "action_offset": [0.6, -0.1],
    "action_limits": [[0.0, 1.0], [-0.5, 0.5]],
    "rate": 100.0,
    "phase": {"period": 0.9, "start": [0.0, 3.14]},
    "observations": [
        {"term": "command", "scale": [2.0, 2.0, 0.25]},
        {"term": "joint_pos", "history": 2},
        {"term": "sin_phase"},
    ],
    "command_limits": {"forward": [-0.4, 0.8], "lateral": [-0.2, 0.2], "turn": [-1.0, 1.0]},
}


def written(path: Path, **changes: Any) -> Path:
    """A network's path, with a YAML file beside it; a value that is None is left out."""
    path.with_suffix(".yaml").write_text(yaml.dump({k: v for k, v in (OWN | changes).items() if v is not None}))
    return path


def test_a_person_may_say_everything(g1: RobotDescription, make_policy: Any) -> None:
    """One number, one for each joint, or patterns: all are written out."""
    policy = described(g1, written(make_policy(11, 2)))
    assert policy.default.tolist() == [0.0, 0.5, 0.0]
    assert policy.stiffness.tolist() == [80.0, 80.0, 80.0]
    assert policy.damping.tolist() == [2.0, 3.0, 1.0]
    assert policy.commanded == (1, 0)
    assert policy.scale.tolist() == [0.5, 0.25]
    assert policy.offset.tolist() == [0.6, -0.1]
    assert policy.limits is not None
    assert policy.limits.tolist() == [[0.0, 1.0], [-0.5, 0.5]]
    assert policy.period == 0.01


def test_what_a_person_writes_overrules_the_exporter(
    g1: RobotDescription, make_policy: Any, holosoma: dict[str, str]
) -> None:
    """One line beside a network changes that one thing."""
    path = make_policy(100, 29, holosoma)
    path.with_suffix(".yaml").write_text("action_scale: 0.1\n")
    policy = described(g1, path)
    assert np.array_equal(policy.scale, np.full(29, 0.1))
    assert np.array_equal(policy.stiffness, np.full(29, 100.0))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"commanded": None}, "the network gives 2 numbers, and commands 3 joints"),
        ({"joints": ["left_hip_pitch_joint"] * 2 + ["left_knee_joint"]}, "joints: left_hip_pitch_joint twice"),
        ({"commanded": ["left_knee_joint", "left_nee_joint"]}, "'left_nee_joint' is none of its joints; did you mean"),
        ({"damping": [1.0]}, "damping has 1 numbers for 3 joints"),
        ({"stiffness": -1.0}, "stiffness of left_hip_pitch_joint is -1, and has to be 0 to 2000"),
        ({"stiffness": {"*_knee_joint": 1.0}}, "stiffness: no pattern matches left_hip_pitch_joint"),
        ({"action_limits": [[0.0, 1.0]]}, "action_limits has 1 pairs for 2 joints"),
        ({"observations": [{"term": "command"}]}, "takes 11 numbers, and observations are command 3 = 3"),
        ({"observations": [{"term": "height_scan"}]}, "nobody here can observe 'height_scan'"),
        ({"observations": [{"term": "joint_post"}]}, "did you mean 'joint_pos'?"),
        ({"observations": [{"term": "command", "scale": [1.0]}]}, "'command' has 1 scales for 3 numbers"),
        ({"phase": None}, "'sin_phase' needs a phase, and none is said"),
        ({"phase": {"period": 1.0, "start": [0.0, 1.0], "standing": [0.0]}}, "start has 2 and standing 1 numbers"),
        ({"rate": 0.0}, "rate: is 0.0, and has to be greater than or equal to 1"),
        ({"rate": None, "stiffness": None}, "does not say: stiffness, rate. Write them into walk.yaml beside it"),
        ({"gain": 1.0}, "gain: there is no such setting"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(g1: RobotDescription, make_policy: Any, changes: dict[str, Any], said: str) -> None:
    """One sentence says what contradicts what."""
    with pytest.raises(WalkerError, match=re.escape(said)):
        described(g1, written(make_policy(11, 2), **changes))


def test_another_robots_joint_is_named(g1: RobotDescription, make_policy: Any) -> None:
    """A joint that the robot has not, with the most similar that it has."""
    joints = ["left_hip_pitch_joint", "left_nee_joint", "left_ankle_pitch_joint"]
    path = written(make_policy(11, 2), joints=joints, commanded=joints[:2], default_posture=0.0)
    with pytest.raises(WalkerError, match=r"moves 'left_nee_joint', and robot 'g1' has no such joint; did you mean"):
        described(g1, path)


def test_a_network_that_says_nothing_is_refused(g1: RobotDescription, make_policy: Any) -> None:
    """Without metadata and without a file beside it, everything that is missing is listed."""
    with pytest.raises(WalkerError, match=r"does not say: joints, default_posture, stiffness, .*, rate\. Write them"):
        described(g1, make_policy(11, 2))


def test_holosomas_other_robots_have_to_be_described(
    g1: RobotDescription, make_policy: Any, holosoma: dict[str, str]
) -> None:
    """Joints and gains are read; what only its configuration knows is asked for."""
    metadata = holosoma | {"dof_names": json.dumps(g1.joint_names[:12]), "kp": "[1.0]", "kd": "[1.0]"}
    with pytest.raises(WalkerError, match="does not say: default_posture, observations, action_scale, rate"):
        described(g1, make_policy(100, 29, metadata))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [("kp", "[1.0, ", "its metadata cannot be read"), ("kp", "[1.0]", "stiffness has 1 numbers for 29 joints"),
     ("kd", '"much"', "damping"), ("command_ranges", "{}", "its metadata cannot be read")],
)  # fmt: skip
def test_damaged_metadata_is_named(
    g1: RobotDescription, make_policy: Any, holosoma: dict[str, str], key: str, value: str, said: str
) -> None:
    """Cut off, too short, no number: an error of this package, with the file."""
    with pytest.raises(WalkerError, match=said):
        described(g1, make_policy(100, 29, holosoma | {key: value}))


def test_no_numbers_in_mjlabs_lists_are_named(g1: RobotDescription, make_policy: Any, mjlab: dict[str, str]) -> None:
    """The key says where."""
    with pytest.raises(WalkerError, match="joint_damping in its metadata is no list of numbers"):
        described(g1, make_policy(99, 29, mjlab | {"joint_damping": "a,b"}))


def test_a_damaged_deploy_file_is_named(g1: RobotDescription, make_policy: Any, tmp_path: Path) -> None:
    """What a velocity policy's file has to have is missing, or its motors are another robot's."""
    path = make_policy(61, 29)
    for broken, said in (
        ({"joint_ids_map": [0, 1]}, "is no deploy.yaml of a velocity policy: KeyError"),
        (deploy() | {"joint_ids_map": [77]}, "is no deploy.yaml of a velocity policy: IndexError"),
    ):
        (tmp_path / "deploy.yaml").write_text(yaml.dump(broken))
        with pytest.raises(WalkerError, match=said):
            described(g1, path)
    (tmp_path / "deploy.yaml").write_text("- 1\n")
    with pytest.raises(WalkerError, match="has to be a table"):
        described(g1, path)


def test_files_that_are_no_networks_are_named(g1: RobotDescription, tmp_path: Path) -> None:
    """A file that is not there, and one that is something else."""
    with pytest.raises(WalkerError, match=r"no policy '.*gone\.onnx'"):
        described(g1, tmp_path / "gone.onnx")
    (tmp_path / "text.onnx").write_text("joints: none")
    with pytest.raises(WalkerError, match=r"text\.onnx cannot be loaded"):
        described(g1, tmp_path / "text.onnx")
