"""What counts as moving."""

from pydantic.dataclasses import dataclass as validated_dataclass

from jepa_humanoid.config import STRICT, Count, NonNegative, Positive


@validated_dataclass(frozen=True, config=STRICT)
class MotionSettings:
    """How what moves is told from what stands, and followed.

    Attributes:
        lowest: Hits lower than this above the ground are of no thing that moves [m].
        level: Height of a voxel of the space that was seen free or not [m].
        free_scans: Scans whose rays went through a voxel without one that ended in it, before it counts as free.
        free_for: Time after which a voxel does not count as free any more unless rays go through it [s].
        still_after: Time for which hits have to come from the same voxel before what is in it stands [s].
        still_for: Time for which that is believed without further hits [s].
        forget_after: Time without hits after which a voxel that no ray goes through counts as never hit, if it is free
            beneath [s].
        ray_end: The end of a ray that went through nothing: its last voxels are partly filled by what it hit [m].
        link: Hits of one scan nearer to each other than this are of one thing [m].
        widest: What is wider than this is no person and no trolley, but a wall that was not seen before [m].
        fewest_hits: Hits of one scan that a thing takes to be seen.
        hits_at_metre: Hits of one scan that it takes at 1 m, fewer with the square of the distance: what a LiDAR with
            2880 rays has of a third of a person.
        hits_at_metre: NonNegative = 60.0
    fewest_scans: Scans that have to hit a thing before it is said to move.
        came_share: Share of its hits that have to be where it was free, for a thing to be followed.
        still_share: Hits of what stands beside a thing, as a share of its own, up to which it is one for itself and no
            part of that.
        beside: What is nearer than this is beside it [m].
        depth: Of the middle of what moves behind its side that is seen [m].
        acceleration: Standard deviation of the acceleration of what moves [m/s²].
        place_deviation: Of the middle of a thing in one scan, standard deviation [m].
        first_speed: Of a thing that has come into view, standard deviation along each axis [m/s].
        gate: A thing is looked for within so many standard deviations of where it should be.
        confidence: A thing moves if its speed is so many times as large as its uncertainty.
        moved: Distance that a thing has gone before it is said to move [m].
        slowest: What is slower than this stands [m/s].
        start_speed: What stood has to be faster than this to move [m/s].
        settle: Time for which a thing has to be slower before it stands [s].
        lost_after: Time without hits after which a thing is given up [s].
        doubt: Time within which what is followed has to move, or it is given up [s].
        shape_for: Time for which hits are remembered as the shape of what moves [s].
    """

    lowest: Positive = 0.25
    level: Positive = 0.2
    free_scans: Count = 2
    free_for: Positive = 4.0
    still_after: Positive = 1.5
    still_for: Positive = 5.0
    forget_after: Positive = 1.5
    ray_end: NonNegative = 0.25
    link: Positive = 0.35
    widest: Positive = 1.5
    fewest_hits: Count = 6
    hits_at_metre: NonNegative = 60.0
    fewest_scans: Count = 4
    came_share: Positive = 0.4
    still_share: Positive = 0.5
    beside: Positive = 0.25
    depth: NonNegative = 0.18
    acceleration: Positive = 0.5
    place_deviation: Positive = 0.035
    first_speed: Positive = 0.7
    gate: Positive = 3.5
    confidence: Positive = 2.5
    moved: Positive = 0.15
    slowest: Positive = 0.1
    start_speed: Positive = 0.15
    settle: NonNegative = 0.3
    lost_after: Positive = 0.8
    doubt: Positive = 3.0
    shape_for: Positive = 0.5
