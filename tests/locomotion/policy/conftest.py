"""What exporters write into a network's file."""

from typing import Any

import pytest

from jepa_humanoid.robot.description import RobotDescription


def with_commas(values: list[Any] | tuple[Any, ...]) -> str:
    """As mjlab and Isaac Lab write lists."""
    return ",".join(f"{value:.3f}" if isinstance(value, float) else str(value) for value in values)


@pytest.fixture
def mjlab(g1: RobotDescription) -> dict[str, str]:
    """What mjlab writes for a G1 whose joints it has in another order; numbers tell which joint they are of."""
    names = tuple(reversed(g1.joint_names))
    return {
        "run_path": "somewhere",
        "joint_names": with_commas(names),
        "joint_stiffness": with_commas([50.0 + i for i in range(29)]),
        "joint_damping": with_commas([1.0 + 0.1 * i for i in range(29)]),
        "default_joint_pos": with_commas([0.01 * i for i in range(29)]),
        "command_names": "twist",
        "observation_names": "base_lin_vel,base_ang_vel,projected_gravity,joint_pos,joint_vel,actions,command",
        "action_scale": with_commas([0.5] * 29),
    }
