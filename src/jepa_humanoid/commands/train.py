"""`humanoid train`: learn the world model from episodes."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import yaml
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from jepa_humanoid.data.generate import read_recordings
from jepa_humanoid.world_model.settings import load_settings

app = typer.Typer(add_completion=False, help="Train the world model.")
console = Console(highlight=False)


@app.command()
def train(
    data: Annotated[list[Path], typer.Argument(help="Folders of episodes.")],
    out: Annotated[Path, typer.Option(help="Folder for checkpoint and curve; a checkpoint there is continued.")] = Path(
        "runs/world_model"
    ),
    settings: Annotated[str, typer.Option(help="A name in config/world_model, or a YAML file.")] = "g1",
    seed: Annotated[int, typer.Option(help="Of initial weights and draws.")] = 0,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Gradient steps on the embedding; the file's if none.")
    ] = None,
    head_steps: Annotated[
        int | None, typer.Option(min=1, help="Gradient steps on the heads; the file's if none.")
    ] = None,
    regularization: Annotated[float | None, typer.Option(min=0.0, help="λ of SIGReg; the file's if none.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; torch's own choice if none.")] = None,
) -> None:
    """Learn embedding and heads. May be stopped and started again at any time."""
    try:
        from jepa_humanoid.world_model.training.session import plot_curve, split
        from jepa_humanoid.world_model.training.trainer import CURVE, Trainer
    except ModuleNotFoundError as error:
        _fail(f"training needs {error.name}: pip install 'jepa_humanoid[train]'")
    try:
        chosen = load_settings(settings)
        training = replace(
            chosen.training,
            steps=steps or chosen.training.steps,
            head_steps=head_steps or chosen.training.head_steps,
        )
        objective = chosen.objective
        if regularization is not None:
            objective = replace(objective, regularization=regularization)
        chosen = replace(chosen, training=training, objective=objective)
        with console.status("reading episodes") as status:
            parts = split(
                [
                    (header.motion, recording.experience())
                    for header, recording in read_recordings(
                        data, lambda done, total: status.update(f"reading episodes: {done} of {total}")
                    )
                ],
                training.held_out,
            )
        console.print(
            f"{parts.train.seconds / 3600:.2f} h to learn from, {parts.held_out.seconds / 3600:.2f} h held out"
        )
        trainer = Trainer(chosen, parts.train, parts.held_out, out, seed, threads)
        (out / "settings.yaml").write_text(yaml.safe_dump(chosen.as_dict(), sort_keys=False))
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=console) as progress:
            bars: dict[str, TaskID] = {}
            for report in trainer.run():
                if report.phase not in bars:
                    bars[report.phase] = progress.add_task(report.phase, total=report.steps)
                progress.update(
                    bars[report.phase],
                    completed=report.step,
                    description=f"{report.phase} {report.losses['total']:.3f}",
                )
        plot_curve(out / CURVE, out / "curve.png")
    except ValueError as error:
        _fail(error)
    console.print(f"trained: {out}; next: humanoid export --run {out}")


def _fail(error: object) -> NoReturn:
    console.print(f"[bold red]error:[/] {error}", soft_wrap=True)
    raise typer.Exit(2)
