"""What can be set of a controller that runs, over the services of ROS."""

import pytest
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter

from jepa_humanoid.nodes.messages.time import to_stamp
from jepa_humanoid.nodes.messages.velocity import write_velocity
from jepa_humanoid.robot.state import VelocityCommand

pytestmark = [pytest.mark.ros, pytest.mark.slow]


@pytest.fixture
def set_parameter(watcher):
    """Sets a parameter of the controller, and returns what that said."""
    client = watcher.node.create_client(SetParameters, "controller/set_parameters")

    def call(name, value):
        watcher.wait_until(client.service_is_ready, "the service")
        future = client.call_async(SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()]))
        watcher.wait_until(future.done, "an answer")
        (result,) = future.result().results
        return result.successful, result.reason

    yield call
    watcher.node.destroy_client(client)


def test_gait_is_set_while_the_robot_stands(nodes, watcher, set_parameter):
    """A gait is taken in at once and walked; what cannot be, or only at the start, is refused with the reason."""
    nodes.start("mujoco_robot", scan=False)
    nodes.start("controller", set="gait.swing_height=0.06")
    watcher.wait_until(lambda: watcher.status("controller")[2].get("reason") == "standing", "standing")
    assert set_parameter("set", "gait.step_width=0.24; gait.swing_height=0.06") == (True, "")
    for text, reason in (
        ("gait.step_widht=0.24", "did you mean 'step_width'?"),
        ("gait.step_width=3", "step_width 3.0 is outside step_width_range"),
        ("estimator.foot_slip=0.01", "estimator can only be set at the start"),
        ("planner.search.samples=64", "planner can only be set at the start"),
        ("gait", "BLOCK.NAME=VALUE"),
    ):
        successful, said = set_parameter("set", text)
        assert not successful
        assert reason in said
    assert set_parameter("odom_rate", 100.0) == (True, "")
    assert not set_parameter("longest_gap", 1.0)[0]
    watcher.listen("odom")
    publisher = watcher.publisher("teleop/cmd_vel")
    end = watcher.truth()["stamp"] + 3.0
    while watcher.truth()["stamp"] < end:
        publisher.publish(write_velocity(VelocityCommand(0.2), to_stamp(0.0)))
        watcher.wait_for_messages("odom", 10)
    assert watcher.status("controller")[2]["mode"] == "WALK"
    assert watcher.truth()["falls"] == 0
