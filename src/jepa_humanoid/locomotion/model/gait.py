"""The gait as a state machine: which phase is on, and when the next one begins.

Stand ──command──► Shift ──over──► Step ──landed──► Step ...
│                  │               ▲  └──landed, idle and tidy──► Stand
└──── DCM leaves the support ──────┘
"""

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.geometry import wrap_angle
from jepa_humanoid.locomotion.model.biped import Biped
from jepa_humanoid.locomotion.model.capture import Motion
from jepa_humanoid.locomotion.model.catching import find_catch
from jepa_humanoid.locomotion.model.feet import Feet, middle
from jepa_humanoid.locomotion.model.footsteps import FootstepPlanner
from jepa_humanoid.locomotion.model.phases import Shift, Stand, Step
from jepa_humanoid.locomotion.model.plane import clamp
from jepa_humanoid.locomotion.model.support import support_of
from jepa_humanoid.locomotion.walker import LEFT, RIGHT
from jepa_humanoid.robot.state import VelocityCommand

_SIDEWAYS = 0.05
"""Lateral velocity of a G1 above which it, and not the turn, says which foot goes first [m/s]."""
_HEIGHT_RATE, _HEIGHT_TIME = 0.1, 0.1
"""With which a G1's centre of mass goes from where it was found to the pendulum's height: at most [m/s], and time
constant at the end [s]."""
_FAR_TIME = 0.4
"""Time in which a G1's comes back from far off, as after a step up [s]."""
_LEAN_TIME = 0.4
"""Time constant with which the way from a G1's base to its centre of mass is known [s]: of a step."""
_SINK = 0.3
"""Rate with which a G1's centre of mass goes down, while a foot searches for the ground, so that it comes there
[m/s]."""
_CLIMB_TIME, _LIFT = 0.05, (1.0, 8.0)
"""Time constant of that rate [s], and greatest acceleration down and up [m/s²]."""
_NEAR = 0.06
"""Distance of a G1's reference pose from the feet's middle within which nothing is left to walk [m]."""
_ABREAST, _WIDTH_ERROR, _PARALLEL = 0.05, 0.06, 0.2
"""How far a G1's feet that stand tidily may be from side by side [m], from the step's width [m] and from parallel
[rad]."""


class Gait:
    """Stands, shifts its weight, steps, and catches itself by stepping.

    Attributes:
        phase: What the feet are doing.
        planner: Where the robot should go.
        feet: Where the feet are.
        dcm: Measured DCM [m].
        zmp: ZMP asked for [m].
        motion: Measured motion of the centre of mass.
        height: Asked of the centre of mass above the ground [m].
        climb: Its rate [m/s].
        lift: And its acceleration [m/s²].
        raised: By how much the centre of mass shall be higher than the walk has it [m].
    """

    def __init__(self, biped: Biped, feet: Feet, base: complex, dcm: complex, height: float) -> None:
        """Stand.

        Args:
            biped: The robot.
            feet: Where its feet are.
            base: Where its base is [m].
            dcm: Where its DCM is [m].
            height: Of its centre of mass above the ground [m].
        """
        self._biped = biped
        self.feet = feet
        self.dcm = self.zmp = dcm
        self.height = height
        self.climb = self.lift = self.raised = 0.0
        self.motion = Motion(dcm, 0j, height, 0.0)
        self.planner = FootstepPlanner(biped, middle(feet))
        self.planner.from_base = self.planner.forward.conjugate() * (self.planner.place - base)
        self.phase: Stand | Shift | Step = Stand(biped, support_of(feet, biped.outlines), dcm)

    @property
    def ground(self) -> float:
        """Height of the ground under the centre of mass, as the soles that carry it know it [m]."""
        foot = self.feet[self.phase.stance] if isinstance(self.phase, Step) else middle(self.feet)
        return foot.height + self.planner.ground.rise(self.motion.place - foot.place)

    def advance(
        self,
        motion: Motion,
        base: complex,
        feet: Feet,
        command: VelocityCommand,
        contacts: tuple[float, float],
        dt: float,
    ) -> None:
        """One tick.

        Args:
            motion: Measured, of the centre of mass in ``odom``.
            base: Where the base is [m].
            feet: Where the feet are estimated to be; whoever follows them is not pulled by a drift of the odometry.
            command: Velocity asked for.
            contacts: Contact probability of the left and the right foot.
            dt: Since the last tick [s].
        """
        known = self.ground + self.height
        self.motion = motion
        self.dcm = motion.place + motion.velocity / self._biped.omega
        self.planner.obey(command)
        self.planner.seen.advance(dt)
        self._lean(base, dt)
        self._advance_phase(contacts, dt)
        self.feet = feet
        self._feel_ground(dt)
        # Another foot may know better where the ground is: the centre of mass goes on from where it was.
        self.height = known - self.ground
        self._move_height(dt)

    def _feel_ground(self, dt: float) -> None:
        phase = self.phase
        if isinstance(phase, Step) and not (phase.double_support or phase.catching):
            self.planner.ground.stand(phase.stance, self.feet[phase.stance], dt)

    def _lean(self, base: complex, dt: float) -> None:
        """Find out where in the robot its centre of mass is, without what a step sways."""
        if not (isinstance(self.phase, Step) and self.phase.catching):
            known = self.planner.from_base
            now = self.planner.forward.conjugate() * (self.motion.place - base)
            self.planner.lean(known + (now - known) * min(1.0, dt / (_LEAN_TIME * self._biped.size.time)))

    def _move_height(self, dt: float) -> None:
        """Give way while that buys time for a step; come back after it."""
        c, phase, walking = self._biped.settings.catch, self.phase, self._biped.height + self.raised
        if isinstance(phase, Step) and phase.catching:
            # No more is promised than what was had: nothing is made up for later.
            self.height, self.climb = self.motion.height - self.ground, self.motion.climb
            if phase.give <= 0.0 and self.climb < 0.0:
                self.lift = c.lift[1]
            elif phase.time < phase.landing.duration:
                self.lift = -phase.give * GRAVITY
            else:
                down, up = c.lift
                self.lift = clamp(c.rise**2 * (walking - self.height) - 2.0 * c.rise * self.climb, -down, up)
        else:
            if isinstance(phase, Step) and phase.footing is not None:
                walking += self._biped.settings.footing.dip * min(0.0, phase.footing.rise)
            pace, missing = self._biped.size.time, walking - self.height
            most = max(_HEIGHT_RATE * self._biped.speed, abs(missing) / (_FAR_TIME * pace))
            wanted = clamp(missing / (_HEIGHT_TIME * pace), -most, most)
            if isinstance(phase, Step) and phase.searching:
                wanted = -_SINK * self._biped.speed
            down, up = _LIFT
            self.lift = clamp((wanted - self.climb) / (_CLIMB_TIME * pace), -down, up)
        self.climb += self.lift * dt
        self.height += self.climb * dt

    def _advance_phase(self, contacts: tuple[float, float], dt: float) -> None:
        """Let the phase act, and choose the next one: all transitions are here."""
        phase, planner, dcm = self.phase, self.planner, self.dcm
        if isinstance(phase, Step):
            phase.time += dt
        elif isinstance(phase, Stand):
            self.zmp = phase.advance(dcm, dt)
            if phase.support.share(dcm) > self._biped.settings.capture_fraction:
                phase = self._catch()
            elif planner.wants_to_move:
                phase = self._shift(phase)
        else:
            planner.move(dt)
            self.zmp = phase.advance(dcm, dt)
            if phase.support.share(dcm) > 1.0:
                phase = self._catch()
            elif phase.progress >= 1.0:
                phase = self._step(phase.stance)
        if isinstance(phase, Step):
            planner.move(dt)
            catching = phase.catching
            self.zmp = phase.advance(self.motion, self.feet, contacts, dt)
            if phase.double_support and phase.catching and not catching:
                stance = self._better_stance(phase.stance)
                if stance != phase.stance:
                    phase = self._step(stance, catching=True)
            if phase.landed:
                self._find_ground(phase)
                phase = self._after(phase)
        self.phase = phase

    def _find_ground(self, step: Step) -> None:
        """Compare where a foot has landed with where the ground was expected."""
        if not step.catching:
            stance, landed = self.feet[step.stance], self.feet[1 - step.stance]
            expected = stance.height + step.rise(landed.place - stance.place)
            self.planner.ground.land(expected, landed.height)

    def _shift(self, stand: Stand) -> Shift:
        """Prepare to walk: the foot on the side that the robot moves or turns to goes first."""
        self.planner.rest_at(middle(self.feet))
        lateral, turn = self.planner.asked.imag, self.planner.asked_turn
        stance = RIGHT if (lateral if abs(lateral) > _SIDEWAYS * self._biped.speed else turn) > 0 else LEFT
        return Shift(self._biped, self.planner, stand, self.feet, stance)

    def _catch(self) -> Step:
        """Step at once, with the foot that catches the robot better."""
        self.planner.rest_at(middle(self.feet))
        return self._step(self._better_stance(LEFT), catching=True)

    def _better_stance(self, here: int) -> int:
        """This side, or the other one if a step on that catches the robot better; both feet are on the ground."""
        other = 1 - here
        return other if self._cost_of_catching(other) < self._cost_of_catching(here) else here

    def _cost_of_catching(self, stance: int) -> float:
        """How badly the robot would be caught by a step that begins now."""
        planner, feet = self.planner, self.feet
        offset = planner.nominal_landing(stance, feet[stance], 0.0).offset
        return find_catch(self._biped, planner.forward, stance, feet, self.motion, offset).cost

    def _step(self, stance: int, idle_steps: int = 0, catching: bool = False) -> Step:
        return Step(self._biped, self.planner, self.feet, stance, self.zmp, idle_steps, catching)

    def _after(self, step: Step) -> Step | Stand:
        """Stand once some steps had nowhere to go and the feet are tidy, else go on."""
        planner = self.planner
        here = abs(planner.place - middle(self.feet).place) < _NEAR * self._biped.size.length
        idle_steps = step.idle_steps + 1 if here and not (planner.wants_to_move or planner.moves) else 0
        if idle_steps >= self._biped.settings.settle_steps and self._is_tidy():
            return Stand(self._biped, support_of(self.feet, self._biped.outlines), self.dcm)
        return self._step(1 - step.stance, idle_steps, step.catching)

    def _is_tidy(self) -> bool:
        """Whether the feet stand side by side."""
        left, right = self.feet
        apart = self.planner.forward.conjugate() * (left.place - right.place)
        size = self._biped.size.length
        wide = abs(apart.imag - self._biped.settings.step_width) < _WIDTH_ERROR * size
        return wide and abs(apart.real) < _ABREAST * size and abs(wrap_angle(left.yaw - right.yaw)) < _PARALLEL
