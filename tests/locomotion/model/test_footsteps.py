"""Where the feet should go: the command within its limits, a pose that it moves, and landings beside its path."""

import math

import pytest

from jepa_humanoid.locomotion.model.biped import Biped, biped
from jepa_humanoid.locomotion.model.feet import Foot
from jepa_humanoid.locomotion.model.footsteps import FootstepPlanner
from jepa_humanoid.locomotion.settings import GaitSettings
from jepa_humanoid.locomotion.walker import LEFT, RIGHT
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import VelocityCommand

DT = 0.002
SETTINGS = GaitSettings()
CENTRE = Foot(1 + 2j, 0.0, 0.5)


@pytest.fixture
def model(g1: RobotDescription) -> Biped:
    """The G1 as its gait sees it."""
    return biped(g1, SETTINGS, 0.7)


def obeying(model: Biped, command: VelocityCommand, seconds: float = 3.0) -> FootstepPlanner:
    """A planner in place that has taken over a command."""
    planner = FootstepPlanner(model, CENTRE)
    for _ in range(round(seconds / DT)):
        planner.obey(command, DT)
    return planner


def test_the_command_is_limited_in_size(model: Biped) -> None:
    """No command leads beyond the limits of velocity, each way its own."""
    forward, backward, lateral, turn = SETTINGS.velocity_limit
    fast = obeying(model, VelocityCommand(9.0, 9.0, 9.0))
    back = obeying(model, VelocityCommand(-9.0, -9.0, -9.0))
    assert (fast.velocity, fast.turn) == pytest.approx((complex(forward, lateral), turn))
    assert (back.velocity, back.turn) == pytest.approx((complex(-backward, -lateral), -turn))


def test_the_command_is_limited_in_rate(model: Biped) -> None:
    """A jump in the command is taken over at the limits of acceleration."""
    planner = obeying(model, VelocityCommand(0.5, 0.0, 0.7), seconds=0.1)
    assert planner.velocity == pytest.approx(0.1 * SETTINGS.acceleration_limit[0])
    assert planner.turn == pytest.approx(0.1 * SETTINGS.acceleration_limit[1])


def test_what_is_no_number_is_not_hidden(model: Biped) -> None:
    """A command that is not a number does not become a limit, at full speed."""
    planner = obeying(model, VelocityCommand(math.nan), seconds=DT)
    assert math.isnan(planner.velocity.real)


def test_the_reference_pose_moves_with_the_command(model: Biped) -> None:
    """It goes along its own heading, and turns."""
    planner = obeying(model, VelocityCommand(0.3, 0.0, 0.2))
    planner.move(0.1)
    assert planner.place == pytest.approx(CENTRE.place + 0.03 * complex(math.cos(0.5), math.sin(0.5)))
    assert planner.yaw == pytest.approx(0.52)
    assert planner.forward == pytest.approx(complex(math.cos(0.52), math.sin(0.52)))


def test_a_robot_that_is_held_back_holds_back_its_reference(model: Biped) -> None:
    """However far the command has led, the reference pose leads the robot by no more than its limits."""
    planner = obeying(model, VelocityCommand(0.3, 0.0, 0.7))
    for _ in range(1000):
        planner.move(DT)
    foot = Foot(CENTRE.place, 0.0, CENTRE.yaw)
    planner.hold_back(LEFT, foot)
    assert planner.yaw - CENTRE.yaw == pytest.approx(SETTINGS.lead_limit[1])
    here = foot.place - planner.forward * (0.5j * SETTINGS.step_width + planner.velocity * SETTINGS.step_duration / 2)
    assert abs(planner.place - here) == pytest.approx(SETTINGS.lead_limit[0])


@pytest.mark.parametrize(("stance", "side"), [(LEFT, -1), (RIGHT, 1)])
def test_steps_in_place_land_beside_the_stance_foot(model: Biped, stance: int, side: int) -> None:
    """Without a command the foot lands at the step's width on the other side."""
    planner = FootstepPlanner(model, CENTRE)
    foot = Foot(CENTRE.place - planner.forward * side * 0.5j * SETTINGS.step_width, 0.0, CENTRE.yaw)
    landing = planner.nominal_landing(stance, foot, 0.1)
    assert landing.position == pytest.approx(1j * side * SETTINGS.step_width)
    assert landing.duration == SETTINGS.step_duration
    assert landing.offset.real == 0.0


@pytest.mark.parametrize(("stance", "outward"), [(LEFT, -1.0), (RIGHT, 1.0)])
def test_the_feet_turn_outward_further_than_inward(model: Biped, stance: int, outward: float) -> None:
    """A landing's heading keeps to the reach of the hips, toe-in and toe-out."""
    toe_in, toe_out = SETTINGS.step_turn_range
    planner = FootstepPlanner(model, CENTRE)
    ahead, behind = (Foot(0j, 0.0, CENTRE.yaw + way * outward) for way in (-1.0, 1.0))
    assert planner.landing_yaw(stance, ahead, 0.0) - ahead.yaw == pytest.approx(outward * toe_out)
    assert planner.landing_yaw(stance, behind, 0.0) - behind.yaw == pytest.approx(outward * toe_in)
