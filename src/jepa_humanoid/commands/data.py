"""`humanoid data`: make, take in, hand out and look at episodes to learn from."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from jepa_humanoid.commands.options import Jobs, Robot, Set, Walker, finite
from jepa_humanoid.commands.output import Lines, bars, console, fail, notes
from jepa_humanoid.data.cluster import on_ray
from jepa_humanoid.data.dataset import Entry, episode_paths, write_manifest
from jepa_humanoid.data.files import read_header
from jepa_humanoid.data.generate import Task, generate
from jepa_humanoid.data.importing import import_recorded
from jepa_humanoid.data.inspection import draws, look_at, rows_by_kind, spread
from jepa_humanoid.data.lerobot import export_lerobot
from jepa_humanoid.data.pictures import write_pictures
from jepa_humanoid.data.recorded import read_recorded, robot_name
from jepa_humanoid.data.settings import GenerationSettings, Recipe, read_shares, write_shares
from jepa_humanoid.locomotion.walkers import MODEL, check_walker
from jepa_humanoid.mind import Mind
from jepa_humanoid.overrides import join_overrides
from jepa_humanoid.planner_names import WITHOUT_MODEL, planner_names
from jepa_humanoid.robot.description import DEFAULT_ROBOT, load_robot
from jepa_humanoid.settings import check_settings
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.simulation import simulate
from jepa_humanoid.world_model.settings import load_settings

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Make, take in, hand out and look at episodes to learn from."
)

Settings = Annotated[str, typer.Option(help="World-model settings: a name in config/world_model, or a YAML file.")]
Scenes = Annotated[
    str,
    typer.Option(
        metavar="A,B,...",
        help="Where: files in config/scenes, or paths of YAML files; as often each, or as in clutter=3,room=1.",
    ),
]
Ray = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Make them on a Ray cluster: HOST:PORT, ray://HOST:PORT, auto, or local for one of this machine's --jobs.",
    ),
]
SCENES = write_shares(GenerationSettings.scenes)


@app.command("generate")
def generate_command(
    out: Annotated[Path, typer.Option(help="Folder for the episodes; those that it holds are kept.")] = Path(
        "data/walks"
    ),
    scenes: Scenes = SCENES,
    episodes: Annotated[int, typer.Option(min=1, help="How many.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Of the first episode; the others follow.")] = 0,
    seconds: Annotated[
        float, typer.Option(min=2.0, help="Longest episode, in seconds.", callback=finite)
    ] = GenerationSettings.seconds,
    planned: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share that a planner commands; the others wander.", callback=finite)
    ] = GenerationSettings.planned,
    planner: Annotated[str, typer.Option(help=f"Which: {', '.join(planner_names())}.")] = GenerationSettings.planner,
    pushed: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share that is pushed now and then.", callback=finite)
    ] = GenerationSettings.pushed,
    jobs: Jobs = 1,
    ray: Ray = None,
    robot: Robot = DEFAULT_ROBOT,
    walker: Walker = MODEL,
    set_: Set = None,
    settings: Settings = DEFAULT_ROBOT,
) -> None:
    """Let the robot walk through drawn scenes and record it.

    May be stopped and started again at any time.
    """
    made = replace(
        GenerationSettings(),
        seconds=seconds,
        planned=planned,
        planner=planner,
        pushed=pushed,
        scenes=_scenes(scenes, seed),
    )
    overrides = join_overrides(set_)
    walk = partial(simulate, robot=robot, overrides=overrides, walker=walker)
    recipe = Recipe(walk, load_settings(settings), made, robot, overrides, walker)
    if planned > 0.0 and planner not in WITHOUT_MODEL:
        Mind.load(None, made.planner, robot=load_robot(robot, overrides))  # said now, if there is no model for it
    tasks = [Task(seed + number) for number in range(episodes)]
    _run(tasks, out, recipe, jobs, ray, {"command": "generate"})


@app.command("replay")
def replay_command(
    motions: Annotated[Path, typer.Option("--from", help="Folder of recorded walks.")] = Path("data/walks"),
    out: Annotated[Path, typer.Option(help="Folder for the episodes; those that it holds are kept.")] = Path(
        "data/replays"
    ),
    scenes: Scenes = SCENES,
    episodes: Annotated[int, typer.Option(min=1, help="How many; every walk is used about equally often.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of the first episode; the others follow.")] = 0,
    jobs: Jobs = 1,
    ray: Ray = None,
    robot: Robot = DEFAULT_ROBOT,
    settings: Settings = DEFAULT_ROBOT,
) -> None:
    """Look at other drawn scenes along recorded motions: many surroundings for each step that was walked.

    The LiDAR is cast and the map built anew in each; only the joints' motion and the odometry's drift are taken over.
    """
    walks = [path for path in episode_paths(motions) if read_header(path).source == "walk"]
    if not walks:
        fail(f"no recorded walks in '{motions}'")
    made = replace(GenerationSettings(), scenes=_scenes(scenes, seed))
    recipe = Recipe(partial(simulate, robot=robot), load_settings(settings), made, robot)
    tasks = [Task(seed + number, walks[(seed + number) % len(walks)]) for number in range(episodes)]
    _run(tasks, out, recipe, jobs, ray, {"command": "replay", "from": motions.name})


def _scenes(text: str, seed: int) -> tuple[tuple[str, float], ...]:
    """Scenes and shares, each of which can be read: said before hours of work rather than in them."""
    shares = read_shares(text)
    for name, _ in shares:
        load_scene(name, seed)
    return shares


def _run(
    tasks: Sequence[Task], out: Path, recipe: Recipe, jobs: int, ray: str | None, command: dict[str, object]
) -> None:
    command |= {"episodes": len(tasks), "seed": tasks[0].seed} | _chosen(recipe)
    endings: Counter[str] = Counter()
    entries: list[Entry] = []
    lines = Lines()
    run = None if ray is None else partial(on_ray, address=ray, jobs=jobs)
    try:
        with bars() as progress:
            bar = progress.add_task("episodes", total=len(tasks))
            described = load_robot(recipe.robot, recipe.overrides)
            check_settings(described)
            check_walker(described, recipe.walker)
            for entry in generate(tasks, out, recipe, jobs, run):
                entries.append(entry)
                endings[entry.header.ending] += 1
                minutes = sum(e.seconds for e in entries) / 60.0
                progress.update(bar, advance=1, description=f"{minutes:.1f} min of robot time")
                lines.say(f"{len(entries)} of {len(tasks)} episodes, {minutes:.1f} min of robot time")
    finally:
        if entries:
            write_manifest(out, entries, command)
    ended = ", ".join(f"{count} by {ending}" for ending, count in sorted(endings.items()))
    console.print(f"{len(entries)} episodes, {sum(e.seconds for e in entries) / 3600:.2f} h, in {out}; ended {ended}")


def _chosen(recipe: Recipe) -> dict[str, Any]:
    """What of a recipe is not as usual, for the manifest."""
    usual = GenerationSettings()
    names = ("seconds", "scenes", "planned", "planner", "pushed")
    chosen: dict[str, Any] = {
        name: value for name in names if (value := getattr(recipe.settings, name)) != getattr(usual, name)
    }
    if "scenes" in chosen:
        chosen["scenes"] = write_shares(chosen["scenes"])
    if recipe.overrides:
        chosen["set"] = recipe.overrides
    if recipe.walker != MODEL:
        chosen["walker"] = recipe.walker
    return chosen


@app.command("inspect")
def inspect_command(
    folders: Annotated[list[Path], typer.Argument(help="Folders of episodes.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for pictures: how figures and draws are spread, what was seen.")
    ] = None,
    settings: Settings = DEFAULT_ROBOT,
) -> None:
    """Say what folders hold, and that every episode can be read; with --out in pictures as well."""
    with bars() as progress:
        bar = progress.add_task("episodes", total=None)
        looks = list(look_at(folders, lambda done, total: progress.update(bar, completed=done, total=total)))
    table = Table("episodes", "how many", "hours", "touch", "fall", "MB an hour", "ahead [m/s]", box=box.SIMPLE)
    for kind, some in [*rows_by_kind(looks), ("all", looks)]:
        hours = sum(look.seconds for look in some) / 3600.0
        table.add_row(
            escape(kind),
            str(len(some)),
            f"{hours:.2f}",
            "—" if all("touching" in look.missing for look in some) else str(sum(look.touched for look in some)),
            str(sum(look.fell for look in some)),
            f"{1e-6 * sum(look.size for look in some) / hours:.0f}",
            spread(np.concatenate([look.motion[:, 0] for look in some])),
        )
    console.print(table)
    numbers, words = draws(looks)
    if numbers or words:
        drawn = Table("draw", "median (5 to 95 of 100)", box=box.SIMPLE)
        for name, values in numbers.items():
            drawn.add_row(escape(name), spread(np.array(values)))
        for name, counts in words.items():
            drawn.add_row(escape(name), escape(", ".join(f"{word} {count}" for word, count in counts.most_common())))
        console.print(drawn)
    if out is not None:
        written = write_pictures(looks, out, load_settings(settings).observation)
        console.print(f"pictures: {', '.join(str(path) for path in written)}", soft_wrap=True)


class Format(StrEnum):
    """A form that others read."""

    LEROBOT = "lerobot"


@app.command("export")
def export_command(
    folders: Annotated[list[Path], typer.Argument(help="Folders of episodes, of one robot.")],
    out: Annotated[Path, typer.Option(help="A new folder for the dataset.")],
    form: Annotated[
        Format, typer.Option("--format", help="LeRobotDataset v3.0, which lerobot opens.")
    ] = Format.LEROBOT,
) -> None:
    """Write episodes as a dataset that others read."""
    lines = Lines()
    with bars() as progress:
        bar = progress.add_task(f"episodes as {form}", total=None)

        def tell(done: int, total: int) -> None:
            progress.update(bar, completed=done, total=total)
            lines.say(f"{done} of {total} episodes")

        info = export_lerobot(folders, out, tell)
    console.print(
        f"{info['total_episodes']} episodes, {info['total_frames']} frames, {info['total_tasks']} tasks in {out}; a "
        "policy sees what begins with observation, and answers action",
        soft_wrap=True,
    )


@app.command("import")
def import_command(
    recordings: Annotated[list[Path], typer.Argument(metavar="RECORDING.mcap...", help="Of the running stack.")],
    out: Annotated[Path, typer.Option(help="Folder for the episodes.")],
    robot: Annotated[
        str | None,
        typer.Option(help="A file in config/robots, or the path of a YAML file; what the recording says if none."),
    ] = None,
    settings: Settings = DEFAULT_ROBOT,
) -> None:
    """Turn recordings of a robot that runs into episodes, and say where they had to be cut."""
    observation = load_settings(settings).observation
    entries: list[Entry] = []
    for path in recordings:
        named = robot or robot_name(path) or DEFAULT_ROBOT
        described = load_robot(named)
        with console.status(f"reading {path} ..."):
            imported = import_recorded(read_recorded(path, described), described.name, out, observation)
        for note in imported.notes:
            notes.print(f"[yellow]{escape(note)}[/]", soft_wrap=True)
        entries += imported.entries
        write_manifest(out, imported.entries, {"command": "import", "recording": path.name})
        count = f"{len(imported.entries)} episode{'s' if len(imported.entries) > 1 else ''}"
        console.print(f"{path}: {count}, {imported.seconds:.1f} s", soft_wrap=True, markup=False)
    console.print(f"{len(entries)} episodes, {sum(e.seconds for e in entries) / 3600:.3f} h, in {out}", soft_wrap=True)
