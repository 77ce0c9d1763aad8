"""Catching a fall: where, when and how to land when the nominal region does not hold the robot any more.

A search over two steps. For a stance foot, a landing time T and a share δ of its weight by which the robot gives way,
the pendulum's motion is known in closed form,

    c̈ = (1 − δ) ω² (c − p),      z̈ = −δ g

with the ZMP p at the point of the stance sole that is nearest to the DCM. A robot that gives way is tipped more slowly,
for there is less weight to tip it: that buys time for a long step, and the lower the hips, the farther the leg reaches.
The height is given back by the leg that lands, whose push then slows the robot down. A foot may land beside the stance
foot, or cross in front of or behind it; it lands where the DCM will be, within the reach of leg and swing. From there a
second step is tried in the same way, and what leaves the smallest error after both is taken.

Regions for crossing: arXiv 2307.11968. Several steps ahead: Koolen et al., "Capturability-based analysis and control of
legged locomotion" (2012).
"""

import math
from typing import NamedTuple

import numpy as np

from jepa_humanoid.compiled import kernel
from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.robot.state import Vector

_BESIDE, _IN_FRONT, _BEHIND = 0, 1, 2
_REGIONS = 3
_LEAST_REACH = 0.05
"""That is left to a G1's leg whose hip is higher than the leg is long [m]."""
_TOLERANCE = 0.02
"""By which a G1's landing that the swing cannot quite reach may miss its region [m]."""
DURATIONS = np.array((0.16, 0.19, 0.22, 0.25, 0.28, 0.31, 0.34, 0.37, 0.4, 0.44, 0.48, 0.52, 0.56, 0.6, 0.65))
"""That are tried for a step of a G1 [s]; other robots fall faster or slower."""
NEXT_DURATIONS = np.array((0.19, 0.22, 0.25, 0.28, 0.32, 0.36, 0.42))
"""That are tried for the step after it [s]."""
GIVES = np.array((0.0, 0.3, 0.6, -0.3, -0.6))
"""Shares of the weight that are tried; a robot that gives way by less than nothing rises."""


class Motion(NamedTuple):
    """Motion of the centre of mass, on the ground plane and above it.

    Attributes:
        place: [m].
        velocity: [m/s].
        height: Above the ground [m].
        climb: Its rate [m/s].
        spin: By which the DCM will have gone on when the robot has stopped turning over: ω L / (m g), with the angular
            momentum L about the centre of mass, pitch forward and roll to the left [m].
    """

    place: complex
    velocity: complex
    height: float
    climb: float
    spin: complex = 0j


class Reach(NamedTuple):
    """What legs and feet can do when they catch.

    Attributes:
        sole: How far the ZMP may be from the middle of its range in the sole, forward and to the side [m].
        middle: Of that range, ahead of the sole's centre [m].
        leg: Greatest distance of a sole from its hip [m].
        hip: Of a hip from the middle, to the side [m].
        below: Of the hips below the centre of mass [m].
        height: Of the centre of mass while walking [m].
        least_height: To which it may come down [m].
        near: Least lateral distance between the feet [m].
        past: By which a crossing foot may land past the stance foot [m].
        clear: Forward distance from the stance foot at which a foot may cross [m].
        early: Share of its swing in which a crossing foot comes there.
        acceleration: Greatest one of a swing foot [m/s²].
        transfer: Time in which a foot is unloaded [s].
        brake: Acceleration with which a leg stops the robot's descent [m/s²].
        freeze: Before landing in which nothing changes [s].
        flight: Shortest of a foot in the air; below it a step is none [s].
        size: How lengths compare with a G1's.
    """

    sole: complex
    middle: float
    leg: float
    hip: float
    below: float
    height: float
    least_height: float
    near: float
    past: float
    clear: float
    early: float
    acceleration: float
    transfer: float
    brake: float
    freeze: float
    flight: float
    size: float


class Swing(NamedTuple):
    """The foot that is to land, relative to the stance foot and in the walking frame.

    Attributes:
        side: 1 for the left one, -1 for the right one.
        place: [m].
        velocity: [m/s].
    """

    side: float
    place: complex
    velocity: complex


class CatchWeights(NamedTuple):
    """What a landing costs.

    Attributes:
        error: Square of the DCM offset's error after the first step; after the second it counts as 1.
        give: Giving way by the whole weight, or rising with as much [m²].
        height: Square of the height's error at landing.
        change: Another duration than was chosen last [m²].
        crossing: A foot that crosses [m²].
        time: Square of what the step is longer or shorter than usual [m²/s²].
        usual: Duration of a step that costs nothing [s].
    """

    error: float
    give: float
    height: float
    change: float
    crossing: float
    time: float
    usual: float


class Catch(NamedTuple):
    """A landing that catches the robot.

    Attributes:
        position: Relative to the stance foot, in the walking frame [m].
        duration: From support switch to landing [s].
        give: Share of its weight by which the robot gives way until then.
        cost: The lower, the better; infinite if nothing was found.
    """

    position: complex
    duration: float
    give: float
    cost: float


def crosses(landing: complex, side: float, reach: Reach) -> bool:
    """Whether the legs cross with a foot of this side at a place relative to the other one."""
    return landing.imag * side < reach.near - _TOLERANCE * reach.size


@kernel
def tipped(motion: Motion, zmp: complex, omega: float, give: float, time: float) -> Motion:
    """Motion after a time over a resting ZMP.

    Args:
        motion: Now.
        zmp: [m].
        omega: Natural frequency under the whole weight [1/s].
        give: Share of the weight that the robot gives way by, below 1.
        time: [s].
    """
    rate = omega * math.sqrt(1.0 - give)
    offset = motion.place - zmp
    c, s = math.cosh(rate * time), math.sinh(rate * time)
    return Motion(
        zmp + offset * c + motion.velocity * (s / rate),
        motion.velocity * c + offset * (rate * s),
        motion.height + motion.climb * time - 0.5 * give * GRAVITY * time * time,
        motion.climb - give * GRAVITY * time,
        motion.spin,
    )


@kernel
def braked(motion: Motion, zmp: complex, omega: float, give: float, time: float, brake: float) -> Motion:
    """As `tipped`, for a robot that stops its descent first unless it is to give way."""
    if motion.climb < 0.0 and give <= 0.0:
        first = min(time, -motion.climb / brake)
        motion, time = tipped(motion, zmp, omega, -brake / GRAVITY, first), time - first
    return tipped(motion, zmp, omega, give, time)


@kernel
def search_catch(
    motion: Motion,
    swing: Swing,
    offset: complex,
    elapsed: float,
    last: float,
    omega: float,
    reach: Reach,
    weights: CatchWeights,
    durations: Vector,
    next_durations: Vector,
    gives: Vector,
) -> Catch:
    """Find the landing that leaves least to be caught after two steps.

    Args:
        motion: Measured, relative to the stance foot and in the walking frame.
        swing: The other foot.
        offset: DCM relative to the landing foot that the next step would like [m].
        elapsed: Since the support switch [s].
        last: Duration chosen last [s]; 0 for none.
        omega: Natural frequency [1/s].
        reach: Of legs and feet.
        weights: Of what it costs.
        durations: To try, shape (n,) [s].
        next_durations: To try of the second step, shape (k,) [s].
        gives: To try, shape (m,).
    """
    best = Catch(swing.place, durations[-1], 0.0, math.inf)
    for duration in durations:
        if duration < max(elapsed + reach.freeze, reach.transfer + reach.flight):
            continue
        cost = weights.time * (duration - weights.usual) ** 2
        if last > 0.0 and duration != last:
            cost += weights.change
        for give in gives:
            for region in range(_REGIONS):
                landing, then = _land(motion, swing, offset, elapsed, duration, give, region, omega, reach)
                if then.height > reach.height + _TOLERANCE * reach.size and give < 0.0:
                    continue  # no leg is that long
                if _gives_too_much(then, give, reach):
                    continue  # nor strong enough to stop that
                if not _within(landing, swing.side, region, reach):
                    continue
                # The foot that lands stops the turning, at the price of what it adds to the DCM.
                moved = Motion(then.place - landing, then.velocity + omega * then.spin, then.height, then.climb, 0j)
                error = abs(moved.place + moved.velocity / omega - offset)
                first = cost + weights.error * error * error + _strain(then, give, reach, weights)
                if region != _BESIDE:
                    first += weights.crossing
                if first >= best.cost:
                    continue
                total = first + _after(moved, landing, swing.side, offset, omega, reach, weights, next_durations, gives)
                if total < best.cost:
                    best = Catch(landing, duration, give, total)
    return best


@kernel
def _after(
    motion: Motion,
    landing: complex,
    side: float,
    offset: complex,
    omega: float,
    reach: Reach,
    weights: CatchWeights,
    durations: Vector,
    gives: Vector,
) -> float:
    """Least cost of a second step, beside the foot that has landed."""
    swing, offset = Swing(-side, -landing, 0j), offset.conjugate()
    least = math.inf
    for duration in durations:
        if duration < reach.transfer + reach.flight:
            continue
        for give in gives:
            place, then = _land(motion, swing, offset, 0.0, duration, give, _BESIDE, omega, reach)
            if _gives_too_much(then, give, reach):
                continue
            if _within(place, swing.side, _BESIDE, reach):
                error = abs(then.place - place + then.velocity / omega - offset)
                least = min(least, error * error + _strain(then, give, reach, weights))
    return least


@kernel
def _land(
    motion: Motion,
    swing: Swing,
    offset: complex,
    elapsed: float,
    duration: float,
    give: float,
    region: int,
    omega: float,
    reach: Reach,
) -> tuple[complex, Motion]:
    """Where a step of this kind would land, and the motion then; relative to its stance foot."""
    zmp = _nearest(motion.place + motion.velocity / omega, reach)
    then = braked(motion, zmp, omega, give, duration - elapsed, reach.brake)
    dcm = then.place + then.velocity / omega + then.spin
    landing = _reached(dcm - offset, then, swing.side, region, reach)
    # A foot that is stopped evenly from its velocity, and moved with minimum jerk, whose greatest acceleration is
    # 5.77 d / T² (Flash & Hogan 1985).
    flight = duration - max(elapsed, reach.transfer)
    stopped = swing.place + swing.velocity * (0.5 * flight)
    hurry = 1.0 if region == _BESIDE else reach.early**2
    way = landing - stopped
    way = _shortened(complex(way.real / hurry, way.imag), reach.acceleration * flight * flight / 5.77)
    return stopped + complex(way.real * hurry, way.imag), then


@kernel
def _strain(then: Motion, give: float, reach: Reach, weights: CatchWeights) -> float:
    """What it costs to change the height."""
    off = _lowest(then, reach) - reach.height
    return weights.give * abs(give) + weights.height * off * off


@kernel
def _gives_too_much(then: Motion, give: float, reach: Reach) -> bool:
    """Whether the descent of a robot that gives way would be stopped too low."""
    return give > 0.0 and _lowest(then, reach) < reach.least_height


@kernel
def _lowest(then: Motion, reach: Reach) -> float:
    """Height at which the descent can be stopped [m]."""
    fall = min(then.climb, 0.0)
    return then.height - fall * fall / (2.0 * reach.brake)


@kernel
def _nearest(dcm: complex, reach: Reach) -> complex:
    """The point of the stance sole that is nearest to the DCM."""
    x = min(max(dcm.real - reach.middle, -reach.sole.real), reach.sole.real)
    y = min(max(dcm.imag, -reach.sole.imag), reach.sole.imag)
    return complex(x + reach.middle, y)


@kernel
def _reached(wanted: complex, then: Motion, side: float, region: int, reach: Reach) -> complex:
    """What the leg reaches of a wanted landing, in a region."""
    down = max(then.height, reach.least_height) - reach.below
    room, least = reach.leg * reach.leg - down * down, _LEAST_REACH * reach.size
    hip = then.place + 1j * (side * reach.hip)
    place = hip + _shortened(wanted - hip, math.sqrt(room) if room > least**2 else least)
    x, y = place.real, place.imag * side
    if region == _BESIDE:
        y = max(y, reach.near)
    else:
        y = max(y, -reach.past)
        x = max(x, reach.clear) if region == _IN_FRONT else min(x, -reach.clear)
    return complex(x, y * side)


@kernel
def _within(landing: complex, side: float, region: int, reach: Reach) -> bool:
    """Whether a landing is in its region after all."""
    apart = landing.imag * side
    if region == _BESIDE:
        return apart >= reach.near - _TOLERANCE * reach.size
    return apart <= reach.near and abs(landing.real) >= reach.clear - _TOLERANCE * reach.size


@kernel
def _shortened(way: complex, most: float) -> complex:
    length = abs(way)
    return way * (most / length) if length > most else way
