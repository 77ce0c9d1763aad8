"""The whole-body program written out in full, over all accelerations and forces, straight from Pinocchio."""

from dataclasses import fields

import daqp
import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.control.settings import CatchFactors, WholeBodySettings
from jepa_humanoid.control.target import WholeBodyTarget
from jepa_humanoid.robot.description import ARMS, SIDES, RobotDescription, sole_frame
from jepa_humanoid.robot.hands import hand_frame

AXES = pin.ReferenceFrame.LOCAL_WORLD_ALIGNED


class FullProgram:
    """Nothing eliminated and nothing left out: as many unknowns as accelerations and components of forces."""

    def __init__(self, robot: RobotDescription, settings: WholeBodySettings) -> None:
        self.robot, self.settings = robot, settings
        self.posture_weight = np.zeros(robot.joint_count)
        for group, members in robot.groups.items():
            self.posture_weight[list(members)] = settings.posture_weight[group]
        knees = ("*_knee_joint", "leg_*_4_joint")
        self.knees = [next(i for i, name in enumerate(robot.joint_names) if name in _of(knees, side)) for side in SIDES]

    def solve(self, q: np.ndarray, v: np.ndarray, target: WholeBodyTarget) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Accelerations (nv,), torques (n,), forces (points, 3)."""
        robot, s, model = self.robot, self.settings, self.robot.model
        nv = model.nv
        data = model.createData()
        M = np.array(pin.crba(model, data, q))
        h = np.array(pin.nonLinearEffects(model, data, q, v))
        pin.dccrba(model, data, q, v)
        A, A_drift = np.array(data.Ag), data.dAg @ v
        momentum = A @ v
        pin.centerOfMass(model, data, q, v)
        com, com_velocity = np.array(data.com[0]), np.array(data.vcom[0])
        pin.computeJointJacobians(model, data, q)
        pin.forwardKinematics(model, data, q, v, np.zeros(nv))
        pin.updateFramePlacements(model, data)

        H, g = np.zeros((nv, nv)), np.zeros(nv)

        def pursue(weight: np.ndarray | float, J: np.ndarray, b: np.ndarray) -> None:
            w = np.broadcast_to(weight, b.shape)
            H[:] += J.T @ (w[:, None] * J)
            g[:] -= J.T @ (w * b)

        # By how much more each counts while the robot catches itself.
        more = s.catch if target.catching else CatchFactors(*[1.0] * len(fields(CatchFactors)))
        height = s.height_stiffness * (target.com_height - com[2])
        height += s.height_damping * (target.com_climb - com_velocity[2])
        pursue(
            np.array([s.com_weight * more.com, s.com_weight * more.com, s.height_weight * more.height]),
            A[:3] / robot.mass,
            target.com_acceleration + np.array([0.0, 0.0, height]) - A_drift[:3] / robot.mass,
        )
        pursue(s.momentum_weight * more.momentum, A[3:], -s.momentum_damping * momentum[3:] - A_drift[3:])
        for frame, weight, factor in (
            (robot.frames.base, s.base_weight, more.base),
            (robot.frames.torso, s.torso_weight, more.torso),
        ):
            i = robot.frame_id(frame)
            error = pin.log3(target.orientation @ data.oMf[i].rotation.T)
            rate = np.array([0.0, 0.0, target.turn_rate]) - pin.getFrameVelocity(model, data, i, AXES).angular
            b = s.orientation_stiffness * error + s.orientation_damping * rate
            drift = pin.getFrameAcceleration(model, data, i, AXES).angular
            upright = weight * np.array([factor, factor, 1.0])
            pursue(upright, pin.getFrameJacobian(model, data, i, AXES)[3:], b - drift)
        contact_jacobians, bounds = [], []
        for side, foot in zip(SIDES, target.feet, strict=True):
            i = robot.frame_id(sole_frame(side))
            J, pose = pin.getFrameJacobian(model, data, i, AXES), data.oMf[i]
            velocity = pin.getFrameVelocity(model, data, i, AXES).vector
            drift = pin.getFrameClassicalAcceleration(model, data, i, AXES).vector
            if foot.load > 0.0:
                pursue(s.stance_weight, J, -s.stance_damping * velocity - drift)
            else:
                error = np.concatenate([foot.position - pose.translation, pin.log3(foot.rotation @ pose.rotation.T)])
                swing = np.array([more.swing] * 2 + [more.swing_height] + [more.swing_rotation] * 3)
                feedback = np.repeat(s.swing_stiffness, 3) * error
                feedback += np.repeat(s.swing_damping, 3) * (foot.velocity - velocity)
                pursue(s.swing_weight * swing, J, foot.acceleration + feedback - drift)
            corners = np.array(robot.feet[side].corners)
            for corner in (corners - corners.mean(axis=0)) @ pose.rotation.T:
                contact_jacobians.append(J[:3] - pin.skew(corner) @ J[3:])
                bounds.append(foot.load)
        posture = s.posture_stiffness * (target.posture - q[7:]) - s.posture_damping * v[6:]
        posture_weight = self.posture_weight.copy()
        for group in ARMS:
            posture_weight[list(robot.groups[group])] *= more.arms
        for side, hand in zip(SIDES, target.hands or (None, None), strict=True):
            if hand is None or target.catching:
                continue
            posture_weight[list(robot.groups[f"{side}_arm"])] *= s.hand_posture
            i = robot.frame_id(hand_frame(side))
            J, pose = pin.getFrameJacobian(model, data, i, AXES), data.oMf[i]
            error = np.concatenate([hand.position - pose.translation, pin.log3(hand.rotation @ pose.rotation.T)])
            b = hand.acceleration + np.repeat(s.hand_stiffness, 3) * error
            b += np.repeat(s.hand_damping, 3) * (hand.velocity - pin.getFrameVelocity(model, data, i, AXES).vector)
            b -= pin.getFrameClassicalAcceleration(model, data, i, AXES).vector
            # The arm alone answers for its hand.
            own = [6 + j for j in robot.groups[f"{side}_arm"]]
            pursue(np.repeat(s.hand_weight, 3), np.where(np.isin(np.arange(nv), own), J, 0.0), b)
        for knee, foot in zip(self.knees, target.feet, strict=True):
            # Both robots' knees fold forward.
            left, rate = s.fold.angle - (q[7 + knee] - target.posture[knee]), v[6 + knee]
            if target.catching and foot.load == 0.0 and foot.fold > 0.0 and left > 0.0:
                share = foot.fold * min(left / s.fold.angle, 1.0)
                posture_weight[knee] = max(posture_weight[knee], share * s.fold.weight)
                posture[knee] = s.fold.stiffness * left - s.fold.damping * min(rate, 0.0)
        H += np.diag(np.concatenate([np.full(6, 1e-6), posture_weight]))
        g[6:] -= posture_weight * posture

        Jc = np.concatenate(contact_jacobians)
        forces, points = len(Jc), len(bounds)
        mu = s.friction * (s.catch.friction if target.catching or target.hands is not None else 1.0)
        pyramid = np.array([[1, 0, -mu], [-1, 0, -mu], [0, 1, -mu], [0, -1, -mu]])
        matrix = np.block([[M, -Jc.T], [np.zeros((4 * points, nv)), np.kron(np.eye(points), pyramid)]])
        torque = np.concatenate([np.zeros(6), s.torque_margin * robot.joints.effort])
        ahead, t = q[7:] + v[6:] * s.limit_horizon, s.limit_horizon
        upper = np.concatenate(
            [
                np.full(6, 1e30),
                np.maximum(2 * (robot.joints.upper - ahead) / t**2, -500.0),
                np.stack([np.full(points, 1e30), np.full(points, 1e30), bounds], axis=1).ravel(),
                torque - h,
                np.zeros(4 * points),
            ]
        )
        lower = np.concatenate(
            [
                np.full(6, -1e30),
                np.minimum(2 * (robot.joints.least - ahead) / t**2, 500.0),
                np.stack([np.full(points, -1e30), np.full(points, -1e30), np.zeros(points)], axis=1).ravel(),
                -torque - h,
                np.full(4 * points, -1e30),
            ]
        )
        if target.hands is not None:
            speed = robot.joints.velocity.copy()
            arms = list(robot.members(ARMS))
            speed[arms] = np.minimum(speed[arms], s.arm_speed)
            stops = lower[6:nv].copy(), upper[6:nv].copy()
            lower[6:nv] = np.minimum(np.maximum(stops[0], (-speed - v[6:]) / t), stops[1])
            upper[6:nv] = np.maximum(np.minimum(stops[1], (speed - v[6:]) / t), lower[6:nv])
        sense = np.zeros(len(upper), dtype=np.int32)
        sense[nv + forces : nv + forces + 6] = 5
        hessian = np.block([[H, np.zeros((nv, forces))], [np.zeros((forces, nv)), s.force_weight * np.eye(forces)]])
        x, _, flag, _ = daqp.solve(hessian, np.concatenate([g, np.zeros(forces)]), matrix, upper, lower, sense)
        assert flag == 1
        a, f = x[:nv], x[nv:]
        return a, (M @ a + h - Jc.T @ f)[6:], f.reshape(-1, 3)


def _of(patterns: tuple[str, ...], side: str) -> list[str]:
    return [pattern.replace("*", side) for pattern in patterns]


@pytest.fixture(scope="session")
def full_program() -> type[FullProgram]:
    """What the reduced program is held against."""
    return FullProgram
