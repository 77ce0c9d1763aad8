"""How fast episodes are made: real body, real perception, labels and all."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from jepa_humanoid.bench.figures import timed
from jepa_humanoid.data.generate import GenerationSettings, Task, generate
from jepa_humanoid.robot.description import DEFAULT_ROBOT
from jepa_humanoid.simulation.simulation import simulate
from jepa_humanoid.world_model.settings import load_settings


def bench_data(
    robot: str = DEFAULT_ROBOT, episodes: int = 3, seconds: float = 10.0, say: Callable[[str], None] = lambda _: None
) -> dict[str, object]:
    """Make episodes in one process, into a folder that is thrown away.

    Args:
        robot: A name in ``config/robots``.
        episodes: How many, after a short one that is not counted.
        seconds: Longest episode [s].
        say: Told what is going on.

    Returns:
        `simulated_seconds_per_second`, of one core, and what it was measured on.
    """
    settings, model = replace(GenerationSettings(), seconds=seconds), load_settings()
    make = partial(simulate, robot=robot)

    def run(tasks: list[Task], folder: Path, made: GenerationSettings) -> float:
        entries = generate(tasks, folder, robot, make, model, made)
        return sum(entry.seconds for entry in entries)

    with TemporaryDirectory(prefix="jepa_humanoid-") as folder:
        say("one episode to warm up")
        run([Task(0)], Path(folder), replace(settings, seconds=2.0))
        say(f"{episodes} episodes")
        wall, simulated = timed(run, [Task(1 + number) for number in range(episodes)], Path(folder), settings)
    return {
        "robot": robot,
        "episodes": episodes,
        "simulated_seconds": round(simulated, 1),
        "simulated_seconds_per_second": round(simulated / wall, 2),
    }
