"""Files are UTF-8 on every machine: whoever reads or writes text says so, and does not leave it to the locale."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from jepa_humanoid.resources import share_directory

FOLDERS = ("src", "scripts", "launch", "examples", "benchmarks")


def calls_without_encoding(source: str) -> Iterator[int]:
    """Lines that open, read or write text in the locale's encoding."""
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        named = {keyword.arg for keyword in call.keywords}
        texts = {a.value for a in (*call.args, *(k.value for k in call.keywords)) if isinstance(a, ast.Constant)}
        # The encoding is the first argument of read_text, and may be only named elsewhere.
        binary = any(isinstance(text, str) and "b" in text and len(text) <= 3 for text in texts)
        if name == "read_text" and not call.args and "encoding" not in named:
            yield call.lineno
        if name in ("write_text", "NamedTemporaryFile", "fdopen") and "encoding" not in named and not binary:
            yield call.lineno
        if name == "open" and "encoding" not in named and not binary:
            yield call.lineno


def test_every_text_says_its_encoding() -> None:
    """No file of the package is read or written in whatever encoding the machine happens to have."""
    root = share_directory()
    found = [
        f"{path.relative_to(root)}:{line}"
        for folder in FOLDERS
        for path in sorted((root / folder).rglob("*.py"))
        for line in calls_without_encoding(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_robot_is_read_where_the_locale_is_latin(tmp_path: Path) -> None:
    """Where files are Latin-1 unless they say otherwise, the robots are the same.

    The locale need not be installed: Python's own UTF-8 mode is off, and the C locale is not replaced by UTF-8.
    """
    program = (
        "import locale; from jepa_humanoid.robot.description import load_robot; "
        "print(locale.getencoding(), load_robot('g1').joint_count)"
    )
    bare = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    outcome = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | bare,
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    encoding, joints = outcome.stdout.split()
    assert encoding.lower() != "utf-8", "this locale would show nothing"
    assert joints == "29"
