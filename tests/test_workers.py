"""Workers end with whoever started them, also when nobody could tell them to."""

import subprocess
import sys
from pathlib import Path

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


def test_no_worker_outlives_a_killed_parent(tmp_path: Path) -> None:
    """Each worker holds the pipe that this test reads: it ends when the last of them has ended."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    parent = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert [parent.stdout.readline() for _ in range(2)] == [b"working\n", b"working\n"]
    parent.kill()
    rest, _ = parent.communicate(timeout=120)
    assert rest == b""
    assert parent.returncode < 0
