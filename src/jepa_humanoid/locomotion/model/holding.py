"""Whether a robot can hold the posture in which it walks: on one leg, in the middle of a step."""

import math
from dataclasses import dataclass

import numpy as np
import pinocchio as pin

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.locomotion.model.lipm import natural_frequency
from jepa_humanoid.locomotion.settings import GaitSettings
from jepa_humanoid.robot.description import SIDES, RobotDescription, sole_frame
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.knee import knee_of
from jepa_humanoid.robot.state import Vector
from jepa_humanoid.robot.stature import standing_effort

_ROUNDS = 60
"""Newton steps in which a posture is found, or not at all."""
_LONGEST = 0.3
"""Change of a joint in one of them [rad]."""
_EXACT = 1e-4
"""Error of a posture that is found [m, rad]."""
_DAMPING = 1e-6
"""Keeps straight legs from straightening further."""

_ONE_LEG = "to carry the robot on one leg"


@dataclass(frozen=True)
class Holding:
    """A robot on its left foot, the other one beside it in the air, half-way between two landings.

    Attributes:
        configuration: Shape (nq,).
        reached: Whether legs are long enough to be so.
        effort: Joint torques, shape (n,) [N·m].
    """

    configuration: Vector
    reached: bool
    effort: Vector


def holding(robot: RobotDescription, gait: GaitSettings) -> Holding:
    """Find the posture in the middle of a step in place, and the torques that hold it.

    There the centre of mass is still beside the stance foot, and is accelerated away from it as the pendulum is: the
    force on the foot points at it. So the torques are those of standing still where gravity points the other way.
    """
    model, data, q = robot.model, robot.model.createData(), robot.nominal_configuration
    nominal = pin.centerOfMass(model, data, q).copy()
    height = float(nominal[2]) - gait.com_drop
    omega = natural_frequency(height)
    aside = 0.5 * gait.step_width / math.cosh(0.5 * omega * gait.step_duration)
    q, reached = _on_one_leg(robot, q, np.array((0.0, -aside, height)), gait)
    tilted = pin.Model(model)
    tilted.gravity.linear = np.array((0.0, omega * omega * aside, -GRAVITY))
    data = tilted.createData()
    weight = pin.computeGeneralizedGravity(tilted, data, q)
    axes = pin.ReferenceFrame.LOCAL_WORLD_ALIGNED
    jacobian = pin.computeFrameJacobian(tilted, data, q, robot.frame_id(sole_frame(SIDES[0])), axes)
    wrench = np.linalg.solve(jacobian[:, :6].T, weight[:6])
    return Holding(q, reached, (weight - jacobian.T @ wrench)[6:])


def knee_share(robot: RobotDescription, gait: GaitSettings) -> float:
    """Share of its torque that the knee of the leg it stands on needs in the middle of a step."""
    knee = knee_of(robot, SIDES[0]).joint
    return float(abs(holding(robot, gait).effort[knee]) / robot.joints.effort[knee])


def check_holding(robot: RobotDescription, gait: GaitSettings) -> None:
    """Refuse a robot that cannot hold the postures in which it is to stand and walk.

    Raises:
        RobotDescriptionError: Naming the joint, by how much it falls short, and what can be done.
    """
    held, joints = holding(robot, gait), robot.joints
    if not held.reached:
        raise RobotDescriptionError(
            f"{robot.source}: the legs do not reach the ground in a step in place: bend the nominal knees, let "
            f"gait.com_drop be more than {gait.com_drop:.3f} m, or gait.step_width less than {gait.step_width:.2f} m"
        )
    position = held.configuration[7:]
    beyond = np.maximum(joints.lower - position, position - joints.upper)
    # A foot in the air need not be flat.
    beyond[_leg(robot, SIDES[1])] = 0.0
    worst = int(np.argmax(beyond))
    if beyond[worst] > _EXACT:
        low, high = joints.lower[worst], joints.upper[worst]
        raise RobotDescriptionError(
            f"{robot.source}: {robot.joint_names[worst]} would have to be at {position[worst]:.2f} rad to carry the "
            f"robot on one leg, and goes from {low:.2f} to {high:.2f}: take another nominal posture, gait.com_drop or "
            "gait.step_width"
        )
    for effort, what in ((standing_effort(robot, robot.nominal_configuration), "to stand"), (held.effort, _ONE_LEG)):
        share = np.abs(effort) / joints.effort
        worst = int(np.argmax(share))
        if share[worst] > 1.0:
            raise RobotDescriptionError(
                f"{robot.source}: {robot.joint_names[worst]} needs {100.0 * share[worst]:.0f} % of its "
                f"{joints.effort[worst]:g} N·m {what}: give it more `effort` if it has it, let the nominal knees be "
                "straighter, or gait.com_drop smaller"
            )


def _leg(robot: RobotDescription, side: str) -> list[int]:
    """Joints of a leg, as places in joint vectors."""
    return [robot.model.joints[joint].idx_v - 6 for joint in robot.legs[side]]


def _on_one_leg(robot: RobotDescription, q: Vector, com: Vector, gait: GaitSettings) -> tuple[Vector, bool]:
    """Configuration with the left sole at the origin, the right one beside it in the air, and this centre of mass."""
    model, data = robot.model, robot.model.createData()
    soles = [robot.frame_id(sole_frame(side)) for side in SIDES]
    places = pin.SE3.Identity(), pin.SE3(np.eye(3), np.array((0.0, -gait.step_width, gait.swing_height)))
    columns = [*range(6), *(6 + joint for side in SIDES for joint in _leg(robot, side))]
    for _ in range(_ROUNDS):
        pin.computeJointJacobians(model, data, q)
        pin.updateFramePlacements(model, data)
        errors, rows = [], []
        for sole, place in zip(soles, places, strict=True):
            errors.append(pin.log6(data.oMf[sole].actInv(place)).vector)
            rows.append(pin.getFrameJacobian(model, data, sole, pin.ReferenceFrame.LOCAL))
        errors.append(-pin.log3(data.oMi[1].rotation))
        rows.append(pin.getJointJacobian(model, data, 1, pin.ReferenceFrame.LOCAL)[3:])
        rows.append(pin.jacobianCenterOfMass(model, data, q))
        errors.append(com - data.com[0])
        error, jacobian = np.concatenate(errors), np.concatenate(rows)[:, columns]
        if np.abs(error).max() < _EXACT:
            return q, True
        step = np.zeros(model.nv)
        step[columns] = np.linalg.solve(jacobian.T @ jacobian + _DAMPING * np.eye(len(columns)), jacobian.T @ error)
        step *= min(1.0, _LONGEST / max(float(np.abs(step).max()), _EXACT))
        q = pin.integrate(model, q, step)
    return q, False
