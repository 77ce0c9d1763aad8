"""Messages of every type in the contract, filled with something, and recordings of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rclpy.serialization import serialize_message

from jepa_humanoid.nodes.contract import TOPICS
from jepa_humanoid.nodes.definitions import definition, full_name, message_class
from jepa_humanoid.nodes.recorder import quality_text
from jepa_humanoid.recording.writing import RecordingWriter


def fill_in(message: Any, seed: int = 1) -> Any:
    """Put different values into all fields of a message, lists of two in sequences."""
    for k, (name, kind) in enumerate(message.get_fields_and_field_types().items(), start=seed):
        value = getattr(message, name)
        if hasattr(value, "get_fields_and_field_types"):
            fill_in(value, k + 1)
        elif isinstance(value, str):
            setattr(message, name, f"{name} ä{k}")
        elif isinstance(value, bool):
            setattr(message, name, True)
        elif isinstance(value, bytes):
            setattr(message, name, bytes([k]))
        elif isinstance(value, int):
            setattr(message, name, k)
        elif isinstance(value, float):
            setattr(message, name, k + 0.5)
        elif kind.startswith("sequence<string"):
            setattr(message, name, ["a", "b"])
        elif kind.startswith("sequence<") and "/" not in kind:
            setattr(message, name, [k, k + 1])
        elif kind.startswith("sequence<"):
            inner = message_class(kind.removeprefix("sequence<").removesuffix(">"))
            setattr(message, name, [fill_in(inner(), k), fill_in(inner(), k + 1)])
        else:
            setattr(message, name, [k + number for number in range(len(value))])
    return message


@pytest.fixture(scope="session")
def fill() -> Callable[..., Any]:
    """Puts different values into all fields of a message."""
    return fill_in


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Path]:
    """Writes a recording of messages by topic, a hundredth of a second apart; a flush after each."""

    def write(messages: list[tuple[str, Any]], *, close: bool = True, name: str = "some.mcap") -> Path:
        path = tmp_path / name
        writer = RecordingWriter(path, {"version": "0", "robot": "g1"})
        channels: dict[str, int] = {}
        for k, (topic, message) in enumerate(messages):
            if topic not in channels:
                kind = type(message)
                quality = quality_text(TOPICS[topic].quality)
                channels[topic] = writer.add_channel(f"/{topic}", full_name(kind), definition(kind), quality)
            time = 1_000_000_000 + 10_000_000 * k
            writer.add(channels[topic], time, time, k, serialize_message(message))
            writer.flush()
        if close:
            writer.close()
        return path

    return write
