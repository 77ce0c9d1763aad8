"""Helpers for tests that launch: the watcher of the nodes' tests, and a domain of their own."""

import importlib.util
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
os.environ.setdefault("ROS_LOG_DIR", tempfile.mkdtemp(prefix="ros-log-"))

TESTS = Path(__file__).parents[1]


def load(path: Path) -> ModuleType:
    """A helper of another folder as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def domain(claim: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> int:
    """A ROS domain of the test's own, in the environment of everything that it launches."""
    from jepa_humanoid.network import LAST_DOMAIN, free_domain

    domain = claim("domain", range(1, LAST_DOMAIN), lambda number: free_domain(number) == number)
    monkeypatch.setenv("ROS_DOMAIN_ID", str(domain))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return domain


@pytest.fixture
def watcher(domain: int) -> Iterator[Any]:
    """Somebody who watches the graph."""
    watcher = load(TESTS / "nodes/conftest.py").Watcher(domain)
    yield watcher
    watcher.close()


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A prefix with stand-ins for Gazebo, RViz and their packages, in front of everything else that is installed."""
    prefix = tmp_path / "stand_in"
    load(TESTS / "gazebo_stand_in.py").install(prefix)
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"{prefix}{os.pathsep}{os.environ['AMENT_PREFIX_PATH']}")
    monkeypatch.setenv("PATH", f"{prefix / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return prefix
