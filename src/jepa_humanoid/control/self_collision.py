"""Arms keep from trunk, thighs and from each other: bounds on how fast what is near may come nearer.

Of two capsules at a distance d that may be used up to d_s, the approach is bounded by what is left,

    ḋ ≥ −ξ (d − d_s),

the velocity damper of Faverjon and Tournassoud (1987), in the rates of acceleration that bring ḋ there within a horizon
T: d̈ ≥ −(ξ (d − d_s) + ḋ) / T. With n from one closest point to the other, d̈ = n·(J_a − J_b) q̈ + n·(a_a − a_b), where
the arms alone answer for it: what waist and legs do is taken from the tick before. Distances are the same wherever the
base is, so all is reckoned as if it stood still.
"""

from itertools import product

import numpy as np
import pinocchio as pin

from jepa_humanoid.compiled import kernel
from jepa_humanoid.control.contacts import Indices
from jepa_humanoid.control.dynamics import Dynamics
from jepa_humanoid.control.settings import ApartSettings
from jepa_humanoid.robot.anatomy import arm_chain
from jepa_humanoid.robot.capsules import Capsule, arm_capsules, body_capsules, placed
from jepa_humanoid.robot.description import SIDES, RobotDescription
from jepa_humanoid.robot.state import Vector

MOST = 16
"""Pairs that are minded at a time: those that have least to lose."""
_RECOVERY = 0.3
"""Speed with which what is too near is asked to part, at most [m/s]."""
_USABLE = 0.5
"""Of the distance in the nominal posture, which may be less than what is kept."""


class SelfCollision:
    """What keeps the arms from the rest of the robot.

    Attributes:
        pairs: Of links that are kept apart, each pair once.
        rows: What must not be less than `least`, over the joints' accelerations; the first `count` count.
        least: Shape (MOST,) [m/s²].
        count: Pairs that are near now.
        nearest: Distance of the nearest pair in the last update; infinite if none is near [m].
    """

    def __init__(self, robot: RobotDescription, settings: ApartSettings) -> None:
        """Put capsules around arms and body, and pair those that are apart in the nominal posture."""
        arms, body = [arm_capsules(robot, side) for side in SIDES], body_capsules(robot)
        known = [*arms[0], *arms[1], *body]
        model, data = robot.model, robot.model.createData()
        pin.forwardKinematics(model, data, robot.nominal_configuration)
        pairs, safe = [], []
        order = {id(capsule): i for i, capsule in enumerate(known)}
        for one, other in (*product((*arms[0], *arms[1]), body), *product(*arms)):
            apart = distance(one, other, data)
            if apart > 0.0:
                pairs.append((order[id(one)], order[id(other)]))
                safe.append(min(settings.margin, _USABLE * apart))
        self.pairs = tuple(dict.fromkeys((known[a].link, known[b].link) for a, b in pairs))
        self._pairs, self._safe = np.array(pairs, dtype=np.int64).reshape(-1, 2), np.array(safe)
        self._joints = tuple(dict.fromkeys(capsule.joint for capsule in known))
        self._carrier = np.array([self._joints.index(capsule.joint) for capsule in known], dtype=np.int64)
        self._ends = np.array([capsule.ends for capsule in known]).reshape(-1, 2, 3)
        self._radius = np.array([capsule.radius for capsule in known])
        self._extent = self._radius + 0.5 * np.linalg.norm(np.diff(self._ends, axis=1)[:, 0], axis=1)
        self._chains = np.full((len(self._joints), model.nv), -1)
        for chain, joint in zip(self._chains, self._joints, strict=True):
            columns = [model.joints[above].idx_v for above in model.supports[joint] if above > 1]
            chain[: len(columns)] = columns
        self._own = np.zeros(model.nv, dtype=np.bool_)
        self._own[[model.joints[joint].idx_v for side in SIDES for joint in arm_chain(robot, side)]] = True
        self._numbers = np.array([settings.near, settings.rate, settings.horizon, _RECOVERY])
        self.rows, self.least = np.zeros((MOST, model.nv - 6)), np.zeros(MOST)
        self._left = np.zeros(MOST)
        self.count, self.nearest = 0, np.inf

    def forget(self) -> None:
        """Mind nothing."""
        self.count, self.nearest = 0, np.inf

    def update(self, dynamics: Dynamics, v: Vector, acceleration: Vector) -> None:
        """Find what is near, and how fast it may come nearer.

        Args:
            dynamics: Of the robot now.
            v: Velocity, shape (nv,).
            acceleration: Generalised, of the tick before, shape (nv,).
        """
        if len(self._pairs) == 0:
            return
        self.count, self.nearest = separations(
            dynamics.joint_columns,
            *dynamics.placements(self._joints),
            v,
            acceleration,
            self._chains,
            self._own,
            self._carrier,
            self._ends,
            self._radius,
            self._extent,
            self._pairs,
            self._safe,
            self._numbers,
            self.rows,
            self.least,
            self._left,
        )

    def hold(self, acceleration: Vector) -> bool:
        """Whether generalised accelerations, shape (nv,), leave everything apart."""
        count = self.count
        return count == 0 or bool((self.rows[:count] @ acceleration[6:] >= self.least[:count]).all())


def distance(one: Capsule, other: Capsule, data: pin.Data) -> float:
    """Between two capsules of a robot whose kinematics are in ``data``; negative if they overlap [m]."""
    points = np.empty((2, 3))
    return closest(placed(one, data), placed(other, data), points) - one.radius - other.radius


@kernel
def closest(one: Vector, other: Vector, points: Vector) -> float:
    """Closest points of two lines between ends, after Ericson, Real-Time Collision Detection (2005), 5.1.9.

    Args:
        one: Ends, shape (2, 3) [m].
        other: The same.
        points: Out: on the one and on the other, shape (2, 3) [m].

    Returns:
        Their distance [m].
    """
    a = e = f = c = b = 0.0
    for i in range(3):
        first, second, between = one[1, i] - one[0, i], other[1, i] - other[0, i], one[0, i] - other[0, i]
        a += first * first
        e += second * second
        b += first * second
        c += first * between
        f += second * between
    tiny = 1e-12
    s = t = 0.0
    if a <= tiny and e > tiny:
        t = min(max(f / e, 0.0), 1.0)
    elif a > tiny and e <= tiny:
        s = min(max(-c / a, 0.0), 1.0)
    elif a > tiny:
        across = a * e - b * b
        s = min(max((b * f - c * e) / across, 0.0), 1.0) if across > tiny * a * e else 0.0
        t = (b * s + f) / e
        if t < 0.0:
            t = 0.0
            s = min(max(-c / a, 0.0), 1.0)
        elif t > 1.0:
            t = 1.0
            s = min(max((b - c) / a, 0.0), 1.0)
    square = 0.0
    for i in range(3):
        points[0, i] = one[0, i] + s * (one[1, i] - one[0, i])
        points[1, i] = other[0, i] + t * (other[1, i] - other[0, i])
        square += (points[0, i] - points[1, i]) ** 2
    return float(np.sqrt(square))


@kernel
def separations(
    columns: Vector,
    rotations: tuple[Vector, ...],
    positions: tuple[Vector, ...],
    v: Vector,
    acceleration: Vector,
    chains: Indices,
    own: Vector,
    carrier: Indices,
    ends: Vector,
    radius: Vector,
    extent: Vector,
    pairs: Indices,
    safe: Vector,
    numbers: Vector,
    rows: Vector,
    least: Vector,
    left: Vector,
) -> tuple[int, float]:
    """Find pairs of capsules that are near, and write what keeps them apart.

    Args:
        columns: S of the world Jacobian, one joint's column a row, shape (nv, 6).
        rotations: Of the joints that carry capsules, in the world, transposed, each of shape (3, 3).
        positions: The same, each of shape (3,) [m].
        v: Velocity, shape (nv,).
        acceleration: Of the tick before, shape (nv,).
        chains: Columns of the joints from base to carrier, −1 after the last, shape (carriers, nv).
        own: Whether a column is an arm's, shape (nv,).
        carrier: Of each capsule, shape (capsules,).
        ends: In the carrier's frame, shape (capsules, 2, 3) [m].
        radius: Shape (capsules,) [m].
        extent: From the middle to the farthest point, shape (capsules,) [m].
        pairs: Shape (pairs, 2).
        safe: Distance that is kept, shape (pairs,) [m].
        numbers: Distance of what is near, rate, horizon, and speed of parting; shape (4,).
        rows: Out: shape (most, n).
        least: Out: shape (most,).
        left: Room for what is left of each distance, shape (most,).

    Returns:
        How many there are, and the least distance of them; infinite without any.
    """
    near, rate, horizon, parting = numbers
    motion, drift = np.zeros((chains.shape[0], 6)), np.zeros((chains.shape[0], 6))
    for k in range(chains.shape[0]):
        V, A = motion[k], drift[k]
        link = 0
        while link < chains.shape[1] and chains[k, link] >= 0:
            column = chains[k, link]
            link += 1
            sx, sy, sz, tx, ty, tz = columns[column]
            speed = v[column]
            A[0] += (V[4] * sz - V[5] * sy + V[1] * tz - V[2] * ty) * speed
            A[1] += (V[5] * sx - V[3] * sz + V[2] * tx - V[0] * tz) * speed
            A[2] += (V[3] * sy - V[4] * sx + V[0] * ty - V[1] * tx) * speed
            A[3] += (V[4] * tz - V[5] * ty) * speed
            A[4] += (V[5] * tx - V[3] * tz) * speed
            A[5] += (V[3] * ty - V[4] * tx) * speed
            for i in range(6):
                V[i] += columns[column, i] * speed
                if not own[column]:
                    A[i] += columns[column, i] * acceleration[column]
    lines = np.empty_like(ends)
    for c in range(ends.shape[0]):
        rotation, position = rotations[carrier[c]], positions[carrier[c]]
        for end in range(2):
            for i in range(3):
                lines[c, end, i] = position[i]
                for j in range(3):
                    lines[c, end, i] += rotation[j, i] * ends[c, end, j]
    points, n = np.empty((2, 3)), np.empty(3)
    nearest, count = np.inf, 0
    for pair in range(pairs.shape[0]):
        a, b = pairs[pair]
        square = 0.0
        for i in range(3):
            square += (0.5 * (lines[a, 0, i] + lines[a, 1, i] - lines[b, 0, i] - lines[b, 1, i])) ** 2
        if square >= (near + extent[a] + extent[b]) ** 2:
            continue
        between = closest(lines[a], lines[b], points)
        apart = between - radius[a] - radius[b]
        if apart >= near:
            continue
        nearest = min(nearest, apart)
        slack = apart - safe[pair]
        row = count
        if count < rows.shape[0]:
            count += 1
        else:
            row = int(np.argmax(left))
            if left[row] <= slack:
                continue
        left[row] = slack
        for i in range(3):
            n[i] = (points[0, i] - points[1, i]) / between if between > 0.0 else (1.0 if i == 0 else 0.0)
        for j in range(rows.shape[1]):
            rows[row, j] = 0.0
        closing = rest = 0.0
        for which in range(2):
            k = carrier[a] if which == 0 else carrier[b]
            sign = 1.0 if which == 0 else -1.0
            x, y, z = points[which]
            # n·(s + t × p) is a product with (n, p × n).
            m = np.array((y * n[2] - z * n[1], z * n[0] - x * n[2], x * n[1] - y * n[0]))
            V, A = motion[k], drift[k]
            for i in range(3):
                closing += sign * (n[i] * V[i] + m[i] * V[3 + i])
                rest += sign * (n[i] * A[i] + m[i] * A[3 + i])
            # What turns about the base is drawn inward: n·(ω × (v + ω × p)).
            ux = V[0] + V[4] * z - V[5] * y
            uy = V[1] + V[5] * x - V[3] * z
            uz = V[2] + V[3] * y - V[4] * x
            rest += sign * n[0] * (V[4] * uz - V[5] * uy)
            rest += sign * n[1] * (V[5] * ux - V[3] * uz)
            rest += sign * n[2] * (V[3] * uy - V[4] * ux)
            link = 0
            while link < chains.shape[1] and chains[k, link] >= 0:
                column = chains[k, link]
                link += 1
                if own[column]:
                    for i in range(3):
                        rows[row, column - 6] += sign * (n[i] * columns[column, i] + m[i] * columns[column, 3 + i])
        least[row] = -(max(rate * slack, -parting) + closing) / horizon - rest
    return count, nearest
