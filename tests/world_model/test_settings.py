"""Settings come from files, and mistakes in them are named."""

from pathlib import Path

import pytest

from jepa_humanoid.world_model.card import FORMAT, ModelCard, read_card, write_card
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.settings import WorldModelSettings, load_settings


def test_package_settings_are_read() -> None:
    """The G1's file is valid, and its step is a whole number of frames."""
    settings = load_settings("g1")
    assert settings.stride * settings.observation.period == pytest.approx(settings.step)


def test_unknown_name_is_an_error() -> None:
    """A name without a file says which file was looked for."""
    with pytest.raises(WorldModelError, match=r"nobody\.yaml"):
        load_settings("nobody")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("horizon: 0", "horizon"),
        ("network: {latents: 3}", "network.latents"),
        ("step: 0.25", "multiple"),
        ("[", "not YAML"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, named: str) -> None:
    """A wrong field, value or file is named together with the file."""
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(WorldModelError, match=named) as error:
        load_settings(path)
    assert "wrong.yaml" in str(error.value)


def make_card(settings: WorldModelSettings) -> ModelCard:
    return ModelCard(
        robot="g1",
        step=settings.step,
        horizon=settings.horizon,
        latent=settings.network.latent,
        observation=settings.observation,
        limits=settings.limits,
        one_step_error=0.1,
        trained_on={"hours": 1.5},
    )


def test_card_survives_the_disk(tmp_path: Path, small: WorldModelSettings) -> None:
    """What is written is read."""
    write_card(make_card(small), tmp_path)
    assert read_card(tmp_path) == make_card(small)


def test_missing_and_broken_cards_are_named(tmp_path: Path, small: WorldModelSettings) -> None:
    """A folder without a model, a broken card and a later format are three clear errors."""
    with pytest.raises(WorldModelError, match=r"model\.json is missing"):
        read_card(tmp_path)
    (tmp_path / "model.json").write_text("{")
    with pytest.raises(WorldModelError, match="not JSON"):
        read_card(tmp_path)
    write_card(make_card(small), tmp_path)
    text = (tmp_path / "model.json").read_text().replace(f'"format": {FORMAT}', '"format": 99')
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(WorldModelError, match="format 99"):
        read_card(tmp_path)
