"""What a message looks like to whoever receives it."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from rclpy.serialization import deserialize_message, serialize_message

# How long an example takes says how busy the machine is.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def over_the_wire() -> Callable[[Any], Any]:
    """Sends a message through the middleware's format."""
    return lambda message: deserialize_message(serialize_message(message), type(message))
