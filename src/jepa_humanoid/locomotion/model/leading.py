"""The kernel behind `Hands`: a reference that goes after a moving pose, within limits."""

import math

import numpy as np

from jepa_humanoid.compiled import kernel
from jepa_humanoid.estimation.rotations import exponential, logarithm, multiply, multiply_transposed
from jepa_humanoid.locomotion.model.clearance import keep_out
from jepa_humanoid.robot.state import Vector

_ACCELERATION_TIME = 0.02
"""Time constant with which the acceleration that is fed forward is smoothed [s]: messages come as steps."""


@kernel
def lead(
    place: Vector,
    turn: Vector,
    velocity: Vector,
    acceleration: Vector,
    integral: Vector,
    asked_place: Vector,
    asked_turn: Vector,
    asked_velocity: Vector,
    ahead: float,
    halt: bool,
    measured_place: Vector,
    measured_turn: Vector,
    shoulder: Vector,
    lines: Vector,
    clearance: Vector,
    limits: Vector,
    dt: float,
    goal_place: Vector,
    goal_turn: Vector,
) -> tuple[bool, bool]:
    """Lead a hand on by one tick; everything in the frame that the hand is asked for in.

    Args:
        place: In and out: where the reference is, shape (3,) [m].
        turn: In and out: its axes, shape (3, 3).
        velocity: In and out: linear and angular, shape (6,).
        acceleration: In and out: smoothed, shape (6,).
        integral: In and out: what has been taken out of a lasting error, shape (6,) [m, rad].
        asked_place: Shape (3,) [m].
        asked_turn: Shape (3, 3).
        asked_velocity: Of what is asked for, shape (6,).
        ahead: Time since it was asked [s].
        halt: Whether to stay.
        measured_place: Of the hand, shape (3,) [m].
        measured_turn: Its axes, shape (3, 3).
        shoulder: Shape (3,) [m].
        lines: That the hand keeps away from, shape (lines, 2, 3) [m].
        clearance: How far from each, shape (lines,) [m].
        limits: Speed, acceleration, leash and limit of the integral, each linear and angular; rate of approach and of
            the integral; least and greatest distance from the shoulder; shape (12,).
        dt: Duration of the tick [s].
        goal_place: Out: where the hand is to be, shape (3,) [m].
        goal_turn: Out: its axes, shape (3, 3).

    Returns:
        Whether what is asked for is out of reach, and whether the hand is held up.
    """
    step, error, still = np.empty((3, 3)), np.empty(6), np.zeros(3)
    for i in range(3):
        goal_place[i] = asked_place[i] + asked_velocity[i] * ahead
    clipped = into_reach(goal_place, shoulder, limits[10], limits[11])
    clipped |= keep_out(goal_place, still, lines, clearance)
    exponential((asked_velocity[3] * ahead, asked_velocity[4] * ahead, asked_velocity[5] * ahead), step)
    multiply(step, asked_turn, goal_turn)
    multiply_transposed(goal_turn, turn, step)
    error[3], error[4], error[5] = logarithm(step)
    for i in range(3):
        error[i] = goal_place[i] - place[i]
    follow = 0.0 if clipped else 1.0
    for kind in range(2):
        go_on(
            error[3 * kind : 3 * kind + 3],
            asked_velocity[3 * kind : 3 * kind + 3],
            follow if kind == 0 else 1.0,
            halt,
            limits[kind],
            limits[2 + kind],
            limits[8],
            dt,
            velocity[3 * kind : 3 * kind + 3],
            acceleration[3 * kind : 3 * kind + 3],
        )
    exponential((velocity[3] * dt, velocity[4] * dt, velocity[5] * dt), step)
    multiply(step, turn, goal_turn)
    for i in range(3):
        for j in range(3):
            turn[i, j] = goal_turn[i, j]
    multiply_transposed(turn, measured_turn, step)
    error[3], error[4], error[5] = logarithm(step)
    for i in range(3):
        place[i] += velocity[i] * dt
    keep_out(place, velocity[:3], lines, clearance)
    for i in range(3):
        error[i] = place[i] - measured_place[i]
    # A hand that is held up is waited for.
    behind = shorten(error[:3], limits[4])
    if behind:
        for i in range(3):
            place[i] = measured_place[i] + error[i]
    twisted = shorten(error[3:], limits[5])
    if twisted:
        exponential((error[3], error[4], error[5]), step)
        multiply(step, measured_turn, turn)
    for i in range(6):
        integral[i] += limits[9] * dt * error[i]
    shorten(integral[:3], limits[6])
    shorten(integral[3:], limits[7])
    exponential((integral[3], integral[4], integral[5]), step)
    multiply(step, turn, goal_turn)
    for i in range(3):
        goal_place[i] = place[i] + integral[i]
    return clipped, behind or twisted


@kernel
def go_on(
    error: Vector,
    asked: Vector,
    follow: float,
    halt: bool,
    speed: float,
    most: float,
    rate: float,
    dt: float,
    velocity: Vector,
    acceleration: Vector,
) -> None:
    """Change a velocity towards what brings an error to nothing; vectors of shape (3,).

    Args:
        error: What is left of the way.
        asked: Velocity of what is asked for.
        follow: Share of it that is taken over.
        halt: Whether to stop.
        speed: At most.
        most: Acceleration, at most.
        rate: At which the error becomes less in the end [1/s].
        dt: Duration of the tick [s].
        velocity: In and out.
        acceleration: In and out: smoothed.
    """
    left = math.sqrt(error[0] ** 2 + error[1] ** 2 + error[2] ** 2)
    # So that it can stop in time, with half of what it could brake with.
    pace = min(rate * left, math.sqrt(most * left)) / left if left > 0.0 else 0.0
    change = np.empty(3)
    for i in range(3):
        change[i] = 0.0 if halt else follow * asked[i] + pace * error[i]
    shorten(change, speed)
    for i in range(3):
        change[i] -= velocity[i]
    shorten(change, most * dt)
    share = min(dt / _ACCELERATION_TIME, 1.0)
    for i in range(3):
        velocity[i] += change[i]
        if dt > 0.0:
            acceleration[i] += share * (change[i] / dt - acceleration[i])


@kernel
def shorten(vector: Vector, most: float) -> bool:
    """Shorten a vector of shape (3,) to a length; return whether it was longer."""
    length = math.sqrt(vector[0] ** 2 + vector[1] ** 2 + vector[2] ** 2)
    if length <= most:
        return False
    for i in range(3):
        vector[i] *= most / length
    return True


@kernel
def into_reach(place: Vector, shoulder: Vector, least: float, most: float) -> bool:
    """Bring a place, shape (3,), to between two distances from the shoulder; return whether it was not."""
    x, y, z = place[0] - shoulder[0], place[1] - shoulder[1], place[2] - shoulder[2]
    distance = math.sqrt(x * x + y * y + z * z)
    if least <= distance <= most:
        return False
    if distance == 0.0:
        x, distance = 1.0, 1.0
    factor = min(max(distance, least), most) / distance
    place[0], place[1], place[2] = shoulder[0] + factor * x, shoulder[1] + factor * y, shoulder[2] + factor * z
    return True
