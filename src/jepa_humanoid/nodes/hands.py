"""What people ask of hands, as the controller hears it: places, masses, and to be left alone."""

from collections.abc import Callable
from functools import partial
from typing import Any

from jepa_humanoid.body import Body
from jepa_humanoid.locomotion.errors import HandError
from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.hand import hand_topic, read_hand, read_payload
from jepa_humanoid.robot.description import SIDES
from jepa_humanoid.status import BodyStatus


class HandInputs:
    """Passes on to a body what is asked of its hands, and remembers what could not be.

    Args:
        body: Whose hands.
        listen: Subscribes to a topic.
        serve: Offers a service.
        now: Time on the target's clock [s].
    """

    TOPICS = ("teleop/left_hand", "teleop/right_hand", "payload")
    SERVICES = ("controller/let_go_left", "controller/let_go_right", "controller/weigh")

    def __init__(
        self,
        body: Body,
        listen: Callable[[str, Callable[[Any], None]], None],
        serve: Callable[[str, Callable[[], tuple[bool, str]]], None],
        now: Callable[[], float],
    ) -> None:
        self._body, self._now = body, now
        self._problem = ""
        for side in SIDES:
            listen(hand_topic(side), partial(self._hear_place, side))
            serve(f"controller/let_go_{side}", partial(self._let_go, side))
        listen("payload", self._hear_payload)
        serve("controller/weigh", self._weigh)

    def said(self, status: BodyStatus) -> str:
        """What was refused last, or what the hands do, in a sentence for diagnostics."""
        return self._problem or ", ".join(f"{SIDES[hand.side]} {hand.state.value}" for hand in status.hands)

    def _hear_place(self, side: str, message: Any) -> None:
        self._obey(lambda: self._body.reach(read_hand(message, side, self._now())))

    def _hear_payload(self, message: Any) -> None:
        self._obey(lambda: self._body.carry(read_payload(message)))

    def _obey(self, action: Callable[[], None]) -> None:
        try:
            action()
        except (HandError, MessageError) as error:
            self._problem = str(error)
            raise MessageError(self._problem) from error
        self._problem = ""

    def _let_go(self, side: str) -> tuple[bool, str]:
        try:
            self._body.let_go(side)
        except HandError as error:
            return False, str(error)
        return True, f"the {side} hand goes back"

    def _weigh(self) -> tuple[bool, str]:
        if not self._body.robot.hands:
            return False, f"{self._body.robot.name} has no hands"
        self._body.weigh()
        return True, "finds out what the hands carry, as soon as it stands still for two seconds"
