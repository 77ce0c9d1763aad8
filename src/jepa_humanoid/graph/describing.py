"""Robot and scene described for programs of other packages, by `humanoid describe` in a process of its own.

Its Python may have packages that the one that runs `ros2 launch` lacks.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from jepa_humanoid.graph.description import Description, LaunchError
from jepa_humanoid.graph.options import Options
from jepa_humanoid.graph.packages import executable_of
from jepa_humanoid.resources import PACKAGE

OPTIONS = ("robot", "scene", "seed", "real_time_factor", "namespace")
"""Of the graph, that what is described depends on, where its target has them."""


def describe(options: Options) -> Description:
    """Have robot and scene described.

    Raises:
        LaunchError: If that fails.
    """
    program = executable_of("humanoid")
    command = [str(program)] if program is not None else [sys.executable, "-m", f"{PACKAGE}.cli"]
    folder = Path(tempfile.mkdtemp(prefix="jepa_humanoid-"))
    command += ["describe", "--out", str(folder), "--target", options.TARGET]
    for name in OPTIONS:
        if hasattr(options, name):
            command += [f"--{name.replace('_', '-')}", str(getattr(options, name))]
    if getattr(options, "lidar", "true") != "true":
        command += ["--no-lidar"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode:
        said = (outcome.stderr.strip() or outcome.stdout.strip() or f"status {outcome.returncode}").splitlines()[-1]
        shutil.rmtree(folder, ignore_errors=True)
        raise LaunchError(f"robot and scene cannot be described: {said.removeprefix('error: ')}")
    start = folder / "start.json"
    values = json.loads(start.read_text(encoding="utf-8")) if start.is_file() else {}
    return Description(folder, (folder / "robot.urdf").read_text(encoding="utf-8"), values)


def forget(description: Description) -> None:
    """Remove a description's files."""
    shutil.rmtree(description.folder, ignore_errors=True)
