"""What people do on the page, and what follows from it there, whatever the robot makes of it."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import viser

from jepa_humanoid.monitor.front import HELD
from jepa_humanoid.monitor.goal import floor_point
from jepa_humanoid.monitor.intake import Intake
from jepa_humanoid.monitor.keyboard import held_keys, velocity
from jepa_humanoid.monitor.notices import Notice, Tone
from jepa_humanoid.monitor.panel import Panel
from jepa_humanoid.monitor.scene import Scene
from jepa_humanoid.monitor.teleoperation import Teleoperation
from jepa_humanoid.monitor.way_back import WayBack
from jepa_humanoid.robot.state import Goal, HandTarget, VelocityCommand

logger = logging.getLogger(__name__)

HEARTBEAT_PERIOD = 0.4
"""Wall time between two questions to the browser that drives by the sliders [s]."""

KEYS_PERIOD = 0.06
"""The same where keys drive: the answer says which are held [s]."""

HEARTBEAT_TIMEOUT = 2.0
"""Wall time in which the browser that drives has to answer [s]."""


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
        reach: Have a hand be somewhere; comes at 20 Hz while its handle is held out.
        let_go: Leave a hand, ``left`` or ``right``, to the posture again.
    """

    goal: Callable[[float, float, float], None] = _ignore
    clear_goal: Callable[[], None] = _ignore
    teleoperate: Callable[[VelocityCommand], None] = _ignore
    emergency_stop: Callable[[bool], None] = _ignore
    stand_up: Callable[[], None] = _ignore
    restart: Callable[[], None] = _ignore
    push: Callable[[float, float], None] = _ignore
    reach: Callable[[HandTarget], None] = _ignore
    let_go: Callable[[str], None] = _ignore


class People:
    """Listens to gizmo, floor and panel.

    Args:
        server: Whose browsers they use.
        scene: Where they point.
        panel: Where they press.
        way_back: What knows whether an emergency stop is in force.
        intake: Checks what comes from browsers.
        handlers: What to do with their wishes.
        tell: Shows a notice to everybody who looks at the page.

    Attributes:
        goal: Where the robot was told to walk, or None.
        teleoperation: Who drives.
    """

    def __init__(
        self,
        server: viser.ViserServer,
        scene: Scene,
        panel: Panel,
        way_back: WayBack,
        intake: Intake,
        handlers: Handlers,
        tell: Callable[[Notice], None],
    ) -> None:
        self._server = server
        self._scene = scene
        self._panel = panel
        self._way_back = way_back
        self._intake = intake
        self._handlers = handlers
        self._tell = tell
        self._by_keys = False
        self._at_keys: int | None = None
        self._look = threading.Event()
        self.goal: Goal | None = None
        self.teleoperation = Teleoperation(handlers.teleoperate)
        scene.gizmo.on_goal = self._dragged
        panel.stop.on_click(lambda _: self._toggle_stop(True))
        panel.stop_key.on_trigger(lambda _: self._toggle_stop(True))
        panel.release.on_click(lambda _: self._toggle_stop(False))
        panel.stand_up.on_click(lambda _: self._stand_up())
        panel.restart.on_click(lambda _: self._restart())
        panel.clear_goal.on_click(lambda _: self._clear_goal())
        panel.drive.on_update(self._toggle_driving)
        panel.keys_changed.on_trigger(self._keys_changed)
        panel.stand_still.on_click(lambda _: self._stand_still())
        panel.push.on_click(lambda _: handlers.push(*panel.impulse))
        for side, box in panel.hands.items():
            box.on_update(partial(self._toggle_hand, side))
        for slider in panel.sliders:
            slider.on_update(self._slid)
        server.scene.on_click()(self._clicked)
        server.on_client_disconnect(self._client_left)

    def show_goal(self, goal: Goal | None) -> None:
        """Put the gizmo where the robot was told to walk; None puts it back before the robot."""
        self.goal = goal
        self._scene.show_goal(goal)

    def stop_driving(self) -> None:
        """Take the robot out of the hands of whoever drives it: it is told to stand still."""
        self.teleoperation.stop()
        self._by_keys = False
        self._show_driving(VelocityCommand())

    def take_hands_back(self) -> None:
        """Hold out no hand any more: who stands up again must not reach for where a hand was asked to be before."""
        for side in self._panel.hands:
            self._take_hand_back(side)

    def tick(self) -> None:
        """Send what is due: a velocity while somebody drives, and places of hands that are held out."""
        self.teleoperation.tick()
        self._scene.hands.tick(self._handlers.reach)

    def watch_driver(self, closing: threading.Event) -> None:
        """Ask the browser that drives which keys it holds, again and again, and obey them.

        The question is its dead man's switch too: when it no longer answers (frozen, hidden, or off the network), the
        robot stops.
        """
        while not closing.is_set():
            changed = self._look.wait(KEYS_PERIOD if self._by_keys else HEARTBEAT_PERIOD)
            self._look.clear()
            asked = self._at_keys if changed else self.teleoperation.driver
            if asked is None:
                continue
            try:
                self._ask(asked, changed)
            except Exception:  # whatever it is: who drives must not go on unwatched
                logger.exception("Looking after the driver failed; the robot was told to stand still.")
                self.stop_driving()

    def _ask(self, asked: int, changed: bool) -> None:
        client = self._server.get_clients().get(asked)
        if client is None:
            self._lost(asked, "was closed, or is offline.")
            return
        try:
            said = client.local_storage.get_item(HELD, timeout=HEARTBEAT_TIMEOUT)
        except TimeoutError:
            self._lost(client.client_id, f"did not answer for {HEARTBEAT_TIMEOUT} s: hidden, slow or offline?", changed)
        except RuntimeError:
            self._lost(client.client_id, "has gone, or keeps nothing: are cookies blocked?")
        else:
            self._obey(client.client_id, held_keys(said), changed)

    def _obey(self, client: int, held: frozenset[str], changed: bool) -> None:
        """Drive by the keys that a browser holds, until it holds none.

        Args:
            client: The browser.
            held: Its keys.
            changed: Whether one was just pressed or released. Only that begins to drive: whoever stops the robot while
                a key is held is not overruled by it.
        """
        driving = self._by_keys and self.teleoperation.driver == client
        if not held:
            if driving:
                self.stop_driving()
            return
        if not driving and not changed:
            return
        if not driving:
            self._take_the_wheel(client, by_keys=True)
        command = velocity(held, self._panel.limits)
        self.teleoperation.command(command)
        self._show_driving(command, held)

    def _keys_changed(self, event: viser.CommandEvent) -> None:
        self._at_keys = event.client_id
        self._look.set()

    def _take_the_wheel(self, client: int, *, by_keys: bool) -> None:
        # The planner would walk on to its goal as soon as the driver lets go.
        self._clear_goal()
        self._by_keys = by_keys
        self.teleoperation.start(client)
        self._show_driving(VelocityCommand())

    def _show_driving(self, command: VelocityCommand, held: frozenset[str] = frozenset()) -> None:
        with self._server.atomic():
            self._panel.show_driving(self.teleoperation.driver is not None, command, held)

    def _lost(self, client: int, why: str, at_keys: bool = False) -> None:
        """Stop the robot if this browser drove it, and say so; also if it has just tried to.

        Args:
            client: The browser.
            why: What happened to it.
            at_keys: Whether one of its keys was just pressed or released.
        """
        if not self.teleoperation.lost(client):
            if at_keys:
                self._tell(Notice("Keys do not drive", f"The browser {why}", Tone.WARNING))
        else:
            self.stop_driving()
            logger.warning("The browser that drove the robot %s The robot was told to stand still.", why)
            self._tell(Notice("Driving ended", f"The browser that drove {why} The robot stops.", Tone.WARNING))

    def _dragged(self, x: float, y: float, yaw: float) -> None:
        if self._intake.check("goal", (x, y, yaw), 3) is None:
            return
        # The gizmo is left where it is: its browser is ahead of what is known here.
        self.stop_driving()
        self.goal = Goal(np.array([x, y]), yaw)
        self._scene.gizmo.mark(active=True)
        self._handlers.goal(x, y, yaw)

    def _clear_goal(self) -> None:
        self.show_goal(None)
        with self._server.atomic():
            self._scene.plan.clear()
        self._handlers.clear_goal()

    def _clicked(self, event: viser.SceneClickEvent) -> None:
        if not self._panel.point.value:
            return
        scene = self._scene
        offset = np.array([*scene.centre, 0.0])
        point = floor_point(np.array(event.ray_origin) + offset, np.array(event.ray_direction), scene.ground)
        if point is not None:
            yaw = float(np.arctan2(point[1] - scene.pelvis[1], point[0] - scene.pelvis[0]))
            self.stop_driving()
            self.show_goal(Goal(np.array(point), yaw))
            self._handlers.goal(*point, yaw)

    def _toggle_stop(self, stopped: bool) -> None:
        # First what people want most; the rest can wait.
        self._handlers.emergency_stop(stopped)
        self._way_back.ask(stopped)
        self.stop_driving()
        self.take_hands_back()
        if stopped:
            # Who stands up after a stop must not walk off to where it was going before.
            self._clear_goal()

    def _stand_up(self) -> None:
        self._clear_goal()
        self._handlers.stand_up()

    def _restart(self) -> None:
        self._clear_goal()
        self._handlers.restart()

    def _toggle_driving(self, event: viser.GuiEvent[Any]) -> None:
        if event.client_id is None:
            return
        if self._panel.drive.value:
            self._take_the_wheel(event.client_id, by_keys=False)
        else:
            self.stop_driving()

    def _toggle_hand(self, side: str, event: viser.GuiEvent[Any]) -> None:
        if event.client_id is None:
            return
        if self._panel.hands[side].value:
            self._scene.hands.hold_out(side, event.client_id)
        else:
            self._take_hand_back(side)

    def _take_hand_back(self, side: str) -> None:
        self._panel.show_hand(side, False)
        if self._scene.hands.take_back(side):
            self._handlers.let_go(side)

    def _slid(self, event: viser.GuiEvent[Any]) -> None:
        # Sliders also show what the keys say; only a person who moves one means it.
        if event.client_id is not None:
            self._by_keys = False
            self.teleoperation.command(self._panel.velocity)

    def _stand_still(self) -> None:
        self.teleoperation.command(VelocityCommand())
        self._show_driving(VelocityCommand())

    def _client_left(self, client: viser.ClientHandle) -> None:
        for side in self._scene.hands.held_by(client.client_id):
            self._take_hand_back(side)
        self._lost(client.client_id, "was closed, or is offline.")
