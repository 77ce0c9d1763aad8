"""One plan of the mind, on the way through a drawn room."""

from collections.abc import Callable

import numpy as np

from jepa_humanoid import geometry
from jepa_humanoid.bench.figures import quantiles, timed
from jepa_humanoid.mind import Mind
from jepa_humanoid.robot.description import DEFAULT_ROBOT
from jepa_humanoid.robot.state import Goal
from jepa_humanoid.simulation.errors import SceneError
from jepa_humanoid.simulation.simulation import Simulation

PLANNERS: tuple[str, ...] = ("jepa", "kinematic")


def bench_plan(
    robot: str = DEFAULT_ROBOT,
    scene: str = "room",
    seconds: float = 10.0,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, object]:
    """Measure plans in closed loop, for the world model and for its kinematic baseline.

    Args:
        robot: A name in ``config/robots``, or the path of a YAML file.
        scene: Name of a scene with a goal, or its YAML file.
        seconds: Simulated time for each planner [s].
        say: Told what is going on.

    Returns:
        For each planner `plan_ms`, median and p99, and how many `plans` were made.
    """
    report: dict[str, object] = {"robot": robot, "scene": scene}
    for planner in PLANNERS:
        say(planner)
        simulation = Simulation(robot, scene, seed=0)
        if simulation.scene.goal is None:
            raise SceneError(f"scene '{scene}' has no goal to walk to")
        mind = Mind.load(planner=planner, robot=simulation.robot)
        goal = Goal(geometry.to_local(simulation.scene.start, np.array(simulation.scene.goal)))
        durations: list[float] = []
        while simulation.frame.stamp < seconds and not mind.arrived:
            frame = simulation.frame
            duration, command = timed(mind.step, frame.elevation, frame.base, goal)
            durations.append(duration)
            simulation.advance(command)
        # The first plan also loads what later ones find.
        report[planner] = {"plans": len(durations) - 1, "plan_ms": quantiles(durations[1:])}
    return report
