"""Where the feet should go for the robot to go where it is told: a reference pose, and landings beside its path."""

import math

from jepa_humanoid.geometry import wrap_angle
from jepa_humanoid.locomotion.model.biped import Biped
from jepa_humanoid.locomotion.model.feet import Foot
from jepa_humanoid.locomotion.model.felt_ground import FeltGround
from jepa_humanoid.locomotion.model.plane import clamp, direction, limit
from jepa_humanoid.locomotion.model.seen_ground import SeenGround
from jepa_humanoid.locomotion.model.step_adaptation import Landing
from jepa_humanoid.locomotion.walker import LEFT
from jepa_humanoid.robot.state import VelocityCommand

_STILL = 0.02
"""Velocity below which nothing is asked for [m/s, rad/s]."""


class FootstepPlanner:
    """Follows the velocity command with a reference pose, and says where on its way the next foot should land.

    What follows the command is the base, as everybody expects who commands it; the feet's middle is under the centre of
    mass, wherever that is in the robot.

    Attributes:
        place: Of the feet's middle at the reference pose, in ``odom`` [m].
        yaw: Its heading [rad].
        forward: The unit vector along it.
        velocity: With which the base moves there, in its own frame: approaches the command within the limits of
            acceleration [m/s].
        turn: The same about the vertical [rad/s].
        from_base: Way from the base to the centre of mass, in the reference pose's frame [m].
        asked: The command within its limits [m/s].
        asked_turn: The same about the vertical [rad/s].
        ground: As the feet have found it.
        seen: As perception shows it.
    """

    def __init__(self, biped: Biped, centre: Foot) -> None:
        """Wait for a command in the middle of the feet."""
        self._biped = biped
        self.velocity = self.asked = 0j
        self.turn = self.asked_turn = 0.0
        self.place = centre.place
        self.yaw = centre.yaw
        self.forward = direction(centre.yaw)
        self.from_base = 0j
        self.ground = FeltGround(biped.size)
        self.seen = SeenGround(biped.settings.footing, biped.outlines)

    @property
    def wants_to_move(self) -> bool:
        """Whether the command asks for any motion."""
        return _moves(self.asked, self.asked_turn)

    @property
    def moves(self) -> bool:
        """Whether the reference pose still moves."""
        return _moves(self.velocity, self.turn)

    def obey(self, command: VelocityCommand) -> None:
        """Take in a command, within the limits of velocity."""
        forward, backward, lateral, turn = self._biped.settings.velocity_limit
        self.asked = complex(clamp(command.forward, -backward, forward), clamp(command.lateral, -lateral, lateral))
        self.asked_turn = clamp(command.turn, -turn, turn)

    def rest_at(self, centre: Foot) -> None:
        """Put the reference pose where the robot is, at rest."""
        self.velocity, self.turn = 0j, 0.0
        self._turn_to(centre.yaw)
        self.place = centre.place

    def move(self, dt: float) -> None:
        """Move the reference pose on its way to the command."""
        (way, self.velocity), (angle, self.turn) = self._ahead(dt)
        self.place += self.forward * (way + self._swept(angle))
        self._turn_to(self.yaw + angle)

    def lean(self, from_base: complex) -> None:
        """Have the feet's middle so far from the base from now on [m], in the reference pose's frame."""
        self.place += self.forward * (from_base - self.from_base)
        self.from_base = from_base

    def _ahead(self, time: float) -> tuple[tuple[complex, complex], tuple[float, float]]:
        """Way and velocity, angle and turn rate, after so much more time on the way to the command."""
        linear, angular = self._biped.settings.acceleration_limit
        x, vx = _approach(self.velocity.real, self.asked.real, linear, time)
        y, vy = _approach(self.velocity.imag, self.asked.imag, linear, time)
        return (complex(x, y), complex(vx, vy)), _approach(self.turn, self.asked_turn, angular, time)

    def hold_back(self, stance: int, foot: Foot) -> None:
        """Keep the reference pose within reach of a robot that stands on ``foot``: it may not lead by too much."""
        s = self._biped.settings
        distance, angle = s.lead_limit
        self._turn_to(foot.yaw + clamp(wrap_angle(self.yaw - foot.yaw), -angle, angle))
        stride = self._stride(self.velocity, self.turn)
        width = self._width(stride, self.turn * s.step_duration)
        to_foot = 0.5j * width if stance == LEFT else -0.5j * width
        here = foot.place - self.forward * (to_foot + stride / 2)
        self.place = here + limit(self.place - here, distance)

    def nominal_landing(self, stance: int, foot: Foot, elapsed: float) -> Landing:
        """Landing beside the way that the reference pose will have gone by then, half a stride ahead of it.

        A robot that is elsewhere than the reference pose comes closer by `catch_up` at most.

        Args:
            stance: Side that carries the weight.
            foot: Where that foot is.
            elapsed: Of the step [s]; negative before it begins.
        """
        s, duration = self._biped.settings, self._biped.settings.step_duration
        (way, velocity), (angle, turn) = self._ahead(max(0.0, duration - elapsed))
        before = wrap_angle(foot.yaw - self.yaw)
        then, midway = direction(angle), direction((before + angle) / 2)
        stride = self._stride(velocity, turn)
        width = self._width(stride, turn * duration)
        side = -width if stance == LEFT else width
        centre = direction(before) * (0.5j * side - stride / 2) + midway * stride
        then_here = self.forward.conjugate() * (self.place - foot.place) + direction(angle / 2) * way
        lead = then_here + self._swept(angle) - centre
        position = centre + limit(lead, s.catch_up) + then * (0.5j * side + stride / 2)
        return Landing(position, duration, then * self._biped.orbit.offset(stride, side, turn * duration))

    def landing_yaw(self, stance: int, foot: Foot, elapsed: float) -> float:
        """Heading of the landing foot: the reference's at landing, within the hips' reach [rad]."""
        s = self._biped.settings
        toe_in, toe_out = s.step_turn_range
        _, (angle, _) = self._ahead(max(0.0, s.step_duration - elapsed))
        turn = wrap_angle(self.yaw + angle - foot.yaw)
        outward = clamp(-turn if stance == LEFT else turn, toe_in, toe_out)
        return foot.yaw + (-outward if stance == LEFT else outward)

    def _swept(self, angle: float) -> complex:
        """By how much the feet's middle moves when the base turns on the spot: it is not under it [m]."""
        return self.from_base * (direction(angle) - 1.0)

    def _stride(self, velocity: complex, turn: float) -> complex:
        """Of the feet's middle in a step, when the base moves and turns so fast [m]."""
        return (velocity + 1j * turn * self.from_base) * self._biped.settings.step_duration

    def _width(self, stride: complex, angle: float) -> float:
        """Between the feet, on average, such that a foot that closes up to the other one keeps its distance [m]."""
        s = self._biped.settings
        closing = abs(stride.imag + stride.real * angle)
        return max(s.step_width, s.step_width_range[0] + s.catch_up + closing)

    def _turn_to(self, yaw: float) -> None:
        self.yaw = yaw
        self.forward = direction(yaw)


def _moves(velocity: complex, turn: float) -> bool:
    return max(abs(velocity.real), abs(velocity.imag), abs(turn)) > _STILL


def _approach(rate: float, asked: float, acceleration: float, time: float) -> tuple[float, float]:
    """Way, and rate at its end, of what approaches an asked rate with a limited acceleration."""
    ramp = abs(asked - rate) / acceleration
    if time < ramp:
        end = rate + math.copysign(acceleration * time, asked - rate)
        return (rate + end) / 2 * time, end
    return (rate + asked) / 2 * ramp + asked * (time - ramp), asked
