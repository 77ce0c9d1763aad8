"""A film shows the trial, picture by picture."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jepa_humanoid.evaluation import film
from jepa_humanoid.evaluation.suites import Case, stand_suite
from jepa_humanoid.evaluation.trial import TrialSpec


class Brush:
    """A camera that needs no graphics: every picture is of another colour."""

    def __init__(self, *_: object) -> None:
        self.seen: list[np.ndarray] = []

    def shoot(self, configuration: np.ndarray) -> np.ndarray:
        """Paint."""
        self.seen.append(configuration)
        return np.full((27, 48, 3), 20 * len(self.seen), dtype=np.uint8)

    def close(self) -> None:
        """It was in order."""
        assert all(0.5 < configuration[2] < 1.0 for configuration in self.seen)


@pytest.mark.parametrize(("ending", "most", "pictures"), [("gif", 250, 10), ("webp", 4, 4)])
def test_film_has_a_picture_for_every_moment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ending: str, most: int, pictures: int
) -> None:
    """Of 0.8 s, ten pictures of 80 ms each; a longer one would have as many as a film may have, and be faster."""
    monkeypatch.setattr(film, "Camera", Brush)
    monkeypatch.setattr(film, "_MOST_PICTURES", most)
    spec = TrialSpec(replace(stand_suite(), settling=0.4, duration=0.4), Case(), seed=0)
    assert film.film_trial(spec, tmp_path / "films" / f"stand.{ending}") == pictures
    with Image.open(tmp_path / "films" / f"stand.{ending}") as shown:
        assert shown.n_frames == pictures
        shown.load()
        assert shown.info["duration"] == 80
