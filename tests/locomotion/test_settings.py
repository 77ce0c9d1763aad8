"""What a robot's file may say about its gait."""

from pathlib import Path

import pytest
import yaml

from jepa_humanoid.body import Body, BodySettings
from jepa_humanoid.locomotion.settings import GaitSettings, gait_settings
from jepa_humanoid.resources import resource
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.errors import RobotDescriptionError


def with_gait(tmp_path: Path, gait: object) -> RobotDescription:
    """The G1 with a block `gait` in its file."""
    content = yaml.safe_load(resource("config/robots/g1.yaml").read_text())
    path = tmp_path / "striding.yaml"
    path.write_text(yaml.safe_dump(content | {"gait": gait}))
    return load_robot(path)


def test_without_the_block_a_robot_walks_as_the_defaults_say(g1: RobotDescription) -> None:
    """The G1, for which the defaults were tuned, has no block."""
    assert gait_settings(g1) == GaitSettings()


def test_the_block_replaces_what_it_names(tmp_path: Path) -> None:
    """A body walks with what its robot's file says, and with the defaults in all else."""
    gait = Body(with_gait(tmp_path, {"swing_height": 0.08, "step_width_range": [0.1, 0.4], "settle_steps": 3})).gait
    assert (gait.swing_height, gait.step_width_range, gait.settle_steps) == (0.08, (0.1, 0.4), 3)
    assert gait.step_duration == GaitSettings().step_duration


def test_settings_that_are_handed_in_outrank_the_block(tmp_path: Path) -> None:
    """Who builds a body with a gait gets that gait."""
    robot = with_gait(tmp_path, {"swing_height": 0.08})
    assert Body(robot, BodySettings(gait=GaitSettings(swing_height=0.03))).gait.swing_height == 0.03


@pytest.mark.parametrize(
    ("gait", "named"),
    [
        ({"swing_hight": 0.08}, "gait.swing_hight"),
        ({"swing_height": "high"}, "gait.swing_height"),
        ({"swing_height": -0.08}, "gait.swing_height"),
        ({"catch": {"early": 0.0}}, "gait.catch.early"),
        ({"step_width_range": [0.1]}, "gait.step_width_range.1"),
        ({"step_width": 0.7}, "step_width 0.7 is outside step_width_range"),
    ],
    ids=str,
)
def test_what_cannot_be_is_named(tmp_path: Path, gait: dict[str, object], named: str) -> None:
    """A field that does not exist, or a value that cannot be, is an error that names the file and the field."""
    robot = with_gait(tmp_path, gait)
    with pytest.raises(RobotDescriptionError) as caught:
        Body(robot)
    assert "striding.yaml: " in str(caught.value)
    assert named in str(caught.value)


def test_a_block_that_is_no_block_is_refused(tmp_path: Path) -> None:
    """`gait: fast` is an error of the file."""
    with pytest.raises(RobotDescriptionError, match=r"striding\.yaml: gait: "):
        with_gait(tmp_path, "fast")
