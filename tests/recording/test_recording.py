"""Recordings: what comes out is what went in, and what is broken is said."""

import csv
import json
import math
import resource as resource_limits
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

pytest.importorskip("rclpy")
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from nav_msgs.msg import Odometry
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Imu, JointState, PointCloud2, PointField
from std_msgs.msg import String
from typer.testing import CliRunner

from jepa_humanoid import cli
from jepa_humanoid.commands.replay import chosen_topics
from jepa_humanoid.nodes import transforms
from jepa_humanoid.nodes.contract import TOPICS
from jepa_humanoid.nodes.definitions import definition, full_name, message_class
from jepa_humanoid.nodes.recorder import quality_text
from jepa_humanoid.recording.errors import RecordingError
from jepa_humanoid.recording.reading import Decoder, Entry, Recording, Summary, TopicSummary
from jepa_humanoid.recording.tables import FORMATS, Columns, Flattener, export
from jepa_humanoid.recording.writing import RecordingWriter
from jepa_humanoid.resources import resource

KINDS = sorted({topic.type for topic in TOPICS.values() if topic.type is not None}, key=full_name)


def same(message: Any, decoded: Any) -> bool:
    """Whether a decoded message has all values of another."""
    if hasattr(message, "get_fields_and_field_types"):
        fields = message.get_fields_and_field_types()
        return all(same(getattr(message, name), getattr(decoded, name)) for name in fields)
    if isinstance(message, bytes):
        return ord(message) == decoded
    if isinstance(message, str | bool | int | float):
        return bool(message == decoded)
    return len(message) == len(decoded) and all(map(same, message, decoded))


@pytest.mark.parametrize("kind", KINDS, ids=full_name)
def test_a_definition_says_what_a_message_is(fill: Any, kind: Any) -> None:
    """Every type of the contract, filled and serialised by ROS, is read by its definition alone, to the last value."""
    message = fill(kind())
    entry = Entry("/it", full_name(kind), definition(kind).encode(), 0, serialize_message(message))
    assert same(message, Decoder().decode(entry))
    assert message_class(full_name(kind)) is kind


def test_others_read_it(fill: Any, record: Callable[..., Path]) -> None:
    """An index, ROS 2's profile and encodings, and the quality that latched topics are played with."""
    path = record([("robot_description", fill(String())), ("imu/data", fill(Imu())), ("imu/data", fill(Imu()))])
    with path.open("rb") as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory()])
        assert reader.get_header().profile == "ros2"
        summary = reader.get_summary()
        assert summary is not None
        assert summary.statistics is not None
        assert summary.statistics.message_count == 3
        assert {schema.encoding for schema in summary.schemas.values()} == {"ros2msg"}
        channels = {channel.topic: channel for channel in summary.channels.values()}
        assert {channel.message_encoding for channel in channels.values()} == {"cdr"}
        assert "durability: transient_local" in channels["/robot_description"].metadata["offered_qos_profiles"]
        decoded = [message for *_, message in reader.iter_decoded_messages(topics="/imu/data")]
        assert len(decoded) == 2
        assert same(fill(Imu()), decoded[0])
    (profile,) = yaml.safe_load(quality_text(TOPICS["points"].quality))
    assert (profile["reliability"], profile["depth"]) == ("best_effort", 5)


def test_what_a_killed_recorder_wrote_is_read(fill: Any, record: Callable[..., Path], tmp_path: Path) -> None:
    """Without an end, and cut anywhere: all whole chunks are read, and it is said that there was more."""
    whole = Recording(record([("imu/data", fill(Imu(), k)) for k in range(5)])).summary()
    assert (whole.count, whole.damage, whole.info["robot"]) == (5, "", "g1")
    path = record([("imu/data", fill(Imu(), k)) for k in range(5)], close=False, name="killed.mcap")
    killed = Recording(path).summary()
    assert killed.count == 5
    assert "cut off" in killed.damage
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(path.read_bytes()[:-40])
    summary = Recording(cut).summary()
    assert summary.count == 4
    assert "readable up to message 4 only" in summary.damage


@pytest.fixture(scope="module")
def content(fill: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A small recording's bytes, and a place for damaged ones."""
    folder = tmp_path_factory.mktemp("damaged")
    writer = RecordingWriter(folder / "whole.mcap", {})
    for topic, kind in (("/imu/data", Imu), ("/joint_states", JointState), ("/evaluation", String)):
        channel = writer.add_channel(topic, full_name(kind), definition(kind), "")
        for k in range(3):
            writer.add(channel, k, k, k, serialize_message(fill(kind(), k)))
        writer.flush()
    writer.close()
    return folder / "damaged.mcap", (folder / "whole.mcap").read_bytes()


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_damage_is_a_traceback(content: tuple[Path, bytes], data: st.DataObject) -> None:
    """Bytes cut, changed, left out and put in: what can be read is read, and the rest is a sentence."""
    path, whole = content
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(0, len(damaged) - 1)))
        what = data.draw(st.sampled_from(("cut", "change", "remove", "insert")))
        if what == "cut":
            del damaged[at:]
        elif what == "change" and damaged:
            damaged[at] = data.draw(st.integers(0, 255))
        elif what == "remove":
            del damaged[at : at + data.draw(st.integers(1, 20))]
        else:
            damaged[at:at] = data.draw(st.binary(min_size=1, max_size=20))
    path.write_bytes(damaged)
    decoder = Decoder()
    with suppress(RecordingError):
        for entry in Recording(path).messages():
            decoder.decode(entry)


@pytest.fixture(scope="module")
def flattener() -> Flattener:
    """One for all: it learns a type but once."""
    return Flattener()


ODD_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(10**400), 10**400) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("form", ["csv", "parquet"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(text='{"a": "\\ud800"}')
@example(text='{"a": ' + "[" * 900 + "]" * 900 + "}")
@given(text=st.builds(json.dumps, st.dictionaries(st.text(max_size=4), ODD_JSON), ensure_ascii=st.booleans()))
def test_any_status_is_a_table(flattener: Flattener, tmp_path: Path, form: str, text: str) -> None:
    """Numbers beyond all floats, half a pair of surrogates, what holds itself too often: a table, or one sentence."""
    if form == "parquet":
        pytest.importorskip("pyarrow")
    columns = Columns()
    rows = []
    with suppress(UnicodeEncodeError, RecordingError):
        data = serialize_message(String(data=text))
        rows += flattener.rows(Entry("/status", full_name(String), definition(String).encode(), 0, data), 0)
    for row in rows:
        columns.see(row)
    table = FORMATS[form](tmp_path / f"table.{form}", columns)
    for row in rows:
        table.add(row)
    table.close()


def test_topics_with_one_file_are_named(record: Callable[..., Path], tmp_path: Path) -> None:
    """Two topics whose tables would overwrite each other."""
    path = tmp_path / "same.mcap"
    writer = RecordingWriter(path, {})
    for topic in ("/a/b", "/a_b", "/c [red]x[/] \0"):
        channel = writer.add_channel(topic, full_name(String), definition(String), "")
        writer.add(channel, 1, 1, 1, serialize_message(String(data="it")))
    writer.close()
    with pytest.raises(RecordingError, match=r"/a/b and /a_b would both be a_b\.csv"):
        export(Recording(path), tmp_path / "out")
    assert [name.name for name in export(Recording(path), tmp_path / "out", topics=["/c [red]x[/] \0"]).tables] == [
        "c__red_x_____.csv"
    ]
    outcome = CliRunner().invoke(cli.app, ["recording", "show", str(path)])
    assert outcome.exit_code == 0
    assert "[red]" in outcome.output


@pytest.mark.parametrize(
    "name",
    ["", "/", "std_msgs", "std_msgs/msg/_string", "std_msgs/msg/", "/msg/String", "std_msgs/msg/string.x", "os/path"],
)
def test_type_that_is_none_has_no_class(name: str) -> None:
    """A recording may name anything."""
    assert message_class(name) is None


@pytest.mark.parametrize("content", [b"", b"\x89PNG" * 9])
def test_what_is_no_recording_is_said(tmp_path: Path, content: bytes) -> None:
    """A sentence and status 2 from each command that reads one, and for a file that is not there."""
    path = tmp_path / "no.mcap"
    path.write_bytes(content)
    for words in (["recording", "show"], ["recording", "export", "OUT"], ["replay"]):
        arguments = [*words[:2], str(path), *[str(tmp_path / word) for word in words[2:]]]
        outcome = CliRunner().invoke(cli.app, arguments)
        assert outcome.exit_code == 2
        assert "no MCAP file" in outcome.output.replace("\n", " ")
    outcome = CliRunner().invoke(cli.app, ["recording", "show", str(tmp_path / "nothing.mcap")])
    assert outcome.exit_code == 2
    assert "No such file" in outcome.output.replace("\n", " ")


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A file that exists is refused and stays; a full disk and a folder below a file are sentences."""
    there = tmp_path / "there.mcap"
    there.write_bytes(b"mine")
    with pytest.raises(RecordingError, match="exists already; name a new file"):
        RecordingWriter(there, {})
    assert there.read_bytes() == b"mine"
    with pytest.raises(RecordingError, match="name another"):
        RecordingWriter(there / "below" / "a.mcap", {})


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And once is enough: closing what cannot be written is no second error."""
    monkeypatch.setattr(Path, "open", lambda self, mode: open("/dev/full", "wb"))  # noqa: PTH123, SIM115
    with pytest.raises(RecordingError, match=r"cannot write .*a\.mcap: No space left on device; make room"):
        RecordingWriter(tmp_path / "a.mcap", {})


def table(path: Path) -> list[dict[str, str]]:
    """A CSV's rows."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_tables_have_a_named_column_for_each_number(fill: Any, record: Callable[..., Path], tmp_path: Path) -> None:
    """Joints name columns, times are seconds, JSON is unfolded, key and value become column and cell."""
    states = JointState(name=["knee", "hip"], position=[0.1, 0.2], effort=[5.0, 6.0])
    states.header.stamp.sec, states.header.stamp.nanosec = 3, 500_000_000
    status = String(data=json.dumps({"mode": "walk", "dcm": [0.5, "NaN"], "goal": None}))
    odometry = fill(Odometry())
    path = record([("joint_states", states), ("controller/status", status), ("odom", odometry)])
    exported = export(Recording(path), tmp_path / "tables")
    (row,) = table(tmp_path / "tables" / "joint_states.csv")
    assert {name: float(row[name]) for name in ("time", "stamp", "position/knee", "effort/hip")} == {
        "time": 0.0,
        "stamp": 3.5,
        "position/knee": 0.1,
        "effort/hip": 6.0,
    }
    assert "velocity/knee" not in row
    (row,) = table(tmp_path / "tables" / "controller_status.csv")
    assert (row["mode"], row["dcm/0"], row["dcm/1"], row["time"]) == ("walk", "0.5", "nan", "0.01")
    (row,) = table(tmp_path / "tables" / "odom.csv")
    assert float(row["pose/pose/position/x"]) == odometry.pose.pose.position.x
    assert float(row["pose/covariance/35"]) == odometry.pose.covariance[35]
    assert not exported.left_out
    with pytest.raises(RecordingError, match="exists already"):
        export(Recording(path), tmp_path / "tables")
    with pytest.raises(RecordingError, match="no topic /moon, but /joint_states"):
        export(Recording(path), tmp_path / "others", topics=["/moon"])


def test_points_are_rows_if_asked_for(record: Callable[..., Path], tmp_path: Path) -> None:
    """Otherwise they are left out, and that is said."""
    points = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, math.nan]], np.float32)
    fields = [PointField(name=name, offset=4 * k, datatype=7, count=1) for k, name in enumerate("xyz")]
    cloud = PointCloud2(height=1, width=2, fields=fields, point_step=12, row_step=24, data=points.tobytes())
    path = record([("points", cloud)])
    assert export(Recording(path), tmp_path / "without").left_out == ["/points"]
    export(Recording(path), tmp_path / "with", topics=["/points"])
    rows = table(tmp_path / "with" / "points.csv")
    assert [(row["point"], row["x"], row["z"]) for row in rows] == [("0", "1.0", "3.0"), ("1", "4.0", "nan")]
    cloud.point_step = 100
    broken = export(Recording(record([("points", cloud)], name="b.mcap")), tmp_path / "bad", topics=["/points"])
    (columns,) = broken.tables.values()
    assert columns.rows == 0
    assert len(columns.unread) == 1
    assert "not where it says" in columns.unread[0]


def test_message_that_cannot_be_read_costs_no_other(tmp_path: Path) -> None:
    """It is left out of its table and counted, and the command says so."""
    path = tmp_path / "some.mcap"
    writer = RecordingWriter(path, {})
    channel = writer.add_channel("/it", full_name(String), definition(String), "")
    good = serialize_message(String(data="good"))
    for k, data in enumerate((good, b"\x00\x01\x00\x00\xff\xff", good)):
        writer.add(channel, k, k, k, data)
    writer.close()
    outcome = CliRunner().invoke(cli.app, ["recording", "export", str(path), str(tmp_path / "out")])
    assert outcome.exit_code == 0, outcome.output
    assert "1 messages cannot be read" in outcome.output
    assert [row["data"] for row in table(tmp_path / "out" / "it.csv")] == ["good", "good"]


def test_parquet_holds_what_csv_holds(
    fill: Any, record: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With pyarrow; without it, a sentence says what to install."""
    parquet = pytest.importorskip("pyarrow.parquet")
    path = record([("imu/data", fill(Imu(), k)) for k in range(3)])
    export(Recording(path), tmp_path / "a", "parquet")
    export(Recording(path), tmp_path / "b", "csv")
    rows = parquet.read_table(tmp_path / "a" / "imu_data.parquet").to_pylist()
    assert [{name: str(value) for name, value in row.items()} for row in rows] == table(tmp_path / "b" / "imu_data.csv")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(RecordingError, match=r"pip install -e '\.\[parquet\]'"):
        export(Recording(path), tmp_path / "c", "parquet")


def test_transforms_say_what_odometry_says(fill: Any) -> None:
    """The list of one transform that is made by hand is what a reader of tf's definition finds."""
    message = fill(Odometry())
    said = transforms.transform_of("odom", message)
    entry = Entry("/tf", transforms.TYPE_NAME, transforms.DEFINITION.encode(), 0, said)
    (transform,) = Decoder().decode(entry).transforms
    assert same(message.header, transform.header)
    assert transform.child_frame_id == message.child_frame_id
    assert same(message.pose.pose.orientation, transform.transform.rotation)
    place = message.pose.pose.position
    assert [getattr(transform.transform.translation, axis) for axis in "xyz"] == [place.x, place.y, place.z]


def test_what_robots_obey_is_played_only_if_it_is_named() -> None:
    """Everything else by default, in whatever namespace it was recorded; a topic that is not there is refused."""
    names = ("joint_states", "joint_commands", "teleop/cmd_vel", "plan/cmd_vel", "goal_pose", "emergency_stop", "odom")
    summary = Summary(topics={f"/left/{name}": TopicSummary("", 1, 0, 0) for name in names})
    assert chosen_topics(summary, "left", None) == ["/left/joint_states", "/left/odom"]
    assert chosen_topics(summary, "left", ["goal_pose", "/left/odom"]) == ["/left/goal_pose", "/left/odom"]
    with pytest.raises(RecordingError, match="no topic 'moon', but joint_states"):
        chosen_topics(summary, "left", ["moon"])


def test_the_layout_shows_what_is_recorded() -> None:
    """Every topic that the layout for Foxglove names is one of the contract's, and every panel has a place."""
    layout = json.loads(resource("config/foxglove/jepa_humanoid.json").read_text(encoding="utf-8"))
    topics = {f"/{name}" for name in TOPICS}
    three = layout["configById"]["3D!robot"]
    assert three["topics"].keys() <= topics
    paths = [path["value"] for panel in layout["configById"].values() for path in panel.get("paths", ())]
    assert paths
    assert {path.partition(".")[0] for path in paths} <= topics
    placed = json.dumps(layout["layout"])
    assert all(f'"{panel}"' in placed for panel in layout["configById"])
    assert three["layers"]["robot"]["topic"] in topics


def test_what_fits_on_a_disk_that_fills_is_kept(tmp_path: Path) -> None:
    """The recorder is told once, may close the file, and all that was flushed before is read."""
    path = tmp_path / "a.mcap"
    writer = RecordingWriter(path, {})
    channel = writer.add_channel("/it", "std_msgs/msg/String", "string data\n", "")
    noise = np.random.default_rng(1)
    before = resource_limits.getrlimit(resource_limits.RLIMIT_FSIZE)
    resource_limits.setrlimit(resource_limits.RLIMIT_FSIZE, (200_000, before[1]))
    flushed: list[int] = []

    def fill_the_disk() -> None:
        for number in range(100):
            writer.add(channel, number, number, number, noise.bytes(10_000))
            writer.flush()
            flushed.append(number)

    try:
        with pytest.raises(RecordingError, match=r"cannot write .*a\.mcap: .*; make room"):
            fill_the_disk()
        writer.close()
    finally:
        resource_limits.setrlimit(resource_limits.RLIMIT_FSIZE, before)
    summary = Recording(path).summary()
    assert summary.count == len(flushed) > 10
    assert "cut off" in summary.damage
