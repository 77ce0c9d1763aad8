"""The support polygon: the convex hull of the soles, on which the ZMP has to stay."""

from collections.abc import Iterable

from jepa_humanoid.locomotion.model.feet import Feet, Foot, middle
from jepa_humanoid.locomotion.model.plane import direction

Outline = tuple[complex, ...]
"""Corners of a sole relative to its centre, in its own axes [m]."""


class Support:
    """A convex polygon around a centre, in which distances count relative to the edge.

    Attributes:
        centre: A point inside [m].
    """

    def __init__(self, corners: Iterable[complex], centre: complex) -> None:
        """Enclose the corners.

        Args:
            corners: Points of the ground plane, not all on one line [m].
            centre: A point inside their hull [m].
        """
        self.centre = centre
        hull = convex_hull(corners)
        # Of each edge the normal over its distance from the centre: its product with an offset is 1 on the edge.
        self._edges: list[tuple[float, float]] = []
        for start, end in zip(hull, hull[1:] + hull[:1], strict=True):
            normal = (end - start) * -1j
            room = _dot(normal, start - centre)
            self._edges.append((normal.real / room, normal.imag / room))

    def share(self, point: complex) -> float:
        """How far a point is from the centre: 1 on the edge."""
        offset = point - self.centre
        x, y = offset.real, offset.imag
        return max([a * x + b * y for a, b in self._edges])

    def inside(self, point: complex) -> complex:
        """Pull a point towards the centre until it lies inside."""
        return self.centre + (point - self.centre) / max(1.0, self.share(point))


def support_of(feet: Feet, outlines: tuple[Outline, Outline]) -> Support:
    """What both soles offer together."""
    corners = [*_corners(feet[0], outlines[0]), *_corners(feet[1], outlines[1])]
    return Support(corners, middle(feet).place)


def overlap(feet: Feet, outlines: tuple[Outline, Outline]) -> bool:
    """Whether a foot is above the other one, as boxes along the left one's axes: then it feels that, and no ground."""
    left, right = feet
    apart = direction(left.yaw).conjugate() * (right.place - left.place)
    (length, width), (other_length, other_width) = _extent(outlines[0]), _extent(outlines[1])
    return abs(apart.real) < (length + other_length) / 2 and abs(apart.imag) < (width + other_width) / 2


def _extent(outline: Outline) -> tuple[float, float]:
    """Length and width of a sole [m]."""
    ahead, aside = [corner.real for corner in outline], [corner.imag for corner in outline]
    return max(ahead) - min(ahead), max(aside) - min(aside)


def convex_hull(points: Iterable[complex]) -> list[complex]:
    """Corners of the hull, anticlockwise, without those on a straight edge (Andrew's monotone chain, 1979)."""
    ordered = sorted(set(points), key=lambda point: (point.real, point.imag))
    return _chain(ordered)[:-1] + _chain(ordered[::-1])[:-1]


def _chain(ordered: list[complex]) -> list[complex]:
    """The half of the hull to the right of the way from the first to the last point."""
    chain: list[complex] = []
    for point in ordered:
        while len(chain) > 1 and _cross(chain[-1] - chain[-2], point - chain[-2]) <= 0.0:
            chain.pop()
        chain.append(point)
    return chain


def _corners(foot: Foot, outline: Outline) -> list[complex]:
    forward = direction(foot.yaw)
    return [foot.place + forward * corner for corner in outline]


def _dot(a: complex, b: complex) -> float:
    return a.real * b.real + a.imag * b.imag


def _cross(a: complex, b: complex) -> float:
    return a.real * b.imag - a.imag * b.real
