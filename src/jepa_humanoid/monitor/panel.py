"""The page's panel: status, stop, goal, driving, layers, plots. It only lays out; the page says what things do."""

from typing import Any

import numpy as np
import viser

from jepa_humanoid.monitor.palette import ACCENT
from jepa_humanoid.monitor.plots import Plots
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

_HOW_TO = """\
**Walk:** click the floor, or drag the ring; its arrow is the heading to end with.

**Drive:** switch *Drive* on and move the sliders. The goal is forgotten, and the robot stops when you leave this tab.

**Stop:** the red button or the space bar. Release the stop, then let the robot stand up.

**Look:** drag to orbit, right-drag to pan, scroll to zoom.

**Colours:** candidates are bright when cheap and dark red when dear; yellow is the chosen one. Left feet are blue,
right feet orange, forces green, the divergent component of motion (DCM) pink.
"""


class Panel:
    """Widgets of the page, by attribute.

    Args:
        gui: Where to put them.
        limits: Largest velocities of the sliders.
        point_to_walk: Whether clicks on the floor count at first.
    """

    def __init__(self, gui: viser.GuiApi, limits: VelocityCommand, *, point_to_walk: bool) -> None:
        gui.configure_theme(dark_mode=True, show_logo=False, show_share_button=False, brand_color=ACCENT)
        gui.set_panel_label(TITLE)
        self._limits = limits.as_array()
        self._shown_status = Status().html()
        self._status = gui.add_html(self._shown_status)
        icons = viser.Icon
        self.stop = gui.add_button(
            "EMERGENCY STOP", color="red", icon=icons.HAND_STOP, hint="The joints brake at once. Also: space bar."
        )
        self.stop_key = gui.add_command("Emergency stop", hotkey="space", icon=icons.HAND_STOP)
        self.release = gui.add_button("Release the stop", color="yellow", icon=icons.LOCK_OPEN, visible=False)
        self.stand_up = gui.add_button("Stand up", icon=icons.ARROW_UP, visible=False, hint="Balance again.")
        with gui.add_folder("Walk to a place"):
            self.point = gui.add_checkbox("Click the floor", point_to_walk, hint="A click on the floor is a goal.")
            self.clear_goal = gui.add_button("Clear the goal", color="gray", icon=icons.X)
        with gui.add_folder("Drive by hand"):
            self.drive = gui.add_checkbox("Drive", False, hint="While this is on, the sliders outrank the planner.")
            self.sliders = tuple(
                gui.add_slider(label, -limit, limit, 0.01, 0.0, hint=hint)
                for label, limit, hint in (
                    ("Forward", limits.forward, "m/s"),
                    ("Left", limits.lateral, "m/s"),
                    ("Turn left", limits.turn, "rad/s"),
                )
            )
            self.stand_still = gui.add_button("Stop", color="gray", icon=icons.PLAYER_STOP)
        with gui.add_folder("Layers", expand_by_default=False):
            self.follow = gui.add_checkbox("Follow the robot", True)
            self.cut = gui.add_checkbox("Cut walls", True, hint="Show what is tall only up to the robot's knees.")
            self.layers = {name: gui.add_checkbox(name, shown) for name, shown in LAYERS.items()}
        with gui.add_folder("How to", expand_by_default=False):
            gui.add_markdown(_HOW_TO)
        window = gui.add_panel()
        with window.add_tab("Live plots"):
            self.plots = Plots(gui)
        window.float(x=15.0, y=-15.0, width=290.0)

    def show_status(self, status: Status) -> None:
        """Replace the status line if it reads differently."""
        html = status.html()
        if html != self._shown_status:
            self._shown_status = html
            self._status.content = html

    def show_stop(self, stopped: bool) -> None:
        """Offer to release the emergency stop instead of pressing it again."""
        self.stop.label = "STOPPED" if stopped else "EMERGENCY STOP"
        self.stop.disabled = stopped
        self.release.visible = stopped

    @property
    def velocity(self) -> VelocityCommand:
        """What the sliders say; their ends hold here too, for a browser could send anything."""
        values = np.array([slider.value for slider in self.sliders], dtype=float)
        forward, lateral, turn = np.clip(np.nan_to_num(values), -self._limits, self._limits).tolist()
        return VelocityCommand(forward, lateral, turn)

    def zero_sliders(self) -> None:
        """Put the sliders in the middle."""
        for slider in self.sliders:
            _assign(slider, 0.0)

    def switch_drive_off(self) -> None:
        """Clear the switch for driving."""
        _assign(self.drive, False)


def _assign(widget: Any, value: object) -> None:
    """Set a widget's value; its type declares the property for reading only."""
    widget.value = value
