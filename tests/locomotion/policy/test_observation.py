"""Observations, term by term, against values worked out by hand."""

import numpy as np
import pytest

from jepa_humanoid.locomotion.policy.description import Term
from jepa_humanoid.locomotion.policy.observation import Observation
from jepa_humanoid.locomotion.policy.terms import TERMS, Knowledge


def known(shift: float = 0.0) -> Knowledge:
    """Numbers that are all different."""
    return Knowledge(
        linear_velocity=np.array((1.0, 2.0, 3.0)) + shift,
        angular_velocity=np.array((4.0, 5.0, 6.0)) + shift,
        gravity=np.array((0.0, 0.6, -0.8)),
        position=np.array((0.1, 0.2)),
        velocity=np.array((7.0, 8.0)),
        command=np.array((0.3, -0.1, 0.5)),
        action=np.array((9.0,)),
        phase=np.array((np.pi / 2, np.pi)),
    )


@pytest.mark.parametrize(
    ("names", "values"),
    [
        (("base_lin_vel",), (1.0, 2.0, 3.0)),
        (("base_ang_vel",), (4.0, 5.0, 6.0)),
        (("projected_gravity",), (0.0, 0.6, -0.8)),
        (("command", "velocity_commands"), (0.3, -0.1, 0.5)),
        (("command_lin_vel",), (0.3, -0.1)),
        (("command_ang_vel",), (0.5,)),
        (("joint_pos", "joint_pos_rel", "dof_pos"), (0.1, 0.2)),
        (("joint_vel", "joint_vel_rel", "dof_vel"), (7.0, 8.0)),
        (("actions", "last_action"), (9.0,)),
        (("sin_phase",), (1.0, 0.0)),
        (("cos_phase",), (0.0, -1.0)),
        (("gait_phase",), (1.0, 0.0)),
    ],
)
def test_every_name_means_its_term(names: tuple[str, ...], values: tuple[float, ...]) -> None:
    """Schools have different names for the same."""
    for name in names:
        assert TERMS[name](known()) == pytest.approx(values, abs=1e-12)


def test_terms_come_in_order_clipped_then_scaled() -> None:
    """The limit is of the value, and the factor comes after it."""
    observation = Observation(
        (
            Term("command", np.array((2.0, 1.0, 0.5))),
            Term("base_ang_vel", 0.25, clip=(-4.5, 4.5)),
            Term("actions"),
        )
    )
    made = observation.add(known())
    assert made.dtype == np.float32
    assert made == pytest.approx((0.6, -0.1, 0.25, 1.0, 1.125, 1.125, 9.0))


def test_history_is_of_each_term_oldest_first() -> None:
    """What is seen first counts as what has always been, and so it does after forgetting."""
    observation = Observation((Term("base_lin_vel", 2.0, history=3), Term("command_ang_vel", history=2)))
    assert observation.add(known()) == pytest.approx((2.0, 4.0, 6.0) * 3 + (0.5, 0.5))
    made = observation.add(known(1.0))
    assert made == pytest.approx((2.0, 4.0, 6.0) * 2 + (4.0, 6.0, 8.0) + (0.5, 0.5))
    made = observation.add(known(2.0))
    assert made == pytest.approx((2.0, 4.0, 6.0, 4.0, 6.0, 8.0, 6.0, 8.0, 10.0, 0.5, 0.5))
    observation.forget()
    assert observation.add(known(1.0)) == pytest.approx((4.0, 6.0, 8.0) * 3 + (0.5, 0.5))
