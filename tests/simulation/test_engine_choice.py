"""An engine that cannot be used is refused in one sentence."""

import sys

import pytest

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.simulation.engines import check_engine
from jepa_humanoid.simulation.errors import EngineError
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.world import World, WorldSettings


def test_unknown_engine_is_refused(g1: RobotDescription) -> None:
    """A wrong name is an error that lists the right ones."""
    with pytest.raises(EngineError, match="no engine 'bullet': known are mujoco, dart"):
        World(g1, load_scene("flat"), WorldSettings(engine="bullet"))


def test_missing_dartpy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without dartpy, choosing DART ends with a sentence that says what to install."""
    monkeypatch.delitem(sys.modules, "jepa_humanoid.simulation.dart_engine", raising=False)
    monkeypatch.setitem(sys.modules, "dartpy", None)
    with pytest.raises(EngineError, match=r"needs dartpy .*pip install -e '\.\[dart\]'"):
        check_engine("dart")
