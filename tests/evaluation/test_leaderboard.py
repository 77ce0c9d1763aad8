"""Planners side by side: what is counted, what a file holds, and what a page shows."""

import json
from pathlib import Path

import pytest

from jepa_humanoid.evaluation.errors import EvaluationError
from jepa_humanoid.evaluation.leaderboard import family, markdown, read_standing, standing, write_standing
from jepa_humanoid.evaluation.leaderboard_page import write_page
from jepa_humanoid.evaluation.navigation import Trial, shortest_way
from jepa_humanoid.simulation.obstacles import Obstacle
from jepa_humanoid.simulation.scenes import Scene


def trial(planner: str, seed: int, ended: str, scene: str = "room", speed: float | None = None) -> Trial:
    """A walk of 4 m, 3 m by the shortest way, that ended so."""
    return Trial(
        scene=scene,
        seed=seed,
        planner=planner,
        reached=ended == "reached",
        fell=ended == "fell",
        touched=ended == "touched",
        time=20.0 + seed,
        crow=2.5,
        distance=0.1,
        length=4.0,
        shortest=3.0,
        near_misses=seed,
        energy=800.0,
        odometry_error=0.02,
        plan_ms=(30.0 + seed, 60.0),
        path=[(0.0, 0.0), (1.0, 0.5)],
        speed=speed,
    )


SLOW = [
    trial("jepa", 0, "reached"),
    trial("jepa", 2, "reached"),
    trial("jepa", 4, "fell"),
    trial("jepa", 0, "touched", "clutter"),
]


def test_what_is_counted() -> None:
    """By family and together: ends are counted, and times and ways are means over the trials that reached the goal."""
    figures = standing(SLOW, "g1")
    room, clutter, whole = figures["scenes"]["room"], figures["scenes"]["clutter"], figures["all"]
    assert (room["trials"], room["successes"], room["falls"], room["touches"], room["near_misses"]) == (3, 2, 1, 0, 6)
    assert (room["time_s"], room["path_ratio"]) == (21.0, pytest.approx(4 / 3, abs=1e-3))
    assert room["success_interval"][0] < 2 / 3 < room["success_interval"][1]
    assert (clutter["successes"], clutter["touches"], clutter["time_s"]) == (0, 1, None)
    assert (whole["trials"], whole["energy_j_per_m"], whole["odometry_relative"]) == (4, 200.0, 0.005)
    assert (figures["planner"], figures["plan_ms"]) == ("jepa", {"median": 31.0, "p99": 60.0})
    assert len(figures["rows"]) == 4


def test_a_scene_is_one_of_a_family() -> None:
    """Whatever its difficulty, folder and ending."""
    assert [family(name) for name in ("room", "factory:0.7", "my/office.yaml")] == ["room", "factory", "office"]


def test_files_and_table(tmp_path: Path) -> None:
    """What is written is read again; the table has the best first; what is no report is named."""
    path = tmp_path / "jepa.json"
    write_standing(path, standing(SLOW, "g1"))
    better = standing([trial("random", 0, "reached", speed=0.2)], "g1")
    lines = markdown([read_standing(path), better]).splitlines()
    assert lines[0] == "| planner | room | clutter | falls | touches | plan |"
    assert lines[2].startswith("| random at 0.2 m/s | 1 of 1 (21 to 100 %), 20.0 s | – |")
    assert lines[3].startswith("| jepa | 2 of 3 ")
    for name, content in (("text", "hello"), ("list", "[]"), ("other", '{"suite": "walk"}')):
        wrong = tmp_path / name
        wrong.write_text(content)
        with pytest.raises(EvaluationError, match=f"{name} is no report of humanoid evaluate navigation"):
            read_standing(wrong)
    with pytest.raises(EvaluationError, match="cannot read"):
        read_standing(tmp_path / "gone.json")


def test_a_page_shows_all_planners(tmp_path: Path) -> None:
    """Figures of each, a curve in each family, and the ways; nothing is fetched from elsewhere."""
    read = json.loads(json.dumps(standing(SLOW, "g1")))
    fast = standing([trial("jepa", 0, "touched", speed=0.5), trial("jepa", 1, "reached", speed=0.5)], "g1")
    write_page(tmp_path / "page.html", [read, fast])
    text = (tmp_path / "page.html").read_text()
    for said in ("jepa at 0.5 m/s", "jepa in clutter", "2 of 3 (", "near misses", "<svg"):
        assert said in text
    assert text.count("data:image/png") == 3
    assert not any(fetch in text for fetch in ('src="http', "url(http", "<link", "<script"))


def test_the_shortest_way_is_the_bodys() -> None:
    """It goes round a wall with room for the body; a goal in the open is as far as the crow flies."""
    wall = Obstacle("box", (2.0, 0.0), 0.0, (0.1, 2.0, 1.0), "wall")
    behind = Scene("wall", (wall,), 0.8, (0.0, 0.0, 0.0), (4.0, 0.0))
    assert shortest_way(behind, 0.3) == pytest.approx(2.0 * (2.0**2 + 1.3**2) ** 0.5, rel=0.06)
    assert shortest_way(behind, 0.3) > shortest_way(behind, 0.1)
    assert shortest_way(Scene("open", (), 0.8, (0.0, 0.0, 0.0), (3.0, 1.0)), 0.3) == pytest.approx(10.0**0.5, rel=0.03)
