"""Whatever is in a settings file or behind ``--set``: it is read, or one sentence says why not."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.planning.settings import load_planner_settings
from jepa_humanoid.resources import share_directory
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.simulation import drawing
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.targets.unitree.hardware import load_hardware
from jepa_humanoid.world_model.settings import load_settings

SAME_EVERY_TIME = settings.get_profile("files")

READERS: dict[str, Callable[[RobotDescription, Path], Any]] = {
    "scenes/room": lambda robot, path: load_scene(path),
    "scenes/clutter": lambda robot, path: load_scene(path),
    "targets/unitree_g1": load_hardware,
    "world_model/g1": lambda robot, path: load_settings(path),
    "world_model/planner": lambda robot, path: load_planner_settings(path),
}


@pytest.fixture(scope="module", autouse=True)
def few_tries() -> Iterator[None]:
    """A scene for which no layout is found says so sooner."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "LAYOUT_TRIES", 5)
        yield


@functools.cache
def content(name: str) -> Any:
    """What a file in ``config`` says."""
    return yaml.safe_load((share_directory() / f"config/{name}.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", READERS)
@SAME_EVERY_TIME
@given(data=st.data())
def test_any_value_anywhere_is_read_or_named(
    tmp_path_factory: pytest.TempPathFactory,
    g1: RobotDescription,
    distort: Callable[[Any, st.DataObject], Any],
    name: str,
    data: st.DataObject,
) -> None:
    """Something odd in the place of something in the file."""
    path = tmp_path_factory.getbasetemp() / "settings.yaml"
    path.write_bytes(yaml.safe_dump(distort(content(name), data), encoding="utf-8"))
    with contextlib.suppress(HumanoidError):
        READERS[name](g1, path)


ASSIGNMENT = st.tuples(
    st.sampled_from(("gait.step_width", "gait", "planner.search.samples", "safety.x", "", "a.b.c.d"))
    | st.text(max_size=5),
    st.sampled_from(("=", "==", ":", "")),
    st.sampled_from(
        ("0.2", "nan", "[", "{a: 1}", "*x", "&x [*x]", "!!python/object:os.system", "!!bool x", "2026-13-45", "1e999")
    )
    | st.text(max_size=6),
).map("".join)


@SAME_EVERY_TIME
@given(text=st.lists(ASSIGNMENT, max_size=3).map(";".join))
def test_anything_behind_set_is_read_or_named(text: str) -> None:
    """Names, values and what is between them, of a robot that is otherwise there."""
    with contextlib.suppress(HumanoidError):
        load_robot("g1", text)
