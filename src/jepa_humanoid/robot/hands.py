"""Hands: points of the last links of the arms, as frames of the robot's model."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pinocchio as pin

from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.files import HandGeometry


def hand_frame(side: str) -> str:
    """Name of the frame at the point that is meant by a hand, parallel to its link's."""
    return f"{side}_hand_point"


def add_hands(model: pin.Model, hands: Mapping[str, HandGeometry], sides: Sequence[str], path: Path) -> None:
    """Give a model the frames of its robot's hands.

    Args:
        model: That gets them; it has the frames of all links.
        hands: By side.
        sides: That there are.
        path: Of the robot's file, to name in errors.

    Raises:
        RobotDescriptionError: If there is a hand of no side, or one that does not move against the base.
    """
    if unknown := sorted(set(hands) - set(sides)):
        raise RobotDescriptionError(f"{path}: hands may be {' and '.join(sides)}, not {', '.join(unknown)}")
    for side, hand in hands.items():
        link = model.frames[model.getFrameId(hand.frame)]
        if link.parentJoint <= 1:
            raise RobotDescriptionError(
                f"{path}: hands.{side}.frame '{hand.frame}' does not move against the base: name the arm's joints in "
                "`joints`, or another link"
            )
        placement = link.placement * pin.SE3(np.eye(3), np.array(hand.offset))
        model.addFrame(pin.Frame(hand_frame(side), link.parentJoint, placement, pin.FrameType.OP_FRAME))
