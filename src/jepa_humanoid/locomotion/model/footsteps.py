"""Where the feet should go for the robot to go where it is told: a reference pose, and landings beside its path."""

from jepa_humanoid.geometry import wrap_angle
from jepa_humanoid.locomotion.model.biped import Biped
from jepa_humanoid.locomotion.model.feet import Foot
from jepa_humanoid.locomotion.model.plane import clamp, direction, limit
from jepa_humanoid.locomotion.model.step_adaptation import Landing
from jepa_humanoid.locomotion.walker import LEFT
from jepa_humanoid.robot.state import VelocityCommand

_STILL = 0.02
"""Velocity below which nothing is asked for [m/s, rad/s]."""


class FootstepPlanner:
    """Follows the velocity command with a reference pose, and says where on its way the next foot should land.

    Attributes:
        place: Of the reference pose in ``odom`` [m].
        yaw: Its heading [rad].
        forward: The unit vector along it.
        velocity: The command within its limits, in the frame of the reference pose [m/s].
        turn: The same about the vertical [rad/s].
    """

    def __init__(self, biped: Biped, centre: Foot) -> None:
        """Wait for a command in the middle of the feet."""
        self._biped = biped
        self.velocity = 0j
        self.turn = 0.0
        self.place = centre.place
        self.yaw = centre.yaw
        self.forward = direction(centre.yaw)

    @property
    def wants_to_move(self) -> bool:
        """Whether the command asks for any motion."""
        velocity = self.velocity
        return max(abs(velocity.real), abs(velocity.imag), abs(self.turn)) > _STILL

    def obey(self, command: VelocityCommand, dt: float) -> None:
        """Approach a command, within the limits of velocity and acceleration."""
        s = self._biped.settings
        forward, backward, lateral, turn = s.velocity_limit
        linear, angular = s.acceleration_limit[0] * dt, s.acceleration_limit[1] * dt
        now = self.velocity
        ahead = clamp(command.forward, -backward, forward) - now.real
        aside = clamp(command.lateral, -lateral, lateral) - now.imag
        self.velocity = now + complex(clamp(ahead, -linear, linear), clamp(aside, -linear, linear))
        self.turn += clamp(clamp(command.turn, -turn, turn) - self.turn, -angular, angular)

    def place_at(self, centre: Foot) -> None:
        """Put the reference pose where the robot is."""
        self._turn_to(centre.yaw)
        self.place = centre.place

    def move(self, dt: float) -> None:
        """Move the reference pose with the command."""
        self.place += self.forward * self.velocity * dt
        self._turn_to(self.yaw + self.turn * dt)

    def hold_back(self, stance: int, foot: Foot) -> None:
        """Keep the reference pose within reach of a robot that stands on ``foot``: it may not lead by too much."""
        s = self._biped.settings
        distance, angle = s.lead_limit
        self._turn_to(foot.yaw + clamp(wrap_angle(self.yaw - foot.yaw), -angle, angle))
        to_foot = 0.5j * s.step_width if stance == LEFT else -0.5j * s.step_width
        here = foot.place - self.forward * (to_foot + self.velocity * s.step_duration / 2)
        self.place = here + limit(self.place - here, distance)

    def nominal_landing(self, stance: int, foot: Foot, elapsed: float) -> Landing:
        """Landing beside the reference pose's way, at mid-step after it.

        Args:
            stance: Side that carries the weight.
            foot: Where that foot is.
            elapsed: Of the step [s].
        """
        s, duration = self._biped.settings, self._biped.settings.step_duration
        ahead = max(0.0, duration - elapsed) + duration / 2
        side = -s.step_width if stance == LEFT else s.step_width
        to_centre = self.forward.conjugate() * (self.place - foot.place) + self.velocity * ahead
        offset = self._biped.orbit.offset(self.velocity * duration, side)
        return Landing(to_centre + 0.5j * side, duration, offset)

    def landing_yaw(self, stance: int, foot: Foot, elapsed: float) -> float:
        """Heading of the landing foot: the reference's at landing, within the hips' reach [rad]."""
        s = self._biped.settings
        toe_in, toe_out = s.step_turn_range
        turn = wrap_angle(self.yaw + self.turn * (s.step_duration - elapsed) - foot.yaw)
        outward = clamp(-turn if stance == LEFT else turn, toe_in, toe_out)
        return foot.yaw + (-outward if stance == LEFT else outward)

    def _turn_to(self, yaw: float) -> None:
        self.yaw = yaw
        self.forward = direction(yaw)
