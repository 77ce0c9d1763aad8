"""What people may want otherwise than a robot's file says, and what is said when it cannot be."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from jepa_humanoid.body import Body
from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.mind import Mind
from jepa_humanoid.overrides import OverrideError, overlay, parse_overrides
from jepa_humanoid.resources import resource
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.files import BLOCKS
from jepa_humanoid.settings import SETTINGS, check_settings

SAME = {
    "gait": "gait.step_width=0.24",
    "estimator": "estimator.foot_slip=0.01",
    "whole_body": "whole_body.com_weight=80",
    "perception": "perception.agreement=0.2",
    "planner": "planner.search.samples=192",
    "safety": "safety.tilt=0.7",
}
"""Something to want of each block."""


def written(tmp_path: Path, **blocks: Any) -> RobotDescription:
    """The G1 with blocks in its file."""
    content = yaml.safe_load(resource("config/robots/g1.yaml").read_text())
    path = tmp_path / "altered.yaml"
    path.write_text(yaml.safe_dump(content | blocks))
    return load_robot(path)


def test_text_becomes_nested_mappings() -> None:
    """Values are read as YAML reads them, and the last of two counts."""
    text = "gait.step_width=0.3; gait.step_width = 0.24;planner.search.samples=192; gait.landing_weight=[1, 2];"
    assert parse_overrides(text) == {
        "gait": {"step_width": 0.24, "landing_weight": [1, 2]},
        "planner": {"search": {"samples": 192}},
    }
    assert parse_overrides("") == {}


@pytest.mark.parametrize(
    "text", ["gait", "gait=3", "gait.=3", ".step_width=3", "gait.a=[1", "gait.a=1;gait.a.b=2", "gait.a=2001-99-99"]
)
def test_text_that_sets_nothing_is_refused(text: str) -> None:
    """What is no BLOCK.NAME=VALUE is named in the error."""
    with pytest.raises(OverrideError, match="gait"):
        parse_overrides(text)


def test_overlay_merges_mappings_and_replaces_the_rest() -> None:
    """What is not named stays, and nothing that was given is changed."""
    base = {"a": {"b": 1, "c": [1, 2]}, "d": 3}
    assert overlay(base, {"a": {"c": [3]}, "e": {"f": 4}}) == {"a": {"b": 1, "c": [3]}, "d": 3, "e": {"f": 4}}
    assert base == {"a": {"b": 1, "c": [1, 2]}, "d": 3}


def test_every_block_has_a_reader() -> None:
    """What a robot's file may say is what something reads."""
    assert tuple(SETTINGS) == BLOCKS == tuple(SAME)


@pytest.mark.parametrize("block", BLOCKS)
def test_file_and_override_say_the_same(tmp_path: Path, block: str) -> None:
    """A block of the file and an override of it give the same settings, other than the defaults."""
    read = SETTINGS[block]
    in_file = read(written(tmp_path, **parse_overrides(SAME[block])))
    assert in_file == read(load_robot("g1", SAME[block])) != read(load_robot("g1"))


def test_override_lies_over_the_file(tmp_path: Path) -> None:
    """Where both say something the override counts; what only the file says stays."""
    robot = written(tmp_path, gait={"step_width": 0.3, "swing_height": 0.08})
    gait = SETTINGS["gait"](robot.with_overrides("gait.step_width=0.24"))
    assert (gait.step_width, gait.swing_height) == (0.24, 0.08)


def test_one_entry_of_a_table_can_be_set(g1: RobotDescription) -> None:
    """An override of one joint group's weight leaves the other groups theirs."""
    plain = SETTINGS["whole_body"](g1).posture_weight
    wanted = SETTINGS["whole_body"](g1.with_overrides("whole_body.posture_weight.waist=1.5")).posture_weight
    assert wanted == plain | {"waist": 1.5}


def test_body_and_mind_obey(g1: RobotDescription) -> None:
    """A body and a mind that are given nothing else take what their robot wants."""
    robot = g1.with_overrides("; ".join(SAME.values()))
    body = Body(robot)
    assert body.gait.step_width == 0.24
    assert body._estimator.settings.foot_slip == 0.01
    assert body._walker._controller.settings.com_weight == 80.0
    assert Mind.load(planner="kinematic", robot=robot)._settings.search.samples == 192


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gait.step_widht=0.24", "gait.step_widht: there is no such setting; did you mean 'step_width'?"),
        ("planner.serch.samples=1", "planner.serch: there is no such setting; did you mean 'search'?"),
        ("planner.search.sampels=1", "planner.search.sampels: there is no such setting; did you mean 'samples'?"),
        ("estimator.contact.of=1", "estimator.contact.of: there is no such setting; did you mean 'off'?"),
        ("whole_body.com_wait=1", "whole_body.com_wait: there is no such setting; did you mean 'com_weight'?"),
        ("gate.step_width=1", "there is no 'gate' to set; did you mean 'gait'?"),
        ("x.y=1", "there is no 'x' to set; known are estimator, gait, perception, planner, safety, whole_body"),
        ("gait.step_width=wide", "gait.step_width: is 'wide', and has to be a valid number"),
        ("gait.step_width=0.9", "step_width 0.9 is outside step_width_range"),
        ("gait.step_width.low=1", "gait.step_width: is {'low': 1}, and has to be a valid number"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(g1: RobotDescription, text: str, said: str) -> None:
    """A name that does not exist gets the nearest that does, and a value that cannot be its reason."""
    with pytest.raises(HumanoidError) as caught:
        check_settings(g1.with_overrides(text))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_block_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    """A mistyped block of a robot's file does not go unnoticed."""
    with pytest.raises(RobotDescriptionError, match=r"altered\.yaml: gaits: there is no such setting; .*'gait'"):
        written(tmp_path, gaits={})
