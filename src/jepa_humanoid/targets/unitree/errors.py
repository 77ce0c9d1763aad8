"""Why the robot is not controlled."""

from jepa_humanoid.errors import HumanoidError


class RefusalError(HumanoidError, RuntimeError):
    """The robot, the network or a command is not what it has to be; the text names the cause in one sentence."""
