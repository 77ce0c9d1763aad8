"""What a seed settles about one trial: what nobody tells the robot, to be recorded with what it does."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.simulation.engine import BodyDraw
from jepa_humanoid.simulation.payload import payload_by_link


@dataclass(frozen=True)
class WorldDraw:
    """Plain numbers: `dataclasses.asdict` makes of it what JSON can say.

    Attributes:
        friction: Coefficient of floor and obstacles.
        mass_scale: Factor on each link's mass and inertia, by link; links that are not named keep theirs.
        payload: Masses in the left and the right hand [kg].
        strength: Factor on the greatest torque, by joint; joints that are not named keep theirs.
        sole_friction: Factor on the friction of all that the soles meet, for they are worn.
        actuation_delay: Time from a command's arrival to its effect [s].
    """

    friction: float
    mass_scale: Mapping[str, float] = field(default_factory=dict)
    payload: tuple[float, float] = (0.0, 0.0)
    strength: Mapping[str, float] = field(default_factory=dict)
    sole_friction: float = 1.0
    actuation_delay: float = 0.0

    def body(self, robot: RobotDescription) -> BodyDraw:
        """What an engine has to know of it.

        Raises:
            EngineError: If the robot cannot carry the payload.
        """
        return BodyDraw(self.friction, self.mass_scale, payload_by_link(robot, self.payload), self.sole_friction)
