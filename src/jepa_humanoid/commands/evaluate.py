"""`humanoid evaluate`: measure, and report."""

from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.progress import track
from rich.table import Table

from jepa_humanoid.commands.options import Jobs, Robot, Set, finite, place_to_write
from jepa_humanoid.commands.output import console, fail
from jepa_humanoid.mind import PLANNERS, PlannerName
from jepa_humanoid.overrides import join_overrides
from jepa_humanoid.robot.description import DEFAULT_ROBOT

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Measure walking and finding the way, with reports.")

_LAST_SEED = 2**31
_MOST_TRIALS = 100_000

Seeds = Annotated[str, typer.Option(help="FIRST:END, END excluded; or one seed.")]
Json = Annotated[Path | None, typer.Option(help="Where to write the trials.", callback=place_to_write)]


@app.command("navigation")
def navigation_command(
    robot: Robot = DEFAULT_ROBOT,
    set_: Set = None,
    planner: Annotated[str, typer.Option(help=f"Who chooses the velocities: {', '.join(PLANNERS)}.")] = "jepa",
    scene: Annotated[
        str, typer.Option(help="A file in config/scenes, or the path of a YAML file, with a goal.")
    ] = "room",
    seeds: Seeds = "0:20",
    jobs: Jobs = 1,
    model: Annotated[Path | None, typer.Option(help="Folder of the world model; the robot's own if none.")] = None,
    json: Json = None,
    picture: Annotated[
        Path | None, typer.Option(help="Where to draw the paths, a PNG file.", callback=place_to_write)
    ] = None,
) -> None:
    """Walk to the goals of drawn scenes with estimated state, noise, and randomised friction and mass."""
    from jepa_humanoid.api import navigate
    from jepa_humanoid.evaluation.navigation import summarize, write_report
    from jepa_humanoid.evaluation.pictures import draw_trials

    name = _planner(planner)
    chosen = _seeds(seeds)
    running = navigate(chosen, robot, scene, name, model, jobs, join_overrides(set_))
    trials = list(track(running, planner, len(chosen), console=console))
    table = Table(
        "seed", "reached", "fell", "touched", "time [s]", "walked [m]", "crow [m]", "left [m]", "odometry [m]"
    )
    for t in trials:
        table.add_row(
            str(t.seed),
            "[green]yes[/]" if t.reached else "[red]no[/]",
            "[red]yes[/]" if t.fell else "",
            "[red]yes[/]" if t.touched else "",
            f"{t.time:.1f}",
            f"{t.length:.2f}",
            f"{t.crow:.2f}",
            f"{t.distance:.2f}",
            f"{t.odometry_error:.3f}",
        )
    console.print(table)
    summary = summarize(trials)
    console.print(
        f"[bold]{planner}[/] with {robot}: reached {summary['reached']} of {summary['trials']}, "
        f"fell {summary['fell']}, "
        f"touched {summary['touched']}; odometry error {100 * summary['odometry_error_share']:.1f} % of the way; "
        f"plan {summary['plan_ms_median']:.0f} ms median, {summary['plan_ms_p99']:.0f} ms p99"
    )
    if json is not None:
        write_report(json, trials)
    if picture is not None:
        draw_trials(trials, picture)


@app.command("locomotion")
def locomotion_command(
    suite: Annotated[str, typer.Option(help="What is asked: stand, walk, push, straight or turn.")] = "walk",
    robot: Robot = DEFAULT_ROBOT,
    set_: Set = None,
    impulse: Annotated[
        float | None,
        typer.Option(min=0.0, help="Size of the pushes of the suite push, in N·s; 15 if none.", callback=finite),
    ] = None,
    engine: Annotated[str, typer.Option(help="What simulates it: mujoco, or dart (Gazebo's).")] = "mujoco",
    seeds: Seeds = "0:4",
    jobs: Jobs = 1,
    json: Json = None,
) -> None:
    """Stand, walk, take pushes or turn with estimated state, noise, and randomised friction and mass."""
    from jepa_humanoid.api import walk
    from jepa_humanoid.evaluation.locomotion import summarize, trial_count, write_report
    from jepa_humanoid.evaluation.suites import SUITES, pushed_by

    if suite not in SUITES:
        fail(f"no suite '{suite}': known are {', '.join(SUITES)}")
    if impulse is not None and suite != "push":
        fail(f"nobody is pushed in the suite '{suite}'")
    asked = SUITES[suite] if impulse is None else pushed_by(impulse)
    chosen = _seeds(seeds)
    running = walk(asked, chosen, robot, engine, jobs, join_overrides(set_))
    trials = list(track(running, suite, trial_count(asked, chosen), console=console))
    table = Table("seed", "µ", "kg", "push", "passed", "tilt °", "off m", "yaw °", "speed %", "odom m", box=box.SIMPLE)
    for t in trials:
        table.add_row(
            str(t.seed),
            f"{t.friction:.2f}",
            f"{t.mass_kg:.1f}",
            "" if t.impulse is None else f"{t.impulse[0]:.0f}, {t.impulse[1]:.0f}",
            "[green]yes[/]" if t.passed else "[red]no[/]" if t.survived else "[red]fell[/]",
            f"{t.max_tilt_deg:.1f}",
            "" if t.tracking_error_m is None else f"{t.tracking_error_m:.3f}",
            "" if t.heading_error_deg is None else f"{t.heading_error_deg:.1f}",
            "" if t.velocity_error_relative is None else f"{100 * t.velocity_error_relative:.0f}",
            f"{t.odometry_error_m:.3f}",
        )
    console.print(f"[bold]{suite}[/] in {engine}: {robot} {asked.description}")
    console.print(table)
    report = summarize(suite, engine, trials, robot)
    console.print(
        f"[bold]{suite}[/]: {report['survived']} of {report['trials']} stayed on their feet, "
        f"{report['passed']} passed; largest tilt {report['max_tilt_deg']}°; "
        f"control {max(t.control_ms[0] for t in trials):.2f} ms median, "
        f"{max(t.control_ms[1] for t in trials):.2f} ms p99 at worst"
    )
    if json is not None:
        write_report(json, report)


@app.command("model")
def model_command(
    data: Annotated[list[Path], typer.Argument(help="Folders of episodes that the model has not learned from.")],
    model: Annotated[
        Path | None, typer.Option(help="Folder of the world model; that of the episodes' robot if none.")
    ] = None,
    windows: Annotated[int, typer.Option(min=10, help="Imagined rollouts to compare with what happened.")] = 1500,
    json: Annotated[Path | None, typer.Option(help="Where to write the figures.", callback=place_to_write)] = None,
) -> None:
    """Compare what the world model imagines with what happened: collapse, prediction, heads."""
    from jepa_humanoid.data.dataset import read_recordings
    from jepa_humanoid.evaluation.model import judge_model, own_model, write_model_report
    from jepa_humanoid.world_model.experience import Experience
    from jepa_humanoid.world_model.runtime import WorldModel

    headers, recordings = zip(*read_recordings(data), strict=True)
    robots = {header.robot for header in headers}
    chosen = WorldModel(model or own_model(robots))
    if others := sorted(robots - {chosen.card.robot}):
        fail(f"{model} is a model of '{chosen.card.robot}', and the episodes are of {', '.join(others)}")
    report = judge_model(chosen, Experience.join(recording.experience() for recording in recordings), windows)
    table = Table(
        "step", "error", "copying", "ratio", "position [m]", "standing [m]", "touch AUC", "to go [m]", "crow [m]"
    )
    for k, ratio in enumerate(report.ratio):
        table.add_row(
            str(k + 1),
            f"{report.prediction_error[k]:.3f}",
            f"{report.copy_error[k]:.3f}",
            f"{ratio:.1f}",
            f"{report.position_error[k]:.3f}",
            f"{report.standing_error[k]:.3f}",
            f"{report.collision_auc[k]:.3f}",
            f"{report.cost_to_go_error[k]:.2f}",
            f"{report.detour_error[k]:.2f}",
        )
    console.print(table)
    console.print(f"effective rank {report.effective_rank:.1f} of {report.latent}; {report.hours:.2f} h")
    if json is not None:
        write_model_report(report, json)


def _planner(name: str) -> PlannerName:
    if name not in PLANNERS:
        fail(f"no planner '{name}': known are {', '.join(PLANNERS)}")
    return name


def _seeds(text: str) -> list[int]:
    first, colon, end = text.partition(":")
    try:
        seeds = range(int(first), int(end)) if colon else range(int(first), int(first) + 1)
    except ValueError:
        fail(f"'{text}' is neither a seed nor FIRST:END")
    if not seeds or seeds[0] < 0:
        fail(f"'{text}' names no seeds: FIRST:END begins at 0 or above, and END is excluded, as in 0:20")
    if seeds[-1] >= _LAST_SEED:
        fail(f"'{text}' goes beyond the last seed, {_LAST_SEED}")
    if seeds[-1] - seeds[0] >= _MOST_TRIALS:
        fail(f"'{text}' asks for more than {_MOST_TRIALS} trials, which would take days")
    return list(seeds)
