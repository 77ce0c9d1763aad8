"""Where the robot is going, kept where the planner that follows one that died finds it."""

import contextlib
import json
import os
import tempfile
from pathlib import Path

import numpy as np

from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.resources import PACKAGE
from jepa_humanoid.robot.state import Goal
from jepa_humanoid.storage import write_whole

LIFETIME = 20.0
"""After so long without a planner, in the robot's time, a goal is nobody's any more [s]: people would not expect it."""


class GoalMemory:
    """One planner's goal, in a file that a planner that is told to end takes with it, and one that dies leaves behind.

    The file is for who is started in its place, by the same process. Its time of modification is the robot's, at which
    the goal was pursued last.

    Args:
        owner: The planner's full name, with its namespace.
        domain: Its ROS domain.
        folder: Where the file is; None for a folder of this user's that does not outlive the machine's next start.

    Attributes:
        file: The file.
    """

    def __init__(self, owner: str, domain: int, folder: Path | None = None) -> None:
        if folder is None:
            below = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
            folder = Path(below) / f"{PACKAGE}-{os.getuid()}"
        self.file = folder / f"goal-{domain}{owner.replace('/', '-')}-{os.getppid()}.json"

    def keep(self, goal: Goal, stamp: float) -> None:
        """Write down a new goal.

        Args:
            goal: In the odometry's frame.
            stamp: Of the odometry now [s].

        Raises:
            HumanoidError: If it cannot be written.
        """
        write_whole(self.file, json.dumps({"position": goal.position.tolist(), "yaw": goal.yaw}))
        self.refresh(stamp)

    def refresh(self, stamp: float) -> None:
        """Say that the goal is pursued when the odometry has this stamp [s]."""
        with contextlib.suppress(OSError):
            os.utime(self.file, (stamp, stamp))

    def forget(self) -> None:
        """The goal is none any more."""
        self.file.unlink(missing_ok=True)

    def recall(self, stamp: float) -> Goal | None:
        """Return the goal of a planner that died a moment ago; None if there is none, or it cannot be read.

        Args:
            stamp: Of the odometry now [s]; with one before the goal's last, odometry has started anew, and the goal
                means nothing.
        """
        try:
            about = self.file.stat()
            kept = json.loads(self.file.read_bytes())
            position, yaw = np.array(kept["position"], dtype=float), kept["yaw"]
            yaw = None if yaw is None else float(yaw)
            goal = Goal(position, yaw)
        except (OSError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError, HumanoidError):
            return None
        # In a folder for everybody's temporary files somebody else could have written it.
        known = about.st_uid == os.getuid() and position.shape == (2,) and np.isfinite([*position, yaw or 0.0]).all()
        return goal if known and -1e-3 <= stamp - about.st_mtime <= LIFETIME else None
