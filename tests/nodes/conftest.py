"""Nodes as processes of their own, and somebody who watches them over real topics."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# Before rclpy is imported: what tests say stays on this machine, and does not go to a log folder.
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
os.environ.setdefault("ROS_LOG_DIR", tempfile.mkdtemp(prefix="ros-log-"))

import rclpy
from rclpy.executors import SingleThreadedExecutor
from std_srvs.srv import Trigger

from jepa_humanoid.network import LAST_DOMAIN, free_domain, use_sockets
from jepa_humanoid.nodes.contract import SERVICES, TOPICS

PATIENCE = 60.0
"""Wall time within which anything that a test waits for has to happen; a loaded machine needs some [s]."""


class Watcher:
    """A node in the test's own process."""

    def __init__(self, domain: int, namespace: str = "") -> None:
        use_sockets(os.environ)
        self.context = rclpy.Context()
        self.context.init(domain_id=domain)
        self.node = rclpy.create_node("watcher", context=self.context, namespace=namespace)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.heard: dict[str, Any] = {}
        self.counts: dict[str, int] = {}
        self.statuses: dict[str, tuple[int, str, dict[str, str]]] = {}
        self.reports: dict[str, int] = {}
        self.find_dead: Callable[[], str | None] = lambda: None
        self._publishers: dict[str, Any] = {}
        self.listen("evaluation")
        self.listen("diagnostics", self._on_diagnostics)

    def listen(self, topic: str, callback: Callable[[Any], None] | None = None) -> None:
        """Remember the last message of a topic."""
        spec = TOPICS[topic]
        self.counts[topic] = 0

        def hear(message: Any) -> None:
            self.heard[topic] = message
            self.counts[topic] += 1
            if callback is not None:
                callback(message)

        self.node.create_subscription(spec.type, topic, hear, spec.quality.profile)

    def publisher(self, topic: str) -> Any:
        """A publisher of the contract, made once."""
        if topic not in self._publishers:
            spec = TOPICS[topic]
            self._publishers[topic] = self.node.create_publisher(spec.type, topic, spec.quality.profile)
        return self._publishers[topic]

    def publish(self, topic: str, message: Any) -> None:
        """Publish, once there is a subscription."""
        publisher = self.publisher(topic)
        self.wait_until(lambda: publisher.get_subscription_count() > 0, f"somebody to listen to {topic}")
        publisher.publish(message)

    def call(self, service: str) -> Any:
        """Call a service, with nothing to say, and return its response.

        Who was killed stays announced for seconds, and a call may find nobody but that one; so it is repeated.
        """
        kind = SERVICES[service].type if service in SERVICES else Trigger
        client = self.node.create_client(kind, service)
        self.wait_until(client.service_is_ready, f"service {service}")
        futures: list[Any] = []
        repeat = time.monotonic()

        def answered() -> bool:
            nonlocal repeat
            if time.monotonic() >= repeat:
                futures.append(client.call_async(kind.Request()))
                repeat += PATIENCE / 6
            return any(future.done() for future in futures)

        self.wait_until(answered, f"an answer of {service}")
        self.node.destroy_client(client)
        return next(future.result() for future in futures if future.done())

    def truth(self) -> dict[str, Any]:
        """The last ground truth."""
        return json.loads(self.last("evaluation").data)

    def last(self, topic: str) -> Any:
        """The last message of a topic that is listened to; waits for the first, which need not have been heard yet."""
        self.wait_until(lambda: topic in self.heard, topic)
        return self.heard[topic]

    def status(self, node: str) -> tuple[int, str, dict[str, str]]:
        """Level, message and values of a node's last diagnostics."""
        return self.statuses.get(node, (3, "", {}))

    def wait_until(self, condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> None:
        """Hear messages until something is so, and fail when it does not come to be."""
        end = time.monotonic() + seconds
        while not condition():
            if dead := self.find_dead():
                pytest.fail(f"{dead}, while waiting for {what}")
            if time.monotonic() > end:
                truth = self.heard["evaluation"].data if "evaluation" in self.heard else "none"
                pytest.fail(f"waited {seconds:.0f} s for {what}; evaluation {truth}, nodes {self.statuses}")
            self.executor.spin_once(timeout_sec=0.05)

    def wait_for_messages(self, topic: str, count: int) -> None:
        """Hear so many more messages of a topic that is listened to."""
        enough = self.counts[topic] + count
        self.wait_until(lambda: self.counts[topic] >= enough, f"{count} more messages on {topic}")

    def wait_for_reports(self, node: str, count: int = 2) -> None:
        """Hear so many more reports of a node, which come each second and whenever there is something new to say.

        What the node would have done at once, it has done by the second one.
        """
        enough = self.reports.get(node, 0) + count
        self.wait_until(lambda: self.reports.get(node, 0) >= enough, f"{count} more reports of {node}")

    def wait_for_robot_time(self, seconds: float) -> None:
        """Let simulated time pass."""
        end = self.truth()["stamp"] + seconds
        self.wait_until(lambda: self.truth()["stamp"] >= end, f"{seconds} s of robot time", PATIENCE + 10 * seconds)

    def close(self) -> None:
        """Leave the graph."""
        self.executor.shutdown()
        self.node.destroy_node()
        self.context.shutdown()

    def _on_diagnostics(self, message: Any) -> None:
        for status in message.status:
            values = {entry.key: entry.value for entry in status.values}
            self.statuses[status.name] = (ord(status.level), status.message, values)
            self.reports[status.name] = self.reports.get(status.name, 0) + 1


class Nodes:
    """Processes of one ROS domain."""

    def __init__(self, domain: int, folder: Path) -> None:
        self.domain = domain
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: list[Path] = []

    def start(self, name: str, namespace: str = "", **parameters: object) -> subprocess.Popen[bytes]:
        """Start ``python -m jepa_humanoid.nodes.NAME``."""
        key = f"{namespace}/{name}"
        assignments = [a for k, v in parameters.items() for a in ("-p", f"{k}:={_yaml(v)}")]
        remap = ["-r", f"__ns:=/{namespace}"] if namespace else []
        log = self._folder / f"{key.replace('/', '_')}-{len(self._logs)}.log"
        self._logs.append(log)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", f"jepa_humanoid.nodes.{name}", "--ros-args", *remap, *assignments],
                env={**os.environ, "ROS_DOMAIN_ID": str(self.domain), "OMP_NUM_THREADS": "1"},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        while key in self._running:  # a second one of the same name
            key += "'"
        self._running[key] = process
        return process

    def kill(self, name: str, namespace: str = "") -> None:
        """End a node without letting it say a word, as a crash does."""
        process = self._running.pop(f"{namespace}/{name}")
        assert process.poll() is None, f"{name} was dead already"
        process.kill()
        process.wait()

    def find_dead(self) -> str | None:
        """A node that ended by itself, in words; None if all run."""
        ended = {key: process.poll() for key, process in self._running.items()}
        return next((f"{key} ended with status {code}" for key, code in ended.items() if code is not None), None)

    def logs(self) -> str:
        """All that the nodes have said."""
        return "\n".join(log.read_text(errors="replace") for log in self._logs)

    def close(self) -> None:
        """End all nodes, and show what they logged."""
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            try:
                process.wait(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for log in self._logs:
            print(f"--- {log.name}\n{log.read_text(errors='replace')}")


def _yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.fixture
def domain(claim: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """A ROS domain of the test's own, and a folder for what its nodes leave to their successors."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return claim("domain", range(1, LAST_DOMAIN), lambda number: free_domain(number) == number)


@pytest.fixture
def watch(domain: int) -> Iterator[Callable[[str], Watcher]]:
    """Makes watchers of a namespace."""
    watchers: list[Watcher] = []

    def make(namespace: str) -> Watcher:
        watchers.append(Watcher(domain, namespace))
        return watchers[-1]

    yield make
    for watcher in watchers:
        watcher.close()


@pytest.fixture
def watcher(watch: Callable[[str], Watcher]) -> Watcher:
    """Somebody who watches the root namespace."""
    return watch("")


@pytest.fixture
def nodes(domain: int, watcher: Watcher, tmp_path: Path) -> Iterator[Nodes]:
    """Processes in the domain; the watcher is there first and holds it."""
    nodes = Nodes(domain, tmp_path)
    watcher.find_dead = nodes.find_dead
    yield nodes
    nodes.close()
