"""Where the package's data lives: `config/`, `models/`, `urdf/`, `launch/`, and what it keeps for the user."""

import os
from functools import cache
from pathlib import Path

from jepa_humanoid.errors import HumanoidError

PACKAGE = "jepa_humanoid"


class ResourceError(HumanoidError, FileNotFoundError):
    """The package's data, or a file in it, is not where an installation puts it."""


@cache
def share_directory() -> Path:
    """Returns the folder that holds `config/`, `models/`, `urdf/` and `launch/`.

    A source checkout wins, so that an editable installation reads what is being edited. Otherwise it is the nearest
    `share/jepa_humanoid` above this file: a wheel's prefix, a user installation and an ament prefix all have one.

    Raises:
        ResourceError: When neither exists, with the places that were tried.
    """
    here = Path(__file__).resolve()
    checkout = here.parents[2]
    candidates = [checkout, *(parent / "share" / PACKAGE for parent in here.parents)]
    for candidate in candidates:
        if (candidate / "package.xml").is_file() and (candidate / "config").is_dir():
            return candidate
    raise ResourceError(
        f"The data files of {PACKAGE} are missing: no package.xml with a config/ folder in {checkout}, "
        f"nor in share/{PACKAGE} of any folder above {here.parent}. Install the package again (pip install -e .)."
    )


def cache_directory() -> Path:
    """Returns the folder for what can be made again, ``~/.cache/jepa_humanoid`` or below `XDG_CACHE_HOME`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / PACKAGE


def resource(relative: str | Path) -> Path:
    """Returns the path of an existing data file or folder, e.g. `config/robots/g1.yaml`.

    Args:
        relative: Path below `share_directory()`.

    Raises:
        ResourceError: When it does not exist; names the neighbours that do.
    """
    path = share_directory() / relative
    if not path.exists():
        neighbours = sorted(entry.name for entry in path.parent.glob("*")) if path.parent.is_dir() else []
        raise ResourceError(f"{path} does not exist. In {path.parent}: {', '.join(neighbours) or 'nothing'}.")
    return path


def named_file(folder: str, name_or_path: str | Path) -> Path:
    """Returns the YAML file, existing or not, that a name in a folder such as `config/scenes` or a path stands for.

    A path is one with `.yaml` or `.yml` at its end; it is made absolute, for whoever reads it may be elsewhere.

    Raises:
        ResourceError: If a path begins in the home of somebody who does not exist.
    """
    if is_path(name_or_path):
        return home_expanded(name_or_path).absolute()
    return share_directory() / folder / f"{name_or_path}.yaml"


def home_expanded(path: str | Path) -> Path:
    """Returns a path with `~` and `~user` replaced by the home that they stand for.

    Raises:
        ResourceError: If nobody has that name.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ResourceError(f"'{path}': there is nobody of that name on this machine") from None


def split_grade(name_or_path: str | Path) -> tuple[str, float | None]:
    """Returns a name or path without the number behind a colon, as in `factory:0.7`, and that number."""
    name, colon, grade = str(name_or_path).rpartition(":")
    try:
        return (name, float(grade)) if colon else (grade, None)
    except ValueError:
        return str(name_or_path), None


def is_path(name_or_path: str | Path) -> bool:
    """Returns whether `named_file` takes it for a path."""
    return Path(name_or_path).suffix in {".yaml", ".yml"}


def not_found(folder: str, name_or_path: str | Path) -> str:
    """Returns what to say where there is no `named_file`: what was looked for, and what there is."""
    known = ", ".join(file_names(folder))
    what = Path(folder).name.removesuffix("s")
    return (
        f"no {what} '{name_or_path}': known are {known}, or give the path of a YAML file; there is none at "
        f"'{named_file(folder, name_or_path)}'"
    )


def file_names(folder: str, suffix: str = "yaml") -> tuple[str, ...]:
    """Returns the names of the files with a suffix in a folder below `share_directory()`, such as `config/scenes`."""
    return tuple(sorted(path.stem for path in resource(folder).glob(f"*.{suffix}")))
