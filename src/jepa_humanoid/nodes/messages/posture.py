"""How the body is to hold itself."""

import math

import numpy as np
from geometry_msgs.msg import Pose
from sensor_msgs.msg import JointState

from jepa_humanoid.geometry import up_in
from jepa_humanoid.nodes.errors import MessageError


def read_arms(message: JointState) -> dict[str, float]:
    """Positions of joints by name [rad], from `posture/arms`.

    Raises:
        MessageError: If there is not one position for each name.
    """
    names, positions = list(message.name), [float(position) for position in message.position]
    if len(names) != len(positions) or len(set(names)) != len(names):
        raise MessageError(f"posture/arms: {len(names)} names and {len(positions)} positions: give one for each joint")
    return dict(zip(names, positions, strict=True))


def read_torso(message: Pose) -> tuple[float, float]:
    """Height relative to the walk's [m], and pitch [rad], from `posture/torso`.

    Raises:
        MessageError: If the orientation is none.
    """
    q = message.orientation
    size = math.hypot(q.x, q.y, q.z, q.w)
    if not (math.isfinite(size) and size > 0.0):
        raise MessageError("posture/torso: the orientation is no quaternion; (0, 0, 0, 1) is upright")
    sine = -float(up_in(np.array((q.x, q.y, q.z, q.w)) / size)[0])
    return float(message.position.z), math.asin(min(max(sine, -1.0), 1.0))
