"""`humanoid compile`: has the inner loops compiled, and the robot's shapes made, before anybody waits for them.

Numba compiles a kernel at its first call and keeps it on disk. Which kernels there are is nobody's business here: a
robot stands, walks and is pushed, sees and plans, and so calls all that a run will call. What the page shows of the
robot is kept as well.
"""

import time
from dataclasses import replace
from functools import partial
from typing import Annotated

import typer

from jepa_humanoid.commands.output import console
from jepa_humanoid.evaluation import locomotion, navigation
from jepa_humanoid.evaluation.suites import push_suite
from jepa_humanoid.evaluation.trial import TrialSpec
from jepa_humanoid.mind import Mind
from jepa_humanoid.monitor.shapes import load_body_shapes
from jepa_humanoid.robot.description import DEFAULT_ROBOT, load_robot
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.simulation import simulate

app = typer.Typer(add_completion=False, help="Compile the inner loops, once for this machine.")

_WALK = 0.8
"""Time for which the robot walks: more than a step with either foot [s]."""


@app.command()
def compile_kernels(
    robot: Annotated[
        str, typer.Option(help="Which robot moves meanwhile: a file in config/robots, or the path of a YAML file.")
    ] = DEFAULT_ROBOT,
    planner: Annotated[str, typer.Option(help="Who plans meanwhile.")] = "jepa",
) -> None:
    """Let a robot stand, walk, be pushed and plan for a moment, so that every compiled loop is there and on disk.

    The meshes that the page shows of the robot are made too, once for their files.
    """
    began = time.monotonic()
    console.print("the body: a robot stands, walks and is pushed ...")
    suite = push_suite(impulses=(5.0,), directions=1, moving=0.3)
    brief_suite = replace(suite, settling=0.4, approach=0.2, phase=0.0, duration=_WALK)
    locomotion.run_trial(TrialSpec(brief_suite, suite.cases[0], seed=0, robot=robot))
    brief = navigation.NavigationSettings(seconds=_WALK, settling=0.2)
    console.print("perception and planning: it looks for a way ...")
    described = load_robot(robot)
    mind = Mind.load(planner=planner, robot=described)
    navigation.run_trial(load_scene("room", 0), 0, mind, partial(simulate, robot=robot), planner, brief)
    console.print("the meshes that the page shows ...")
    load_body_shapes(described)
    console.print(f"compiled in {time.monotonic() - began:.0f} s")
