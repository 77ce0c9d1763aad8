"""Searches for the postures by which a robot gets up: `pip install -e .[tune]`, `python scripts/search_getting_up.py`.

CMA-ES (Hansen & Ostermeier 2001) over durations and joints of the postures under `rise` in the robot's file in
`config/getting_up`, from which it begins. In each generation all candidates get up from the same falls onto the back,
with noise, 2 to 10 ms of delay, friction and masses drawn, in a single attempt, to the end of 2 s on their feet under
the walker. Seeds are from 1100 on; seeds 0 to 20 are for judging.

Who fails counts by how many postures came before, and by how high the pelvis came while it was upright; who gets up
counts by how calm the hand-over was: the pelvis's tilt and rate, and how far the centre of mass was from the middle of
the feet, in truth; and by the motors' load: the mean square of torques over their limits. The mean of each generation's
distribution goes to a file, as YAML that can replace the robot's. Another robot needs a first
guess in `config/getting_up`, named after it.

What somebody has thought of is compared in the same way, without a search:
`python scripts/search_getting_up.py --try "sit on the heels: duration=1.3, hold=0" --first 2000 --falls 20`.
"""

import argparse
import os
import re
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, NamedTuple

# Before numpy: one thread a process.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import cma
import numpy as np
import pinocchio as pin
import yaml

from jepa_humanoid.body import BodySettings
from jepa_humanoid.config import parse
from jepa_humanoid.evaluation.lying import lay_down
from jepa_humanoid.evaluation.trial import Conditions
from jepa_humanoid.geometry import up_in
from jepa_humanoid.locomotion.rising.motion import GettingUpFile, make_motion
from jepa_humanoid.resources import named_file
from jepa_humanoid.robot.description import DEFAULT_ROBOT, SIDES, RobotDescription, load_robot, sole_frame
from jepa_humanoid.safety import BodyMode
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.workers import worker_pool

FIRST_SEED = 1100
DELAY = (0.002, 0.010)
PATIENCE, STANDING = 16.0, 2.0
"""Time for one attempt, and for which the robot has to stand after it [s]."""
ANGLE, DURATION = 0.08, 0.15
"""What a step of one changes: joints [rad], and durations by a factor e to this."""
FELL_AGAIN, FAILED = 1.0, 3.0
"""Cost of falling under the walker, beside how calm it was, and of not even coming to it."""


class Postures:
    """What the search may change of a file, and the file with it changed."""

    def __init__(self, file: dict[str, Any]) -> None:
        """Take every duration, and every joint that is named."""
        self._file = file
        self.places = [(k, name) for k, entry in enumerate(file["rise"]) for name in ("", *entry["joints"])]

    def at(self, steps: np.ndarray) -> dict[str, Any]:
        """The file after so many steps of one."""
        rise = [{**entry, "joints": dict(entry["joints"])} for entry in self._file["rise"]]
        for (k, joint), step in zip(self.places, steps.tolist(), strict=True):
            if joint:
                rise[k]["joints"][joint] = round(rise[k]["joints"][joint] + ANGLE * step, 3)
            else:
                rise[k]["duration"] = round(rise[k]["duration"] * float(np.exp(DURATION * step)), 3)
        return {**self._file, "rise": rise}


def changed(file: dict[str, Any], change: str) -> dict[str, Any]:
    """The file with a posture changed: its name, a colon, and what is to be otherwise, times or joints."""
    name, _, values = change.partition(":")
    rise = [{**entry, "joints": dict(entry["joints"])} for entry in file["rise"]]
    (entry,) = [entry for entry in rise if entry["name"] == name]
    for value in values.split(","):
        what, _, number = value.strip().partition("=")
        (entry if what in ("duration", "hold", "upright") else entry["joints"])[what] = float(number)
    return {**file, "rise": rise}


def compare(robot: RobotDescription, file: dict[str, Any], seeds: range) -> str:
    """How many falls a file gets up from in one attempt, and what it costs."""
    costs = [cost(robot, file, seed) for seed in seeds]
    failed = [seed for seed, one in zip(seeds, costs, strict=True) if not one.stands]
    return f"{len(costs) - len(failed)} of {len(costs)}, cost {np.mean([one.cost for one in costs]):.3f}, not {failed}"


class Outcome(NamedTuple):
    """What getting up costs a candidate, and whether it stood for a while after it."""

    cost: float
    stands: bool


def cost(robot: RobotDescription, file: dict[str, Any], seed: int) -> Outcome:
    """What becomes of a candidate that fell onto its back."""
    motion = make_motion(robot, parse(GettingUpFile, {**file, "attempts": 1}, "a candidate"))
    world = Conditions(delay=DELAY).draw(seed, "mujoco")
    rollout = Rollout(robot, load_scene("flat"), world, BodySettings(motion=motion))
    lay_down(rollout.world, "back", seed)
    rollout.sample = rollout.world.sense()
    rollout.body.stand_up()
    ticks, load, said, postures, highest = 0, 0.0, "", 0, 0.0
    while not rollout.body.engaged and rollout.body.mode is not BodyMode.FALLEN and ticks * 0.002 < PATIENCE:
        rollout.tick()
        load += float(np.mean((rollout.world.effort / robot.joints.effort) ** 2))
        ticks, postures = ticks + 1, postures + (rollout.body.reason != said)
        said = rollout.body.reason
        base = rollout.world.engine.base
        highest = max(highest, float(base.position[2] * up_in(base.orientation)[2]))
    if not rollout.body.engaged:
        return Outcome(FAILED - postures / (len(motion.rise) + 5) - highest, stands=False)
    truth = rollout.world.truth()
    calm = truth.tilt + float(np.linalg.norm(truth.linear_velocity)) + 5.0 * abs(_off_centre(robot, rollout))
    if not _stands(rollout):
        return Outcome(FELL_AGAIN + calm, stands=False)
    return Outcome(calm + 2.0 * load / ticks, stands=True)


def try_out(robot: str, file: dict[str, Any], seed: int) -> float:
    """What becomes of a candidate in another process."""
    return cost(load_robot(robot), file, seed).cost


def _stands(rollout: Rollout) -> bool:
    for _ in range(round(STANDING / 0.002)):
        rollout.tick()
        if not rollout.body.engaged:
            return False
    return True


def _off_centre(robot: RobotDescription, rollout: Rollout) -> float:
    """Distance of the centre of mass from the middle of the soles, over the ground [m]."""
    base, data = rollout.world.engine.base, robot.model.createData()
    q = np.concatenate([base.position, base.orientation, rollout.world.engine.position])
    com = pin.centerOfMass(robot.model, data, q)
    pin.updateFramePlacements(robot.model, data)
    soles = [data.oMf[robot.frame_id(sole_frame(side))].translation for side in SIDES]
    return float(np.linalg.norm((com - np.mean(soles, axis=0))[:2]))


def main() -> None:
    """Search, and write down the mean of each generation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robot", default=DEFAULT_ROBOT)
    parser.add_argument("--generations", type=int, default=12)
    parser.add_argument("--candidates", type=int, default=10, help="a generation")
    parser.add_argument("--falls", type=int, default=3, help="of each candidate")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--only", default="", help="postures whose names match, in place of all")
    parser.add_argument("--try", dest="change", help="compare this with the file as it is, in place of searching")
    parser.add_argument("--first", type=int, default=FIRST_SEED, help="seed")
    parser.add_argument("--out", type=Path, default=Path("getting_up.yaml"))
    given = parser.parse_args()
    file = yaml.safe_load(named_file("config/getting_up", given.robot).read_text(encoding="utf-8"))
    if given.change is None:
        with worker_pool(given.jobs) as pool:
            search(given, file, pool)
        return
    robot, seeds = load_robot(given.robot), range(given.first, given.first + given.falls)
    print("as it is:", compare(robot, file, seeds))
    print("changed: ", compare(robot, changed(file, given.change), seeds))


def search(given: argparse.Namespace, file: dict[str, Any], pool: Executor) -> None:
    """Search from a file on, as the options say."""
    postures = Postures(file)
    names = [postures.at(np.zeros(len(postures.places)))["rise"][k]["name"] for k, _ in postures.places]
    chosen = np.array([re.search(given.only, name) is not None for name in names])
    full = np.zeros(len(names))

    def candidate(steps: np.ndarray) -> dict[str, Any]:
        full[chosen] = np.clip(steps, -3.0, 3.0)
        return postures.at(full)

    options = {"seed": 7, "popsize": given.candidates, "verbose": -9}
    strategy = cma.CMAEvolutionStrategy(np.zeros(int(chosen.sum())), 0.5, options)
    for generation in range(given.generations):
        seeds = range(given.first + given.falls * generation, given.first + given.falls * (generation + 1))
        candidates = strategy.ask()
        tries = [(given.robot, candidate(one), seed) for one in candidates for seed in seeds]
        costs = np.reshape(list(pool.map(try_out, *zip(*tries, strict=True))), (-1, given.falls)).mean(axis=1).tolist()
        strategy.tell(candidates, costs)
        found = yaml.safe_dump(candidate(strategy.mean), sort_keys=False, width=120)
        said = f"generation {generation}: best {min(costs):.3f}, mean {np.mean(costs):.3f}"
        given.out.write_text(f"# {said}\n{found}", encoding="utf-8")
        print(said, flush=True)


if __name__ == "__main__":
    main()
