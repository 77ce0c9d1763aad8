"""What feet and centre of mass should do: from a velocity command to footsteps, and from those to targets.

One tick: the reference pose moves with the command; the DCM says whether to stand, to shift the weight, or where and
when the swing foot has to land; the ZMP that keeps the DCM in hand becomes an acceleration of the centre of mass.
"""

import numpy as np

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.control.dynamics import Dynamics, Part
from jepa_humanoid.control.target import FootTarget, WholeBodyTarget
from jepa_humanoid.locomotion.footstep import Footstep
from jepa_humanoid.locomotion.model.biped import biped
from jepa_humanoid.locomotion.model.capture import Motion
from jepa_humanoid.locomotion.model.feet import feet_of, middle
from jepa_humanoid.locomotion.model.gait import Gait
from jepa_humanoid.locomotion.model.phases import Shift, Stand, Step
from jepa_humanoid.locomotion.model.plane import upright
from jepa_humanoid.locomotion.model.push import PushObserver
from jepa_humanoid.locomotion.posture import Posture
from jepa_humanoid.locomotion.settings import GaitSettings, gait_settings
from jepa_humanoid.locomotion.walker import LEFT, RIGHT
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import ElevationGrid, Vector, VelocityCommand

_NOWHERE, _UPRIGHT, _STILL = np.zeros(3), np.eye(3), np.zeros(6)
_LEAST_LOAD = 1.0
"""That a foot in contact may carry at least, so that it counts as one [N]."""


class PendulumPlanner:
    """Plans with an inverted pendulum what the whole-body controller is to do.

    Attributes:
        posture: In which it walks.
    """

    def __init__(self, robot: RobotDescription, settings: GaitSettings | None = None) -> None:
        """Stand in the nominal posture, until :meth:`reset` says where the robot stands.

        Args:
            robot: The robot.
            settings: Of the gait; None for the robot's own.

        Raises:
            RobotDescriptionError: If the robot's own are wrong.
        """
        dynamics = Dynamics(robot)
        dynamics.update(robot.nominal_configuration, np.zeros(robot.model.nv))
        self._biped = biped(robot, settings or gait_settings(robot), float(dynamics.com[2]))
        self.posture = Posture(robot, self._biped.settings.posture)
        self._full_load = 2.0 * robot.mass * GRAVITY
        self.reset(dynamics)

    def reset(self, dynamics: Dynamics) -> None:
        """Stand where the robot stands now."""
        feet, motion = feet_of(dynamics), self._motion(dynamics)
        dcm = motion.place + motion.velocity / self._biped.omega
        self._gait = Gait(self._biped, feet, _base(dynamics), dcm, motion.height - middle(feet).height)
        self._push = PushObserver(self._biped.settings.push, motion.velocity)
        self._lowered = 0.0

    def _motion(self, dynamics: Dynamics) -> Motion:
        x, y, z = dynamics.com.tolist()
        px, py, pz, roll, pitch, _ = (dynamics.momentum / dynamics.mass).tolist()
        spin = complex(pitch, -roll) * (self._biped.omega / GRAVITY)
        return Motion(complex(x, y), complex(px, py), z, pz, spin)

    @property
    def settings(self) -> GaitSettings:
        """Of the gait."""
        return self._biped.settings

    @property
    def phase(self) -> Stand | Shift | Step:
        """What the feet are doing."""
        return self._gait.phase

    @property
    def walking(self) -> bool:
        """Whether it does anything but stand."""
        return not isinstance(self._gait.phase, Stand)

    @property
    def expected_contacts(self) -> tuple[bool, bool]:
        """Which feet the gait plans to have on the ground now."""
        phase = self._gait.phase
        if not isinstance(phase, Step) or phase.double_support:
            return True, True
        return phase.stance == LEFT, phase.stance == RIGHT

    @property
    def footsteps(self) -> tuple[Footstep, Footstep]:
        """Where the left and the right foot stand, or are about to."""
        phase, feet = self._gait.phase, list(self._gait.feet)
        if isinstance(phase, Step):
            feet[1 - phase.stance] = phase.planned_landing(feet[phase.stance])
        left, right = (
            Footstep(side, np.array((foot.place.real, foot.place.imag, foot.height)), foot.yaw)
            for side, foot in enumerate(feet)
        )
        return left, right

    @property
    def ground(self) -> float:
        """Height of the ground under the robot in ``odom`` [m]."""
        return self._gait.ground

    @property
    def dcm(self) -> Vector:
        """DCM in ``odom``, as measured and as a push that is on will move it, shape (2,) [m]."""
        dcm = self._gait.dcm
        return np.array((dcm.real, dcm.imag))

    def see(self, grid: ElevationGrid) -> None:
        """Take in what perception shows of the ground, in ``odom``."""
        self._gait.planner.seen.see(grid)

    def stand_still(self, dynamics: Dynamics, posture: Vector) -> WholeBodyTarget:
        """What carries the weight of a robot at rest in ``posture`` (n,) [rad], without feedback."""
        foot = _planted(self._full_load)
        height, upright_base = float(dynamics.com[2]), dynamics.base_rotation
        return WholeBodyTarget(np.zeros(3), height, 0.0, upright_base, 0.0, (foot, foot), posture)

    def lower(self, distance: float) -> float:
        """Lower the centre of mass of a standing robot by a further ``distance`` [m]; return the total [m]."""
        self._lowered += distance
        return self._lowered

    def update(
        self,
        dynamics: Dynamics,
        command: VelocityCommand,
        contacts: tuple[float, float],
        forces: Vector | None,
        dt: float,
    ) -> WholeBodyTarget:
        """Advance the gait by one tick.

        Args:
            dynamics: Of the estimated state.
            command: Velocity asked for.
            contacts: Contact probability of the left and the right foot.
            forces: On the soles since the last tick, as asked for, shape (2, 3) [N]; None if somebody else had the
                robot, whose doing is no push.
            dt: Since the last tick [s].
        """
        gait, motion = self._gait, self._motion(dynamics)
        if forces is None:
            self._push = PushObserver(self._biped.settings.push, motion.velocity)
        else:
            driven = forces.sum(axis=0) / dynamics.mass
            self._push.update(motion.velocity, complex(driven[0], driven[1]), dt)
        motion = motion._replace(velocity=motion.velocity + self._push.to_come)
        posture = self.posture
        posture.advance(dt)
        gait.raised = posture.height
        gait.advance(motion, _base(dynamics), feet_of(dynamics), command, contacts, dt)
        acceleration = self._biped.omega**2 * (1.0 + gait.lift / GRAVITY) * (motion.place - gait.zmp)
        return WholeBodyTarget(
            com_acceleration=np.array((acceleration.real, acceleration.imag, gait.lift)),
            com_climb=gait.climb,
            com_height=gait.ground + gait.height - self._lowered,
            orientation=upright(gait.planner.forward, posture.pitch),
            turn_rate=gait.planner.turn if isinstance(gait.phase, Step) else 0.0,
            feet=(self._foot_target(LEFT), self._foot_target(RIGHT)),
            posture=posture.joints,
            catching=isinstance(gait.phase, Step) and gait.phase.recovering,
        )

    def _foot_target(self, side: int) -> FootTarget:
        phase = self._gait.phase
        if not isinstance(phase, Step) or side == phase.stance:
            return _planted(self._full_load)
        if phase.swing is None:
            left = 1.0 - phase.time / phase.transfer
            return _planted(max(self._full_load * left / 2, _LEAST_LOAD))
        return phase.swing.target(phase.fold)


def _base(dynamics: Dynamics) -> complex:
    """Where the base is, over the ground [m]."""
    x, y, _ = dynamics.position[Part.BASE].tolist()
    return complex(x, y)


def _planted(load: float) -> FootTarget:
    """A foot that stays where it is and carries up to ``load`` [N]."""
    return FootTarget(load, _NOWHERE, _UPRIGHT, _STILL, _STILL)
