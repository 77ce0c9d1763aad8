"""How the graph's nodes are, as people are told: who is silent, who complains, and who is missed."""

from dataclasses import dataclass, field

SILENCE = 3.0
"""Wall time without a word after which a node counts as gone [s]; they speak once a second."""

WARNING, ERROR, STALE = 1, 2, 3
"""Levels of a node's own judgement, as in diagnostic_msgs/DiagnosticStatus; below them all is well."""

RELIED_ON = {"controller": STALE, "perception": WARNING, "planner": ERROR}
"""Nodes that people are told about, and from which level of their status on they do not do what they are for.

A controller that reports anything does what it can, and a planner that waits for perception is not the one to blame.
"""


@dataclass(frozen=True)
class Health:
    """How the nodes are.

    Attributes:
        silent: Names of nodes that have fallen silent.
        notes: What else people should know, one line each.
        troubles: By node that people rely on, what is wrong with it; empty where nothing is.
    """

    silent: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    troubles: dict[str, str] = field(default_factory=dict)


class HealthWatch:
    """Remembers what nodes last said of themselves. Times are wall times [s]."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[float, int, str]] = {}

    def hear(self, node: str, level: int, text: str, now: float) -> None:
        """Take note of a node's own judgement: its level, and why."""
        self._said[node] = (now, level, text)

    def health(self, now: float, shown_elsewhere: frozenset[str] = frozenset()) -> Health:
        """How the nodes are now; complaints of those that are shown elsewhere make no notes."""
        silent = frozenset(name for name, (heard, _, _) in self._said.items() if now - heard > SILENCE)
        notes = [f"{name} is silent" for name in self._said if name in silent]
        notes += [
            f"{name}: {text}"
            for name, (_, level, text) in self._said.items()
            if level >= WARNING and name not in silent | shown_elsewhere
        ]
        troubles = {
            name: "It is silent." if name in silent else text if level >= RELIED_ON[name] else ""
            for name, (_, level, text) in self._said.items()
            if name in RELIED_ON
        }
        return Health(silent, tuple(notes), troubles)
