"""Defaults are the G1's; another robot's are as much larger as it is, each as its unit says."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated
from xml.etree.ElementTree import Element

import pytest

from jepa_humanoid.control.settings import WholeBodySettings, whole_body_settings
from jepa_humanoid.estimation.settings import EstimatorSettings
from jepa_humanoid.locomotion.model.biped import biped
from jepa_humanoid.locomotion.model.felt_ground import FeltGround
from jepa_humanoid.locomotion.settings import GaitSettings, gait_settings
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.scale import G1, Scale, measured, scale_of, scaled, unit_of
from jepa_humanoid.robot.settings import settings_of
from jepa_humanoid.robot.units import METRE, METRE_PER_SECOND, NEWTON_METRE, PER_SQUARE_NEWTON_METRE, SECOND


def enlarge(root: Element, factor: float) -> None:
    """A robot of the same shape and density, so many times as long: lengths, masses and moments of its URDF."""
    for element in root.iter():
        if element.get("xyz") and element.tag != "axis":
            element.set("xyz", " ".join(str(factor * float(word)) for word in element.get("xyz", "").split()))
        if element.tag == "mass":
            element.set("value", str(factor**3 * float(element.get("value", ""))))
        if element.tag == "inertia":
            for name, value in element.items():
                element.set(name, str(factor**5 * float(value)))


@pytest.fixture
def giant(write_robot: Callable[..., Path], g1: RobotDescription) -> RobotDescription:
    """A G1 of 1.44 times its size."""
    feet = {
        side: {"frame": foot.frame, "corners": [[1.44 * x for x in corner] for corner in foot.corners]}
        for side, foot in g1.feet.items()
    }
    return load_robot(write_robot(lambda root: enlarge(root, 1.44), feet=feet))


def test_the_g1_is_as_large_as_itself(g1: RobotDescription) -> None:
    """What is written down of the G1 is what is measured, and so its settings are the defaults to the last digit."""
    for item in fields(Scale):
        assert getattr(measured(g1), item.name) == pytest.approx(getattr(G1, item.name), rel=1e-9)
    assert scale_of(g1) == Scale()
    assert gait_settings(g1) == GaitSettings()
    assert whole_body_settings(g1) == WholeBodySettings()
    assert settings_of(g1, "estimator", EstimatorSettings()) == EstimatorSettings()


def test_a_larger_robot_is_measured(giant: RobotDescription) -> None:
    """At 1.44 times the size everything takes 1.2 times as long, and weighs 1.44³ times as much."""
    scale = scale_of(giant)
    assert (scale.length, scale.width) == pytest.approx((1.44, 1.44), rel=1e-6)
    assert scale.time == pytest.approx(1.2, rel=1e-6)
    assert scale.weight == pytest.approx(1.44**3, rel=1e-6)


def test_settings_follow_their_units(giant: RobotDescription) -> None:
    """Lengths, times, speeds and torques of a larger robot are larger; angles and shares stay; so it walks alike."""
    gait, default = gait_settings(giant), GaitSettings()
    assert gait.step_width == pytest.approx(1.44 * default.step_width)
    assert gait.step_duration_range == pytest.approx([1.2 * time for time in default.step_duration_range])
    assert gait.velocity_limit == pytest.approx([1.2 * speed for speed in default.velocity_limit[:3]] + [1.0 / 1.2])
    assert gait.catch.past == pytest.approx(1.44 * default.catch.past)
    assert (gait.step_turn_range, gait.contact_threshold) == (default.step_turn_range, default.contact_threshold)
    contact = settings_of(giant, "estimator", EstimatorSettings()).contact
    assert contact.moment_deviation == pytest.approx(1.44**4 * 40.0)
    height = 1.44 * 0.68
    assert biped(giant, gait, height).omega == pytest.approx(biped(giant, default, 0.68).omega / 1.2)


def test_legs_count_for_no_more_than_the_pendulum(write_robot: Callable[..., Path]) -> None:
    """A robot whose trunk weighs next to nothing has its mass low: its steps are those of one that falls as fast."""

    def lighten(root: Element) -> None:
        for mass in root.findall("link[@name='torso_link']/inertial/mass"):
            mass.set("value", "0.5")

    robot = load_robot(write_robot(lighten))
    assert measured(robot).length == pytest.approx(G1.length)
    scale = scale_of(robot)
    assert scale.time < 0.97
    assert scale.length == pytest.approx(scale.time**2)


def test_weak_hips_are_asked_for_slower_feet(g1: RobotDescription) -> None:
    """A quarter of the torque gives a foot half the mean speed; more torque than the G1's gives no more."""
    hips = [k for k, name in enumerate(g1.joint_names) if name.endswith("hip_pitch_joint")]
    for factor, share in ((0.25, 0.5), (4.0, 1.0)):
        effort = g1.joints.effort.copy()
        effort[hips] *= factor
        gait = gait_settings(replace(g1, joints=replace(g1.joints, effort=effort)))
        assert gait.swing_speed == pytest.approx(share * GaitSettings.swing_speed, rel=1e-4)


def test_constants_of_the_gait_are_scaled(giant: RobotDescription) -> None:
    """What is written of a G1 in the walker's files is multiplied for a larger robot, too."""
    larger = biped(giant, gait_settings(giant), 1.0)
    assert (larger.size.length, larger.size.time, larger.speed) == pytest.approx((1.44, 1.2, 1.2), rel=1e-6)
    assert larger.reach[0].size == pytest.approx(1.44, rel=1e-6)
    ground = FeltGround(larger.size)
    ground.land(0.0, 0.0144)
    assert ground.roughness == pytest.approx(0.0)
    ground.land(0.0, 1.0)
    assert ground.roughness == pytest.approx(1.44 * 0.05)


def test_the_file_is_taken_as_it_is(giant: RobotDescription) -> None:
    """What a robot's block says, or whoever runs it, is not multiplied by anything."""
    gait = gait_settings(giant.with_overrides("gait.step_width=0.25; gait.catch.past=0.1"))
    assert (gait.step_width, gait.catch.past) == (0.25, 0.1)
    assert gait.swing_height == pytest.approx(1.44 * GaitSettings().swing_height)


def test_wide_soles_have_wide_steps(g1: RobotDescription) -> None:
    """Soles of 0.2 m width pass each other with 2 cm between them."""
    wide = replace(g1.feet["left"], corners=[(0.1, 0.1, -0.03), (0.1, -0.1, -0.03), (-0.1, 0.1, -0.03)])
    gait = gait_settings(replace(g1, feet={"left": wide, "right": replace(wide, frame=g1.feet["right"].frame)}))
    assert gait.step_width_range[0] >= 0.2 + 0.02
    assert gait.step_width > gait.step_width_range[0]


@pytest.mark.parametrize(("times", "more"), [(0.8, 1.0), (1.5, 1.23), (6.0, 1.58)])
def test_heavy_legs_count_on_more_friction(
    write_robot: Callable[..., Path], g1: RobotDescription, times: float, more: float
) -> None:
    """As much more as they are a larger share of the robot, up to what a robot that falls counts on, which stays."""

    def weigh(root: Element) -> None:
        for link in root.iter("link"):
            if any(part in link.get("name", "") for part in ("hip", "knee", "ankle")):
                for mass in link.iter("mass"):
                    mass.set("value", str(times * float(mass.get("value", ""))))

    ours, default = whole_body_settings(load_robot(write_robot(weigh))), WholeBodySettings()
    assert ours.friction == pytest.approx(more * default.friction, rel=0.02)
    assert ours.friction * ours.catch.friction == pytest.approx(default.friction * default.catch.friction)


def test_one_rule_a_unit() -> None:
    """Numbers, tuples of one or of several units, mappings and settings within settings are all multiplied."""

    @dataclass(frozen=True)
    class Inner:
        torque: Annotated[float, NEWTON_METRE] = 2.0

    @dataclass(frozen=True)
    class Outer:
        share: float = 0.5
        pair: Annotated[tuple[float, float], SECOND] = (1.0, 2.0)
        mixed: tuple[Annotated[float, METRE], float] = (1.0, 1.0)
        named: Annotated[dict[str, float], PER_SQUARE_NEWTON_METRE] = None  # type: ignore[assignment]
        inner: Inner = Inner()

    twice = scaled(Outer(named={"arm": 36.0}), Scale(length=2.0, time=3.0, weight=3.0))
    assert twice == Outer(0.5, (3.0, 6.0), (2.0, 1.0), {"arm": 1.0}, Inner(12.0))
    assert Scale(length=3.0, time=2.0).of(METRE_PER_SECOND) == 1.5


def test_rules_are_readable() -> None:
    """What a unit goes with is said in the letters of the documentation."""
    assert [unit.rule for unit in (METRE, METRE_PER_SECOND, NEWTON_METRE, PER_SQUARE_NEWTON_METRE)] == [
        "l",
        "l/t",
        "m l",
        "1/(m² l²)",
    ]
    assert unit_of(Annotated[float, SECOND]) is SECOND
    assert unit_of(float) is None
