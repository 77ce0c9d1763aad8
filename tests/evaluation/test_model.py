"""A model is judged on its own robot's episodes."""

import pytest

from jepa_humanoid.evaluation.model import own_model
from jepa_humanoid.world_model.card import read_card
from jepa_humanoid.world_model.errors import WorldModelError


def test_the_episodes_say_whose_model() -> None:
    """Episodes of the G1 lead to the G1's model, those of another robot to where its own would be."""
    assert read_card(own_model(["g1", "g1"])).robot == "g1"
    assert own_model(["talos"]).parts[-2:] == ("models", "talos")


@pytest.mark.parametrize("robots", [["g1", "talos"], []])
def test_episodes_of_several_robots_are_refused(robots: list[str]) -> None:
    """No model imagines two robots, and the error names them."""
    with pytest.raises(WorldModelError, match=", ".join(robots) or "none"):
        own_model(robots)
