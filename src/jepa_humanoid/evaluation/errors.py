"""What can be wrong about an evaluation before it begins."""

from jepa_humanoid.errors import HumanoidError


class SuiteError(HumanoidError, ValueError):
    """A suite is unknown, or asked for something that it cannot do."""


class EvaluationError(HumanoidError, ValueError):
    """What was measured earlier cannot be read."""
