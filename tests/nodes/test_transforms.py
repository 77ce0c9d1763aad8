"""Where the robot is, on `tf`, and what RViz sees of the plan."""

from dataclasses import replace

import numpy as np
import pinocchio as pin
import pytest
from builtin_interfaces.msg import Time
from visualization_msgs.msg import Marker

from jepa_humanoid.locomotion.footstep import Footstep
from jepa_humanoid.nodes.contract import TOPICS
from jepa_humanoid.nodes.messages.markers import write_body_markers, write_candidates, write_plan_markers
from jepa_humanoid.nodes.messages.pose import write_transform
from jepa_humanoid.nodes.messages.time import to_nanoseconds
from jepa_humanoid.robot.state import Goal
from jepa_humanoid.safety import BodyMode
from jepa_humanoid.status import BodyStatus, PlanStatus


def test_transform_says_where_the_child_is():
    """Parent, child, place and rotation of a transform are those of the pose."""
    pose = pin.SE3(pin.utils.rotate("z", np.pi / 2), np.array((1.0, 2.0, 3.0)))
    message = write_transform("odom", "base_footprint", pose, Time(sec=7))
    assert (message.header.frame_id, message.child_frame_id, message.header.stamp.sec) == ("odom", "base_footprint", 7)
    place, q = message.transform.translation, message.transform.rotation
    assert (place.x, place.y, place.z) == (1.0, 2.0, 3.0)
    np.testing.assert_allclose((q.x, q.y, q.z, q.w), (0.0, 0.0, np.sqrt(0.5), np.sqrt(0.5)), atol=1e-12)


@pytest.mark.ros
def test_tree_leads_from_odom_to_the_base(nodes, watcher):
    """Where tf2 is installed, odom -> base_footprint -> base add up to the odometry's pose."""
    pytest.importorskip("tf2_msgs")
    heard = []
    odometry = {}
    watcher.listen("tf", heard.append)
    watcher.listen("odom", lambda message: odometry.update({to_nanoseconds(message.header.stamp): message.pose.pose}))
    nodes.start("mujoco_robot", scan=False)
    nodes.start("controller")
    watcher.wait_until(lambda: any(to_nanoseconds(m.transforms[0].header.stamp) in odometry for m in heard), "both")
    message = next(m for m in heard if to_nanoseconds(m.transforms[0].header.stamp) in odometry)
    first, second = message.transforms
    assert (first.header.frame_id, first.child_frame_id) == ("odom", "base_footprint")
    assert (second.header.frame_id, second.child_frame_id) == ("base_footprint", "pelvis")

    def read(transform):
        q, t = transform.rotation, transform.translation
        return pin.XYZQUATToSE3(np.array((t.x, t.y, t.z, q.x, q.y, q.z, q.w)))

    footprint = read(first.transform)
    assert footprint.rotation[2, 2] == pytest.approx(1.0)  # level
    base = footprint * read(second.transform)
    pose = odometry[to_nanoseconds(first.header.stamp)]
    np.testing.assert_allclose(base.translation, (pose.position.x, pose.position.y, pose.position.z), atol=1e-9)
    q = pose.orientation
    np.testing.assert_allclose(base.rotation, pin.Quaternion(q.w, q.x, q.y, q.z).toRotationMatrix(), atol=1e-9)


def test_transforms_have_a_name_where_tf2_is_missing():
    """The table of topics is the same whether or not tf2 is installed."""
    assert TOPICS["tf"].type_name == "tf2_msgs/TFMessage"


def test_plan_view_shows_goal_heading_and_surprise():
    """A goal is a post, with an arrow if it has a heading; the surprise turns from green to red; no goal, no post."""
    footprint = pin.SE3(np.eye(3), np.array((1.0, 0.0, 0.2)))
    stamp = Time()
    markers = write_plan_markers(Goal(np.array((3.0, -1.0)), 0.5), PlanStatus(surprise=10.0), footprint, stamp).markers
    assert markers[0].action == Marker.DELETEALL
    post, arrow, text = markers[1:]
    assert (post.pose.position.x, post.pose.position.y, post.type) == (3.0, -1.0, Marker.CYLINDER)
    assert arrow.type == Marker.ARROW
    assert (text.text, text.color.r, text.color.g) == ("surprise 10.0", 1.0, 0.0)
    (calm,) = write_plan_markers(None, PlanStatus(), footprint, stamp).markers[1:]
    assert (calm.color.r, calm.color.g) == (0.0, 1.0)
    assert len(write_plan_markers(Goal(np.zeros(2)), PlanStatus(surprise=np.nan), footprint, stamp).markers) == 2


def make_body_status():
    """A robot with one foot in the air."""
    steps = (Footstep(0, np.array([0.1, 0.1, 0.0]), 0.3), Footstep(1, np.array([0.4, -0.1, 0.0]), -0.2))
    feet, forces = np.array([[0.1, 0.1, 0.0], [0.2, -0.1, 0.1]]), np.array([[10.0, 0.0, 330.0], [0.0, 0.0, 0.0]])
    com, dcm = np.array([0.1, 0.0, 0.7]), np.array([0.2, 0.0, 0.0])
    return BodyStatus(0.0, BodyMode.WALK, "walking", True, np.array([1.0, 0.0]), feet, forces, steps, com, dcm)


def test_body_markers_are_where_the_status_says():
    """Footsteps in the colour of their side, forces as arrows from the feet, and both points; none of what is not."""
    markers = write_body_markers(make_body_status(), Time()).markers
    left, right, pressed, lifted, com, dcm = markers[1:]
    assert (left.pose.position.x, right.pose.position.x) == (0.1, 0.4)
    assert left.color.b > left.color.r
    assert right.color.r > right.color.b
    assert 2.0 * np.arctan2(right.pose.orientation.z, right.pose.orientation.w) == pytest.approx(-0.2)
    assert pressed.points[1].z - pressed.points[0].z == pytest.approx(0.33)
    assert lifted.points[0] == lifted.points[1]
    assert (com.pose.position.z, dcm.pose.position.x) == (0.7, 0.2)
    still = replace(make_body_status(), footsteps=(), com=None, dcm=None)
    assert {marker.ns for marker in write_body_markers(still, Time()).markers[1:]} == {"forces"}


def test_cheap_candidates_are_green():
    """A cheap trajectory is greener than a dear one, and one that was dropped is hardly seen."""
    plan = PlanStatus(candidates=np.zeros((3, 4, 2)), costs=np.array([1.0, np.inf, 2.0]))
    cheap, dropped, dear = write_candidates(plan, Time()).markers[1:]
    assert cheap.color.g > dear.color.g
    assert dropped.color.a < dear.color.a


def test_no_two_markers_of_a_message_have_the_same_name():
    """RViz shows an error, and nothing of the display, if namespace and number of two markers are alike."""
    footprint = pin.SE3(np.eye(3), np.zeros(3))
    for message in (
        write_plan_markers(Goal(np.zeros(2), 0.5), PlanStatus(), footprint, Time()),
        write_body_markers(make_body_status(), Time()),
        write_candidates(PlanStatus(candidates=np.zeros((3, 2, 2)), costs=np.arange(3.0)), Time()),
    ):
        names = [(marker.ns, marker.id) for marker in message.markers]
        assert len(names) == len(set(names)) > 3
