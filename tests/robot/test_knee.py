"""Which joint of a leg is its knee."""

from dataclasses import replace

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.robot.description import SIDES, RobotDescription, load_robot
from jepa_humanoid.robot.knee import knee_of


@pytest.mark.parametrize(("robot", "names"), [("g1", "{}_knee_joint"), ("talos", "leg_{}_4_joint")])
@pytest.mark.parametrize("side", SIDES)
def test_the_knee_is_found_and_folds_the_leg(robot: str, names: str, side: str) -> None:
    """It is the joint of that name, and in its direction the foot comes nearer to the hip."""
    description = load_robot(robot)
    knee = knee_of(description, side)
    assert description.joint_names[knee.joint] == names.format(side)
    model, data, q = description.model, description.model.createData(), description.nominal_configuration.copy()
    foot = description.frame_id(description.feet[side].frame)
    hip = model.supports[model.frames[foot].parentJoint][2]
    lengths = []
    for _ in range(2):
        pin.framesForwardKinematics(model, data, q)
        lengths.append(float(((data.oMf[foot].translation - data.oMi[hip].translation) ** 2).sum()))
        q[7 + knee.joint] += 0.5 * knee.fold
    assert lengths[1] < lengths[0]


def test_the_knee_of_straight_legs_is_found(g1: RobotDescription) -> None:
    """Where bending it changes nothing to first order, and only its stops say which way it bends."""
    straight = replace(g1, joints=replace(g1.joints, nominal=np.zeros(g1.joint_count)))
    assert knee_of(straight, "left") == knee_of(g1, "left")
