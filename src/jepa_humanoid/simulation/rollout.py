"""A body in a simulated world, closed loop at the control rate, without ROS."""

from jepa_humanoid.body import Body, BodySettings
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import VelocityCommand
from jepa_humanoid.simulation.scenes import Scene
from jepa_humanoid.simulation.world import World, WorldSettings


class Rollout:
    """The same body that a controller node holds, in the same world that a simulator node holds.

    Attributes:
        world: Where the robot is; its ground truth is for evaluations only.
        body: What moves it.
    """

    def __init__(
        self,
        robot: RobotDescription,
        scene: Scene,
        world: WorldSettings | None = None,
        body: BodySettings | None = None,
    ) -> None:
        """Put the robot at the scene's start.

        Args:
            robot: The robot.
            scene: The scene.
            world: Noise, delay and randomisation.
            body: Who walks, and settings of estimator, gait and controller.

        Raises:
            WalkerError: If there is no such walker, or it does not fit the robot.
        """
        self.world = World(robot, scene, world)
        self.body = Body(robot, body)
        self.sample = self.world.sense()

    def tick(self, command: VelocityCommand | None = None) -> None:
        """Let one control period pass under a velocity command."""
        answer = self.body.step(self.sample, command)
        self.world.advance(answer)
        self.sample = self.world.sense()

    def run(self, command: VelocityCommand | None, duration: float) -> bool:
        """Let ``duration`` [s] pass under one command; return False as soon as the robot has fallen."""
        for _ in range(round(duration / self.world.settings.control_period)):
            self.tick(command)
            if self.world.fallen:
                return False
        return True
