"""Driving by hand always ends with zeros."""

from jepa_humanoid.monitor.teleoperation import Teleoperation
from jepa_humanoid.robot.state import VelocityCommand

STILL = VelocityCommand()


def test_nothing_is_sent_while_nobody_drives() -> None:
    """Silence leaves the robot to the planner."""
    sent: list[VelocityCommand] = []
    teleoperation = Teleoperation(sent.append)
    teleoperation.command(VelocityCommand(0.3))
    teleoperation.tick()
    teleoperation.stop()
    assert sent == []


def test_driving_starts_from_standstill() -> None:
    """What was asked before somebody took the wheel does not count."""
    sent: list[VelocityCommand] = []
    teleoperation = Teleoperation(sent.append)
    teleoperation.command(VelocityCommand(0.3))
    teleoperation.start(1)
    teleoperation.tick()
    teleoperation.command(VelocityCommand(0.2, 0.0, 0.1))
    teleoperation.tick()
    assert sent == [STILL, VelocityCommand(0.2, 0.0, 0.1)]


def test_only_the_driver_can_be_lost() -> None:
    """Another browser's leaving changes nothing; the driver's stops the robot, with more than one zero."""
    sent: list[VelocityCommand] = []
    teleoperation = Teleoperation(sent.append)
    teleoperation.start(1)
    teleoperation.command(VelocityCommand(0.3))
    assert not teleoperation.lost(2)
    assert teleoperation.driver == 1
    assert not teleoperation.idle
    assert teleoperation.lost(1)
    assert not teleoperation.idle
    for _ in range(5):
        teleoperation.tick()
    assert teleoperation.idle
    assert sent == [STILL] * 3
