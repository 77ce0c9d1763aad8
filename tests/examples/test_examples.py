"""The examples run as they are written, do what they say, and stay short."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "examples"
LONGEST = 40


def run(name: str) -> Callable[..., Any]:
    """The `main` of an example."""
    main: Callable[..., Any] = runpy.run_path(str(FOLDER / f"{name}.py"))["main"]
    return main


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_examples_are_short_and_tested(path: Path) -> None:
    """None is longer than what one reads at a glance, and this file names each."""
    assert len(path.read_text().splitlines()) <= LONGEST
    assert f'run("{path.stem}")' in Path(__file__).read_text()


@pytest.mark.slow
def test_it_catches_itself() -> None:
    """The pushed robot tilts, and stands."""
    assert 0.5 < run("stand_and_push")(seconds=2.0) < 20.0


@pytest.mark.slow
def test_it_walks_to_the_point(tmp_path: Path) -> None:
    """The way ends at the goal, and is drawn."""
    picture = tmp_path / "way.png"
    way = run("walk_to_a_point")(goal=(0.8, 0.2), scene="flat", picture=str(picture))
    assert np.linalg.norm(way[-1, :2] - way[0, :2] - (0.8, 0.2)) < 0.3
    assert picture.stat().st_size > 5000


@pytest.mark.slow
def test_it_goes_where_it_is_steered() -> None:
    """Odometry ends within centimetres."""
    assert run("steer_by_hand")() < 0.1


@pytest.mark.slow
def test_the_policy_reaches_its_waypoints() -> None:
    """Metres walked, and one more for the waypoint."""
    assert run("gymnasium_policy")(waypoints=1) > 1.0


@pytest.mark.slow
def test_imagined_ways_differ(tmp_path: Path) -> None:
    """Turning left and turning right are imagined to the left and to the right."""
    left, ahead, right = run("imagine")(picture=str(tmp_path / "imagined.png"))
    assert left[-1, 1] > ahead[-1, 1] > right[-1, 1]


@pytest.mark.slow
def test_body_walks_in_somebodys_own_loop() -> None:
    """It stands for a second, then walks for two."""
    assert 0.3 < run("body_alone")(seconds=3.0) < 0.8
