"""A mirrored posture is the same one seen in a mirror."""

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.locomotion.rising.mirror import Mirror
from jepa_humanoid.robot.description import SIDES, load_robot, sole_frame


@pytest.mark.parametrize("name", ["g1", "talos"])
def test_feet_are_where_a_mirror_shows_them(name: str) -> None:
    """Of any posture, the mirrored left sole is where the right one was, with y the other way round, and back again."""
    robot = load_robot(name)
    mirror, rng = Mirror(robot), np.random.default_rng(0)
    data, q = robot.model.createData(), pin.neutral(robot.model)
    q[7:] = rng.uniform(-0.4, 0.4, robot.joint_count)
    places = []
    for position in (q[7:].copy(), mirror(q[7:])):
        q[7:] = position
        pin.framesForwardKinematics(robot.model, data, q)
        places.append([data.oMf[robot.frame_id(sole_frame(side))].translation.copy() for side in SIDES])
    (left, right), (mirrored_left, mirrored_right) = places
    assert mirrored_right == pytest.approx(left * (1, -1, 1), abs=2e-3)
    assert mirrored_left == pytest.approx(right * (1, -1, 1), abs=2e-3)
    assert mirror(q[7:]) == pytest.approx(np.asarray(mirror(mirror(mirror(q[7:])))))
