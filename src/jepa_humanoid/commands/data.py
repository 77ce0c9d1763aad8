"""`humanoid data`: make and look at episodes to learn from."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from jepa_humanoid.commands.options import Jobs, Robot, Set, Walker, finite
from jepa_humanoid.commands.output import Lines, bars, console, fail
from jepa_humanoid.data.dataset import Entry, read_recordings, write_manifest
from jepa_humanoid.data.episode import Header, read_header
from jepa_humanoid.data.generate import GenerationSettings, Task, generate
from jepa_humanoid.locomotion.walkers import MODEL, check_walker
from jepa_humanoid.overrides import join_overrides
from jepa_humanoid.robot.description import DEFAULT_ROBOT, load_robot
from jepa_humanoid.settings import check_settings
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.simulation import simulate
from jepa_humanoid.world_model.settings import load_settings

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Make and look at episodes to learn from.")

Settings = Annotated[str, typer.Option(help="World-model settings: a name in config/world_model, or a YAML file.")]


@app.command("generate")
def generate_command(
    out: Annotated[Path, typer.Option(help="Folder for the episodes; those that it holds are kept.")] = Path(
        "data/walks"
    ),
    episodes: Annotated[int, typer.Option(min=1, help="How many.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Of the first episode; the others follow.")] = 0,
    seconds: Annotated[
        float, typer.Option(min=2.0, help="Longest episode, in seconds.", callback=finite)
    ] = GenerationSettings.seconds,
    jobs: Jobs = 1,
    robot: Robot = DEFAULT_ROBOT,
    walker: Walker = MODEL,
    set_: Set = None,
    settings: Settings = "g1",
    scene: Annotated[
        list[str] | None,
        typer.Option(
            help="Where it wanders: a file in config/scenes, or the path of a YAML file; may be repeated, for each as "
            f"often. If none: {', '.join(name for name, _ in GenerationSettings.scenes)}, in shares."
        ),
    ] = None,
) -> None:
    """Let the robot wander through drawn scenes and record it.

    May be stopped and started again at any time.
    """
    made = replace(GenerationSettings(), seconds=seconds)
    if scene:
        for name in scene:
            load_scene(name, seed)
        made = replace(made, scenes=tuple((name, 1.0) for name in scene))
    tasks = [Task(seed + number) for number in range(episodes)]
    command: dict[str, object] = {"command": "generate", "episodes": episodes, "seed": seed}
    if scene:
        command["scene"] = scene
    overrides = join_overrides(set_)
    if overrides:
        command["set"] = overrides
    if walker != MODEL:
        command["walker"] = walker
    _run(tasks, out, robot, settings, made, jobs, command, overrides, walker)


@app.command("replay")
def replay_command(
    motions: Annotated[Path, typer.Option("--from", help="Folder of recorded walks.")] = Path("data/walks"),
    out: Annotated[Path, typer.Option(help="Folder for the episodes; those that it holds are kept.")] = Path(
        "data/replays"
    ),
    episodes: Annotated[int, typer.Option(min=1, help="How many; every walk is used about equally often.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of the first episode; the others follow.")] = 0,
    jobs: Jobs = 1,
    robot: Robot = DEFAULT_ROBOT,
    settings: Settings = "g1",
) -> None:
    """Look at other drawn scenes along recorded motions: many surroundings for each step that was walked.

    The LiDAR is cast and the map built anew in each; only the joints' motion and the odometry's drift are taken over.
    """
    walks = [path for path in sorted(motions.glob("*.npz")) if read_header(path).source == "walk"]
    if not walks:
        fail(f"no recorded walks in '{motions}'")
    tasks = [Task(seed + number, walks[(seed + number) % len(walks)]) for number in range(episodes)]
    command: dict[str, object] = {"command": "replay", "from": motions.name, "episodes": episodes, "seed": seed}
    _run(tasks, out, robot, settings, GenerationSettings(), jobs, command)


@app.command("show")
def show_command(folders: Annotated[list[Path], typer.Argument(help="Folders of episodes.")]) -> None:
    """Say what folders hold, and that every episode can be read."""
    headers: list[Header] = []
    seconds = touching = fallen = 0.0
    pace = []
    for header, recording in read_recordings(folders):
        headers.append(header)
        seconds += 0.1 * len(recording)
        touching += bool(recording.touching.any())
        fallen += bool(recording.fallen.any())
        pace.append(np.abs(np.diff(recording.poses[:, :2], axis=0)).sum() / max(0.1 * len(recording), 0.1))
    table = Table("what", "how many")
    table.add_row("episodes", str(len(headers)))
    table.add_row("hours", f"{seconds / 3600:.2f}")
    table.add_row("episodes with a touch", f"{touching:.0f}")
    table.add_row("episodes with a fall", f"{fallen:.0f}")
    table.add_row("mean speed", f"{np.mean(pace):.2f} m/s")
    for (source, scene), count in sorted(Counter((h.source, h.scene) for h in headers).items()):
        table.add_row(f"{source} in {scene}", str(count))
    console.print(table)


def _run(
    tasks: Sequence[Task],
    out: Path,
    robot: str,
    settings: str,
    made: GenerationSettings,
    jobs: int,
    command: dict[str, object],
    overrides: str = "",
    walker: str = MODEL,
) -> None:
    endings: Counter[str] = Counter()
    entries: list[Entry] = []
    lines = Lines()
    try:
        with bars() as progress:
            bar = progress.add_task("episodes", total=len(tasks))
            described = load_robot(robot, overrides)
            check_settings(described)
            check_walker(described, walker)
            walk = partial(simulate, robot=robot, overrides=overrides, walker=walker)
            for entry in generate(tasks, out, robot, walk, load_settings(settings), made, jobs):
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
