"""What moves is told from what stands, followed, and leaves nothing behind."""

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from jepa_humanoid.perception.elevation import ElevationMapper, ElevationSettings
from jepa_humanoid.robot.state import AGE_LIMIT, ElevationGrid
from jepa_humanoid.simulation.obstacles import Obstacle

WALLS = (
    Obstacle("box", (0.0, 4.5), 0.0, (9.0, 0.2, 1.8), "wall_left"),
    Obstacle("box", (4.5, 0.0), 0.0, (0.2, 9.0, 1.8), "wall_ahead"),
)
ROOM = (
    *WALLS,
    Obstacle("box", (2.5, -1.5), 0.4, (0.6, 0.4, 0.8), "box"),
    Obstacle("cylinder", (1.0, 2.6), 0.0, (0.5, 0.5, 1.0), "barrel"),
)


@pytest.fixture(scope="module")
def rig() -> ModuleType:
    """The rig of scripts/measure_motion.py: a swaying LiDAR, somebody who walks, and odometry that drifts."""
    path = Path(__file__).parents[2] / "scripts" / "measure_motion.py"
    specification = importlib.util.spec_from_file_location("measure_motion", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


Watch = Callable[[float, ElevationGrid, np.ndarray], None]


def watch(rig: ModuleType, way: object, seconds: float, see: Watch, *, walks: bool = False) -> None:
    """Let somebody go on a way, and look at each grid: time, grid, and places of cells relative to the mover."""
    head = rig.Head(0.3 if walks else 0.0, 0.5 if walks else 0.0, 0.0, np.random.default_rng(5))
    world = rig.World(ROOM, rig.PERSON, 5)
    mapper = ElevationMapper()
    for k in range(round(seconds / rig.PERIOD)):
        t = rig.PERIOD * k
        head.walk(t)
        pose = way.pose(t) if way is not None else rig.AWAY  # type: ignore[attr-defined]
        scan = head.look(world, t, pose)
        assert mapper.integrate(scan).refused is None
        grid = mapper.grid(scan.base)
        in_world = rig.to_parent(head.true, rig._places(grid))
        see(t, grid, in_world - np.array(pose[:2]))


@pytest.mark.parametrize("walks", [False, True])
def test_somebody_who_walks_is_seen_to(rig: ModuleType, walks: bool) -> None:
    """2 s on, the velocity is right to 0.2 m/s, where the person is and nowhere else; behind it is free."""
    way = rig.Way((1.6, -2.5), np.pi / 2, 0.8, begin=1.5)
    checked = []

    def see(t: float, grid: ElevationGrid, away: np.ndarray) -> None:
        distance = np.hypot(away[..., 0], away[..., 1])
        moving = grid.velocity.any(axis=-1)
        assert not (moving & (distance > 0.8)).any()
        if t < 3.5:
            return
        assert moving.any()
        speed = np.hypot(*grid.velocity[moving].mean(axis=0))
        assert speed == pytest.approx(0.8, abs=0.2)
        passed = np.hypot(*(away + np.array([0.0, 0.9])).transpose(2, 0, 1)) < 0.3
        assert not (grid.heights[passed] > 0.3).any()
        assert np.nanmax(grid.heights[moving]) > 1.0
        checked.append(t)

    watch(rig, way, 4.8, see, walks=walks)
    assert len(checked) > 10


@pytest.mark.parametrize("walks", [False, True])
def test_nothing_moves_in_a_still_room(rig: ModuleType, walks: bool) -> None:
    """However the robot walks, turns, sways and drifts."""
    watch(rig, None, 5.0, lambda _t, grid, _away: np.testing.assert_array_equal(grid.velocity, 0.0), walks=walks)


def test_who_stops_stands_and_goes_on(rig: ModuleType) -> None:
    """Within 1.5 s of a stop nothing moves and an obstacle stands there; it moves again after it has gone on."""
    way = rig.Way((1.6, -2.0), np.pi / 2, 0.8, stop=3.0, go=5.5, begin=1.0)
    went_on = []

    def see(t: float, grid: ElevationGrid, away: np.ndarray) -> None:
        near = np.hypot(away[..., 0], away[..., 1]) < 0.45
        if 2.5 < t < 3.0 or t > 6.5:
            assert grid.velocity[near].any()
            went_on.append(t)
        elif 4.6 < t < 5.5:
            assert not grid.velocity.any()
            assert np.nanmax(grid.heights[near]) > 1.0

    watch(rig, way, 7.0, see)
    assert max(went_on) > 6.5


def test_still_scenes_have_the_heights_that_they_had(rig: ModuleType) -> None:
    """Looking for what moves changes no height where nothing does."""
    head, world = rig.Head(0.3, 0.5, 0.0, np.random.default_rng(6)), rig.World(ROOM, rig.PERSON, 6)
    looking, not_looking = ElevationMapper(), ElevationMapper(replace(ElevationSettings(), motion=None))
    for k in range(30):
        head.walk(0.1 * k)
        scan = head.look(world, 0.1 * k, rig.AWAY)
        reports = looking.integrate(scan), not_looking.integrate(scan)
        assert reports[0] == reports[1]
        np.testing.assert_array_equal(looking.grid(scan.base).heights, not_looking.grid(scan.base).heights)


def test_cells_say_how_well_they_are_known(rig: ModuleType) -> None:
    """What is hit is young and certain; out of sight it ages, and grows uncertain with the way; unseen it is oldest."""
    head, world = rig.Head(0.0, 0.0, 0.0, np.random.default_rng(7)), rig.World(ROOM, rig.PERSON, 7)
    mapper = ElevationMapper()
    for k in range(10):
        scan = head.look(world, 0.1 * k, rig.AWAY)
        mapper.integrate(scan)
    grid = mapper.grid(scan.base)
    known = np.isfinite(grid.heights)
    np.testing.assert_array_equal(np.isnan(grid.deviation), ~known)
    assert (grid.age[~known] == AGE_LIMIT).all()
    assert np.median(grid.age[known]) < 0.5
    assert np.median(grid.deviation[known]) < 0.04
    empty = replace(scan, points=np.zeros((0, 3)))
    step = np.array([0.1, 0.0, 0.0])
    for k in range(1, 21):
        base = replace(scan.base, stamp=0.9 + 0.1 * k, position=scan.base.position + step * (k % 2))
        mapper.integrate(replace(empty, stamp=base.stamp, base=base))
    later = mapper.grid(scan.base)
    still = known & np.isfinite(later.heights) & (np.abs(np.arange(64) - 31.5) > 5)
    assert (later.age[still] > grid.age[still] + 1.9).all()
    assert (later.deviation[still] > grid.deviation[still] + 0.05).all()
