"""What is recorded of a robot, and `ros2 bag record` of it; `humanoid record` takes the same topics and queues."""

import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from jepa_humanoid.graph.description import LaunchError
from jepa_humanoid.graph.options import Options
from jepa_humanoid.graph.packages import require

FAST = ("joint_states", "imu/data", "joint_commands")
"""Topics at the controller's rate."""

QUEUE = 1000
"""Messages of those that are kept until the recorder comes to them: two seconds; ROS 2's own ten are 20 ms."""

ESSENTIALS = (
    *("joint_states", "imu/data", "joint_commands", "points", "robot_description", "clock", "evaluation", "tf"),
    *("odom", "base_footprint", "lidar/pose", "elevation", "plan/cmd_vel"),
    *("controller/status", "plan/status"),
    *("goal_pose", "teleop/cmd_vel", "emergency_stop", "diagnostics", "teleop/left_hand", "teleop/right_hand"),
)
"""Topics that training and judging need; the rest can be computed from them, or is there to be looked at."""


def recorded_topics(what: str) -> tuple[str, ...]:
    """The contract's topics that a recording holds.

    Args:
        what: ``essentials`` or ``everything``.
    """
    from jepa_humanoid.nodes.contract import TOPICS

    return tuple(TOPICS) if what == "everything" else ESSENTIALS


def recording(options: Options, own: Mapping[str, str]) -> tuple[list[str], Path]:
    """Returns the recorder's command line, and a file of it that is to be removed at the end.

    Args:
        options: Of the graph that is joined.
        own: Values of ``record.launch.py``'s own arguments.

    Raises:
        LaunchError: If a package is missing, or the folder exists.
    """
    require("record.launch.py", "ros2bag", "rosbag2_transport", f"rosbag2_storage_{own['storage']}")
    output = Path(own["output"])
    if output.exists():
        raise LaunchError(f"output '{output}' exists already; name a new folder.")
    names = recorded_topics(own["what"])
    prefix = f"/{options.namespace}" if options.namespace else ""
    command = ["ros2", "bag", "record", "--storage", own["storage"], "--output", str(output)]
    # A recorder with simulated time records nothing before it has heard a clock, and looks for it in the root only.
    if options.SIMULATED and options.clock == "/clock":
        command += ["--use-sim-time"]
    topics = [options.clock if name == "clock" else f"{prefix}/{name}" for name in names]
    patience = _queues([f"{prefix}/{name}" for name in FAST])
    command += ["--qos-profile-overrides-path", str(patience)]
    return [*command, "--topics", *topics, f"{prefix}/tf_static"], patience


def _queues(topics: Iterable[str]) -> Path:
    """A file that has the recorder keep long queues of topics at 500 Hz."""
    queue = {"history": "keep_last", "depth": QUEUE, "reliability": "reliable", "durability": "volatile"}
    with tempfile.NamedTemporaryFile(
        "w", prefix="jepa_humanoid-", suffix=".yaml", delete=False, encoding="utf-8"
    ) as file:
        json.dump(dict.fromkeys(topics, queue), file)  # YAML as well
    return Path(file.name)
