"""What has to be installed, and what to say when it is not."""

import os
import shutil
from pathlib import Path

from jepa_humanoid.graph.description import Graph, LaunchError
from jepa_humanoid.resources import PACKAGE


def prefix_of(package: str) -> Path | None:
    """Where a ROS package of a sourced installation is, by the index of ament; None if it is not."""
    for prefix in filter(None, os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)):
        if (Path(prefix) / "share/ament_index/resource_index/packages" / package).is_file():
            return Path(prefix)
    return None


def installed(package: str) -> bool:
    """Whether a ROS package is in a sourced installation."""
    return prefix_of(package) is not None


def executable_of(name: str) -> Path | None:
    """An installed executable of this package, where ROS looks for it."""
    prefix = prefix_of(PACKAGE)
    path = None if prefix is None else prefix / "lib" / PACKAGE / name
    return path if path is not None and path.is_file() else None


def install_command(packages: list[str]) -> str:
    """How to install ROS packages."""
    return "sudo apt install " + " ".join(f"ros-$ROS_DISTRO-{package.replace('_', '-')}" for package in packages)


def require(who: str, *packages: str) -> None:
    """Make sure that packages are installed.

    Raises:
        LaunchError: Naming those that are not.
    """
    missing = [package for package in packages if not installed(package)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise LaunchError(f"{who} needs {', '.join(missing)}, which {verb} not installed: {install_command(missing)}")


def check_packages(graph: Graph) -> None:
    """Make sure that everything is there before anything starts.

    Raises:
        LaunchError: Naming the packages that are missing, who wants them, and how to install them.
    """
    options, target = graph.options, graph.target
    require(f"target:={target.name}", *target.packages)
    if target.program and shutil.which(target.program) is None:
        program = f"the program {target.program}, which is not in PATH"
        raise LaunchError(f"target:={target.name} needs {program}: source ROS 2's setup again.")
    if options.rviz:
        require("rviz:=true", "rviz2", "robot_state_publisher")
    if options.tf == "true":
        require("tf:=true", "robot_state_publisher")
    for spec in graph.nodes:
        if spec.package != PACKAGE:
            require(spec.name, spec.package)


def libraries_of(package: str, variable: str) -> str:
    """A search path that finds a package's libraries after those that the environment names already.

    Args:
        package: An installed package.
        variable: The environment variable that names their folders.
    """
    folders = [os.environ.get(variable, ""), f"{prefix_of(package)}/lib"]
    return os.pathsep.join(folder for folder in folders if folder)
