"""Fixtures that every test may use."""

import copy
import fcntl
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from jepa_humanoid.robot.description import RobotDescription, load_robot

PATIENCE = 60.0
"""Wall time after which a wait gives up [s]. No statement about speed: a loaded machine may need most of it."""

POLL = 0.01
"""Wall time between two looks at what is waited for [s]."""

Claim = Callable[[str, Iterable[int], Callable[[int], bool]], int]


settings.register_profile("seeded", derandomize=True, deadline=None, database=None)
settings.load_profile("seeded")
settings.register_profile("files", settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow]))
"""For tests that write and read a file in each example, the same ones every time."""

ODD_TEXTS = ("", " ", "nan", "inf", "-1", "0", "1e400", "${m}", "1 2", "0 0 0", "NaN 0 0", "pelvis", "left_knee_joint")
ODD_TEXT = st.sampled_from(ODD_TEXTS) | st.text(st.characters(min_codepoint=32, codec="utf-8"), max_size=8)
ODD_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ODD_TEXT | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD_TEXT | st.integers(), inner, max_size=3),
    max_leaves=4,
)


@pytest.fixture(scope="session")
def odd_text() -> st.SearchStrategy[str]:
    """What nobody expects where a text or a number is written."""
    return ODD_TEXT


@pytest.fixture(scope="session")
def distort() -> Callable[[Any, st.DataObject], Any]:
    """Puts something odd in the place of one or two things in nested mappings and lists; returns a changed copy."""

    def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        return [here, *(place for key, below in inner for place in places(below, (*here, key)))]

    def changed(values: Any, data: st.DataObject) -> Any:
        result = copy.deepcopy(values)
        for _ in range(data.draw(st.integers(1, 2))):
            *way, last = data.draw(st.sampled_from(places(result)[1:]))
            inner = result
            for key in way:
                inner = inner[key]
            inner[last] = data.draw(ODD_VALUE)
        return result

    return changed


@pytest.fixture(scope="session")
def g1() -> RobotDescription:
    """The Unitree G1."""
    return load_robot("g1")


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., None]:
    """Waits for something that another thread or process brings about; fails naming it when it does not come."""

    def wait(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> None:
        end = time.monotonic() + patience
        while not condition():
            if time.monotonic() > end:
                pytest.fail(f"waited {patience:.0f} s for {what}")
            time.sleep(POLL)

    return wait


@pytest.fixture
def claim() -> Iterator[Claim]:
    """Claims a ROS domain, a DDS domain or a port for one test, among all that run on this machine at the same time.

    That one is free now says nothing about the next moment, in which another test may take it too. So each is also a
    locked file, that the kernel lets go of should the process die.
    """
    with ExitStack() as held:

        def take(kind: str, numbers: Iterable[int], is_free: Callable[[int], bool] = lambda _: True) -> int:
            for number in numbers:
                lock = (Path(tempfile.gettempdir()) / f"jepa_humanoid-test-{kind}-{number}.lock").open("w")
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    lock.close()
                    continue
                held.enter_context(lock)
                if is_free(number):
                    return number
            pytest.fail(f"all {kind}s are taken")

        yield take


@pytest.fixture
def dds_domain(claim: Claim) -> int:
    """A DDS domain of the test's own for a real robot's network, apart from those of ROS."""
    return claim("dds-domain", range(110, 230), lambda _: True)


@pytest.fixture
def make_policy(tmp_path: Path) -> Callable[..., Path]:
    """Writes a velocity policy's network whose every output is one number, whatever goes in; returns its path."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def make(inputs: int, outputs: int, metadata: Mapping[str, str] | None = None, value: float = 0.0) -> Path:
        weights = numpy_helper.from_array(np.zeros((inputs, outputs), np.float32), "weights")
        bias = numpy_helper.from_array(np.full((1, outputs), value, np.float32), "bias")
        sums = helper.make_node("MatMul", ["obs", "weights"], ["sums"])
        graph = helper.make_graph(
            [sums, helper.make_node("Add", ["sums", "bias"], ["actions"])],
            "policy",
            [helper.make_tensor_value_info("obs", TensorProto.FLOAT, [1, inputs])],
            [helper.make_tensor_value_info("actions", TensorProto.FLOAT, [1, outputs])],
            [weights, bias],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        helper.set_model_props(model, dict(metadata or {}))
        path = tmp_path / "walk.onnx"
        onnx.save(model, str(path))
        return path

    return make


@pytest.fixture
def holosoma(g1: RobotDescription) -> dict[str, str]:
    """What Holosoma writes into a network for a G1."""
    ranges = {"lin_vel_x": [-1.0, 1.0], "lin_vel_y": [-0.5, 0.5], "ang_vel_yaw": [-0.8, 0.8]}
    said = {"dof_names": g1.joint_names, "kp": [100.0] * 29, "kd": [3.0] * 29, "command_ranges": ranges}
    return {key: json.dumps(value) for key, value in said.items()}
