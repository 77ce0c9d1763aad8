"""One tick of the body, by stages, and beside other solvers on the same states."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from jepa_humanoid.bench.figures import Laps, median_ms, quantiles, timed
from jepa_humanoid.bench.peer import Peer
from jepa_humanoid.control.target import WholeBodyTarget
from jepa_humanoid.locomotion.model.walker import ModelWalker
from jepa_humanoid.robot.description import DEFAULT_ROBOT, SIDES, RobotDescription, load_robot
from jepa_humanoid.robot.state import Vector, VelocityCommand
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.world import WorldSettings

COMMANDS = (VelocityCommand(), VelocityCommand(forward=0.3), VelocityCommand(0.2, 0.0, 0.4), VelocityCommand())
"""What the robot is asked for, each for the same time."""
STAGES = ("estimator", "model_terms", "gait", "qp_assembly", "qp_solve", "rest")
SETTLING = 0.5
"""Simulated time before anything is measured [s]."""
PLACO = Peer("placo", ("placo==0.10.2",), Path(__file__).with_name("placo_peer.py"))


def bench_body(
    robot: str = DEFAULT_ROBOT,
    seconds: float = 20.0,
    rounds: int = 3,
    peers: bool = True,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, object]:
    """Measure the tick in closed loop, and the program beside placo's on the states that it went through.

    Args:
        robot: A name in ``config/robots``, or the path of a YAML file.
        seconds: Simulated time of a round [s].
        rounds: Rounds; ours and the peers' take turns, and medians over all rounds count.
        peers: Whether to run the peers, which installs them into environments of their own the first time.
        say: Told what is going on.

    Returns:
        `tick_ms`, `stages_ms`, `qp_ms` (assembly and solution), `floor_ms` (model terms and solution alone),
        `closed_loop_factor` (simulated time over time, with physics), `peers`.

    Raises:
        PeerError: If a peer cannot be installed or run.
    """
    description = load_robot(robot)
    ticks: list[float] = []
    laps: dict[str, list[float]] = {stage: [] for stage in STAGES}
    factors, durations = [], []
    environment = PLACO.prepare(say) if peers else None
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        factors.append(_factor(description, seconds))
        walk = _Walk(description)
        walk.run(seconds, ticks, laps)
        if environment is not None:
            with TemporaryDirectory(prefix="jepa_humanoid-") as folder:
                states = Path(folder) / "states.npz"
                walk.save(states)
                durations += [1e-3 * d for d in PLACO.run(environment, states)["solve_ms"]]
    stages = {stage: median_ms(values) for stage, values in laps.items()}
    qp = median_ms([a + s for a, s in zip(laps["qp_assembly"], laps["qp_solve"], strict=True)])
    tick = quantiles(ticks)
    report: dict[str, object] = {
        "robot": description.name,
        "ticks": len(ticks),
        "tick_ms": tick,
        "stages_ms": stages,
        "qp_ms": qp,
        "floor_ms": round(stages["model_terms"] + stages["qp_solve"], 4),
        "closed_loop_factor": round(float(np.median(factors)), 2),
        "peers": {},
    }
    if durations:
        theirs = median_ms(durations)
        report["peers"] = {
            PLACO.name: {
                "qp_ms": theirs,
                "ratio": round(qp / theirs, 3),
                # placo's solve computes mass matrix and Jacobians too.
                "ratio_with_model_terms": round((qp + stages["model_terms"]) / theirs, 3),
                "tick_ratio": round(tick["median"] / theirs, 3),
            }
        }
    return report


def _factor(robot: RobotDescription, seconds: float) -> float:
    """Simulated over wall time of a closed loop that nobody measures from within."""
    rollout = _rollout(robot)

    def run() -> None:
        for command in COMMANDS:
            rollout.run(command, seconds / len(COMMANDS))

    return seconds / timed(run)[0]


def _rollout(robot: RobotDescription) -> Rollout:
    rollout = Rollout(robot, load_scene("flat"), WorldSettings(seed=1, randomize=True))
    rollout.run(None, SETTLING)
    return rollout


class _Walk:
    """A closed loop whose ticks are measured and whose states are kept."""

    def __init__(self, robot: RobotDescription) -> None:
        self._robot = robot
        self._rollout = _rollout(robot)
        self._laps = laps = Laps()
        body = self._rollout.body
        walker = body._walker
        assert isinstance(walker, ModelWalker)
        controller, model = walker._controller, walker._dynamics
        self._states: dict[str, list[Vector]] = {name: [] for name in ("q", "v", "load", "com")}

        def remember(dynamics: object, q: Vector, v: Vector, target: WholeBodyTarget, dt: float) -> object:
            state = (q.copy(), v.copy(), np.array([foot.load for foot in target.feet]), model.com.copy())
            for name, value in zip(self._states, state, strict=True):
                self._states[name].append(value)
            return solve(model, q, v, target, dt)

        for program in controller._programs.values():
            laps.watch(program, "solve_forces", "qp_solve")
            laps.watch(program, "solve_within", "qp_solve")
        laps.watch(controller, "solve", "qp")
        solve = controller.solve
        controller.solve = remember  # type: ignore[method-assign, assignment]
        laps.watch(body._estimator, "update", "estimator")
        laps.watch(model, "update", "model_terms")
        laps.watch(walker._planner, "update", "gait")

    def run(self, seconds: float, ticks: list[float], stages: dict[str, list[float]]) -> None:
        """Walk, and add what each tick took."""
        rollout, totals = self._rollout, self._laps.totals
        for command in COMMANDS:
            for _ in range(round(seconds / len(COMMANDS) / rollout.world.settings.control_period)):
                self._laps.begin()
                tick, answer = timed(rollout.body.step, rollout.sample, command)
                rollout.world.advance(answer)
                rollout.sample = rollout.world.sense()
                ticks.append(tick)
                known = totals["estimator"] + totals["model_terms"] + totals["gait"] + totals["qp"]
                for stage in ("estimator", "model_terms", "gait", "qp_solve"):
                    stages[stage].append(totals[stage])
                stages["qp_assembly"].append(totals["qp"] - totals["qp_solve"])
                stages["rest"].append(tick - known)

    def save(self, path: Path) -> None:
        """Write the states, and the robot without its meshes, for a peer."""
        robot = self._robot
        urdf = ElementTree.tostring(robot.urdf(), encoding="unicode")
        urdf = re.sub(r"<(visual|collision)\b.*?</\1>", "", urdf, flags=re.DOTALL)
        np.savez(
            path,
            urdf=urdf,
            base=robot.frames.base,
            torso=robot.frames.torso,
            feet=[robot.feet[side].frame for side in SIDES],
            corners=[robot.feet[side].corners for side in SIDES],
            joints=list(robot.joint_names),
            nominal=robot.joints.nominal,
            **{name: np.array(values) for name, values in self._states.items()},  # type: ignore[arg-type]
        )
