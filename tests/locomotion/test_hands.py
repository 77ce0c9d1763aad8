"""Hands that are asked to be somewhere: refused, limited, led, left alone."""

import math
from dataclasses import replace

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.control.dynamics import Dynamics, Part
from jepa_humanoid.control.target import HandMotion
from jepa_humanoid.locomotion.errors import HandError
from jepa_humanoid.locomotion.hands import HandState, check_hand, check_side
from jepa_humanoid.locomotion.model.hands import Hands, arm_of
from jepa_humanoid.locomotion.posture import Posture
from jepa_humanoid.locomotion.settings import HandSettings, PostureSettings, gait_settings
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.state import ODOM, HandTarget

DT = 0.002
UNTURNED = np.array([0.0, 0.0, 0.0, 1.0])


class Still:
    """A robot that does not move, whatever its hands are asked; or whose left hand goes where it is led."""

    def __init__(self, robot: RobotDescription, settings: HandSettings | None = None) -> None:
        self.robot = robot
        self.dynamics = Dynamics(robot)
        self.q = robot.nominal_configuration
        self.dynamics.update(self.q, np.zeros(robot.model.nv))
        self.posture = Posture(robot, PostureSettings())
        self.hands = Hands(robot, settings or HandSettings())

    @property
    def start(self) -> np.ndarray:
        """Of the left hand."""
        return self.dynamics.position[Part.LEFT_HAND].copy()

    def tick(self, *, obeys: bool = True, catching: bool = False) -> HandMotion | None:
        """Lead on by a tick."""
        motions = self.hands.advance(self.dynamics, self.q, self.posture, 0.0, catching, DT)
        if motions is None or motions[0] is None:
            return None
        if obeys:
            self.dynamics.position[Part.LEFT_HAND] = motions[0].position
            self.dynamics.rotation[Part.LEFT_HAND] = motions[0].rotation
        return motions[0]

    def ask(self, place: np.ndarray, orientation: np.ndarray = UNTURNED, frame: str = ODOM) -> None:
        """Of the left hand."""
        self.hands.ask(HandTarget("left", place, orientation, frame))


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (HandTarget("left", np.array([math.nan, 0, 0]), UNTURNED), "finite"),
        (HandTarget("left", np.zeros(3), np.array([0, 0, 0, 0.5])), "unit quaternion"),
        (HandTarget("left", np.zeros(2), UNTURNED), "a point and a quaternion"),
        (HandTarget("left", np.zeros(3), UNTURNED, "map"), "not in 'map'"),
        (HandTarget("middle", np.zeros(3), UNTURNED), "no middle hand; its file names left and right"),
    ],
)
def test_what_is_no_place_is_refused(g1: RobotDescription, target: HandTarget, said: str) -> None:
    """In one sentence, before it reaches a controller."""
    with pytest.raises(HandError, match=said):
        check_hand(g1, target)


def test_a_robot_without_hands_has_none_to_ask(g1: RobotDescription) -> None:
    """Neither to be somewhere, nor to be let go."""
    handless = replace(g1, hands={})
    with pytest.raises(HandError, match="g1 has no left hand; its file names none"):
        check_hand(handless, HandTarget("left", np.zeros(3), UNTURNED))
    with pytest.raises(HandError, match="no right hand"):
        check_side(handless, "right")


def test_an_arm_is_as_long_as_its_links(g1: RobotDescription) -> None:
    """It hangs on the shoulder, and reaches as far as a stretched arm; nothing it can do reaches farther."""
    arm, rng = arm_of(g1, "left"), np.random.default_rng(0)
    model, data = g1.model, g1.model.createData()
    assert g1.joint_names[arm.joints[0]] == "left_shoulder_pitch_joint"
    for _ in range(200):
        q = g1.nominal_configuration
        q[7:] = rng.uniform(g1.joints.lower, g1.joints.upper)
        pin.framesForwardKinematics(model, data, q)
        shoulder = data.oMf[g1.frame_id(g1.frames.torso)].act(arm.shoulder)
        distance = np.linalg.norm(data.oMf[g1.frame_id("left_hand_point")].translation - shoulder)
        assert arm.reach[0] - 0.03 < distance < arm.reach[1] + 0.01


def test_a_hand_sets_out_from_where_it_is_and_keeps_its_limits(g1: RobotDescription) -> None:
    """A jump of 15 cm is gone with limited acceleration and speed, and comes to rest there."""
    settings = HandSettings(speed=(0.3, 2.0), acceleration=(2.0, 12.0), integral_rate=0.0)
    still = Still(g1, settings)
    place = still.start + np.array([0.1, 0.0, 0.11])
    speeds, last = [0.0], still.start
    for tick in range(1000):
        if tick % 10 == 0:
            still.ask(place)
        motion = still.tick()
        assert motion is not None
        speeds.append(float(np.linalg.norm(motion.position - last)) / DT)
        last = motion.position
    assert max(speeds) == pytest.approx(0.3, rel=0.01)
    assert np.abs(np.diff(speeds)).max() <= 2.0 * DT * 1.01
    assert last == pytest.approx(place, abs=1e-3)
    assert still.hands.status[0].state is HandState.FOLLOWS


def test_a_hand_is_not_late_behind_a_moving_place(g1: RobotDescription) -> None:
    """On a circle at 20 cm/s, asked for 50 times a second, the reference is where it was asked to be."""
    still, radius, late = Still(g1, HandSettings(integral_rate=0.0)), 0.1, []
    middle = still.start + np.array([0.12, 0.0, 0.12])

    def asked(time: float) -> np.ndarray:
        return middle + radius * np.array([np.sin(2.0 * time), 0.0, np.cos(2.0 * time)])

    for tick in range(2000):
        if tick % 10 == 0:
            still.ask(asked(tick * DT))
        motion = still.tick()
        assert motion is not None
        if tick > 1000:
            late.append(np.linalg.norm(motion.position - asked(tick * DT)))
    assert max(late) < 0.008


def test_what_is_out_of_reach_is_reached_for(g1: RobotDescription) -> None:
    """As far as the arm is long, and it is said."""
    still, arm = Still(g1), arm_of(g1, "left")
    for _ in range(1500):
        still.ask(still.start + np.array([2.0, 0.0, 0.0]))
        motion = still.tick()
    assert motion is not None
    shoulder = still.dynamics.rotation[Part.TORSO] @ arm.shoulder + still.dynamics.position[Part.TORSO]
    assert np.linalg.norm(motion.position - shoulder) == pytest.approx(0.95 * arm.reach[1], abs=0.002)
    assert still.hands.status[0].state is HandState.OUT_OF_REACH


def test_nobody_asks_any_more_and_the_hand_stays(g1: RobotDescription) -> None:
    """On its way it stops, and stays there; asked anew it goes on."""
    still = Still(g1, HandSettings(speed=(0.1, 2.0), patience=0.2, integral_rate=0.0))
    place = still.start + np.array([0.1, 0.0, 0.1])
    still.ask(place)
    places = [motion.position for _ in range(500) if (motion := still.tick()) is not None]
    assert places[-1] == pytest.approx(places[-200], abs=1e-6)
    assert np.linalg.norm(places[-1] - place) > 0.1
    assert still.hands.status[0].state is HandState.STALE
    still.ask(place)
    still.tick()
    assert still.hands.status[0].state is HandState.FOLLOWS


def test_a_hand_that_is_held_up_is_waited_for(g1: RobotDescription) -> None:
    """The reference stays within the leash, and what is taken out of the error within its limit."""
    settings = HandSettings(leash=(0.05, 0.3), integral_limit=(0.02, 0.1))
    still, start = Still(g1, settings), Still(g1).start
    for _ in range(2000):
        still.ask(start + np.array([0.15, 0.0, 0.15]))
        motion = still.tick(obeys=False)
    assert motion is not None
    assert np.linalg.norm(motion.position - start) == pytest.approx(0.07, abs=1e-3)
    assert still.hands.status[0].state is HandState.HELD_UP


def test_hands_give_way_and_go_on(g1: RobotDescription) -> None:
    """A robot that catches itself has them stay, draws arms to where they are, and goes on from there."""
    still = Still(g1)
    still.q[7:] += 0.1
    still.ask(still.start + np.array([0.1, 0.0, 0.1]))
    motion = still.tick(catching=True)
    assert motion is not None
    assert motion.position == pytest.approx(still.start)
    assert not motion.velocity.any()
    arm = list(g1.groups["left_arm"])
    assert still.posture.joints[arm] == pytest.approx(still.q[7:][arm])
    assert still.hands.status[0].state is HandState.GIVES_WAY
    still.tick()
    assert still.hands.status[0].state is HandState.FOLLOWS


def test_a_hand_that_is_let_go_goes_back_slowly(g1: RobotDescription) -> None:
    """Its arm's posture begins where the arm is, and the hand is nobody's."""
    still = Still(g1)
    still.q[7:] += 0.3
    still.ask(still.start)
    still.tick()
    still.hands.let_go("left")
    assert still.tick() is None
    assert not still.hands.active
    assert still.hands.status == ()
    arm = list(g1.groups["left_arm"])
    assert still.posture.joints[arm] == pytest.approx(still.q[7:][arm])
    still.posture.advance(0.1)
    assert np.abs(still.posture.joints - still.q[7:])[arm].max() == pytest.approx(0.15)


def test_a_place_by_the_robot_moves_with_it(g1: RobotDescription) -> None:
    """Of one in base_footprint the velocity of the base is part; of one in odom it is not."""
    for frame, ahead in (("base_footprint", 0.3), (ODOM, 0.0)):
        still = Still(g1)
        v = np.zeros(g1.model.nv)
        v[0] = 0.3
        still.dynamics.update(still.q, v)
        still.hands.ask(HandTarget("left", still.start, UNTURNED, frame))
        motion = still.tick()
        assert motion is not None
        assert motion.velocity[0] == pytest.approx(ahead, abs=0.01)


def test_hands_keep_out_of_trunk_and_thighs(g1: RobotDescription) -> None:
    """Asked through the body to its other side, a hand goes around; asked into it, it stays before it and says so."""
    still = Still(g1)
    base = still.dynamics.position[Part.BASE]
    lines = still.hands._lines + base
    left, right, inside = (base + np.array((0.05, y, 0.2)) for y in (0.25, -0.25, 0.02))
    nearest = []
    for tick in range(3000):
        still.ask(left if tick < 1000 else right if tick < 2000 else inside)
        motion = still.tick()
        assert motion is not None
        if tick == 1999:
            assert motion.position == pytest.approx(right, abs=0.01)
        nearest.append(min(_distance(motion.position, line) for line in lines[:1]))
    assert min(nearest) > 0.16 - 0.005
    assert still.hands.status[0].state is HandState.OUT_OF_REACH
    assert nearest[-1] == pytest.approx(0.16, abs=0.005)


def _distance(place: np.ndarray, line: np.ndarray) -> float:
    begin, end = line
    share = np.clip((end - begin) @ (place - begin) / ((end - begin) @ (end - begin)), 0.0, 1.0)
    return float(np.linalg.norm(place - begin - share * (end - begin)))


def test_the_lines_of_a_body_are_its_trunk_and_thighs(g1: RobotDescription) -> None:
    """The trunk stands on the base, up to the shoulders; thighs hang from it, to the left and to the right."""
    trunk, left, right = Still(g1).hands._lines
    assert trunk[0] == pytest.approx(0.0)
    assert trunk[1] == pytest.approx((0.0, 0.0, 0.29), abs=0.02)
    assert left[:, 1].min() > 0.05
    assert right[:, 1].max() < -0.05
    assert left[1, 2] < left[0, 2] - 0.2


def test_the_nominal_posture_keeps_clear_of_the_body() -> None:
    """Of both robots: hands that hang are not pushed away."""
    for name in ("g1", "talos"):
        robot = load_robot(name)
        dynamics = Dynamics(robot)
        dynamics.update(robot.nominal_configuration, np.zeros(robot.model.nv))
        hands = Hands(robot, gait_settings(robot).hands)
        for side, hand in zip((0, 1), (Part.LEFT_HAND, Part.RIGHT_HAND), strict=True):
            place = dynamics.position[hand] - dynamics.position[Part.BASE]
            kept = zip(hands._lines, hands._clearance, strict=True)
            assert all(_distance(place, line) > clearance for line, clearance in kept), (name, side)
