"""Which joints move one foot, and which move both: where legs begin."""

from collections.abc import Mapping

import pinocchio as pin


def legs_below(model: pin.Model, feet: Mapping[str, str]) -> dict[str, tuple[int, ...]]:
    """Joints of each leg: those that move its foot and not the other one, from the hip on.

    Args:
        model: The robot with a free base.
        feet: Links of the left and the right foot.

    Returns:
        For each side indices of the model.
    """
    ways = {side: _way_down(model, link) for side, link in feet.items()}
    shared = set.intersection(*(set(way) for way in ways.values()))
    return {side: tuple(joint for joint in way if joint not in shared) for side, way in ways.items()}


def waist_above(model: pin.Model, feet: Mapping[str, str]) -> tuple[int, ...]:
    """Joints between the base and the hips: they move both feet, as the waist of a robot whose base is its trunk."""
    left, right = (_way_down(model, link) for link in feet.values())
    return tuple(joint for joint in left if joint in right)


def _way_down(model: pin.Model, link: str) -> tuple[int, ...]:
    frame = model.frames[model.getFrameId(link, pin.FrameType.BODY)]
    return tuple(joint for joint in model.supports[frame.parentJoint] if joint > 1)
