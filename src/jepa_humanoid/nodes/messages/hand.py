"""Where hands are to be."""

from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped
from std_msgs.msg import Float64MultiArray

from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.pose import read_rigid, write_rigid
from jepa_humanoid.nodes.messages.time import to_seconds
from jepa_humanoid.robot.description import SIDES
from jepa_humanoid.robot.state import FOOTPRINT, ODOM, HandTarget

PATIENCE = 0.5
"""Age of a message from which on it is no longer followed [s]."""


def hand_topic(side: str) -> str:
    """Topic of the left or the right hand."""
    return f"teleop/{side}_hand"


def read_hand(message: PoseStamped, side: str, now: float) -> HandTarget:
    """Read `teleop/left_hand` or `teleop/right_hand`.

    Args:
        message: The message; a stamp of zero means now.
        side: Whose hand.
        now: Time on the target's clock [s].

    Raises:
        MessageError: If its frame is another than ``base_footprint`` or ``odom``, its stamp is another time, it is not
            finite, or its orientation is no rotation.
    """
    topic, frame = hand_topic(side), message.header.frame_id
    if frame not in (FOOTPRINT, ODOM):
        raise MessageError(f"{topic}: frame_id is '{frame}', and has to be '{FOOTPRINT}' or '{ODOM}'")
    stamp = to_seconds(message.header.stamp)
    if stamp != 0.0 and abs(now - stamp) > PATIENCE:
        raise MessageError(
            f"{topic}: the stamp is {stamp:.3f} s, and the robot's time {now:.3f} s: give its own time, or zero for now"
        )
    position, orientation = read_rigid(message.pose, topic)
    return HandTarget(side, position, orientation, frame)


def read_payload(message: Float64MultiArray) -> dict[str, float]:
    """Masses by hand [kg], from `payload`.

    Raises:
        MessageError: If they are not two.
    """
    masses = [float(mass) for mass in message.data]
    if len(masses) != len(SIDES):
        raise MessageError(f"payload: {len(masses)} masses: give two, of what the left and the right hand carry [kg]")
    return dict(zip(SIDES, masses, strict=True))


def write_hand(target: HandTarget, stamp: Time) -> PoseStamped:
    """A place for a hand."""
    message = PoseStamped()
    message.header.stamp, message.header.frame_id = stamp, target.frame
    write_rigid(target.position, target.orientation, message.pose)
    return message
