"""What a newcomer sees while packages are installed, and when that fails."""

import importlib.util
import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"

if not (SCRIPTS / "_pip_progress.py").is_file():
    pytest.skip("no source checkout", allow_module_level=True)

PIP = """\
Obtaining file:///somewhere
  Preparing editable metadata (pyproject.toml): finished with status 'done'
Collecting numpy<3,>=1.26 (from jepa_humanoid==0.1.0)
  Downloading numpy-2.4.2-cp311-cp311-manylinux_2_27_x86_64.whl.metadata (6.6 kB)
Collecting typing_extensions
  Using cached typing_extensions-4.15.0-py3-none-any.whl.metadata (3.3 kB)
Downloading numpy-2.4.2-cp311-cp311-manylinux_2_27_x86_64.whl (16.9 MB)
Using cached typing_extensions-4.15.0-py3-none-any.whl (44 kB)
Installing collected packages: numpy, typing_extensions, jepa_humanoid
Successfully installed jepa_humanoid-0.1.0 numpy-2.4.2 typing_extensions-4.15.0
"""


@pytest.fixture(scope="module")
def pip_progress() -> ModuleType:
    """scripts/_pip_progress.py as a module."""
    spec = importlib.util.spec_from_file_location("pip_progress", SCRIPTS / "_pip_progress.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_progress_says_how_far_it_is(pip_progress: ModuleType) -> None:
    """Each phase of an installation says what is at hand, and out of how many as soon as pip knows it."""
    progress = pip_progress.Progress()
    shown = []
    for line in PIP.splitlines():
        progress.hear(line)
        shown.append(progress.text(installed=1))
    assert shown[2] == "choosing versions: 1 packages (numpy)"
    assert shown[5] == "choosing versions: 2 packages (typing_extensions)"
    assert shown[6] == "fetching: 1 of 2 packages, 17 MB (numpy)"
    assert shown[7] == "fetching: 2 of 2 packages, 17 MB (typing_extensions)"
    assert shown[8] == "installing: 1 of 3 packages (typing_extensions)"
    assert progress.text(installed=9) == "installing: 3 of 3 packages (jepa_humanoid)"


def test_total_that_is_not_known_is_not_told(pip_progress: ModuleType) -> None:
    """While pip fetches packages to find out what they need, nobody knows how many there will be."""
    progress = pip_progress.Progress()
    progress.hear("Collecting numpy")
    progress.hear("  Downloading numpy-2.4.2-cp311-cp311-manylinux_2_27_x86_64.whl (16.9 MB)")
    assert progress.text() == "fetching: 1 packages, 17 MB (numpy)"


def test_index_that_does_not_answer_is_said_at_once(pip_progress: ModuleType) -> None:
    """While pip tries again and again, people are told so."""
    progress = pip_progress.Progress()
    progress.hear("WARNING: Retrying (Retry(total=4, connect=None, read=None)) after connection broken by ...")
    assert "does not answer" in progress.text()


def test_all_that_pip_says_is_kept(pip_progress: ModuleType, tmp_path: Path) -> None:
    """The log has every line, also what came in pieces and an unfinished last one; the display has few lines."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as source:
        source.write(PIP + "the end")
    shown = io.StringIO()
    with os.fdopen(reading) as said:
        pip_progress.follow(said, tmp_path / "log", shown, tmp_path)
    assert (tmp_path / "log").read_text() == PIP + "the end"
    assert shown.getvalue().count("\n") == 1


def shell(command: str, *, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Runs a command with the functions of scripts/_environment.sh, for an environment in a folder of the test's."""
    (folder / ".venv/bin").mkdir(parents=True, exist_ok=True)
    script = f"""
        set -euo pipefail
        source {SCRIPTS}/_environment.sh
        VENV={folder}/.venv; LOG=$VENV/install.log; UNFINISHED=$VENV/.unfinished
        PYTHON={sys.executable}
        {command}
    """
    return subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "The disk is full"),
        ("WARNING: Retrying (Retry(total=0)) ...\nERROR: No matching distribution found for numpy", "does not answer"),
        ("SSLError(SSLCertVerificationError('[SSL: CERTIFICATE_VERIFY_FAILED]'))", "certificate is not trusted"),
        ("OSError: [Errno 13] Permission denied: '/x/.venv'", "may not be written"),
        ("ERROR: No matching distribution found for numba>=0.61", "has nothing for Python 3."),
        ("ERROR: something that nobody has seen before", "pip could not install"),
    ],
)
def test_failed_installation_says_why(said: str, cause: str, tmp_path: Path) -> None:
    """What pip said in its own words becomes a cause and what to do; what earlier runs said does not count."""
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/install.log").write_text("No space left on device, a week ago\n")
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip/__init__.py").touch()
    (tmp_path / "pip/__main__.py").write_text(f"import sys; sys.exit({said!r})")
    outcome = shell("pip_install numpy", folder=tmp_path, PYTHONPATH=str(tmp_path))
    assert outcome.returncode == 1
    assert cause in outcome.stderr
    assert "install.log" in outcome.stderr
    assert said in (tmp_path / ".venv/install.log").read_text()


def test_checkout_of_somebody_else_is_named() -> None:
    """Who may not write into the folder hears so, and whose it is, rather than of packages to install."""
    root = SCRIPTS.parent
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(SCRIPTS, folder / "scripts")
        for file in ("setup.py", "setup.cfg", "pyproject.toml", "package.xml"):
            shutil.copy(root / file, folder)
        folder.chmod(0o555)
        other = {"user": 65534} if os.getuid() == 0 else {}  # nothing is forbidden to root
        command = [str(folder / "scripts/demo")]
        outcome = subprocess.run(command, capture_output=True, text=True, check=False, **other)
        folder.chmod(0o755)
    assert outcome.returncode == 1
    assert f"may not write to {folder}, which belongs to" in outcome.stderr
    assert "venv" not in outcome.stderr


def test_wrong_python_is_named(tmp_path: Path) -> None:
    """Where only another Python is installed, the complaint says which, and what would do."""
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        path = tmp_path / name
        path.write_text('#!/bin/sh\ncase "$2" in *print*) echo " $0 is 3.9." ;; *) exit 1 ;; esac\n')
        path.chmod(0o755)
    outcome = shell("find_python", folder=tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert outcome.returncode == 1
    assert "Python 3.11, 3.12 or 3.13 is needed" in outcome.stderr
    assert "is 3.9." in outcome.stderr


def test_interrupted_installation_is_taken_up_again(tmp_path: Path) -> None:
    """What pip has left half done is cleared away, what it has finished is kept."""
    packages = tmp_path / "packages"
    for name, complete in (("half-1.0", False), ("whole-2.0", True)):
        (packages / f"{name}.dist-info").mkdir(parents=True)
        if complete:
            (packages / f"{name}.dist-info/RECORD").touch()
    (packages / "~umpy").mkdir()
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho {packages}\n")
    python.chmod(0o755)
    outcome = shell(f"PYTHON={python}; touch $UNFINISHED; prepare_packages demo", folder=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    assert "interrupted" in outcome.stderr
    assert [path.name for path in packages.iterdir()] == ["whole-2.0.dist-info"]


def test_full_disk_is_said_before_anything_is_fetched(tmp_path: Path) -> None:
    """Without room for the packages nothing is begun."""
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho {tmp_path}\n")
    python.chmod(0o755)
    outcome = shell(f"PYTHON={python}; SPACE_DEMO=999999999; prepare_packages demo", folder=tmp_path)
    assert outcome.returncode == 1
    assert "999999999 MB" in outcome.stderr
