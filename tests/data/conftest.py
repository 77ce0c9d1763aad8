"""Fixtures: a walk without dynamics, and episodes made with it."""

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from jepa_humanoid.data.settings import GenerationSettings


def _load(name: str) -> ModuleType:
    # Workers that unpickle the walk have to find its module under the same name.
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[1] / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="session")
def kinematic_walk() -> Callable:
    """Make a walk that slides; see tests/kinematic_walk.py."""
    return _load("kinematic_walk").KinematicWalk


@pytest.fixture(scope="session")
def short() -> GenerationSettings:
    """Episodes of a few seconds."""
    return replace(GenerationSettings(), seconds=4.0, goals=3, placements=40)
