"""The search for a landing that catches the robot: closed forms against integration, and what it must never answer."""

from dataclasses import replace

import numpy as np
import pytest

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.locomotion.model.biped import Biped, biped
from jepa_humanoid.locomotion.model.capture import (
    DURATIONS,
    GIVES,
    NEXT_DURATIONS,
    Catch,
    Motion,
    Swing,
    braked,
    crosses,
    search_catch,
    tipped,
)
from jepa_humanoid.locomotion.settings import CatchSettings, GaitSettings
from jepa_humanoid.locomotion.walker import LEFT
from jepa_humanoid.robot.description import RobotDescription

BESIDE = -0.24j
"""Where the right foot stands beside the left one [m]."""
OFFSET = 0.03j
"""Of the DCM from a right foot that lands: towards the other one [m]."""


@pytest.fixture
def model(g1: RobotDescription) -> Biped:
    """The G1 as its gait sees it."""
    return biped(g1, GaitSettings(), 0.68)


def searched(
    model: Biped,
    stance: int,
    motion: Motion,
    swing: Swing,
    offset: complex,
    elapsed: float = 0.0,
    gives: np.ndarray = GIVES,
) -> Catch:
    """What the search finds."""
    reach, weights = model.reach[stance], model.catch_weights
    return search_catch(
        motion, swing, offset, elapsed, 0.0, model.omega, reach, weights, DURATIONS, NEXT_DURATIONS, gives
    )


def caught(model: Biped, velocity: complex, place: complex = -0.12j, gives: np.ndarray = GIVES) -> Catch:
    """A robot that stands on its left foot and falls with a velocity from a place relative to that foot."""
    motion, swing = Motion(place, velocity, model.height, 0.0), Swing(-1.0, BESIDE, 0j)
    return searched(model, LEFT, motion, swing, OFFSET, gives=gives)


@pytest.mark.parametrize("give", [0.0, 0.6])
def test_the_pendulum_moves_as_its_differential_equation_says(model: Biped, give: float) -> None:
    """The closed form is what ten thousand small steps lead to."""
    motion, zmp = Motion(0.02 - 0.05j, 0.3 + 0.4j, 0.63, 0.1), 0.05 - 0.01j
    then = tipped(motion, zmp, model.omega, give, 0.3)
    place, velocity, height, climb, _ = motion
    dt = 0.3 / 10_000
    for _ in range(10_000):
        velocity += (1.0 - give) * model.omega**2 * (place - zmp) * dt
        place += velocity * dt
        climb -= give * GRAVITY * dt
        height += climb * dt
    assert then.place == pytest.approx(place, abs=1e-4)
    assert then.velocity == pytest.approx(velocity, abs=1e-3)
    assert (then.height, then.climb) == pytest.approx((height, climb), abs=1e-4)


@pytest.mark.parametrize("give", [0.0, -0.3])
def test_a_descent_is_braked_first(model: Biped, give: float) -> None:
    """A robot that comes down and shall not give way pushes until it does not, and moves over its foot meanwhile."""
    motion, zmp, brake = Motion(0.02 - 0.05j, 0.3 + 0.4j, 0.6, -0.5), 0.05 - 0.01j, 8.0
    then = braked(motion, zmp, model.omega, give, 0.3, brake)
    place, velocity, height, climb, _ = motion
    dt = 0.3 / 10_000
    for _ in range(10_000):
        lift = brake if climb < 0.0 else -give * GRAVITY
        velocity += (1.0 + lift / GRAVITY) * model.omega**2 * (place - zmp) * dt
        place += velocity * dt
        climb += lift * dt
        height += climb * dt
    assert then.place == pytest.approx(place, abs=1e-3)
    assert then.velocity == pytest.approx(velocity, abs=1e-2)
    assert (then.height, then.climb) == pytest.approx((height, climb), abs=2e-3)


def test_nobody_gives_way_who_could_not_stop_it(model: Biped) -> None:
    """A robot that is low and comes down already is not asked to come down faster, however hard it is pushed."""
    swing, low = Swing(-1.0, BESIDE, 0j), model.reach[LEFT].least_height
    for push in (-1.2j, 1.2 + 0j, -1.0 + 0.5j):
        found = searched(model, LEFT, Motion(-0.12j, push, low + 0.01, -0.5), swing, OFFSET)
        assert found.give <= 0.0


def test_who_gives_way_falls_aside_more_slowly(model: Biped) -> None:
    """Less weight tips less."""
    motion = Motion(0.1 + 0j, 0.5 + 0j, 0.63, 0.0)
    speeds = [abs(tipped(motion, 0j, model.omega, give, 0.25).velocity) for give in (0.0, 0.3, 0.6)]
    assert speeds == sorted(speeds, reverse=True)
    assert speeds[0] > 1.2 * speeds[2]


@pytest.mark.parametrize("velocity", [0.5 + 0j, -0.5 + 0j, -0.4j, 0.4 - 0.3j, 0.7 + 0j])
def test_a_moderate_fall_is_caught_by_the_first_step(model: Biped, velocity: complex) -> None:
    """The foot lands where the DCM will be, less what the next step wants of it."""
    found = caught(model, velocity)
    motion, reach = Motion(-0.12j, velocity, model.height, 0.0), model.reach[LEFT]
    dcm = motion.place + motion.velocity / model.omega
    x = np.clip(dcm.real - reach.middle, -reach.sole.real, reach.sole.real) + reach.middle
    zmp = complex(x, np.clip(dcm.imag, -reach.sole.imag, reach.sole.imag))
    then = tipped(motion, zmp, model.omega, found.give, found.duration)
    assert found.cost < 0.02
    assert then.place + then.velocity / model.omega - OFFSET == pytest.approx(found.position, abs=0.02)


@pytest.mark.parametrize("speed", [0.3, 0.6, 0.9, 1.2, 1.5])
@pytest.mark.parametrize("angle", np.linspace(0.0, 2.0 * np.pi, 8, endpoint=False).tolist())
def test_landings_are_within_what_legs_can_do(model: Biped, speed: float, angle: float) -> None:
    """Beside the stance foot, or clear of it; no farther than a swing gets in the time; no lower than allowed."""
    found, reach = caught(model, complex(speed * np.cos(angle), speed * np.sin(angle))), model.reach[LEFT]
    assert found.duration in DURATIONS
    assert found.give in GIVES
    way, flight = abs(found.position - BESIDE), found.duration - reach.transfer
    assert way <= reach.acceleration * flight**2 / 5.77 + 1e-9
    if crosses(found.position, -1.0, reach):
        assert abs(found.position.real) >= reach.clear - 0.03
        assert -found.position.imag >= -reach.past - 0.01
        hurried = complex(found.position.real / reach.early**2, found.position.imag)
        assert abs(hurried - BESIDE) <= reach.acceleration * flight**2 / 5.77 + 1e-9


def test_legs_cross_only_when_the_robot_falls_over_its_stance_foot(model: Biped) -> None:
    """A fall to the free side is stepped into; one over the stance foot cannot be."""
    free, over = caught(model, -0.6j), caught(model, 0.9j, place=-0.02j)
    assert -free.position.imag >= model.reach[LEFT].near
    assert -over.position.imag < model.reach[LEFT].near
    assert abs(over.position.real) >= model.reach[LEFT].clear - 0.03


def test_giving_way_helps_with_what_is_too_much_otherwise(model: Biped) -> None:
    """A hard push to the side costs less if the robot may give way; a light one makes it give way by nothing."""
    stiff, soft = (caught(model, -1.1j, -0.16j, gives) for gives in (np.zeros(1), GIVES))
    assert soft.give > 0.0
    assert soft.cost < 0.9 * stiff.cost
    assert caught(model, -0.05j, -0.06j).give == 0.0


def test_the_other_foot_is_the_mirror_image(model: Biped) -> None:
    """What the right foot does for a fall to the right, the left one does for one to the left."""
    motion, swing = Motion(0.12j, 0.3 + 0.5j, model.height, 0.0), Swing(1.0, 0.24j, 0j)
    left = searched(model, 1, motion, swing, OFFSET.conjugate())
    right = caught(model, 0.3 - 0.5j)
    assert left.position == pytest.approx(right.position.conjugate(), abs=1e-6)
    assert (left.duration, left.give) == (right.duration, right.give)


def test_without_time_nothing_is_found(model: Biped) -> None:
    """A step that is about to land keeps its landing: the cost says that there is no other."""
    motion, swing = Motion(0j, 0.5 + 0j, 0.63, 0.0), Swing(-1.0, BESIDE, 0j)
    found = searched(model, LEFT, motion, swing, OFFSET, elapsed=0.64)
    assert found.cost == np.inf


def test_longer_legs_catch_better(g1: RobotDescription) -> None:
    """The reach follows the leg: a hard push costs less."""
    short, long = (
        biped(
            g1, replace(GaitSettings(), catch=replace(CatchSettings(), stretch=stretch, swing_acceleration=200.0)), 0.68
        )
        for stretch in (0.8, 1.05)
    )
    assert caught(long, -1.1j, -0.16j).cost < 0.9 * caught(short, -1.1j, -0.16j).cost
