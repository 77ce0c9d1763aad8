"""What can be written about a policy, in a YAML file or by whoever reads another school's: names, forms and limits."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass as validated_dataclass

from jepa_humanoid.config import STRICT, Interval, Positive, nearest
from jepa_humanoid.locomotion.errors import WalkerError
from jepa_humanoid.locomotion.policy.description import Phase, PolicyDescription, Term
from jepa_humanoid.locomotion.policy.terms import PHASED, TERMS, Knowledge
from jepa_humanoid.robot.motors import GREATEST_DAMPING, GREATEST_STIFFNESS
from jepa_humanoid.robot.state import Vector

PerJoint = float | tuple[float, ...] | dict[str, float]
"""One number for all, one for each in order, or by patterns over the joints' names, the later over the earlier."""


@validated_dataclass(frozen=True, config=STRICT)
class TermFields:
    """One part of the observation; see `Term`."""

    term: str
    scale: float | tuple[float, ...] = 1.0
    history: Annotated[int, Field(ge=1, le=100)] = 1
    clip: Interval | None = None


@validated_dataclass(frozen=True, config=STRICT)
class PhaseFields:
    """A clock that the policy walks by; see `Phase`."""

    period: Positive
    start: Annotated[tuple[float, ...], Field(min_length=1, max_length=2)] = (0.0,)
    standing: tuple[float, ...] | None = None


@validated_dataclass(frozen=True, config=STRICT)
class CommandFields:
    """Velocities that it was trained to follow [m/s, rad/s]."""

    forward: Interval
    lateral: Interval
    turn: Interval


@validated_dataclass(frozen=True, config=STRICT)
class PolicyFields:
    """All that can be said of a policy; see `PolicyDescription`.

    Attributes:
        joints: Names in the network's order.
        default_posture: Of the joints [rad].
        stiffness: kp [N·m/rad].
        damping: kd [N·m·s/rad].
        observations: In order.
        action_scale: Of the commanded joints [rad].
        rate: Decisions a second [Hz].
        commanded: Joints that the action moves, in its order; None for all.
        action_offset: Target at zero action [rad]; None for the default posture.
        action_limits: Least and greatest target of each commanded joint [rad]; None for any.
        phase: Its clock; None without one.
        command_limits: None if nobody knows.
    """

    joints: tuple[str, ...]
    default_posture: PerJoint
    stiffness: PerJoint
    damping: PerJoint
    observations: Annotated[tuple[TermFields, ...], Field(min_length=1)]
    action_scale: PerJoint
    rate: Annotated[float, Field(ge=1.0, le=500.0)]
    commanded: tuple[str, ...] | None = None
    action_offset: PerJoint | None = None
    action_limits: tuple[Interval, ...] | None = None
    phase: PhaseFields | None = None
    command_limits: CommandFields | None = None


NEEDED = ("joints", "default_posture", "stiffness", "damping", "observations", "action_scale", "rate")
"""Without which nobody can run a network."""


def describe(fields: PolicyFields, source: str, inputs: int, outputs: int) -> PolicyDescription:
    """Write everything out, and hold it against the network.

    Args:
        fields: What was said.
        source: Where, for messages.
        inputs: Numbers that the network takes.
        outputs: Numbers that it gives.

    Raises:
        WalkerError: If something contradicts something else.
    """
    joints = fields.joints
    if twice := sorted({joint for joint in joints if joints.count(joint) > 1}):
        raise WalkerError(f"{source}: joints: {', '.join(twice)} twice")
    wanted = joints if fields.commanded is None else fields.commanded
    if unknown := [joint for joint in wanted if joint not in joints]:
        raise WalkerError(f"{source}: commanded: '{unknown[0]}' is none of its joints; {nearest(unknown[0], joints)}")
    if len(wanted) != outputs:
        raise WalkerError(f"{source}: the network gives {outputs} numbers, and commands {len(wanted)} joints")
    commanded = tuple(joints.index(joint) for joint in wanted)
    default = _vector(source, "default_posture", fields.default_posture, joints)
    terms = tuple(_term(source, each, len(joints), outputs, fields.phase) for each in fields.observations)
    sizes = [each.history * _size(each.name, len(joints), outputs, fields.phase) for each in terms]
    if sum(sizes) != inputs:
        parts = " + ".join(f"{each.name} {size}" for each, size in zip(terms, sizes, strict=True))
        raise WalkerError(f"{source}: the network takes {inputs} numbers, and observations are {parts} = {sum(sizes)}")
    limits = fields.action_limits
    if limits is not None and len(limits) != outputs:
        raise WalkerError(f"{source}: action_limits has {len(limits)} pairs for {outputs} joints")
    offset = default[list(commanded)]
    if fields.action_offset is not None:
        offset = _vector(source, "action_offset", fields.action_offset, wanted)
    allowed = fields.command_limits
    return PolicyDescription(
        source=source,
        joints=joints,
        default=default,
        stiffness=_gains(source, "stiffness", fields.stiffness, joints, GREATEST_STIFFNESS),
        damping=_gains(source, "damping", fields.damping, joints, GREATEST_DAMPING),
        commanded=commanded,
        scale=_vector(source, "action_scale", fields.action_scale, wanted),
        offset=offset,
        limits=None if limits is None else np.array(limits),
        terms=terms,
        period=1.0 / fields.rate,
        phase=_phase(source, fields.phase),
        command_limits=None if allowed is None else np.array([allowed.forward, allowed.lateral, allowed.turn]),
    )


def _phase(source: str, fields: PhaseFields | None) -> Phase | None:
    if fields is None:
        return None
    if fields.standing is not None and len(fields.standing) != len(fields.start):
        raise WalkerError(f"{source}: phase: start has {len(fields.start)} and standing {len(fields.standing)} numbers")
    return Phase(fields.period, fields.start, fields.standing)


def _term(source: str, fields: TermFields, joints: int, actions: int, phase: PhaseFields | None) -> Term:
    if fields.term not in TERMS:
        raise WalkerError(
            f"{source}: observations: nobody here can observe '{fields.term}'; {nearest(fields.term, TERMS)}"
        )
    if fields.term in PHASED and phase is None:
        raise WalkerError(f"{source}: observations: '{fields.term}' needs a phase, and none is said")
    size = _size(fields.term, joints, actions, phase)
    if isinstance(fields.scale, tuple) and len(fields.scale) != size:
        raise WalkerError(f"{source}: observations: '{fields.term}' has {len(fields.scale)} scales for {size} numbers")
    scale = np.array(fields.scale) if isinstance(fields.scale, tuple) else fields.scale
    return Term(fields.term, scale, fields.history, fields.clip)


def _size(term: str, joints: int, actions: int, phase: PhaseFields | None) -> int:
    """Numbers in a term at one time: measured on one that is all zeros."""
    return len(TERMS[term](Knowledge.zeros(joints, actions, 2 if phase is None else len(phase.start))))


def _gains(source: str, what: str, said: PerJoint, joints: tuple[str, ...], greatest: float) -> Vector:
    gains = _vector(source, what, said, joints)
    for joint, gain in zip(joints, gains, strict=True):
        if not 0.0 <= gain <= greatest:
            raise WalkerError(f"{source}: {what} of {joint} is {gain:g}, and has to be 0 to {greatest:g}")
    return gains


def _vector(source: str, what: str, said: PerJoint, joints: tuple[str, ...]) -> Vector:
    if isinstance(said, Mapping):
        return np.array([_matching(source, what, said, joint) for joint in joints])
    if isinstance(said, tuple):
        if len(said) != len(joints):
            raise WalkerError(f"{source}: {what} has {len(said)} numbers for {len(joints)} joints")
        return np.array(said)
    return np.full(len(joints), said)


def _matching(source: str, what: str, said: Mapping[str, float], joint: str) -> float:
    values = [value for pattern, value in said.items() if fnmatchcase(joint, pattern)]
    if not values:
        raise WalkerError(f"{source}: {what}: no pattern matches {joint}")
    return values[-1]
