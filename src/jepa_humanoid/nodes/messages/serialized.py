"""Bytes that were heard, as messages."""

from typing import Any

from rclpy.serialization import deserialize_message

from jepa_humanoid.nodes.errors import MessageError


def message_of(data: bytes, message_type: Any) -> Any:
    """The message that bytes stand for.

    Raises:
        MessageError: If they stand for none of that type.
    """
    try:
        return deserialize_message(data, message_type)
    except RuntimeError as error:  # rclpy's RMWError
        what = f"{message_type.__module__.split('.')[0]}/{message_type.__name__}"
        raise MessageError(f"{len(data)} bytes that are no {what}: {str(error).split(', at ')[0]}") from None
