"""Episodes outlive who makes them: killed workers, a killed command, a cluster."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from jepa_humanoid.data.dataset import episode_paths
from jepa_humanoid.data.files import read_episode
from jepa_humanoid.data.generate import Task, generate
from jepa_humanoid.data.settings import GenerationSettings, Recipe
from jepa_humanoid.world_model.settings import WorldModelSettings

PROGRAM = """
import os, signal, sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from jepa_humanoid.data.cluster import on_ray
from jepa_humanoid.data.generate import Task, generate
from jepa_humanoid.data.settings import GenerationSettings, Recipe
from kinematic_walk import KinematicWalk

def mortal(scene, seed):
    once = Path(os.environ["FOLDER"]) / f"died_{seed}"
    if seed == 2 and not once.exists():
        once.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return KinematicWalk(scene, seed)

if __name__ == "__main__":
    folder = Path(os.environ["FOLDER"])
    settings = replace(GenerationSettings(), seconds=2.0, goals=3)
    run = partial(on_ray, jobs=2) if sys.argv[1] == "ray" else None
    recipe = Recipe(mortal, settings=settings)
    for entry in generate([Task(seed) for seed in (1, 2, 3)], folder / "out", recipe, 2, run):
        print(entry.file, flush=True)
    print("done", flush=True)
"""


def start(folder: Path, how: str) -> "subprocess.Popen[str]":
    """Make three episodes in a process of its own; one of its workers dies on the way."""
    program = folder / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    path = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    return subprocess.Popen(
        [sys.executable, str(program), how],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path, "FOLDER": str(folder)},
    )


def test_a_killed_worker_and_a_killed_command_lose_nothing_that_was_there(
    tmp_path: Path, kinematic_walk: Callable
) -> None:
    """A dead worker's episode is made again; after kill -9 the same command keeps what is there and makes the rest."""
    parent = start(tmp_path, "here")
    assert parent.stdout is not None
    said = [parent.stdout.readline().strip() for _ in range(2)]
    parent.kill()
    parent.communicate(timeout=120)
    assert (tmp_path / "died_2").exists()
    made = {path.name: path.stat().st_mtime_ns for path in episode_paths(tmp_path / "out")}
    assert made.keys() >= set(said)
    recipe = Recipe(kinematic_walk, settings=replace(GenerationSettings(), seconds=2.0, goals=3))
    entries = list(generate([Task(seed) for seed in (1, 2, 3)], tmp_path / "out", recipe))
    assert [entry.file for entry in entries if entry.file in made] == sorted(made)
    now = {path.name: path.stat().st_mtime_ns for path in episode_paths(tmp_path / "out")}
    assert len(now) == 3
    assert all(now[name] == made[name] for name in made)
    assert {read_episode(path)[0].seed for path in episode_paths(tmp_path / "out")} == {1, 2, 3}


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="needs ray: pip install -e '.[ray]'")
def test_a_cluster_makes_the_same_episodes(tmp_path: Path, kinematic_walk: Callable) -> None:
    """On a local cluster of two processors, one of whose workers dies: each episode once, as it is made here."""
    parent = start(tmp_path, "ray")
    said, _ = parent.communicate(timeout=300)
    # Ray says things of its own.
    ours = sorted(line for line in said.splitlines() if line.startswith(("walk", "done")))
    assert ours == ["done", *(f"walk_000000{seed}.parquet" for seed in (1, 2, 3))]
    assert (tmp_path / "died_2").exists()
    recipe = Recipe(kinematic_walk, WorldModelSettings(), replace(GenerationSettings(), seconds=2.0, goals=3))
    (entry,) = generate([Task(2)], tmp_path / "here", recipe)
    there, here = (read_episode(tmp_path / folder / entry.file)[1] for folder in ("out", "here"))
    assert (there.codes == here.codes).all()
    assert (there.commands == here.commands).all()
