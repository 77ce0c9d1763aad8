"""Hands in a robot's file."""

from pathlib import Path

import pytest
import yaml

from jepa_humanoid.resources import named_file
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.hands import hand_frame


def written(tmp_path: Path, hands: dict[str, object]) -> Path:
    """The G1 with other hands."""
    file = yaml.safe_load(named_file("config/robots", "g1").read_text())
    path = tmp_path / "other.yaml"
    path.write_text(yaml.safe_dump({**file, "hands": hands}))
    return path


def test_a_hand_is_a_point_of_its_link(g1: RobotDescription) -> None:
    """By the offset that the file says, and with the link's axes."""
    point, link = (g1.model.frames[g1.frame_id(name)] for name in (hand_frame("left"), g1.hands["left"].frame))
    assert link.placement.actInv(point.placement.translation) == pytest.approx(g1.hands["left"].offset)
    assert point.parentJoint == link.parentJoint


def test_a_robot_may_have_one_hand_or_none(tmp_path: Path) -> None:
    """Only those that its file names."""
    assert load_robot(written(tmp_path, {})).hands == {}
    assert set(load_robot(written(tmp_path, {"right": {"frame": "right_rubber_hand"}})).hands) == {"right"}


@pytest.mark.parametrize(
    ("hands", "said"),
    [
        ({"third": {"frame": "left_rubber_hand"}}, "hands may be left and right, not third"),
        ({"left": {"frame": "left_rubber_hant"}}, "hands.left.frame: no frame 'left_rubber_hant'.*left_rubber_hand"),
        ({"left": {"frame": "pelvis"}}, "'pelvis' does not move against the base"),
    ],
)
def test_what_is_no_hand_is_refused(tmp_path: Path, hands: dict[str, object], said: str) -> None:
    """The error names the file and what is wrong."""
    with pytest.raises(RobotDescriptionError, match=said):
        load_robot(written(tmp_path, hands))
