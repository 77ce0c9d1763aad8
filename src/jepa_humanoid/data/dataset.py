"""A folder of episodes: which it holds, how they were made, and all of them in order."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from jepa_humanoid.data.episode import Header, Recording
from jepa_humanoid.data.errors import DataError
from jepa_humanoid.data.files import SUFFIX, read_episode
from jepa_humanoid.storage import write_whole
from jepa_humanoid.version import __version__

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Entry:
    """One episode in the manifest."""

    file: str
    seconds: float
    header: Header


def read_manifest(directory: Path) -> dict[str, Any]:
    """What a folder's manifest says, or an empty one where there is none yet.

    Raises:
        DataError: If it is damaged.
    """
    path = directory / MANIFEST
    if not path.is_file():
        return {"commands": [], "episodes": []}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        episodes = [{**entry, "file": str(entry["file"]), "seconds": float(entry["seconds"])}
                    for entry in content["episodes"]]  # fmt: skip
        return {"commands": list(content["commands"]), "episodes": episodes}
    except (OSError, ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
        raise DataError(
            f"{path} is damaged ({error}); remove it: the same command keeps the episodes and lists them anew"
        ) from error


def write_manifest(directory: Path, entries: Iterable[Entry], command: dict[str, object]) -> None:
    """Write which episodes a directory holds and how they were made; adds to what it said before.

    Raises:
        DataError: If what it said before is damaged, or it cannot be written.
    """
    before = read_manifest(directory)
    known = {entry["file"]: entry for entry in before["episodes"]}
    # What was drawn is in the episodes themselves, and would be most of the manifest.
    known |= {entry.file: asdict(replace(entry, header=replace(entry.header, draws={}))) for entry in entries}
    commands = before["commands"]
    if command not in commands:
        commands.append(command)
    episodes = [known[file] for file in sorted(known)]
    content = {
        "version": __version__,
        "hours": round(sum(entry["seconds"] for entry in episodes) / 3600.0, 3),
        "commands": commands,
        "episodes": episodes,
    }
    write_whole(directory / MANIFEST, json.dumps(content, indent=1) + "\n", DataError)


def episode_paths(directory: Path) -> list[Path]:
    """Files of the episodes in a directory, by name.

    Raises:
        DataError: If there are none.
    """
    found = sorted(directory.glob(f"*{SUFFIX}"))
    if not found:
        raise DataError(f"no episodes in '{directory}'; make some with `humanoid data generate`")
    return found


def read_recordings(
    directories: Sequence[Path], progress: Callable[[int, int], None] | None = None
) -> Iterator[tuple[Header, Recording]]:
    """Read every episode below directories, in the order of their names.

    Raises:
        DataError: If a directory holds none, or an episode is damaged.
    """
    paths = [path for directory in directories for path in episode_paths(directory)]
    for number, path in enumerate(paths):
        if progress is not None:
            progress(number, len(paths))
        yield read_episode(path)
