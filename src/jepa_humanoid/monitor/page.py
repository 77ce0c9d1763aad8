"""The browser page: what the robot does and imagines, and where people tell it what to do. Free of ROS."""

import contextlib
import io
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Any

import numpy as np
import viser
from numpy.typing import ArrayLike

from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.geometry import heading
from jepa_humanoid.monitor.contact_view import ContactView
from jepa_humanoid.monitor.goal import GoalGizmo, floor_point
from jepa_humanoid.monitor.intake import Intake
from jepa_humanoid.monitor.meshes import BodyMesh, load_body_meshes
from jepa_humanoid.monitor.notices import Notice, Notices, Tone
from jepa_humanoid.monitor.palette import BACKGROUND, GRID_LINE, GRID_SECTION, UNSEEN
from jepa_humanoid.monitor.panel import TITLE, Panel
from jepa_humanoid.monitor.plan_view import PlanView, TrailView
from jepa_humanoid.monitor.recovery import RELEASED, STOPPED_MODES, Condition, advise
from jepa_humanoid.monitor.robot_view import RobotView
from jepa_humanoid.monitor.status import Status
from jepa_humanoid.monitor.teleoperation import Teleoperation
from jepa_humanoid.monitor.terrain_view import CUT, TerrainView
from jepa_humanoid.planning.settings import load_planner_settings
from jepa_humanoid.robot.description import SIDES, RobotDescription
from jepa_humanoid.robot.state import BaseEstimate, ElevationGrid, Goal, VelocityCommand
from jepa_humanoid.safety import SafetyLimits

logger = logging.getLogger(__name__)

TELEOPERATION_LIMITS = VelocityCommand(forward=0.5, lateral=0.25, turn=0.6)
"""Ends of the sliders."""

_TICK = 0.05
_REFRESH = 0.25
_ELEVATION_PERIOD = 0.23
_FOLLOW_TIME = 0.6
_SILENCE = 2.0
_HEARTBEAT_TIMEOUT = 1.5
_SECOND_THOUGHT = 1.0
"""Wall time from a release until standing up is offered, so that a double click does not do both [s]."""

_POSTURE_AGE = 1.0
"""A tilt older than this is not known any more [s]."""

_FLOOR_DEPTH = 0.012
"""The floor is drawn this far below the ground, so that elevation lies on it [m]."""


class PageError(HumanoidError, RuntimeError):
    """The page cannot be served."""


def _ignore(*_: Any) -> None:
    return None


@dataclass(frozen=True)
class Handlers:
    """What people do on the page. Called from threads of the page; each has to return soon.

    Attributes:
        goal: Walk to x, y [m] and end with heading yaw [rad], in ``odom``.
        clear_goal: Forget the goal.
        teleoperate: Walk at this velocity; comes at 20 Hz while somebody drives, and zeros when they cease.
        emergency_stop: True to stop, False to release the stop.
        stand_up: Balance again after damping.
        restart: Start the simulation anew.
        push: Push a simulated robot with an impulse ahead and to its left [N·s].
    """

    goal: Callable[[float, float, float], None] = _ignore
    clear_goal: Callable[[], None] = _ignore
    teleoperate: Callable[[VelocityCommand], None] = _ignore
    emergency_stop: Callable[[bool], None] = _ignore
    stand_up: Callable[[], None] = _ignore
    restart: Callable[[], None] = _ignore
    push: Callable[[float, float], None] = _ignore


class Page:
    """A web page with the robot in it, for any number of browsers.

    Every ``show_*`` method takes core types or arrays, draws them, and drops what is malformed with a counted
    warning: the page outlives bad data. They may be called from one thread at any rate; the page thins what is drawn.

    Args:
        robot: Kinematics and meshes.
        host: Address to serve on; ``0.0.0.0`` lets other machines in.
        port: TCP port, or 0 for any free one.
        handlers: What to do with people's input.
        limits: Largest velocities of the sliders.
        point_to_walk: Whether a click on the floor sets a goal when the page opens.

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
    ) -> None:
        self._robot = robot
        self._handlers = handlers or Handlers()
        self._intake = Intake()
        self._status = Status()
        self._ground = 0.0
        self._pelvis = np.array(robot.nominal_configuration[:3])
        self._yaw = 0.0
        self._centre = np.zeros(2)
        self._last_state = -np.inf
        self._last_elevation = -np.inf
        self._goal: Goal | None = None
        self._latched = False
        self._cause = ""
        self._tilt, self._tilt_known = 0.0, -np.inf
        self._tilt_limit = SafetyLimits().engage_tilt
        self._can_restart = False
        self._held = True
        self._released = -np.inf
        self._advising = threading.Lock()
        self._notices = Notices(load_planner_settings().surprise.calm)
        self._closing = threading.Event()
        self.teleoperation = Teleoperation(self._handlers.teleoperate)

        _require_free(host, port)
        meshes = load_body_meshes(robot)
        with contextlib.redirect_stdout(io.StringIO()):
            self._server = viser.ViserServer(host=host, port=port, label=TITLE, verbose=False)
        self._host = host
        self._build_scene(meshes)
        self._panel = Panel(self._server.gui, limits, point_to_walk=point_to_walk)
        self._connect_panel()
        self._server.on_client_disconnect(self._client_left)
        self._threads = [
            threading.Thread(target=self._tick_forever, name="page", daemon=True),
            threading.Thread(target=self._watch_driver, name="page-watch", daemon=True),
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

    def __enter__(self) -> "Page":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # What is shown

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
        with self._server.atomic():
            self._robot_view.show(q)
            self._pelvis = q[:3].copy()
            self._yaw = heading(q[3:7])
            self._ground = self._robot_view.sole_height() if ground is None else ground
            if abs(self._ground - self._floor.position[2]) > 0.02:
                self._floor.position = (0.0, 0.0, self._ground - _FLOOR_DEPTH)
            self._trail.add(float(q[0]), float(q[1]), self._ground)
            self._follow_robot(elapsed)

    def show_odometry(self, base: BaseEstimate) -> None:
        """Take the speed for the status line, and the tilt for the way back after a stop."""
        velocity = self._intake.check("show_odometry", base.linear_velocity, 3)
        if velocity is None or self._intake.check("show_odometry", base.orientation, 4) is None:
            return
        self._status = replace(self._status, speed=float(np.hypot(velocity[0], velocity[1])))
        self._tilt, self._tilt_known = base.tilt, time.monotonic()

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
        footing = self._intake.check("show_elevation", self._ground if ground is None else ground)
        if position is None or orientation is None or footing is None:
            return
        self._last_elevation = now
        with self._server.atomic():
            ceiling = CUT if self._panel.cut.value else np.inf
            self._terrain.show(grid, np.array([position[0], position[1], footing]), base.yaw, ceiling)

    def show_plan(self, candidates: ArrayLike, costs: ArrayLike, chosen: ArrayLike) -> None:
        """Draw what the planner imagines.

        Args:
            candidates: Imagined positions in ``odom``, shape (K, H, 2 or 3) [m].
            costs: Of each candidate, shape (K,), any unit; infinite or NaN for a candidate that was dropped.
            chosen: Positions of the trajectory that was chosen, shape (H, 2 or 3) [m].
        """
        lines = self._intake.check("show_plan", candidates, None, None, (2, 3))
        best = self._intake.check("show_plan", chosen, None, (2, 3))
        if lines is None or best is None:
            return
        prices = np.asarray(costs, dtype=float)
        if prices.shape != lines.shape[:1]:
            self._intake.drop("show_plan", f"costs of shape {prices.shape} for {lines.shape[0]} candidates")
            return
        with self._server.atomic():
            self._plan.show(lines, prices, best, self._ground, self._terrain.relief)

    def clear_plan(self) -> None:
        """Draw no plan."""
        with self._server.atomic():
            self._plan.clear()

    def show_footsteps(self, poses: ArrayLike, sides: tuple[str, ...]) -> None:
        """Draw where the feet are going to stand.

        Args:
            poses: x, y, z, yaw of each sole's frame in ``odom``, shape (N, 4) [m, rad].
            sides: 'left' or 'right' for each.
        """
        steps = self._intake.check(
            "show_footsteps", np.reshape(poses, (0, 4)) if len(sides) == 0 else poses, len(sides), 4
        )
        if steps is None:
            return
        if not set(sides) <= set(SIDES):
            self._intake.drop("show_footsteps", f"sides {sides}")
            return
        with self._server.atomic():
            self._contacts.show_footsteps(steps, sides)

    def show_contact_forces(self, positions: ArrayLike, forces: ArrayLike) -> None:
        """Draw the forces of the ground on the feet.

        Args:
            positions: Where they act in ``odom``, shape (N, 3) [m].
            forces: In ``odom``, shape (N, 3) [N].
        """
        places = self._intake.check("show_contact_forces", positions, None, 3)
        arrows = self._intake.check("show_contact_forces", forces, None, 3)
        if places is None or arrows is None:
            return
        if len(places) != len(arrows):
            self._intake.drop("show_contact_forces", f"{len(arrows)} forces at {len(places)} places")
            return
        with self._server.atomic():
            self._contacts.show_forces(places, arrows, self._pelvis, self._yaw)

    def show_dcm(self, point: ArrayLike) -> None:
        """Draw the divergent component of motion, shape (2,) on the floor or (3,), in ``odom`` [m]."""
        dcm = self._intake.check("show_dcm", point, (2, 3))
        if dcm is None:
            return
        with self._server.atomic():
            self._contacts.show_dcm(dcm if len(dcm) == 3 else np.array([dcm[0], dcm[1], self._ground + 0.02]))

    def show_lidar(self, points: ArrayLike) -> None:
        """Draw the LiDAR's points while somebody looks at them, shape (N, 3), in ``odom`` [m]."""
        if not self.wants_lidar:
            return
        cloud = self._intake.check("show_lidar", points, None, 3)
        if cloud is None or len(cloud) == 0:
            return
        with self._server.atomic():
            # Stored as half-precision numbers: about the robot, not about the origin of odom.
            self._cloud.position = tuple(self._pelvis)
            self._cloud.points = (cloud - self._pelvis).astype(np.float32)
            self._cloud.colors = np.tile(np.array([[210, 222, 240]], np.uint8), (len(cloud), 1))

    def show_surprise(self, stamp: float, value: float) -> None:
        """Plot the running prediction error of the world model at a stamp [s]."""
        if self._intake.check("show_surprise", (stamp, value), 2) is not None:
            self._panel.plots.add_surprise(stamp, value)
            self._status = replace(self._status, surprise=value)
            self._tell(self._notices.surprise(time.monotonic(), value))

    def show_loop_times(self, stamp: float, *, control_ms: float | None = None, plan_ms: float | None = None) -> None:
        """Plot how long computations took at a stamp [s].

        Args:
            stamp: On the target's clock [s].
            control_ms: Estimator, gait and whole-body QP [ms].
            plan_ms: One plan [ms].
        """
        times = {name: ms for name, ms in (("control", control_ms), ("plan", plan_ms)) if ms is not None}
        if self._intake.check("show_loop_times", (stamp, *times.values()), None) is None:
            return
        self._panel.plots.add_times(stamp, times)
        if control_ms is not None:
            self._status = replace(self._status, loop_ms=control_ms)
        if plan_ms is not None:
            self._status = replace(self._status, plan_ms=plan_ms)

    def show_diagnostics(
        self, mode: str, reason: str, real_time_factor: float | None = None, notes: tuple[str, ...] = ()
    ) -> None:
        """Say what the robot is doing and why.

        Args:
            mode: Safety mode of the controller; any case.
            reason: One sentence, or empty.
            real_time_factor: Target's seconds a wall second.
            notes: What else people should know, one line each.
        """
        if real_time_factor is not None and not np.isfinite(real_time_factor):
            self._intake.drop("show_diagnostics", f"real-time factor {real_time_factor}")
            real_time_factor = None
        mode = mode.lower()
        self._status = replace(self._status, mode=mode, reason=reason, real_time_factor=real_time_factor, notes=notes)
        if mode not in STOPPED_MODES:
            self._cause = ""
        elif not self._cause or not reason.startswith(RELEASED):
            self._cause = reason
        self._tell(self._notices.mode(mode, reason, self._latched))
        self._update_advice()

    def show_emergency_stop(self, stopped: bool) -> None:
        """Say whether the emergency stop is latched, whoever pressed it."""
        if self._latched and not stopped:
            self._released = time.monotonic()
        self._latched = stopped
        self._update_advice()

    def show_nodes(self, troubles: Mapping[str, str]) -> None:
        """Tell people when a node that they rely on is lost, or back.

        Args:
            troubles: By node, what is wrong with it; empty where nothing is.
        """
        self._tell(self._notices.nodes(time.monotonic(), troubles))

    def show_arrival(self, arrived: bool) -> None:
        """Tell people when the robot has reached its goal; may be repeated."""
        self._tell(self._notices.arrival(arrived, self._goal_distance()))

    def show_restart(self, possible: bool) -> None:
        """Offer to start the simulation anew, after a stop; for robots that can."""
        self._can_restart = possible

    def show_engagement(self, held: bool) -> None:
        """Say whether a real robot's motors do more than damp: it cannot stand up before."""
        self._held = held

    def show_pushing(self, possible: bool) -> None:
        """Offer to push the robot; for simulated ones."""
        self._panel.show_pushing(possible)

    def say(self, title: str, text: str, *, tone: Tone = Tone.GOOD) -> None:
        """Tell everybody who looks at the page something, for a few seconds."""
        seconds = 6.0 if tone is Tone.GOOD else 12.0
        for client in self._server.get_clients().values():
            client.add_notification(title, text, auto_close_seconds=seconds, color=tone.value)

    def show_goal(self, goal: Goal | None) -> None:
        """Put the gizmo where the robot was told to walk, whoever told it; None puts it back before the robot."""
        if goal is None:
            self._goal = None
            self._rest_gizmo()
            return
        position = self._intake.check("show_goal", goal.position, 2)
        if position is None:
            return
        yaw = 0.0 if goal.yaw is None else goal.yaw
        if self._intake.check("show_goal", (yaw,), 1) is None:
            return
        self._goal = goal
        with self._server.atomic():
            self._gizmo.place(float(position[0]), float(position[1]), yaw, self._ground)
            self._gizmo.mark(active=True)

    def stop_driving(self) -> None:
        """Take the robot out of the hands of whoever drives it: it is told to stand still."""
        self.teleoperation.stop()
        self._stand_still()
        self._panel.switch_drive_off()

    # What people do

    def _dragged(self, x: float, y: float, yaw: float) -> None:
        if self._intake.check("goal", (x, y, yaw), 3) is None:
            return
        # The gizmo is left where it is: its browser is ahead of what is known here.
        self.stop_driving()
        self._goal = Goal(np.array([x, y]), yaw)
        self._gizmo.mark(active=True)
        self._handlers.goal(x, y, yaw)

    def _clear_goal(self) -> None:
        self.show_goal(None)
        self.clear_plan()
        self._handlers.clear_goal()

    def _clicked(self, event: viser.SceneClickEvent) -> None:
        if not self._panel.point.value:
            return
        offset = np.array([*self._centre, 0.0])
        point = floor_point(np.array(event.ray_origin) + offset, np.array(event.ray_direction), self._ground)
        if point is not None:
            yaw = float(np.arctan2(point[1] - self._pelvis[1], point[0] - self._pelvis[0]))
            self.stop_driving()
            self.show_goal(Goal(np.array(point), yaw))
            self._handlers.goal(*point, yaw)

    def _toggle_stop(self, stopped: bool) -> None:
        # First what people want most; the rest can wait.
        self._handlers.emergency_stop(stopped)
        self.show_emergency_stop(stopped)
        self.stop_driving()
        if stopped:
            # Who stands up after a stop must not walk off to where it was going before.
            self._clear_goal()

    def _stand_up(self) -> None:
        self._clear_goal()
        self._handlers.stand_up()

    def _restart(self) -> None:
        self._clear_goal()
        self._handlers.restart()

    def _update_advice(self) -> None:
        """Show the way back as things are now; called from several threads, and the last one has to win."""
        with self._advising:
            now = time.monotonic()
            tilt = self._tilt if now - self._tilt_known < _POSTURE_AGE else None
            latched = self._latched
            condition = Condition(self._status.mode, latched, self._cause, tilt, self._can_restart, self._held)
            advice = advise(condition, self._tilt_limit)
            if now - self._released < _SECOND_THOUGHT:
                advice = replace(advice, stand_up=False, restart=False)
            self._panel.show_advice(advice, stopped=latched)

    def _tell(self, notices: list[Notice]) -> None:
        for notice in notices:
            self.say(notice.title, notice.text, tone=notice.tone)

    def _toggle_driving(self, event: viser.GuiEvent[Any]) -> None:
        if event.client_id is None:
            return
        if self._panel.drive.value:
            # The planner would walk on to its goal as soon as the driver lets go.
            self._clear_goal()
            self._stand_still()
            self.teleoperation.start(event.client_id)
        else:
            self.stop_driving()

    def _stand_still(self) -> None:
        self._panel.zero_sliders()
        self.teleoperation.command(VelocityCommand())

    def _client_left(self, client: viser.ClientHandle) -> None:
        if self.teleoperation.lost(client.client_id):
            logger.warning("The browser that drove the robot has gone: stopped.")
            self.stop_driving()

    # What runs by itself

    def _tick_forever(self) -> None:
        last_refresh = -np.inf
        while not self._closing.wait(_TICK):
            try:
                self.teleoperation.tick()
                if time.monotonic() - last_refresh >= _REFRESH:
                    last_refresh = time.monotonic()
                    self._refresh_panel()
            except Exception:
                logger.exception("The page's ticker failed; it carries on.")

    def _refresh_panel(self) -> None:
        silent = time.monotonic() - self._last_state
        self._update_advice()
        self._panel.show_status(
            replace(
                self._status,
                goal_distance=self._goal_distance(),
                silent_for=silent if np.isfinite(silent) and silent > _SILENCE else None,
                dropped=self._intake.total,
            )
        )
        self._panel.plots.refresh()

    def _goal_distance(self) -> float | None:
        goal = self._goal
        return None if goal is None else float(np.linalg.norm(goal.position - self._pelvis[:2]))

    def _watch_driver(self) -> None:
        """Stop the robot when the browser that drives it no longer answers: frozen, hidden, or off the network."""
        while not self._closing.wait(0.4):
            driver = self.teleoperation.driver
            if driver is None:
                continue
            client = self._server.get_clients().get(driver)
            try:
                if client is None:
                    raise RuntimeError("it has gone")
                client.local_storage.get_item("heartbeat", timeout=_HEARTBEAT_TIMEOUT)
            except (RuntimeError, TimeoutError) as error:
                if self.teleoperation.lost(driver):
                    logger.warning("The browser that drove the robot does not answer (%s): stopped.", error)
                    self.stop_driving()

    def _follow_robot(self, elapsed: float) -> None:
        """Keep the robot in view by moving the world past the camera, which stays the visitor's own."""
        target = self._pelvis[:2] if self._panel.follow.value else self._centre
        step = target - self._centre
        if np.linalg.norm(step) > 2.0:
            self._centre = target.copy()
        else:
            self._centre = self._centre + step * (1.0 - np.exp(-elapsed / _FOLLOW_TIME))
        if np.linalg.norm(self._centre + self._world.position[:2]) > 1e-3:
            self._world.position = (-self._centre[0], -self._centre[1], 0.0)

    # How it is built

    def _build_scene(self, meshes: tuple[BodyMesh, ...]) -> None:
        server = self._server
        scene = server.scene
        server.initial_camera.position = (-1.0, -3.4, 2.3)
        server.initial_camera.look_at = (0.75, 0.1, 0.35)
        server.initial_camera.fov = np.radians(45.0)
        scene.configure_environment_map("studio", environment_intensity=0.3)
        scene.configure_default_lights(enabled=False)
        scene.add_light_directional("/lights/key", intensity=1.3, cast_shadow=True, position=(1.5, -2.5, 5.0))
        scene.add_light_directional("/lights/rim", color=(150, 190, 255), intensity=1.0, position=(-2.5, 4.0, 2.5))
        scene.configure_fog(9.0, 26.0, color=BACKGROUND)
        self._world = scene.add_frame("/world", show_axes=False)
        self._floor = scene.add_grid(
            "/world/floor",
            width=80.0,
            height=80.0,
            cell_size=0.25,
            section_size=1.0,
            cell_color=GRID_LINE,
            section_color=GRID_SECTION,
            cell_thickness=0.7,
            section_thickness=1.1,
            fade_distance=24.0,
            fade_strength=1.5,
            shadow_opacity=0.5,
            plane_color=UNSEEN,
            plane_opacity=1.0,
            position=(0.0, 0.0, -_FLOOR_DEPTH),
        )
        self._robot_view = RobotView(scene, "/world/robot", self._robot, meshes)
        self._terrain = TerrainView(scene, "/world/elevation")
        self._plan = PlanView(scene, "/world/plan")
        self._trail = TrailView(scene, "/world/trail")
        self._contacts = ContactView(scene, "/world/contact", self._robot)
        self._cloud = scene.add_point_cloud(
            "/world/lidar",
            np.full((1, 3), -50.0, np.float32),
            np.zeros((1, 3), np.uint8),
            point_size=0.015,
            point_shape="circle",
        )
        self._gizmo = GoalGizmo(scene, "/world/goal", self._dragged)
        self._rest_gizmo()
        scene.on_click()(self._clicked)

    def _rest_gizmo(self) -> None:
        """Put the gizmo before the robot, where it is easy to grab."""
        x, y = self._pelvis[:2] + 1.2 * np.array([np.cos(self._yaw), np.sin(self._yaw)])
        with self._server.atomic():
            self._gizmo.place(float(x), float(y), self._yaw, self._ground)
            self._gizmo.mark(active=False)

    def _connect_panel(self) -> None:
        panel = self._panel
        panel.stop.on_click(lambda _: self._toggle_stop(True))
        panel.stop_key.on_trigger(lambda _: self._toggle_stop(True))
        panel.release.on_click(lambda _: self._toggle_stop(False))
        panel.stand_up.on_click(lambda _: self._stand_up())
        panel.restart.on_click(lambda _: self._restart())
        panel.clear_goal.on_click(lambda _: self._clear_goal())
        panel.drive.on_update(self._toggle_driving)
        panel.stand_still.on_click(lambda _: self._stand_still())
        panel.push.on_click(lambda _: self._handlers.push(*panel.impulse))
        for slider in panel.sliders:
            slider.on_update(lambda _: self.teleoperation.command(panel.velocity))
        nodes: dict[str, Any] = {
            "Robot": self._robot_view.top,
            "Elevation": self._terrain.top,
            "Plan": self._plan.top,
            "Footsteps": self._contacts.footsteps,
            "Contact forces": self._contacts.forces,
            "DCM": self._contacts.dcm,
            "Trail": self._trail.top,
            "Goal": self._gizmo.controls,
            "LiDAR points": self._cloud,
        }
        for name, box in panel.layers.items():
            nodes[name].visible = box.value
            box.on_update(partial(_show_layer, nodes[name], box))


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
