"""People outrank the planner, and nobody's last word counts for long."""

from jepa_humanoid.robot.state import VelocityCommand
from jepa_humanoid.safety.arbitration import STILL, VelocityArbiter

PLANNER, TELEOP = VelocityCommand(0.3), VelocityCommand(-0.1)


def test_nobody_means_stand():
    """Without anybody asking the robot stands."""
    assert VelocityArbiter().decide(3.0) == (STILL, "nobody")


def test_teleop_outranks_planner():
    """Whoever steers by hand is obeyed, however fresh the plan is; half a second later the planner is again."""
    arbiter = VelocityArbiter(patience=0.5)
    arbiter.hear_teleop(TELEOP, 1.0)
    arbiter.hear_planner(PLANNER, 1.4)
    assert arbiter.decide(1.4) == (TELEOP, "teleop")
    assert arbiter.decide(1.6) == (PLANNER, "planner")


def test_stale_planner_means_stand():
    """A planner that has died leaves the robot standing."""
    arbiter = VelocityArbiter(patience=0.5)
    arbiter.hear_planner(PLANNER, 1.0)
    assert arbiter.decide(1.6) == (STILL, "nobody")


def test_words_from_the_future_do_not_count():
    """After a target's clock started anew, what was said on the old one is void."""
    arbiter = VelocityArbiter(patience=0.5)
    arbiter.hear_planner(PLANNER, 100.0)
    assert arbiter.decide(0.0) == (STILL, "nobody")
