"""Whether a sample has the form that everything behind it relies on."""

import math
from collections.abc import Sequence

import numpy as np

from jepa_humanoid.robot.state import SensorSample
from jepa_humanoid.safety.reasons import Cause, Reason

_JOINT_FIELDS = ("position", "velocity", "effort")
_AXIS_FIELDS = ("angular_velocity", "linear_acceleration")


class SampleForm:
    """Shapes and finite numbers of one robot's samples.

    Args:
        joint_names: The robot's joints, in its order.
    """

    def __init__(self, joint_names: Sequence[str]) -> None:
        self._labels = {field: [f"{field} of {name}" for name in joint_names] for field in _JOINT_FIELDS}
        self._labels |= {field: [f"{field}.{axis}" for axis in "xyz"] for field in _AXIS_FIELDS}
        self._joints, self._axes = (len(joint_names),), (3,)

    def flaw(self, sample: SensorSample) -> Reason | None:
        """What is wrong with a sample, or None: the usual case costs a few microseconds."""
        joints, axes = self._joints, self._axes
        position, velocity, effort = sample.position, sample.velocity, sample.effort
        angular, linear = sample.angular_velocity, sample.linear_acceleration
        if (
            position.shape == velocity.shape == effort.shape == joints
            and angular.shape == linear.shape == axes
            and math.isfinite(sample.stamp)
            # A sum of squares is finite only if every term is.
            and math.isfinite(position.dot(position))
            and math.isfinite(velocity.dot(velocity))
            and math.isfinite(effort.dot(effort))
            and math.isfinite(angular.dot(angular))
            and math.isfinite(linear.dot(linear))
        ):
            return None
        return self._describe(sample)

    def _describe(self, sample: SensorSample) -> Reason:
        if not math.isfinite(sample.stamp):
            return Reason(Cause.NOT_FINITE, f"the stamp is {_number(sample.stamp)}")
        for field, labels in self._labels.items():
            value = getattr(sample, field)
            if value.shape != (len(labels),):
                return Reason(Cause.WRONG_SHAPE, f"{field} has shape {value.shape}, not {(len(labels),)}")
            if not np.isfinite(value).all():
                bad = int(np.argmin(np.isfinite(value)))
                return Reason(Cause.NOT_FINITE, f"{labels[bad]} is {_number(value[bad])}")
        return Reason(Cause.NOT_FINITE, "values are too large to be true")


def _number(value: float) -> str:
    return "NaN" if math.isnan(value) else str(float(value))
