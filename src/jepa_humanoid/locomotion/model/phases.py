"""What the feet may be doing: stand, shift the weight, step. Each phase knows from birth all that it needs.

A phase answers, tick by tick, where the ZMP should be. When one ends and which comes next is the gait's
(`jepa_humanoid.locomotion.model.gait`).
"""

import math

from jepa_humanoid.locomotion.model.biped import Biped
from jepa_humanoid.locomotion.model.capture import Motion, crosses
from jepa_humanoid.locomotion.model.catching import find_catch
from jepa_humanoid.locomotion.model.feet import Feet, Foot
from jepa_humanoid.locomotion.model.footsteps import FootstepPlanner
from jepa_humanoid.locomotion.model.lipm import tracking_zmp, transfer_share
from jepa_humanoid.locomotion.model.plane import clamp, direction
from jepa_humanoid.locomotion.model.seen_ground import SeenLanding
from jepa_humanoid.locomotion.model.step_adaptation import Landing, LandingBounds, LandingWeights, adapt_landing
from jepa_humanoid.locomotion.model.support import Support, overlap, support_of
from jepa_humanoid.locomotion.model.swing import SwingFoot, lift_again, lift_off, search_ground, swing_towards
from jepa_humanoid.locomotion.walker import LEFT

_TAKEN_OVER = 0.7
"""Share of the support polygon within which a robot that comes to a stand starts to centre itself."""
_DESCENT = 0.7
"""Progress of a swing after which ground that is felt is the landing's."""
_SEARCH = 1.0
"""Speed over the ground of a G1's foot that searches for it [m/s]."""
_EARLY_DESCENT = 0.5
"""The same of a foot that catches: while the robot gives way, ground comes early."""
_GROUND = 0.03
"""Height above a G1's planned landing from which on a foot that catches feels the other leg, and no ground [m]."""
_ELSEWHERE = 0.2
"""Distance of another landing for which a G1's foot that is about to land goes up again [m]."""
_POSTPONED = 0.03
"""Time by which a landing is put off that gives a G1's foot on its way down the time to go up again [s]."""


class Stand:
    """Both feet on the ground; the DCM's reference returns to the middle.

    Attributes:
        support: What the feet stand on.
        reference: Where the DCM should be [m].
    """

    def __init__(self, biped: Biped, support: Support, dcm: complex) -> None:
        """Take over from wherever the DCM is."""
        self._biped = biped
        self.support = support
        centre = support.centre
        self.reference = centre + (dcm - centre) / max(1.0, support.share(dcm) / _TAKEN_OVER)

    def advance(self, dcm: complex, dt: float) -> complex:
        """One tick; returns the ZMP [m]."""
        b, s = self._biped, self._biped.settings
        rate = (self.support.centre - self.reference) / s.stand_time
        self.reference += rate * dt
        return self.support.inside(tracking_zmp(dcm, self.reference, rate, b.omega, s.dcm_gain))


class Shift:
    """Both feet on the ground; the DCM moves to where the first step can begin.

    Attributes:
        stance: Side that will carry the weight.
        support: What the feet stand on.
        progress: Fraction of the shift that is over.
    """

    def __init__(self, biped: Biped, planner: FootstepPlanner, stand: Stand, feet: Feet, stance: int) -> None:
        """Start from where the stand has the DCM."""
        s = biped.settings
        self._biped = biped
        self.stance = stance
        self.support = stand.support
        self.progress = 0.0
        foot = feet[stance]
        first = planner.nominal_landing(stance, foot, -s.shift_duration)
        growth = math.exp(biped.omega * s.step_duration)
        share = transfer_share(s.double_support, s.double_support, biped.omega)
        self._start = stand.reference
        ready = (first.position + first.offset) / (growth * (1.0 - share))
        self._way = foot.place + planner.forward * ready - stand.reference
        self._time = 0.0

    def advance(self, dcm: complex, dt: float) -> complex:
        """One tick; returns the ZMP [m]."""
        b, s = self._biped, self._biped.settings
        self._time += dt
        x = self.progress = min(1.0, self._time / s.shift_duration)
        blend = x**3 * (10 - 15 * x + 6 * x * x)
        rate = 30 * x * x * (1 - x) ** 2 / s.shift_duration
        reference = self._start + self._way * blend
        return self.support.inside(tracking_zmp(dcm, reference, self._way * rate, b.omega, s.dcm_gain))


class Step:
    """One foot takes over the weight, the other swings: from support switch to support switch.

    Attributes:
        stance: Side that carries the weight.
        time: Since the support switch [s].
        landing: Where and when the other foot should land.
        landing_yaw: Heading to land with [rad].
        swing: Path of the other foot; None before it lifts off.
        landed: Whether it has landed.
        idle_steps: How many steps before this one had nowhere to go.
        catching: Whether it catches the robot, in place of the nominal step.
        transfer: Time in which the weight moves from foot to foot [s].
        give: Share of its weight by which the robot gives way until the landing.
        fold: How urgent it is that the swing leg folds, 0 to 1.
        footing: Where perception shows room for the other foot; None if it does not, or while the robot is caught.
    """

    def __init__(
        self,
        biped: Biped,
        planner: FootstepPlanner,
        feet: Feet,
        stance: int,
        zmp: complex,
        idle_steps: int = 0,
        catching: bool = False,
    ) -> None:
        """Begin to take over the weight.

        Args:
            biped: The robot.
            planner: Where it should go; its reference pose is held back to where the robot can follow.
            feet: Where the feet are.
            stance: Side that will carry the weight.
            zmp: Where the ZMP is now [m].
            idle_steps: How many steps before this one had nowhere to go.
            catching: Whether the robot is to be caught from the first moment on.
        """
        s, foot = biped.settings, feet[stance]
        self._biped, self._planner = biped, planner
        self.stance = stance
        self.idle_steps = idle_steps
        self.catching = self._follows_catch = catching
        self.transfer = s.catch.transfer if catching else s.double_support
        self.give = self.fold = 0.0
        self._chosen = 0.0
        self.time = 0.0
        self.swing: SwingFoot | None = None
        self.landed = False
        self._zmp_from = zmp
        self._support = support_of(feet, biped.outlines)
        self._overdue = 0.0
        self.footing: SeenLanding | None = None
        self._looked = catching
        self._lean = 0.0
        self._weights = LandingWeights(s.landing_weight, s.timing_weight, s.offset_weight)
        near, far = s.step_width_range
        self._width = (-far, -near) if stance == LEFT else (near, far)
        planner.hold_back(stance, foot)
        self.landing = planner.nominal_landing(stance, foot, 0.0)
        self.landing_yaw = planner.landing_yaw(stance, foot, 0.0)

    @property
    def double_support(self) -> bool:
        """Whether the weight is still on its way from foot to foot."""
        return self.time < self.transfer

    @property
    def recovering(self) -> bool:
        """Whether it catches the robot, or began as the step after a catch: then the foot must be there in time."""
        return self.catching or self._follows_catch

    @property
    def _frozen(self) -> bool:
        """Whether the foot is about to land."""
        return self.landing.duration - self.time <= self._biped.settings.freeze_time

    def planned_landing(self, foot: Foot) -> Foot:
        """Where the other foot should land if the stance foot is at ``foot``."""
        way = self._planner.forward * self.landing.position
        height = foot.height + self.rise(way) - self._biped.settings.landing_depth
        return Foot(foot.place + way, height, self.landing_yaw, self._planner.ground.slope)

    def rise(self, way: complex) -> float:
        """By how much the ground is expected to rise from the stance foot along a way, as seen or else as felt [m]."""
        return (self.footing.rise if self.footing is not None else 0.0) or self._planner.ground.rise(way)

    def advance(self, motion: Motion, feet: Feet, contacts: tuple[float, float], dt: float) -> complex:
        """One tick; returns the ZMP [m]."""
        s, foot, planner = self._biped.settings, feet[self.stance], self._planner
        dcm = motion.place + motion.velocity / self._biped.omega
        nominal = planner.nominal_landing(self.stance, foot, self.time)
        if not self._looked:
            self._looked = True
            # A robot that is too fast steps over an edge rather than before it.
            ahead = max(nominal.position.real, min(self._leads(dcm, nominal, foot), s.step_length_range[1]))
            place = complex(ahead, nominal.position.imag)
            self.footing = planner.seen.landing(foot, place, self.landing_yaw, planner.forward)
        if self.footing is not None:
            if not self._frozen:
                self._lean = self._lean_for(self.footing, dcm, nominal, foot)
            x, y = nominal.position.real, nominal.position.imag
            nominal = nominal._replace(position=complex(clamp(x, *self.footing.bounds), y))
        local = self._local(dcm, foot)
        if not self._frozen:
            self._adapt(local, nominal, feet)
        if self.landing.duration > self.time:
            self._catch(motion, local, nominal, feet)
            if self.catching and self.footing is not None:
                self.footing, self._lean = None, 0.0
                local = self._local(dcm, foot)
        zmp = self._place_zmp(local, nominal, foot)
        if not self.double_support:
            due = local + self._lean - nominal.offset
            self._fly(feet, contacts[1 - self.stance] > s.contact_threshold, due, dt)
        return zmp

    def _local(self, dcm: complex, foot: Foot) -> complex:
        """DCM as if the weight had been on the stance foot since the step began, seen from where the ZMP shall be."""
        share = transfer_share(self.transfer - self.time, self.transfer, self._biped.omega)
        pivot = self._pivot(foot)
        return self._planner.forward.conjugate() * (dcm - pivot - (self._zmp_from - pivot) * share)

    def _pivot(self, foot: Foot) -> complex:
        return foot.place + self._planner.forward * self._lean

    def _leads(self, dcm: complex, nominal: Landing, foot: Foot) -> float:
        """How far ahead of the stance foot the DCM leads the other foot, with the ZMP as it is [m]."""
        growth = math.exp(self._biped.omega * (self.landing.duration - self.time))
        return self._local(dcm, foot).real * growth + self._lean - nominal.offset.real

    def _lean_for(self, footing: SeenLanding, dcm: complex, nominal: Landing, foot: Foot) -> float:
        """How far ahead of the sole's centre the ZMP has to be, so that the DCM leads the other foot to its footing."""
        self._lean = 0.0
        leads = self._leads(dcm, nominal, foot)
        growth = math.exp(self._biped.omega * (self.landing.duration - self.time))
        (back, front), _ = self._biped.ankle_range[self.stance]
        share = self._biped.settings.footing.lean
        return clamp((leads - clamp(leads, *footing.bounds)) / (growth - 1.0), share * back, share * front)

    def _adapt(self, local: complex, nominal: Landing, feet: Feet) -> None:
        """Choose landing and time anew, such that the foot can be there in time."""
        b, s, foot = self._biped, self._biped.settings, feet[self.stance]
        shortest, longest = s.step_duration_range
        way = abs(self.planned_landing(foot).place - feet[1 - self.stance].place)
        arrival = max(self.time, self.transfer) + way / s.swing_speed
        earliest = min(max(shortest, self.time + s.freeze_time, arrival), longest)
        back, front = self._lengths
        lean = self._lean
        bounds = LandingBounds((back - lean, front - lean), self._width, (earliest, longest))
        nominal = nominal._replace(position=nominal.position - lean)
        landing = adapt_landing(local, self.time, nominal, bounds, b.omega, self._weights)
        self.landing = landing._replace(position=landing.position + lean)
        self.landing_yaw = self._planner.landing_yaw(self.stance, foot, self.time)

    def _catch(self, motion: Motion, local: complex, nominal: Landing, feet: Feet) -> None:
        """Look further for a landing while the nominal region does not hold the robot."""
        if not self._is_lost(local, nominal):
            return
        found = find_catch(
            self._biped,
            self._planner.forward,
            self.stance,
            feet,
            motion,
            nominal.offset,
            self.time,
            self.swing,
            self._chosen,
        )
        if not math.isfinite(found.cost):
            return
        if self._frozen and abs(found.position - self.landing.position) < _ELSEWHERE * self._biped.size.length:
            return  # to put it off would gain nothing
        if self.swing is not None and found.duration > self.landing.duration + _POSTPONED * self._biped.size.time:
            self.swing = lift_again(self.swing, self._biped.settings.catch.swing_height)
        self.landing = Landing(found.position, found.duration, nominal.offset)
        self.give, self._chosen = found.give, found.duration

    def _is_lost(self, local: complex, nominal: Landing) -> bool:
        """Whether the landing leaves the DCM where the next step does not want it: then the robot is to be caught."""
        s, remaining = self._biped.settings, self.landing.duration - self.time
        if self._frozen:
            # The landing stays as it is, unless the robot is pushed now.
            ahead = local * math.exp(self._biped.omega * remaining) + self._lean - self.landing.position
            lost = self.swing is not None and abs(ahead - nominal.offset) >= s.catch.late_error
            self.catching = self.catching or lost
            return lost
        beyond = abs(self.landing.offset - nominal.offset)
        if not self.catching:
            self.catching = beyond >= s.catch.error
        elif not self._chosen:
            # The step before caught the robot: see whether that was enough.
            self.catching = beyond >= s.catch.error / 2
        return self.catching

    def _place_zmp(self, local: complex, nominal: Landing, foot: Foot) -> complex:
        """ZMP on its way into the stance sole, moved within the support against the DCM's deviation."""
        b, s = self._biped, self._biped.settings
        decay = math.exp(-b.omega * max(0.0, nominal.duration - self.time))
        wanted = (nominal.position - self._lean + nominal.offset) * decay
        correction = self._planner.forward * ((1.0 + s.dcm_gain / b.omega) * (local - wanted))
        if self.double_support:
            base = self._zmp_from + (self._pivot(foot) - self._zmp_from) * (self.time / self.transfer)
            return self._support.inside(base + correction)
        forward = direction(foot.yaw)
        inward = forward.conjugate() * (self._pivot(foot) - foot.place + correction)
        (back, front), (right, left) = b.ankle_range[self.stance]
        return foot.place + forward * complex(clamp(inward.real, back, front), clamp(inward.imag, right, left))

    def _may_land(self, feet: Feet, above: float) -> bool:
        """Whether what the foot feels is the ground, so high above where it should land [m]."""
        assert self.swing is not None
        if self.catching:
            low = self.swing.progress > _EARLY_DESCENT and above < _GROUND * self._biped.size.length
            return low and not overlap(feet, self._biped.outlines)
        return self.swing.progress > _DESCENT

    def _within_reach(self, landing: complex) -> complex:
        """A landing as near to this one as the foot may be from the stance foot [m]."""
        return complex(clamp(landing.real, *self._lengths), clamp(landing.imag, *self._width))

    @property
    def _lengths(self) -> tuple[float, float]:
        """How far ahead of the stance foot the other one may land, least and most [m]."""
        back, front = self._biped.settings.step_length_range
        if self.footing is None:
            return back, front
        near, far = self.footing.bounds
        return clamp(near, back, front), clamp(far, back, front)

    @property
    def searching(self) -> bool:
        """Whether the swing foot has not found the ground where it should be."""
        return self._overdue > 0.0

    def _legs_cross(self) -> bool:
        side = -1.0 if self.stance == LEFT else 1.0
        return crosses(self.landing.position, side, self._biped.reach[self.stance])

    def _urgency(self, swing: SwingFoot, speed: float) -> float:
        """How urgently a leg has to fold whose foot has to go on at this mean speed [m/s]."""
        slow, fast = self._biped.settings.catch.fold_speed
        early = 1.0 - swing.progress / self._biped.settings.catch.fold_until
        return clamp((speed - slow) / (fast - slow), 0.0, 1.0) * max(early, 0.0)

    def _fly(self, feet: Feet, felt: bool, due: complex, dt: float) -> None:
        """Move the swing foot on, down to the ground and, if that is not there, further.

        Args:
            feet: Where they are.
            felt: Whether the foot feels the ground.
            due: Where it would have to land now, as seen from the stance foot [m].
            dt: Since the last tick [s].
        """
        s = self._biped.settings
        swing = self.swing or lift_off(feet[1 - self.stance])
        remaining = self.landing.duration - self.time
        self.fold = 0.0
        if remaining > 0.0:
            landing = self.planned_landing(feet[self.stance])
            if self.catching:
                self.fold = self._urgency(swing, abs(landing.place - swing.place) / max(remaining, dt))
            height = s.catch.swing_height if self.catching else s.swing_height + self._planner.ground.roughness
            forward, early = self._planner.forward, s.catch.early if self._legs_cross() else 1.0
            if self.footing is not None and self.footing.rise < 0.0:
                early = s.footing.over_edge
            self.swing = swing_towards(swing, landing, remaining, height, s.landing_speed, dt, forward, early)
            self.landed = felt and self._may_land(feet, feet[1 - self.stance].height - landing.height)
        else:
            place = feet[self.stance].place + self._planner.forward * self._within_reach(due)
            self.swing = search_ground(swing, place, (s.landing_speed, _SEARCH * self._biped.speed), dt)
            self._overdue += dt
            self.landed = felt or self._overdue > s.landing_patience
