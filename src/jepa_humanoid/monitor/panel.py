"""The page's panel: status, stop, goal, driving, layers, plots. It only lays out; the page says what things do."""

from html import escape
from typing import Any

import numpy as np
import viser

from jepa_humanoid.monitor.keyboard import keyboard_html
from jepa_humanoid.monitor.palette import ACCENT
from jepa_humanoid.monitor.plots import Plots
from jepa_humanoid.monitor.recovery import Advice
from jepa_humanoid.monitor.status import Status
from jepa_humanoid.robot.state import VelocityCommand

TITLE = "jepa_humanoid"

LAYERS = {
    "Robot": True,
    "Elevation": True,
    "Plan": True,
    "Footsteps": True,
    "Contact forces": True,
    "DCM": True,
    "Trail": True,
    "Goal": True,
    "LiDAR points": False,
}
"""What can be shown, and whether it is at first."""

PUSHES = {"behind": (1.0, 0.0), "front": (-1.0, 0.0), "right": (0.0, 1.0), "left": (0.0, -1.0)}
"""Where a push comes from, and the direction that it goes: ahead and to the left."""

LARGEST_PUSH = 20.0
"""End of the slider [N·s]; most robots fall before."""

_HOW_TO = """\
**Walk:** click the floor, or drag the ring; its arrow is the heading to end with.

**Drive:** hold W, S or ↑, ↓ to walk ahead or back, A, D or ←, → to turn, Q, E to step sideways; let go, and the robot
stops. Or switch *Drive* on and move the sliders. The goal is forgotten, and the robot stops when you leave this tab.

**Hands:** under *Hands*, have a handle shown at a hand, drag and turn it; the arm follows, also while the robot walks.

**Push:** where the robot is simulated, *Push it* gives it a shove from any side.

**Stop:** the red button or the space bar. The goal is forgotten. The page then says why the robot stopped, and leads
back step by step: release the stop (nothing moves), then stand up (the robot moves, and waits for a new goal).

**Look:** drag to orbit, right-drag to pan, scroll to zoom.

**Colours:** imagined walks are mint when cheap, violet in between, and red when dear; yellow is the chosen one. Left
feet are blue, right feet orange. Green arrows beside the feet are the forces of the ground as they are estimated, half
a metre to 300 N; the pink ball is the divergent component of motion (DCM). Dark floor has not been seen yet.
"""


class Panel:
    """Widgets of the page, by attribute.

    Args:
        gui: Where to put them.
        limits: Largest velocities of sliders and keys.
        hands: That the robot has.
        point_to_walk: Whether clicks on the floor count at first.
        recording: What is played, where no robot is there to be moved: nothing is offered then that moves one.
    """

    def __init__(
        self,
        gui: viser.GuiApi,
        limits: VelocityCommand,
        hands: tuple[str, ...],
        point_to_walk: bool,
        recording: str = "",
    ) -> None:
        gui.configure_theme(dark_mode=True, show_logo=False, show_share_button=False, brand_color=ACCENT)
        gui.set_panel_label(TITLE)
        self.limits = limits
        self._recording = bool(recording)
        if recording:
            said = f"<b>Recording {escape(recording)}</b><br>What was, again: no robot hears you."
            self.what = gui.add_html(f'<div class="jh-status">{said}</div>')
        self._shown_status = Status().html()
        self._status = gui.add_html(self._shown_status)
        icons = viser.Icon
        self.stop = gui.add_button(
            "EMERGENCY STOP",
            color="red",
            icon=icons.HAND_STOP,
            visible=not recording,
            hint="The joints brake at once. Also: space bar.",
        )
        self.stop_key = gui.add_command("Emergency stop", hotkey="space", icon=icons.HAND_STOP)
        # Hotkeys tell only that a key was pressed. front.js presses this one whenever the held keys are others.
        self.keys_changed = gui.add_command(
            "Look which keys are held", hotkey="J", modifier="cmd/ctrl+alt+shift", icon=icons.KEYBOARD
        )
        self._shown_advice = (Advice(), False)
        self._card = gui.add_html("", visible=False)
        self.release = gui.add_button(
            "Release the stop", color="yellow", icon=icons.LOCK_OPEN, visible=False, hint="The robot does not move yet."
        )
        self.stand_up = gui.add_button("Stand up", icon=icons.ARROW_UP, visible=False, hint="The robot moves.")
        self.restart = gui.add_button(
            "Start the simulation anew",
            color="gray",
            icon=icons.REFRESH,
            visible=False,
            hint="The robot stands where it stood at first; the clock begins at zero.",
        )
        point = point_to_walk and not recording
        with gui.add_folder("Walk to a place", visible=not recording):
            self.point = gui.add_checkbox("Click the floor", point, hint="A click on the floor is a goal.")
            self.clear_goal = gui.add_button("Clear the goal", color="gray", icon=icons.X)
        with gui.add_folder("Drive by hand", visible=not recording):
            self._keyboard = gui.add_html(keyboard_html(frozenset()))
            self.drive = gui.add_checkbox("Drive", False, hint="While this is on, the sliders outrank the planner.")
            # Folded, so that nothing is cut off a window of 720 pixels.
            with gui.add_folder("Sliders", expand_by_default=False):
                self.sliders = tuple(
                    gui.add_slider(label, -limit, limit, 0.01, 0.0, hint=hint)
                    for label, limit, hint in (
                        ("Forward [m/s]", limits.forward, "Backward below zero."),
                        ("Left [m/s]", limits.lateral, "To the right below zero."),
                        ("Turn left [rad/s]", limits.turn, "To the right below zero."),
                    )
                )
                self.stand_still = gui.add_button("Stop", color="gray", icon=icons.PLAYER_STOP)
        with gui.add_folder("Hands", expand_by_default=False, visible=bool(hands) and not recording):
            hint = "Shows a handle at the hand: drag or turn it, and the hand follows. Off: the arm goes back."
            self.hands = {side: gui.add_checkbox(f"Move the {side} hand", False, hint=hint) for side in hands}
        self._pushing = gui.add_folder("Push it", expand_by_default=False, visible=False)
        with self._pushing:
            self.push_size = gui.add_slider(
                "Impulse [N·s]", 1.0, LARGEST_PUSH, 0.5, 8.0, hint="On the torso, in 0.1 s. 15 N·s is a firm shove."
            )
            self.push = gui.add_button_group("From", tuple(PUSHES), hint="As the robot sees it.")
        with gui.add_folder("Layers", expand_by_default=False):
            self.follow = gui.add_checkbox("Follow the robot", True)
            self.cut = gui.add_checkbox("Cut walls", True, hint="Up to the knees at most, lower near the feet.")
            shown = LAYERS | ({"Goal": False} if recording else {})
            self.layers = {name: gui.add_checkbox(name, there) for name, there in shown.items()}
        with gui.add_folder("Live plots", expand_by_default=False):
            self.plots = Plots(gui)
        with gui.add_folder("How to", expand_by_default=False):
            gui.add_markdown(_HOW_TO)

    def show_status(self, status: Status) -> None:
        """Replace the status line if it reads differently."""
        html = status.html()
        if html != self._shown_status:
            self._shown_status = html
            self._status.content = html

    def show_advice(self, advice: Advice, stopped: bool) -> None:
        """Show the way back after a stop.

        Args:
            advice: What to say and to offer.
            stopped: Whether the emergency stop is latched: it need not be pressed again.
        """
        if self._recording:
            advice = Advice(advice.title, advice.cause)
        if (advice, stopped) == self._shown_advice:
            return
        self._shown_advice = (advice, stopped)
        self.stop.label = "STOPPED" if stopped else "EMERGENCY STOP"
        self.stop.disabled = stopped
        self._card.content = advice.html()
        self._card.visible = bool(advice.title)
        self.release.visible = advice.release
        self.stand_up.visible = advice.stand_up
        self.restart.visible = advice.restart

    @property
    def velocity(self) -> VelocityCommand:
        """What the sliders say; their ends hold here too, for a browser could send anything."""
        values = np.array([slider.value for slider in self.sliders], dtype=float)
        ends = self.limits.as_array()
        forward, lateral, turn = np.clip(np.nan_to_num(values), -ends, ends).tolist()
        return VelocityCommand(forward, lateral, turn)

    @property
    def impulse(self) -> tuple[float, float]:
        """The push asked for, ahead of the robot and to its left [N·s]; the slider's ends hold here too."""
        size = float(np.clip(np.nan_to_num(self.push_size.value), 0.0, LARGEST_PUSH))
        ahead, left = PUSHES[self.push.value]
        return size * ahead, size * left

    def show_pushing(self, possible: bool) -> None:
        """Show or hide what pushes the robot."""
        shown = possible and not self._recording
        if self._pushing.visible != shown:
            self._pushing.visible = shown

    def show_hand(self, side: str, on: bool) -> None:
        """Show whether a hand's handle is held out."""
        _assign(self.hands[side], on)

    def show_driving(self, on: bool, velocity: VelocityCommand, held: frozenset[str] = frozenset()) -> None:
        """Show whether somebody drives, how fast, and with which keys.

        Args:
            on: Position of the switch.
            velocity: Position of the sliders.
            held: Keys that are held, as in `monitor.keyboard`.
        """
        _assign(self.drive, on)
        for slider, value in zip(self.sliders, velocity.as_array().tolist(), strict=True):
            _assign(slider, value)
        html = keyboard_html(held)
        if self._keyboard.content != html:
            self._keyboard.content = html


def _assign(widget: Any, value: object) -> None:
    """Set a widget's value if it is another; its type declares the property for reading only."""
    if widget.value != value:
        widget.value = value
