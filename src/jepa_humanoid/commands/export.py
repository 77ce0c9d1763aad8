"""`humanoid export`: turn a training run into the files that a robot loads."""

from pathlib import Path
from typing import Annotated

import typer

from jepa_humanoid import api
from jepa_humanoid.commands.output import console, fail
from jepa_humanoid.robot.description import DEFAULT_ROBOT, load_robot

app = typer.Typer(add_completion=False, help="Export the world model to ONNX.")


@app.command()
def export(
    data: Annotated[list[Path] | None, typer.Argument(help="The folders of episodes that it was trained on.")] = None,
    run: Annotated[Path, typer.Option(help="Folder of the training run.")] = Path("runs/world_model"),
    out: Annotated[Path | None, typer.Option(help="Folder for the model; `model` in the run's if none.")] = None,
    robot: Annotated[str | None, typer.Option(help="Which robot it is to be of; that of the episodes if none.")] = None,
    from_model: Annotated[
        Path | None, typer.Option(help="Instead: a model exported before, to be given this version's files.")
    ] = None,
) -> None:
    """Write the ONNX files, check them against torch, and measure the model on the episodes that were held out."""
    if from_model is not None:
        difference = api.upgrade(from_model)
        console.print(f"{from_model}: the same weights in this version's files; graphs agree to {difference:.1e}")
        return
    if not data:
        fail("name the folders of episodes that it was trained on, or a model: --from-model models/g1")
    made = api.export(data, run, out, load_robot(robot).name if robot else None)
    console.print(
        f"exported to {made.folder}; largest difference between torch and ONNX Runtime {made.difference:.1e}",
        soft_wrap=True,
    )
    of = f" --robot {robot or made.robot}" if made.robot != DEFAULT_ROBOT else ""
    console.print(f"next: humanoid demo{of} --model {made.folder}", soft_wrap=True, markup=False)
