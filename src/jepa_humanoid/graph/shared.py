"""The nodes that are the same whatever moves: controller, perception, planner, page, and who judges a run."""

from jepa_humanoid.graph.description import NodeSpec, OnExit, Target
from jepa_humanoid.graph.options import Options, ParameterValue


def controller(options: Options, target: Target) -> NodeSpec:
    """Keeps the balance."""
    return NodeSpec(
        name="controller",
        description="Keeps the balance: estimator, gait, whole-body QP, safety modes",
        executable="controller",
        parameters={
            "robot": options.robot,
            "set": options.set,
            "walker": options.walker,
            # A real robot's clock never starts anew, and it gets up because somebody asks it to. How it falls and gets
            # up has been tried in simulation only.
            "follow_restart": options.SIMULATED,
            "stand_at_start": options.SIMULATED,
            "get_up": options.SIMULATED,
            "brace": options.SIMULATED,
            **target.controller,
        },
        # The target damps while there is no controller; a new one balances again if it finds the robot upright.
        on_exit=OnExit.RESTART,
    )


def perception(options: Options) -> NodeSpec:
    """Sees the ground."""
    return NodeSpec(
        name="perception",
        description="Turns point clouds into an elevation grid around the robot",
        executable="perception",
        parameters={"robot": options.robot, "set": options.set},
        prefix="nice -n 5",  # from its first import on: page, robot and controller are what people wait for
    )


def planner(options: Options) -> NodeSpec:
    """Finds the way."""
    parameters: dict[str, ParameterValue] = {
        "robot": options.robot,
        "set": options.set,
        "planner": options.planner,
        "seed": options.seed,
    }
    if options.model:
        parameters["model"] = options.model
    return NodeSpec(
        name="planner",
        description="Imagines with the world model and asks the controller for a velocity",
        executable="planner",
        parameters=parameters,
        prefix="nice -n 10",
    )


def page(options: Options) -> NodeSpec:
    """Shows everything."""
    return NodeSpec(
        name="page",
        description="The page in the browser: see, point, steer, stop",
        executable="page",
        parameters={"robot": options.robot, "port": options.port, "host": options.host},
    )


def demo_evaluator(options: Options, goal: tuple[float, float]) -> NodeSpec:
    """Judges."""
    return NodeSpec(
        name="demo_evaluator",
        description="Sends a goal, judges the run by ground truth, and ends it",
        executable="demo_evaluator",
        parameters={
            "goal_x": float(goal[0]),
            "goal_y": float(goal[1]),
            "seconds": float(options.seconds),
            "report": options.report,
        },
        on_exit=OnExit.SHUTDOWN,  # its exit status is the run's
    )
