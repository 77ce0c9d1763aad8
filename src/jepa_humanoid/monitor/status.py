"""The status line of the page: what the robot is doing, why, and a few numbers, as HTML."""

from dataclasses import dataclass, replace
from html import escape

_MODES = {
    "passive": ("PASSIVE", "#94a3b8", "Joints are limp."),
    "damping": ("DAMPING", "#f43f5e", "Joints brake and hold nothing."),
    "stand": ("STAND", "#2dd4bf", "Balancing on the spot."),
    "walk": ("WALK", "#38bdf8", "Walking."),
    "get_up": ("GETTING UP", "#fbbf24", "Getting up from the floor."),
    "falling": ("FALLING", "#f43f5e", "Meeting the ground."),
    "fallen": ("FALLEN", "#f43f5e", "On the ground."),
    "": ("WAITING", "#fbbf24", "No robot has reported yet."),
}

STYLE = """<style>
.jh-status{margin:.1em .8em .7em;line-height:1.35}
.jh-head{display:flex;align-items:center;gap:.6em}
.jh-pill{font-weight:700;letter-spacing:.06em;font-size:.85em;padding:.18em .75em;border-radius:99px;color:#101114}
.jh-why{font-size:.86em;flex:1;min-width:0;overflow-wrap:anywhere}
.jh-row{display:grid;grid-template-columns:repeat(3,1fr);gap:.3em;margin-top:.6em}
.jh-cell{background:rgba(127,140,160,.11);border-radius:.45em;padding:.3em .5em}
.jh-cell span{display:block;font-size:.68em;opacity:.7;white-space:nowrap}
.jh-cell b{font-size:.98em;font-variant-numeric:tabular-nums;font-weight:600}
.jh-cell i{font-style:normal;font-size:.72em;opacity:.7;margin-left:.25em}
.jh-note{font-size:.74em;opacity:.75;margin-top:.45em;color:#fbbf24}
.jh-card{margin:.2em .8em .6em;padding:.5em .75em;border-left:3px solid #f43f5e;border-radius:.3em;
background:rgba(244,63,94,.12);font-size:.86em;line-height:1.35}
.jh-cause{opacity:.85;overflow-wrap:anywhere}
.jh-card ol{margin:.35em 0 0;padding-left:1.2em}
.jh-keyboard{position:relative;margin:.1em .6em .5em;font-size:.8em}
.jh-keys{display:flex;gap:.25em;margin-bottom:.25em}
.jh-keys+.jh-keys{margin-left:.5em}
.jh-keys kbd{width:1.9em;line-height:1.8em;text-align:center;border-radius:.3em;background:rgba(127,140,160,.16)}
.jh-keys kbd.jh-held{background:#2dd4bf;color:#101114;font-weight:700}
.jh-says{position:absolute;left:7.7em;top:0;opacity:.8;font-size:.92em;line-height:1.3}
.jh-says b{display:block}
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
        loop_ms: Median duration of a control computation [ms].
        plan_ms: Median duration of a plan [ms].
        surprise: Running prediction error of the world model; 1 is that of training.
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
    plan_ms: float | None = None
    surprise: float | None = None
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
            ("Speed", self.speed, "{:.2f}", "m/s"),
            ("To the goal", self.goal_distance, "{:.1f}", "m"),
            ("Real-time factor", self.real_time_factor, "{:.2f}", "×"),
            ("Control step", self.loop_ms, "{:.2f}", "ms"),
            ("Planning", self.plan_ms, "{:.0f}", "ms"),
            ("Surprise", self.surprise, "{:.1f}", "× training"),
        )
        row = "".join(_cell(*cell) for cell in cells)
        lines = [*self.notes, *([f"{self.dropped} malformed inputs dropped"] if self.dropped else [])]
        notes = "".join(f'<div class="jh-note">{escape(line)}</div>' for line in lines)
        return (
            f'{STYLE}<div class="jh-status"><div class="jh-head">'
            f'<div class="jh-pill" style="background:{colour}">{escape(label)}</div>'
            f'<div class="jh-why">{escape(why)}</div></div>'
            f'<div class="jh-row">{row}</div>{notes}</div>'
        )


def _cell(label: str, value: float | None, form: str, unit: str) -> str:
    shown = "–" if value is None else f"{form.format(value)}</b><i>{unit}</i><b>"
    return f'<div class="jh-cell"><span>{label}</span><b>{shown}</b></div>'
