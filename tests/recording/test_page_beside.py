"""The page beside a recording."""

import subprocess
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from jepa_humanoid.graph import replaying
from jepa_humanoid.graph.arguments import make_options


class Started:
    """Stands in for a process: keeps the parameters that it was started with."""

    parameters: ClassVar[dict[str, Any]] = {}
    pid = 2**30

    def __init__(self, command: list[str], **_: object) -> None:
        file = Path(command[command.index("--params-file") + 1])
        Started.parameters = yaml.safe_load(file.read_text(encoding="utf-8"))["/**"]["ros__parameters"]

    def wait(self, timeout: float | None = None) -> int:
        """It has ended already."""
        return 0


@pytest.mark.parametrize(("rate", "speed"), [(0.1, 0.1), (5.0, 1.0)])
def test_page_knows_that_it_shows_slow_motion(monkeypatch: pytest.MonkeyPatch, rate: float, speed: float) -> None:
    """Nodes that report each second of the recording are not silent because it is played slowly; and what is played."""
    monkeypatch.setattr(subprocess, "Popen", Started)
    with replaying.page_beside(make_options(port=8099), 5, rate, "walk.mcap"):
        assert Started.parameters["speed"] == speed
        assert Started.parameters["port"] == 8099
        assert Started.parameters["recording"] == "walk.mcap"
