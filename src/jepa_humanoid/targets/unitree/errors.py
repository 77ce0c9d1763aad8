"""Why the robot is not controlled."""


class RefusalError(RuntimeError):
    """The robot, the network or a command is not what it has to be; the text names the cause in one sentence."""
