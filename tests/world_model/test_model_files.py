"""What people put in a model's folder: another robot's, another model's, half a file."""

import contextlib
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.mind import Mind
from jepa_humanoid.world_model.card import CARD, FORMAT, model_directory, read_card
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.runtime import ENCODER, IMAGINATION, POLICY, ROLLOUT, WorldModel


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the G1's own model."""
    return Path(shutil.copytree(model_directory("g1"), tmp_path / "model"))


def change(folder: Path, **values: object) -> None:
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    (folder / CARD).write_text(json.dumps(card | values), encoding="utf-8")


def test_a_model_of_another_robot_is_refused(folder: Path) -> None:
    """One sentence names the card, both robots and what to do."""
    change(folder, robot="talos")
    with pytest.raises(WorldModelError, match=r"model\.json is a model of 'talos', and the robot is 'g1': name"):
        Mind.load(folder)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"latent": 7}, IMAGINATION),
        ({"horizon": 3}, IMAGINATION),
        ({"observation": {"cells": 32}}, ENCODER),
        ({"observation": {"history": 3}}, ENCODER),
    ],
)
def test_a_graph_that_does_not_fit_its_card_is_named(folder: Path, values: dict[str, object], name: str) -> None:
    """Shapes are compared when the model is loaded, and not when the robot first looks."""
    change(folder, **values)
    with pytest.raises(WorldModelError, match=rf"{name} takes .* of shape .* export the model again"):
        WorldModel(folder)


@pytest.mark.parametrize("name", [ENCODER, IMAGINATION, ROLLOUT, POLICY])
def test_a_damaged_graph_is_named(folder: Path, name: str) -> None:
    """Nothing, half of it, and another model's graph."""
    whole = (folder / name).read_bytes()
    for content in (b"", b"version https://git-lfs.github.com/spec/v1\n", whole[: len(whole) // 2]):
        (folder / name).write_bytes(content)
        with pytest.raises(WorldModelError, match=rf"{name} cannot be loaded"):
            WorldModel(folder)
    other = POLICY if name == ENCODER else ENCODER
    shutil.copyfile(model_directory("g1") / other, folder / name)
    with pytest.raises(WorldModelError, match=rf"{name} takes .* it has to take"):
        WorldModel(folder)


@pytest.mark.parametrize(
    ("taken", "given", "said"),
    [("DOUBLE", "FLOAT", "cannot be run"), ("FLOAT", "INT64", "gives 'command' as int64"), ("FLOAT", "FLOAT", "")],
)
def test_a_graph_of_other_numbers_is_named(folder: Path, taken: str, given: str, said: str) -> None:
    """It is tried once when it is loaded, and not when the robot first looks."""
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto.DataType.Value
    inputs = [
        helper.make_tensor_value_info(name, kind(taken), (1, size)) for name, size in (("latent", 128), ("goal", 2))
    ]
    outputs = [helper.make_tensor_value_info("command", kind(given), (1, 2))]
    nodes = [helper.make_node("Cast", ["goal"], ["command"], to=kind(given))]
    graph = helper.make_graph(nodes, "policy", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(folder / POLICY))
    refused = pytest.raises(WorldModelError, match=rf"{POLICY} {said}.*export the model again")
    with refused if said else contextlib.nullcontext():
        WorldModel(folder)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60)
@given(content=st.binary(max_size=40) | JSON.map(lambda values: json.dumps(values).encode()))
def test_any_card_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Whatever stands in it."""
    folder = tmp_path_factory.getbasetemp()
    (folder / CARD).write_bytes(content)
    with pytest.raises(HumanoidError, match=r"model\.json"):
        read_card(folder)


@settings(max_examples=60)
@given(
    name=st.sampled_from(["robot", "step", "horizon", "latent", "observation", "limits", "one_step_error", "format"]),
    value=JSON,
)
def test_any_value_in_a_card_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, value: object
) -> None:
    """A field of any kind is either what a card may say, or refused."""
    folder = tmp_path_factory.getbasetemp()
    shutil.copyfile(model_directory("g1") / CARD, folder / CARD)
    change(folder, **{name: value})
    with contextlib.suppress(WorldModelError):
        assert read_card(folder).format == FORMAT


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(start=st.integers(0, 40_000), length=st.integers(0, 4000), middle=st.binary(max_size=40))
def test_any_graph_is_loaded_or_named(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int, middle: bytes
) -> None:
    """A graph of which a part is missing, or is something else."""
    folder = tmp_path_factory.getbasetemp() / "any_graph"
    if not folder.is_dir():
        shutil.copytree(model_directory("g1"), folder)
    whole = (model_directory("g1") / POLICY).read_bytes()
    (folder / POLICY).write_bytes(whole[:start] + middle + whole[start + length :])
    with contextlib.suppress(WorldModelError):
        WorldModel(folder)
