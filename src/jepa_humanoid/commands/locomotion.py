"""What `humanoid evaluate locomotion` reads from its options, and the tables that it prints."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, get_args

from rich import box
from rich.table import Column, Table

from jepa_humanoid.commands.output import console
from jepa_humanoid.evaluation.errors import SuiteError
from jepa_humanoid.evaluation.pushes import parse_impulses
from jepa_humanoid.evaluation.suites import (
    SEEN,
    TERRAIN,
    Suite,
    course_suite,
    find_suite,
    push_suite,
    terrain_suite,
    walk_suite,
)
from jepa_humanoid.evaluation.summary import Report
from jepa_humanoid.evaluation.survival import survived_by_direction
from jepa_humanoid.evaluation.trial import Conditions, LocomotionTrial
from jepa_humanoid.robot.state import VelocityCommand
from jepa_humanoid.simulation.engine import PushPoint
from jepa_humanoid.simulation.scenes import load_scene

LONGEST_DELAY = 50.0
"""Beyond which no motor that balances a robot answers [ms]."""

LEAST_FRICTION, MOST_FRICTION = 0.05, 2.0
"""Of floors that there are: wet ice, and rubber on rubber."""

_OF = {
    "velocity": "walk",
    "punches": "course",
    "impulses": "push",
    "directions": "push",
    "moving": "push",
    "push_at": "push",
    "scene": "terrain",
    "sight": "terrain",
}
"""Which suite an option is for."""


def choose_suite(
    name: str,
    velocity: Sequence[str] | None = None,
    punches: bool | None = None,
    impulses: str | None = None,
    directions: int | None = None,
    moving: float | None = None,
    push_at: str | None = None,
    scene: Sequence[str] | None = None,
    sight: bool | None = None,
) -> Suite:
    """Make the suite of a command line; None where an option was not given.

    Raises:
        SuiteError: If there is no such suite, an option is not for it, or one makes no sense.
    """
    find_suite(name)
    given: dict[str, Any] = {
        "velocity": velocity or None,
        "punches": punches,
        "impulses": impulses,
        "directions": directions,
        "moving": moving,
        "push_at": push_at,
        "scene": scene or None,
        "sight": sight,
    }
    for option, value in given.items():
        if value is not None and name != _OF[option]:
            raise SuiteError(f"--{option.replace('_', '-')} is for the suite '{_OF[option]}', and not for '{name}'")
    for name_or_path in scene or ():
        load_scene(name_or_path)
    if scene or sight is not None:
        return terrain_suite(scene or TERRAIN + SEEN, sight)
    if velocity:
        return walk_suite([parse_velocity(text) for text in velocity])
    if punches is not None:
        return course_suite(punches)
    if name != "push":
        return find_suite(name)
    chosen = {"directions": directions, "moving": moving, "at": None if push_at is None else _push_point(push_at)}
    sizes = {} if impulses is None else {"impulses": parse_impulses(impulses)}
    return push_suite(**sizes, **{key: value for key, value in chosen.items() if value is not None})  # type: ignore[arg-type]


def parse_velocity(text: str) -> VelocityCommand:
    """Read a velocity as ``AHEAD,LEFT,TURN`` in m/s and rad/s; what is left out at the end is zero.

    Raises:
        SuiteError: If it is none.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not 1 <= len(numbers) <= 3 or not all(map(math.isfinite, numbers)):
        raise SuiteError(f"'{text}' is no velocity: give AHEAD,LEFT,TURN in m/s and rad/s, as in 0.3,0,0.5")
    return VelocityCommand(*numbers)


def parse_conditions(delay: str, imu_delay: str, friction: str | None = None) -> Conditions:
    """Read delays in ms and a friction, each as ``LEAST:MOST`` or one number; None for the usual friction.

    Raises:
        SuiteError: If one is none.
    """
    conditions = Conditions(parse_delay(delay), parse_delay(imu_delay))
    if friction is None:
        return conditions
    least, most = _range(friction)
    if not LEAST_FRICTION <= least <= most <= MOST_FRICTION:
        raise SuiteError(
            f"'{friction}' is no friction: give LEAST:MOST, as in 0.3:0.5, or one number, from {LEAST_FRICTION:g} to "
            f"{MOST_FRICTION:g}"
        )
    return replace(conditions, friction=(least, most))


def parse_delay(text: str) -> tuple[float, float]:
    """Read a delay as ``LEAST:MOST`` or one number of milliseconds; return least and greatest [s].

    Raises:
        SuiteError: If it is none.
    """
    least, most = _range(text)
    if not 0.0 <= least <= most <= LONGEST_DELAY:
        raise SuiteError(
            f"'{text}' is no delay: give LEAST:MOST in ms, as in 2:10, or one number, up to {LONGEST_DELAY:g}"
        )
    return 1e-3 * least, 1e-3 * most


def _range(text: str) -> tuple[float, float]:
    """Numbers of ``LEAST:MOST``, or of one; NaN, which is in no range, where there is none."""
    least, _, most = text.partition(":")
    try:
        return float(least), float(most or least)
    except ValueError:
        return math.nan, math.nan


def _push_point(text: str) -> PushPoint:
    points: dict[str, PushPoint] = {point: point for point in get_args(PushPoint)}
    if text not in points:
        raise SuiteError(f"nobody pushes at '{text}': there is {' and '.join(points)}")
    return points[text]


def show_trials(trials: Sequence[LocomotionTrial]) -> None:
    """Print a line a trial; of pushes, a line an impulse and a column a direction."""
    console.print(_survivors(trials) if any(t.impulse_ns is not None for t in trials) else _lines(trials))


def _lines(trials: Sequence[LocomotionTrial]) -> Table:
    grounds = any(trial.scene != "flat" for trial in trials)
    heads = ["seed", "µ", "kg", "asked", "passed", "tilt °", "off m", "yaw °", "speed %", "odom"]
    if grounds:
        heads.insert(3, "ground")
    table = Table(*(Column(head, no_wrap=True) for head in heads), box=box.SIMPLE, padding=(0, 1, 0, 0))
    for t in trials:
        table.add_row(
            f"{t.seed} {t.lay_on or ''}".rstrip(),
            f"{t.friction:.2f}",
            f"{t.mass_kg:.1f}",
            *([t.scene] if grounds else []),
            ",".join(f"{speed:g}" for speed in t.command) if any(t.command) else "",
            "[green]yes[/]" if t.passed else "[red]no[/]" if t.survived else "[red]fell[/]",
            f"{t.max_tilt_deg:.1f}",
            _text(t.tracking_error_m, "{:.3f}".format),
            _text(t.tracking_error_deg, "{:.1f}".format),
            _text(t.velocity_error_relative, lambda error: f"{100 * error:.0f}"),
            f"{t.odometry_error_m:.3f}",
        )
    return table


def _survivors(trials: Sequence[LocomotionTrial]) -> Table:
    shares = survived_by_direction(trials)
    impulses = sorted({impulse for found in shares.values() for impulse in found})
    table = Table("N·s", "m/s", *(f"{direction:g}°" for direction in shares), box=box.SIMPLE)
    for impulse in impulses:
        gained = [t.delta_v for t in trials if t.impulse_ns == impulse and t.delta_v is not None]
        cells = [found[impulse] for found in shares.values() if impulse in found]
        table.add_row(
            f"{impulse:g}",
            f"{sum(gained) / len(gained):.2f}",
            *(f"[{'green' if cell.count == cell.trials else 'red'}]{cell.count} of {cell.trials}[/]" for cell in cells),
        )
    return table


def show_summary(report: Report) -> None:
    """Print what one walker did, in a few sentences."""
    interval = report["confidence"]["survived"] or [0.0, 1.0]
    console.print(
        f"[bold]{report['suite']}[/], {report['walker']}: {report['survived']} of {report['trials']} stayed on their "
        f"feet ({100 * interval[0]:.0f} to {100 * interval[1]:.0f} %), {report['passed']} passed; largest tilt "
        f"{report['max_tilt_deg']}°; cost of transport {_text(report['cost_of_transport'], str) or '–'}; "
        f"at the torque limit {100 * (report['torque_saturation'] or 0.0):.3f} % of time and joints; "
        f"control {report['control_ms']['median']:.2f} ms median, {report['control_ms']['p99']:.2f} ms p99 at worst",
        soft_wrap=True,
    )
    if report["hand_error_m"] is not None:
        console.print(
            f"hands off by {1e3 * report['hand_error_m']:.1f} mm and {report['hand_error_deg']:.1f}°, "
            f"root mean square; {1e3 * report['hand_error_largest_m']:.0f} mm at worst"
        )
    if report["payload_error_kg"] is not None:
        console.print(f"what hands carried was mistaken by {report['payload_error_kg']:.2f} kg at worst")
    if report["impulse_50_ns"] is not None:
        console.print(
            f"half survive {report['impulse_50_ns']:.1f} N·s ({report['delta_v_50']:.2f} m/s); "
            f"{report['impulse_50_reason']}"
        )
    elif any(row["impulse_ns"] is not None for row in report["rows"]):
        console.print(f"half survive {report['impulse_50_reason']}")


def _text(value: float | None, say: Callable[[float], str]) -> str:
    return "" if value is None else say(value)
