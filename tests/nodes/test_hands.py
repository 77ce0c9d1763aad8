"""Hands over topics: they go where they are asked to be, and what cannot be is told and changes nothing."""

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from std_msgs.msg import Float64MultiArray

from jepa_humanoid.locomotion.hands import HandState
from jepa_humanoid.nodes.messages.hand import write_hand
from jepa_humanoid.nodes.messages.status import read_body_status
from jepa_humanoid.robot.state import HandTarget

pytestmark = pytest.mark.ros

PLACE = HandTarget("left", np.array([0.3, 0.22, 0.85]), np.array([0.0, 0.0, 0.0, 1.0]))


def test_a_hand_obeys_and_is_let_go(nodes, watcher):
    """Told of a frame that there is not, it stays, and diagnostics say why; then it goes, stays, and goes back."""
    watcher.listen("controller/status")
    nodes.start("mujoco_robot", scan=False)
    nodes.start("controller")
    watcher.wait_for_robot_time(0.5)

    def hands():
        return read_body_status(watcher.last("controller/status")).hands

    wrong = write_hand(PLACE, Time())
    wrong.header.frame_id = "map"
    watcher.publish("teleop/left_hand", wrong)
    watcher.wait_until(
        lambda: "frame_id is 'map', and has to be" in watcher.status("controller")[2].get("hands", ""), "the sentence"
    )
    assert hands() == ()

    def there():
        watcher.publish("teleop/left_hand", write_hand(PLACE, Time()))
        return hands() and hands()[0].position[0] > 0.2 and hands()[0].position[2] > 0.8

    watcher.wait_until(there, "the hand")
    watcher.wait_until(lambda: hands()[0].state is HandState.STALE, "the hand to be on its own")
    watcher.wait_until(lambda: "left stale" in watcher.status("controller")[2]["hands"], "diagnostics")
    assert watcher.call("controller/let_go_left").success
    watcher.wait_until(lambda: hands() == (), "the hand to be let go")
    watcher.publish("payload", Float64MultiArray(data=[0.0, -1.0]))
    watcher.wait_until(
        lambda: "the right hand cannot carry -1.0 kg" in watcher.status("controller")[2]["hands"], "the sentence"
    )
    watcher.publish("payload", Float64MultiArray(data=[0.0, 1.0]))

    def payload():
        return read_body_status(watcher.last("controller/status")).payload

    watcher.wait_until(lambda: payload() == pytest.approx((0.0, 1.0)), "what is carried")
    assert watcher.call("controller/weigh").success
    watcher.wait_until(lambda: payload() == pytest.approx((0.0, 0.0), abs=0.5), "what is found")
    assert watcher.truth()["falls"] == 0
