"""A simulated target waits for its controller in lock-step, damps when it is gone, and follows the wall otherwise."""

import pytest

from jepa_humanoid.robot.state import JointCommand
from jepa_humanoid.simulation.pacing import RESEND_PERIOD, Pace, Pacer, PacingSettings, Turn

PERIOD = 2_000_000


def make(**settings: float | bool) -> Pacer:
    """A pacer at wall time 0, with 500 periods a second."""
    return Pacer(PacingSettings(1e-9 * PERIOD, **settings), 0.0)  # type: ignore[arg-type]


def command(stamp: int) -> JointCommand:
    """An answer to the state of a stamp [ns]."""
    return JointCommand.damping(1e-9 * stamp, 1)


def in_lock_step(**settings: float | bool) -> Pacer:
    """A pacer whose first state was answered at wall time 0."""
    pacer = make(**settings)
    assert pacer.hear(0, command(0), 0, 0.0) is Turn.ADVANCE
    pacer.advanced(0.0)
    pacer.shown(0.0)
    return pacer


def test_first_command_is_waited_for_without_end() -> None:
    """Time stands still, and the state is shown again and again."""
    pacer = make()
    for k in range(1000):
        assert pacer.look(0, RESEND_PERIOD * k) is Turn.SHOW
    assert pacer.pace is Pace.WAITING


def test_an_answer_lets_one_period_pass() -> None:
    """Only the command that answers the last state does, and it is the one that counts."""
    pacer = in_lock_step()
    assert pacer.pace is Pace.LOCK_STEP
    assert pacer.hear(0, command(0), PERIOD, 0.001) is Turn.NOTHING
    answer = command(PERIOD)
    assert pacer.hear(PERIOD, answer, PERIOD, 0.001) is Turn.ADVANCE
    assert pacer.command is answer


@pytest.mark.parametrize(("factor", "wait"), [(1.0, 0.004), (0.5, 0.008), (0.0, 0.0)])
def test_time_is_never_faster_than_asked_for(factor: float, wait: float) -> None:
    """A prompt controller waits for the wall; without a limit it does not."""
    pacer = in_lock_step(real_time_factor=factor)
    pacer.hear(PERIOD, command(PERIOD), PERIOD, 0.0)
    assert pacer.advanced(0.0) == pytest.approx(wait)


def test_lost_time_is_made_up_for_in_part() -> None:
    """After a stall periods may follow each other faster, but not for ever."""
    pacer = in_lock_step()
    stamp, now, prompt = 0, 10.0, 0
    while True:
        stamp += PERIOD
        assert pacer.hear(stamp, command(stamp), stamp, now) is Turn.ADVANCE
        if pacer.advanced(now) > 0.0:
            break
        prompt += 1
    assert 5 <= prompt <= 11


def test_a_controller_that_is_gone_makes_it_damp() -> None:
    """After the timeout, counted in states without an answer, time goes on at the wall's pace, without a command."""
    pacer = in_lock_step(command_timeout=0.2)
    now, turns = 0.0, []
    while pacer.pace is Pace.LOCK_STEP:
        now += 1.01 * RESEND_PERIOD
        turns.append(pacer.look(PERIOD, now))
        pacer.shown(now)
    assert turns == [Turn.SHOW] * 3 + [Turn.ADVANCE]
    assert pacer.pace is Pace.DAMPING
    assert pacer.command is None
    assert pacer.advanced(now) == 0.0
    assert pacer.next_look == pytest.approx(now + 0.002)


def test_a_state_just_shown_may_still_be_answered() -> None:
    """The look that comes too early does nothing but come back."""
    pacer = in_lock_step()
    assert pacer.look(PERIOD, 0.01) is Turn.NOTHING
    assert pacer.next_look == pytest.approx(RESEND_PERIOD)


@pytest.mark.parametrize(("age", "pace"), [(PERIOD, Pace.LOCK_STEP), (200_000_000, Pace.DAMPING), (-1, Pace.DAMPING)])
def test_a_new_controller_takes_over(age: int, pace: Pace) -> None:
    """While it damps, an answer that is a little late ends that; an old one, or one to the future, does not."""
    pacer = in_lock_step(command_timeout=0.05)
    pacer.look(PERIOD, 0.06)
    assert pacer.pace is Pace.DAMPING
    stamp = 500_000_000
    assert pacer.hear(stamp - age, command(stamp - age), stamp, 1.0) is Turn.NOTHING
    assert pacer.pace is pace


def test_free_running_follows_the_wall() -> None:
    """Without lock-step the last command counts until it is stale, and then the robot damps."""
    pacer = make(lock_step=False, stale_command=0.02)
    assert pacer.look(0, 0.0) is Turn.SHOW
    first = command(0)
    pacer.hear(0, first, 0, 0.1)
    assert (pacer.pace, pacer.next_look) == (Pace.FREE, 0.1)
    for k in range(11):
        assert pacer.look(PERIOD * k, 0.1 + 0.002 * k) is Turn.ADVANCE
        assert pacer.command is first
        pacer.advanced(0.1 + 0.002 * k)
    assert pacer.look(PERIOD * 11, 0.122) is Turn.ADVANCE
    assert (pacer.pace, pacer.command) == (Pace.DAMPING, None)
    pacer.hear(PERIOD * 11, command(PERIOD * 11), PERIOD * 12, 0.124)
    assert pacer.pace is Pace.FREE


def test_a_command_from_before_a_restart_does_not_count() -> None:
    """Its stamp is still to come on the clock that began anew."""
    pacer = make(lock_step=False)
    pacer.hear(5_000_000_000, command(5_000_000_000), 0, 0.1)
    assert pacer.pace is Pace.WAITING
