"""A browser for tests of the page."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def open_browser() -> Iterator[Callable[..., Any]]:
    """Opens browsers on a port, and closes them in the end; see tests/browser.py."""
    if "browser" not in sys.modules:
        spec = importlib.util.spec_from_file_location("browser", Path(__file__).parents[1] / "browser.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules["browser"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["browser"])
    opened = []

    def open_one(port: int, **options: bool) -> Any:
        opened.append(sys.modules["browser"].Browser(port, **options))
        return opened[-1]

    yield open_one
    for browser in opened:
        browser.close()
