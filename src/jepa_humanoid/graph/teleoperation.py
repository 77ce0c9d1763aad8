"""What lets people drive a robot: the keyboard, or a joystick with dead-man and stop button."""

import shutil
from collections.abc import Mapping

from jepa_humanoid.graph.description import LaunchError, NodeSpec, OnExit
from jepa_humanoid.graph.options import Options
from jepa_humanoid.graph.packages import require
from jepa_humanoid.graph.viewers import clock_in_namespace
from jepa_humanoid.resources import resource


def teleoperation(options: Options, own: Mapping[str, str]) -> tuple[NodeSpec, ...]:
    """Returns the nodes that people drive with.

    Args:
        options: Of the graph that is joined.
        own: Values of ``teleop.launch.py``'s own arguments.

    Raises:
        LaunchError: If a package or the terminal is missing.
    """
    device = own["device"]
    values = str(resource(f"config/teleop/{device}.yaml"))
    clock = clock_in_namespace(options)

    def foreign(package: str, executable: str, name: str, prefix: str = "") -> NodeSpec:
        return NodeSpec(
            name=name,
            description="What people drive with",
            package=package,
            executable=executable,
            parameters={"use_sim_time": options.SIMULATED},
            parameter_file=values,
            remappings=clock if name == "joy" else (("cmd_vel", "teleop/cmd_vel"), *clock),
            on_exit=OnExit.NOTHING,
            prefix=prefix,
        )

    if device == "keyboard":
        require("device:=keyboard", "teleop_twist_keyboard")
        terminal = own["terminal"]
        if shutil.which(terminal.partition(" ")[0]) is None:
            raise LaunchError(f"terminal '{terminal}' cannot be opened; name one that is installed.")
        return (foreign("teleop_twist_keyboard", "teleop_twist_keyboard", "teleop_twist_keyboard", prefix=terminal),)
    require(f"device:={device}", "joy", "teleop_twist_joy")
    stop = NodeSpec("joystick_stop", "The joystick's stop button", "joystick_stop", parameter_file=values)
    return (foreign("joy", "joy_node", "joy"), foreign("teleop_twist_joy", "teleop_node", "teleop_twist_joy"), stop)
