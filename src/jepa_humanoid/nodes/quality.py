"""Qualities of service of the graph's topics, and how people call them."""

from dataclasses import dataclass

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy


@dataclass(frozen=True)
class Quality:
    """A quality of service, and how people call it."""

    name: str
    profile: QoSProfile


def _quality(
    name: str, depth: int, reliability: ReliabilityPolicy, durability: DurabilityPolicy = DurabilityPolicy.VOLATILE
) -> Quality:
    return Quality(
        name,
        QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=depth, reliability=reliability, durability=durability),
    )


LATEST = _quality("reliable, depth 1", 1, ReliabilityPolicy.RELIABLE)
"""Only the newest value counts: an old command or state must never be acted upon."""

EVENTS = _quality("reliable, depth 10", 10, ReliabilityPolicy.RELIABLE)
"""Every message counts."""

SENSOR = _quality("sensor data", 5, ReliabilityPolicy.BEST_EFFORT)
"""Large and frequent: a lost one is not worth sending again."""

LATCHED = _quality(
    "reliable, transient local, depth 1", 1, ReliabilityPolicy.RELIABLE, DurabilityPolicy.TRANSIENT_LOCAL
)
"""Who comes later gets the last one too."""

TRANSFORMS = _quality("reliable, depth 100", 100, ReliabilityPolicy.RELIABLE)
"""As tf2's own broadcasters and listeners."""
