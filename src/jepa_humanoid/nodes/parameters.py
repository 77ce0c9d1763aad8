"""Parameters of nodes: name, type, default, range, and what `ros2 param describe` says."""

from dataclasses import dataclass

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor

ParameterValue = bool | int | float | str


@dataclass(frozen=True)
class ParameterSpec:
    """A parameter of a node.

    Attributes:
        name: Its name.
        default: Its default, which also gives its type.
        description: What it does.
        unit: SI unit, or nothing.
        low: Least value of a number, or None.
        high: Largest value of a number, or None.
        choices: Values that a text may have; empty for any.
        live: Whether it can be changed while the node runs.
    """

    name: str
    default: ParameterValue
    description: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    live: bool = False

    @property
    def type_name(self) -> str:
        """The parameter's type as ROS writes it."""
        return {bool: "bool", int: "integer", float: "double", str: "string"}[type(self.default)]

    @property
    def range_text(self) -> str:
        """The values that it may have, or nothing."""
        if self.choices:
            return ", ".join(self.choices)
        if self.low is None or self.high is None:
            return ""
        return f"{self.low} … {self.high}" if isinstance(self.default, int) else f"{self.low:g} … {self.high:g}"

    def descriptor(self) -> ParameterDescriptor:
        """What `ros2 param describe` shows; unless it is live the value can only be given at the start."""
        described = ParameterDescriptor(
            name=self.name,
            description=f"{self.description}{f' [{self.unit}]' if self.unit else ''}",
            additional_constraints=self.range_text if self.choices else "",
            read_only=not self.live,
        )
        if self.low is not None and self.high is not None:
            if isinstance(self.default, int):
                described.integer_range = [IntegerRange(from_value=int(self.low), to_value=int(self.high), step=0)]
            else:
                described.floating_point_range = [
                    FloatingPointRange(from_value=float(self.low), to_value=float(self.high), step=0.0)
                ]
        return described


COMMON_PARAMETERS = (
    ParameterSpec("robot", "g1", "which robot: a name in config/robots, or a YAML file"),
    ParameterSpec("autostart", True, "configure and activate without being asked to"),
    ParameterSpec("scheduling_priority", 0, "SCHED_FIFO priority of the loop's thread; 0 for none", "", 0, 99),
    ParameterSpec("cpu_core", -1, "processor core that the loop's thread keeps to; -1 for any", "", -1, 1023),
    ParameterSpec("nice", 0, "how much the process stands back for others", "", 0, 19),
)

OVERRIDES = ParameterSpec(
    "set", "", "otherwise than the robot's file says, such as gait.step_width=0.24; several with `;` between"
)
"""Of the nodes that read settings of the robot."""
