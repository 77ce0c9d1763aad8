"""What body and mind say of themselves, as markers to look at in RViz; nobody reads them back."""

import math

import pinocchio as pin
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from jepa_humanoid.geometry import yaw_quaternion
from jepa_humanoid.nodes.contract import ODOM_FRAME
from jepa_humanoid.robot.state import Goal, Vector
from jepa_humanoid.status import BodyStatus, PlanStatus

ALARMING_SURPRISE = 4.0
"""Prediction error, in units of the held-out one, at which its text is all red."""

METRES_PER_NEWTON = 0.001
"""Length of a force's arrow."""

_LEFT = ColorRGBA(r=0.2, g=0.6, b=1.0, a=0.7)
_RIGHT = ColorRGBA(r=1.0, g=0.6, b=0.2, a=0.7)
_FORCE = ColorRGBA(r=0.9, g=0.1, b=0.4, a=0.9)
_COM = ColorRGBA(r=1.0, g=1.0, b=1.0, a=0.9)
_GOAL = ColorRGBA(r=0.2, g=0.9, b=0.4, a=0.8)
_DCM = ColorRGBA(r=0.8, g=0.3, b=1.0, a=0.9)


def write_body_markers(status: BodyStatus, stamp: Time) -> MarkerArray:
    """Markers for `controller/markers`: footsteps, forces, centre of mass and divergent component of motion."""
    message = MarkerArray(markers=[_erase("footsteps", stamp)])
    for k, step in enumerate(status.footsteps):
        marker = _marker("footsteps", k, Marker.CUBE, stamp)
        _place(marker, step.position, step.yaw)
        marker.scale.x, marker.scale.y, marker.scale.z = 0.17, 0.06, 0.01
        marker.color = _RIGHT if step.side else _LEFT
        message.markers.append(marker)
    for k, (foot, force) in enumerate(zip(status.feet, status.forces, strict=True)):
        marker = _marker("forces", k, Marker.ARROW, stamp)
        marker.scale.x, marker.scale.y = 0.02, 0.04
        marker.color = _FORCE
        tip = foot + METRES_PER_NEWTON * force
        marker.points = [Point(x=x, y=y, z=z) for x, y, z in (foot.tolist(), tip.tolist())]
        message.markers.append(marker)
    for name, place, colour in (("com", status.com, _COM), ("dcm", status.dcm, _DCM)):
        if place is not None:
            marker = _marker(name, 0, Marker.SPHERE, stamp)
            _place(marker, place)
            marker.scale.x = marker.scale.y = marker.scale.z = 0.06
            marker.color = colour
            message.markers.append(marker)
    return message


def write_candidates(status: PlanStatus, stamp: Time, height: float = 0.0) -> MarkerArray:
    """What was imagined, for `plan/candidates`, drawn at a height [m]; cheap trajectories are green, dear ones red."""
    message = MarkerArray(markers=[_erase("candidates", stamp)])
    finite = [cost for cost in status.costs.tolist() if math.isfinite(cost)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    for k, (path, cost) in enumerate(zip(status.candidates.tolist(), status.costs.tolist(), strict=True)):
        marker = _marker("candidates", k, Marker.LINE_STRIP, stamp)
        marker.scale.x = 0.01
        share = (cost - low) / max(high - low, 1e-9) if math.isfinite(cost) else 1.0
        marker.color = ColorRGBA(r=share, g=1.0 - share, b=0.1, a=0.8 if math.isfinite(cost) else 0.2)
        marker.points = [Point(x=x, y=y, z=height) for x, y in path]
        message.markers.append(marker)
    return message


def write_plan_markers(goal: Goal | None, status: PlanStatus, footprint: pin.SE3, stamp: Time) -> MarkerArray:
    """Markers for `plan/markers`: a post at the goal with an arrow for its heading, and the surprise over the robot."""
    message = MarkerArray(markers=[_erase("goal", stamp)])
    ground = float(footprint.translation[2])
    if goal is not None:
        x, y = goal.position.tolist()
        post = _marker("goal", 0, Marker.CYLINDER, stamp)
        post.pose.position.x, post.pose.position.y, post.pose.position.z = x, y, ground + 0.5
        post.scale.x = post.scale.y = 0.05
        post.scale.z = 1.0
        post.color = _GOAL
        message.markers.append(post)
        if goal.yaw is not None:
            arrow = _marker("goal", 1, Marker.ARROW, stamp)
            arrow.pose.position.x, arrow.pose.position.y, arrow.pose.position.z = x, y, ground + 0.05
            _turn(arrow, goal.yaw)
            arrow.scale.x, arrow.scale.y, arrow.scale.z = 0.5, 0.06, 0.06
            arrow.color = _GOAL
            message.markers.append(arrow)
    if math.isfinite(status.surprise):
        text = _marker("surprise", 0, Marker.TEXT_VIEW_FACING, stamp)
        text.pose.position.x, text.pose.position.y = footprint.translation[:2].tolist()
        text.pose.position.z = ground + 1.75  # clear of the goal's own words
        text.scale.x, text.scale.z = 0.04, 0.12  # width of a space, and height of the letters
        share = min(status.surprise / ALARMING_SURPRISE, 1.0)
        text.color = ColorRGBA(r=share, g=1.0 - share, b=0.2, a=1.0)
        text.text = f"surprise {status.surprise:.1f}"
        message.markers.append(text)
    return message


def _place(marker: Marker, position: Vector, yaw: float = 0.0) -> None:
    marker.pose.position.x, marker.pose.position.y, marker.pose.position.z = position.tolist()
    _turn(marker, yaw)


def _turn(marker: Marker, yaw: float) -> None:
    _, _, marker.pose.orientation.z, marker.pose.orientation.w = yaw_quaternion(yaw).tolist()


def _marker(namespace: str, number: int, kind: int, stamp: Time) -> Marker:
    """A marker in ``odom`` that still lacks its place."""
    marker = Marker(ns=namespace, id=number, type=kind, action=Marker.ADD)
    marker.header.stamp = stamp
    marker.header.frame_id = ODOM_FRAME
    return marker


def _erase(namespace: str, stamp: Time) -> Marker:
    """A marker that removes what was drawn before; its number is nobody else's: two alike are an error to RViz."""
    marker = Marker(ns=namespace, id=-1, action=Marker.DELETEALL)
    marker.header.stamp = stamp
    marker.header.frame_id = ODOM_FRAME
    return marker
