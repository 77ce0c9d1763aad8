"""Training on what people bring: damaged checkpoints, full disks, runs that were stopped anywhere."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="training needs torch: pip install -e '.[train]'")

from jepa_humanoid.world_model.errors import WorldModelError  # noqa: E402
from jepa_humanoid.world_model.experience import Experience  # noqa: E402
from jepa_humanoid.world_model.settings import WorldModelSettings  # noqa: E402
from jepa_humanoid.world_model.training import trainer as training  # noqa: E402
from jepa_humanoid.world_model.training.session import split  # noqa: E402
from jepa_humanoid.world_model.training.trainer import CHECKPOINT, CURVE, Trainer, load_networks  # noqa: E402

FULL = Path("/dev/full")
"""A disk without room, as Linux offers one to whoever wants to try."""


def make(settings: WorldModelSettings, experience: Experience, folder: Path) -> Trainer:
    return Trainer(settings, experience, experience, folder, threads=1)


@pytest.fixture(scope="module")
def stopped(small: WorldModelSettings, experience: Experience, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that ended at its first report, with a checkpoint because time had passed."""
    folder = tmp_path_factory.mktemp("stopped")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "_SAVE_AFTER", -1.0)
        next(make(small, experience, folder).run())
    return folder


def test_a_slow_machine_has_a_checkpoint_soon(stopped: Path, small: WorldModelSettings, experience: Experience) -> None:
    """Time passes as well as steps: what was learned by the first report can be continued."""
    first = next(make(small, experience, stopped).run())
    assert first.step == 50
    assert load_networks(stopped, small) is not None


def test_a_resumed_curve_says_everything_once(
    small: WorldModelSettings, experience: Experience, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps after the last checkpoint are taken again, and stand in the curve once."""
    monkeypatch.setattr(training, "_SAVE_AFTER", -1.0)
    running = make(small, experience, tmp_path).run()
    next(running)
    monkeypatch.setattr(training, "_SAVE_AFTER", 1e9)
    next(running)  # Step 50 stands in the curve; the checkpoint does not know of it.
    with (tmp_path / CURVE).open("a", encoding="utf-8") as file:
        file.write("embedding,7")
    list(make(small, experience, tmp_path).run())
    rows = Counter(tuple(line.split(",")[:3]) for line in (tmp_path / CURVE).read_text(encoding="utf-8").splitlines())
    assert max(rows.values()) == 1
    assert {step for phase, step, _ in rows if phase != "phase"} == {"25", "50", "60"}


@pytest.mark.parametrize("share", [0.0, 0.4, 0.99])
def test_a_cut_checkpoint_is_named(
    stopped: Path, small: WorldModelSettings, experience: Experience, tmp_path: Path, share: float
) -> None:
    """Nothing or a part of one: the error says which file, and what to do."""
    whole = (stopped / CHECKPOINT).read_bytes()
    (tmp_path / CHECKPOINT).write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(WorldModelError, match=r"checkpoint\.pt is damaged .* remove it to train anew"):
        make(small, experience, tmp_path)
    with pytest.raises(WorldModelError, match=r"checkpoint\.pt is damaged"):
        load_networks(tmp_path, small)


@settings(max_examples=25)
@given(content=st.binary(max_size=60))
def test_any_checkpoint_is_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, small: WorldModelSettings, content: bytes
) -> None:
    """Bytes that are no checkpoint, whatever they are."""
    folder = tmp_path_factory.getbasetemp()
    (folder / CHECKPOINT).write_bytes(content)
    with pytest.raises(WorldModelError, match=r"checkpoint\.pt is damaged"):
        load_networks(folder, small)


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
def test_a_full_disk_keeps_the_last_checkpoint(
    stopped: Path, small: WorldModelSettings, experience: Experience, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run ends with a sentence, and goes on from what it had once there is room."""
    (tmp_path / CHECKPOINT).write_bytes((stopped / CHECKPOINT).read_bytes())
    monkeypatch.setattr(training, "_SAVE_AFTER", -1.0)
    running = make(small, experience, tmp_path).run()
    (tmp_path / f"{CHECKPOINT}.part").symlink_to(FULL)
    with pytest.raises(WorldModelError, match=r"cannot write .*checkpoint\.pt: No space left"):
        next(running)
    assert (tmp_path / CHECKPOINT).read_bytes() == (stopped / CHECKPOINT).read_bytes()


def test_a_folder_that_cannot_be_made_is_named(
    small: WorldModelSettings, experience: Experience, tmp_path: Path
) -> None:
    """Before the first step, not after the last."""
    (tmp_path / "file").touch()
    with pytest.raises(WorldModelError, match=r"cannot make the folder .*file/run.* name another"):
        make(small, experience, tmp_path / "file" / "run")


def test_one_motion_cannot_be_split(experience: Experience) -> None:
    """The error says that more is needed; and with two, one is learned from whatever share is asked for."""
    with pytest.raises(WorldModelError, match=r"all 3 episodes are of one motion.*make more"):
        split([(7, experience)] * 3, 0.1)
    halves = split([(7, experience), (8, experience)], 0.95)
    assert len(halves.train) == len(halves.held_out) == len(experience)
