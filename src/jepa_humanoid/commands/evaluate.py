"""`humanoid evaluate`: measure, and report."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track
from rich.table import Table

from jepa_humanoid.commands.options import Jobs, Robot, Set, Walker, film_to_write, finite, place_to_write
from jepa_humanoid.commands.output import console, fail
from jepa_humanoid.locomotion.walkers import MODEL
from jepa_humanoid.overrides import join_overrides
from jepa_humanoid.planner_names import planner_names
from jepa_humanoid.robot.description import DEFAULT_ROBOT

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Measure walking and finding the way, with reports.")

_LAST_SEED = 2**31
_MOST_TRIALS = 100_000

Seeds = Annotated[str, typer.Option(help="FIRST:END, END excluded; or one seed.")]
Page = Annotated[
    Path | None, typer.Option(help="Where to write a page of figures and ways, an HTML file.", callback=place_to_write)
]
Json = Annotated[Path | None, typer.Option(help="Where to write the trials.", callback=place_to_write)]


@app.command("navigation")
def navigation_command(
    robot: Robot = DEFAULT_ROBOT,
    set_: Set = None,
    walker: Walker = MODEL,
    planner: Annotated[str, typer.Option(help=f"Who chooses the velocities: {', '.join(planner_names())}.")] = "jepa",
    scenes: Annotated[
        str, typer.Option(help="With a goal, by comma: files in config/scenes, or paths of YAML files.")
    ] = "room",
    speed: Annotated[
        float | None,
        typer.Option(help="That the planner may ask for ahead, in m/s; its settings' if none.", callback=finite),
    ] = None,
    seeds: Seeds = "0:20",
    jobs: Jobs = 1,
    model: Annotated[Path | None, typer.Option(help="Folder of the world model; the robot's own if none.")] = None,
    json: Json = None,
    report: Page = None,
    picture: Annotated[
        Path | None, typer.Option(help="Where to draw the paths, a PNG file.", callback=place_to_write)
    ] = None,
) -> None:
    """Walk to the goals of drawn scenes with estimated state, noise, and randomised friction and mass."""
    from jepa_humanoid.api import navigate
    from jepa_humanoid.evaluation.leaderboard import said, standing, write_standing
    from jepa_humanoid.evaluation.leaderboard_page import write_page
    from jepa_humanoid.evaluation.pictures import draw_trials

    name, chosen = _planner(planner), _seeds(seeds)
    asked = [part.strip() for part in scenes.split(",") if part.strip()]
    running = navigate(chosen, robot, asked, name, model, jobs, join_overrides(set_), walker, speed)
    trials = list(track(running, planner, len(asked) * len(chosen), console=console))
    table = Table("scene", "seed", "reached", "time [s]", "walked [m]", "shortest [m]", "near misses", "odometry [m]")
    for t in trials:
        ended = "fell" if t.fell else "touched" if t.touched else f"{t.distance:.1f} m off"
        table.add_row(
            t.scene,
            str(t.seed),
            "[green]yes[/]" if t.reached else f"[red]{ended}[/]",
            f"{t.time:.1f}",
            f"{t.length:.2f}",
            f"{t.shortest:.2f}",
            str(t.near_misses),
            f"{t.odometry_error:.3f}",
        )
    console.print(table)
    figures = standing(trials, robot)
    for scene, those in figures["scenes"].items():
        console.print(
            f"[bold]{planner}[/] in {scene}: reached {said(those)}; fell {those['falls']}, touched {those['touches']}, "
            f"near misses {those['near_misses']}"
        )
    whole, plan = figures["all"], figures["plan_ms"]
    console.print(
        f"{robot}, {walker}: odometry error {100 * whole['odometry_relative']:.1f} % of the way; plan "
        f"{plan['median']:.0f} ms median, {plan['p99']:.0f} ms p99"
    )
    if json is not None:
        write_standing(json, figures)
    if report is not None:
        write_page(report, [figures])
    if picture is not None:
        draw_trials(trials, picture)


@app.command("leaderboard")
def leaderboard_command(
    reports: Annotated[list[Path], typer.Argument(help="JSON files of `evaluate navigation`, of planners or speeds.")],
    report: Page = None,
) -> None:
    """Compare planners side by side, and print a table for a page of documentation."""
    from jepa_humanoid.evaluation.leaderboard import markdown, read_standing
    from jepa_humanoid.evaluation.leaderboard_page import write_page

    standings = [read_standing(path) for path in reports]
    typer.echo(markdown(standings), nl=False)
    if report is not None:
        write_page(report, standings)


@app.command("locomotion")
def locomotion_command(
    suite: Annotated[
        str, typer.Option(help="What is asked: stand, walk, course, push, terrain, hands, carry or getup.")
    ] = "walk",
    robot: Robot = DEFAULT_ROBOT,
    set_: Set = None,
    walker: Annotated[
        list[str] | None,
        typer.Option(help="What walks it: model, or policy:FILE; may be repeated, to compare on the same seeds."),
    ] = None,
    velocity: Annotated[
        list[str] | None,
        typer.Option(
            metavar="AHEAD,LEFT,TURN",
            help="Of the suite walk: what to hold, in m/s and rad/s, in place of its own; may be repeated.",
        ),
    ] = None,
    punches: Annotated[
        bool | None, typer.Option("--punches/--no-punches", help="Of the suite course: whether it is punched.")
    ] = None,
    impulses: Annotated[
        str | None,
        typer.Option(
            metavar="FIRST:LAST:STEP", help="Of the suite push, in N·s, LAST included; or one number. 15 if none."
        ),
    ] = None,
    directions: Annotated[
        int | None, typer.Option(min=1, help="Of the suite push: how many, from forward on. 4 if none.")
    ] = None,
    moving: Annotated[
        float | None,
        typer.Option(help="Of the suite push: walk ahead meanwhile, in m/s. It stands if none.", callback=finite),
    ] = None,
    push_at: Annotated[
        str | None, typer.Option(help="Of the suite push: torso, or com (the whole robot's centre of mass).")
    ] = None,
    scene: Annotated[
        list[str] | None,
        typer.Option(help="Of the suite terrain: a scene to cross, in place of its own; may be repeated."),
    ] = None,
    sight: Annotated[
        bool | None,
        typer.Option(
            "--sight/--blind",
            help="Of the suite terrain: see the ground, or only feel it; stairs are seen if neither.",
        ),
    ] = None,
    delay: Annotated[
        str, typer.Option(metavar="LEAST:MOST", help="Of commands, drawn from each seed, in ms; or one number.")
    ] = "2",
    imu_delay: Annotated[
        str,
        typer.Option(metavar="LEAST:MOST", help="How much older the IMU is than the encoders, likewise."),
    ] = "0",
    friction: Annotated[
        str | None, typer.Option(metavar="LEAST:MOST", help="Of the floor, drawn from each seed. 0.5:1 if none.")
    ] = None,
    engine: Annotated[str, typer.Option(help="What simulates it: mujoco, or dart (Gazebo's).")] = "mujoco",
    seeds: Seeds = "0:4",
    jobs: Jobs = 1,
    json: Json = None,
    report: Annotated[
        Path | None, typer.Option(help="Where to write a page with charts, an HTML file.", callback=place_to_write)
    ] = None,
    film: Annotated[
        Path | None,
        typer.Option(help="Where to film the first trial, a .webp or .gif file.", callback=film_to_write),
    ] = None,
) -> None:
    """Stand, walk, take pushes, cross ground, use hands or get up; state estimated, friction and mass drawn."""
    if film is not None:
        # MuJoCo reads it when it is first imported.
        os.environ.setdefault("MUJOCO_GL", "egl")
    from jepa_humanoid.api import walk
    from jepa_humanoid.commands.locomotion import choose_suite, parse_conditions, show_summary, show_trials
    from jepa_humanoid.evaluation.summary import gather, summarize, write_report

    asked = choose_suite(suite, velocity, punches, impulses, directions, moving, push_at, scene, sight)
    chosen, overrides = _seeds(seeds), join_overrides(set_)
    conditions = parse_conditions(delay, imu_delay, friction)
    reports = []
    for name in dict.fromkeys(walker or [MODEL]):
        running = walk(asked, chosen, robot, engine, jobs, overrides, name, conditions)
        trials = list(track(running, f"{suite}, {name}", len(chosen) * len(asked.cases), console=console))
        reports.append(summarize(suite, engine, trials, robot, name))
        console.print(f"[bold]{suite}[/] in {engine}: {robot}, {name}, {asked.description}")
        show_trials(trials)
    for done in reports:
        show_summary(done)
    if json is not None:
        write_report(json, gather(reports))
    if report is not None:
        from jepa_humanoid.evaluation.report import write_html

        write_html(report, reports, asked.description)
    if film is not None:
        from jepa_humanoid.evaluation.film import film_trial
        from jepa_humanoid.evaluation.locomotion import trial_specs

        first = trial_specs(asked, chosen[:1], engine, robot, overrides, reports[0]["walker"], conditions)[0]
        pictures = film_trial(first, film, lambda drawn: track(drawn, "pictures", console=console))
        console.print(f"{pictures} pictures of the first trial in {film}")


@app.command("falls")
def falls_command(
    robot: Robot = DEFAULT_ROBOT,
    seeds: Seeds = "0:4",
    directions: Annotated[
        int, typer.Option(min=1, help="From how many sides a seed is pushed; the next one is pushed between them.")
    ] = 8,
    set_: Set = None,
    json: Json = None,
    picture: Annotated[
        Path | None, typer.Option(help="Where to draw the ROC curves, a PNG file.", callback=place_to_write)
    ] = None,
    film: Annotated[
        Path | None,
        typer.Option(help="Where to film four falls of the first seed, a .webp or .gif file.", callback=film_to_write),
    ] = None,
) -> None:
    """Push a robot that stands and that walks by 30 to 80 N·s from all sides, and say how well falls are foreseen.

    And how hard the robot met the ground: `--set safety.brace=false` has it damp at once.
    """
    from jepa_humanoid.evaluation.falls import IMPULSES, PACES, record_pushes, summarize_falls
    from jepa_humanoid.evaluation.pictures import draw_roc
    from jepa_humanoid.evaluation.summary import write_report

    chosen = _seeds(seeds)
    total = len(chosen) * len(PACES) * len(IMPULSES) * directions
    overrides = join_overrides(set_)
    pushes = record_pushes(chosen, robot=robot, directions=directions, overrides=overrides)
    records = list(track(pushes, "pushes", total, console=console))
    summary = summarize_falls(records)
    console.print(
        f"{summary['falls']} of {summary['pushes']} pushes felled it; {summary['lead_s']} s before, AUROC "
        f"{summary['auroc']}; without one false alarm, {summary['foreseen_without_false_alarm']} of the falls are "
        f"foreseen by then (threshold {summary['threshold']}), and the alarm comes {summary['warning_s_median']} s "
        "before"
    )
    for part, (median, most) in summary["impact_n"].items():
        console.print(f"{part} met the ground with {median} N, in one fall of ten with {most} N or more")
    if json is not None:
        write_report(json, summary)
    if picture is not None:
        draw_roc(records, picture)
    if film is not None:
        from jepa_humanoid.evaluation.falls import watch_falls
        from jepa_humanoid.evaluation.film import film as draw_film
        from jepa_humanoid.robot.description import load_robot
        from jepa_humanoid.simulation.scenes import load_scene

        looks = list(watch_falls(chosen[0], robot, overrides))
        draw_film(
            load_robot(robot, overrides),
            load_scene("flat"),
            looks,
            film,
            lambda q: track(q, "pictures", console=console),
        )


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


def _planner(name: str) -> str:
    if name not in planner_names():
        fail(f"no planner '{name}': known are {', '.join(planner_names())}")
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
