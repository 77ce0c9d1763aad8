"""Files are there whole or not at all."""

from pathlib import Path

import pytest

from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.storage import write_whole
from jepa_humanoid.world_model.errors import WorldModelError

FULL = Path("/dev/full")
"""A disk without room, as Linux offers one to whoever wants to try."""


def test_what_is_written_is_there(tmp_path: Path) -> None:
    """Text goes out as UTF-8 whatever the locale says, folders are made, and nothing else is left."""
    path = tmp_path / "new" / "a.json"
    write_whole(path, "λ")
    write_whole(path, "ü")
    assert path.read_bytes() == "ü".encode()
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    """The error names the file and what to do; the old content stays, and no half of the new."""
    path = tmp_path / "a.json"
    write_whole(path, "old")
    (tmp_path / "a.json.part").symlink_to(FULL)
    with pytest.raises(WorldModelError, match=r"cannot write .*a\.json: No space left on device; make room"):
        write_whole(path, "new", WorldModelError)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    """Below a file there is no folder to write to."""
    (tmp_path / "file").touch()
    with pytest.raises(HumanoidError, match=r"cannot write .*file/a\.json.*name a folder"):
        write_whole(tmp_path / "file" / "a.json", "")
