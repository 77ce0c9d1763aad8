"""Reads recordings, also those whose writer was killed: front to back, up to where they are whole."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from mcap.records import Channel, Message, Metadata, Schema
from mcap.stream_reader import MAGIC_SIZE, StreamReader
from mcap.writer import MCAP0_MAGIC
from mcap_ros2.decoder import DecoderFactory

from jepa_humanoid.recording.errors import RecordingError
from jepa_humanoid.recording.writing import INFO

LARGEST_RECORD = 2**30
"""Bytes of the largest record that is believed; a chunk of this package's recordings has one million."""


class Entry(NamedTuple):
    """A message as it was heard.

    Attributes:
        topic: Its topic's full name.
        type_name: As ROS 2 writes it.
        definition: The type's, with those of the types in it.
        log_time: When it was heard [ns since 1970, or whatever clock a foreign recorder had].
        data: The message as CDR.
    """

    topic: str
    type_name: str
    definition: bytes
    log_time: int
    data: bytes


@dataclass
class TopicSummary:
    """What a recording holds of one topic; times in nanoseconds."""

    type_name: str
    count: int
    first: int
    last: int

    @property
    def rate(self) -> float:
        """Messages a second by the recorder's clock [Hz]; 0 for a single one."""
        span = self.last - self.first
        return 1e9 * (self.count - 1) / span if span > 0 else 0.0


@dataclass
class Summary:
    """What a recording holds.

    Attributes:
        topics: By full name, in the order in which they were first heard.
        info: Where it is from.
        damage: Why it ends before its end; empty for a whole one.
    """

    topics: dict[str, TopicSummary] = field(default_factory=dict)
    info: dict[str, str] = field(default_factory=dict)
    damage: str = ""

    @property
    def start(self) -> int:
        """Time of the first message [ns]."""
        return min((topic.first for topic in self.topics.values()), default=0)

    @property
    def seconds(self) -> float:
        """From the first message to the last [s]."""
        return 1e-9 * (max((topic.last for topic in self.topics.values()), default=0) - self.start)

    @property
    def count(self) -> int:
        """Messages in all."""
        return sum(topic.count for topic in self.topics.values())


class Recording:
    """A recording that can be read.

    Args:
        path: An MCAP file.

    Raises:
        RecordingError: If there is none that can be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                magic = file.read(MAGIC_SIZE)
        except OSError as error:
            raise RecordingError(f"cannot read {path}: {error.strerror or error}") from error
        if magic != MCAP0_MAGIC:
            raise RecordingError(f"{path} is no MCAP file; `humanoid record` writes one")

    def messages(self, topics: Collection[str] | None = None, summary: Summary | None = None) -> Iterator[Entry]:
        """The messages in the file's order, up to its end or to where it is damaged.

        Args:
            topics: Full names of those that are wanted; None for all.
            summary: Gets what else the file says, and the damage.
        """
        found = Summary() if summary is None else summary
        schemas: dict[int, Schema] = {}
        channels: dict[int, Channel] = {}
        count = 0
        with self.path.open("rb") as file:
            records = iter(StreamReader(file, validate_crcs=True, record_size_limit=LARGEST_RECORD).records)
            while True:
                try:
                    record = next(records)
                except StopIteration:
                    return
                except Exception as error:
                    # Whatever a parser does with bytes that are not what they should be, it ends here.
                    why = str(error) or "it was cut off, as when its recorder is killed"
                    found.damage = f"readable up to message {count} only: {why}"
                    return
                if isinstance(record, Schema):
                    schemas[record.id] = record
                elif isinstance(record, Channel):
                    channels[record.id] = record
                elif isinstance(record, Metadata) and record.name == INFO:
                    found.info.update(record.metadata)
                elif isinstance(record, Message):
                    channel = channels.get(record.channel_id)
                    schema = schemas.get(channel.schema_id) if channel is not None else None
                    if channel is None or schema is None:
                        found.damage = f"readable up to message {count} only: the next one is of no known type"
                        return
                    count += 1
                    if topics is None or channel.topic in topics:
                        yield Entry(channel.topic, schema.name, schema.data, record.log_time, record.data)

    def summary(self) -> Summary:
        """Read all of it, and say what it holds."""
        summary = Summary()
        for entry in self.messages(summary=summary):
            topic = summary.topics.get(entry.topic)
            if topic is None:
                summary.topics[entry.topic] = TopicSummary(entry.type_name, 1, entry.log_time, entry.log_time)
            else:
                topic.count += 1
                topic.first = min(topic.first, entry.log_time)
                topic.last = max(topic.last, entry.log_time)
        return summary


class Decoder:
    """Turns messages into objects with the fields that their definitions in the recording name."""

    def __init__(self) -> None:
        self._decoders: dict[str, Callable[[bytes], Any]] = {}

    def decode(self, entry: Entry) -> Any:
        """The message.

        Raises:
            RecordingError: If it is not what its definition says.
        """
        try:
            decode = self._decoders.get(entry.type_name)
            if decode is None:
                schema = Schema(id=1, name=entry.type_name, encoding="ros2msg", data=entry.definition)
                made = DecoderFactory().decoder_for("cdr", schema)
                assert made is not None
                decode = self._decoders[entry.type_name] = made
            return decode(entry.data)
        except Exception as error:  # as above
            raise RecordingError(f"{entry.topic}: {len(entry.data)} bytes that are no {entry.type_name}") from error
