"""The status line of the page: what the robot is doing, why, and a few numbers, as HTML."""

from dataclasses import dataclass, replace
from html import escape

_MODES = {
    "passive": ("PASSIVE", "#94a3b8", "Joints are limp."),
    "damping": ("DAMPING", "#f43f5e", "Joints brake and hold nothing."),
    "stand": ("STAND", "#2dd4bf", "Balancing on the spot."),
    "walk": ("WALK", "#38bdf8", "Walking."),
    "fallen": ("FALLEN", "#f43f5e", "On the ground."),
    "": ("WAITING", "#fbbf24", "No robot has reported yet."),
}

STYLE = """<style>
.jh-status{margin:.1em .8em .7em;line-height:1.35}
.jh-head{display:flex;align-items:center;gap:.6em}
.jh-pill{font-weight:700;letter-spacing:.06em;font-size:.85em;padding:.18em .75em;border-radius:99px;color:#101114}
.jh-why{font-size:.86em;flex:1;min-width:0;overflow-wrap:anywhere}
.jh-row{display:grid;grid-template-columns:repeat(4,1fr);gap:.3em;margin-top:.6em}
.jh-cell{background:rgba(127,140,160,.11);border-radius:.45em;padding:.28em .2em;text-align:center}
.jh-cell b{display:block;font-size:.95em;font-variant-numeric:tabular-nums;font-weight:600}
.jh-cell span{font-size:.68em;opacity:.62}
.jh-note{font-size:.74em;opacity:.75;margin-top:.45em;color:#fbbf24}
div:has(>.jh-status)+div button{height:3.1em!important;font-weight:700;letter-spacing:.09em;border-radius:.5em}
</style>"""


@dataclass(frozen=True)
class Status:
    """What the status line says; None where nothing is known yet.

    Attributes:
        mode: Safety mode of the controller, in lower case.
        reason: Why it is in that mode.
        real_time_factor: Target's seconds a wall second.
        speed: Of the base over the ground [m/s].
        goal_distance: From the base to the goal [m].
        loop_ms: Duration of the latest control computation [ms].
        silent_for: Wall time since the last robot state when that is too long [s].
        dropped: Malformed inputs dropped so far.
        notes: What else people should know, one line each.
    """

    mode: str = ""
    reason: str = ""
    real_time_factor: float | None = None
    speed: float | None = None
    goal_distance: float | None = None
    loop_ms: float | None = None
    silent_for: float | None = None
    dropped: int = 0
    notes: tuple[str, ...] = ()

    def html(self) -> str:
        """Status as HTML; every text that comes from outside is escaped."""
        shown = self
        if self.silent_for is not None and self.mode:
            shown = replace(self, mode="silent", reason=f"No robot state for {self.silent_for:.0f} s.")
        label, colour, explanation = _MODES.get(shown.mode, (shown.mode.upper(), "#fbbf24", ""))
        why = shown.reason or explanation
        cells = (
            (_number(self.speed, "{:.2f}"), "m/s"),
            (_number(self.goal_distance, "{:.1f}"), "m to goal"),
            (_number(self.loop_ms, "{:.2f}"), "ms control"),
            (_number(self.real_time_factor, "{:.2f}"), "× real time"),
        )
        row = "".join(f'<div class="jh-cell"><b>{value}</b><span>{unit}</span></div>' for value, unit in cells)
        lines = [*self.notes, *([f"{self.dropped} malformed inputs dropped"] if self.dropped else [])]
        notes = "".join(f'<div class="jh-note">{escape(line)}</div>' for line in lines)
        return (
            f'{STYLE}<div class="jh-status"><div class="jh-head">'
            f'<div class="jh-pill" style="background:{colour}">{escape(label)}</div>'
            f'<div class="jh-why">{escape(why)}</div></div>'
            f'<div class="jh-row">{row}</div>{notes}</div>'
        )


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)
