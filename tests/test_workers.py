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


CREW = """
import os, pathlib, signal, sys
from jepa_humanoid.workers import work_through

def work(number):
    once = pathlib.Path(sys.argv[1]) / str(number)
    if number % 2 and not once.exists():
        once.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number

def hopeless(number):
    os._exit(3)

def wrong(number):
    raise ValueError(f"no {number}")

if __name__ == "__main__":
    print(sorted(work_through(work, range(6), 2)))
    for bad in (hopeless, wrong):
        try:
            list(work_through(bad, [7], 2))
        except Exception as error:
            print(type(error).__name__, error)
"""


def test_what_a_dead_worker_had_is_done_again(tmp_path: Path) -> None:
    """Each item once, whoever dies on the way; who ends all is named, and an error is the caller's."""
    path = tmp_path / "program.py"
    path.write_text(CREW, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, str(path), str(tmp_path)], capture_output=True, text=True, timeout=120, check=True
    )
    said = ran.stdout.splitlines()
    assert said[0] == "[0, 1, 2, 3, 4, 5]"
    assert said[1].startswith("WorkerError 7 ended 3 processes, the last with status 3")
    assert said[2:] == ["ValueError no 7"]
    assert sorted(file.name for file in tmp_path.iterdir() if file.name != "program.py") == ["1", "3", "5"]
