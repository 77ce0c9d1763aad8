"""What is no ground for feet is refused with what it lacks."""

import math
from dataclasses import replace

import numpy as np
import pytest

from jepa_humanoid.locomotion.errors import GroundError
from jepa_humanoid.locomotion.ground import check_ground
from jepa_humanoid.robot.state import FOOTPRINT, ODOM, ElevationGrid

GROUND = ElevationGrid(1.0, np.zeros((4, 4), np.float32), 0.04, ODOM)


def test_unknown_cells_are_no_mistake() -> None:
    heights = GROUND.heights.copy()
    heights[1, 2] = math.nan
    check_ground(replace(GROUND, heights=heights))


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"frame": FOOTPRINT}, "feet stand in odom; the grid is in 'base_footprint'"),
        ({"heights": np.zeros((4, 4))}, r"float32 of shape \(n, m\), not float64"),
        ({"heights": np.zeros(4, np.float32)}, r"not float32 of \(4,\)"),
        ({"heights": np.zeros((0, 4), np.float32)}, r"of \(0, 4\)"),
        ({"heights": np.full((4, 4), np.inf, np.float32)}, "heights have to be finite"),
        ({"resolution": 0.0}, "the resolution more than 0"),
        ({"resolution": math.nan}, "the resolution more than 0"),
        ({"origin": (math.inf, 0.0)}, "origin of a grid have to be finite"),
    ],
)
def test_no_ground(changes: dict[str, object], cause: str) -> None:
    with pytest.raises(GroundError, match=cause):
        check_ground(replace(GROUND, **changes))  # type: ignore[arg-type]
