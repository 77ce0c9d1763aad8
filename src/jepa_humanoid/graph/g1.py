"""Target ``g1``: a real Unitree G1, over its vendor's DDS interface."""

from dataclasses import dataclass
from typing import ClassVar

from jepa_humanoid.graph.description import NodeSpec, OnExit, Target
from jepa_humanoid.graph.options import GraphError, Options, option


@dataclass(frozen=True)
class G1Options(Options):
    """What can be chosen about a real G1."""

    TARGET: ClassVar[str] = "g1"

    network_interface: str = option("", "Network interface that a real robot is on, such as eth0; target g1 needs it")
    dds_domain: int = option(0, "DDS domain of a real robot: 0, or 1 in its vendor's simulator")
    dry_run: bool = option(
        True,
        "Send nothing to a real robot, and show what would be sent on the topic lowcmd",
        flags="--dry-run/--no-dry-run",
    )
    vendor_simulator: bool = option(
        False, "The vendor's simulator stands in for a real robot: no checksums, no motion service, no remote control"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.dds_domain <= 232:
            raise GraphError(f"dds_domain {self.dds_domain} does not exist. Choose one from 0 to 232.")
        if not self.network_interface:
            raise GraphError("Target 'g1' needs network_interface: the one that the robot is on, such as eth0.")


def nodes(options: G1Options) -> tuple[NodeSpec, ...]:
    """What speaks with the robot."""
    robot = NodeSpec(
        name="unitree_g1",
        description="A real Unitree G1, over the vendor's DDS interface",
        executable="unitree_g1",
        parameters={
            "robot": options.robot,
            "network_interface": options.network_interface,
            "dds_domain": options.dds_domain,
            "dry_run": options.dry_run,
            "vendor_simulator": options.vendor_simulator,
        },
        on_exit=OnExit.SHUTDOWN,  # a robot that was refused, or lost, is not taken again by itself
    )
    return (robot,)


TARGET = Target(options=G1Options, nodes=nodes)
