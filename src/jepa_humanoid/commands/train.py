"""`humanoid train`: learn the world model from episodes."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import TaskID

from jepa_humanoid import api
from jepa_humanoid.commands.options import finite
from jepa_humanoid.commands.output import Lines, bars, console
from jepa_humanoid.world_model.settings import load_settings

if TYPE_CHECKING:
    from jepa_humanoid.world_model.training.trainer import Report

app = typer.Typer(add_completion=False, help="Train the world model.")


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
    regularization: Annotated[
        float | None, typer.Option(min=0.0, help="λ of SIGReg; the file's if none.", callback=finite)
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; torch's own choice if none.")] = None,
) -> None:
    """Learn embedding and heads. May be stopped and started again at any time."""
    with bars() as progress:
        chosen = load_settings(settings)
        training = replace(
            chosen.training,
            steps=steps or chosen.training.steps,
            head_steps=head_steps or chosen.training.head_steps,
        )
        objective = chosen.objective
        if regularization is not None:
            objective = replace(objective, regularization=regularization)
        reading = progress.add_task("reading episodes", total=None)
        phases: dict[str, TaskID] = {}
        lines = Lines()

        def on_read(done: int, total: int) -> None:
            progress.update(reading, completed=done, total=total)

        def on_split(hours: float, held_out: float) -> None:
            progress.remove_task(reading)
            console.print(f"{hours:.2f} h to learn from, {held_out:.2f} h held out")

        def on_report(report: "Report") -> None:
            if report.phase not in phases:
                phases[report.phase] = progress.add_task(report.phase, total=report.steps)
            description = f"{report.phase} {report.losses['total']:.3f}"
            progress.update(phases[report.phase], completed=report.step, description=description)
            lines.say(f"{description}: {report.step} of {report.steps} steps")

        chosen = replace(chosen, training=training, objective=objective)
        api.train(data, out, chosen, seed, threads, on_read, on_split, on_report)
    folders = " ".join(map(str, data))
    console.print(f"trained: {out}; next: humanoid export {folders} --run {out}", soft_wrap=True, markup=False)
