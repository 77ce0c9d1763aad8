"""Files that are there whole or not at all, whatever happens while they are written."""

import contextlib
import os
from pathlib import Path

from jepa_humanoid.errors import HumanoidError


def make_folder(path: Path, error: type[HumanoidError] = HumanoidError) -> None:
    """Make a folder that may be there already, and those above it.

    Raises:
        HumanoidError: Or ``error``, if it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as mistake:
        raise error(f"cannot make the folder {path}: {mistake.strerror}; name another") from mistake


def write_whole(path: Path, content: bytes | str, error: type[HumanoidError] = HumanoidError) -> None:
    """Write a file so that a reader sees the old content or the new, also after the power fails.

    Args:
        path: Of the file; its folder is made if missing.
        content: Bytes, or text that is written as UTF-8.
        error: Class of the error raised.

    Raises:
        HumanoidError: Or ``error``, if it cannot be written; what was there before stays.
    """
    temporary = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            # Otherwise the new name may reach the disk before the content does.
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as mistake:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise error(
            f"cannot write {path}: {mistake.strerror or mistake}; make room, or name a folder that you may write to"
        ) from mistake
