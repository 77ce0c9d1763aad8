"""What the whole-body controller is asked for, and what it answers."""

from dataclasses import dataclass

from jepa_humanoid.robot.state import Vector


@dataclass(slots=True)
class FootTarget:
    """What one sole has to do.

    Attributes:
        load: Largest vertical force it may carry [N]; zero for a foot in the air.
        position: Target of the sole's centre while in the air, in the world, shape (3,) [m].
        rotation: Target of its axes, shape (3, 3).
        velocity: Its target velocity (linear, angular), world-aligned, shape (6,).
        acceleration: Its feed-forward acceleration, shape (6,).
        fold: How urgent it is that its leg folds, 0 to 1.
    """

    load: float
    position: Vector
    rotation: Vector
    velocity: Vector
    acceleration: Vector
    fold: float = 0.0


@dataclass(slots=True)
class HandMotion:
    """What one hand has to do.

    Attributes:
        position: Of its point in the world, shape (3,) [m].
        rotation: Of its axes, shape (3, 3).
        velocity: Linear and angular, world-aligned, shape (6,).
        acceleration: Fed forward, shape (6,).
    """

    position: Vector
    rotation: Vector
    velocity: Vector
    acceleration: Vector


@dataclass(slots=True)
class WholeBodyTarget:
    """What the body has to do now.

    Attributes:
        com_acceleration: Of the centre of mass: horizontal, to be had; vertical, fed forward; shape (3,) [m/s²].
        com_height: Height of the centre of mass [m].
        com_climb: How that height changes [m/s].
        orientation: Pelvis and torso in the world, rotation matrix.
        turn_rate: About the vertical [rad/s].
        feet: Left and right.
        posture: Joint positions, shape (n,) [rad].
        catching: Whether the robot is about to fall, and where the foot lands is what counts.
        arms_led: Whether arms do more than hang, and have to keep from the rest of the robot.
        hands: Left and right, None for one that only keeps the posture; None if both do.
    """

    com_acceleration: Vector
    com_height: float
    com_climb: float
    orientation: Vector
    turn_rate: float
    feet: tuple[FootTarget, FootTarget]
    posture: Vector
    catching: bool = False
    arms_led: bool = False
    hands: tuple[HandMotion | None, HandMotion | None] | None = None


@dataclass(slots=True)
class WholeBodySolution:
    """What the whole-body controller found.

    Attributes:
        acceleration: Generalised accelerations, shape (nv,).
        effort: Joint torques, shape (n,) [N·m].
        forces: Net force on the left and on the right sole, world-aligned, shape (2, 3) [N].
        solved: False if the solver gave up; the last solution is then repeated.
    """

    acceleration: Vector
    effort: Vector
    forces: Vector
    solved: bool
