"""The families of scenes by their names, and the draw of one: a site, a start and goal in it, and who moves about."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from jepa_humanoid.simulation.families import factory, field, kitchen
from jepa_humanoid.simulation.families.crowd import add_people, add_trolleys
from jepa_humanoid.simulation.families.passage import Passage
from jepa_humanoid.simulation.families.site import Site, how_many, mixed
from jepa_humanoid.simulation.rules import Family

TRIES = 40
"""Sites that are drawn before there counts as no way in any."""
GOAL_DISTANCE = (5.0, 9.0)
"""From start to goal as the crow flies [m]."""


@dataclass(frozen=True)
class Kind:
    """What is a family's own.

    Attributes:
        draw: Draws what stands and lies there.
        margin: Half the width that some way to the goal has [m].
        people: How many walk about at most, on average, where it is easy and where it is hard.
        trolleys: The same of trolleys.
    """

    draw: Callable[[np.random.Generator, float], Site]
    margin: float
    people: tuple[float, float] = (0.0, 0.0)
    trolleys: tuple[float, float] = (0.0, 0.0)


FAMILIES: dict[Family, Kind] = {
    "factory": Kind(factory.draw, 0.32, people=(1.0, 3.0), trolleys=(0.6, 2.0)),
    "kitchen": Kind(kitchen.draw, 0.36, people=(1.6, 2.8)),
    "field": Kind(field.draw, 0.4),
}


def draw_site(family: Family, difficulty: float | None, seed: int) -> Site | None:
    """Draw a scene's site, in the world: its start is the origin, along x.

    Args:
        family: Its kind.
        difficulty: 0 to 1; None to draw that as well.
        seed: The same seed draws the same.

    Returns:
        None if no site of this seed has a start and a goal with a way between them.
    """
    kind, rng = FAMILIES[family], np.random.default_rng(seed)
    drawn = float(rng.random())
    hard = drawn if difficulty is None else difficulty
    for _ in range(TRIES):
        site = kind.draw(rng, hard)
        passage = Passage(site, kind.margin)
        found = passage.draw_start_and_goal(rng, GOAL_DISTANCE)
        if found is None:
            continue
        start, site.goal = found
        add_people(site, passage, start[:2], _few(rng, kind.people, hard), rng)
        add_trolleys(site, passage, start[:2], _few(rng, kind.trolleys, hard), rng)
        return site.moved(start)
    return None


def _few(rng: np.random.Generator, most: tuple[float, float], difficulty: float) -> int:
    """How many to ask for: up to what is most at a difficulty, and rarely none."""
    greatest = mixed(*most, difficulty)
    return how_many(rng, 0.4 * greatest, greatest)
