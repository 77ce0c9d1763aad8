"""What a foot meets the ground with, in every engine: the vendor's four contact spheres, and a box above them."""

import numpy as np

from jepa_humanoid.robot.files import FootGeometry
from jepa_humanoid.robot.state import Matrix, Vector

SPHERE_RADIUS = 0.005
"""Of the vendor's contact spheres, whose lowest points are the sole's corners [m]."""
_BOX_CLEARANCE = 0.004
"""Of the box above the sole [m]; it keeps feet from passing through things, and does not carry."""


def sole_spheres(foot: FootGeometry) -> Matrix:
    """Centres of the contact spheres in the foot's frame, shape (corners, 3) [m]."""
    centres: Matrix = np.array(foot.corners) + np.array([0.0, 0.0, SPHERE_RADIUS])
    return centres


def sole_box(foot: FootGeometry) -> tuple[Vector, Vector]:
    """Centre and edge lengths of the box above the sole in the foot's frame, each of shape (3,) [m]."""
    corners = np.array(foot.corners)
    low, high = corners.min(axis=0), corners.max(axis=0)
    low[2] += _BOX_CLEARANCE
    high[2] = 0.0
    return (low + high) / 2, high - low
