"""What a message looks like to whoever receives it."""

from collections.abc import Callable
from typing import Any

import pytest
from rclpy.serialization import deserialize_message, serialize_message


@pytest.fixture(scope="session")
def over_the_wire() -> Callable[[Any], Any]:
    """Sends a message through the middleware's format."""
    return lambda message: deserialize_message(serialize_message(message), type(message))
