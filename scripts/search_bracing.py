"""Searches for postures to meet the ground in: `pip install -e .[tune]`, `python scripts/search_bracing.py`.

CMA-ES (Hansen & Ostermeier 2001) over the joints named under `fall` in the robot's file in `config/getting_up`, from
which it begins, one side after the other. Robots that stand and that walk are pushed over, with noise, 2 to 10 ms of
delay, friction and masses drawn; each is simulated once until it gives up balancing, and every candidate falls on from
there in a copy of the process. Seeds are from 2400 on; seeds 0 to 19 are for judging.

A fall costs the greatest forces with which the ground meets its parts, in truth [kN], weighed by `PRICES`: the head
counts most. The mean of the last generation is compared with the file, and with joints that damp at once, in falls that
the search has not seen.
"""

import argparse
import math
import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

# Before numpy: one thread a process.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import cma
import numpy as np
import yaml
from rich.progress import track

from jepa_humanoid.config import parse
from jepa_humanoid.evaluation.impacts import ImpactMeter, summarize_impacts
from jepa_humanoid.evaluation.trial import Conditions
from jepa_humanoid.geometry import up_in
from jepa_humanoid.locomotion.rising.bracing import Bracing
from jepa_humanoid.locomotion.rising.mirror import Mirror
from jepa_humanoid.locomotion.rising.motion import Fall, GettingUpFile, make_motion, side_of
from jepa_humanoid.resources import named_file
from jepa_humanoid.robot.description import DEFAULT_ROBOT, RobotDescription, load_robot
from jepa_humanoid.robot.state import JointCommand, VelocityCommand
from jepa_humanoid.safety import BodyMode
from jepa_humanoid.simulation.mujoco_engine import MujocoEngine
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.workers import in_a_copy

FIRST_SEED, TRIES = 2400, 50
"""Where seeds begin, and how many are tried for each fall that is asked for."""
PRICES = {"head": 1.0, "trunk": 0.5, "arms": 0.35, "legs": 0.1}
"""Of a force of a kilonewton."""
TOWARDS = {"front": 0.0, "left": math.pi / 2, "back": math.pi}
"""Where pushes go, counter-clockwise from forward, that make a robot fall to a side, most of the time [rad]."""
SPREAD, PUSHES, PACES = 0.7, (50.0, 100.0), (0.0, 0.3)
"""How far pushes may go to either side [rad], how large they are [N·s], and at what speed the robot walks [m/s]."""
SETTLING, WALKING, PATIENCE, LANDING = 1.0, 3.0, 2.5, 1.2
"""Time for which a robot stands, then walks, in which it has to fall, and in which it meets the ground [s]."""
STEP = 0.35
"""Of joints in the first generation [rad]."""


def make_fall(robot: RobotDescription, file: dict[str, Any], side: str, joints: dict[str, float]) -> Fall:
    """What the file says, but for one side."""
    changed = {**file, "fall": {**file["fall"], side: joints}}
    fall = make_motion(robot, parse(GettingUpFile, changed, "a candidate")).fall
    assert fall is not None
    return fall


def falls_to(robot: RobotDescription, side: str, count: int, first: int) -> list[Rollout]:
    """Robots that have just given up balancing, and fall to a side."""
    found: list[Rollout] = []
    seed = first
    while len(found) < count:
        if seed - first >= TRIES * count:
            sys.exit(
                f"{len(found)} of {seed - first} robots that were pushed fell to the side '{side}' and braced "
                f"themselves, and {count} are asked for: ask for fewer --falls, or see whether `safety.brace` is on"
            )
        rng = np.random.default_rng(seed)
        pace, impulse = PACES[seed % 2], float(rng.uniform(*PUSHES))
        rollout = Rollout(robot, load_scene("flat"), Conditions(delay=(0.002, 0.010)).draw(seed, "mujoco"))
        rollout.run(None, SETTLING)
        if pace:
            rollout.run(VelocityCommand(pace), WALKING + float(rng.uniform(0.0, 0.84)))
        angle = TOWARDS[side] + float(rng.uniform(-SPREAD, SPREAD))
        rollout.world.push(impulse * np.array([math.cos(angle), math.sin(angle), 0.0]))
        ticks = 0
        while rollout.body.engaged and ticks * rollout.world.settings.control_period < PATIENCE:
            rollout.tick(VelocityCommand(pace))
            ticks += 1
        if rollout.body.mode is BodyMode.FALLING and _side(rollout) == side:
            found.append(rollout)
        seed += 1
    return found


def _askew(robot: RobotDescription) -> set[str]:
    """Joints that turn the robot out of its own mirror image, as a waist's roll and yaw do."""
    mirror = Mirror(robot)
    turned = mirror(np.ones(robot.joint_count))
    return {name for k, name in enumerate(robot.joint_names) if mirror.partner[k] == k and turned[k] < 0.0}


def _side(rollout: Rollout) -> str:
    """To which side the robot falls by its estimate."""
    assert rollout.body.estimate is not None
    return side_of(-up_in(rollout.body.estimate.orientation))


def land(rollout: Rollout, fall: Fall | None) -> dict[str, float]:
    """Greatest forces of the ground [N] on a robot that braces itself so, or damps at once."""
    world, body = rollout.world, rollout.body
    assert isinstance(world.engine, MujocoEngine)
    assert body.estimate is not None
    meter, bracing = ImpactMeter(world.robot, world.engine), None if fall is None else Bracing(fall)
    if bracing is not None:
        bracing.begin(rollout.sample, up_in(body.estimate.orientation))
    for _ in range(round(LANDING / world.settings.control_period)):
        stamp = rollout.sample.stamp
        damps = bracing is None or bracing.over(stamp)
        world.advance(JointCommand.damping(stamp, world.robot.joint_count) if damps else bracing.answer(stamp))
        rollout.sample = world.sense()
        meter.look()
    return meter.peaks


def cost(peaks: Sequence[dict[str, float]]) -> float:
    """Mean price of falls."""
    return float(np.mean([sum(PRICES[part] * force for part, force in one.items()) for one in peaks])) / 1000.0


def search(given: argparse.Namespace, robot: RobotDescription, file: dict[str, Any], side: str) -> None:
    """Search on for one side, and say what was found."""
    written: dict[str, float] = file["fall"][side]
    names = [name for name in written if side == "left" or name not in _askew(robot)]
    rollouts = falls_to(robot, side, given.falls, given.first)

    def peaks(those: Sequence[Rollout], fall: Fall | None) -> list[dict[str, float]]:
        return [in_a_copy(partial(land, one, fall)) for one in those]

    def made(values: np.ndarray) -> dict[str, float]:
        return {**written, **dict(zip(names, np.round(values, 2).tolist(), strict=True))}

    options = {"seed": 7, "popsize": given.candidates, "verbose": -9}
    strategy = cma.CMAEvolutionStrategy([written[name] for name in names], STEP, options)
    for _ in track(range(given.generations), f"{side}, generations"):
        candidates = strategy.ask()
        strategy.tell(
            candidates, [cost(peaks(rollouts, make_fall(robot, file, side, made(one)))) for one in candidates]
        )
    found, others = made(strategy.mean), falls_to(robot, side, given.falls, given.first + 1000)
    candidates = {
        "damping at once": None,
        "as it is": make_fall(robot, file, side, written),
        "found": make_fall(robot, file, side, found),
    }
    for name, fall in candidates.items():
        forces = peaks(others, fall)
        print(f"{side}, {name}: cost {cost(forces):.2f}; median and ninth decile [N] {summarize_impacts(forces)}")
    print(yaml.safe_dump({side: found}, default_flow_style=None, sort_keys=False, width=110), flush=True)


def main() -> None:
    """Search for each side that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robot", default=DEFAULT_ROBOT)
    parser.add_argument("--sides", default=",".join(TOWARDS))
    parser.add_argument("--generations", type=int, default=12)
    parser.add_argument("--candidates", type=int, default=8, help="a generation")
    parser.add_argument("--falls", type=int, default=16, help="of each candidate")
    parser.add_argument("--first", type=int, default=FIRST_SEED, help="seed")
    given = parser.parse_args()
    file = yaml.safe_load(named_file("config/getting_up", given.robot).read_text(encoding="utf-8"))
    robot = load_robot(given.robot)
    if not file.get("fall"):
        sys.exit(f"config/getting_up/{given.robot}.yaml has no `fall` to begin from: see docs/falls.md")
    for side in given.sides.split(","):
        if side not in TOWARDS:
            sys.exit(f"no side '{side}': known are {', '.join(TOWARDS)}")
        search(given, robot, file, side)


if __name__ == "__main__":
    main()
