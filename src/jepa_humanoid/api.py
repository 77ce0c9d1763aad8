"""What the commands `train`, `export` and `evaluate` do, as functions."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from jepa_humanoid.data.dataset import read_recordings
from jepa_humanoid.evaluation import locomotion, navigation
from jepa_humanoid.evaluation.model import judge_model, write_model_report
from jepa_humanoid.evaluation.navigation import Trial
from jepa_humanoid.evaluation.suites import Suite
from jepa_humanoid.evaluation.trial import USUAL, Conditions, LocomotionTrial
from jepa_humanoid.locomotion import walkers
from jepa_humanoid.robot.description import DEFAULT_ROBOT, load_robot
from jepa_humanoid.settings import check_settings
from jepa_humanoid.simulation.simulation import simulate
from jepa_humanoid.storage import write_whole
from jepa_humanoid.world_model.card import ModelCard, write_card
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.runtime import WorldModel
from jepa_humanoid.world_model.settings import WorldModelSettings, load_settings

if TYPE_CHECKING:
    from jepa_humanoid.world_model.training.trainer import Report

SETTINGS = "settings.yaml"
"""In a training folder: what the model was trained with."""

MODEL = "model"
"""In a training folder: the model exported from it."""


@dataclass(frozen=True)
class ExportedModel:
    """What `export` has written.

    Attributes:
        folder: Where it is.
        robot: Name of the robot whose walking it has learned.
        difference: Largest one between what torch and ONNX Runtime compute.
    """

    folder: Path
    robot: str
    difference: float


def evaluate(
    suite: str | Suite,
    seeds: Iterable[int] = range(4),
    robot: str = DEFAULT_ROBOT,
    *,
    engine: str = "mujoco",
    walker: str = walkers.MODEL,
    scenes: Sequence[str] = ("room",),
    planner: str = "jepa",
    model: Path | None = None,
    jobs: int = 1,
    overrides: str = "",
    speed: float | None = None,
) -> Sequence[LocomotionTrial | Trial]:
    """Run a closed-loop suite: estimated state, noise, and friction and masses drawn from each seed.

    Args:
        suite: ``stand``, ``walk``, ``course`` or ``push``, or one that the functions of
            `jepa_humanoid.evaluation.suites` make; or ``navigation``: to the goals of a scene.
        seeds: Of worlds, scenes and searches; locomotion gives a trial for each velocity or push of each seed.
        robot: A name in ``config/robots``, or the path of a YAML file.
        engine: What simulates it, but for navigation: ``mujoco``, or ``dart``.
        walker: What walks it: ``model``, or ``policy:FILE``.
        scenes: For navigation: names in ``config/scenes``, or paths of YAML files.
        planner: For navigation: who chooses the velocities.
        model: For navigation: folder of the world model; None for the robot's own.
        jobs: Processes.
        overrides: What is to be otherwise than the robot's file says, such as ``gait.step_width=0.24``.
        speed: For navigation: that the planner may ask for ahead [m/s]; None for its settings'.

    Raises:
        HumanoidError: If there is no such suite, robot, engine, walker, scene, planner or model; it says what there is.
    """
    if suite == "navigation":
        return list(navigate(list(seeds), robot, scenes, planner, model, jobs, overrides, walker, speed))
    return list(walk(suite, list(seeds), robot, engine, jobs, overrides, walker))


def walk(
    suite: str | Suite,
    seeds: Sequence[int],
    robot: str = DEFAULT_ROBOT,
    engine: str = "mujoco",
    jobs: int = 1,
    overrides: str = "",
    walker: str = walkers.MODEL,
    conditions: Conditions = USUAL,
) -> Iterator[LocomotionTrial]:
    """Run a suite of locomotion, and hand out each trial as it ends; as `evaluate`.

    Args:
        suite: As of `evaluate`.
        seeds: As of `evaluate`.
        robot: As of `evaluate`.
        engine: As of `evaluate`.
        jobs: As of `evaluate`.
        overrides: As of `evaluate`.
        walker: As of `evaluate`.
        conditions: Delays and friction, which each seed draws from ranges.
    """
    specs = locomotion.trial_specs(suite, seeds, engine, robot, overrides, walker, conditions)
    check_settings(load_robot(robot, overrides))
    return locomotion.evaluate(specs, jobs)


def navigate(
    seeds: Sequence[int],
    robot: str = DEFAULT_ROBOT,
    scenes: Sequence[str] = ("room",),
    planner: str = "jepa",
    model: Path | None = None,
    jobs: int = 1,
    overrides: str = "",
    walker: str = walkers.MODEL,
    speed: float | None = None,
) -> Iterator[Trial]:
    """Walk to the goals of scenes, and hand out each trial as it ends; as `evaluate`."""
    described = load_robot(robot, overrides)
    check_settings(described)
    walkers.check_walker(described, walker)
    make = partial(simulate, robot=robot, overrides=overrides, walker=walker)
    trials = navigation.evaluate(
        scenes, seeds, planner, model, make, jobs, robot=robot, overrides=overrides, speed=speed
    )
    return (replace(trial, walker=walker) for trial in trials)


def train(
    data: Sequence[Path],
    out: Path = Path("runs/world_model"),
    settings: WorldModelSettings | str | Path = DEFAULT_ROBOT,
    seed: int = 0,
    threads: int | None = None,
    on_read: Callable[[int, int], None] | None = None,
    on_split: Callable[[float, float], None] | None = None,
    on_report: "Callable[[Report], None] | None" = None,
) -> Path:
    """Learn a world model from folders of episodes; may be stopped and started again at any time.

    Args:
        data: Folders that `humanoid data generate` has written.
        out: Folder for checkpoint and curve; a checkpoint that is there is continued.
        settings: What the model sees, how large it is and how it learns; or a name in ``config/world_model``, or a
            YAML file.
        seed: Of initial weights and draws.
        threads: CPU threads; None for torch's own choice.
        on_read: Told how many episodes of how many have been read.
        on_split: Told how many hours there are to learn from, and how many are held out.
        on_report: Told every few steps how training goes.

    Returns:
        The folder, for `export`.

    Raises:
        HumanoidError: If an episode or the settings are malformed, or training needs a package that is missing.
    """
    with _packages_for("training"):
        from jepa_humanoid.world_model.training.session import plot_curve, split
        from jepa_humanoid.world_model.training.trainer import CURVE, Trainer
    chosen = settings if isinstance(settings, WorldModelSettings) else load_settings(settings)
    recordings = read_recordings(data, on_read)
    parts = split([(h.motion, recording.experience()) for h, recording in recordings], chosen.training.held_out)
    if on_split is not None:
        on_split(parts.train.seconds / 3600, parts.held_out.seconds / 3600)
    trainer = Trainer(chosen, parts.train, parts.held_out, out, seed, threads)
    write_whole(out / SETTINGS, yaml.safe_dump(chosen.as_dict(), sort_keys=False), WorldModelError)
    for report in trainer.run():
        if on_report is not None:
            on_report(report)
    plot_curve(out / CURVE, out / "curve.png")
    return out


def export(data: Sequence[Path], run: Path, out: Path | None = None, robot: str | None = None) -> ExportedModel:
    """Write the ONNX files of a training run, and measure the model on the episodes that were held out.

    Args:
        data: The folders of episodes that it was trained on.
        run: The training's folder.
        out: Folder for the model; None for ``model`` in the training's.
        robot: Whose walking it is to have learned; None for whosever the episodes show.

    Returns:
        Where it is, whose, and how well it was written.

    Raises:
        HumanoidError: If the run is incomplete, the episodes are another robot's, or a package is missing.
    """
    with _packages_for("exporting"):
        from jepa_humanoid.world_model.training.export import export as export_networks
        from jepa_humanoid.world_model.training.session import copy_curve, split
        from jepa_humanoid.world_model.training.trainer import load_networks
    out = out or run / MODEL
    settings = load_settings(run / SETTINGS)
    networks = load_networks(run, settings)
    episodes = list(read_recordings(data))
    shown = sorted({header.robot for header, _ in episodes})
    robot = robot or shown[0]
    if others := [name for name in shown if name != robot]:
        raise WorldModelError(
            f"it has learned from episodes of {', '.join(others)}, and is to be the model of {robot}: a model is of "
            "one robot, name the folders with its episodes"
        )
    parts = split([(h.motion, r.experience()) for h, r in episodes], settings.training.held_out)
    card = ModelCard(
        robot=robot,
        step=settings.step,
        horizon=settings.horizon,
        latent=settings.network.latent,
        observation=settings.observation,
        limits=settings.limits,
        one_step_error=1.0,
        trained_on={
            "walks": sum(h.source == "walk" for h, _ in episodes),
            "walked_hours": round(sum(0.1 * len(r) for h, r in episodes if h.source == "walk") / 3600, 3),
            "replays": sum(h.source == "replay" for h, _ in episodes),
            "replayed_hours": round(sum(0.1 * len(r) for h, r in episodes if h.source == "replay") / 3600, 3),
            "training_steps": settings.training.steps,
            "head_steps": settings.training.head_steps,
            "regularization": settings.objective.regularization,
        },
    )
    difference = export_networks(networks, card, out)
    report = judge_model(WorldModel(out), parts.held_out)
    write_card(replace(card, one_step_error=report.one_step_error), out)
    write_model_report(report, out / "quality.json")
    copy_curve(run, out)
    return ExportedModel(out, robot, difference)


def upgrade(model: Path) -> float:
    """Give a model that an earlier version exported the files of this one; the weights stay.

    Args:
        model: Its folder.

    Returns:
        Largest difference between what the graphs compute.

    Raises:
        HumanoidError: If there is no model, or a package is missing.
    """
    with _packages_for("exporting"):
        from jepa_humanoid.world_model.training.rollout_file import upgrade as upgrade_files
    return upgrade_files(model)


@contextmanager
def _packages_for(what: str) -> Iterator[None]:
    """Say which package of the extra ``train`` is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise WorldModelError(f"{what} needs {error.name}: pip install -e '.[train]' in the source folder") from error
