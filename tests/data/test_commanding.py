"""Who commands the walks that become episodes, and what was drawn for them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from jepa_humanoid.cli import app
from jepa_humanoid.data.cost_to_go import TravelMap
from jepa_humanoid.data.draws import draws_of, plain
from jepa_humanoid.data.errors import DataError
from jepa_humanoid.data.settings import GenerationSettings, Recipe, read_shares, write_shares
from jepa_humanoid.data.walking import walk_episode
from jepa_humanoid.data.wandering import Wanderer, WanderingSettings
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.simulation import simulate
from jepa_humanoid.world_model.settings import CommandLimits


def test_a_planner_leads_the_robot_to_one_place_after_the_other(
    kinematic_walk: Callable, short: GenerationSettings
) -> None:
    """It walks, within the limits, and the header says who asked for it."""
    planned = replace(short, seconds=8.0, planned=1.0, pushed=0.0, scenes=(("clutter", 1.0),))
    header, recording = walk_episode(Recipe(kinematic_walk, settings=planned), load_robot("g1"), 4)
    assert header.draws["commander"] == "planner kinematic"
    assert header.draws["pushes"] == []
    limits = CommandLimits()
    assert (np.abs(recording.commands[:, 0]) <= limits.forward[1]).all()
    assert np.linalg.norm(recording.poses[-1, :2] - recording.poses[0, :2]) > 0.5


def test_a_planner_that_nobody_knows_is_named() -> None:
    """Before anything is generated."""
    with pytest.raises(DataError, match="no planner 'clever': known are jepa"):
        GenerationSettings(planner="clever")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--scenes", "nowhere"], "nowhere"),
        (["--planner", "clever"], "no planner 'clever'"),
        (["--robot", "talos", "--planner", "jepa"], "the planner 'jepa' needs a world model, and 'talos' has none yet"),
    ],
)
def test_what_cannot_be_made_is_said_first(tmp_path: Path, options: list[str], why: str) -> None:
    """Not after hours of work, by the first episode that meets it."""
    ran = CliRunner().invoke(app, ["data", "generate", *options, "--out", str(tmp_path / "out")])
    assert ran.exit_code == 2
    assert why in ran.output.replace("\n", " ")
    assert not (tmp_path / "out").exists()


def test_commands_jump_to_the_opposite(kinematic_walk: Callable) -> None:
    """Within one period, from one end of the limits to the other; the command stays in between."""
    scene, limits = load_scene("flat"), CommandLimits()
    jumping = WanderingSettings(shares=(0.0, 0.0, 0.0, 0.0, 1.0), duration=(30.0, 30.0))
    wanderer = Wanderer(TravelMap(scene, [(0.0, 0.0)]), limits, np.random.default_rng(0), jumping)
    frame = kinematic_walk(scene, 0).frame
    commands = np.array([wanderer.command(frame).as_array() for _ in range(200)])
    steps = np.abs(np.diff(commands[:, 0]))
    assert steps.max() == pytest.approx(limits.forward[1] - limits.forward[0])
    assert 10 < np.count_nonzero(np.abs(np.diff(commands, axis=0)).sum(axis=1)) < 100


def test_what_a_world_drew_is_written_down() -> None:
    """Friction and the mass of each link as they are in that world, and how the world was set."""
    walk = simulate(load_scene("flat"), 3)
    drawn = draws_of(walk)
    world = walk.rollout.world
    assert drawn["body"]["friction"] == world.draw.friction
    assert drawn["body"]["mass_scale"] == dict(world.draw.mass_scale)
    assert drawn["world"]["actuation_delay"] == world.settings.actuation_delay
    assert drawn["world"]["payload"] == [0.0, 0.0]


def test_any_draw_is_plain() -> None:
    """What more is drawn one day goes into JSON: arrays, inertias, and whatever else by its words."""
    inertia = load_robot("g1").model.inertias[1]
    assert plain({"a": np.arange(2), "b": np.float32(0.5), "c": (1, None)}) == {"a": [0, 1], "b": 0.5, "c": [1, None]}
    assert plain({"in": inertia})["in"]["mass"] == pytest.approx(inertia.mass)
    assert plain(1j) == "1j"


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("clutter", (("clutter", 1.0),)),
        ("clutter=3, my/room.yaml", (("clutter", 3.0), ("my/room.yaml", 1.0))),
        ("a=b.yaml,flat=0.5", (("a=b.yaml", 1.0), ("flat", 0.5))),
    ],
)
def test_scenes_have_shares(text: str, shares: tuple) -> None:
    """Names and paths, with a number behind them or without."""
    assert read_shares(text) == shares
    assert read_shares(write_shares(shares)) == shares


@pytest.mark.parametrize("text", ["", ",", "clutter=0", "clutter=-1", "clutter=nan", "clutter=inf"])
def test_no_scenes_are_refused(text: str) -> None:
    """In a sentence."""
    with pytest.raises(DataError, match=r"^scenes: "):
        read_shares(text)
