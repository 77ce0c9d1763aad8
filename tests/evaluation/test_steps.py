"""Steps are read off the feet, in truth."""

import numpy as np
import pytest

from jepa_humanoid.evaluation.steps import StepMeter
from jepa_humanoid.robot.description import RobotDescription


def test_lifting_a_foot_and_setting_it_down_ahead_is_a_step(g1: RobotDescription) -> None:
    """Of the distance between the feet, along the heading; a foot that only sways makes none."""
    meter, q = StepMeter(g1), g1.nominal_configuration
    hip, knee = (g1.joint_names.index(f"left_{name}_joint") for name in ("hip_pitch", "knee"))
    meter.look(q)
    lifted = q.copy()
    lifted[7 + hip] -= 0.6
    lifted[7 + knee] += 0.9
    meter.look(lifted)
    assert meter.steps == []
    landed = q.copy()
    landed[7 + hip] -= 0.08
    meter.look(landed)
    ((side, length),) = meter.steps
    assert side == 0
    assert length == pytest.approx(0.05, abs=0.015)
    landed[3:7] = [0.0, 0.0, 1.0, 0.0]
    meter.look(landed)
    assert np.isfinite(meter.steps).all()
    assert len(meter.steps) == 1
