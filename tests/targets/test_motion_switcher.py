"""Taking the robot from the vendor's motion service."""

import json

import pytest

pytest.importorskip("cyclonedds")

from jepa_humanoid.targets.unitree.errors import RefusalError
from jepa_humanoid.targets.unitree.idl import RequestIdentity, Response, ResponseHeader, ResponseStatus
from jepa_humanoid.targets.unitree.motion_switcher import CHECK_MODE, RELEASE_MODE, release_motion_service


class Switcher:
    """The robot's end."""

    def __init__(self, *running, code=0, data=None, deaf=False, check_code=0):
        self.running = list(running)
        self.code, self.data, self.deaf, self.check_code = code, data, deaf, check_code
        self.calls = []

    def call(self, request, timeout):
        """Answer a request."""
        api = request.header.identity.api_id
        self.calls.append(api)
        if self.deaf:
            return None
        if api == RELEASE_MODE and self.running and not self.code:
            self.running.pop(0)
        data = json.dumps({"form": "0", "name": self.running[0] if self.running else ""})
        status = ResponseStatus(self.code if api == RELEASE_MODE else self.check_code)
        header = ResponseHeader(RequestIdentity(request.header.identity.id, api), status)
        return Response(header, self.data or data, [])


def release(switcher):
    """Ask without waiting."""
    return release_motion_service(switcher, sleep=lambda _: None)


def test_free_robot_is_left_alone():
    """Where no service runs, none is released."""
    switcher = Switcher()
    assert release(switcher) == ()
    assert switcher.calls == [CHECK_MODE]


def test_nested_services_are_released_one_by_one():
    """What runs under what was released is released as well."""
    assert release(Switcher("ai", "normal")) == ("ai", "normal")


@pytest.mark.parametrize(
    ("switcher", "cause"),
    [
        (Switcher("ai", code=7008), r"'ai' could not be released in 5 attempts \(error 7008, releasing failed\)"),
        (Switcher("ai", check_code=7002), "does not say what runs: error 7002, the switcher is busy"),
        (Switcher("ai", deaf=True), "does not answer within 2 s"),
        (Switcher("ai", data="no json"), "no JSON object"),
        (Switcher("ai", data="[]"), "no JSON object"),
    ],
)
def test_service_that_is_not_released_is_a_refusal(switcher, cause):
    """A service that goes on, or a switcher that says nothing useful, is named."""
    with pytest.raises(RefusalError, match=cause):
        release(switcher)
