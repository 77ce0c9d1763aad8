"""Catching a fall: where, when and how to land when the nominal region does not hold the robot any more.

A search over two steps ahead. For a stance foot, a landing time T and a share δ of the weight that the robot gives way
by, the pendulum's motion is known in closed form,

    c̈ = (1 − δ) ω² (c − p),      z̈ = −δ g

with the ZMP p at the edge of the stance sole that is nearest to the DCM. A robot that gives way falls aside more
slowly, for there is less weight to tip it: that buys time for a long step, and costs height, which the landing gives
back. The foot lands where the DCM will be, within the legs' reach and what a swing can do in the time, beside, in front
of or behind the stance foot; from there the next step is tried in the same way. Whatever leaves the smallest error after
both is taken.
"""

import math
from typing import NamedTuple

import numpy as np

from jepa_humanoid.compiled import kernel
from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.robot.state import Vector


class Pendulum(NamedTuple):
    """Motion of the centre of mass over the ground, relative to a stance foot and in the walking frame.

    Attributes:
        place: [m].
        velocity: [m/s].
        height: Above the ground [m].
        climb: Its rate [m/s].
    """

    place: complex
    velocity: complex
    height: float
    climb: float


class Reach(NamedTuple):
    """What legs and feet can do.

    Attributes:
        sole: How far the ZMP may be from the stance sole's centre, forward and to the side, symmetrically [m].
        middle: Of that range, forward [m].
        leg: Greatest distance of a sole from its hip [m].
        hip: Of a hip from the middle, to the side [m].
        below: Of the hips below the centre of mass [m].
        least: Height of the centre of mass [m].
        near: Least lateral distance between the feet [m].
        past: By which a crossing foot may land past the stance foot [m].
        clear: Forward distance from the stance foot at which a foot may cross [m].
        acceleration: Of a swing foot [m/s²].
        transfer: Time in which a foot is unloaded [s].
        freeze: Before landing in which nothing changes [s].
    """

    sole: complex
    middle: float
    leg: float
    hip: float
    below: float
    least: float
    near: float
    past: float
    clear: float
    acceleration: float
    transfer: float
    freeze: float


class Catch(NamedTuple):
    """A landing that catches the robot.

    Attributes:
        position: Relative to the stance foot, in the walking frame [m].
        duration: From support switch to landing [s].
        give: Share of its weight by which the robot gives way until then.
        cost: Of it: the lower, the better.
    """

    position: complex
    duration: float
    give: float
    cost: float


DURATIONS = np.array([0.16, 0.19, 0.22, 0.25, 0.28, 0.32, 0.36, 0.42, 0.5])
"""That a step may last [s]."""
GIVES = np.array([0.0, 0.3, 0.6])
"""Shares of its weight by which the robot may give way."""


@kernel
def swung(pendulum: Pendulum, zmp: complex, omega: float, give: float, time: float) -> Pendulum:
    """Motion after a time over a resting ZMP, in closed form."""
    rate = omega * math.sqrt(1.0 - give)
    offset = pendulum.place - zmp
    c, s = math.cosh(rate * time), math.sinh(rate * time)
    return Pendulum(
        zmp + offset * c + pendulum.velocity / rate * s,
        pendulum.velocity * c + offset * (rate * s),
        pendulum.height + pendulum.climb * time - 0.5 * give * GRAVITY * time * time,
        pendulum.climb - give * GRAVITY * time,
    )


@kernel
def _edge(dcm: complex, reach: Reach) -> complex:
    """The point of the stance sole nearest to the DCM."""
    x, y = dcm.real - reach.middle, dcm.imag
    sx, sy = reach.sole.real, reach.sole.imag
    x = -sx if x < -sx else sx if x > sx else x
    y = -sy if y < -sy else sy if y > sy else y
    return complex(x + reach.middle, y)


@kernel
def _placed(wanted: complex, then: Pendulum, side: float, region: int, reach: Reach) -> complex:
    """The nearest place in a region: 0 beside the stance foot, 1 in front of it, 2 behind it; side of the swing foot."""
    height = max(then.height, reach.least) - reach.below
    room = reach.leg * reach.leg - height * height
    far = math.sqrt(room) if room > 0.0025 else 0.05
    hip = then.place + 1j * (side * reach.hip)
    way = wanted - hip
    distance = abs(way)
    if distance > far:
        wanted = hip + way * (far / distance)
    x, y = wanted.real, wanted.imag * side
    least = reach.near
    if region != 0:
        least = -reach.past
        if region == 1 and x < reach.clear:
            x = reach.clear
        if region == 2 and x > -reach.clear:
            x = -reach.clear
    y = least if y < least else y
    return complex(x, y * side)


@kernel
def _stepped(
    pendulum: Pendulum,
    swing: complex,
    swing_velocity: complex,
    side: float,
    offset: complex,
    elapsed: float,
    duration: float,
    give: float,
    region: int,
    omega: float,
    reach: Reach,
) -> tuple[complex, Pendulum]:
    """Landing and motion at landing of one step; both relative to its stance foot."""
    time = duration - elapsed
    zmp = _edge(pendulum.place + pendulum.velocity / omega, reach)
    then = swung(pendulum, zmp, omega, give, time)
    dcm = then.place + then.velocity / omega
    landing = _placed(dcm - offset, then, side, region, reach)
    in_air = duration - max(elapsed, reach.transfer)
    # Minimum jerk: its greatest acceleration is 5.77 d / T².
    far = reach.acceleration * in_air * in_air / 5.77
    coasted = swing + swing_velocity * (0.5 * in_air)
    way = landing - coasted
    distance = abs(way)
    if distance > far:
        landing = coasted + way * (far / distance)
    return landing, then


@kernel
def catch(
    pendulum: Pendulum,
    swing: complex,
    swing_velocity: complex,
    side: float,
    offset: complex,
    elapsed: float,
    last: float,
    omega: float,
    reach: Reach,
    durations: Vector,
    gives: Vector,
    weights: Vector,
) -> Catch:
    """Search.

    Args:
        pendulum: Measured.
        swing: Where the swing foot is, relative to the stance foot [m].
        side: 1 if it is the left one, -1 if the right one.
        offset: DCM relative to the landing foot that a next step would like [m].
        elapsed: Since the support switch [s].
        last: Duration chosen last [s]; 0 for none.
        omega: Natural frequency [1/s].
        reach: Of the legs.
        durations: To try [s].
        gives: To try.
        weights: Of the error after this step, of giving way, of changing one's mind, of crossing, of time.
    """
    best = Catch(swing, durations[-1], 0.0, math.inf)
    mirrored = complex(offset.real, -offset.imag)
    for duration in durations:
        if duration < elapsed + reach.freeze or duration < reach.transfer + 0.08:
            continue
        for give in gives:
            for region in range(3):
                landing, then = _stepped(
                    pendulum, swing, swing_velocity, side, offset, elapsed, duration, give, region, omega, reach
                )
                ahead = landing.imag * side
                if region == 0 and ahead < reach.near - 0.02:
                    continue
                if region != 0 and (ahead > reach.near or abs(landing.real) < reach.clear - 0.02):
                    continue
                moved = Pendulum(then.place - landing, then.velocity, then.height, 0.0)
                error = moved.place + moved.velocity / omega - offset
                cost = weights[0] * (error.real**2 + error.imag**2) + weights[1] * give
                cost += weights[4] * (duration - 0.3) ** 2
                if region != 0:
                    cost += weights[3]
                if last > 0.0 and abs(duration - last) > 1e-6:
                    cost += weights[2]
                if cost >= best.cost:
                    continue
                second = math.inf
                for next_duration in durations:
                    if next_duration < reach.transfer + 0.1:
                        continue
                    for next_give in gives:
                        place, end = _stepped(
                            moved, -landing, 0j, -side, mirrored, 0.0, next_duration, next_give, 0, omega, reach
                        )
                        if -place.imag * side < reach.near - 0.02:
                            continue
                        rest = end.place - place + end.velocity / omega - mirrored
                        second = min(second, rest.real**2 + rest.imag**2 + weights[1] * next_give)
                cost += second
                if cost < best.cost:
                    best = Catch(landing, duration, give, cost)
    return best
