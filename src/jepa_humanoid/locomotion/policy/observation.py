"""The input of a policy: terms in order, each with its factor and what it was before."""

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.locomotion.policy.description import Term
from jepa_humanoid.locomotion.policy.terms import TERMS, Knowledge
from jepa_humanoid.robot.state import Vector


class Observation:
    """Makes one vector of what is known, decision after decision.

    Args:
        terms: In order.
    """

    def __init__(self, terms: Sequence[Term]) -> None:
        self._terms = tuple(terms)
        self._past: tuple[deque[Vector], ...] = tuple(deque(maxlen=term.history) for term in terms)

    def forget(self) -> None:
        """Begin anew: what is seen next counts as what has always been."""
        for past in self._past:
            past.clear()

    def add(self, known: Knowledge) -> NDArray[np.float32]:
        """The observation with this as its newest part: term after term, of each the oldest value first."""
        for term, past in zip(self._terms, self._past, strict=True):
            value = TERMS[term.name](known)
            if term.clip is not None:
                value = np.clip(value, *term.clip)
            past.append(term.scale * value)
            while len(past) < term.history:
                past.append(past[-1])
        return np.concatenate([value for past in self._past for value in past]).astype(np.float32)
