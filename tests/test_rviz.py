"""RViz's views and the teleoperation files, held against the graph's topics and the walker's limits."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from jepa_humanoid.graph.options import rviz_config_names
from jepa_humanoid.locomotion.settings import GaitSettings
from jepa_humanoid.resources import resource

pytest.importorskip("rclpy")
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy

from jepa_humanoid.nodes.contract import FOOTPRINT_FRAME, ODOM_FRAME, TOPICS
from jepa_humanoid.nodes.goal_marker import SERVER
from jepa_humanoid.nodes.joystick_stop import JoystickStop
from jepa_humanoid.nodes.reference import NODES, load_node

SHOWS = {
    "MarkerArray": "visualization_msgs/MarkerArray",
    "Odometry": "nav_msgs/Odometry",
    "Path": "nav_msgs/Path",
    "PointCloud2": "sensor_msgs/PointCloud2",
    "Pose": "geometry_msgs/PoseStamped",
    "RobotModel": "std_msgs/String",
}
"""Message type of each display that has a topic."""

WITHOUT_TOPIC = {"Grid", "TF", "InteractiveMarkers"}
RELIABILITY = {"Reliable": ReliabilityPolicy.RELIABLE, "Best Effort": ReliabilityPolicy.BEST_EFFORT}
DURABILITY = {"Volatile": DurabilityPolicy.VOLATILE, "Transient Local": DurabilityPolicy.TRANSIENT_LOCAL}


@pytest.fixture(scope="module", params=rviz_config_names())
def view(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each view of config/rviz."""
    path: Path = resource(f"config/rviz/{request.param}.rviz")
    loaded: dict[str, Any] = yaml.safe_load(path.read_text())["Visualization Manager"]
    return loaded


def kind(entry: dict[str, Any]) -> str:
    """A display's or a tool's class without its package."""
    package, _, name = str(entry["Class"]).partition("/")
    assert package == "rviz_default_plugins", f"{entry['Name']} needs a plugin that RViz does not come with"
    return name


def test_every_display_shows_a_topic_of_the_graph(view: dict[str, Any]) -> None:
    """Each display's topic is published by a node of the graph, with the display's type and a matching QoS."""
    published = {topic for name in NODES for topic in load_node(name).PUBLISHES}
    for display in view["Displays"]:
        if kind(display) in WITHOUT_TOPIC:
            continue
        asked = display.get("Topic") or display["Description Topic"]
        name = asked["Value"]
        assert name in TOPICS, f"{display['Name']} shows '{name}', which the graph lacks"
        assert name in published, name
        topic = TOPICS[name]
        assert topic.type_name == SHOWS[kind(display)], display["Name"]
        offered = topic.quality.profile
        # A reader may ask for less than what is offered, never for more.
        best_effort = offered.reliability == ReliabilityPolicy.BEST_EFFORT
        assert not (best_effort and RELIABILITY[asked["Reliability Policy"]] == ReliabilityPolicy.RELIABLE), name
        volatile = offered.durability == DurabilityPolicy.VOLATILE
        assert not (volatile and DURABILITY[asked["Durability Policy"]] == DurabilityPolicy.TRANSIENT_LOCAL), name


def test_goals_are_sent_where_the_planner_listens(view: dict[str, Any]) -> None:
    """2D Goal Pose publishes `goal_pose` in the frame that the planner accepts, and the goal's handle has a server."""
    (tool,) = [tool for tool in view["Tools"] if kind(tool) == "SetGoal"]
    assert tool["Topic"]["Value"] == "goal_pose"
    assert tool["Topic"]["Reliability Policy"] == "Reliable"
    assert view["Global Options"]["Fixed Frame"] == ODOM_FRAME
    assert view["Views"]["Current"]["Target Frame"] == FOOTPRINT_FRAME
    (handles,) = [display for display in view["Displays"] if kind(display) == "InteractiveMarkers"]
    assert handles["Interactive Markers Namespace"] == SERVER
    assert {f"{SERVER}/update", f"{SERVER}/feedback"} <= set(TOPICS)


def test_views_leave_nothing_out() -> None:
    """Between them the views show robot, terrain, plan, candidates, footsteps and forces, odometry and surprise."""
    shown: dict[str, set[str]] = {}
    for name in rviz_config_names():
        manager = yaml.safe_load(resource(f"config/rviz/{name}.rviz").read_text())["Visualization Manager"]
        shown[name] = {
            (display.get("Topic") or display.get("Description Topic") or {}).get("Value", "")
            for display in manager["Displays"]
            if display["Enabled"]
        }
    driving = {"robot_description", "elevation", "plan/path", "plan/candidates", "plan/markers"}
    assert driving | {"controller/markers"} <= shown["drive"]
    assert driving | {"controller/markers", "odom", "points"} <= shown["debug"]


def test_names_are_relative(view: dict[str, Any]) -> None:
    """A namespace holds a robot, and RViz beside it: no view names a topic absolutely."""
    topics = [(d.get("Topic") or d.get("Description Topic") or {}).get("Value", "") for d in view["Displays"]]
    assert not [topic for topic in topics if topic.startswith("/")]


def parameters(file: str, node: str) -> dict[str, Any]:
    """Parameters of a node in a file of config/teleop."""
    loaded: dict[str, Any] = yaml.safe_load(resource(f"config/teleop/{file}.yaml").read_text())
    values: dict[str, Any] = loaded[f"/**/{node}"]["ros__parameters"]
    return values


def test_teleoperation_asks_for_what_the_walker_can() -> None:
    """Full deflection and the keyboard's first speed stay below the walker's limits, forwards and backwards."""
    forward, backward, lateral, turn = GaitSettings().velocity_limit
    sticks = parameters("gamepad", "teleop_twist_joy")
    assert sticks["scale_linear"]["x"] <= min(forward, backward)
    assert sticks["scale_linear"]["y"] <= lateral
    assert sticks["scale_angular"]["yaw"] <= turn
    keys = parameters("keyboard", "teleop_twist_keyboard")
    assert keys["speed"] <= min(forward, backward, lateral)
    assert keys["turn"] <= turn


def test_joystick_needs_its_dead_man_and_can_stop() -> None:
    """Nothing moves without the dead-man button, the stop is another button, and velocities carry a stamp."""
    sticks = parameters("gamepad", "teleop_twist_joy")
    assert sticks["require_enable_button"] is True
    assert sticks["enable_turbo_button"] == -1
    assert sticks["publish_stamped_twist"] is True
    assert parameters("keyboard", "teleop_twist_keyboard")["stamped"] is True
    stop = parameters("gamepad", "joystick_stop")["button"]
    assert stop != sticks["enable_button"]
    assert "button" in {spec.name for spec in JoystickStop.PARAMETERS}
    # The last velocity is forgotten after half a second: the joystick repeats itself often enough, and only then.
    assert parameters("gamepad", "joy")["autorepeat_rate"] >= 10.0
