"""Writes a recording that others read too: MCAP as ROS 2's own recorder has it (profile ros2, ros2msg, CDR).

Messages are kept in compressed chunks. A chunk that is flushed can be read whatever happens to the writer afterwards.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcap.writer import CompressionType, Writer

from jepa_humanoid.recording.errors import RecordingError
from jepa_humanoid.storage import make_folder

INFO = "jepa_humanoid"
"""Name of the metadata that say where a recording is from."""


class RecordingWriter:
    """A file that is being recorded.

    Args:
        path: The file, a new one; its folder is made if missing.
        info: Where the recording is from, for people and for `humanoid replay`.

    Raises:
        RecordingError: If it exists, or cannot be written.
    """

    def __init__(self, path: Path, info: Mapping[str, str]) -> None:
        make_folder(path.parent, RecordingError)
        self._path = path
        self._broken = False
        self._schemas: dict[str, int] = {}
        try:
            self._file = path.open("xb")
        except FileExistsError:
            raise RecordingError(f"{path} exists already; name a new file") from None
        except OSError as error:
            raise self._failure(error) from error
        self._writer: Any = Writer(self._file, compression=CompressionType.ZSTD)
        try:
            self._writer.start(profile="ros2", library=INFO)
            self._writer.add_metadata(INFO, dict(info))
            self._file.flush()
        except OSError as error:
            raise self._failure(error) from error

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return int(self._file.tell())

    def add_channel(self, topic: str, type_name: str, definition: str, quality: str) -> int:
        """Announce a topic, and return its number for `add`.

        Args:
            topic: Its full name.
            type_name: As ROS 2 writes it, such as ``sensor_msgs/msg/Imu``.
            definition: The type's definition, with those of the types in it.
            quality: Qualities of service that its senders offer, in YAML, as ROS 2's recorder writes them.
        """
        if type_name not in self._schemas:
            self._schemas[type_name] = self._writer.register_schema(type_name, "ros2msg", definition.encode())
        metadata = {"offered_qos_profiles": quality}
        return int(self._writer.register_channel(topic, "cdr", self._schemas[type_name], metadata))

    def add(self, channel: int, log_time: int, publish_time: int, sequence: int, data: bytes) -> None:
        """Write a message; times are in nanoseconds since 1970.

        Raises:
            RecordingError: If it cannot be written.
        """
        try:
            self._writer.add_message(channel, log_time, data, publish_time, sequence)
        except OSError as error:
            raise self._failure(error) from error

    def note(self, info: Mapping[str, str]) -> None:
        """Write down something more about where the recording is from."""
        try:
            self._writer.add_metadata(INFO, dict(info))
        except OSError as error:
            raise self._failure(error) from error

    def flush(self) -> None:
        """End the chunk: what was added is in the file now, even if this process is killed.

        Raises:
            RecordingError: If it cannot be written.
        """
        try:
            self._writer.flush()
        except OSError as error:
            raise self._failure(error) from error

    def close(self) -> None:
        """End the file with its index; one that could not be written further stays readable up to there."""
        if self._file.closed:
            return
        try:
            if not self._broken:
                self._writer.finish()
                self._file.flush()
        except OSError as error:
            raise self._failure(error) from error
        finally:
            with contextlib.suppress(OSError):
                self._file.close()

    def _failure(self, error: OSError) -> RecordingError:
        self._broken = True
        return RecordingError(
            f"cannot write {self._path}: {error.strerror or error}; make room, or name a file that you may write to"
        )
