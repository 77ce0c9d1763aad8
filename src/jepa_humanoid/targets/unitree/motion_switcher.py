"""Taking the robot from the vendor's motion service, which would command the same motors.

The service `motion_switcher` answers requests on `rt/api/motion_switcher/request` with responses of the same id on
`.../response`: what runs (CheckMode), and to stop it (ReleaseMode). Parameters and answers are JSON.
"""

import itertools
import json
import time
from collections.abc import Callable
from typing import Protocol

from jepa_humanoid.targets.unitree.errors import RefusalError
from jepa_humanoid.targets.unitree.idl import (
    Request,
    RequestHeader,
    RequestIdentity,
    RequestLease,
    RequestPolicy,
    Response,
)

CHECK_MODE = 1001
RELEASE_MODE = 1003

ERRORS = {
    7001: "invalid parameter",
    7002: "the switcher is busy",
    7003: "invalid event",
    7004: "invalid name",
    7005: "invalid command",
    7006: "checking failed",
    7007: "selecting failed",
    7008: "releasing failed",
    7009: "saving failed",
}
"""The vendor's error codes of this service."""


class Caller(Protocol):
    """Sends a request and waits for its response."""

    def call(self, request: Request, timeout: float) -> Response | None:
        """Return the response with the request's id, or None if none came in time [s]."""


_numbers = itertools.count(time.monotonic_ns())


def make_request(api: int, parameter: str = "{}") -> Request:
    """A request with an id that no other has."""
    header = RequestHeader(RequestIdentity(next(_numbers), api), RequestLease(0), RequestPolicy(0, False))
    return Request(header, parameter, [])


def running_service(caller: Caller, timeout: float = 2.0) -> str:
    """Name of the motion service that runs, empty if none does.

    Raises:
        RefusalError: If the robot does not say.
    """
    response = caller.call(make_request(CHECK_MODE), timeout)
    if response is None:
        raise RefusalError(
            f"the robot's motion switcher does not answer within {timeout:g} s, so nobody knows who else moves "
            "the motors"
        )
    code = response.header.status.code
    if code:
        raise RefusalError(f"the robot's motion switcher does not say what runs: error {_in_words(code)}")
    try:
        return str(json.loads(response.data).get("name") or "")
    except (ValueError, AttributeError):
        raise RefusalError(f"the robot's motion switcher answers {response.data!r}, which is no JSON object") from None


def release_motion_service(
    caller: Caller,
    attempts: int = 5,
    pause: float = 1.0,
    timeout: float = 2.0,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[str, ...]:
    """Stop every motion service; they may be nested.

    Args:
        caller: Sends requests.
        attempts: Times that a release is asked for.
        pause: Between a release and the next look [s].
        timeout: For one answer [s].
        sleep: Waits.

    Returns:
        Names of the services that ran.

    Raises:
        RefusalError: If one still runs after all attempts, or the switcher does not answer.
    """
    released: list[str] = []
    code = 0
    for _ in range(attempts):
        name = running_service(caller, timeout)
        if not name:
            return tuple(released)
        if name not in released:
            released.append(name)
        response = caller.call(make_request(RELEASE_MODE), timeout)
        code = 0 if response is None else response.header.status.code
        sleep(pause)
    name = running_service(caller, timeout)
    if not name:
        return tuple(released)
    why = f" (error {_in_words(code)})" if code else ""
    raise RefusalError(f"the robot's motion service '{name}' could not be released in {attempts} attempts{why}")


def _in_words(code: int) -> str:
    return f"{code}, {ERRORS[code]}" if code in ERRORS else str(code)
