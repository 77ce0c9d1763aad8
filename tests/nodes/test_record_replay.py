"""`humanoid record` beside a graph, `humanoid replay` in another domain: what was said is said again."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rclpy.duration import Duration
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from jepa_humanoid.network import LAST_DOMAIN, free_domain
from jepa_humanoid.nodes.player import Player
from jepa_humanoid.recording.reading import Decoder, Recording

pytestmark = pytest.mark.ros

PATIENCE = 60.0


class Command:
    """A `humanoid` command as a process, ended with the test."""

    def __init__(self, *words: str) -> None:
        command = [sys.executable, "-m", "jepa_humanoid.cli", *words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def end(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Send a signal, and return status and output."""
        self.process.send_signal(number)
        said, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said


@pytest.fixture
def start() -> Iterator[Callable[..., Command]]:
    """Starts commands."""
    commands: list[Command] = []

    def begin(*words: str) -> Command:
        commands.append(Command(*words))
        return commands[-1]

    yield begin
    for command in commands:
        if command.process.poll() is None:
            command.process.kill()
            command.process.communicate()


@pytest.fixture
def elsewhere(claim: Callable[..., int]) -> int:
    """A second domain."""
    return claim("domain", range(1, LAST_DOMAIN), lambda number: free_domain(number) == number)


def speak(watcher: Any, topic: str, message: Any) -> None:
    """Publish, and wait until everybody has it: a reliable topic of depth 1 keeps nothing for whoever is slow."""
    publisher = watcher.publisher(topic)
    publisher.publish(message)
    assert publisher.wait_for_all_acked(Duration(seconds=PATIENCE))


def test_what_was_recorded_is_said_again(
    watcher: Any, domain: int, elsewhere: int, start: Callable[..., Command], tmp_path: Path
) -> None:
    """All states, in order and none lost; a goal is recorded and not played, for a robot would obey it."""
    file = tmp_path / "walk.mcap"
    recorder = start("record", str(file), "--domain-id", str(domain))
    watcher.publisher("robot_description").publish(String(data="<robot/>"))
    states = watcher.publisher("joint_states")
    goals = watcher.publisher("goal_pose")
    watcher.wait_until(lambda: states.get_subscription_count() and goals.get_subscription_count(), "the recorder")
    sent = []
    for number in range(40):
        message = JointState(name=["knee"], position=[0.01 * number])
        message.header.stamp.nanosec = number
        speak(watcher, "joint_states", message)
        sent.append(message.position[0])
    speak(watcher, "goal_pose", goals.msg_type())
    for topic in ("odom", "diagnostics"):  # of which the recorder makes something
        speak(watcher, topic, b"\x00\x01\x00\x00 no message")
    status, said = recorder.end()
    assert status == 0, said
    assert "/joint_states" in said
    assert "Traceback" not in said
    recording = Recording(file)
    summary = recording.summary()
    assert not summary.damage
    decoder = Decoder()
    recorded = [decoder.decode(entry).position[0] for entry in recording.messages(["/joint_states"])]
    assert recorded == sent
    assert {"/robot_description", "/goal_pose"} <= summary.topics.keys()

    listener = type(watcher)(elsewhere)
    try:
        heard: list[float] = []
        listener.listen("joint_states", lambda message: heard.append(message.position[0]))
        listener.listen("robot_description")
        listener.listen("goal_pose")
        player = start("replay", str(file), "--no-page", "--loop", "--domain-id", str(elsewhere), "--rate", "2")
        listener.wait_until(lambda: set(heard) == set(sent), "all states")
        listener.wait_until(lambda: "robot_description" in listener.heard, "what is said once")
        assert "goal_pose" not in listener.heard
        status, said = player.end()
        assert status == 0, said
        # A robot that hears two would damp: so `replay` looks who else speaks.
        listener.publisher("joint_states")
        second = Player({"/joint_states": "sensor_msgs/msg/JointState"}, elsewhere)
        listener.wait_until(lambda: second.others() == ["/watcher"], "the other speaker's name")
        second.close()
    finally:
        listener.close()


def test_a_recorder_that_is_killed_leaves_what_it_had(
    watcher: Any, domain: int, start: Callable[..., Command], tmp_path: Path
) -> None:
    """Whatever was flushed is read, and the file is said to have no end; its name is not taken over."""
    file = tmp_path / "walk.mcap"
    recorder = start("record", str(file), "--domain-id", str(domain), "--namespace", "")
    states = watcher.publisher("joint_states")
    watcher.wait_until(states.get_subscription_count, "the recorder")
    empty = file.stat().st_size
    speak(watcher, "joint_states", JointState(name=["knee"], position=[1.0]))
    watcher.wait_until(lambda: file.stat().st_size > empty, "a chunk in the file")
    recorder.end(signal.SIGKILL)
    summary = Recording(file).summary()
    assert summary.topics["/joint_states"].count == 1
    assert "cut off" in summary.damage
    again = subprocess.run(
        [sys.executable, "-m", "jepa_humanoid.cli", "record", str(file)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ROS_DOMAIN_ID": str(domain)},
    )
    assert again.returncode == 2
    assert "exists already" in again.stderr


def test_silence_is_said_and_leaves_no_file(start: Callable[..., Command], domain: int, tmp_path: Path) -> None:
    """Nobody is there: a sentence, status 2, and no empty file."""
    file = tmp_path / "silence.mcap"
    recorder = start("record", str(file), "--domain-id", str(domain), "--seconds", "0.2")
    said, _ = recorder.process.communicate(timeout=PATIENCE)
    assert recorder.process.returncode == 2, said
    assert f"nothing was heard in ROS domain {domain}" in said
    assert "--domain-id names another" in said
    assert not file.exists()
