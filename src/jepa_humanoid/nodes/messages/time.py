"""Stamps: exact nanoseconds, seconds, and what messages carry."""

from builtin_interfaces.msg import Time

from jepa_humanoid.nodes.errors import MessageError

NANOSECONDS = 1_000_000_000
LAST_SECOND = 2**31 - 1


def to_nanoseconds(stamp: Time) -> int:
    """A message's stamp as one exact number [ns], for comparing."""
    return stamp.sec * NANOSECONDS + stamp.nanosec


def to_seconds(stamp: Time) -> float:
    """A message's stamp [s]."""
    return stamp.sec + 1e-9 * stamp.nanosec


def seconds_of(nanoseconds: int) -> float:
    """The same time in seconds, rounded as `to_seconds` does."""
    sec, nanosec = divmod(nanoseconds, NANOSECONDS)
    return sec + 1e-9 * nanosec


def check_seconds(seconds: float, topic: str) -> None:
    """Refuse a time that no stamp can say.

    Raises:
        MessageError: If it is not finite, or beyond the seconds that a stamp counts.
    """
    if not abs(seconds) < LAST_SECOND:
        raise MessageError(f"{topic}: stamp is {seconds:g} s, and has to be a time within {LAST_SECOND} s")


def to_stamp(seconds: float) -> Time:
    """A message's stamp, rounded to nanoseconds."""
    sec, nanosec = divmod(round(seconds * NANOSECONDS), NANOSECONDS)
    return Time(sec=sec, nanosec=nanosec)
