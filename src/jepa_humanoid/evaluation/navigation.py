"""Does it get there? Closed loops over drawn scenes, with everything a robot has to cope with, and who did how well."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from pathlib import Path
from time import perf_counter

import numpy as np

from jepa_humanoid import geometry
from jepa_humanoid.data.cost_to_go import TravelCost, TravelMap
from jepa_humanoid.locomotion.walkers import MODEL
from jepa_humanoid.mind import Mind
from jepa_humanoid.robot.description import DEFAULT_ROBOT, load_robot
from jepa_humanoid.robot.state import Goal, VelocityCommand
from jepa_humanoid.simulation.errors import SceneError
from jepa_humanoid.simulation.scenes import Scene, clearance_along, load_scene
from jepa_humanoid.simulation.walk import PERIOD, Frame, WalkMaker
from jepa_humanoid.status import PlanState
from jepa_humanoid.workers import worker_pool

REACHED = 0.3
"""True distance to the goal that counts as reached [m]."""
NEAR = 0.1
"""Between the robot's body and what stands there, as a near miss [m]."""


@dataclass(frozen=True)
class NavigationSettings:
    """How a trial runs.

    Attributes:
        seconds: Time allowed, at least [s].
        pace: Speed at which the shortest way is to be walked, so that a long one has more time [m/s].
        settling: Time for which the robot stands before it is given the goal [s].
        resting: Time at the goal before it is judged [s].
        latency: Periods from observation to command: a planner on a robot needs most of one.
    """

    seconds: float = 60.0
    pace: float = 0.12
    settling: float = 0.5
    resting: float = 1.0
    latency: int = 1


@dataclass(frozen=True)
class Trial:
    """What became of one walk.

    Attributes:
        scene: Name of the scene, or its YAML file.
        seed: That drew scene, noise, friction and masses.
        planner: Who chose the velocities.
        reached: Whether it came within `REACHED` of the goal, in truth, and stood there, without fall or touch.
        fell: Whether it fell.
        touched: Whether it touched an obstacle.
        time: Until it was judged [s].
        crow: Distance from start to goal [m].
        distance: From the goal at the end, in truth [m].
        length: Of the true path [m].
        shortest: Of the shortest path on which the body touches nothing, for whoever knows the scene [m].
        near_misses: Times that the body came within `NEAR` of something, and did not touch it.
        energy: Mechanical work of all joints, without what could be regained [J].
        odometry_error: Distance between estimated and true position at the end [m].
        plan_ms: Median and 99th percentile of the time that the mind took for a plan, everything included [ms].
        path: True positions, one a second [m].
        walker: What walked.
        speed: That the planner might ask for [m/s]; None for its settings'.
    """

    scene: str
    seed: int
    planner: str
    reached: bool
    fell: bool
    touched: bool
    time: float
    crow: float
    distance: float
    length: float
    shortest: float
    near_misses: int
    energy: float
    odometry_error: float
    plan_ms: tuple[float, float]
    path: list[tuple[float, float]] = field(repr=False)
    walker: str = MODEL
    speed: float | None = None


def run_trial(
    scene: Scene, seed: int, mind: Mind, make_walk: WalkMaker, name: str, settings: NavigationSettings | None = None
) -> Trial:
    """Walk one robot to one scene's goal.

    Args:
        scene: With a goal.
        seed: Of the walk.
        mind: What decides; used for this trial alone.
        make_walk: Makes the robot.
        name: Of the planner, for the report.
        settings: Times.

    Raises:
        SceneError: If the scene has no goal.
    """
    s = settings or NavigationSettings()
    if scene.goal is None:
        raise SceneError(f"scene '{scene.name}' has no goal to walk to")
    walk = make_walk(scene, seed)
    goal = Goal(geometry.to_local(scene.start, scene.goal))
    waiting = [VelocityCommand()] * s.latency
    path, plan_ms = [walk.frame.configuration[:2].copy()], []
    movers = [walk.frame.movers]
    fell = touched = False
    at_rest = energy = 0.0
    time = 0.0
    shortest = shortest_way(scene, mind.radius)
    allowed = max(s.seconds, shortest / s.pace)
    while time < allowed and at_rest < s.resting and not (fell or touched):
        frame = walk.frame
        begin = perf_counter()
        waiting.append(mind.step(frame.elevation, frame.base, goal if time >= s.settling else None))
        if mind.status.state is PlanState.WALKING:
            plan_ms.append(1e3 * (perf_counter() - begin))
        walk.advance(waiting.pop(0))
        time += PERIOD
        frame = walk.frame
        path.append(frame.configuration[:2].copy())
        fell, touched = frame.fallen, frame.touching
        movers.append(frame.movers)
        energy += PERIOD * frame.effort
        at_rest = at_rest + PERIOD if mind.arrived else 0.0
    distance = float(np.linalg.norm(path[-1] - scene.goal))
    near = clearance_along(scene, path, movers)[1:] < mind.radius + NEAR
    # A walking pelvis sways; every half second is close enough to the way that was walked.
    way = np.array([*path[::5], path[-1]])
    return Trial(
        scene=scene.name,
        seed=seed,
        planner=name,
        reached=distance <= REACHED and not fell and not touched,
        fell=fell,
        touched=touched,
        time=round(time, 1),
        crow=float(np.linalg.norm(np.subtract(scene.goal, scene.start[:2]))),
        distance=distance,
        length=float(np.linalg.norm(np.diff(way, axis=0), axis=1).sum()),
        shortest=shortest,
        near_misses=max(int((np.diff(near.astype(int), prepend=0) > 0).sum()) - touched, 0),
        energy=round(energy, 1),
        odometry_error=_odometry_error(scene, walk.frame),
        plan_ms=(float(np.median(plan_ms)), float(np.percentile(plan_ms, 99))) if plan_ms else (0.0, 0.0),
        path=[(round(float(x), 3), round(float(y), 3)) for x, y in [*path[::10], path[-1]]],
    )


def evaluate(
    scenes: Sequence[str],
    seeds: Sequence[int],
    planner: str,
    model: Path | None,
    make_walk: WalkMaker,
    jobs: int = 1,
    settings: NavigationSettings | None = None,
    robot: str = DEFAULT_ROBOT,
    overrides: str = "",
    speed: float | None = None,
) -> Iterator[Trial]:
    """Run a planner over seeds of scenes; yields the trials scene by scene, in the order of the seeds.

    Args:
        scenes: Names of scenes, or their YAML files.
        seeds: Of scenes, walks and searches.
        planner: Who plans.
        model: Folder of the world model; None for the robot's own.
        make_walk: Makes the robot, which has to be the one named.
        jobs: Processes.
        settings: Times.
        robot: Whose mind plans: a name in ``config/robots``, or a YAML file.
        overrides: What is to be otherwise than its file says.
        speed: That the planner may ask for ahead [m/s]; None for its settings'.
    """
    run = partial(
        _trial,
        planner=planner,
        model=model,
        make_walk=make_walk,
        settings=settings,
        robot=robot,
        overrides=overrides,
        speed=speed,
    )
    asked = list(product(scenes, seeds))
    if jobs <= 1:
        yield from map(run, asked)
        return
    with worker_pool(jobs) as pool:
        yield from pool.map(run, asked)


def _trial(
    asked: tuple[str, int],
    planner: str,
    model: Path | None,
    make_walk: WalkMaker,
    settings: NavigationSettings | None,
    robot: str,
    overrides: str,
    speed: float | None,
) -> Trial:
    scene, seed = asked
    mind = Mind.load(model, planner, seed, load_robot(robot, overrides), speed)
    trial = run_trial(load_scene(scene, seed), seed, mind, make_walk, planner, settings)
    # As it was asked for: whoever draws the trial has to find its file again.
    return replace(trial, scene=scene, speed=speed)


def shortest_way(scene: Scene, radius: float) -> float:
    """Length of the shortest way to the goal with so much clearance [m]; the crow's if there is none.

    Args:
        scene: With a goal.
        radius: Of the robot [m].
    """
    assert scene.goal is not None
    cost = TravelCost(slope=0.0, blocked=radius)
    start = np.array([scene.start[:2]])
    way = TravelMap(scene, [scene.start[:2], scene.goal], cost).to(scene.goal)[0].at(start)
    crow = float(np.linalg.norm(np.subtract(scene.goal, scene.start[:2])))
    return max(float(np.nan_to_num(way[0], nan=crow)), crow)


def _odometry_error(scene: Scene, frame: Frame) -> float:
    return float(np.linalg.norm(geometry.to_local(scene.start, frame.configuration[:2]) - frame.base.position[:2]))
