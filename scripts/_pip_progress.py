"""Says in one line how far pip is, and keeps everything that pip says in a log.

    pip install ... 2>&1 | python scripts/_pip_progress.py LOG

On a terminal the line is rewritten in place; elsewhere a new one is written now and then. It runs before anything is
installed, so it uses nothing but Python itself.
"""

import os
import re
import selectors
import sys
import sysconfig
import time
from pathlib import Path
from typing import TextIO

LOOK = 0.5
"""Time between two looks at how many packages are installed [s]."""

PLAIN_PERIOD = 10.0
"""Time between two lines where there is no terminal [s]."""

_UNITS = {"bytes": 1e-6, "kB": 1e-3, "MB": 1.0, "GB": 1e3}
_COLLECTING = re.compile(r"Collecting ([A-Za-z0-9._-]+)")
_FILE = re.compile(r"\s*(?:Downloading|Using cached|Processing) (\S+\.(?:whl|tar\.gz))(?: \(([\d.]+) (\w+)\))?\s*$")
_INSTALLING = re.compile(r"Installing collected packages: (.+)")


class Progress:
    """What pip has said so far.

    Attributes:
        found: Names of the packages that it has decided to look at.
        files: How many archives it has.
        megabytes: Their size, as far as pip told it.
        all_found: Whether it knows all packages that it needs.
        to_install: Names of the packages that it installs; empty before it begins to.
    """

    def __init__(self) -> None:
        self.found: set[str] = set()
        self.files = 0
        self.megabytes = 0.0
        self.all_found = False
        self.to_install: list[str] = []
        self._now = ""

    def hear(self, line: str) -> None:
        """Take in one line of pip's."""
        if match := _COLLECTING.match(line):
            self._now = match[1]
            self.found.add(match[1].lower().replace("_", "-"))
        elif match := _FILE.match(line):
            self._now = Path(match[1]).name.partition("-")[0]
            self.files += 1
            # Where the index does not tell what a package needs, pip fetches it to find out, and indents that.
            self.all_found = not line.startswith(" ")
            if match[2]:
                self.megabytes += float(match[2]) * _UNITS.get(match[3], 0.0)
        elif match := _INSTALLING.match(line):
            self.to_install = [name.strip() for name in match[1].split(",")]
        elif "Retrying (Retry(" in line:
            self._now = "the package index does not answer; trying again"

    def text(self, installed: int = 0) -> str:
        """How far it is, in one line.

        Args:
            installed: Packages that have been installed since it began to.
        """
        if self.to_install:
            total = len(self.to_install)
            done = min(max(installed, 0), total)
            return f"installing: {done} of {total} packages ({self.to_install[min(done, total - 1)]})"
        if self.files:
            size = f", {self.megabytes:.0f} MB" if self.megabytes else ""
            of_all = f" of {max(self.files, len(self.found))}" if self.all_found else ""
            return f"fetching: {self.files}{of_all} packages{size} ({self._now})"
        return f"choosing versions: {len(self.found)} packages" + (f" ({self._now})" if self._now else "")


class Display:
    """One line, rewritten on a terminal."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._rewrites = out.isatty()
        self._shown, self._last = "", -PLAIN_PERIOD

    def show(self, text: str) -> None:
        """Show it, if it is new and it is time to."""
        now = time.monotonic()
        if text == self._shown or not (self._rewrites or now - self._last >= PLAIN_PERIOD):
            return
        self._shown, self._last = text, now
        self._out.write(f"\r\033[K    {text[:100]}" if self._rewrites else f"    {text}\n")
        self._out.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._rewrites:
            self._out.write("\r\033[K")
            self._out.flush()


def _count_installed(folder: Path) -> int:
    """Packages of which pip has written the last file."""
    return sum((info / "RECORD").is_file() for info in folder.glob("*.dist-info"))


def follow(source: TextIO, log: Path, out: TextIO, packages: Path) -> None:
    """Read pip's output to its end.

    Args:
        source: What pip says.
        log: Gets all of it.
        out: Where to show the progress.
        packages: Folder that pip installs into.
    """
    progress, display, before, rest = Progress(), Display(out), 0, b""
    with selectors.DefaultSelector() as selector, log.open("ab") as file:
        selector.register(source, selectors.EVENT_READ)
        while True:
            if selector.select(LOOK):
                data = os.read(source.fileno(), 65536)
                if not data:
                    break
                file.write(data)
                file.flush()
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    began = bool(progress.to_install)
                    progress.hear(line.decode(errors="replace"))
                    if progress.to_install and not began:
                        before = _count_installed(packages)
            installed = _count_installed(packages) - before if progress.to_install else 0
            display.show(progress.text(installed))
    display.end()


if __name__ == "__main__":
    try:
        follow(sys.stdin, Path(sys.argv[1]), sys.stderr, Path(sysconfig.get_paths()["purelib"]))
    except KeyboardInterrupt:
        sys.exit(130)
