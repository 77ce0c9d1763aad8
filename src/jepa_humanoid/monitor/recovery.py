"""The way back after a stop: why the robot stopped, what people have to do, and which button does it."""

from dataclasses import dataclass
from html import escape

import numpy as np

from jepa_humanoid.safety import BodyMode

STOPPED_MODES = frozenset(mode.value for mode in (BodyMode.DAMPING, BodyMode.PASSIVE, BodyMode.FALLEN))
"""Safety modes in which the robot holds itself up by nothing."""
LOST_MODES = STOPPED_MODES | {BodyMode.FALLING.value}
"""Those, and the fall before."""


@dataclass(frozen=True)
class Condition:
    """What the way back depends on.

    Attributes:
        mode: Safety mode of the controller, in lower case.
        latched: Whether an emergency stop is in force.
        cause: Why the robot stopped.
        tilt: Angle of the pelvis to the vertical [rad], or None where nobody knows it now.
        can_restart: Whether the robot is a simulated one that can start anew.
        held: Whether the motors hold a posture or follow the controller; a real robot's damp until it is engaged.
        rises: Whether it gets up from the floor by itself.
    """

    mode: str = ""
    latched: bool = False
    cause: str = ""
    tilt: float | None = None
    can_restart: bool = False
    held: bool = True
    rises: bool = False


@dataclass(frozen=True)
class Advice:
    """What the page offers.

    Attributes:
        title: What has happened, in a few words; empty while nothing has.
        cause: Why.
        todo: What to do next, one sentence each.
        release: Whether to offer to release the emergency stop.
        stand_up: Whether to offer to stand up.
        restart: Whether to offer to start the simulation anew.
    """

    title: str = ""
    cause: str = ""
    todo: tuple[str, ...] = ()
    release: bool = False
    stand_up: bool = False
    restart: bool = False

    def html(self) -> str:
        """The card that goes above the buttons; every text that comes from outside is escaped."""
        if not self.title:
            return ""
        steps = "".join(f"<li>{escape(step)}</li>" for step in self.todo)
        cause = f'<div class="jh-cause">{escape(self.cause)}</div>' if self.cause else ""
        return f'<div class="jh-card"><b>{escape(self.title)}</b>{cause}<ol>{steps}</ol></div>'


def advise(condition: Condition, tilt_limit: float) -> Advice:
    """What to do about a robot in this condition.

    The robot moves at one step only, the last, and that one is not offered while it could not work: while the stop is
    latched, or while the robot is known to lean too far, unless it gets up by itself.

    Args:
        condition: Of the robot.
        tilt_limit: Beyond which the controller does not start to balance [rad].
    """
    if condition.latched:
        return Advice(
            "Emergency stop",
            condition.cause,
            ("Go and see that nobody is in danger.", "Release the stop: the robot does not move yet."),
            release=True,
        )
    if condition.mode not in STOPPED_MODES:
        return Advice()
    title = "The robot has fallen" if condition.mode == "fallen" else "The robot has stopped"
    if condition.tilt is not None and condition.tilt > tilt_limit:
        leans, balances = np.degrees((condition.tilt, tilt_limit))
        if condition.rises:
            floor = "Clear the floor around it: it rolls over, sits up and stands up by itself, in 10 to 20 s."
            return Advice(title, condition.cause, (floor,), stand_up=True, restart=condition.can_restart)
        lean = f"It leans by {leans:.0f}°, and can balance when that is less than {balances:.0f}°."
        lift = "Set it upright, hanging or held, and the button to stand up comes."
        restart = (f"{lean} A simulated robot starts anew instead.",)
        return Advice(
            title, condition.cause, restart if condition.can_restart else (lean, lift), restart=condition.can_restart
        )
    if not condition.held:
        rope = "Take its weight with the rope."
        return Advice(title, condition.cause, (rope, "Call target/engage, and wait until its posture is held."))
    keep_clear = "Keep clear: it moves when it stands up, and waits there for a new goal."
    return Advice(title, condition.cause, (keep_clear,), stand_up=True, restart=condition.can_restart)
