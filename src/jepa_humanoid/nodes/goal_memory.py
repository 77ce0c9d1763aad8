"""Where the robot is going, kept where the planner that follows one that died finds it."""

import contextlib
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.resources import PACKAGE
from jepa_humanoid.robot.state import Goal
from jepa_humanoid.storage import write_whole

LIFETIME = 20.0
"""A goal that no planner has pursued for so long is nobody's any more [s]: people would not expect it."""


class GoalMemory:
    """One planner's goal, in a file that a planner that is told to end takes with it, and one that dies leaves behind.

    The file is for who is started in its place, by the same process.

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
            stamp: Of the odometry when it was given [s].

        Raises:
            HumanoidError: If it cannot be written.
        """
        write_whole(self.file, json.dumps({"position": goal.position.tolist(), "yaw": goal.yaw, "stamp": stamp}))

    def refresh(self) -> None:
        """Say that the goal is pursued at this moment."""
        with contextlib.suppress(OSError):
            os.utime(self.file)

    def forget(self) -> None:
        """The goal is none any more."""
        self.file.unlink(missing_ok=True)

    def recall(self, stamp: float) -> Goal | None:
        """Return the goal of a planner that died a moment ago; None if there is none, or it cannot be read.

        Args:
            stamp: Of the odometry now [s]; with one before the goal's own, odometry has started anew, and the goal
                means nothing.
        """
        try:
            about = self.file.stat()
            kept = json.loads(self.file.read_bytes())
            position, yaw, since = np.array(kept["position"], dtype=float), kept["yaw"], float(kept["stamp"])
            goal = Goal(position, None if yaw is None else float(yaw))
        except (OSError, ValueError, KeyError, TypeError, HumanoidError):
            return None
        # In a folder for everybody's temporary files somebody else could have written it.
        known = about.st_uid == os.getuid() and position.shape == (2,) and np.isfinite([*position, yaw or 0.0]).all()
        return goal if known and time.time() - about.st_mtime <= LIFETIME and since <= stamp else None
