"""Whether a robot that was read is one that can be walked: its base, its groups, its feet and its legs."""

from typing import TYPE_CHECKING

import numpy as np
import pinocchio as pin

from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.tailoring import SIDES

if TYPE_CHECKING:
    from jepa_humanoid.robot.description import RobotDescription

_FLAT = 0.1
"""Angle by which a foot's frame may be off in the nominal posture [rad]; the controller takes out the rest."""
_LEAST_JOINTS = 6
"""Of a leg."""
_LEAST_FOOT_HEIGHT = 0.01
"""Of a foot's frame above its sole [m]: what simulators put between them needs some room."""


def sole_frame(side: str) -> str:
    """Name of the frame at the centre of a sole, parallel to its foot's frame."""
    return f"{side}_sole"


def check_base(robot: "RobotDescription") -> None:
    """The estimator takes the base for the root link, and what the IMU feels for the base's motion."""
    model = robot.model
    base = model.frames[robot.frame_id(robot.frames.base)]
    if base.parentJoint != 1 or not base.placement.isIdentity(1e-9):
        raise RobotDescriptionError(
            f"{robot.source}: frames.base '{robot.frames.base}' must be the URDF's root link, '{robot.link_names[0]}'"
        )
    imu = model.frames[robot.frame_id(robot.frames.imu)]
    if imu.parentJoint != 1:
        between = ", ".join(model.names[joint] for joint in model.supports[imu.parentJoint] if joint > 1)
        raise RobotDescriptionError(
            f"{robot.source}: frames.imu '{robot.frames.imu}' must be fixed to the base, and moves with {between}: "
            "name a link that does not, or leave those joints out of `joints`, which locks them"
        )


def check_groups(robot: "RobotDescription") -> None:
    """A joint of no group has no posture to return to; of two, it has two."""
    for index, name in enumerate(robot.joint_names):
        owners = [group for group, members in robot.groups.items() if index in members]
        if len(owners) != 1:
            found = " and ".join(owners) if owners else "none"
            raise RobotDescriptionError(f"{robot.source}: joint '{name}' must be in one of `groups`, and is in {found}")


def check_feet(robot: "RobotDescription") -> None:
    """Gait and controller hold soles flat and forward by their frames; simulators put a box above each sole."""
    model, data = robot.model, robot.model.createData()
    _check_legs(robot)
    pin.framesForwardKinematics(model, data, robot.nominal_configuration)
    soles = [data.oMf[robot.frame_id(sole_frame(side))] for side in SIDES]
    for side, T_world_sole in zip(SIDES, soles, strict=True):
        foot = robot.feet[side]
        place = f"{robot.source}: feet.{side}"
        if max(z for _, _, z in foot.corners) > -_LEAST_FOOT_HEIGHT:
            raise RobotDescriptionError(
                f"{place}.corners must lie below '{foot.frame}', by {_LEAST_FOOT_HEIGHT} m or more: "
                "take the ankle's link for the frame, not one that lies in the sole"
            )
        tilt = float(np.linalg.norm(pin.log3(T_world_sole.rotation)))
        if tilt > _FLAT:
            raise RobotDescriptionError(
                f"{place}: in the nominal posture '{foot.frame}' must point forward and up, and is turned by {tilt:.2f}"
                " rad: let the nominal hip, knee and ankle add up to nothing, or take another link"
            )
    if soles[0].translation[1] <= soles[1].translation[1]:
        raise RobotDescriptionError(f"{robot.source}: feet.left stands to the right of feet.right")


def _check_legs(robot: "RobotDescription") -> None:
    """Each leg hangs on the base by hinges of its own: the estimator and the walker know no other."""
    model = robot.model
    for side in SIDES:
        frame = robot.feet[side].frame
        joints = robot.legs[side]
        if not joints:
            raise RobotDescriptionError(
                f"{robot.source}: feet.{side}.frame '{frame}' does not move against the base: name the leg's joints in "
                "`joints`, or another link"
            )
        if len(joints) < _LEAST_JOINTS:
            raise RobotDescriptionError(
                f"{robot.source}: the {side} leg has {len(joints)} joints, and it takes {_LEAST_JOINTS} to put a foot "
                "down flat wherever it has to be"
            )
        for joint in joints:
            if not model.joints[joint].shortname().startswith("JointModelR"):
                raise RobotDescriptionError(
                    f"{robot.urdf_path}: joint '{model.names[joint]}' of the {side} leg must be revolute or "
                    "continuous, as legs are here; leave it out of `joints`, which locks it"
                )
