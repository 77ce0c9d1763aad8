"""Nodes start by themselves unless told not to, refuse what cannot be, and say how they are."""

import threading

import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import Parameter as ParameterMsg
from rcl_interfaces.msg import ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.exceptions import InvalidParameterValueException
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message

from jepa_humanoid.nodes.errors import NodeError
from jepa_humanoid.nodes.node import Level, RobotNode
from jepa_humanoid.nodes.parameters import ParameterSpec

pytestmark = pytest.mark.ros


class Echo(RobotNode):
    """Counts velocities; cannot be configured when told so."""

    NAME = "echo"
    PUBLISHES = ("plan/cmd_vel",)
    SUBSCRIBES = ("teleop/cmd_vel",)
    PARAMETERS = (
        ParameterSpec("fails", False, "whether to fail"),
        ParameterSpec("gain", 1.0, "a number", "m", 0.0, 2.0),
        ParameterSpec("pitch", 1.0, "a number that may change", "Hz", 0.0, 9.0, live=True),
        ParameterSpec("volume", 1.0, "another", "", 0.0, 9.0, live=True),
        ParameterSpec("colour", "red", "a choice", choices=("red", "green")),
    )

    def configure(self):
        """Subscribe."""
        self.heard = 0
        self.taken = []
        self.value("colour")
        self.listen("teleop/cmd_vel", self.on_velocity)
        if self.value("fails"):
            raise NodeError("no legs")

    def change(self, name, value):
        """Take in what is even."""
        if value % 2:
            raise NodeError(f"{name} {value} is odd")
        return lambda: self.taken.append((name, value))

    def on_velocity(self, message):
        """Count."""
        self.heard += 1

    def status(self):
        """Count, in words."""
        return Level.OK, f"heard {self.heard}"


@pytest.fixture
def echo(watcher):
    made = []

    def make(**parameters):
        kinds = {bool: Parameter.Type.BOOL, float: Parameter.Type.DOUBLE, str: Parameter.Type.STRING}
        overrides = [Parameter(k, kinds[type(v)], v) for k, v in parameters.items()]
        node = Echo(context=watcher.context, parameter_overrides=overrides)
        thread = threading.Thread(target=node.loop.spin)
        thread.start()
        made.append((node, thread))
        return node

    yield make
    for node, thread in made:
        node.loop.stop()
        thread.join()
        node.loop.close()
        node.destroy_node()


def test_inactive_node_is_silent_and_says_so(echo, watcher):
    """Before it is activated a node hears nothing, and its status is stale rather than well."""
    node = echo()
    node.trigger_configure()
    watcher.wait_until(lambda: watcher.status("echo")[1] == "not active", "its status")
    assert watcher.status("echo")[0] == Level.STALE
    publisher = watcher.publisher("teleop/cmd_vel")
    watcher.wait_until(lambda: publisher.get_subscription_count() > 0, "its subscription")
    publisher.publish(publisher.msg_type())
    watcher.wait_for_reports("echo")
    assert node.heard == 0


def test_life_cycle_services_start_it(echo, watcher):
    """A lifecycle manager configures and activates a node through the usual service."""
    node = echo()
    client = watcher.node.create_client(ChangeState, "echo/change_state")
    watcher.wait_until(client.service_is_ready, "the service")
    for number in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
        future = client.call_async(ChangeState.Request(transition=Transition(id=number)))
        watcher.wait_until(future.done, "the transition")
        assert future.result().success
    publisher = watcher.publisher("teleop/cmd_vel")
    watcher.wait_until(lambda: publisher.get_subscription_count() > 0, "its subscription")
    publisher.publish(publisher.msg_type())
    watcher.wait_until(lambda: watcher.status("echo")[1] == "heard 1", "the message to be heard")
    assert node.active


def test_failed_configuration_can_be_repeated(echo, watcher):
    """A node that could not be configured says why, keeps nothing half made, and is still there to be asked again."""
    node = echo(fails=True)
    assert not node.start()
    watcher.wait_until(lambda: watcher.status("echo")[1] == "cannot configure: no legs", "the reason")
    assert watcher.status("echo")[0] == Level.ERROR
    assert node.outputs == {}
    assert not node.start()


def test_unknown_choice_is_refused(echo):
    """A text that is none of the choices stops the node from being configured."""
    assert not echo(colour="blue").start()


def test_number_out_of_range_is_refused(echo):
    """A number outside its range is refused by name."""
    with pytest.raises(InvalidParameterValueException, match="gain"):
        echo(gain=3.0)


def test_live_parameters_change_together_or_not_at_all(echo):
    """New values are taken in while the node runs, and a wrong one is refused with its reason, and all with it."""
    node = echo()
    assert node.start()
    pitch, volume = (Parameter(name, Parameter.Type.DOUBLE, 2.0) for name in ("pitch", "volume"))
    assert node.set_parameters_atomically([pitch, volume]).successful
    assert node.taken == [("pitch", 2.0), ("volume", 2.0)]
    outcome = node.set_parameters_atomically([pitch, Parameter("volume", Parameter.Type.DOUBLE, 3.0)])
    assert (outcome.successful, outcome.reason) == (False, "volume 3.0 is odd")
    assert node.taken == [("pitch", 2.0), ("volume", 2.0)]
    assert node.value("volume") == 2.0


def test_other_parameters_stay_as_they_were_at_the_start(echo):
    """A parameter that is not live cannot be changed."""
    node = echo()
    assert node.start()
    (outcome,) = node.set_parameters([Parameter("gain", Parameter.Type.DOUBLE, 0.5)])
    assert not outcome.successful
    assert node.value("gain") == 1.0


def test_question_that_nobody_can_answer_ends_no_node(echo, watcher):
    """A parameter of a type that does not exist: it is logged, and the next question is answered."""
    node = echo()
    assert node.start()
    client = watcher.node.create_client(SetParameters, "echo/set_parameters")
    watcher.wait_until(client.service_is_ready, "the service")
    nonsense = ParameterMsg(name="pitch", value=ParameterValue(type=77))
    client.call_async(SetParameters.Request(parameters=[nonsense]))
    pitch = Parameter("pitch", Parameter.Type.DOUBLE, 2.0).to_parameter_msg()
    future = client.call_async(SetParameters.Request(parameters=[pitch]))
    watcher.wait_until(future.done, "the answer")
    assert future.result().results[0].successful
    assert node.taken == [("pitch", 2.0)]


def test_bytes_that_are_no_message_end_no_node(echo, watcher):
    """Whoever speaks another version of a type, or something else altogether, is not heard, and the others are."""
    node = echo()
    assert node.start()
    publisher = watcher.publisher("teleop/cmd_vel")
    watcher.wait_until(lambda: publisher.get_subscription_count() > 0, "its subscription")
    for data in (
        b"\x00\x01\x00\x00",
        b"\x00\x01\x00\x00" + b"\xff" * 60,
        b"\xff" * 9,
        serialize_message(publisher.msg_type()),
    ):
        publisher.publish(data)
    watcher.wait_until(lambda: node.heard > 0, "the message")
    assert node.active


def test_undeclared_topics_are_refused(echo):
    """A node cannot use a topic that it does not declare: the reference would be wrong."""
    with pytest.raises(NodeError, match="Echo does not name 'odom' in SUBSCRIBES"):
        echo().listen("odom", print)


def test_deactivated_node_can_be_cleaned_up_and_started_again(echo):
    """All the way down and up again, a node works as at first."""
    node = echo()
    assert node.start()
    node.trigger_deactivate()
    node.trigger_cleanup()
    assert node.outputs == {}
    assert node.start()
    assert node.active
