"""Others' solvers and policies, each in an environment of its own: what they need may not stand beside what we need."""

import fcntl
import json
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.resources import cache_directory


class PeerError(HumanoidError, RuntimeError):
    """A peer cannot be installed or run."""


@dataclass(frozen=True)
class Peer:
    """Somebody to be compared with.

    Attributes:
        name: Of the peer.
        requirements: What pip installs for it, and its options.
        script: Gets a file of states and prints one line of JSON; None for a peer whose files are used and not run.
    """

    name: str
    requirements: tuple[str, ...]
    script: Path | None = None

    def prepare(self, say: Callable[[str], None] = lambda _: None) -> Path:
        """Return the peer's interpreter; the first time, make its environment under ``~/.cache/jepa_humanoid/peers``.

        Raises:
            PeerError: If it cannot be installed.
        """
        folder = cache_directory() / "peers" / "-".join(self.requirements)
        python, stamp = folder / "bin" / "python", folder / ".installed"
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder.with_name(f"{folder.name}.lock").open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two that come at once would spoil it for each other
            if not stamp.is_file():
                self._install(folder, python, say)
                stamp.touch()
        return python

    def _install(self, folder: Path, python: Path, say: Callable[[str], None]) -> None:
        say(f"installing {', '.join(self.requirements)} into {folder} (once)")
        venv.create(folder, clear=True)
        # This environment's pip works on the other one: a pip of its own takes longer than all that it needs.
        pip = (sys.executable, "-m", "pip", "--python", str(python))
        command = [*pip, "install", "--quiet", "--no-input", *self.requirements]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PeerError(
                f"pip could not install {self.name}: {done.stderr.strip()[-500:]}. Leave it out: --no-peers"
            )

    def run(self, python: Path, states: Path) -> dict[str, Any]:
        """Run the script on a file of states; return what it printed.

        Raises:
            PeerError: If it fails.
        """
        assert self.script is not None
        done = subprocess.run([str(python), str(self.script), str(states)], capture_output=True, text=True, check=False)
        lines = done.stdout.strip().splitlines()
        if done.returncode or not lines:
            raise PeerError(f"{self.name} failed: {done.stderr.strip()[-500:]}. Leave it out: --no-peers")
        result: dict[str, Any] = json.loads(lines[-1])
        return result
