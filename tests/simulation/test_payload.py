"""What hands carry in a simulation."""

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.hands import hand_frame
from jepa_humanoid.simulation.errors import EngineError
from jepa_humanoid.simulation.payload import payload_by_link
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.world import World, WorldSettings

PAYLOAD = (1.0, 3.0)


@pytest.mark.parametrize("engine", ["mujoco", "dart"])
def test_both_engines_carry_it(g1: RobotDescription, engine: str) -> None:
    """The whole robot is as much heavier, and seeds keep their robots."""
    if engine == "dart":
        pytest.importorskip("dartpy")
    bare, loaded = (
        World(g1, load_scene("flat"), WorldSettings(seed=1, engine=engine, randomize=True, payload=payload))
        for payload in ((0.0, 0.0), PAYLOAD)
    )
    assert loaded.engine.mass == pytest.approx(bare.engine.mass + sum(PAYLOAD))
    assert loaded.draw.mass_scale == bare.draw.mass_scale


def test_a_link_has_its_own_and_what_it_carries(g1: RobotDescription) -> None:
    """Mass, centre and inertia in MuJoCo are those that Pinocchio adds up."""
    bare, loaded = (
        World(g1, load_scene("flat"), WorldSettings(noise=False, payload=payload)).engine.model
        for payload in ((0.0, 0.0), PAYLOAD)
    )

    def inertia(model) -> pin.Inertia:
        body = model.body(g1.hands["right"].frame)
        x = pin.Quaternion(*body.iquat).toRotationMatrix()
        return pin.Inertia(float(body.mass[0]), body.ipos.copy(), x @ np.diag(body.inertia) @ x.T)

    added = payload_by_link(g1, PAYLOAD)[g1.hands["right"].frame]
    expected = inertia(bare) + added
    assert inertia(loaded).mass == pytest.approx(expected.mass)
    assert inertia(loaded).lever == pytest.approx(expected.lever)
    assert inertia(loaded).inertia == pytest.approx(expected.inertia, abs=1e-7)
    assert added.lever == pytest.approx(g1.hands["right"].offset)
    assert g1.model.existFrame(hand_frame("right"))


@pytest.mark.parametrize("payload", [(-1.0, 0.0), (float("nan"), 0.0)])
def test_what_is_no_mass_is_refused(g1: RobotDescription, payload: tuple[float, float]) -> None:
    """By name."""
    with pytest.raises(EngineError, match="nobody carries"):
        payload_by_link(g1, payload)
