"""The draft of a robot's file, as text: short enough to be read, and gone through line by line."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product, takewhile
from pathlib import Path

import numpy as np
import pinocchio as pin

from jepa_humanoid.robot.drafting.anatomy import SIDES, Anatomy, study
from jepa_humanoid.robot.drafting.posture import Posture, foot_axes, leg_length, nominal_posture
from jepa_humanoid.robot.drafting.soles import sole_corners
from jepa_humanoid.robot.files import resolve_uri
from jepa_humanoid.robot.state import Matrix, Vector
from jepa_humanoid.robot.tree import part_names
from jepa_humanoid.robot.urdf import impossible_inertias, read_urdf

BENDS = (0.5, 0.4, 0.6, 0.3, 0.2)
"""By how much knees may be bent in a nominal posture, the best first [rad]."""
DROPS = (None, 0.02, 0.01)
"""By how much a robot may walk lower than it stands, the best first [m]; None for the gait's own."""
_SIDES = re.compile("left|right", re.IGNORECASE)
_LEAST_ARM = 4
"""Joints of an arm whose end is called a hand."""
_STILL = 0.004
"""Angle that is as good as none [rad]."""


@dataclass(frozen=True)
class Draft:
    """A robot's file that somebody has to look through.

    Attributes:
        text: The YAML file.
        guesses: What is in it that the URDF does not say, in sentences for people.
    """

    text: str
    guesses: tuple[str, ...]


def drafts(urdf: str, folder: Path) -> Iterator[Draft]:
    """Drafts of a robot's file, with knees more or less bent and a walk more or less low, the best first.

    Args:
        urdf: The URDF, as a path or as ``package://NAME/...``.
        folder: Where the file is to lie; a path is written relative to it.

    Raises:
        RobotDescriptionError: If the URDF cannot be read, or has no two legs.
    """
    path = resolve_uri(urdf)
    tree = read_urdf(path)
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", tree.get("name") or path.stem).strip("_.-") or "robot"
    renamed = part_names(tree)
    wrong = impossible_inertias(tree)
    body = study(tree, str(path))

    def mesh_path(uri: str) -> Path:
        return resolve_uri(uri, relative_to=path.parent)

    level = {side: foot_axes(body, side) for side in SIDES}
    found = {
        side: sole_corners(tree, body.feet[side], level[side], leg_length(body, side), mesh_path) for side in SIDES
    }
    corners = {side: points for side, (points, _) in found.items()}
    place = urdf if urdf.startswith("package://") else os.path.relpath(path.resolve(), folder.resolve())
    for drop, bend in product(DROPS, BENDS):
        posture = nominal_posture(body, {side: points.mean(axis=0) for side, points in corners.items()}, bend)
        guesses = (
            *(f"link '{old}' is called '{new}' here, for a joint has its name" for old, new in renamed.items()),
            *(f"link '{link}': no body has its <inertia>; see `balanced`" for link in wrong),
            *body.guesses,
            f"soles: {found['left'][1]}",
            *(("hands: what the last joints of the arms move, in the middle of its mass",) if _hands(body) else ()),
            *(
                f"{body.model.names[joint]}: its stops in the URDF let no sole be flat under a bent knee; `lower` and "
                "`upper` are others, ask whoever built it"
                for joint in posture.stops
            ),
            f"nominal posture: knees bent by {bend:g} rad, soles flat, arms down",
            *(() if drop is None else (f"gait: no lower than {drop} m below that posture, for want of torque",)),
            "torques: the URDF's; gains, armature and friction: from weight and torques",
            "noise of IMU and encoders, and what the LiDAR sees: the G1's",
        )
        text = _text(name, place, body, corners, posture, wrong, guesses)
        yield Draft(text if drop is None else f"{text}gait: {{com_drop: {drop}}}\n", guesses)


def _text(
    name: str,
    urdf: str,
    body: Anatomy,
    corners: Mapping[str, Matrix],
    posture: Posture,
    wrong: tuple[str, ...],
    guesses: tuple[str, ...],
) -> str:
    lines = [f"# {name}: a draft by `humanoid describe new`. Go through it line by line; it guessed:"]
    lines += [f"# - {guess}" for guess in guesses]
    lines += [f"name: {name}", f"urdf: {urdf}", "feet:"]
    for side in SIDES:
        rows = ", ".join(f"[{', '.join(f'{x:.3f}' for x in corner + 0.0)}]" for corner in corners[side])
        lines.append(f"  {side}: {{frame: {body.feet[side]}, corners: [{rows}]}}")
    if hands := _hands(body):
        lines.append(f"hands: {{{hands}}}")
    if wrong:
        lines.append(f"balanced: [{', '.join(wrong)}]")
    lines += ["joints:", *_joint_lines(body, posture.configuration), *_stop_lines(body, posture)]
    return "\n".join(lines) + "\n"


def _joint_lines(body: Anatomy, q: Vector) -> Iterator[str]:
    """Patterns that name the joints that are commanded and no other, with their nominal positions."""
    model = body.model
    every = [str(model.names[joint]) for joint in range(2, model.njoints)]
    angles = {str(model.names[joint]): float(q[model.joints[joint].idx_q]) for joint in body.commanded}
    left = {name: angle if abs(angle) > _STILL else 0.0 for name, angle in angles.items()}
    partners = _partners(body)
    while left:
        name, angle = next(iter(left.items()))
        other = partners.get(name, name)
        if angle == 0.0 and left.get(other, 0.0) == 0.0:
            widest, covered = _widest(left, set(every) - set(angles))
            yield f'  "{widest}": {{}}'
        else:
            same = np.isclose(left.get(other, np.nan), angle, atol=2e-3)
            shared = _shared(name, other, every) if same and other != name else None
            covered = {name, other} if shared else {name}
            yield f'  "{shared or name}": {{nominal: {angle:.3f}}}'
        for each in covered:
            left.pop(each, None)


def _hands(body: Anatomy) -> str:
    """For each arm the link that its last joint moves, and the middle of its mass."""
    model, data = body.model, body.model.createData()
    pin.centerOfMass(model, data, pin.neutral(model), True)
    found = []
    for side in SIDES:
        arm = [joint for joint in body.groups.get(f"{side}_arm", ()) if joint in body.commanded]
        if len(arm) >= _LEAST_ARM:
            offset = ", ".join(f"{x:.3f}" for x in data.com[arm[-1]] + 0.0)
            found.append(f"{side}: {{frame: {body.links[arm[-1]]}, offset: [{offset}]}}")
    return ", ".join(found)


def _stop_lines(body: Anatomy, posture: Posture) -> Iterator[str]:
    """Patterns that give joints other stops."""
    for joint, (least, most) in posture.stops.items():
        yield f'  "{body.model.names[joint]}": {{lower: {least:.3f}, upper: {most:.3f}}}'


def _partners(body: Anatomy) -> dict[str, str]:
    """The joint of the other side, of each joint of a leg or an arm."""
    found: dict[str, str] = {}
    for limb in ("leg", "arm"):
        one, other = (body.groups.get(f"{side}_{limb}", ()) for side in SIDES)
        for a, b in zip(one, other, strict=False):
            names = str(body.model.names[a]), str(body.model.names[b])
            found |= {names[0]: names[1], names[1]: names[0]}
    return found


def _shared(name: str, other: str, every: list[str]) -> str | None:
    """A pattern that matches these two names and no third one."""
    plain = re.sub(_SIDES, "*", name)
    if plain != re.sub(_SIDES, "*", other):
        end = _alike(name[::-1], other[::-1])[::-1]
        plain = f"{_alike(name, other)}*{end}"
    return plain if {each for each in every if fnmatchcase(each, plain)} == {name, other} else None


def _alike(one: str, other: str) -> str:
    """With what both begin."""
    return "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _cuts(name: str) -> Iterator[int]:
    """Places between the words of a name."""
    for k in range(1, len(name)):
        word = name[k].isupper() and (name[k - 1].islower() or name[k + 1 : k + 2].islower())
        if name[k] in "_-" or name[k - 1] in "_-" or word:
            yield k


def _widest(left: Mapping[str, float], locked: set[str]) -> tuple[str, set[str]]:
    """The pattern that matches most of the joints that are at zero, none that is locked, and those that it does."""
    still = [name for name, angle in left.items() if angle == 0.0]
    patterns = [pattern for name in still for cut in _cuts(name) for pattern in (f"{name[:cut]}*", f"*{name[cut:]}")]
    best: tuple[str, set[str]] = (still[0], {still[0]})
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in locked):
            covered = {name for name in still if fnmatchcase(name, pattern)}
            if len(covered) > len(best[1]):
                best = pattern, covered
    return best
