"""Recordings of the running stack become episodes, cut where something is missing, and say why."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pinocchio as pin
import pytest

pytest.importorskip("rclpy")
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState
from typer.testing import CliRunner

from jepa_humanoid.commands.data import app
from jepa_humanoid.data.dataset import episode_paths, read_manifest
from jepa_humanoid.data.errors import DataError
from jepa_humanoid.data.files import read_episode
from jepa_humanoid.data.importing import Imported, import_recorded
from jepa_humanoid.data.recorded import read_recorded, robot_name
from jepa_humanoid.data.timeline import grid_at
from jepa_humanoid.nodes.contract import TOPICS
from jepa_humanoid.nodes.definitions import definition, full_name
from jepa_humanoid.nodes.messages.elevation import write_elevation
from jepa_humanoid.nodes.messages.odometry import write_odometry
from jepa_humanoid.nodes.messages.pose import write_pose
from jepa_humanoid.nodes.messages.status import write_body_status
from jepa_humanoid.nodes.messages.time import to_stamp
from jepa_humanoid.nodes.messages.velocity import write_velocity
from jepa_humanoid.nodes.recorder import quality_text
from jepa_humanoid.recording.writing import RecordingWriter
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.state import AGE_LIMIT, BaseEstimate, ElevationGrid, Layers, VelocityCommand
from jepa_humanoid.safety import BodyMode
from jepa_humanoid.status import BodyStatus
from jepa_humanoid.world_model.observation import decode_heights
from jepa_humanoid.world_model.settings import ObservationSettings

ROBOT = load_robot("g1")
SPEED, POWER = 0.3, 29 * 2.0 * 0.5
HEARD = 7e8
"""The recorder's clock when the robot's begins [s], rounded to what a float can say."""


@dataclass
class Walk:
    """A robot that walks ahead at `SPEED`, asked to by the planner, and what of it is recorded otherwise."""

    seconds: float = 4.0
    begin: float = 10.0
    rates: dict[str, float] = field(default_factory=dict)
    left_out: Callable[[str, float], bool] = lambda topic, stamp: False
    tilt: Callable[[float], float] = lambda stamp: 0.0
    mode: Callable[[float], BodyMode] = lambda stamp: BodyMode.WALK
    cells: int = 64
    late: Callable[[float], float] = lambda stamp: 0.0
    people: bool = False

    def messages(self) -> list[tuple[float, str, object]]:
        """Stamps, topics and messages, in their order."""
        said: list[tuple[float, str, object]] = []
        for topic, usual in (
            ("joint_states", 200.0),
            ("odom", 50.0),
            ("base_footprint", 50.0),
            ("elevation", 10.0),
            ("plan/cmd_vel", 20.0),
            ("controller/status", 10.0),
            *((("teleop/cmd_vel", 5.0),) if self.people else ()),
        ):
            period = 1.0 / self.rates.get(topic, usual)
            for k in range(round(self.seconds / period) + 1):
                stamp = round(self.begin + k * period, 6)
                if topic == "elevation":
                    stamp = round(stamp + self.late(stamp), 6)
                if not self.left_out(topic, stamp):
                    said.append((stamp, topic, self._message(topic, stamp)))
        return sorted(said, key=lambda each: each[0])

    def _message(self, topic: str, stamp: float) -> object:
        time = to_stamp(stamp)
        x, tilt = SPEED * (stamp - self.begin), self.tilt(stamp)
        turn = np.array([0.0, np.sin(tilt / 2), 0.0, np.cos(tilt / 2)])
        if topic == "joint_states":
            message = JointState(name=list(ROBOT.joint_names))
            message.header.stamp = time
            message.position = ROBOT.nominal_configuration[7:].tolist()
            message.velocity, message.effort = [0.5] * 29, [-2.0] * 29
            return message
        if topic == "odom":
            base = BaseEstimate(stamp, np.array([x, 0.0, 0.7]), turn, np.array([SPEED, 0.0, 0.0]), np.zeros(3))
            return write_odometry(base, time, "pelvis")
        if topic == "base_footprint":
            return write_pose(pin.SE3(np.eye(3), np.array([x, 0.0, -0.02])), time)
        if topic == "elevation":
            heights = np.full((self.cells, self.cells), np.nan, np.float32)
            heights[32, :] = x
            return write_elevation(ElevationGrid(stamp, heights, 0.1), time)
        if topic == "controller/status":
            nothing = np.zeros((2, 3))
            return write_body_status(BodyStatus(stamp, self.mode(stamp), "", True, np.ones(2), nothing, nothing))
        if topic == "teleop/cmd_vel":  # people's clocks are their own
            return write_velocity(VelocityCommand(turn=0.2), to_stamp(0.0))
        return write_velocity(VelocityCommand(SPEED if stamp < self.begin + 2.0 else 0.1), time)


def write(path: Path, *walks: Walk) -> Path:
    """A recording of walks, one after the other."""
    writer = RecordingWriter(path, {"robot": "g1", "target": "mujoco", "started": "today"})
    channels: dict[str, int] = {}
    heard = HEARD
    for walk in walks:
        for stamp, topic, message in walk.messages():
            if topic not in channels:
                kind = type(message)
                quality = quality_text(TOPICS[topic].quality)
                channels[topic] = writer.add_channel(f"/{topic}", full_name(kind), definition(kind), quality)
            # The robot's time passes at half the speed, as on a slow machine.
            time = round(1e9 * (heard + 2.0 * (stamp - walk.begin)))
            writer.add(channels[topic], time, time, 0, serialize_message(message))
        heard += 2.0 * walk.seconds + 1.0
    writer.close()
    return path


def imported(tmp_path: Path, *walks: Walk) -> Imported:
    """What walks come to."""
    path = write(tmp_path / "monday.mcap", *walks)
    return import_recorded(read_recorded(path, ROBOT), "g1", tmp_path / "out", ObservationSettings())


def test_a_recording_becomes_an_episode(tmp_path: Path) -> None:
    """Frames at the grids' stamps with what was believed, felt and asked for then; truth is missing."""
    result = imported(tmp_path, Walk())
    assert result.notes == []
    (entry,) = result.entries
    header, recording = read_episode(tmp_path / "out" / "monday_000.parquet")
    assert (entry.file, header.source, header.robot, header.ending) == ("monday_000.parquet", "recording", "g1", "time")
    assert (header.scene, header.draws["recording"], header.draws["target"]) == ("", "monday.mcap", "mujoco")
    np.testing.assert_allclose(recording.stamp, 10.0 + 0.1 * np.arange(41), atol=1e-9)
    np.testing.assert_allclose(recording.poses[:, 0], SPEED * 0.1 * np.arange(41), atol=1e-6)
    np.testing.assert_allclose(decode_heights(recording.codes[20])[32], 0.6, atol=0.006)
    assert (recording.codes[:, :32] == 255).all()
    np.testing.assert_allclose(
        recording.configuration[:, 7:], ROBOT.nominal_configuration[7:][None].repeat(41, 0), atol=1e-6
    )
    np.testing.assert_allclose(recording.ground, -0.02, atol=1e-6)
    np.testing.assert_allclose(recording.effort, POWER, rtol=1e-5)
    np.testing.assert_allclose(recording.features[:, 0], SPEED, atol=1e-6)
    # The planner asks for less after two seconds; frames know what was asked for before them.
    np.testing.assert_allclose(recording.commands[1:19, 0], SPEED, atol=1e-6)
    np.testing.assert_allclose(recording.commands[21:, 0], 0.1, atol=1e-6)
    np.testing.assert_allclose(recording.features[1:, 7:], recording.commands[:-1], atol=1e-6)
    assert recording.missing == {"touching", "clearance", "goals", "cost_to_go"}
    assert not recording.experience().touch_known.any()


class Broken(Walk):
    """A walk whose planner asks for no number now and then, and that shows poses where odometry should be."""

    def _message(self, topic: str, stamp: float) -> object:
        if topic == "plan/cmd_vel" and round(20 * stamp) % 10 == 0:
            return write_velocity(VelocityCommand(float("nan")), to_stamp(stamp))
        return super()._message("base_footprint" if topic == "odom" and self.tilt(0.0) else topic, stamp)


def test_messages_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    """With the first reason; where a topic has none that can be, nothing is imported."""
    result = imported(tmp_path, Broken())
    assert result.notes == [
        f"{tmp_path}/monday.mcap: 9 messages of plan/cmd_vel cannot be read, and are left out (a number is not finite)"
    ]
    assert len(result.entries) == 1
    with pytest.raises(DataError, match=r"odom comes at 0.0 Hz"):
        imported(tmp_path / "poses", Broken(tilt=lambda stamp: 1.0))


def test_people_outrank_the_planner(tmp_path: Path) -> None:
    """As in the controller; theirs counts when it was heard, whatever its stamp."""
    imported(tmp_path, Walk(people=True))
    recording = read_episode(tmp_path / "out" / "monday_000.parquet")[1]
    np.testing.assert_allclose(recording.commands[1:, 0], 0.0, atol=1e-9)
    np.testing.assert_allclose(recording.commands[1:, 2], 0.2, atol=1e-6)


def test_a_gap_is_cut_and_said(tmp_path: Path) -> None:
    """Grids that stay away for a second end an episode, and the next begins behind them."""
    result = imported(tmp_path, Walk(6.0, left_out=lambda topic, stamp: topic == "elevation" and 12.55 < stamp < 13.45))
    assert [entry.header.ending for entry in result.entries] == ["gap", "time"]
    assert [round(entry.seconds, 1) for entry in result.entries] == [2.6, 2.6]
    assert len({entry.header.motion for entry in result.entries}) == 1
    (note,) = result.notes
    assert note.endswith("elevation of 12.50 s is followed by that of 13.50 s, 1.00 s: cut there")


def test_late_and_missing_grids_are_bridged_and_said(tmp_path: Path) -> None:
    """A busy machine's grids are late by 0.04 s, and one is not there: frames stay a tenth of a second apart."""
    busy = Walk(
        late=lambda stamp: 0.04 if round(10 * stamp) % 5 == 0 else 0.0,
        left_out=lambda topic, stamp: topic == "elevation" and abs(stamp - 12.2) < 0.01,
    )
    result = imported(tmp_path, busy)
    assert result.notes == [f"{tmp_path}/monday.mcap: 1 frames have no grid within 0.05 s, and their neighbour's"]
    assert [entry.header.ending for entry in result.entries] == ["time"]
    recording = read_episode(tmp_path / "out" / "monday_000.parquet")[1]
    np.testing.assert_allclose(np.diff(recording.stamp), 0.1, atol=1e-9)
    np.testing.assert_allclose(recording.poses[:, 0], SPEED * (recording.stamp - 10.0), atol=SPEED * 0.011)
    seen = decode_heights(recording.codes[22])[32, 2:-2]
    assert min(abs(seen - SPEED * 2.1).max(), abs(seen - SPEED * 2.3).max()) < 0.01


def test_a_grid_moves_with_the_odometry() -> None:
    """Turned by a right angle and a cell ahead: what was to the left is ahead, and what comes into view is unknown."""
    heights = np.arange(25, dtype=np.float32).reshape(5, 5)
    grid = ElevationGrid(1.0, heights, 0.1)
    half = np.sqrt(0.5)
    then = BaseEstimate(1.0, np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0]), np.zeros(3), np.zeros(3))
    now = BaseEstimate(1.1, np.array([0.1, 0.0, 0.0]), np.array([0.0, 0.0, half, half]), np.zeros(3), np.zeros(3))
    moved = grid_at(grid, then, now)
    assert moved.stamp == 1.1
    # The cell under the robot was one ahead; ahead of it now is what was to its left.
    assert moved.heights[2, 2] == heights[3, 2]
    assert moved.heights[3, 2] == heights[3, 3]
    assert np.isnan(moved.heights[:, 0]).all()
    assert grid_at(grid, then, then) is grid
    assert moved.layers is None


def test_layers_of_a_grid_move_with_it() -> None:
    """After a quarter turn to the left what walked ahead walks to the right; all is older, what is new never seen."""
    velocity = np.zeros((5, 5, 2), np.float32)
    velocity[2, 3] = (0.5, 0.0)
    layers = Layers(np.full((5, 5), 0.02, np.float32), np.full((5, 5), 0.3, np.float32), velocity)
    grid = ElevationGrid(1.0, np.zeros((5, 5), np.float32), 0.1, layers=layers)
    half = np.sqrt(0.5)
    then = BaseEstimate(1.0, np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0]), np.zeros(3), np.zeros(3))
    now = BaseEstimate(1.1, np.array([0.1, 0.0, 0.0]), np.array([0.0, 0.0, half, half]), np.zeros(3), np.zeros(3))
    moved = grid_at(grid, then, now)
    # It was a cell to the left; so it is one ahead, and one behind to the left of where the robot came from.
    place = np.argwhere(np.abs(moved.velocity).max(axis=2) > 0.0)
    assert len(place) == 1
    assert moved.velocity[tuple(place[0])] == pytest.approx([0.0, -0.5], abs=1e-6)
    assert moved.age[~np.isnan(moved.heights)] == pytest.approx(0.4)
    assert (moved.age[np.isnan(moved.heights)] == AGE_LIMIT).all()
    assert np.isnan(moved.deviation[np.isnan(moved.heights)]).all()


def test_frames_without_odometry_are_left_out_and_said(tmp_path: Path) -> None:
    """And pieces that are too short to learn from."""
    away = Walk(6.0, left_out=lambda topic, stamp: topic == "odom" and 11.05 < stamp < 12.95)
    result = imported(tmp_path, away)
    assert len(result.entries) == 1
    assert any("frames left out: no odom within 0.03 s" in note for note in result.notes)
    assert any("s left out, in pieces shorter than 2 s" in note for note in result.notes)


def test_a_clock_that_begins_anew_begins_another_episode(tmp_path: Path) -> None:
    """A simulation that was started again: nothing of the one is in the other."""
    result = imported(tmp_path, Walk(begin=10.0), Walk(begin=0.0))
    assert "the clock jumps from 14.00 s back to 0.00 s" in result.notes[0]
    stamps = [read_episode(path)[1].stamp for path in episode_paths(tmp_path / "out")]
    assert [(round(each[0]), round(each[-1])) for each in stamps] == [(10, 14), (0, 4)]


def test_a_fall_ends_an_episode_soon(tmp_path: Path) -> None:
    """By the body's mode or by the tilt that it believes; what does not balance is left out."""
    fall = Walk(6.0, tilt=lambda stamp: 1.3 if stamp > 13.0 else 0.0)
    result = imported(tmp_path, fall)
    assert [entry.header.ending for entry in result.entries] == ["fall"]
    recording = read_episode(tmp_path / "out" / result.entries[0].file)[1]
    assert np.flatnonzero(recording.fallen)[0] == 31
    assert len(recording) == 32 + 8
    damping = Walk(6.0, mode=lambda stamp: BodyMode.WALK if stamp < 13.0 else BodyMode.DAMPING)
    result = imported(tmp_path / "damping", damping)
    assert [round(entry.seconds, 1) for entry in result.entries] == [3.0]
    assert any("frames left out: the body's mode is damping" in note for note in result.notes)


@pytest.mark.parametrize(
    ("walk", "why"),
    [
        (Walk(rates={"odom": 8.0}), "odom comes at 8.0 Hz, and has to at 25 Hz or more"),
        (Walk(rates={"joint_states": 20.0}), "joint_states comes at 20.0 Hz, and has to at 100 Hz"),
        (Walk(rates={"elevation": 5.0}), "elevation comes at 5.0 Hz, and has to at 7 Hz"),
        (Walk(rates={"elevation": 25.0}), "elevation comes at 25.0 Hz, and frames are 10 a second"),
        (Walk(left_out=lambda topic, _: topic == "base_footprint"), "has no topic base_footprint: `humanoid record`"),
        (Walk(left_out=lambda topic, _: topic == "plan/cmd_vel"), "has no topic plan/cmd_vel or teleop/cmd_vel"),
        (Walk(cells=33), "the model sees 64 × 64 cells of 0.1 m; the elevation grid has 33 × 33"),
        (Walk(seconds=1.0), "holds no episode of 2 s"),
    ],
    ids=lambda value: "" if isinstance(value, Walk) else value.partition(" ")[0],
)
def test_what_is_no_use_is_refused_with_its_figure(tmp_path: Path, walk: Walk, why: str) -> None:
    """And nothing is written."""
    with pytest.raises(DataError, match=why):
        imported(tmp_path, walk)
    assert not (tmp_path / "out").exists()


def test_another_robot_is_named(tmp_path: Path) -> None:
    """Its joints have other names."""
    path = write(tmp_path / "monday.mcap", Walk())
    with pytest.raises(DataError, match=r"joint_states has no .* it is not of 'talos'; name the robot with --robot"):
        read_recorded(path, load_robot("talos"))
    assert robot_name(path) == "g1"


def test_the_command_takes_a_recording_in_twice_and_no_other_of_its_name(tmp_path: Path) -> None:
    """The same episodes again; a recording of another day is refused."""
    path = write(tmp_path / "monday.mcap", Walk())
    out = tmp_path / "out"
    for _ in range(2):
        ran = CliRunner().invoke(app, ["import", str(path), "--out", str(out)])
        assert ran.exit_code == 0, ran.output
        assert "1 episode, 4.1 s" in ran.output
    assert [entry["file"] for entry in read_manifest(out)["episodes"]] == ["monday_000.parquet"]
    (tmp_path / "else").mkdir()
    path = write(tmp_path / "else" / "monday.mcap", Walk(begin=3.0))
    with pytest.raises(DataError, match="is of another recording of that name"):
        import_recorded(read_recorded(path, ROBOT), "g1", out, ObservationSettings())
