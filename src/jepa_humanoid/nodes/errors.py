"""Errors that name what is wrong with a message or a parameter."""

from jepa_humanoid.errors import HumanoidError


class MessageError(HumanoidError, ValueError):
    """A message breaks the contract of its topic; the text names the topic, the field and the cause."""


class NodeError(HumanoidError, RuntimeError):
    """A node cannot be configured or run; the text says why in one line."""
