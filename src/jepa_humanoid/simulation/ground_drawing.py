"""Draws the ground of a scene from its rules, ahead of where the robot starts."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import singledispatch

import numpy as np

from jepa_humanoid.geometry import compose
from jepa_humanoid.simulation.ground import Slab
from jepa_humanoid.simulation.rules import GroundRule, HillRule, RubbleRule, StepsRule

_THICKNESS = 0.1
"""Of what lies on the floor [m]; most of it is below that."""

Pose = tuple[float, float, float]


def draw_ground(rules: Sequence[GroundRule], start: Pose, rng: np.random.Generator) -> tuple[Slab, ...]:
    """Draw what the rules ask for, one after the other.

    Args:
        rules: What there shall be.
        start: Of the robot: x, y [m] and yaw [rad] in the world.
        rng: Source of the draws.
    """
    return tuple(
        _moved(replace(slab, name=f"ground_{k}_{number}"), start)
        for k, rule in enumerate(rules)
        for number, slab in enumerate(_draw(rule, rng))
    )


@singledispatch
def _draw(rule: GroundRule, rng: np.random.Generator) -> Iterator[Slab]:
    """Slabs as seen from the start, x ahead."""
    raise NotImplementedError(type(rule).__name__)


@_draw.register
def _(rule: HillRule, rng: np.random.Generator) -> Iterator[Slab]:
    slope, flank, crest = (float(rng.uniform(*bounds)) for bounds in (rule.slope, rule.flank, rule.crest))
    turned = (0.0, 0.0, _either_way(rule.turn, rng))
    rise, begin = flank * math.tan(slope), rule.distance
    for length, height, angle in ((flank, rise / 2, slope), (crest, rise, 0.0), (flank, rise / 2, -slope)):
        size = (length / math.cos(angle), rule.width, _THICKNESS)
        yield _moved(Slab("", (begin + length / 2, 0.0, height), size, slope=angle), turned)
        begin += length


@_draw.register
def _(rule: RubbleRule, rng: np.random.Generator) -> Iterator[Slab]:
    count = round(rule.cover * rule.length * rule.width / float(np.mean(rule.breadth)) ** 2)
    for _ in range(count):
        ahead, aside = rule.distance + rule.length * rng.random(), rule.width * (rng.random() - 0.5)
        length, width = rng.uniform(*rule.breadth, 2).tolist()
        ahead = max(ahead, rule.distance + 0.5 * math.hypot(length, width))
        slope, bank = rng.uniform(-rule.tilt, rule.tilt, 2).tolist()
        height = float(rng.uniform(*rule.height))
        # Nothing sticks out higher than asked for.
        corner = 0.5 * (length * abs(math.sin(slope)) + width * abs(math.sin(bank)))
        stone = Slab(
            "",
            (0.0, 0.0, max(height - corner, 0.2 * height)),
            (length, width, _THICKNESS),
            slope=slope,
            bank=bank,
            friction=None if rule.friction is None else float(rng.uniform(*rule.friction)),
            softness=float(rng.uniform(*rule.softness)),
        )
        yield _moved(stone, (ahead, aside, float(rng.uniform(-math.pi, math.pi))))


@_draw.register
def _(rule: StepsRule, rng: np.random.Generator) -> Iterator[Slab]:
    turned = (0.0, 0.0, _either_way(rule.turn, rng))
    level, begin = 0.0, rule.distance
    for _ in range(rule.count):
        rise, tread = float(rng.uniform(*rule.rise)), float(rng.uniform(*rule.tread))
        level += -rise if level >= rise and rng.random() < 0.5 else rise
        if level > 0.0:
            size = (tread, rule.width, level + _THICKNESS)
            yield _moved(Slab("", (begin + tread / 2, 0.0, level), size), turned)
        begin += tread


def _either_way(turn: tuple[float, float], rng: np.random.Generator) -> float:
    return float(rng.uniform(*turn)) * float(rng.choice((-1.0, 1.0)))


def _moved(slab: Slab, pose: Pose) -> Slab:
    """The same slab, of which place and yaw were in a frame with this pose."""
    x, y, yaw = compose(pose, (*slab.top[:2], slab.yaw)).tolist()
    return replace(slab, top=(x, y, slab.top[2]), yaw=yaw)
