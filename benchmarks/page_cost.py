"""What the browser page costs: processor time of a page that shows a walking robot, for 0, 1 and 2 browsers.

    python benchmarks/page_cost.py [--seconds 15] [--rate 25]

The browsers are web sockets of another process that read everything and draw nothing. Everything that a run shows is
shown: the robot, an elevation grid with obstacles, a plan, footsteps, forces, plots.
"""

import argparse
import multiprocessing
import time

import numpy as np

from jepa_humanoid.monitor.health import Health
from jepa_humanoid.monitor.page import Page
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.state import BaseEstimate, ElevationGrid, Goal, Vector
from jepa_humanoid.safety import BodyMode
from jepa_humanoid.status import BodyStatus, FootstepStatus, PlanState, PlanStatus

STEP = 0.7
"""Duration of two steps [s]."""

OBSTACLES = ((1.9, 0.9, 0.5, 0.4, 0.55), (2.4, -0.7, 0.3, 0.6, 0.9), (0.9, 1.6, 0.6, 0.3, 0.12))
"""Centre, size and height of boxes [m]."""


def walking(robot: RobotDescription, time_: float) -> Vector:
    """Configuration of something that looks like walking."""
    q = robot.nominal_configuration.copy()
    index = {name: 7 + k for k, name in enumerate(robot.joint_names)}
    phase = 2.0 * np.pi * time_ / STEP
    q[0] += 0.3 * time_
    q[1] += 0.02 * np.sin(phase)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        lift = max(0.0, sign * np.sin(phase))
        q[index[f"{side}_hip_pitch_joint"]] -= 0.35 * lift
        q[index[f"{side}_knee_joint"]] += 0.7 * lift
        q[index[f"{side}_ankle_pitch_joint"]] -= 0.35 * lift
        q[index[f"{side}_shoulder_pitch_joint"]] += 0.25 * sign * np.sin(phase)
    q[7:] += np.random.default_rng(round(1e3 * time_)).normal(0.0, 5e-4, len(q) - 7)
    return q


def elevation(base: BaseEstimate, random: np.random.Generator) -> ElevationGrid:
    """Boxes on a floor, with noise, as far as a LiDAR sees."""
    resolution, n = 0.08, 64
    ahead = (np.arange(n) - (n - 1) / 2) * resolution
    x, y = np.meshgrid(ahead + base.position[0], ahead + base.position[1], indexing="ij")
    heights = random.normal(0.0, 0.004, x.shape)
    for at_x, at_y, length, width, height in OBSTACLES:
        heights[(abs(x - at_x) < length / 2) & (abs(y - at_y) < width / 2)] = height
    heights[np.hypot(x - base.position[0], y - base.position[1]) > 2.5] = np.nan
    return ElevationGrid(base.stamp, heights.astype(np.float32), resolution)


def show(page: Page, robot: RobotDescription, tick: int, now: float, random: np.random.Generator) -> None:
    """One tick of a run, everything at the rate at which the nodes say it."""
    q = walking(robot, now)
    base = BaseEstimate(now, q[:3], q[3:7], np.array([0.3, 0.0, 0.0]), np.zeros(3))
    page.show_state(q, 0.0)
    page.show_odometry(base)
    if tick % 3 == 0:
        page.show_elevation(elevation(base, random), base, 0.0)
        steps = tuple(FootstepStatus(k % 2, np.array([q[0] + 0.2 * k, 0.1 * (-1) ** k, 0.0]), 0.0) for k in range(3))
        feet, forces = np.array([[q[0], 0.1, 0.0], [q[0], -0.1, 0.0]]), np.array([[10.0, 5, 100], [-8, -5, 230]])
        dcm = np.array([q[0] + 0.05, q[1], 0.0])
        page.show_body(BodyStatus(now, BodyMode.WALK, "walking", True, np.ones(2), feet, forces, steps, q[:3], dcm))
        page.show_control_time(now, 0.7)
    if tick % 5 == 0:
        turn = random.normal(0.0, 0.5, (32, 1)) * np.arange(10) * 0.2
        paths = q[:2] + 0.16 * np.cumsum(np.stack([np.cos(turn), np.sin(turn)], axis=-1), axis=1)
        surprise = 1.0 + 0.1 * random.normal()
        page.show_plan(
            PlanStatus(
                now,
                PlanState.WALKING,
                surprise=surprise,
                plan_ms=70.0,
                candidates=paths,
                costs=random.random(32),
                path=paths[0],
            )
        )


def read_everything(port: int, count: int) -> None:
    """Be so many browsers until killed."""
    import asyncio

    import viser
    from websockets.asyncio.client import connect
    from websockets.typing import Subprotocol

    async def browse() -> None:
        protocol = Subprotocol(f"viser-v{viser.__version__}")
        async with connect(f"ws://127.0.0.1:{port}", subprotocols=[protocol], max_size=None) as socket:
            async for _ in socket:
                pass

    async def browse_all() -> None:
        await asyncio.gather(*(browse() for _ in range(count)))

    asyncio.run(browse_all())


def measure(robot: RobotDescription, browsers: int, seconds: float, rate: float) -> tuple[float, float, float]:
    """Seconds to build the page, share of a core that it takes [%], and ticks a second that it kept up with."""
    began = time.perf_counter()
    with Page(robot, port=0) as page:
        built = time.perf_counter() - began
        page.show_goal(Goal(np.array([3.0, 0.0]), 0.0))
        page.show_health(Health(), 1.0)
        readers = multiprocessing.get_context("spawn").Process(target=read_everything, args=(page.port, browsers))
        readers.start()
        time.sleep(3.0)
        random = np.random.default_rng(0)
        start, spent, tick = time.perf_counter(), time.process_time(), 0
        while (now := time.perf_counter() - start) < seconds:
            show(page, robot, tick, now, random)
            tick += 1
            time.sleep(max(0.0, start + tick / rate - time.perf_counter()))
        share = 100.0 * (time.process_time() - spent) / now
        readers.terminate()
        readers.join()
    return built, share, tick / now


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rate", type=float, default=25.0, help="robot states a second")
    arguments = parser.parse_args()
    robot = load_robot("g1")
    print("browsers  built in [s]  share of a core [%]  ticks a second")
    for browsers in (0, 1, 2):
        built, share, ticks = measure(robot, browsers, arguments.seconds, arguments.rate)
        print(f"{browsers:8d}  {built:12.1f}  {share:19.1f}  {ticks:14.1f}", flush=True)


if __name__ == "__main__":
    main()
