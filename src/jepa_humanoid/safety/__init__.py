"""Whether a robot may move, and why: one state machine, its limits, its reasons, and whom it obeys."""

from jepa_humanoid.safety.limits import SafetyLimits
from jepa_humanoid.safety.machine import Action, Decision, Safety
from jepa_humanoid.safety.reasons import BodyMode, Cause, Reason

__all__ = ["Action", "BodyMode", "Cause", "Decision", "Reason", "Safety", "SafetyLimits"]
