"""What body and mind say of themselves; the only place where others learn it from."""

from std_msgs.msg import String

from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.record import read_record, write_record
from jepa_humanoid.nodes.messages.time import check_seconds
from jepa_humanoid.robot.description import SIDES
from jepa_humanoid.status import BodyStatus, PlanStatus


def write_body_status(status: BodyStatus) -> String:
    """A status for `controller/status`."""
    return String(data=write_record(status))


def read_body_status(message: String) -> BodyStatus:
    """Read `controller/status`.

    Raises:
        MessageError: If it is no such status, naming field and cause.
    """
    topic = "controller/status"
    status = read_record(BodyStatus, message.data, topic)
    check_seconds(status.stamp, topic)
    for k, step in enumerate(status.footsteps):
        if step.side not in range(len(SIDES)):
            raise MessageError(f"{topic}: footsteps[{k}].side is {step.side}, and has to be 0 (left) or 1 (right)")
    for k, hand in enumerate(status.hands):
        if hand.side not in range(len(SIDES)):
            raise MessageError(f"{topic}: hands[{k}].side is {hand.side}, and has to be 0 (left) or 1 (right)")
    return status


def write_plan_status(status: PlanStatus) -> String:
    """A status for `plan/status`."""
    return String(data=write_record(status))


def read_plan_status(message: String) -> PlanStatus:
    """Read `plan/status`.

    Raises:
        MessageError: If it is no such status, naming field and cause.
    """
    status = read_record(PlanStatus, message.data, "plan/status")
    check_seconds(status.stamp, "plan/status")
    return status
