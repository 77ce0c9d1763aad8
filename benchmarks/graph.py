"""How fast the whole graph runs here: real-time factor, control and planning times, without and with the page.

    python benchmarks/graph.py [--runs 3] [--scene flat] [--goal 4 0.5]

Every run is a headless demo: all nodes up, the robot walks to the goal and is judged. Runs without and with the page
take turns, so that both see the same machine. The page is served and nobody looks at it: a browser draws elsewhere.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from jepa_humanoid.bringup import Options, make_graph
from jepa_humanoid.network import free_port
from jepa_humanoid.runner import run_graph

FIGURES = ("real_time_factor", "control_ms", "plan_ms")


def run(scene: str, goal: tuple[float, float], page: bool, folder: Path) -> dict[str, float]:
    """Walk once; return the figures' values, medians where there are more.

    Raises:
        SystemExit: If the robot did not arrive, which would make the figures meaningless.
    """
    report, log = folder / "report.json", folder / "log"
    options = Options(
        scene=scene, goal=goal, page=page, port=free_port(Options.host, Options.port), seconds=120.0, report=str(report)
    )
    with log.open("w") as lines:
        status = run_graph(make_graph(options), domain=None, log=lines)
    if status:
        raise SystemExit(f"the run ended with status {status}:\n{log.read_text()}")
    figures = json.loads(report.read_text())
    return {name: figures[name]["median"] if isinstance(figures[name], dict) else figures[name] for name in FIGURES}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print medians, with the range in brackets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scene", default="flat")
    parser.add_argument("--goal", type=float, nargs=2, default=(4.0, 0.5))
    chosen = parser.parse_args(arguments)
    results: dict[bool, list[dict[str, float]]] = {False: [], True: []}
    with tempfile.TemporaryDirectory(prefix="jepa_humanoid-") as folder:
        for _ in range(chosen.runs):
            for page, runs in results.items():
                runs.append(run(chosen.scene, tuple(chosen.goal), page, Path(folder)))
    print(f"{'page':>5}  {'real-time factor':>22}  {'control [ms]':>22}  {'plan [ms]':>22}")
    for page, runs in results.items():
        columns = []
        for name in FIGURES:
            values = [figures[name] for figures in runs]
            columns.append(f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})")
        print(f"{'yes' if page else 'no':>5}  " + "  ".join(f"{column:>22}" for column in columns))


if __name__ == "__main__":
    main()
