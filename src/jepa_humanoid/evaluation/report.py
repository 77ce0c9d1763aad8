"""A report of locomotion as one HTML file that needs nothing else: figures and charts, several walkers side by side."""

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.evaluation import charts, html
from jepa_humanoid.evaluation.summary import Report
from jepa_humanoid.storage import write_whole

_UNSAID = "–"
_ROWS = (
    "seed", "command", "impulse_ns", "direction_deg", "survived", "passed", "seconds", "max_tilt_deg",
    "tracking_error_m", "tracking_error_deg", "velocity_error_relative", "odometry_drift_relative", "friction",
    "mass_kg", "reason",
)  # fmt: skip
"""Figures of a trial that the page lists; the JSON report has all."""


def write_html(path: Path, reports: Sequence[Report], description: str) -> None:
    """Write the page.

    Args:
        path: Of the HTML file.
        reports: Of one suite, one a walker.
        description: Of what was asked, for people.
    """
    write_whole(path, render(reports, description), HumanoidError)


def render(reports: Sequence[Report], description: str) -> str:
    """The page as text; arguments as of `write_html`."""
    first = reports[0]
    title = f"{first['suite']}: {first['robot']} in {first['engine']}"
    sections = [html.section("Figures", _FIGURES_NOTE, _figures(reports))]
    rows = [row for report in reports for row in report["rows"]]
    if any(row["impulse_ns"] is not None for row in rows):
        sections += [
            html.section("Survival by direction", _POLAR_NOTE, charts.survival_by_direction(reports)),
            html.section("Survival by impulse", _IMPULSE_NOTE, charts.survival_by_impulse(reports)),
        ]
    for key, heading, label, factor in (
        ("velocity_error_relative", "Velocity", "velocity error [%]", 100.0),
        ("tracking_error_m", "Tracking", "distance to where it was to be [m]", 1.0),
        ("tracking_error_deg", "Heading", "angle to where it was to look [°]", 1.0),
        ("cost_of_transport", "Cost of transport", "work / (weight × way)", 1.0),
    ):
        if any(row["survived"] and row[key] is not None for row in rows):
            sections.append(html.section(heading, _TRIALS_NOTE, charts.trials_by_case(reports, key, label, factor)))
    if any(report["saturation_by_joint"] for report in reports):
        sections.append(html.section("Torque saturation", _TORQUE_NOTE, charts.saturated_joints(reports)))
    else:
        sections.append(html.section("Torque saturation", "No motor was ever at its torque limit.", ""))
    sections += [_listing(report) for report in reports]
    return html.page(title, f"It {description}.", sections)


_FIGURES_NOTE = (
    "Intervals are Wilson's, 95 %. Errors, drift, consistency and cost are means over the trials that survived. "
    "Consistency is the normalised estimation error squared over its components: 1 is right, more is overconfident."
)
_POLAR_NOTE = "Survivors of trials; forward is up, and a direction is the one to which the robot is pushed."
_IMPULSE_NOTE = "All directions together with 95 % intervals, and the worst direction (dotted)."
_TRIALS_NOTE = "Each dot is a trial that survived."
_TORQUE_NOTE = (
    "Share of time in which the applied torque was at the joint's limit; joints that never were are left out."
)


def _figures(reports: Sequence[Report]) -> str:
    """One line a figure, one column a walker."""
    lines: tuple[tuple[str, Callable[[Report], str]], ...] = (
        ("survived", lambda r: _share(r, "survived")),
        ("kept to the limits", lambda r: _share(r, "passed")),
        ("half survive, worst direction", _half),
        ("tracking error", lambda r: f"{_number(r['tracking_error_m'], 3)} m, {_number(r['tracking_error_deg'], 1)}°"),
        ("velocity error", lambda r: _percent(r["velocity_error_relative"])),
        ("longest of the first steps, beyond the steady one", lambda r: _percent(r["first_steps_excess_relative"])),
        ("largest tilt", lambda r: f"{_number(r['max_tilt_deg'], 1)}°"),
        ("odometry drift", lambda r: _percent(r["odometry_drift_relative"], 2)),
        ("consistency of pose, velocity", lambda r: ", ".join(_number(r["nees"][k], 2) for k in ("pose", "velocity"))),
        ("cost of transport", lambda r: _number(r["cost_of_transport"], 2)),
        ("motors at their limit, of time and joints", lambda r: _percent(r["torque_saturation"], 3)),
        ("greatest torque asked for, of the limit", lambda r: _percent(r["torque_peak_relative"], 0)),
        ("ticks that asked for more than the limit", lambda r: str(r["torque_limit_violations"])),
        ("ticks without a solution", lambda r: str(r["qp_failures"])),
        ("control step, median and p99", _control),
    )
    said = [(name, [say(report) for report in reports]) for name, say in lines]
    rows = [[name, *texts] for name, texts in said if any(set(text) - set(_UNSAID + " m,°") for text in texts)]
    return html.table(["", *(str(report["walker"]) for report in reports)], rows)


def _share(report: Report, key: str) -> str:
    interval = report["confidence"][key]
    if interval is None:
        return _UNSAID
    low, high = (100.0 * bound for bound in interval)
    return f"{report[key]} of {report['trials']} ({low:.0f} to {high:.0f} %)"


def _half(report: Report) -> str:
    if all(row["impulse_ns"] is None for row in report["rows"]):
        return _UNSAID
    if report["impulse_50_ns"] is None:
        return str(report["impulse_50_reason"])
    return f"{report['impulse_50_ns']:.1f} N·s, {report['delta_v_50']:.2f} m/s; {report['impulse_50_reason']}"


def _control(report: Report) -> str:
    times = report["control_ms"]
    return f"{_number(times['median'], 2)}, {_number(times['p99'], 2)} ms"


def _number(value: float | None, digits: int) -> str:
    return _UNSAID if value is None else f"{value:.{digits}f}"


def _percent(value: float | None, digits: int = 1) -> str:
    return _UNSAID if value is None else f"{100.0 * value:.{digits}f} %"


def _listing(report: Report) -> str:
    """Every trial, folded away."""
    listed = html.table(_ROWS, [[_cell(row[key]) for key in _ROWS] for row in report["rows"]])
    return f"<details><summary>Every trial of {escape(str(report['walker']))}</summary>{listed}</details>"


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (tuple, list)):
        return ", ".join(f"{part:g}" for part in value)
    return _UNSAID if value is None else str(value)
