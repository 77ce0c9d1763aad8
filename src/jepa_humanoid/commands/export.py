"""`humanoid export`: turn a training run into the files that a robot loads."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from jepa_humanoid.data.generate import read_recordings
from jepa_humanoid.robot.description import DEFAULT_ROBOT
from jepa_humanoid.world_model.settings import load_settings

app = typer.Typer(add_completion=False, help="Export the world model to ONNX.")
console = Console(highlight=False)


@app.command()
def export(
    data: Annotated[list[Path] | None, typer.Argument(help="The folders of episodes that it was trained on.")] = None,
    run: Annotated[Path, typer.Option(help="Folder of the training run.")] = Path("runs/world_model"),
    out: Annotated[Path | None, typer.Option(help="Folder for the model; models/ROBOT if none.")] = None,
    robot: Annotated[str, typer.Option(help="Whose walking it has learned.")] = DEFAULT_ROBOT,
    from_model: Annotated[
        Path | None, typer.Option(help="Instead: a model exported before, to be given this version's files.")
    ] = None,
) -> None:
    """Write the ONNX files, check them against torch, and measure the model on the episodes that were held out."""
    if from_model is not None:
        _upgrade(from_model)
        return
    if not data:
        _fail("name the folders of episodes that it was trained on, or a model: --from-model models/g1")
    try:
        from jepa_humanoid.world_model.training.export import export as export_networks
        from jepa_humanoid.world_model.training.session import copy_curve, split
        from jepa_humanoid.world_model.training.trainer import load_networks
    except ModuleNotFoundError as error:
        _fail(f"exporting needs {error.name}: pip install 'jepa_humanoid[train]'")
    from dataclasses import replace

    out = out or Path("models") / robot
    from jepa_humanoid.evaluation.model import judge_model, write_model_report
    from jepa_humanoid.world_model.card import ModelCard, write_card
    from jepa_humanoid.world_model.runtime import WorldModel

    try:
        settings = load_settings(run / "settings.yaml")
        networks = load_networks(run, settings)
        episodes = list(read_recordings(data))
        others = sorted({header.robot for header, _ in episodes} - {robot})
        if others:
            _fail(f"it has learned from episodes of {', '.join(others)}, and is to be the model of {robot}")
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
    except ValueError as error:
        _fail(error)
    console.print(f"exported to {out}; largest difference between torch and ONNX Runtime {difference:.1e}")


def _upgrade(model: Path) -> None:
    try:
        from jepa_humanoid.world_model.training.rollout_file import upgrade
    except ModuleNotFoundError as error:
        _fail(f"exporting needs {error.name}: pip install 'jepa_humanoid[train]'")
    try:
        difference = upgrade(model)
    except ValueError as error:
        _fail(error)
    console.print(f"{model}: the same weights in this version's files; graphs agree to {difference:.1e}")


def _fail(error: object) -> NoReturn:
    console.print(f"[bold red]error:[/] {error}", soft_wrap=True)
    raise typer.Exit(2)
