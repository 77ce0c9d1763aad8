"""Tunes how a robot catches itself, by a seeded search: `pip install -e .[tune]`, then `python scripts/tune_catch.py`.

CMA-ES (Hansen & Ostermeier 2001) over the settings in `TUNED`. In each generation all candidates stand and walk through
the same trials: estimated state, noise, 2 to 10 ms of delay, friction and masses drawn, pushes of 0.1 s at the torso in
eight directions. Each generation has a seed of its own, from 1100 on; seeds 0 to 20 are for judging.

A survivor counts as 1, less for a large tilt; who falls counts by how late. The mean of each generation's distribution
goes to a file, one line of JSON a generation, as overrides that `--set` understands. With two processes it takes
three minutes; the defaults in `CatchSettings` and `CatchFactors` are rounded from such a search.
"""

import argparse
import json
import math
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

# Before numpy: one thread a process.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import cma
import numpy as np

from jepa_humanoid.robot.description import DEFAULT_ROBOT, load_robot
from jepa_humanoid.robot.state import VelocityCommand
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.world import WorldSettings
from jepa_humanoid.workers import in_a_copy

FIRST_SEED = 1100
DIRECTIONS = 8
STANDING, MOVING = (40.0, 50.0), (36.0, 46.0)
"""Impulses of pushes [N·s]."""
PACE = 0.3
"""Of the walk [m/s]."""
REST = 2.2
"""Time to come to rest after a push [s]."""
WORST_TILT = math.radians(45.0)


class Tuned(NamedTuple):
    """A setting that the search may change.

    Attributes:
        name: As in an override.
        start: Where the search begins.
        scale: Of a step of one: a factor e^scale if relative, else a difference.
        relative: Whether it is a factor.
        bounds: That it keeps to.
    """

    name: str
    start: float
    scale: float
    relative: bool = True
    bounds: tuple[float, float] = (0.0, math.inf)

    def at(self, step: float) -> float:
        """Its value after so many steps of one."""
        value = self.start * math.exp(self.scale * step) if self.relative else self.start + self.scale * step
        return round(min(max(value, self.bounds[0]), self.bounds[1]), 5)


TUNED = (
    Tuned("gait.push.filter_time", 0.018, 0.3),
    Tuned("gait.push.least", 1.86, 0.3),
    Tuned("gait.push.duration", 0.0606, 0.3),
    Tuned("gait.catch.error", 0.0346, 0.4),
    Tuned("gait.catch.late_error", 0.0409, 0.3),
    Tuned("gait.catch.transfer", 0.012, 0.3),
    Tuned("gait.catch.stretch", 0.944, 0.03, False, (0.9, 1.06)),
    Tuned("gait.catch.least_height", 0.774, 0.05, False, (0.65, 0.9)),
    Tuned("gait.catch.past", 0.127, 0.3),
    Tuned("gait.catch.clear", 0.24, 0.2),
    Tuned("gait.catch.early", 0.919, 0.06, False, (0.6, 1.0)),
    Tuned("gait.catch.swing_acceleration", 138.0, 0.2),
    Tuned("gait.catch.swing_height", 0.0672, 0.25),
    Tuned("gait.catch.fold_until", 0.4, 0.1, False, (0.1, 0.8)),
    Tuned("gait.catch.spin", 0.93, 0.25, False, (0.0, 2.0)),
    Tuned("gait.catch.error_weight", 1.3, 0.5),
    Tuned("gait.catch.give_weight", 0.00068, 0.7),
    Tuned("gait.catch.height_weight", 0.149, 0.7),
    Tuned("gait.catch.change_weight", 0.00485, 0.7),
    Tuned("gait.catch.crossing_weight", 0.0026, 0.7),
    Tuned("gait.catch.time_weight", 0.00557, 0.7),
    Tuned("gait.catch.rise", 11.8, 0.3),
    Tuned("gait.freeze_time", 0.0651, 0.3),
    Tuned("gait.capture_fraction", 0.897, 0.08, False, (0.5, 0.99)),
    Tuned("gait.sole_margin", 0.0157, 0.3),
    Tuned("whole_body.catch.com", 0.0628, 0.8),
    Tuned("whole_body.catch.height", 55.7, 0.7),
    Tuned("whole_body.catch.momentum", 0.851, 0.8),
    Tuned("whole_body.catch.torso", 6.91, 0.7),
    Tuned("whole_body.catch.base", 64.8, 0.7),
    Tuned("whole_body.catch.swing", 5.5, 0.6),
    Tuned("whole_body.catch.swing_height", 10.3, 0.6),
    Tuned("whole_body.catch.swing_rotation", 2.33, 0.6),
    Tuned("whole_body.catch.arms", 16.4, 0.7),
    Tuned("whole_body.fold.weight", 200.0, 0.7),
    Tuned("whole_body.fold.angle", 0.8, 0.2, False, (0.2, 1.3)),
    Tuned("whole_body.fold.stiffness", 400.0, 0.4),
    Tuned("whole_body.friction", 0.475, 0.04, False, (0.35, 0.6)),
)


def overrides(tuned: list[Tuned], steps: np.ndarray) -> str:
    """Settings after steps of the search, as text that `load_robot` takes."""
    return "; ".join(f"{one.name}={one.at(step)}" for one, step in zip(tuned, steps.tolist(), strict=True))


def worth(robot: str, seed: int, settings: str) -> float:
    """How well a candidate came through all pushes of a seed, from 0 to 1."""
    rng = np.random.default_rng((seed, DIRECTIONS))
    delay = 1e-3 * float(rng.integers(2, 11))
    # Every other seed pushes between the axes.
    turned = math.pi / DIRECTIONS * (seed % 2)
    world = WorldSettings(seed=seed, randomize=True, actuation_delay=delay)
    rollout = Rollout(load_robot(robot, settings), load_scene("flat"), world)
    rollout.run(VelocityCommand(), 1.0)
    worths = list(_pushed(rollout, STANDING, 0.0, turned))
    upright = rollout.run(VelocityCommand(forward=PACE), 3.0 + float(rng.uniform(0.0, 0.84)))
    worths += _pushed(rollout, MOVING, PACE, turned) if upright else [0.0] * (DIRECTIONS * len(MOVING))
    return float(np.mean(worths))


def _pushed(rollout: Rollout, impulses: tuple[float, ...], pace: float, turned: float) -> Iterator[float]:
    """Each push begins in a copy of the process, so that what comes before it is simulated only once."""
    for impulse in impulses:
        for k in range(DIRECTIONS):
            angle = turned + 2.0 * math.pi * k / DIRECTIONS
            yield in_a_copy(partial(_push, rollout, impulse, angle, pace))


def _push(rollout: Rollout, impulse: float, angle: float, pace: float) -> float:
    world = rollout.world
    world.push(impulse * np.array([math.cos(angle), math.sin(angle), 0.0]))
    ticks, tilt = round(REST / world.settings.control_period), 0.0
    for tick in range(ticks):
        rollout.tick(VelocityCommand(forward=pace))
        tilt = max(tilt, world.truth().tilt)
        if world.fallen or not rollout.body.engaged:
            return 0.4 * tick / ticks
    return 1.0 - 0.3 * min(tilt / WORST_TILT, 1.0)


def main() -> None:
    """Search, and write down the mean of each generation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robot", default=DEFAULT_ROBOT)
    parser.add_argument("--generations", type=int, default=12)
    parser.add_argument("--candidates", type=int, default=14, help="a generation")
    parser.add_argument("--only", nargs="+", default=[""], help="settings whose names begin so, in place of all")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED, help="of the first generation")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--log", type=Path, default=Path("tune_catch.jsonl"))
    given = parser.parse_args()
    tuned = [one for one in TUNED if one.name.startswith(tuple(given.only))]
    if not tuned:
        parser.error(f"--only {' '.join(given.only)}: no setting's name begins so; the names are in TUNED")
    options = {"seed": 7, "popsize": given.candidates, "verbose": -9}
    search = cma.CMAEvolutionStrategy(np.zeros(len(tuned)), 0.5, options)
    with (
        ProcessPoolExecutor(given.jobs, mp_context=get_context("fork")) as pool,
        given.log.open("a", encoding="utf-8") as log,
    ):
        for generation in range(given.generations):
            candidates = search.ask()
            rate = partial(worth, given.robot, given.first_seed + generation)
            worths = list(pool.map(rate, (overrides(tuned, candidate) for candidate in candidates)))
            search.tell(candidates, [-one for one in worths])
            line = {
                "generation": generation,
                "best": round(max(worths), 3),
                "mean": round(float(np.mean(worths)), 3),
                "set": overrides(tuned, search.mean),
            }
            log.write(json.dumps(line) + "\n")
            log.flush()
            print(f"generation {generation}: best {line['best']}, mean {line['mean']}")


if __name__ == "__main__":
    main()
