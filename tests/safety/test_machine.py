"""Limits, causes, and the reply cache of the safety state machine, one by one."""

import math
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from jepa_humanoid.robot.state import JointCommand, SensorSample
from jepa_humanoid.safety import Action, BodyMode, Cause, Decision, Reason, Safety, SafetyLimits

JOINTS = ("hip", "knee")
FIELDS = ("position", "velocity", "effort", "angular_velocity", "linear_acceleration")
TORQUE = JointCommand(0.0, np.ones(2), np.ones(2), np.ones(2))


def sample(stamp: float = 1.0) -> SensorSample:
    """What a working robot of two joints says."""
    return SensorSample(stamp, np.ones(2), np.ones(2), np.ones(2), np.zeros(3), np.array([0.0, 0.0, 9.81]))


def tick(safety: Safety, seen: SensorSample, tilt: float = 0.0, solved: bool = True) -> JointCommand:
    """One tick of a body that computes a torque whatever it is told."""
    decision = safety.see(seen)
    if decision.action is Action.REPEAT:
        return safety.repeat()
    if decision.action is Action.USE and safety.judge(True, tilt).action is Action.BALANCE:
        safety.balanced(solved, walking=False)
    return safety.reply(seen.stamp, replace(TORQUE, stamp=seen.stamp))


def balancing(limits: SafetyLimits | None = None) -> Safety:
    """A body that balances since the stamps 1.000 and 1.002."""
    safety = Safety(JOINTS, limits)
    tick(safety, sample(1.0))
    assert tick(safety, sample(1.002)).effort is not None
    assert safety.mode is BodyMode.STAND
    return safety


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(("value", "word"), [(np.nan, "NaN"), (np.inf, "inf"), (-np.inf, "-inf")])
def test_values_that_are_not_finite_are_named(field: str, value: float, word: str) -> None:
    """NaN or infinity in any field is refused, with field, joint or axis, and value."""
    safety, bad = balancing(), sample(1.004)
    getattr(bad, field)[1] = value
    refusal = safety.see(bad).refusal
    assert refusal is not None
    assert refusal.cause is Cause.NOT_FINITE
    where = f"{field}.y" if len(getattr(bad, field)) == 3 else f"{field} of knee"
    assert refusal.text == f"{where} is {word}"
    assert safety.mode is BodyMode.DAMPING
    assert safety.reason == refusal


@pytest.mark.parametrize("field", FIELDS)
def test_wrong_shapes_are_named(field: str) -> None:
    """A value too few, or a matrix, is refused, with both shapes."""
    for bad in (getattr(sample(), field)[:-1], getattr(sample(), field)[None]):
        refusal = balancing().see(replace(sample(1.004), **{field: bad})).refusal
        assert refusal is not None
        assert refusal.cause is Cause.WRONG_SHAPE
        assert f"{field} has shape {bad.shape}" in refusal.text


def test_stamp_that_is_no_number_is_refused() -> None:
    """A NaN stamp damps, and time goes on from the stamp before it."""
    safety = balancing()
    assert safety.see(sample(np.nan)).refusal == Reason(Cause.NOT_FINITE, "the stamp is NaN")
    assert tick(safety, sample(1.004)).effort is None
    assert safety.stand_up()
    assert tick(safety, sample(1.006)).effort is not None


def test_absurd_values_are_refused() -> None:
    """Finite numbers whose squares are not cannot come from a sensor."""
    refusal = balancing().see(replace(sample(1.004), effort=np.full(2, 1e200))).refusal
    assert refusal is not None
    assert refusal.cause is Cause.NOT_FINITE


@pytest.mark.parametrize(
    ("stamps", "cause", "figures"),
    [
        ((1.002, 1.002, 1.002), Cause.REPEATED, "1.002 s came 4 times"),
        ((0.9,), Cause.BACKWARD, "0.900 s came after 1.002 s"),
        ((1.06,), Cause.GAP, "nothing between 1.002 s and 1.060 s"),
    ],
)
def test_stale_stamps_are_faults(stamps: tuple[float, ...], cause: Cause, figures: str) -> None:
    """A frozen, backward or long-missing clock is a fault, and the reason has the figures."""
    safety = balancing(SafetyLimits(repeats=2))
    for stamp in stamps[:-1]:
        assert safety.see(sample(stamp)).refusal is None
    refusal = safety.see(sample(stamps[-1])).refusal
    assert refusal is not None
    assert refusal.cause is cause
    assert "stale" in refusal.text
    assert figures in refusal.text
    assert safety.mode is BodyMode.DAMPING


def test_lost_state_is_no_fault() -> None:
    """A gap of up to the limit is none, and repetitions are counted for each stamp anew."""
    safety = balancing(SafetyLimits(gap=0.05, repeats=1))
    for stamp in (1.05, 1.05, 1.09, 1.09, 1.13):
        assert tick(safety, sample(stamp)).effort is not None


def test_repeated_stamp_gets_the_same_reply() -> None:
    """A state that is sent again gets the very reply of before, and advances nothing."""
    safety = balancing()
    reply = tick(safety, sample(1.004))
    assert tick(safety, sample(1.004)) is reply
    assert tick(safety, sample(1.004), tilt=2.0) is reply


@pytest.mark.parametrize(
    "event",
    [
        lambda safety: safety.emergency_stop(),
        lambda safety: safety.fault(Reason(Cause.FAULT)),
        lambda safety: safety.go_limp(),
        lambda safety: safety.restart(),
        lambda safety: safety.refuse(1.002, Reason(Cause.UNREADABLE)),
        lambda safety: safety.see(sample(np.nan)),
    ],
)
def test_reply_counts_no_more(event) -> None:
    """After whatever ends the balancing, the last reply is not given again."""
    safety = balancing()
    event(safety)
    assert safety.repeat().effort is None
    assert safety.repeat().position is None


def test_reply_that_was_on_its_way_is_stopped() -> None:
    """A stop between the sample and its reply counts for that reply."""
    safety = balancing()
    safety.see(sample(1.004))
    assert safety.judge(True, 0.0).action is Action.BALANCE
    safety.emergency_stop()
    safety.balanced(True, walking=True)
    assert safety.reply(1.004, TORQUE).effort is None
    assert safety.mode is BodyMode.DAMPING


def test_sample_without_a_reply_is_answered_by_damping() -> None:
    """If the controller broke off in the middle of a tick, the state that comes again does not get an older torque."""
    safety = balancing()
    safety.see(sample(1.004))
    safety.judge(True, 0.0)
    assert safety.see(sample(1.004)).action is Action.REPEAT
    assert safety.repeat().effort is None
    assert safety.repeat().stamp == 1.004


def test_torque_that_is_not_finite_does_not_go_out() -> None:
    """What a controller that has lost its mind computes is not sent."""
    safety = balancing()
    safety.see(sample(1.004))
    safety.judge(True, 0.0)
    command = safety.reply(1.004, replace(TORQUE, effort=np.array([1.0, np.nan])))
    assert command.effort is None
    assert safety.reason.cause is Cause.BROKEN_COMMAND


def test_restart_of_a_simulated_target_is_followed() -> None:
    """A clock that begins anew is a simulation that was started again; a robot's clock never does that."""
    followed = balancing(SafetyLimits(follow_restart=True))
    assert followed.see(sample(0.1)).anew
    assert followed.mode is BodyMode.STAND
    assert balancing().see(sample(0.1)).refusal is not None
    late = balancing(SafetyLimits(follow_restart=True))
    assert late.see(sample(0.7)).refusal is not None


def test_restart_does_not_end_a_stop() -> None:
    """A target that starts anew under an emergency stop finds a controller that damps."""
    safety = balancing(SafetyLimits(follow_restart=True))
    safety.emergency_stop("button")
    assert tick(safety, sample(0.0)).effort is None
    assert safety.reason == Reason(Cause.EMERGENCY_STOP, "button")


def test_time_goes_on_after_a_jump() -> None:
    """After a jump back the estimator starts anew on the new clock: one jump is one fault."""
    safety = balancing()
    assert safety.see(sample(0.6)).refusal is not None
    decision = safety.see(sample(0.602))
    assert decision.action is Action.USE
    assert decision.anew
    assert not safety.see(sample(0.604)).anew


def test_jump_is_not_forgotten_over_a_broken_sample() -> None:
    """A broken sample on the new clock leaves the restart of the estimator to the first good one."""
    safety = balancing()
    bad = sample(0.6)
    bad.effort[0] = np.nan
    assert safety.see(bad).refusal is not None
    assert safety.see(sample(0.602)).anew


def test_first_cause_counts() -> None:
    """What goes wrong after the first fault does not hide it."""
    safety = balancing()
    safety.see(sample(0.6))
    first = safety.reason
    safety.see(sample(np.nan))
    safety.fault(Reason(Cause.FAULT, "later"))
    assert safety.reason == first


def test_tilt_limits_differ() -> None:
    """A robot that balances may lean farther than one that is to begin."""
    safety = balancing(SafetyLimits(tilt=0.8, engage_tilt=0.35))
    assert tick(safety, sample(1.004), tilt=0.6).effort is not None
    assert tick(safety, sample(1.006), tilt=0.9).effort is None
    assert (safety.mode, safety.reason.cause) == (BodyMode.FALLEN, Cause.FELL)
    assert safety.reason.text == "fell: tilted by 52° (limit 46°)"
    assert safety.stand_up()
    assert tick(safety, sample(1.008), tilt=0.6).effort is None
    assert (safety.mode, safety.reason.cause) == (BodyMode.FALLEN, Cause.NOT_UPRIGHT)


def test_tilt_that_is_no_number_is_a_fall() -> None:
    """A robot whose estimate has diverged is not balanced."""
    safety = balancing()
    assert tick(safety, sample(1.004), tilt=np.nan).effort is None
    assert safety.mode is BodyMode.FALLEN


def test_unsolved_ticks_in_a_row_end_it() -> None:
    """The last solution may be repeated as often as the limit says; one success in between starts the count anew."""
    safety = balancing(SafetyLimits(unsolved=2))
    for k, solved in enumerate((False, False, True, False, False)):
        assert tick(safety, sample(1.004 + 0.002 * k), solved=solved).effort is not None
    assert tick(safety, sample(1.02), solved=False).effort is None
    assert safety.reason.cause is Cause.UNSOLVED
    assert safety.failures == 5


def test_robot_that_is_not_to_stand_at_the_start_waits() -> None:
    """Without `stand_at_start` the first state is answered by damping, and standing up is a wish of people."""
    safety = Safety(JOINTS, SafetyLimits(stand_at_start=False))
    assert tick(safety, sample(1.0)).effort is None
    assert safety.reason == Reason(Cause.NOT_ASKED)
    assert safety.stand_up()
    assert tick(safety, sample(1.002)).effort is not None


def test_release_without_a_stop_hides_nothing() -> None:
    """Taking back a stop that nobody made leaves the reason as it is."""
    safety = balancing()
    safety.fault(Reason(Cause.FAULT, "a cable"))
    safety.release()
    assert safety.reason.text == "a cable"


@pytest.mark.parametrize(
    "wrong", [{"gap": 0.0}, {"repeats": -1}, {"tilt": 4.0}, {"engage_tilt": 0.9}, {"unsolved": -1}, {"gaps": 0.1}]
)
def test_impossible_limits_are_refused(wrong: dict[str, float]) -> None:
    """A limit that cannot be meant is refused by name."""
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        SafetyLimits(**wrong)


def lying(limits: SafetyLimits | None = None, rises: bool = True) -> Safety:
    """A body that was asked to stand up, and lies."""
    safety = Safety(JOINTS, limits, rises=rises)
    tick(safety, sample(1.0), tilt=1.5)
    assert safety.mode is BodyMode.FALLEN
    assert safety.stand_up()
    return safety


def test_a_robot_that_lies_gets_up_when_it_is_asked() -> None:
    """Only then, from the floor over getting up to balancing, and what it computes meanwhile reaches the motors."""
    safety = lying()
    assert tick(safety, sample(1.002), tilt=1.5).effort is not None
    assert safety.mode is BodyMode.GET_UP
    assert not safety.engaged
    safety.getting_up("half-way")
    assert (safety.reason.cause, safety.reason.text) == (Cause.GETTING_UP, "half-way")
    assert safety.stand_up()  # which it does already
    assert safety.mode is BodyMode.GET_UP
    safety.got_up()
    assert safety.see(sample(1.004)).anew
    assert safety.judge(True, 0.0) == Decision(Action.BALANCE, anew=True)
    assert safety.mode is BodyMode.STAND


@pytest.mark.parametrize(("rises", "action"), [(True, Action.GET_UP), (False, Action.DAMP)])
def test_who_lies_is_not_held_while_the_estimator_starts(rises: bool, action: Action) -> None:
    """Torques that carry a robot which stands are for one that is upright; one that lies gets up at once, or damps."""
    upright = Safety(JOINTS)
    upright.see(sample(1.0))
    assert upright.judge(False, 0.7).action is Action.HOLD
    safety = lying(rises=rises)
    assert safety.see(sample(1.002)).action is Action.USE
    assert safety.judge(False, 1.5).action is action
    assert safety.mode is (BodyMode.GET_UP if rises else BodyMode.FALLEN)


@pytest.mark.parametrize(
    ("braces", "limits", "tilt", "mode"),
    [
        (True, SafetyLimits(), 1.0, BodyMode.FALLING),
        (True, SafetyLimits(), math.nan, BodyMode.FALLEN),
        (True, SafetyLimits(brace=False), 1.0, BodyMode.FALLEN),
        (False, SafetyLimits(), 1.0, BodyMode.FALLEN),
    ],
)
def test_who_falls_braces_itself_if_it_may_and_knows_how(
    braces: bool, limits: SafetyLimits, tilt: float, mode: BodyMode
) -> None:
    """From balancing alone, and only where it is known to which side; nobody makes it stand before it lies."""
    safety = Safety(JOINTS, limits, braces=braces)
    tick(safety, sample(1.0))
    assert safety.engaged
    tick(safety, sample(1.002), tilt=tilt)
    assert (safety.mode, safety.reason.cause) == (mode, Cause.FELL)
    assert safety.stand_up() is (mode is not BodyMode.FALLING)
    if mode is BodyMode.FALLING:
        assert safety.judge(True, 1.2).action is Action.BRACE
        safety.lies()
        assert (safety.mode, safety.reason.cause) == (BodyMode.FALLEN, Cause.FELL)


def test_who_got_up_and_lies_again_does_not_try_for_ever() -> None:
    """One wish, one time: a robot that is not upright after all lies, and so does one that gives up."""
    safety = lying()
    tick(safety, sample(1.002), tilt=1.5)
    safety.got_up()
    tick(safety, sample(1.004), tilt=1.5)
    assert (safety.mode, safety.reason.cause) == (BodyMode.FALLEN, Cause.NOT_UPRIGHT)
    safety.stand_up()
    tick(safety, sample(1.006), tilt=1.5)
    safety.gave_up("five times in vain")
    assert (safety.mode, safety.reason.text) == (BodyMode.FALLEN, "five times in vain")
    assert tick(safety, sample(1.008), tilt=1.5).effort is None


@pytest.mark.parametrize("limits", [SafetyLimits(get_up=False), SafetyLimits()])
def test_who_may_not_or_cannot_get_up_stays_down(limits: SafetyLimits) -> None:
    """Where the limits forbid it, or nobody knows how, a robot that lies is not upright."""
    safety = lying(limits, rises=not limits.get_up)
    assert tick(safety, sample(1.002), tilt=1.5).effort is None
    assert safety.reason.cause is Cause.NOT_UPRIGHT


@pytest.mark.parametrize("end", ["stop", "gap", "fault"])
def test_getting_up_ends_as_balancing_does(end: str) -> None:
    """A stop, a gap between states and a fault damp at once."""
    safety = lying()
    tick(safety, sample(1.002), tilt=1.5)
    if end == "stop":
        safety.emergency_stop()
    elif end == "fault":
        safety.fault(Reason(Cause.FAULT))
    assert tick(safety, sample(1.5 if end == "gap" else 1.004), tilt=1.5).effort is None
    assert safety.mode is BodyMode.DAMPING
    assert safety.stand_up() is (end != "stop")


def test_a_target_that_starts_anew_gets_up_for_nobody() -> None:
    """A wish from before counts no more."""
    safety = Safety(JOINTS, SafetyLimits(follow_restart=True), rises=True)
    safety.stand_up()
    safety.restart()
    tick(safety, sample(0.0), tilt=1.5)
    assert safety.mode is BodyMode.FALLEN
