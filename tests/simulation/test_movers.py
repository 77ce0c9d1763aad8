"""Who moves about in a scene, and what a robot notices of it."""

import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import JointCommand
from jepa_humanoid.simulation.errors import EngineError
from jepa_humanoid.simulation.families.crowd import PERSON, TROLLEY
from jepa_humanoid.simulation.gazebo import world_sdf
from jepa_humanoid.simulation.movers import Crowd, Mover
from jepa_humanoid.simulation.obstacles import Obstacle
from jepa_humanoid.simulation.scenes import Scene, clearance, clearance_along, load_scene
from jepa_humanoid.simulation.world import World, WorldSettings

FAR = (50.0, 50.0)
"""Where no robot is in anybody's way."""


def person(**changes: object) -> Mover:
    """Somebody who walks 3 m ahead and 4 m to the left, and back."""
    values = {
        "name": "person",
        "parts": PERSON,
        "waypoints": ((1.0, 0.0), (4.0, 0.0), (4.0, 4.0)),
        "speed": 1.0,
        "pauses": (1.0, 0.0, 2.0),
    }
    return Mover(**(values | changes))  # type: ignore[arg-type]


def scene_of(*movers: Mover) -> Scene:
    """A floor with nothing on it but them."""
    return Scene("busy", (), 0.8, (0.0, 0.0, 0.0), None, movers=movers)


def test_a_mover_goes_out_and_back_and_begins_again() -> None:
    """Along its legs at its speed, a pause and a turn at each waypoint, and after a round where it began."""
    mover = person()
    turn = math.pi / 2 / mover.turn_rate
    assert mover.pose(0.0) == pytest.approx((1.0, 0.0, 0.0))
    assert mover.pose(1.5) == pytest.approx((2.5, 0.0, 0.0))
    assert mover.pose(3.0 + turn / 2) == pytest.approx((4.0, 0.0, math.pi / 4))
    assert mover.pose(3.0 + turn + 1.0) == pytest.approx((4.0, 1.0, math.pi / 2))
    assert mover.period == pytest.approx(2 * (7.0 + turn) + 1.0 + 2.0 + 2 * math.pi / mover.turn_rate)
    assert mover.pose(mover.period + 1.5) == pytest.approx((2.5, 0.0, 0.0))


def test_a_mover_moves_evenly_and_never_jumps() -> None:
    """Between two moments it goes no farther than its speed lets it, and turns no faster than it turns."""
    times = np.arange(0.0, person().period + 3.0, 0.01)
    for mover in (person(), person(reverses=True, phase=7.3)):
        poses = np.array([mover.pose(t) for t in times])
        assert np.linalg.norm(np.diff(poses[:, :2], axis=0), axis=1).max() <= 0.01 + 1e-9
        turned = np.abs((np.diff(poses[:, 2]) + np.pi) % (2 * np.pi) - np.pi)
        assert turned.max() <= 0.01 * mover.turn_rate + 1e-9


def test_a_trolley_comes_back_backwards() -> None:
    """What reverses looks the same way on both legs."""
    mover = person(waypoints=((0.0, 0.0), (2.0, 0.0)), pauses=(0.0, 0.0), reverses=True)
    assert mover.pose(1.0) == pytest.approx((1.0, 0.0, 0.0))
    assert mover.pose(3.0) == pytest.approx((1.0, 0.0, 0.0))
    assert mover.period == pytest.approx(4.0)


def test_who_yields_waits_turns_back_and_goes_on() -> None:
    """It stands before what is in its way, after its patience it goes back, and with nothing there it is on time."""
    mover = person(waypoints=((0.0, 0.0), (6.0, 0.0)), pauses=(0.0, 0.0), yields=1.0, patience=2.0)
    crowd = Crowd([mover])

    def pass_time(seconds: float, robot: tuple[float, float]) -> np.ndarray:
        for _ in range(round(seconds / 0.01)):
            crowd.advance(0.01, robot)
        return crowd.poses[0]

    assert pass_time(2.0, FAR) == pytest.approx((2.0, 0.0, 0.0))
    assert pass_time(2.5, (4.0, 0.0))[0] == pytest.approx(3.0, abs=0.02)
    back = pass_time(1.0, (4.0, 0.0))
    assert 2.0 < back[0] < 3.0
    assert abs(back[2]) == pytest.approx(math.pi)
    assert pass_time(10.0, FAR)[0] != pytest.approx(back[0])
    crowd.restart()
    assert crowd.poses[0] == pytest.approx(mover.pose(0.0))


def test_who_is_beside_or_behind_stops_nobody() -> None:
    """Only what is ahead does, and who does not yield stops for nothing."""
    ahead, beside = (2.0, 0.0), (1.0, 0.8)
    for mover, robot in ((person(yields=1.0), beside), (person(), ahead)):
        crowd = Crowd([mover])
        for _ in range(200):
            crowd.advance(0.01, robot)
        assert crowd.poses[0] == pytest.approx(mover.pose(2.0))


def test_clearance_counts_movers_where_they_are() -> None:
    """Near misses are measured to the people, and without their places to what stands still."""
    scene = scene_of(person())
    assert np.isinf(clearance(scene, [(1.0, 1.0)])).all()
    assert clearance(scene, [(1.0, 1.0)], [(1.0, 0.0, 0.3)])[0] == pytest.approx(1.0 - 0.225)


def test_the_lidar_sees_who_comes_and_a_touch_has_a_name(g1: RobotDescription) -> None:
    """Somebody walks up to a robot whose joints are held: the LiDAR's points follow, and in the end the two touch."""
    comes = person(waypoints=((1.5, 0.0), (0.0, 0.0)), pauses=(0.0, 5.0))
    world = World(g1, scene_of(comes), WorldSettings(noise=False))
    nearest = []
    for tick in range(700):
        if tick % 250 == 0:
            points = world.scan()
            level = points[np.abs(points[:, 2]) < 0.15]
            nearest.append(float(np.linalg.norm(level[:, :2], axis=1).min()))
            assert world.truth().movers[0] == pytest.approx(comes.pose(world.stamp))
        world.advance(JointCommand(0.0, g1.joints.nominal, np.zeros(g1.joint_count), world.effort.copy()))
        if world.truth().touching:
            break
    assert world.truth().touching == ("person",)
    assert np.diff(nearest) == pytest.approx(-0.5, abs=0.1)


def test_a_world_with_movers_is_the_same_every_time(g1: RobotDescription) -> None:
    """Where they are after a while follows from scene and seed."""
    ends = []
    for _ in range(2):
        world = World(g1, scene_of(person(yields=2.5), person(name="other", phase=3.0)), WorldSettings(seed=4))
        for _ in range(100):
            world.advance(None)
        ends.append(world.truth().movers)
    assert np.array_equal(*ends)


def test_dart_says_that_nothing_moves_in_it(g1: RobotDescription) -> None:
    """The engine refuses a scene with people, and names them."""
    pytest.importorskip("dartpy")
    with pytest.raises(EngineError, match=r"'dart', and in 'busy' so do person"):
        World(g1, scene_of(person()), WorldSettings(engine="dart"))


def test_gazebo_gets_actors_on_the_same_ways() -> None:
    """Each mover is an actor with its parts, and its script has it at the same places at the same times."""
    movers = (person(phase=9.1), person(name="trolley", parts=TROLLEY, reverses=True))
    world = ElementTree.fromstring(world_sdf(scene_of(*movers))).find("world")
    assert world is not None
    actors = {actor.get("name"): actor for actor in world.findall("actor")}
    assert set(actors) == {"person", "trolley"}
    for mover in movers:
        actor = actors[mover.name]
        assert [v.get("name") for v in actor.findall("link/visual")] == [part.name for part in mover.parts]
        times = np.array([float(w.findtext("time") or "nan") for w in actor.iter("waypoint")])
        poses = np.array([(w.findtext("pose") or "").split() for w in actor.iter("waypoint")], dtype=float)
        assert times[0] == 0.0
        assert times[-1] == pytest.approx(mover.period)
        assert (np.diff(times) > 0.0).all()
        assert actor.find("pose") is None
        assert np.abs(np.diff(poses[:, 5])).max() <= math.pi + 1e-6
        for time in np.linspace(0.0, 0.99 * mover.period, 40):
            scripted = [np.interp(time, times, poses[:, axis]) for axis in (0, 1)]
            assert scripted == pytest.approx(mover.pose(time)[:2], abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"parts": ()}, "made of nothing"),
        ({"pauses": (0.0,)}, "a pause for each"),
        ({"waypoints": ((0.0, 0.0), (0.0, 0.0)), "pauses": (0.0, 0.0)}, "same waypoint twice"),
    ],
)
def test_a_mover_that_cannot_be_is_refused(changes: dict[str, object], words: str) -> None:
    """In words that say what is wrong."""
    with pytest.raises(ValueError, match=words):
        person(**changes)


def test_parts_move_as_one() -> None:
    """A part beside the middle goes round with it."""
    part = Obstacle("box", (1.0, 0.0), 0.0, (0.2, 0.2, 0.2), "arm")
    (placed,) = person(parts=(part,)).at((2.0, 3.0, math.pi / 2))
    assert placed.position == pytest.approx((2.0, 4.0))
    assert placed.name == "person.arm"


def test_clearance_along_a_path_is_that_of_each_moment() -> None:
    """Each point with the movers where they were then; a scene without movers has the same clearance all the time."""
    for name in ("factory:1.0", "room"):
        scene = load_scene(name, 2)
        path = np.random.default_rng(0).uniform(-3.0, 3.0, (12, 2))
        movers = [np.reshape([mover.pose(0.5 * k) for mover in scene.movers], (-1, 3)) for k in range(len(path))]
        each = [clearance(scene, point, then)[0] for point, then in zip(path, movers, strict=True)]
        np.testing.assert_array_equal(clearance_along(scene, path, movers), each)
