"""Target ``mujoco``: the robot and its world in MuJoCo, in step with the controller."""

from dataclasses import dataclass
from typing import ClassVar

from jepa_humanoid.graph.description import NodeSpec, OnExit, Target
from jepa_humanoid.graph.options import GraphError, SimulatedOptions, option


@dataclass(frozen=True)
class MujocoOptions(SimulatedOptions):
    """What can be chosen about MuJoCo."""

    TARGET: ClassVar[str] = "mujoco"
    CLOCK_IN_ROOT: ClassVar[bool] = False

    lock_step: bool = option(
        True,
        "A simulated target waits for the command that answers its last state: a slow machine runs slower, not wrong",
        flags="--lock-step/--free-running",
    )
    randomize: bool = option(False, "Draw the simulated robot's mass and the floor's friction")
    actuation_delay: float = option(0.002, "Time from a command's arrival to its effect in a simulated robot [s]")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.actuation_delay <= 0.1:
            raise GraphError(f"actuation_delay {self.actuation_delay} is out of range. Choose 0 to 0.1 s.")


def nodes(options: MujocoOptions) -> tuple[NodeSpec, ...]:
    """The simulator."""
    robot = NodeSpec(
        name="mujoco_robot",
        description="The robot and the world around it, simulated by MuJoCo",
        executable="mujoco_robot",
        parameters={
            "robot": options.robot,
            "scene": options.scene,
            "seed": options.seed,
            "lock_step": options.lock_step,
            "randomize": options.randomize,
            "actuation_delay": options.actuation_delay,
            "scan": options.lidar != "false",
            "real_time_factor": options.real_time_factor,
        },
        on_exit=OnExit.SHUTDOWN,  # without a body there is nothing to control
    )
    return (robot,)


TARGET = Target(options=MujocoOptions, nodes=nodes)
