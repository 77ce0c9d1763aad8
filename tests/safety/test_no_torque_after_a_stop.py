"""Any sequence of samples, wishes and faults, against an oracle that knows nothing of modes but who may move.

The same rules run against the state machine, behind which stands a body that computes a torque whatever it is told, and
against a real body whose estimator says what the rules want it to say.
"""

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pinocchio as pin
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from jepa_humanoid.body import Body, BodySettings
from jepa_humanoid.locomotion.rising.motion import read_motion
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.state import BaseEstimate, JointCommand, SensorSample, VelocityCommand
from jepa_humanoid.safety import Action, BodyMode, Cause, Reason, Safety, SafetyLimits

UPRIGHT = (BodyMode.STAND, BodyMode.WALK)
FIELDS = ("position", "velocity", "effort", "angular_velocity", "linear_acceleration")


@dataclass(frozen=True)
class Situation:
    """What is found out about a sample that is used."""

    ready: bool = True
    tilt: float = 0.0
    solved: bool = True
    walking: bool = False
    low: bool = False
    """Whether who sits down has sat down; where nobody looks at the time, if who falls lies, and who rises stands."""
    hopeless: bool = False
    """Whether who rises gives up."""


class Careless:
    """A body with no sense of its own: it asks, and hands in a torque all the same."""

    def __init__(self, limits: SafetyLimits) -> None:
        self.safety = Safety(("hip", "knee"), limits, rises=True, braces=True)
        self.joints = 2

    def moves_on(self, mode: BodyMode, since: float, situation: Situation) -> bool | None:
        """Whether a robot that has been falling or rising so long [s] may move from now on; None if it goes on so."""
        if situation.low:
            return mode is BodyMode.GET_UP
        return False if mode is BodyMode.GET_UP and situation.hopeless else None

    def step(self, sample: SensorSample, situation: Situation) -> JointCommand:
        """One tick."""
        safety = self.safety
        decision = safety.see(sample)
        assert (decision.refusal is None) == (decision.action in (Action.USE, Action.REPEAT))
        if decision.action is Action.REPEAT:
            return safety.repeat()
        if decision.action is Action.USE:
            judged = safety.judge(situation.ready, situation.tilt)
            action, goes_on = judged.action, not judged.anew
            assert (action in (Action.BALANCE, Action.HOLD)) == (safety.mode in UPRIGHT)
            if action is Action.BALANCE:
                if situation.low:
                    safety.sat_down()
                safety.balanced(situation.solved, situation.walking)
            if action is Action.BRACE and goes_on and situation.low:
                safety.lies()
            if action is Action.GET_UP and goes_on and situation.low:
                safety.got_up()
            elif action is Action.GET_UP and goes_on and situation.hopeless:
                safety.gave_up("in vain")
        return safety.reply(sample.stamp, JointCommand(sample.stamp, np.ones(2), np.ones(2), np.ones(2)))

    def refuse(self, stamp: float) -> JointCommand:
        """Answer a state that is no sample."""
        assert self.safety.refuse(stamp, Reason(Cause.UNREADABLE)).refusal is not None
        return self.safety.reply(stamp)


class StubbedEstimator:
    """Says what a test wants to hear of a robot that stands; insists on what real ones rely on."""

    def __init__(self, body: Body) -> None:
        robot = body.robot
        self.configuration = robot.nominal_configuration.copy()
        self.velocity = np.zeros(robot.model.nv)
        self.contacts = (1.0, 1.0)
        self.ground_height = 0.0
        self.start_spin = self.foot_spin = 0.0
        self.sole_positions = self.foot_forces = np.zeros((2, 3))
        self.situation = Situation()
        self.reset()

    def reset(self) -> None:
        """Forget the time."""
        self.stamp = -math.inf

    @property
    def ready(self) -> bool:
        """As told."""
        return self.situation.ready

    def update(self, sample: SensorSample, _: object) -> BaseEstimate:
        """Lean as told."""
        assert self.stamp < sample.stamp < math.inf
        assert all(np.isfinite(getattr(sample, field)).all() for field in FIELDS)
        assert [len(getattr(sample, field)) for field in FIELDS] == [29, 29, 29, 3, 3]
        self.stamp = sample.stamp
        lean = pin.Quaternion(pin.utils.rotate("y", self.situation.tilt)).coeffs()
        return BaseEstimate(sample.stamp, self.configuration[:3], lean, np.zeros(3), np.zeros(3))


class Stubbed:
    """A real body with such an estimator, and a solver that fails when told to."""

    def __init__(self, limits: SafetyLimits) -> None:
        robot = load_robot("g1")
        self.body = Body(robot, BodySettings(safety=limits, sit_height=0.002, motion=read_motion(robot)))
        self.body._estimator = self.estimator = StubbedEstimator(self.body)
        self.joints = self.body.robot.joint_count
        controller = self.body._walker._controller
        self.hold = self.body.settings.motion.fall.hold
        solve = controller.solve
        controller.solve = lambda *terms: replace(solve(*terms), solved=self.estimator.situation.solved)

    def moves_on(self, mode: BodyMode, since: float, _: Situation) -> bool | None:
        """As above; a fall takes its time, and what these samples tell is not of a robot that rises."""
        return False if mode is BodyMode.FALLING and since >= self.hold else None

    @property
    def safety(self) -> Safety:
        """The one inside."""
        return self.body._safety

    def step(self, sample: SensorSample, situation: Situation) -> JointCommand:
        """One tick."""
        self.estimator.situation = situation
        command = self.body.step(sample, VelocityCommand(0.2 if situation.walking else 0.0))
        status = self.body.status
        assert status.mode is self.safety.mode
        assert status.cause is self.safety.reason.cause
        assert status.reason
        assert bool(status.emergency_stop) == (self.safety.stop is not None)
        return command

    def refuse(self, stamp: float) -> JointCommand:
        """Answer a state that is no sample."""
        return self.body.refuse(stamp, Cause.UNREADABLE)


def kind(command: JointCommand) -> str:
    """What a command does; one that does anything else is an error."""
    if command.position is not None and command.velocity is not None:
        return "moves"
    assert command.position is None
    assert command.effort is None
    if command.velocity is None:
        return "limp"
    assert not command.velocity.any()
    return "damps"


class Events(RuleBasedStateMachine):
    """The rules, and the oracle: a robot may move from a wish to stand until anything at all speaks against it.

    One that balanced and falls may move until it lies, and nobody can make it stand meanwhile. One that lies when it is
    asked to stand may move, to get up.
    """

    def make(self, limits: SafetyLimits) -> Any:
        """The one under test."""
        return Careless(limits)

    @initialize(follow=st.booleans(), stand=st.booleans())
    def begin(self, follow: bool, stand: bool) -> None:
        """Switch on."""
        self.limits = SafetyLimits(repeats=2, unsolved=2, follow_restart=follow, stand_at_start=stand)
        self.subject = self.make(self.limits)
        self.safety: Safety = self.subject.safety
        self.may_move, self.stopped, self.fresh = stand, False, True
        self.sitting = self.balances = False
        self.down: BodyMode | None = None
        self.asks, self.since = False, math.nan
        self.stamp, self.repeats, self.unsolved = math.nan, 0, 0
        self.last: JointCommand | None = None

    def sample(self, stamp: float) -> SensorSample:
        """What a working robot says."""
        n = self.subject.joints
        return SensorSample(stamp, np.zeros(n), np.zeros(n), np.ones(n), np.zeros(3), np.array([0.0, 0.0, 9.81]))

    # Samples

    situations = st.builds(
        Situation,
        ready=st.booleans() | st.just(True),
        tilt=st.sampled_from((0.0, 0.0, 0.0, 0.5, 1.0, math.inf, math.nan)),
        solved=st.booleans() | st.just(True),
        walking=st.booleans(),
        low=st.booleans(),
        hopeless=st.booleans(),
    )
    well = st.builds(Situation, walking=st.booleans())
    steps = st.sampled_from((0.002, 0.002, 0.02, 0.049, 0.06, 3.0, 0.0, 0.0, -0.002, -0.7))

    @rule(situation=well)
    def next_sample(self, situation: Situation) -> None:
        """All is well."""
        self.judge(self.sample(1.0 if math.isnan(self.stamp) else self.stamp + 0.002), None, situation)

    @rule(step=steps, situation=situations)
    def any_sample(self, step: float, situation: Situation) -> None:
        """A good, late, early or repeated one of a robot in whatever state."""
        self.judge(self.sample(1.0 if math.isnan(self.stamp) else self.stamp + step), None, situation)

    @rule(tilt=st.sampled_from((1.0, math.inf, math.nan)), low=st.booleans())
    def tip_over(self, tilt: float, low: bool) -> None:
        """A robot that stands falls, and lies at last or not yet."""
        for situation in (Situation(), Situation(), Situation(tilt=tilt), Situation(tilt=tilt, low=low)):
            self.next_sample(situation)

    @rule(low=st.booleans(), hopeless=st.booleans())
    def be_asked_where_it_lies(self, low: bool, hopeless: bool) -> None:
        """A robot that lies is to stand: it gets up, gives up, or goes on trying."""
        self.next_sample(Situation(tilt=1.0))
        self.stand_up()
        for situation in (Situation(tilt=1.0), Situation(tilt=1.0), Situation(tilt=1.0, low=low, hopeless=hopeless)):
            self.next_sample(situation)
        self.next_sample(Situation())

    @rule(stamp=st.sampled_from((0.0, 0.3, 0.6)), situation=situations)
    def begun_anew(self, stamp: float, situation: Situation) -> None:
        """The clock jumps to its beginning."""
        self.judge(self.sample(stamp), None, situation)

    @rule(step=steps, field=st.sampled_from(FIELDS), value=st.sampled_from((math.nan, math.inf, -math.inf)))
    def not_finite(self, step: float, field: str, value: float) -> None:
        """A sensor is broken."""
        bad = self.sample(1.0 if math.isnan(self.stamp) else self.stamp + step)
        getattr(bad, field)[-1] = value
        self.judge(bad, Cause.NOT_FINITE)

    @rule(step=steps, field=st.sampled_from(FIELDS))
    def wrong_shape(self, step: float, field: str) -> None:
        """A driver is of another robot."""
        bad = self.sample(1.0 if math.isnan(self.stamp) else self.stamp + step)
        self.judge(replace(bad, **{field: getattr(bad, field)[1:]}), Cause.WRONG_SHAPE)

    @rule(stamp=st.sampled_from((math.nan, math.inf, -math.inf)))
    def no_stamp(self, stamp: float) -> None:
        """A clock is broken."""
        self.judge(self.sample(stamp), Cause.NOT_FINITE)

    @rule(step=steps)
    def unreadable(self, step: float) -> None:
        """A message makes no sample."""
        stamp = 1.0 if math.isnan(self.stamp) else self.stamp + step
        before = self.may_move
        self.pass_time(stamp)
        self.may_move = False
        self.check_reply(self.subject.refuse(stamp), stamp)
        if before:
            assert self.safety.reason.cause in (Cause.UNREADABLE, Cause.EMERGENCY_STOP, Cause.NOT_ASKED)

    # Wishes

    def asked(self) -> Any:
        """Whom people ask."""
        return getattr(self.subject, "body", self.safety)

    @rule()
    def emergency_stop(self) -> None:
        """Somebody presses the button."""
        self.asked().emergency_stop()
        self.may_move, self.stopped = False, True
        assert self.safety.mode is BodyMode.DAMPING
        assert self.safety.reason.cause is Cause.EMERGENCY_STOP

    @rule()
    def release(self) -> None:
        """Somebody takes it back."""
        self.asked().release()
        self.stopped = False

    @rule()
    def stand_up(self) -> None:
        """Somebody wants the robot to stand."""
        falls = self.may_move and self.down is BodyMode.FALLING
        assert self.asked().stand_up() is not (self.stopped or falls)
        if not (self.stopped or falls):
            self.sitting, self.asks = False, not (self.may_move and self.balances)
            if not self.may_move:
                self.down = None
                self.may_move = self.fresh = True
                self.balances, self.repeats, self.unsolved, self.last = False, 0, 0, None

    @rule()
    def sit_down(self) -> None:
        """Somebody wants the robot to sit."""
        asked = self.asked().sit_down()
        assert not asked or (self.may_move and self.balances)
        self.sitting = asked

    @precondition(lambda self: self.may_move)
    @rule()
    def fault(self) -> None:
        """Something else breaks."""
        self.safety.fault(Reason(Cause.FAULT, "a cable"))
        self.may_move = False
        assert self.safety.reason.text == "a cable"

    @precondition(lambda self: self.may_move and self.balances)
    @rule(count=st.integers(1, 25), situation=well)
    def fall(self, count: int, situation: Situation) -> None:
        """A robot that balances falls, and is soon on the ground."""
        for _ in range(count):
            self.judge(self.sample(self.stamp + 0.04), None, replace(situation, tilt=1.0))

    @rule()
    def go_limp(self) -> None:
        """A program wants the joints limp."""
        self.asked().go_limp()
        self.may_move = False
        assert self.safety.mode is BodyMode.PASSIVE

    # The oracle

    def pass_time(self, stamp: float) -> Cause | None:
        """What is wrong with a stamp."""
        if not math.isfinite(stamp):
            return Cause.NOT_FINITE
        if stamp == self.stamp:
            self.repeats += 1
            return Cause.REPEATED if self.repeats > self.limits.repeats else None
        before, self.stamp, self.repeats, self.last = self.stamp, stamp, 0, None
        if stamp < before and stamp < self.limits.young and self.limits.follow_restart:
            self.fresh, self.balances, self.unsolved, self.sitting = True, False, 0, False
            self.down, self.asks = None, False
            self.may_move = self.limits.stand_at_start and not self.stopped
        if self.fresh:
            return None
        if stamp < before:
            self.fresh = True
            return Cause.BACKWARD
        return Cause.GAP if stamp - before > self.limits.gap and self.may_move else None

    def judge(self, sample: SensorSample, flaw: Cause | None, situation: Situation | None = None) -> None:
        """Send a sample, and compare everything that comes of it with what has to."""
        situation = situation or Situation()
        could_move, again = self.may_move, sample.stamp == self.stamp
        if flaw is not None:
            self.may_move = False
        expected = self.pass_time(sample.stamp)
        expected = flaw or expected
        restarted = self.may_move and not could_move
        if expected is not None:
            self.may_move = False
        elif not again:
            self.fresh = False
            self.look(situation)
        command = self.subject.step(sample, situation)
        cause = self.safety.reason.cause
        if cause is Cause.SAT_DOWN and self.may_move:
            assert self.sitting
            self.may_move = self.balances = False
        if expected is not None and could_move and not restarted:
            assert cause in (expected, Cause.NOT_ASKED, Cause.EMERGENCY_STOP)
        if again and expected is None and self.last is not None:
            assert command is self.last or not self.may_move
        self.check_reply(command, sample.stamp, again)

    def look(self, situation: Situation) -> None:
        """What becomes of a robot that may move by what is found out about it."""
        if not self.may_move:
            return
        if self.down is not None:
            moves_on = self.subject.moves_on(self.down, self.stamp - self.since, situation)
            if moves_on is not None:
                self.may_move, self.fresh = moves_on, True
                self.down = self.last = None
            return
        limit = self.limits.tilt if self.balances or not situation.ready else self.limits.engage_tilt
        if not situation.tilt <= limit:
            # Nobody knows where to one falls whose tilt is no number.
            falls = self.balances and math.isfinite(situation.tilt)
            self.may_move = falls or (self.asks and not self.balances)
            self.down = BodyMode.FALLING if falls else BodyMode.GET_UP
            self.since = self.stamp
            self.balances = self.sitting = self.asks = False
            return
        if not situation.ready:
            return
        self.balances, self.asks = True, False
        self.unsolved = 0 if situation.solved else self.unsolved + 1
        if self.unsolved > self.limits.unsolved:
            self.may_move = False

    def check_reply(self, command: JointCommand, stamp: float, again: bool = False) -> None:
        """Hold mode and command against each other, and against whether the robot may move."""
        mode, does = self.safety.mode, kind(command)
        assert command.stamp == stamp or math.isnan(stamp)
        assert (mode in UPRIGHT) == (self.may_move and self.down is None)
        assert (mode in (BodyMode.FALLING, BodyMode.GET_UP)) == (self.may_move and mode is self.down)
        if not self.may_move:
            self.balances = self.sitting = False
            self.unsolved = 0
            assert does == ("limp" if mode is BodyMode.PASSIVE else "damps")
        elif not again:
            assert does == "moves"
        elif self.last is None:
            assert does == "damps"
        if self.stopped:
            assert does != "moves"
        assert not self.stopped or kind(self.safety.repeat()) != "moves"
        self.last = command if self.may_move and does == "moves" else None

    def teardown(self) -> None:
        """Whatever happened, a stop stops, and nothing but a release and a wish ends it."""
        if not hasattr(self, "subject"):
            return
        self.asked().emergency_stop()
        stamp = 1.0 if math.isnan(self.stamp) else self.stamp
        for step in (0.0, 0.002, 0.002, -0.5, 0.004):
            stamp += step
            assert kind(self.subject.step(self.sample(stamp), Situation())) == "damps"
        assert not self.asked().stand_up()
        self.asked().release()
        assert kind(self.subject.step(self.sample(stamp), Situation())) == "damps"
        assert self.asked().stand_up()
        assert kind(self.subject.step(self.sample(stamp), Situation())) == "damps"
        assert kind(self.subject.step(self.sample(stamp + 0.002), Situation())) == "moves"


@cache
def stubbed(limits: SafetyLimits) -> Stubbed:
    """Made once: a body takes longer to make than to try."""
    return Stubbed(limits)


class EventsOfABody(Events):
    """The same rules around a real body."""

    def make(self, limits: SafetyLimits) -> Stubbed:
        """As new."""
        subject = stubbed(limits)
        subject.body.release()
        subject.body.restart()
        return subject


TestSafety = Events.TestCase
TestSafety.settings = settings(max_examples=120, stateful_step_count=60, deadline=None)
TestBody = EventsOfABody.TestCase
TestBody.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)
