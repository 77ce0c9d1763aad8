"""The joystick's stop button: what `teleop_twist_joy` cannot do, and nobody should drive without."""

import sys
import time
from typing import Any

from jepa_humanoid.nodes.contract import TOPICS
from jepa_humanoid.nodes.node import Level, RobotNode, run
from jepa_humanoid.nodes.parameters import ParameterSpec

SILENCE = 1.0
"""Wall time without a word from the joystick after which to say so [s]; the `joy` node repeats its last one."""


class JoystickStop(RobotNode):
    """Turns a button into an emergency stop."""

    NAME = "joystick_stop"
    DESCRIPTION = "The joystick's stop button."
    PUBLISHES = ("emergency_stop",)
    SUBSCRIBES = ("joy",)
    PARAMETERS = (ParameterSpec("button", 1, "of `joy` that stops the robot", "", 0, 63),)

    def configure(self) -> None:
        """Listen to the joystick."""
        self._button: int = self.value("button")
        self.listen("joy", self._on_joy)

    def activate(self) -> None:
        """Wait for a joystick."""
        self._heard: float | None = None
        self._pressed = False
        self._problem_text: str | None = None

    def status(self) -> tuple[Level, str]:
        """Whether the button would be heard."""
        if self._problem_text is not None:
            return Level.ERROR, self._problem_text
        if self._heard is None:
            return Level.WARN, "waiting for joy"
        if time.monotonic() - self._heard > SILENCE:
            return Level.ERROR, "the joystick is silent: its stop button would not be heard"
        return Level.OK, "listening"

    def _on_joy(self, message: Any) -> None:
        self._heard = time.monotonic()
        if self._button >= len(message.buttons):
            self._problem_text = f"joy has {len(message.buttons)} buttons, and number {self._button} is to stop"
            self.warn_throttled(self._problem_text)
            return
        self._problem_text = None
        pressed = bool(message.buttons[self._button])
        # Again with each message while it is held: one of them may get lost, and stopping twice harms nobody.
        if pressed:
            self.outputs["emergency_stop"].publish(TOPICS["emergency_stop"].type(data=True))
            if not self._pressed:
                self.get_logger().error("stop button pressed")
        self._pressed = pressed


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run(JoystickStop, args)


if __name__ == "__main__":
    sys.exit(main())
