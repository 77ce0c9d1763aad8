"""A body's rehearsal: all that it will call, once, before a robot depends on the answers."""

from dataclasses import replace

import numpy as np
import pinocchio as pin

from jepa_humanoid.body import Body, BodySettings
from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.locomotion.walkers import MODEL
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import ODOM, ElevationGrid, HandTarget, SensorSample, VelocityCommand
from jepa_humanoid.robot.stature import standing_effort

_DURATION = 0.9
"""Time in which a body starts, stands, and is in the middle of its first step [s]: a foot in the air has loops of its
own."""
_PERIOD = 0.003
"""Time between two samples [s]: longer than a robot's, for none is moved, and shorter than any gap that the controller
may be told to put up with."""


def rehearse(robot: RobotDescription, settings: BodySettings | None = None) -> None:
    """Let another such body stand and set out, on samples as of a robot that stands still.

    The first call of a compiled loop reads it from disk. All of them together take longer than the gap between two
    states that `safety` puts up with, so call this before a robot depends on the answers.
    """
    # A learned walker has no loops of its own to be read, and stands up with the model's.
    body, q = Body(robot, replace(settings or BodySettings(), walker=MODEL)), robot.nominal_configuration
    still, effort = np.zeros(robot.joint_count), standing_effort(robot, q)
    data = robot.model.createData()
    pin.forwardKinematics(robot.model, data, q)
    R_world_imu = pin.updateFramePlacement(robot.model, data, robot.frame_id(robot.frames.imu)).rotation
    force = R_world_imu.T @ np.array([0.0, 0.0, GRAVITY])
    body.stand_up()
    floor = ElevationGrid(0.0, np.zeros((64, 64), np.float32), 0.05, ODOM)
    for stamp in np.arange(0.0, _DURATION, _PERIOD):
        sample = SensorSample(float(stamp), q[7:], still, effort, np.zeros(3), force)
        for side in robot.hands if stamp > _DURATION / 2 else ():
            body.reach(HandTarget(side, np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0])))
        if body.engaged:
            body.see(floor)
        body.step(sample, VelocityCommand(forward=0.3) if body.engaged else None)
