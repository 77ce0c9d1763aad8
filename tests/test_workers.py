"""Workers end with whoever started them, also when nobody could tell them to."""

import subprocess
import sys
from pathlib import Path

import pytest

from jepa_humanoid.workers import in_a_copy

PROGRAM = """
import os, signal, sys
from jepa_humanoid.workers import worker_pool

def work(number):
    os.write(1, b"working\\n")
    while True:
        signal.pause()

if __name__ == "__main__":
    with worker_pool(2) as pool:
        list(pool.map(work, range(2)))
"""


BOUND = """
import subprocess, sys
from jepa_humanoid.workers import bound
subprocess.Popen(bound([sys.executable, "-c", "import signal; print('working', flush=True); signal.pause()"])).wait()
"""


@pytest.mark.parametrize(("program", "workers"), [(PROGRAM, 2), (BOUND, 1)], ids=["pool", "command"])
def test_nothing_outlives_a_killed_parent(program: str, workers: int, tmp_path: Path) -> None:
    """Each worker holds the pipe that this test reads: it ends when the last of them has ended."""
    path = tmp_path / "program.py"
    path.write_text(program, encoding="utf-8")
    parent = subprocess.Popen([sys.executable, str(path)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert [parent.stdout.readline() for _ in range(workers)] == [b"working\n"] * workers
    parent.kill()
    rest, _ = parent.communicate(timeout=120)
    assert rest == b""
    assert parent.returncode < 0


def test_what_a_copy_changes_is_changed_there_alone() -> None:
    """Its outcome comes back; this process is as it was."""
    numbers = [1, 2]

    def work() -> int:
        numbers.append(3)
        return sum(numbers)

    assert in_a_copy(work) == 6
    assert numbers == [1, 2]
