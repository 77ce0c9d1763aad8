"""What nodes say of their health; anybody may send it, so nothing in it is taken for a number unseen."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from diagnostic_msgs.msg import DiagnosticArray


@dataclass(frozen=True)
class NodeReport:
    """One node's status.

    Attributes:
        node: Its name without namespace.
        level: Severity, 0 (OK) to 3 (STALE).
        text: How it is, in one line.
        values: Figures as text, by name.
    """

    node: str
    level: int
    text: str
    values: Mapping[str, str]

    def figure(self, name: str) -> float:
        """A value as number, NaN where there is none or it is no number."""
        try:
            return float(self.values.get(name, "nan"))
        except ValueError:
            return math.nan


def read_diagnostics(message: DiagnosticArray) -> list[NodeReport]:
    """Read `diagnostics`."""
    return [
        NodeReport(
            node=status.name.rpartition("/")[2],
            level=int.from_bytes(status.level, "little"),
            text=status.message,
            values={entry.key: entry.value for entry in status.values},
        )
        for status in message.status
    ]
