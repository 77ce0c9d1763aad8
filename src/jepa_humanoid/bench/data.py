"""How fast episodes are made: real body, real perception, labels and all."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from jepa_humanoid.bench.figures import timed
from jepa_humanoid.data.generate import Task, generate
from jepa_humanoid.data.settings import GenerationSettings, Recipe
from jepa_humanoid.robot.description import DEFAULT_ROBOT
from jepa_humanoid.simulation.simulation import simulate
from jepa_humanoid.world_model.settings import load_settings


def bench_data(
    robot: str = DEFAULT_ROBOT,
    episodes: int = 3,
    seconds: float = 10.0,
    jobs: int = 1,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, object]:
    """Make episodes of walks, and see each of them in eight other scenes, into folders that are thrown away.

    Args:
        robot: A name in ``config/robots``.
        episodes: How many walks, after a short one that is not counted.
        seconds: Longest episode [s].
        jobs: Processes; their start is counted.
        say: Told what is going on.

    Returns:
        Simulated seconds a second of walks, of replays, and of both together as models are trained on them, and what
        they were measured on.
    """
    settings = replace(GenerationSettings(), seconds=seconds)
    recipe = Recipe(partial(simulate, robot=robot), load_settings(), settings, robot)

    def run(tasks: list[Task], folder: Path, made: Recipe, jobs: int) -> tuple[float, int]:
        entries = list(generate(tasks, folder, made, jobs))
        return sum(entry.seconds for entry in entries), sum((folder / e.file).stat().st_size for e in entries)

    with TemporaryDirectory(prefix="jepa_humanoid-") as name:
        walks, replays = Path(name) / "walks", Path(name) / "replays"
        say("one episode to warm up")
        run([Task(0)], walks, replace(recipe, settings=replace(settings, seconds=2.0)), 1)
        tasks = [Task(1 + number) for number in range(episodes)]
        say(f"{episodes} walks")
        walking, (walked, walk_bytes) = timed(run, tasks, walks, recipe, jobs)
        say(f"{_REPLAYS * episodes} replays")
        seen_again = [Task(k, walks / tasks[k % episodes].file) for k in range(_REPLAYS * episodes)]
        seeing, (seen, seen_bytes) = timed(run, seen_again, replays, recipe, jobs)
    return {
        "robot": robot,
        "jobs": jobs,
        "walks": _figures(episodes, walked, walking),
        "replays": _figures(_REPLAYS * episodes, seen, seeing),
        "together": _figures((1 + _REPLAYS) * episodes, walked + seen, walking + seeing),
        "megabytes_an_hour": round(3600e-6 * (walk_bytes + seen_bytes) / (walked + seen), 1),
    }


_REPLAYS = 8
"""Replays of a walk, about as many as the committed model was trained on."""


def _figures(episodes: int, simulated: float, wall: float) -> dict[str, object]:
    return {
        "episodes": episodes,
        "simulated_seconds": round(simulated, 1),
        "simulated_seconds_per_second": round(simulated / wall, 2),
    }
