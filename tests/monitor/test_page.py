"""The page as its node and its visitors see it: served over HTTP, fed with arrays, steered from browsers."""

import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jepa_humanoid.locomotion.footstep import Footstep
from jepa_humanoid.monitor.goal import DRAG_PERIOD, GoalGizmo
from jepa_humanoid.monitor.health import Health
from jepa_humanoid.monitor.notices import Notices
from jepa_humanoid.monitor.page import Page, PageError
from jepa_humanoid.monitor.people import Handlers
from jepa_humanoid.planning.settings import load_planner_settings
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.state import FOOTPRINT, BaseEstimate, ElevationGrid, Goal, HandTarget, VelocityCommand
from jepa_humanoid.safety import BodyMode, Cause
from jepa_humanoid.status import BodyStatus, PlanState, PlanStatus

Open = Callable[..., Any]
Wait = Callable[..., None]

ROBOT = load_robot("g1")
HOME = ROBOT.nominal_configuration
HERE = BaseEstimate(0.0, HOME[:3], HOME[3:7], np.array([0.3, 0.4, 0.0]), np.zeros(3))

STANDS = BodyStatus(0.0, BodyMode.STAND, "standing", True, np.ones(2), np.zeros((2, 3)), np.zeros((2, 3)))
DAMPS = replace(STANDS, mode=BodyMode.DAMPING, reason="imu/data: missing", cause=Cause.FAULT, engaged=False)
PLANS = PlanStatus(0.0, PlanState.WALKING, "walking", path=np.zeros((6, 2)))


class Visitors:
    """What people did, as the handlers heard it."""

    def __init__(self) -> None:
        self.goals: list[tuple[float, float, float]] = []
        self.cleared = 0
        self.commands: list[VelocityCommand] = []
        self.stops: list[bool] = []
        self.stood_up = 0
        self.reached: list[HandTarget] = []
        self.let_go: list[str] = []

    def forget(self) -> None:
        """Start anew."""
        self.goals.clear()
        self.commands.clear()
        self.stops.clear()
        self.reached.clear()
        self.let_go.clear()
        self.cleared = self.stood_up = 0

    def handlers(self) -> Handlers:
        """Handlers that remember."""
        return Handlers(
            goal=lambda x, y, yaw: self.goals.append((x, y, yaw)),
            clear_goal=lambda: setattr(self, "cleared", self.cleared + 1),
            teleoperate=self.commands.append,
            emergency_stop=self.stops.append,
            stand_up=lambda: setattr(self, "stood_up", self.stood_up + 1),
            reach=self.reached.append,
            let_go=self.let_go.append,
        )


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Page, Visitors]]:
    """One page for all tests: building it costs a second or two."""
    visitors = Visitors()
    with Page(ROBOT, port=0, handlers=visitors.handlers()) as page:
        yield page, visitors


@pytest.fixture
def page(served: tuple[Page, Visitors], wait_until: Wait) -> Page:
    """The page, with nobody driving and nothing stopped."""
    page, visitors = served
    page.stop_driving()
    page._way_back.ask(False)
    page.show_body(STANDS)
    page.show_goal(None)
    page.show_state(HOME)
    wait_until(lambda: page.teleoperation.idle, "the zeros that end driving")
    visitors.forget()
    return page


@pytest.fixture
def visitors(served: tuple[Page, Visitors], page: Page) -> Visitors:
    """What people did since the test began."""
    return served[1]


def test_served_over_http(page: Page) -> None:
    """A browser gets the application, from a port that was free."""
    with urllib.request.urlopen(page.url, timeout=60) as answer:
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
    np.testing.assert_allclose(page._scene.robot._frames[0].position, moved[:3], atol=1e-6)
    # The base, one joint, and the world that follows the robot.
    assert 2 <= sent <= 5


def test_world_follows_robot(page: Page) -> None:
    """While following, the world moves past the camera, so that a far robot stays where the camera looks."""
    away = HOME.copy()
    away[0] += 30.0
    page.show_state(away)
    assert page._scene.world.position[0] == pytest.approx(-away[0], abs=0.1)
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
        ("show_plan", lambda: page.show_plan(replace(PLANS, candidates=np.zeros((3, 4, 5)), costs=np.zeros(3)))),
        ("show_plan", lambda: page.show_plan(replace(PLANS, candidates=np.zeros((3, 4, 2)), costs=np.zeros(2)))),
        ("show_plan", lambda: page.show_plan(replace(PLANS, path=np.full((4, 2), np.nan)))),
        ("show_plan", lambda: page.show_plan(replace(PLANS, surprise=np.nan))),
        ("show_body", lambda: page.show_body(replace(STANDS, footsteps=(Footstep(0, np.zeros(2), 0.0),)))),
        ("show_body", lambda: page.show_body(replace(STANDS, forces=np.zeros((1, 3))))),
        ("show_body", lambda: page.show_body(replace(STANDS, dcm=np.array([np.inf, 0.0, 0.0])))),
        ("show_control_time", lambda: page.show_control_time(0.0, np.inf)),
        ("show_health", lambda: page.show_health(Health(), np.nan)),
        ("show_goal", lambda: page.show_goal(Goal(np.array([np.nan, 0.0])))),
        ("show_odometry", lambda: page.show_odometry(BaseEstimate(0.0, HOME[:3], HOME[3:7], nan[:3], nan[:3]))),
    ]
    for method, attempt in attempts:
        before = page.dropped.get(method, 0)
        page._last_elevation = -np.inf
        attempt()
        assert page.dropped[method] == before + 1, method
    np.testing.assert_allclose(page._scene.robot._frames[0].position, HOME[:3], atol=1e-6)


def test_good_input_is_drawn(page: Page) -> None:
    """Each layer takes what the nodes have to show, empty lists included."""
    before = dict(page.dropped)
    heights = np.zeros((8, 8), np.float32)
    heights[0, 0] = np.nan
    page._last_elevation = -np.inf
    page.show_elevation(ElevationGrid(0.0, heights, 0.1), HERE, 0.0)
    costs = np.array([0.0, 1.0, np.inf, 3.0, np.nan])
    page.show_plan(replace(PLANS, candidates=np.zeros((5, 6, 2)), costs=costs))
    page.show_plan(PLANS)
    page.show_plan(replace(PLANS, path=np.zeros((0, 2))))
    steps = tuple(Footstep(side, np.zeros(3), 0.0) for side in (0, 1))
    forces = np.array([[0.0, 0.0, 300.0], [0.0, 0.0, 0.0]])
    page.show_body(replace(STANDS, footsteps=steps, forces=forces, dcm=np.array([0.1, 0.0, 0.0])))
    page.show_body(STANDS)
    page.show_odometry(HERE)
    page.show_control_time(1.0, 0.6)
    page.show_control_time(1.0, np.nan)
    assert page.dropped == before
    assert page._scene.terrain._boxes is not None
    assert len(page._scene.terrain._boxes.batched_positions) == 8, "one block for each row of a flat floor"


def test_lidar_is_only_drawn_for_somebody(page: Page) -> None:
    """Points are not even looked at until their layer is switched on."""
    page.show_lidar(np.zeros((3, 3)))
    assert len(page._scene.cloud.points) == 1
    page._panel.layers["LiDAR points"].value = True
    page.show_lidar(np.zeros((3, 3)))
    page._panel.layers["LiDAR points"].value = False
    assert len(page._scene.cloud.points) == 3


def test_every_body_of_the_robot_is_delivered(page: Page, open_browser: Open) -> None:
    """A browser gets a node for every joint, and meshes."""
    nodes = open_browser(page.port).nodes
    leaves = {node.rpartition("/")[2] for node in nodes}
    assert set(ROBOT.joint_names) <= leaves
    assert sum(leaf.startswith("mesh_") for leaf in leaves) >= len(ROBOT.joint_names)


def test_light_is_plain_for_who_draws_without_a_graphics_processor(
    page: Page, open_browser: Open, wait_until: Wait
) -> None:
    """Shadows are for the others: who draws them with the robot's processor has no time to say which keys are held."""
    slow, fast = open_browser(page.port, plain=True), open_browser(page.port)
    assert not slow.nodes["/lights/key"]["cast_shadow"]
    wait_until(lambda: fast.nodes["/lights/key"]["cast_shadow"], "shadows")
    wait_until(lambda: all(thread.name != "page-light" for thread in threading.enumerate()), "answers to be dealt with")
    page._panel.layers["LiDAR points"].value = True
    wait_until(lambda: slow.values.get(slow.widgets["LiDAR points"]), "what the page has sent since")
    assert slow.heartbeats
    assert not slow.nodes["/lights/key"]["cast_shadow"]


def test_dragging_the_gizmo_sends_a_goal(page: Page, visitors: Visitors, open_browser: Open, wait_until: Wait) -> None:
    """Where the gizmo is let go of, and how it is turned, is the goal."""
    browser = open_browser(page.port)
    turn = 1.0
    browser.drag_goal(2.0, 0.5, (float(np.cos(turn / 2)), 0.0, 0.0, float(np.sin(turn / 2))))
    wait_until(lambda: visitors.goals[-1:] == [pytest.approx((2.0, 0.5, turn), abs=1e-3)], "the goal")
    refused = page.dropped.get("goal", 0)
    browser.drag_goal(float("nan"), 0.0)
    wait_until(lambda: page.dropped.get("goal", 0) > refused, "the goal that is none to be refused")
    assert np.isfinite(visitors.goals).all()


def test_goals_are_thinned_while_dragging(page: Page) -> None:
    """Steps of a drag that follow each other quickly are one goal a period, but its end always is one."""
    goals: list[tuple[float, float, float]] = []
    now = 0.0
    gizmo = GoalGizmo(page._server.scene, "/drag", clock=lambda: now)
    gizmo.on_goal = lambda *goal: goals.append(goal)
    for k in range(101):
        now = 0.05 * DRAG_PERIOD * k
        gizmo.place(0.01 * k, 0.0, 0.0)
        gizmo._dragged(SimpleNamespace(phase="update"))  # type: ignore[arg-type]
    assert [x for x, _, _ in goals] == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], abs=0.011)
    gizmo.place(3.0, 0.0, 0.0)
    gizmo._dragged(SimpleNamespace(phase="end"))  # type: ignore[arg-type]
    assert goals[-1] == pytest.approx((3.0, 0.0, 0.0), abs=1e-6)


def test_clicking_the_floor_sends_a_goal(page: Page, visitors: Visitors, open_browser: Open, wait_until: Wait) -> None:
    """A click is a goal where its ray meets the floor, with the heading of the way there."""
    browser = open_browser(page.port)
    browser.click((2.0, 1.0, 1.0), (0.0, 0.0, -1.0))
    wait_until(lambda: bool(visitors.goals), "a goal")
    x, y, yaw = visitors.goals[-1]
    assert (x, y) == pytest.approx((2.0 + page._scene.centre[0], 1.0 + page._scene.centre[1]), abs=1e-6)
    assert yaw == pytest.approx(np.arctan2(y - HOME[1], x - HOME[0]), abs=1e-6)


def test_clicks_that_are_no_goals(page: Page, visitors: Visitors, open_browser: Open, wait_until: Wait) -> None:
    """A click into the sky is none, and one on the floor is none once a browser has switched that off."""
    floor = SimpleNamespace(ray_origin=(2.0, 1.0, 1.0), ray_direction=(0.0, 0.0, -1.0))
    sky = SimpleNamespace(ray_origin=(0.0, 0.0, 1.0), ray_direction=(0.0, 0.0, 1.0))
    page._people._clicked(sky)  # type: ignore[arg-type]
    assert visitors.goals == []
    browser = open_browser(page.port)
    browser.assign("Click the floor", False)
    wait_until(lambda: not page._panel.point.value, "the switch to be off")
    page._people._clicked(floor)  # type: ignore[arg-type]
    assert visitors.goals == []
    browser.assign("Click the floor", True)
    wait_until(lambda: page._panel.point.value, "the switch to be on")
    page._people._clicked(floor)  # type: ignore[arg-type]
    assert len(visitors.goals) == 1


def test_clearing_the_goal(page: Page, visitors: Visitors, open_browser: Open, wait_until: Wait) -> None:
    """The button forgets the goal, here and where it is planned for."""
    page.show_goal(Goal(np.array([2.0, 0.0])))
    open_browser(page.port).press("Clear the goal")
    wait_until(lambda: visitors.cleared == 1, "clearing")
    assert page._people.goal is None


def test_emergency_stop_ends_driving(page: Page, visitors: Visitors, open_browser: Open, wait_until: Wait) -> None:
    """The stop is handed on, ends driving, and can be released only then."""
    browser = open_browser(page.port)
    browser.assign("Drive", True)
    wait_until(lambda: page.teleoperation.driver is not None, "driving")
    browser.press("EMERGENCY STOP")
    wait_until(lambda: visitors.stops == [True], "the stop")
    wait_until(lambda: page.teleoperation.driver is None, "driving to end")
    wait_until(lambda: page._panel.release.visible, "the way back")
    browser.press("Release the stop")
    wait_until(lambda: visitors.stops == [True, False], "the release")
    wait_until(lambda: not page._panel.release.visible, "the way back to be gone")


def test_driving_sends_commands_and_forgets_the_goal(
    page: Page, visitors: Visitors, open_browser: Open, wait_until: Wait
) -> None:
    """While somebody drives, the sliders' velocity comes again and again, and the planner has no goal to return to."""
    browser = open_browser(page.port)
    page.show_goal(Goal(np.array([2.0, 0.0])))
    browser.assign("Drive", True)
    wait_until(lambda: page.teleoperation.driver is not None, "driving")
    browser.assign("Forward [m/s]", 0.2)
    browser.assign("Turn left [rad/s]", 99.0)
    at_the_sliders_end = VelocityCommand(forward=0.2, turn=0.6)
    wait_until(lambda: visitors.commands[-25:] == 25 * [at_the_sliders_end], "the sliders' velocity")
    wait_until(lambda: browser.heartbeats >= 3, "answers to the page's question whether anybody is there")
    assert page.teleoperation.driver is not None
    assert visitors.cleared == 1
    assert page._people.goal is None
    assert len(visitors.commands) >= 25
    assert visitors.commands[-1].forward == pytest.approx(0.2)
    assert visitors.commands[-1].turn == pytest.approx(0.6), "a slider's end"
    browser.press("Stop")
    wait_until(lambda: visitors.commands[-1] == VelocityCommand(), "zeros")
    browser.assign("Drive", False)
    wait_until(lambda: page.teleoperation.driver is None, "the end of driving")


def test_a_hand_follows_its_handle(page: Page, visitors: Visitors, open_browser: Open, wait_until: Wait) -> None:
    """It is held out where the hand is, by the robot; dragged, the hand is asked to be there; off, it is let go."""
    browser = open_browser(page.port)
    q = HOME.copy()
    q[:2], q[3:7] = (3.0, 1.0), (0.0, 0.0, np.sin(0.4), np.cos(0.4))
    page.show_state(q, 0.0)
    browser.assign("Move the left hand", True)
    wait_until(lambda: len(visitors.reached) > 2, "the hand to be asked for")
    first = visitors.reached[0]
    assert (first.side, first.frame) == ("left", FOOTPRINT)
    assert first.position == pytest.approx((0.092, 0.236, 0.64), abs=1e-3)
    browser.drag("/world/hands/left", (0.3, 0.2, 0.9))
    wait_until(lambda: visitors.reached[-1].position == pytest.approx((0.3, 0.2, 0.9)), "the place")
    assert visitors.reached[-1].orientation == pytest.approx((0.0, 0.0, 0.0, 1.0))
    assert not visitors.let_go
    browser.assign("Move the left hand", False)
    wait_until(lambda: visitors.let_go == ["left"], "the hand to be let go")


def test_a_stop_a_fall_and_a_closed_browser_take_hands_back(
    page: Page, visitors: Visitors, open_browser: Open, wait_until: Wait
) -> None:
    """Nobody is left whose hand goes on being asked for."""
    for end in (
        lambda browser: browser.press("EMERGENCY STOP"),
        lambda browser: browser.close(),
        lambda _: page.show_body(replace(STANDS, mode=BodyMode.FALLEN, reason="fell")),
        lambda _: page.show_body(replace(STANDS, mode=BodyMode.FALLING, reason="fell: tilted by 50°")),
    ):
        page._way_back.ask(False)
        visitors.forget()
        browser = open_browser(page.port)
        browser.assign("Move the right hand", True)
        wait_until(lambda: visitors.reached, "the hand to be asked for")
        end(browser)
        wait_until(lambda: visitors.let_go == ["right"], "the hand to be let go")
        assert not page._panel.hands["right"].value


def test_closing_the_driving_browser_stops_the_robot(
    page: Page, visitors: Visitors, open_browser: Open, wait_until: Wait
) -> None:
    """When the browser that drives goes away, zeros are sent and the switch is off; others may go as they like."""
    driver, other = open_browser(page.port), open_browser(page.port)
    driver.assign("Drive", True)
    wait_until(lambda: page.teleoperation.driver is not None, "driving")
    driver.assign("Forward [m/s]", 0.3)
    wait_until(lambda: any(c.forward > 0.0 for c in visitors.commands), "motion")
    other.close()
    wait_until(lambda: len(page._server.get_clients()) == 1, "the other to be gone")
    sent = len(visitors.commands)
    wait_until(lambda: len(visitors.commands) >= sent + 5, "the driver's next commands")
    assert page.teleoperation.driver is not None
    driver.close()
    wait_until(lambda: page.teleoperation.driver is None, "the end of driving")
    wait_until(lambda: not page._panel.drive.value, "the switch's clearing")
    assert visitors.commands[-1] == VelocityCommand()
    assert page._panel.velocity == VelocityCommand()


def test_silent_browser_stops_the_robot(page: Page, visitors: Visitors, open_browser: Open, wait_until: Wait) -> None:
    """A browser that stays connected but no longer answers, as a hidden tab does, cannot go on driving."""
    open_browser(page.port, answers=False).assign("Drive", True)
    wait_until(lambda: page.teleoperation.driver is not None, "driving")
    wait_until(lambda: page.teleoperation.driver is None, "the end of driving")
    wait_until(lambda: bool(visitors.commands) and visitors.commands[-1] == VelocityCommand(), "zeros")


def test_driver_is_looked_after_whatever_goes_wrong(
    page: Page, visitors: Visitors, wait_until: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dead man's switch outlives any error, and each stops the robot."""

    def fail(*_: Any) -> None:
        raise KeyError("of a kind that nobody thought of")

    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(page._people, "_ask", fail)
            page.teleoperation.start(7)
            page.teleoperation.command(VelocityCommand(0.3))
            wait_until(lambda: page.teleoperation.driver is None, "the end of driving")
    wait_until(lambda: page.teleoperation.idle, "the zeros that end driving")
    assert visitors.commands[-1] == VelocityCommand()


NUMBERS = st.floats() | st.sampled_from((0.0, 1e308, -1e9))
PLACES = arrays(float, 3, elements=NUMBERS)
BODIES = st.builds(
    BodyStatus,
    st.just(0.0),
    st.sampled_from(BodyMode),
    st.text(max_size=9),
    st.booleans(),
    *(arrays(float, shape, elements=NUMBERS) for shape in (2, (2, 3), (2, 3))),
    st.lists(st.builds(Footstep, st.sampled_from((0, 1)), PLACES, NUMBERS), max_size=3).map(tuple),
    st.none() | PLACES,
    st.none() | PLACES,
    st.sampled_from(Cause),
    st.text(max_size=9),
)
PLANNED = st.builds(
    replace,
    st.just(PLANS),
    distance=st.none() | NUMBERS,
    surprise=NUMBERS,
    plan_ms=NUMBERS,
    candidates=st.sampled_from((0, 1, 3)).flatmap(lambda n: arrays(float, (n, 2, 2), elements=NUMBERS)),
    costs=arrays(float, 3, elements=NUMBERS),
    path=st.integers(0, 3).flatmap(lambda n: arrays(float, (n, 2), elements=NUMBERS)),
)


@pytest.mark.filterwarnings("ignore:overflow encountered", "ignore:invalid value encountered")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES, plan=PLANNED)
def test_page_outlives_any_status(page: Page, body: BodyStatus, plan: PlanStatus) -> None:
    """Whatever numbers a status carries that its reader lets through."""
    page.show_body(body)
    page.show_plan(plan)


def test_stand_up_is_offered_when_damping(page: Page) -> None:
    """The button to stand up is there while the robot damps, and not while the stop is latched."""
    page._way_back._asked = page._way_back._released = -np.inf
    page.show_body(DAMPS)
    assert page._panel.stand_up.visible
    page.show_body(replace(DAMPS, emergency_stop="a person"))
    assert not page._panel.stand_up.visible
    assert page._panel.release.visible
    page.show_body(STANDS)
    assert not page._panel.stand_up.visible
    assert not page._panel.release.visible


def test_release_of_a_stop_is_not_why_the_robot_stopped(page: Page) -> None:
    """The card goes on saying what happened, until something else does."""
    stop = replace(DAMPS, reason="stopped by a person", cause=Cause.EMERGENCY_STOP, emergency_stop="a person")
    released = replace(DAMPS, reason="whatever is said of it", cause=Cause.RELEASED)
    page._way_back._asked = -np.inf
    for status in (stop, released, released):
        page.show_body(status)
        assert "stopped by a person" in page._panel._card.content
    page.show_body(DAMPS)
    assert "imu/data: missing" in page._panel._card.content


def test_stop_that_nobody_confirms_is_shown_for_a_moment_only(page: Page) -> None:
    """What the controller said before it heard of the stop does not take it back; what it says later does."""
    page._way_back.ask(True)
    page.show_body(STANDS)
    assert page._panel.release.visible
    page._way_back._asked = -np.inf
    page.show_body(STANDS)
    assert not page._panel.release.visible


@pytest.mark.parametrize("note", ["", " 0.42 m beside the goal, where something stands", ", as always"])
def test_arrival_is_known_whatever_is_said_of_it(page: Page, monkeypatch: pytest.MonkeyPatch, note: str) -> None:
    """People are told once that the robot has arrived, by the state alone."""
    told: list[str] = []
    monkeypatch.setattr(page, "say", lambda title, *_, **__: told.append(title))
    page.show_plan(PLANS)
    arrived = PlanStatus(1.0, PlanState.ARRIVED, f"arrived{note}")
    page.show_plan(arrived)
    page.show_plan(arrived)
    assert told == ["Goal reached"]


def test_status_line_is_shown(page: Page, wait_until: Wait) -> None:
    """Mode, reason and notes reach the panel, and markup in them does not."""
    page.show_body(replace(DAMPS, reason="<b>imu/data</b>"))
    page.show_health(Health(notes=("planner: waiting for elevation",)), 0.9)

    def shown() -> bool:
        page.show_state(HOME)  # a robot that is silent is reported as such instead
        content = page._panel._status.content  # looked at once: the page goes on drawing
        return all(part in content for part in ("DAMPING", "&lt;b&gt;imu/data", "planner: waiting for elevation"))

    wait_until(shown, "mode, reason and note on the status line")
    assert "<b>imu/data" not in page._panel._status.content
    page.show_health(Health(silent=frozenset({"controller"})))
    assert page._status.mode == "silent"
    assert not page._panel.stand_up.visible, "nobody would hear it"
    page.show_health(Health())
    assert page._status.mode == "", "a controller that is back has not said yet what the robot does"


def test_page_of_a_recording_offers_nothing_that_moves_a_robot() -> None:
    """It says what it is; there is nobody who could be stopped, driven or pushed."""
    with Page(ROBOT, port=0, recording="<walk>.mcap") as page:
        panel = page._panel
        page.show_body(replace(DAMPS, emergency_stop="x"))
        page.show_pushing(True)
        offered = (panel.stop, panel.release, panel.stand_up, panel.restart, panel._pushing)
        assert not any(widget.visible for widget in offered)
        assert panel._card.visible, "but it says that the robot stopped"
        assert "<li>" not in panel._card.content
        assert not panel.point.value
        assert "&lt;walk&gt;.mcap" in panel.what.content


def test_surprise_is_told_while_a_plan_is_pursued(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever drives by hand, or has stopped the robot, is not told that it walks slower."""
    told: list[str] = []
    monkeypatch.setattr(page, "say", lambda title, text, **_: told.append(title))
    alarm = load_planner_settings().surprise.alarm
    monkeypatch.setattr(page, "_notices", Notices(page._notices._alarm))  # one that has told nobody anything yet
    for state in (PlanState.IDLE, PlanState.WAITING, PlanState.ARRIVED):
        page.show_plan(replace(PLANS, state=state, surprise=2.0 * alarm))
    page.show_plan(replace(PLANS, surprise=0.9 * alarm))
    assert "The world surprises" not in told, "setting out and stopping surprise a little every time"
    page.show_plan(replace(PLANS, surprise=1.1 * alarm))
    assert "The world surprises" in told


def test_closing_twice_is_harmless() -> None:
    """Closing frees the port, and a second time does nothing."""
    page = Page(ROBOT, port=0)
    port = page.port
    page.close()
    page.close()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
