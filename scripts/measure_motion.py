"""Measures how well perception tells what moves: `python scripts/measure_motion.py --seeds 0:10`.

A head with the G1's LiDAR sways as a walking one does, stands or walks and turns, and believes a drifting odometry. In
furnished rooms somebody walks past, or a trolley is pushed, where there was nobody before or out from behind a panel;
all of it is cast by MuJoCo as `simulation/lidar.py` does. Seeds from 100 on are for tuning, 0 to 19 for judging.
"""

import argparse
import time
from dataclasses import dataclass, field, replace
from itertools import product

import mujoco
import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from jepa_humanoid.geometry import rotation, to_local, to_parent
from jepa_humanoid.perception.elevation import ElevationMapper
from jepa_humanoid.perception.scan import Scan
from jepa_humanoid.robot.files import LidarSettings
from jepa_humanoid.robot.state import BaseEstimate, ElevationGrid
from jepa_humanoid.simulation.lidar import Lidar
from jepa_humanoid.simulation.obstacles import Obstacle, free_distance
from jepa_humanoid.simulation.scenes import load_scene

LIDAR = LidarSettings(elevation=(-0.91, 0.12), rays=(32, 90), range=(0.1, 12.0), rate=10.0, noise=0.02)
PERIOD, BASE_HEIGHT, LIDAR_ABOVE_BASE = 0.1, 0.75, 0.45
ATTITUDE, PLACE = 0.01, 0.005
"""Standard deviations of the LiDAR's believed attitude [rad] and place [m], drawn each scan."""
SCALE, YAW_DRIFT = 0.03, 0.01
"""Odometry's error along each axis of its way, and of its heading while it walks [rad/s]."""
PERSON = (
    Obstacle("cylinder", (0.0, 0.0), 0.0, (0.45, 0.45, 1.5), "body"),
    Obstacle("cylinder", (0.0, 0.0), 0.0, (0.2, 0.2, 0.25), "head", 1.5),
)
TROLLEY = (Obstacle("box", (0.0, 0.0), 0.0, (1.0, 0.6, 0.9), "box"),)
TRIES = 2000
"""Ways that are drawn before a room is given up."""
WALL = 1.8
"""Height of walls [m]."""
AWAY = (60.0, 60.0, 0.0)


@dataclass(frozen=True)
class Way:
    """Of something that moves: straight on, with a stop.

    Attributes:
        start: Where it is at the begin [m].
        heading: Where it goes [rad].
        speed: Over the ground [m/s].
        stop: When it stops [s].
        go: When it goes on [s].
        begin: When it sets out [s].
        hidden: Whether it is not there before that.
    """

    start: tuple[float, float]
    heading: float
    speed: float
    stop: float = np.inf
    go: float = np.inf
    begin: float = 0.0
    hidden: bool = False

    def pose(self, t: float) -> tuple[float, float, float]:
        """Place and heading at a time [m, rad]."""
        if self.hidden and t < self.begin:
            return AWAY
        gone = self.speed * max(min(t, self.stop) + max(t - self.go, 0.0) - self.begin, 0.0)
        return (
            self.start[0] + gone * float(np.cos(self.heading)),
            self.start[1] + gone * float(np.sin(self.heading)),
            self.heading,
        )

    def velocity(self, t: float) -> NDArray[np.float64]:
        """At a time, shape (2,) [m/s]."""
        speed = 0.0 if self.stop <= t < self.go or t < self.begin else self.speed
        return speed * np.array([np.cos(self.heading), np.sin(self.heading)])


class World:
    """What stands, one thing that moves, and a LiDAR without a robot."""

    def __init__(self, obstacles: tuple[Obstacle, ...], mover: tuple[Obstacle, ...], seed: int) -> None:
        spec = mujoco.MjSpec()
        spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 1])
        for part in obstacles:
            _add(spec.worldbody, part)
        body = spec.worldbody.add_body(name="mover", mocap=True)
        for part in mover:
            _add(body, part)
        spec.worldbody.add_body(name="head", mocap=True).add_site(name="lidar")
        self._model = spec.compile()
        self._data = mujoco.MjData(self._model)
        self._lidar = Lidar(self._model, self._data, LIDAR, "lidar", np.random.default_rng(seed))

    def scan(self, head: pin.SE3, mover: tuple[float, float, float]) -> NDArray[np.float32]:
        """Points in the LiDAR's frame, shape (N, 3) [m]."""
        x, y, yaw = mover
        self._data.mocap_pos[:] = (x, y, 0.0), head.translation
        self._data.mocap_quat[0] = np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2)
        self._data.mocap_quat[1] = np.roll(pin.Quaternion(head.rotation).coeffs(), 1)
        mujoco.mj_kinematics(self._model, self._data)
        return self._lidar.scan()


def _add(body: mujoco.MjsBody, part: Obstacle) -> None:
    half, is_box = 0.5 * np.array(part.size), part.kind == "box"
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX if is_box else mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=half if is_box else [half[0], half[2], 0],
        pos=part.middle,
        quat=[np.cos(part.yaw / 2), 0, 0, np.sin(part.yaw / 2)],
    )


@dataclass
class Head:
    """Where the robot is, and where it believes to be.

    Attributes:
        pace: How fast it walks on its way to and fro [m/s].
        turning: How fast it turns to and fro [rad/s].
        heading: It sets out with [rad].
        rng: Of its odometry's errors.
    """

    pace: float
    turning: float
    heading: float
    rng: np.random.Generator
    true: NDArray[np.float64] = field(init=False)
    believed: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self.true = np.array([0.0, 0.0, self.heading])
        self.believed = self.true.copy()
        self._scale = 1.0 + SCALE * self.rng.choice([-1.0, 1.0], 2)
        self._drift = YAW_DRIFT * self.rng.choice([-1.0, 1.0])

    def walk(self, t: float) -> None:
        """One period, from a time on: 4 s ahead, 4 s back."""
        ahead = self.pace * PERIOD * (1.0 if t % 8.0 < 4.0 else -1.0)
        turn = self.turning * PERIOD * np.cos(2 * np.pi * t / 5.0)
        self.true += [*(rotation(self.true[2]) @ [ahead, 0.0]), turn]
        step = rotation(self.believed[2]) @ (self._scale * [ahead, 0.0])
        self.believed += [*step, turn + (self._drift * PERIOD if self.pace else 0.0)]

    def look(self, world: World, t: float, mover: tuple[float, float, float]) -> Scan:
        """A scan from where it is, put where it believes to be."""
        sway = 1.0 if self.pace else 0.2
        tilt = sway * 0.06 * np.sin(5 * t), sway * 0.06 * np.sin(7 * t)
        height = BASE_HEIGHT + sway * 0.02 * np.sin(9 * t)
        points = world.scan(_lidar(self.true, tilt, height), mover)
        noise = np.array([PLACE] * 3 + [ATTITUDE, ATTITUDE, 0.5 * ATTITUDE]) * self.rng.standard_normal(6)
        return Scan.of(points, _lidar(self.believed, tilt, height) * pin.exp6(noise), t, self.base(t), 0.0)

    def base(self, t: float) -> BaseEstimate:
        """What it believes."""
        x, y, yaw = self.believed
        orientation = np.array([0.0, 0.0, np.sin(yaw / 2), np.cos(yaw / 2)])
        return BaseEstimate(t, np.array([x, y, BASE_HEIGHT]), orientation, np.zeros(3), np.zeros(3))


def _lidar(pose: NDArray[np.float64], tilt: tuple[float, float], height: float) -> pin.SE3:
    R = pin.rpy.rpyToMatrix(*tilt, pose[2])
    return pin.SE3(R, np.array([*pose[:2], height]) + R @ [0.0, 0.0, LIDAR_ABOVE_BASE])


@dataclass
class Result:
    """Of one trial.

    Attributes:
        errors: Of the velocity 1 s after it came into view [m/s]; its speed where it was not seen to move.
        later: The same from 1.5 s on, while it moves.
        latency: From when it came into view until it was said to move [s].
        wrong: Cells of what stands said to move, of all scans.
        smear: Cells of the floor that are obstacles, of all scans.
        known: Cells known, of all scans.
        settled: Time after a stop until nothing is said to move [s].
        restart: Time after it goes on until it is said to move [s].
        costs: Time of each scan [s].
    """

    errors: list[float] = field(default_factory=list)
    later: list[float] = field(default_factory=list)
    latency: float = np.nan
    wrong: int = 0
    known: int = 0
    smear: int = 0
    settled: float = np.nan
    restart: float = np.nan
    costs: list[float] = field(default_factory=list)


def run(world: World, obstacles: tuple[Obstacle, ...], head: Head, way: Way | None, seconds: float) -> Result:
    """One trial."""
    mapper, result, first = ElevationMapper(), Result(), np.nan
    for k in range(round(seconds / PERIOD)):
        t = PERIOD * k
        head.walk(t)
        mover = way.pose(t) if way else AWAY
        scan = head.look(world, t, mover)
        began = time.perf_counter()
        mapper.integrate(scan)
        result.costs.append(time.perf_counter() - began)
        grid = mapper.grid(scan.base)
        places = _places(grid)
        in_world = to_parent(head.true, places)
        moving = np.hypot(grid.velocity[..., 0], grid.velocity[..., 1]) > 0.0
        off = np.hypot(*np.moveaxis(in_world - mover[:2], -1, 0))
        clear = free_distance(obstacles, in_world.reshape(-1, 2)).reshape(off.shape)
        result.wrong += int(np.count_nonzero(moving & (off > 0.8)))
        result.known += int(np.isfinite(grid.heights).sum())
        result.smear += int(np.count_nonzero((grid.heights > 0.2) & (clear > 0.25) & (off > 0.85)))
        if way is None:
            continue
        seen = scan.points[scan.points[:, 2] > 0.25, :2]
        centre = to_parent(head.believed, to_local(head.true, mover[:2]))
        if not np.isfinite(first) and np.count_nonzero(np.hypot(*(seen - centre).T) < 0.35) >= 5:
            first = t
        near = moving & (off < 0.8)
        truth = rotation(head.true[2]).T @ way.velocity(t)
        if near.any() and np.isnan(result.latency):
            result.latency = t - first
        velocity = grid.velocity[near].mean(axis=0) if near.any() else np.zeros(2)
        error = float(np.hypot(*(velocity - truth)))
        in_grid = np.abs(to_local(head.true, mover[:2])).max() < 2.8
        if in_grid and way.velocity(t).any() and t < way.stop:
            if 0.95 < t - first < 1.05:
                result.errors.append(error)
            elif t - first > 1.5:
                result.later.append(error)
        if way.stop <= t < way.go and not near.any() and np.isnan(result.settled):
            result.settled = t - way.stop
        if t >= way.go and near.any() and np.isnan(result.restart):
            result.restart = t - way.go
    return result


def _places(grid: ElevationGrid) -> NDArray[np.float64]:
    rows, columns = np.indices(grid.heights.shape)
    return grid.places(np.stack([rows, columns], axis=-1))


def draw_way(
    rng: np.random.Generator, obstacles: tuple[Obstacle, ...], speed: float, room: float, seconds: float, behind: bool
) -> tuple[Way | None, tuple[Obstacle, ...]]:
    """A way past the robot, 2 to 4 m away at first, and the panel that hides its begin if there shall be one.

    None where the room leaves no such way.
    """
    for _ in range(TRIES):
        bearing, distance = rng.uniform(-np.pi, np.pi), rng.uniform(2.0, 4.0)
        begin = distance * np.array([np.cos(bearing), np.sin(bearing)])
        way = Way((float(begin[0]), float(begin[1])), rng.uniform(-np.pi, np.pi), speed)
        line = np.array([way.pose(t)[:2] for t in np.linspace(0.0, seconds, 9)])
        if (
            np.hypot(*line.T).min() < 1.2
            or np.hypot(*line.T).max() > 5.0
            or free_distance(obstacles, line).min() < room
        ):
            continue
        # Whoever is to be seen has to be: all the way, or from its middle on.
        sights = line[len(line) // 2 if behind else 0 :: 2, None] * np.linspace(0.1, 1.0, 20)[:, None]
        if free_distance(obstacles, sights.reshape(-1, 2)).min() < 0.1:
            continue
        if not behind:
            return way, ()
        shade = begin * (1.0 - 0.5 / distance)
        panel = Obstacle("box", (float(shade[0]), float(shade[1])), bearing, (0.1, 1.0, 1.9), "panel")
        sideways = abs(np.sin(way.heading - bearing))
        hidden = line[-1:] * np.linspace(0.1, 1.0, 20)[:, None]
        if free_distance((panel,), hidden).min() < 0.2:
            continue
        if sideways > 0.7 and free_distance((panel,), line).min() >= room - 0.1:
            return way, (panel,)
    return None, ()


def furnished(scene: str, seed: int) -> tuple[Obstacle, ...]:
    """What stands in a scene, its walls as high as those of a hall."""
    return tuple(
        replace(part, size=(*part.size[:2], WALL)) if part.name.startswith("wall") else part
        for part in load_scene(scene, seed).obstacles
    )


def draw_head(rng: np.random.Generator, obstacles: tuple[Obstacle, ...], walks: bool) -> Head:
    """A robot that stands, or has room to walk 1.2 m ahead."""
    heading = rng.uniform(-np.pi, np.pi)
    while walks:
        ahead = np.arange(0.0, 1.3, 0.1)[:, None] * np.array([np.cos(heading), np.sin(heading)])
        if free_distance(obstacles, ahead).min() > 0.35:
            break
        heading = rng.uniform(-np.pi, np.pi)
    return Head(0.3 if walks else 0.0, 0.5 if walks else 0.0, heading, rng)


def summarise(name: str, results: list[Result]) -> None:
    """One line of the table."""
    errors, later = (np.array([e for r in results for e in getattr(r, which)]) for which in ("errors", "later"))
    if not results:
        return
    latency = np.array([r.latency for r in results])
    line = f"{name:34s} {len(results):3d}"
    if len(errors):
        line += f"  1 s: {np.median(errors):.3f} / {np.quantile(errors, 0.9):.3f}"
    if len(later):
        line += f"  later: {np.median(later):.3f} / {np.quantile(later, 0.9):.3f}"
    if np.isfinite(latency).any():
        line += f"  latency {np.nanmedian(latency):.2f} / {np.nanquantile(latency, 0.9):.2f}"
        line += f" missed {int(np.isnan(latency).sum())}"
    for which in ("settled", "restart"):
        values = np.array([getattr(r, which) for r in results])
        if np.isfinite(values).any():
            line += f"  {which} {np.nanmedian(values):.2f} / {np.nanmax(values):.2f}"
    wrong, known = sum(r.wrong for r in results), sum(r.known for r in results)
    scans = sum(len(r.costs) for r in results)
    costs = 1e3 * np.concatenate([r.costs for r in results])
    line += f"  wrong {100 * wrong / known:.4f} %  smear {sum(r.smear for r in results) / scans:.2f} cells/scan"
    print(line + f"  integrate {np.median(costs):.2f} / {np.quantile(costs, 0.99):.2f} ms", flush=True)


def measure(seeds: range, only: str) -> None:
    """The whole table."""
    for walks in (False, True):
        gait = "walks" if walks else "stands"
        if only in ("", "still"):
            still = []
            for scene, seed in product(("room", "clutter"), seeds):
                rng, obstacles = np.random.default_rng(seed), furnished(scene, seed)
                world = World(obstacles, PERSON, seed)
                still.append(run(world, obstacles, draw_head(rng, obstacles, walks), None, 16.0))
            summarise(f"{gait}, nothing moves", still)
        for (thing, parts, room), speed, behind in product(
            (("person", PERSON, 0.45), ("trolley", TROLLEY, 0.8)), (0.3, 0.6, 1.0), (False, True)
        ):
            name = f"{gait}, {thing} {speed} m/s{', from behind' if behind else ''}"
            if only not in name or (behind and thing == "trolley"):
                continue
            results = []
            for seed in seeds:
                rng, obstacles = np.random.default_rng(seed), furnished("room", seed)
                head = draw_head(rng, obstacles, walks)
                seconds = min(6.0, 2.5 / speed)
                way, panel = draw_way(rng, obstacles, speed, room, seconds, behind)
                if way is None:
                    continue
                way, seconds = replace(way, begin=2.0, hidden=not behind), seconds + 2.0
                world = World((*obstacles, *panel), parts, seed)
                results.append(run(world, (*obstacles, *panel), head, way, seconds))
            summarise(name, results)
        if only in ("", "stop"):
            stops = []
            for seed in seeds:
                rng, obstacles = np.random.default_rng(seed), furnished("room", seed)
                head = draw_head(rng, obstacles, walks)
                way, _ = draw_way(rng, obstacles, 0.7, 0.45, 3.5, False)
                if way is None:
                    continue
                way = replace(way, stop=2.0, go=5.0)
                stops.append(run(World(obstacles, PERSON, seed), obstacles, head, way, 6.5))
            summarise(f"{gait}, person stops and goes on", stops)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="0:20")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    measure(range(*map(int, arguments.seeds.split(":"))), arguments.only)
