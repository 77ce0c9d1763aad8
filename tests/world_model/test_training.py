"""The model learns, resumes, exports, and runs without torch as it does with it."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch", reason="training needs torch: pip install -e '.[train]'")

from jepa_humanoid import geometry  # noqa: E402
from jepa_humanoid.commands.export import app  # noqa: E402
from jepa_humanoid.world_model.card import FORMAT, ModelCard, model_directory  # noqa: E402
from jepa_humanoid.world_model.errors import WorldModelError  # noqa: E402
from jepa_humanoid.world_model.experience import Experience  # noqa: E402
from jepa_humanoid.world_model.observation import FEATURES  # noqa: E402
from jepa_humanoid.world_model.runtime import WorldModel  # noqa: E402
from jepa_humanoid.world_model.settings import WorldModelSettings  # noqa: E402
from jepa_humanoid.world_model.training.export import TOLERANCE, export  # noqa: E402
from jepa_humanoid.world_model.training.networks import WorldModelNetworks, chain  # noqa: E402
from jepa_humanoid.world_model.training.objective import decorrelation, sigreg  # noqa: E402
from jepa_humanoid.world_model.training.rollout_file import upgrade  # noqa: E402
from jepa_humanoid.world_model.training.session import plot_curve, split  # noqa: E402
from jepa_humanoid.world_model.training.trainer import CHECKPOINT, CURVE, Report, Trainer, load_networks  # noqa: E402


def make_trainer(settings: WorldModelSettings, experience: Experience, directory: Path) -> Trainer:
    return Trainer(settings, experience, experience, directory, seed=0, threads=1)


@pytest.fixture(scope="module")
def run(small: WorldModelSettings, experience: Experience, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished training run."""
    directory = tmp_path_factory.mktemp("run")
    list(make_trainer(small, experience, directory).run())
    return directory


@pytest.fixture(scope="module")
def exported(run: Path, small: WorldModelSettings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run's model, exported."""
    directory = tmp_path_factory.mktemp("model")
    card = ModelCard(
        robot="g1",
        step=small.step,
        horizon=small.horizon,
        latent=small.network.latent,
        observation=small.observation,
        limits=small.limits,
        one_step_error=0.1,
    )
    assert export(load_networks(run, small), card, directory) <= TOLERANCE
    return directory


def test_decorrelation_counts_what_sigreg_hardly_sees() -> None:
    """Embeddings that repeat a few directions look Gaussian in most projections; their covariances tell."""
    torch.manual_seed(0)
    spread = torch.randn(2000, 32)
    repeated = torch.randn(2000, 8) @ torch.randn(8, 32) / 8**0.5
    assert decorrelation(spread) < 0.05
    assert decorrelation(repeated) > 2.0
    assert decorrelation(repeated) / decorrelation(spread) > sigreg(repeated, 64) / sigreg(spread, 64)


@pytest.mark.parametrize("near", [6, 7, 20])
def test_a_close_look_has_to_fit(small: WorldModelSettings, near: int) -> None:
    """Sizes that the middle of the grid cannot have are refused by name."""
    with pytest.raises(WorldModelError, match="near"):
        WorldModelNetworks(replace(small, network=replace(small.network, near=near)))


def test_sigreg_tells_gaussians_from_collapse() -> None:
    """A normal sample scores near its expectation under the null; a collapsed or a stretched one far above."""
    torch.manual_seed(0)
    normal = torch.randn(512, 8)
    assert sigreg(normal, 64) < 1.5
    assert sigreg(0.1 * normal, 64) > 20.0
    assert sigreg(3.0 * normal, 64) > 20.0
    assert sigreg(normal[:, :1].expand(-1, 8).contiguous(), 64) > 5.0


def test_chain_agrees_with_numpy() -> None:
    """Poses in the exported graph are chained as everywhere else."""
    steps = np.random.default_rng(0).uniform(-1, 1, (4, 5, 3))
    np.testing.assert_allclose(chain(torch.from_numpy(steps)).numpy(), geometry.integrate(steps), atol=1e-12)


def test_learning_beats_copying(run: Path, small: WorldModelSettings) -> None:
    """After a minute's worth of steps the prediction error is below that of repeating the embedding."""
    rows = [line.split(",") for line in (run / CURVE).read_text().splitlines()[1:]]
    ratio = [float(value) for phase, _, name, value in rows if name == "held_out_one_step_ratio"]
    assert ratio[-1] > 1.0


def test_heads_leave_the_embedding_alone(small: WorldModelSettings, experience: Experience, tmp_path: Path) -> None:
    """Training the heads changes neither encoder nor predictor."""
    trainer = make_trainer(small, experience, tmp_path)
    frozen: dict[str, np.ndarray] = {}
    for report in trainer.run():
        if report.phase == "embedding" and report.step == report.steps:
            frozen = {k: v.numpy().copy() for k, v in trainer.networks.encoder.state_dict().items()}
    for name, value in trainer.networks.encoder.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), frozen[name])


def test_training_resumes_where_it_stopped(small: WorldModelSettings, experience: Experience, tmp_path: Path) -> None:
    """A run that is stopped after its first phase and continued ends like one that is not."""
    whole = make_trainer(small, experience, tmp_path / "whole")
    list(whole.run())
    first = make_trainer(small, experience, tmp_path / "parts").run()
    for report in first:
        if report.phase == "embedding" and report.step == report.steps:
            next(first)
            break
    second = make_trainer(small, experience, tmp_path / "parts")
    reports: list[Report] = list(second.run())
    assert reports[0].phase == "heads"
    for a, b in zip(whole.networks.parameters(), second.networks.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_checkpoint_of_other_settings_is_refused(run: Path, small: WorldModelSettings, experience: Experience) -> None:
    """Nobody continues a run with another model by mistake."""
    with pytest.raises(WorldModelError, match="other settings"):
        make_trainer(replace(small, horizon=2), experience, run)
    with pytest.raises(WorldModelError, match="no checkpoint"):
        load_networks(run / "nowhere", small)


def test_curve_is_drawn(run: Path) -> None:
    """The training curve becomes a picture."""
    plot_curve(run / CURVE, run / "curve.png")
    assert (run / "curve.png").stat().st_size > 10_000
    assert (run / CHECKPOINT).is_file()


def test_split_holds_groups_out(experience: Experience) -> None:
    """No episode of a held-out group is learned from, and every episode is somewhere."""
    parts = [(number % 4, experience) for number in range(8)]
    halves = split(parts, 0.25)
    assert len(halves.held_out) == 2 * len(experience)
    assert len(halves.train) == 6 * len(experience)


def test_robot_runs_what_was_trained(
    run: Path, exported: Path, small: WorldModelSettings, experience: Experience
) -> None:
    """On real observations ONNX Runtime and torch agree, for any number of candidates."""
    networks, model = load_networks(run, small), WorldModel(exported)
    with torch.no_grad():
        expected = networks.encoder(torch.from_numpy(experience.codes[5:6]), torch.zeros(1, 2, len(FEATURES)))
    latent = model.encode(experience.codes[5], np.zeros((2, len(FEATURES)), np.float32))
    np.testing.assert_allclose(latent, expected[0].numpy(), atol=1e-4)
    commands = np.random.default_rng(0).uniform(-0.3, 0.3, (37, small.horizon, 3))
    many = model.imagine(latent, commands, (1.0, 0.5))
    one = model.imagine(latent, commands[8:9], (1.0, 0.5))
    np.testing.assert_allclose(many.poses[8], one.poses[0], atol=1e-5)
    np.testing.assert_allclose(many.latents[8], one.latents[0], atol=1e-4)
    assert ((many.collision >= 0.0) & (many.collision <= 1.0)).all()
    crow = np.linalg.norm(many.poses[..., :2] - (1.0, 0.5), axis=-1)
    assert (many.cost_to_go >= crow - 1e-2).all()


def test_runtime_refuses_what_it_cannot_read(exported: Path, small: WorldModelSettings, tmp_path: Path) -> None:
    """Wrong shapes, NaN and missing files are errors that name them."""
    model = WorldModel(exported)
    codes = np.zeros((16, 16), np.uint8)
    history = np.zeros((2, len(FEATURES)), np.float32)
    latent = model.encode(codes, history)
    with pytest.raises(WorldModelError, match="elevation codes"):
        model.encode(codes[:8], history)
    with pytest.raises(WorldModelError, match="uint8"):
        model.encode(codes.astype(np.float32), history)
    with pytest.raises(WorldModelError, match="proprioception: not every number is finite"):
        model.encode(codes, np.full_like(history, np.nan))
    with pytest.raises(WorldModelError, match="commands: shape"):
        model.imagine(latent, np.zeros((4, small.horizon + 1, 3)))
    with pytest.raises(WorldModelError, match="commands: shape"):
        model.roll_out(latent, np.zeros((4, small.horizon, 2)))
    with pytest.raises(WorldModelError, match="goal"):
        model.imagine(latent, np.zeros((4, small.horizon, 3)), (np.nan, 0.0))
    with pytest.raises(WorldModelError, match=r"model\.json is missing"):
        WorldModel(tmp_path)
    for name in ("model.json", "encoder.onnx"):
        (tmp_path / name).write_bytes((exported / name).read_bytes())
    with pytest.raises(WorldModelError, match=r"imagination\.onnx is missing"):
        WorldModel(tmp_path)
    (tmp_path / "encoder.onnx").write_bytes(b"nothing")
    with pytest.raises(WorldModelError, match=r"encoder\.onnx cannot be loaded"):
        WorldModel(tmp_path)


def test_graphs_tell_nothing_of_the_machine(exported: Path) -> None:
    """Exported files hold weights and operators, no paths of whoever exported them."""
    for path in exported.glob("*.onnx"):
        content = path.read_bytes()
        assert b".py" not in content
        assert str(Path.home()).encode() + b"/" not in content


def test_model_is_judged(exported: Path, experience: Experience) -> None:
    """The quality report has a figure for each step, and knows that nothing beats itself."""
    from jepa_humanoid.evaluation.model import judge_model

    report = judge_model(WorldModel(exported), experience, windows=60)
    assert len(report.ratio) == len(report.prediction_error) == 3
    assert 1.0 <= report.effective_rank <= 16.0
    assert report.standing_error[0] < report.standing_error[2]
    assert report.one_step_error > 0.0


def test_planners_graph_says_what_all_heads_say(exported: Path, small: WorldModelSettings) -> None:
    """The graph made for planners gives the other's poses, touches, falls and effort, for one candidate and many."""
    model = WorldModel(exported)
    draw = np.random.default_rng(1)
    latent = draw.standard_normal(small.network.latent).astype(np.float32)
    commands = draw.uniform(-0.5, 0.5, (150, small.horizon, 3))
    for some in (commands, commands[:1]):
        assert_same_body(model, latent, some)


def test_own_model_rolls_out_what_it_imagines() -> None:
    """The committed model's two graphs agree over the whole horizon, all over the commands that it has learned."""
    model = WorldModel(model_directory("g1"))
    draw = np.random.default_rng(2)
    limits = model.card.limits
    low, high = np.array([limits.forward, limits.lateral, limits.turn]).T
    for _ in range(5):
        latent = draw.standard_normal(model.card.latent).astype(np.float32)
        assert_same_body(model, latent, draw.uniform(low, high, (96, model.card.horizon, 3)))


def assert_same_body(model: WorldModel, latent: np.ndarray, commands: np.ndarray) -> None:
    expected, rollout = model.imagine(latent, commands), model.roll_out(latent, commands)
    for name in ("poses", "collision", "fall"):
        np.testing.assert_allclose(getattr(rollout, name), getattr(expected, name), rtol=0.0, atol=1e-5)
    # Watts, of which there are hundreds: single precision has seven digits.
    np.testing.assert_allclose(rollout.effort, expected.effort, rtol=1e-5, atol=1e-3)


def test_older_model_is_upgraded(exported: Path, tmp_path: Path, small: WorldModelSettings) -> None:
    """A model of format 1 is refused in words that say what to do; upgraded, it is the model exported today."""
    older = tmp_path / "older"
    shutil.copytree(exported, older)
    (older / "rollout.onnx").unlink()
    card = older / "model.json"
    card.write_text(card.read_text().replace(f'"format": {FORMAT}', '"format": 1'))
    with pytest.raises(WorldModelError, match="humanoid export --from-model"):
        WorldModel(older)
    result = CliRunner().invoke(app, ["--from-model", str(older)])
    assert result.exit_code == 0, result.output
    assert (older / "rollout.onnx").read_bytes() == (exported / "rollout.onnx").read_bytes()
    assert card.read_text() == (exported / "model.json").read_text()


def test_upgrade_refuses_what_is_no_model(exported: Path, tmp_path: Path) -> None:
    """Without the graph that holds the weights, or with another one in its place, nothing is upgraded."""
    shutil.copy(exported / "model.json", tmp_path)
    with pytest.raises(WorldModelError, match=r"imagination\.onnx is missing"):
        upgrade(tmp_path)
    shutil.copy(exported / "policy.onnx", tmp_path / "imagination.onnx")
    with pytest.raises(WorldModelError, match="holds no weight"):
        upgrade(tmp_path)


def test_nothing_is_learned_from_what_is_not_known(
    small: WorldModelSettings, experience: Experience, tmp_path: Path
) -> None:
    """Touches, clearances and costs that a recording does not know leave no loss, and the others stay numbers."""
    unknown = replace(
        experience,
        touch_known=np.zeros(len(experience), bool),
        clearance=np.full(len(experience), np.nan, np.float32),
        cost_to_go=np.full_like(experience.cost_to_go, np.nan),
    )
    settings = replace(small, training=replace(small.training, steps=25, head_steps=25))
    reports = [report for report in make_trainer(settings, unknown, tmp_path).run() if report.phase == "heads"]
    assert reports
    for report in reports:
        assert report.losses["collision"] == report.losses["clearance"] == report.losses["cost_to_go"] == 0.0
        assert all(np.isfinite(value) for value in report.losses.values())
        assert report.losses["displacement"] > 0.0
