"""Episodes at scale: tasks to files, in this process, in several, or on a cluster."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jepa_humanoid.data.dataset import Entry, read_manifest
from jepa_humanoid.data.episode import Header, Recording
from jepa_humanoid.data.errors import DataError
from jepa_humanoid.data.files import SUFFIX, encode, parquet, read_episode, read_summary
from jepa_humanoid.data.replaying import replay
from jepa_humanoid.data.settings import Recipe
from jepa_humanoid.data.walking import walk_episode
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.simulation.walk import PERIOD
from jepa_humanoid.storage import make_folder, write_whole
from jepa_humanoid.workers import work_through


@dataclass(frozen=True)
class Task:
    """One episode to make: a seed, and a motion to replay or None for a walk."""

    seed: int
    motion: Path | None = None

    @property
    def file(self) -> str:
        """Name of the episode's file."""
        return f"{'replay' if self.motion else 'walk'}_{self.seed:07d}{SUFFIX}"


@dataclass(frozen=True)
class Order:
    """A task with all that it needs, so that it can be done on a machine that has no files of this one.

    Attributes:
        task: What to make.
        source: The motion to replay, or None for a walk.
    """

    task: Task
    source: tuple[Header, Recording] | None


@dataclass(frozen=True)
class Made:
    """An episode that was made and is not on disk yet."""

    entry: Entry
    content: bytes


Runner = Callable[[Callable[[Order], Made], Iterable[Order]], Iterator[Made]]
"""Does orders somewhere, each once, and hands out what was made in any order."""


def generate(
    tasks: Sequence[Task], directory: Path, recipe: Recipe, jobs: int = 1, run: Runner | None = None
) -> Iterator[Entry]:
    """Make the episodes that a directory does not hold yet; yields each when it is there, old ones first.

    May be ended at any time and called again: an episode is on disk whole or not at all. One whose worker died is made
    again.

    Args:
        tasks: What to make.
        directory: Where to.
        recipe: What episodes are made of.
        jobs: Processes.
        run: Does the work in the place of processes of this machine, such as `data.cluster.on_ray`.

    Raises:
        DataError: If the directory holds another robot's episodes or cannot be written, or pyarrow is missing.
        WorkerError: If an episode ended several workers.
    """
    # Said before hours of work rather than after them.
    parquet()
    read_manifest(directory)
    make_folder(directory, DataError)
    robot = _robot(recipe.robot, recipe.overrides).name
    missing = []
    for task in tasks:
        entry = _entry(directory / task.file)
        if entry is None:
            missing.append(task)
            continue
        _check_robot(directory / task.file, entry.header, robot)
        yield entry
    orders = (_order(task, robot) for task in missing)
    work = _Work(recipe)
    if run is not None:
        made = run(work, orders)
    elif jobs > 1:
        made = work_through(work, orders, min(jobs, max(len(missing), 1)))
    else:
        made = map(work, orders)
    for episode in made:
        write_whole(directory / episode.entry.file, episode.content, DataError)
        yield episode.entry


@dataclass(frozen=True)
class _Work:
    """Makes episodes, wherever it is sent."""

    recipe: Recipe

    def __call__(self, order: Order) -> Made:
        robot = _robot(self.recipe.robot, self.recipe.overrides)
        seed = order.task.seed
        if order.source is None:
            header, recording = walk_episode(self.recipe, robot, seed)
        else:
            header, recording = replay(order.source, robot, seed, self.recipe.model, self.recipe.settings)
        entry = Entry(order.task.file, PERIOD * len(recording), header)
        return Made(entry, encode(header, recording))


def _order(task: Task, robot: str) -> Order:
    if task.motion is None:
        return Order(task, None)
    source = read_episode(task.motion)
    _check_robot(task.motion, source[0], robot)
    return Order(task, source)


def _check_robot(path: Path, header: Header, robot: str) -> None:
    """What one robot did says nothing about another."""
    if header.robot != robot:
        raise DataError(f"{path} is an episode of '{header.robot}', not of '{robot}': name another folder")


@cache
def _robot(name_or_path: str, overrides: str) -> RobotDescription:
    return load_robot(name_or_path, overrides)


def _entry(path: Path) -> Entry | None:
    """What is known of an episode that is there; None if there is none, or it is damaged."""
    try:
        header, frames = read_summary(path)
    except DataError:
        return None
    return Entry(path.name, PERIOD * frames, header)
