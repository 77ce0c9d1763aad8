"""The page as its node and its visitors see it: served over HTTP, fed with arrays, steered from browsers."""

import contextlib
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
import viser
import zstandard
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from jepa_humanoid.monitor.page import Handlers, Page, PageError
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.state import BaseEstimate, ElevationGrid, Goal, VelocityCommand

ROBOT = load_robot("g1")
HOME = ROBOT.nominal_configuration
HERE = BaseEstimate(0.0, HOME[:3], HOME[3:7], np.array([0.3, 0.4, 0.0]), np.zeros(3))


class Visitors:
    """What people did, as the handlers heard it."""

    def __init__(self) -> None:
        self.goals: list[tuple[float, float, float]] = []
        self.cleared = 0
        self.commands: list[VelocityCommand] = []
        self.stops: list[bool] = []
        self.stood_up = 0

    def forget(self) -> None:
        """Start anew."""
        self.goals.clear()
        self.commands.clear()
        self.stops.clear()
        self.cleared = self.stood_up = 0

    def handlers(self) -> Handlers:
        """Handlers that remember."""
        return Handlers(
            goal=lambda x, y, yaw: self.goals.append((x, y, yaw)),
            clear_goal=lambda: setattr(self, "cleared", self.cleared + 1),
            teleoperate=self.commands.append,
            emergency_stop=self.stops.append,
            stand_up=lambda: setattr(self, "stood_up", self.stood_up + 1),
        )


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Page, Visitors]]:
    """One page for all tests: building it costs a second or two."""
    visitors = Visitors()
    with Page(ROBOT, port=0, handlers=visitors.handlers()) as page:
        yield page, visitors


@pytest.fixture
def page(served: tuple[Page, Visitors]) -> Page:
    """The page, with nobody driving and nothing stopped."""
    page, visitors = served
    page.stop_driving()
    page.show_emergency_stop(False)
    page.show_goal(None)
    page.show_state(HOME)
    time.sleep(0.2)  # the zeros that end driving
    visitors.forget()
    return page


@pytest.fixture
def visitors(served: tuple[Page, Visitors], page: Page) -> Visitors:
    """What people did since the test began."""
    return served[1]


def wait_until(condition: Callable[[], bool], what: str, patience: float = 8.0) -> None:
    """Wait, or fail naming what did not happen."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.02)


def switch_drive(page: Page, client: int) -> None:
    """What the page does when a browser sets the switch."""
    page._panel.drive.value = True
    page._toggle_driving(SimpleNamespace(client_id=client, client=None, target=page._panel.drive))  # type: ignore[arg-type]


def drag(page: Page, phase: str, x: float, y: float, yaw: float) -> None:
    """What the page does when a browser drags the gizmo."""
    page._gizmo.place(x, y, yaw)
    page._gizmo._dragged(SimpleNamespace(phase=phase, target=page._gizmo.controls))  # type: ignore[arg-type]


class Browser:
    """A browser as far as the server can tell: it says where its camera is, and answers what it is asked.

    Args:
        page: The page to visit.
        answers: Whether it answers; a hidden tab does not.
    """

    def __init__(self, page: Page, *, answers: bool = True) -> None:
        protocol = Subprotocol(f"viser-v{viser.__version__}")
        self._socket = connect(f"ws://127.0.0.1:{page.port}", subprotocols=[protocol], max_size=None)
        self._answers = answers
        threading.Thread(target=self._read, daemon=True).start()
        before = set(page._server.get_clients())
        self._send(
            "ViewerCameraMessage",
            wxyz=(1.0, 0.0, 0.0, 0.0),
            position=(3.0, 3.0, 2.0),
            fov=0.8,
            near=0.01,
            far=100.0,
            image_height=600,
            image_width=800,
            look_at=(0.0, 0.0, 0.0),
            up_direction=(0.0, 0.0, 1.0),
        )
        wait_until(lambda: bool(set(page._server.get_clients()) - before), "a browser's connection")
        self.id = max(set(page._server.get_clients()) - before)

    def close(self) -> None:
        """Leave, as when a tab is closed."""
        self._socket.close()

    def _send(self, kind: str, **fields: object) -> None:
        self._socket.send(msgspec.msgpack.encode({"type": kind, **fields}))

    def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            for frame in self._socket:
                assert isinstance(frame, bytes)
                size = int.from_bytes(frame[8:16], "little")
                window = msgspec.msgpack.decode(zstandard.decompress(frame[16 : 16 + size]))
                for message in window["messages"]:
                    if self._answers and message["type"] == "LocalStorageGetItemRequestMessage":
                        self._send(
                            "LocalStorageGetItemResponseMessage",
                            request_uuid=message["request_uuid"],
                            value=None,
                            error=None,
                        )


def test_served_over_http(page: Page) -> None:
    """A browser gets the application, from a port that was free."""
    with urllib.request.urlopen(page.url, timeout=5) as answer:
        assert answer.status == 200
        assert b"<html" in answer.read(2000)


def test_taken_port_is_named(page: Page) -> None:
    """A second page on the same port is refused with the port's number, and does not move to another."""
    with pytest.raises(PageError, match=str(page.port)):
        Page(ROBOT, port=page.port)


def test_robot_moves_in_the_scene(page: Page) -> None:
    """Only joints that moved are sent, and the base goes where the configuration says."""
    moved = HOME.copy()
    moved[0] += 0.25
    moved[7] += 0.3
    before = page._server._websock_server._broadcast_buffer.message_counter
    page.show_state(moved)
    sent = page._server._websock_server._broadcast_buffer.message_counter - before
    np.testing.assert_allclose(page._robot_view._frames[0].position, moved[:3], atol=1e-6)
    # The base, one joint, and the world that follows the robot.
    assert 2 <= sent <= 5


def test_world_follows_robot(page: Page) -> None:
    """While following, the world moves past the camera, so that a far robot stays where the camera looks."""
    away = HOME.copy()
    away[0] += 30.0
    page.show_state(away)
    assert page._world.position[0] == pytest.approx(-away[0], abs=0.1)
    page.show_state(HOME)


def test_malformed_input_is_dropped_and_counted(page: Page) -> None:
    """Wrong shapes and NaN change nothing but the counts."""
    nan = np.full(len(HOME), np.nan)
    grid = ElevationGrid(0.0, np.zeros((4, 5), np.float32), 0.1)
    attempts: list[tuple[str, Callable[[], Any]]] = [
        ("show_state", lambda: page.show_state(nan)),
        ("show_state", lambda: page.show_state(HOME[:-1])),
        ("show_state", lambda: page.show_state(np.zeros(len(HOME)))),
        ("show_elevation", lambda: page.show_elevation(grid, HERE)),
        ("show_plan", lambda: page.show_plan(np.zeros((3, 4, 5)), np.zeros(3), np.zeros((4, 2)))),
        ("show_plan", lambda: page.show_plan(np.zeros((3, 4, 2)), np.zeros(2), np.zeros((4, 2)))),
        ("show_plan", lambda: page.show_plan(np.zeros((3, 4, 2)), np.zeros(3), np.full((4, 2), np.nan))),
        ("show_footsteps", lambda: page.show_footsteps(np.zeros((1, 3)), ("left",))),
        ("show_footsteps", lambda: page.show_footsteps(np.zeros((1, 4)), ("middle",))),
        ("show_contact_forces", lambda: page.show_contact_forces(np.zeros((2, 3)), np.zeros((1, 3)))),
        ("show_dcm", lambda: page.show_dcm([np.inf, 0.0])),
        ("show_surprise", lambda: page.show_surprise(0.0, np.nan)),
        ("show_loop_times", lambda: page.show_loop_times(0.0, control_ms=np.nan)),
        ("show_diagnostics", lambda: page.show_diagnostics("walk", "", np.nan)),
        ("show_goal", lambda: page.show_goal(Goal(np.array([np.nan, 0.0])))),
        ("show_odometry", lambda: page.show_odometry(BaseEstimate(0.0, HOME[:3], HOME[3:7], nan[:3], nan[:3]))),
    ]
    for method, attempt in attempts:
        before = page.dropped.get(method, 0)
        page._last_elevation = -np.inf
        attempt()
        assert page.dropped[method] == before + 1, method
    np.testing.assert_allclose(page._robot_view._frames[0].position, HOME[:3], atol=1e-6)


def test_good_input_is_drawn(page: Page) -> None:
    """Each layer takes what the nodes have to show, empty lists included."""
    before = dict(page.dropped)
    heights = np.zeros((8, 8), np.float32)
    heights[0, 0] = np.nan
    page._last_elevation = -np.inf
    page.show_elevation(ElevationGrid(0.0, heights, 0.1), HERE, 0.0)
    page.show_plan(np.zeros((5, 6, 2)), np.array([0.0, 1.0, np.inf, 3.0, np.nan]), np.zeros((6, 2)))
    page.show_plan(np.zeros((0, 2, 3)), np.zeros(0), np.zeros((6, 3)))
    page.show_footsteps(np.zeros((2, 4)), ("left", "right"))
    page.show_footsteps(np.zeros((0, 4)), ())
    page.show_contact_forces(np.zeros((2, 3)), np.array([[0.0, 0.0, 300.0], [0.0, 0.0, 0.0]]))
    page.show_contact_forces(np.zeros((0, 3)), np.zeros((0, 3)))
    page.show_dcm([0.1, 0.0])
    page.show_odometry(HERE)
    page.show_surprise(1.0, 0.5)
    page.show_loop_times(1.0, control_ms=0.6, plan_ms=80.0)
    page.clear_plan()
    assert page.dropped == before
    assert page._terrain._boxes is not None
    assert len(page._terrain._boxes.batched_positions) == 63


def test_lidar_is_only_drawn_for_somebody(page: Page) -> None:
    """Points are not even looked at until their layer is switched on."""
    page.show_lidar(np.zeros((3, 3)))
    assert len(page._cloud.points) == 1
    page._panel.layers["LiDAR points"].value = True
    page.show_lidar(np.zeros((3, 3)))
    page._panel.layers["LiDAR points"].value = False
    assert len(page._cloud.points) == 3


def test_dragging_the_gizmo_sends_a_goal(page: Page, visitors: Visitors) -> None:
    """The end of a drag is a goal, whatever was sent on the way; on the way they are thinned."""
    drag(page, "start", 1.0, 0.0, 0.0)
    for _ in range(5):
        drag(page, "update", 1.5, 0.2, 0.1)
    drag(page, "end", 2.0, 0.5, 1.0)
    assert len(visitors.goals) == 2
    assert visitors.goals[-1] == pytest.approx((2.0, 0.5, 1.0), abs=1e-3)


def test_clicking_the_floor_sends_a_goal(page: Page, visitors: Visitors) -> None:
    """A click is a goal where its ray meets the floor, with the heading of the way there; into the sky it is none."""
    click = SimpleNamespace(ray_origin=(2.0, 1.0, 1.0), ray_direction=(0.0, 0.0, -1.0))
    page._clicked(click)  # type: ignore[arg-type]
    x, y, yaw = visitors.goals[-1]
    centre = page._centre
    assert (x, y) == pytest.approx((2.0 + centre[0], 1.0 + centre[1]), abs=1e-6)
    assert yaw == pytest.approx(np.arctan2(y - HOME[1], x - HOME[0]), abs=1e-6)
    page._clicked(SimpleNamespace(ray_origin=(0.0, 0.0, 1.0), ray_direction=(0.0, 0.0, 1.0)))  # type: ignore[arg-type]
    page._panel.point.value = False
    page._clicked(click)  # type: ignore[arg-type]
    page._panel.point.value = True
    assert len(visitors.goals) == 1


def test_emergency_stop_ends_driving(page: Page, visitors: Visitors) -> None:
    """The stop is handed on, ends driving, and can be released only then."""
    switch_drive(page, client=7)
    page._toggle_stop(True)
    assert visitors.stops == [True]
    assert page.teleoperation.driver is None
    assert page._panel.release.visible
    page._toggle_stop(False)
    assert visitors.stops == [True, False]
    assert not page._panel.release.visible


def test_driving_sends_commands_and_forgets_the_goal(page: Page, visitors: Visitors) -> None:
    """While somebody drives, the sliders' velocity comes at 10 Hz or more, and the planner has no goal to return to."""
    browser = Browser(page)
    try:
        page.show_goal(Goal(np.array([2.0, 0.0])))
        switch_drive(page, browser.id)
        page._panel.sliders[0].value = 0.2
        time.sleep(2.5)  # longer than an unanswered heartbeat is waited for
        assert visitors.cleared == 1
        assert page._goal is None
        assert len(visitors.commands) >= 25
        assert visitors.commands[-1].forward == pytest.approx(0.2)
    finally:
        browser.close()


def test_closing_the_driving_browser_stops_the_robot(page: Page, visitors: Visitors) -> None:
    """When the browser that drives goes away, zeros are sent and the switch is off; others may go as they like."""
    driver, other = Browser(page), Browser(page)
    switch_drive(page, driver.id)
    page._panel.sliders[0].value = 0.3
    wait_until(lambda: any(c.forward > 0.0 for c in visitors.commands), "driving")
    other.close()
    time.sleep(0.3)
    assert page.teleoperation.driver == driver.id
    driver.close()
    wait_until(lambda: page.teleoperation.driver is None, "the end of driving")
    wait_until(lambda: not page._panel.drive.value, "the switch's clearing")
    assert visitors.commands[-1] == VelocityCommand()
    assert page._panel.velocity == VelocityCommand()


def test_silent_browser_stops_the_robot(page: Page, visitors: Visitors) -> None:
    """A browser that stays connected but no longer answers, as a hidden tab does, cannot go on driving."""
    browser = Browser(page, answers=False)
    try:
        switch_drive(page, browser.id)
        wait_until(lambda: page.teleoperation.driver is None, "the end of driving")
        wait_until(lambda: bool(visitors.commands) and visitors.commands[-1] == VelocityCommand(), "zeros")
    finally:
        browser.close()


def test_stand_up_is_offered_when_damping(page: Page) -> None:
    """The button to stand up is there while the robot damps, and not while the stop is latched."""
    page.show_diagnostics("DAMPING", "imu/data: missing")
    assert page._panel.stand_up.visible
    page.show_emergency_stop(True)
    assert not page._panel.stand_up.visible
    page.show_emergency_stop(False)
    page.show_diagnostics("STAND", "standing")
    assert not page._panel.stand_up.visible


def test_status_line_is_shown(page: Page) -> None:
    """Mode, reason and notes reach the panel, and markup in them does not."""
    page.show_diagnostics("DAMPING", "<b>imu/data</b>", 0.9, ("planner: waiting for elevation",))

    def shown() -> bool:
        page.show_state(HOME)  # a robot that is silent is reported as such instead
        return "DAMPING" in page._panel._status.content

    wait_until(shown, "the status line")
    content = page._panel._status.content
    assert "&lt;b&gt;imu/data" in content
    assert "planner: waiting for elevation" in content
    page.show_diagnostics("STAND", "standing")


def test_closing_twice_is_harmless() -> None:
    """Closing frees the port, and a second time does nothing."""
    page = Page(ROBOT, port=0)
    port = page.port
    page.close()
    page.close()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
