"""Which links are an arm's that could touch the rest, and which are the trunk and the thighs that it could touch."""

from collections.abc import Callable

from jepa_humanoid.robot.description import SIDES, RobotDescription
from jepa_humanoid.robot.hands import hand_frame
from jepa_humanoid.robot.knee import knee_of

_SHOULDER = 2
"""Joints of an arm whose links are the shoulder itself, and lie against the trunk whatever the arm does."""


def arm_chain(robot: RobotDescription, side: str) -> tuple[int, ...]:
    """Joints of the model between torso and hand, from the shoulder outwards; empty without a hand on that side."""
    if side not in robot.hands:
        return ()
    model = robot.model
    torso, hand = (model.frames[robot.frame_id(name)].parentJoint for name in (robot.frames.torso, hand_frame(side)))
    trunk = set(model.supports[torso])
    return tuple(joint for joint in model.supports[hand] if joint > 1 and joint not in trunk)


def arm_links(robot: RobotDescription, side: str) -> tuple[str, ...]:
    """Links of an arm, from the upper arm to what the hand carries; empty without a hand on that side."""
    chain, model = arm_chain(robot, side), robot.model
    beyond = chain[_SHOULDER:] or chain[-1:]
    return _links(robot, lambda joint: any(above in model.supports[joint] for above in beyond[:1]))


def body_links(robot: RobotDescription) -> tuple[str, ...]:
    """Links of pelvis, trunk and thighs."""
    model = robot.model
    joints = set(model.supports[model.frames[robot.frame_id(robot.frames.torso)].parentJoint])
    for side in SIDES:
        leg = list(model.supports[model.frames[robot.frame_id(robot.feet[side].frame)].parentJoint])
        knee = next(joint for joint in leg[2:] if model.joints[joint].idx_v - 6 == knee_of(robot, side).joint)
        joints.update(leg[: leg.index(knee)])
    return _links(robot, lambda joint: joint in joints)


def _links(robot: RobotDescription, wanted: Callable[[int], bool]) -> tuple[str, ...]:
    frames = (robot.model.frames[robot.frame_id(name)] for name in robot.link_names)
    return tuple(frame.name for frame in frames if wanted(frame.parentJoint))
