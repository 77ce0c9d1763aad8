"""Networks made by the test that needs them: small, and with whatever metadata an exporter writes."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from jepa_humanoid.robot.description import RobotDescription

MakePolicy = Callable[..., Path]


def write_network(path: Path, inputs: int, outputs: int, metadata: Mapping[str, str], value: float = 0.0) -> Path:
    """A network whose every output is a number, whatever goes in."""
    weights = numpy_helper.from_array(np.zeros((inputs, outputs), np.float32), "weights")
    bias = numpy_helper.from_array(np.full((1, outputs), value, np.float32), "bias")
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["obs", "weights"], ["sum"]),
            helper.make_node("Add", ["sum", "bias"], ["actions"]),
        ],
        "policy",
        [helper.make_tensor_value_info("obs", TensorProto.FLOAT, [1, inputs])],
        [helper.make_tensor_value_info("actions", TensorProto.FLOAT, [1, outputs])],
        [weights, bias],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, dict(metadata))
    onnx.save(model, str(path))
    return path


def with_commas(values: list[Any] | tuple[Any, ...]) -> str:
    """As mjlab and Isaac Lab write lists."""
    return ",".join(f"{value:.3f}" if isinstance(value, float) else str(value) for value in values)


@pytest.fixture
def make_policy(tmp_path: Path) -> MakePolicy:
    """Writes a network and returns its path."""

    def make(inputs: int, outputs: int, metadata: Mapping[str, str] | None = None, value: float = 0.0) -> Path:
        return write_network(tmp_path / "walk.onnx", inputs, outputs, metadata or {}, value)

    return make


@pytest.fixture
def holosoma(g1: RobotDescription) -> dict[str, str]:
    """What Holosoma writes for a G1."""
    return {
        "dof_names": json.dumps(list(g1.joint_names)),
        "kp": json.dumps([100.0] * 29),
        "kd": json.dumps([3.0] * 29),
        "command_ranges": json.dumps({"lin_vel_x": [-1.0, 1.0], "lin_vel_y": [-0.5, 0.5], "ang_vel_yaw": [-0.8, 0.8]}),
    }


@pytest.fixture
def mjlab(g1: RobotDescription) -> dict[str, str]:
    """What mjlab writes for a G1 whose joints it has in another order; numbers tell which joint they are of."""
    names = tuple(reversed(g1.joint_names))
    return {
        "run_path": "somewhere",
        "joint_names": with_commas(names),
        "joint_stiffness": with_commas([50.0 + i for i in range(29)]),
        "joint_damping": with_commas([1.0 + 0.1 * i for i in range(29)]),
        "default_joint_pos": with_commas([0.01 * i for i in range(29)]),
        "command_names": "twist",
        "observation_names": "base_lin_vel,base_ang_vel,projected_gravity,joint_pos,joint_vel,actions,command",
        "action_scale": with_commas([0.5] * 29),
    }
