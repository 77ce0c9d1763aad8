"""How fast the whole graph runs: all nodes up, a robot that walks to a goal and is judged."""

import json
import statistics
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.graph.arguments import make_options
from jepa_humanoid.graph.assembly import make_graph
from jepa_humanoid.graph.options import Options
from jepa_humanoid.graph.processes import run_graph
from jepa_humanoid.network import free_port
from jepa_humanoid.simulation.world import WorldSettings

PACES = {"paced": 1.0, "unpaced": 0.0}
"""Real-time factor that a run is held to; 0 for as fast as it goes."""


class GraphRunError(HumanoidError, RuntimeError):
    """The robot did not arrive, which would make the figures meaningless."""


def bench_graph(
    runs: int = 3,
    scene: str = "flat",
    goal: tuple[float, float] = (4.0, 0.5),
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, object]:
    """Measure runs as fast as they go and at the pace of the wall clock, without and with the page, in turns.

    The page is served and nobody looks at it: a browser draws elsewhere.

    Args:
        runs: Of each kind.
        scene: Name of a scene, or its YAML file.
        goal: Where to walk, in ``odom`` [m].
        say: Told what is going on.

    Returns:
        For each kind of run: `real_time_factor`, `plan_ms`, and where a control period's time went: `physics_ms`,
        `control_ms` (from a state's arrival to the command's departure), `transport_ms` (the rest, if unpaced).

    Raises:
        GraphRunError: If a robot does not arrive.
    """
    results: dict[tuple[str, bool], list[dict[str, float]]] = {}
    with TemporaryDirectory(prefix="jepa_humanoid-") as folder:
        for number in range(runs):
            for pace, factor in PACES.items():
                for page in (False, True):
                    say(f"run {number + 1} of {runs}, {pace}, {'with' if page else 'without'} the page")
                    kind = results.setdefault((pace, page), [])
                    kind.append(_run(scene, goal, factor, page, Path(folder)))
    report: dict[str, object] = {"scene": scene, "runs": runs}
    for (pace, page), kind in results.items():
        medians = {name: round(statistics.median(run[name] for run in kind), 4) for name in kind[0]}
        report[f"{pace}, {'with' if page else 'without'} page"] = medians
    return report


def _run(scene: str, goal: tuple[float, float], factor: float, page: bool, folder: Path) -> dict[str, float]:
    file, log = folder / "report.json", folder / "log"
    options = make_options(
        scene=scene,
        goal=goal,
        page=page,
        real_time_factor=factor,
        port=free_port(Options.host, Options.port),
        seconds=120.0,
        report=str(file),
    )
    with log.open("w", encoding="utf-8") as lines:
        status = run_graph(make_graph(options), domain=None, log=lines)
    if status:
        raise GraphRunError(f"the run ended with status {status}:\n{log.read_text(encoding='utf-8')[-2000:]}")
    figures: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    period = 1e3 * WorldSettings().control_period / figures["real_time_factor"]
    physics, control = (figures[name]["median"] for name in ("physics_ms", "answer_ms"))
    result = {
        "real_time_factor": figures["real_time_factor"],
        "plan_ms": figures["plan_ms"]["median"],
        "physics_ms": physics,
        "control_ms": control,
    }
    return result if factor else {**result, "transport_ms": period - physics - control}
