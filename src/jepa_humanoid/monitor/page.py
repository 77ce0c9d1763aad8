"""The browser page: what the robot does and imagines, and where people tell it what to do. Free of ROS."""

import contextlib
import io
import logging
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any

import numpy as np
import viser
from numpy.typing import ArrayLike

from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.monitor.front import behind_front
from jepa_humanoid.monitor.health import Health
from jepa_humanoid.monitor.intake import Intake
from jepa_humanoid.monitor.notices import Notice, Notices, Tone
from jepa_humanoid.monitor.panel import TITLE, Panel
from jepa_humanoid.monitor.people import Handlers, People
from jepa_humanoid.monitor.recovery import LOST_MODES
from jepa_humanoid.monitor.scene import Scene
from jepa_humanoid.monitor.shapes import load_body_shapes
from jepa_humanoid.monitor.status import Status
from jepa_humanoid.monitor.teleoperation import Teleoperation
from jepa_humanoid.monitor.way_back import WayBack
from jepa_humanoid.planning.settings import load_planner_settings
from jepa_humanoid.robot.description import SIDES, RobotDescription
from jepa_humanoid.robot.state import BaseEstimate, ElevationGrid, Goal, VelocityCommand
from jepa_humanoid.safety import SafetyLimits
from jepa_humanoid.status import BodyStatus, PlanState, PlanStatus

logger = logging.getLogger(__name__)

TELEOPERATION_LIMITS = VelocityCommand(forward=0.5, lateral=0.25, turn=0.6)
"""Ends of the sliders, and what a held key asks for."""

_TICK = 0.05
_REFRESH = 0.25
_ELEVATION_PERIOD = 0.23
_SILENCE = 2.0

SILENT = "silent"
"""Shown as the mode of a controller that says nothing."""


class PageError(HumanoidError, RuntimeError):
    """The page cannot be served."""


class Page:
    """A web page with the robot in it, for any number of browsers.

    Every ``show_*`` method takes core types or arrays, draws them, and drops what is malformed with a counted
    warning: the page outlives bad data. They may be called from one thread at any rate; the page thins what is drawn.

    Args:
        robot: Kinematics and meshes.
        host: Address to serve on; ``0.0.0.0`` lets other machines in.
        port: TCP port, or 0 for any free one.
        handlers: What to do with people's input.
        limits: Largest velocities of sliders and keys.
        point_to_walk: Whether a click on the floor sets a goal when the page opens.
        recording: What is played, where no robot is there to be moved: nothing is offered then that moves one.

    Raises:
        PageError: If the port is taken or the address is not this machine's.
    """

    def __init__(
        self,
        robot: RobotDescription,
        *,
        host: str = "127.0.0.1",
        port: int = 8080,
        handlers: Handlers | None = None,
        limits: VelocityCommand = TELEOPERATION_LIMITS,
        point_to_walk: bool = True,
        recording: str = "",
    ) -> None:
        self._robot = robot
        self._intake = Intake()
        self._status = Status()
        self._last_state = -np.inf
        self._last_elevation = -np.inf
        self._notices = Notices(load_planner_settings().surprise.alarm)
        self._closing = threading.Event()

        _require_free(host, port)
        bodies = load_body_shapes(robot)
        with contextlib.redirect_stdout(io.StringIO()), behind_front(TITLE, len(bodies)) as self._front:
            self._server = viser.ViserServer(host=host, port=port, label=TITLE, verbose=False)
        self._host = host
        self._scene = Scene(self._server, robot, bodies)
        self._panel = Panel(self._server.gui, limits, tuple(robot.hands), point_to_walk, recording)
        self._way_back = WayBack(self._panel.show_advice, SafetyLimits().engage_tilt)
        self._people = People(
            self._server, self._scene, self._panel, self._way_back, self._intake, handlers or Handlers(), self._tell
        )
        layers = self._scene.layers
        for name, box in self._panel.layers.items():
            layers[name].visible = box.value
            box.on_update(partial(_show_layer, layers[name], box))
        self._threads = [
            threading.Thread(target=self._tick_forever, name="page", daemon=True),
            threading.Thread(target=self._people.watch_driver, args=(self._closing,), name="page-watch", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    # Lifetime

    @property
    def port(self) -> int:
        """TCP port that is served."""
        return int(self._server.get_port())

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the page."""
        host = "localhost" if self._host in {"0.0.0.0", "127.0.0.1"} else self._host
        return f"http://{host}:{self.port}"

    @property
    def dropped(self) -> Mapping[str, int]:
        """How many malformed inputs were dropped, by the name of the method that got them."""
        return self._intake.counts

    @property
    def wants_lidar(self) -> bool:
        """Whether somebody looks at the LiDAR's points: without, they need not be computed."""
        return bool(self._panel.layers["LiDAR points"].value)

    @property
    def watched(self) -> bool:
        """Whether any browser is open: without, there is nothing to hurry for."""
        return bool(self._server.get_clients())

    @property
    def teleoperation(self) -> Teleoperation:
        """Who drives."""
        return self._people.teleoperation

    def close(self) -> None:
        """Stop the robot if somebody drives it, and the server. Does nothing the second time."""
        if self._closing.is_set():
            return
        self.teleoperation.stop()
        self._closing.set()
        for thread in self._threads:
            thread.join(timeout=2.0)
        with contextlib.redirect_stdout(io.StringIO()):
            self._server.stop()
        self._front.cleanup()

    def __enter__(self) -> "Page":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # Where the robot is, and what is around it

    def show_state(self, configuration: ArrayLike, ground: float | None = None) -> None:
        """Move the robot.

        Args:
            configuration: Pinocchio configuration in ``odom``, shape (nq,).
            ground: Height of the floor under the robot in ``odom`` [m]; without it that of the lowest sole.
        """
        q = self._intake.check("show_state", configuration, self._robot.model.nq)
        if q is None:
            return
        if np.linalg.norm(q[3:7]) < 0.5:
            self._intake.drop("show_state", "base quaternion is not a rotation")
            return
        if ground is not None and self._intake.check("show_state", ground) is None:
            return
        now = time.monotonic()
        elapsed = min(now - self._last_state, 1.0)
        self._last_state = now
        self._scene.move(q, ground, elapsed, follow=bool(self._panel.follow.value))

    def show_odometry(self, base: BaseEstimate) -> None:
        """Take the speed for the status line, and the tilt for the way back after a stop."""
        velocity = self._intake.check("show_odometry", base.linear_velocity, 3)
        if velocity is None or self._intake.check("show_odometry", base.orientation, 4) is None:
            return
        self._status = replace(self._status, speed=float(np.hypot(velocity[0], velocity[1])))
        self._way_back.feel(base.tilt)

    def show_elevation(self, grid: ElevationGrid, base: BaseEstimate, ground: float | None = None) -> None:
        """Draw the ground; cells that were never seen are left out.

        Args:
            grid: Around ``base_footprint``; NaN marks unknown cells.
            base: Where the base was at the grid's stamp.
            ground: Height of ``base_footprint`` in ``odom`` [m]; without it that of the lowest sole.
        """
        now = time.monotonic()
        if now - self._last_elevation < _ELEVATION_PERIOD or not self._panel.layers["Elevation"].value:
            return
        heights = np.asarray(grid.heights)
        if heights.ndim != 2 or heights.shape[0] != heights.shape[1] or not grid.resolution > 0.0:
            self._intake.drop("show_elevation", f"shape {heights.shape}, resolution {grid.resolution}")
            return
        if np.isinf(heights).any():
            self._intake.drop("show_elevation", "infinite heights")
            return
        position = self._intake.check("show_elevation", base.position, 3)
        orientation = self._intake.check("show_elevation", base.orientation, 4)
        footing = self._intake.check("show_elevation", self._scene.ground if ground is None else ground)
        if position is None or orientation is None or footing is None:
            return
        self._last_elevation = now
        with self._server.atomic():
            place = np.array([position[0], position[1], footing])
            self._scene.terrain.show(grid, place, base.yaw, cut=bool(self._panel.cut.value))

    def show_lidar(self, points: ArrayLike) -> None:
        """Draw the LiDAR's points while somebody looks at them, shape (N, 3), in ``odom`` [m]."""
        if not self.wants_lidar:
            return
        cloud = self._intake.check("show_lidar", points, None, 3)
        if cloud is not None and len(cloud):
            self._scene.show_points(cloud)

    # What body and mind do

    def show_body(self, status: BodyStatus) -> None:
        """Say what the body does and why, and draw what it does with the ground."""
        mode = status.mode.value
        self._status = replace(self._status, mode=mode, reason=status.reason)
        self._tell(*self._notices.mode(mode, status.reason, bool(status.emergency_stop)))
        self._way_back.follow(status)
        if mode in LOST_MODES:
            self._people.take_hands_back()
        steps = self._intake.check(
            "show_body", [[*step.position, step.yaw] for step in status.footsteps] or np.zeros((0, 4)), None, 4
        )
        feet = self._intake.check("show_body", status.feet, 2, 3)
        forces = self._intake.check("show_body", status.forces, 2, 3)
        dcm = None if status.dcm is None else self._intake.check("show_body", status.dcm, 3)
        if steps is None or feet is None or forces is None or (dcm is None and status.dcm is not None):
            return
        contacts, scene = self._scene.contacts, self._scene
        with self._server.atomic():
            contacts.show_footsteps(steps, tuple(SIDES[step.side] for step in status.footsteps))
            contacts.show_forces(feet, forces, scene.pelvis, scene.yaw)
            contacts.show_dcm(dcm)

    def show_plan(self, status: PlanStatus) -> None:
        """Draw what the mind imagines, plot its surprise, and tell people when the robot has arrived."""
        lines = self._intake.check("show_plan", status.candidates, None, None, 2)
        best = self._intake.check("show_plan", status.path, None, 2)
        figures = self._intake.check("show_plan", (status.stamp, status.surprise, status.plan_ms), 3)
        if lines is None or best is None or figures is None:
            return
        prices = np.asarray(status.costs, dtype=float)
        if prices.shape != lines.shape[:1]:
            self._intake.drop("show_plan", f"costs of shape {prices.shape} for {lines.shape[0]} candidates")
            return
        self._tell(*self._notices.arrival(status.state is PlanState.ARRIVED, self._goal_distance()))
        if status.state is not PlanState.WAITING:
            self._show_surprise(status.stamp, status.surprise)
        # Without a goal, somebody else moves the robot, and nothing goes slower for it.
        if status.state in (PlanState.WALKING, PlanState.TURNING):
            self._tell(*self._notices.surprise(time.monotonic(), status.surprise))
        with self._server.atomic():
            if len(best) < 2:
                self._scene.plan.clear()
                return
            self._scene.plan.show(lines, prices, best, self._scene.ground, self._scene.terrain.relief)
        self._panel.plots.add_times(status.stamp, {"plan": status.plan_ms})
        self._status = replace(self._status, plan_ms=status.plan_ms)

    def _show_surprise(self, stamp: float, value: float) -> None:
        self._panel.plots.add_surprise(stamp, value)
        self._status = replace(self._status, surprise=value)

    def show_control_time(self, stamp: float, milliseconds: float) -> None:
        """Plot how long a control step takes at a stamp [s]; one that has not been measured yet is NaN."""
        if np.isnan(milliseconds) or self._intake.check("show_control_time", (stamp, milliseconds), 2) is None:
            return
        self._panel.plots.add_times(stamp, {"control": milliseconds})
        self._status = replace(self._status, loop_ms=milliseconds)

    # How the graph is

    def show_health(self, health: Health, real_time_factor: float | None = None) -> None:
        """Say what nodes complain about, and tell people when one that they rely on is lost, or back.

        Args:
            health: Of the nodes.
            real_time_factor: Target's seconds a wall second.
        """
        if real_time_factor is not None and not np.isfinite(real_time_factor):
            self._intake.drop("show_health", f"real-time factor {real_time_factor}")
            real_time_factor = None
        self._status = replace(self._status, real_time_factor=real_time_factor, notes=health.notes)
        if "controller" in health.silent and self._status.mode:
            self._status = replace(self._status, mode=SILENT, reason="The controller is silent.")
            self._way_back.forget()
        elif self._status.mode == SILENT:
            self._status = replace(self._status, mode="", reason="")  # until it says what the robot does
        self._tell(*self._notices.nodes(time.monotonic(), health.troubles))

    def show_restart(self, possible: bool) -> None:
        """Offer to start the simulation anew, after a stop; for robots that can."""
        self._way_back.can_restart = possible

    def show_engagement(self, held: bool) -> None:
        """Say whether a real robot's motors do more than damp: it cannot stand up before."""
        self._way_back.held = held

    def show_pushing(self, possible: bool) -> None:
        """Offer to push the robot; for simulated ones."""
        self._panel.show_pushing(possible)

    def say(self, title: str, text: str, *, tone: Tone = Tone.GOOD) -> None:
        """Tell everybody who looks at the page something, for a few seconds."""
        seconds = 6.0 if tone is Tone.GOOD else 12.0
        for client in self._server.get_clients().values():
            client.add_notification(title, text, auto_close_seconds=seconds, color=tone.value)

    def _tell(self, *notices: Notice) -> None:
        for notice in notices:
            self.say(notice.title, notice.text, tone=notice.tone)

    # Goal and driving

    def show_goal(self, goal: Goal | None) -> None:
        """Put the gizmo where the robot was told to walk, whoever told it; None puts it back before the robot."""
        if goal is not None and (
            self._intake.check("show_goal", goal.position, 2) is None
            or self._intake.check("show_goal", (goal.yaw or 0.0,), 1) is None
        ):
            return
        self._people.show_goal(goal)

    def stop_driving(self) -> None:
        """Take the robot out of the hands of whoever drives it: it is told to stand still."""
        self._people.stop_driving()

    def _goal_distance(self) -> float | None:
        goal = self._people.goal
        return None if goal is None else float(np.linalg.norm(goal.position - self._scene.pelvis[:2]))

    # What runs by itself

    def _tick_forever(self) -> None:
        last_refresh = -np.inf
        while not self._closing.wait(_TICK):
            try:
                self._people.tick()
                if time.monotonic() - last_refresh >= _REFRESH:
                    last_refresh = time.monotonic()
                    self._refresh_panel()
            except Exception:
                logger.exception("The page's ticker failed; it carries on.")

    def _refresh_panel(self) -> None:
        silent = time.monotonic() - self._last_state
        self._way_back.update()
        self._panel.show_status(
            replace(
                self._status,
                goal_distance=self._goal_distance(),
                silent_for=silent if np.isfinite(silent) and silent > _SILENCE else None,
                dropped=self._intake.total,
            )
        )
        self._panel.plots.refresh()


def _show_layer(node: Any, box: viser.GuiCheckboxHandle, _: object) -> None:
    node.visible = box.value


def _require_free(host: str, port: int) -> None:
    """Refuse a port that is taken: viser would serve on the next free one, where nobody looks."""
    if port == 0:
        return
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PageError(
                f"cannot serve the page on {host}:{port} ({error.strerror}): is another page running? "
                "Choose another port, or 0 for any free one."
            ) from error
