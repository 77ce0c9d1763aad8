"""`humanoid export`: turn a training run into the files that a robot loads."""

from pathlib import Path
from typing import Annotated

import typer

from jepa_humanoid import api
from jepa_humanoid.commands.options import Robot
from jepa_humanoid.commands.output import console, errors_told, fail
from jepa_humanoid.robot.description import DEFAULT_ROBOT, load_robot

app = typer.Typer(add_completion=False, help="Export the world model to ONNX.")


@app.command()
def export(
    data: Annotated[list[Path] | None, typer.Argument(help="The folders of episodes that it was trained on.")] = None,
    run: Annotated[Path, typer.Option(help="Folder of the training run.")] = Path("runs/world_model"),
    out: Annotated[Path | None, typer.Option(help="Folder for the model; models/ROBOT if none.")] = None,
    robot: Robot = DEFAULT_ROBOT,
    from_model: Annotated[
        Path | None, typer.Option(help="Instead: a model exported before, to be given this version's files.")
    ] = None,
) -> None:
    """Write the ONNX files, check them against torch, and measure the model on the episodes that were held out."""
    if from_model is not None:
        with errors_told():
            difference = api.upgrade(from_model)
        console.print(f"{from_model}: the same weights in this version's files; graphs agree to {difference:.1e}")
        return
    if not data:
        fail("name the folders of episodes that it was trained on, or a model: --from-model models/g1")
    with errors_told():
        name = load_robot(robot).name
        out = out or Path("models") / name
        difference = api.export(data, run, out, name)
    console.print(f"exported to {out}; largest difference between torch and ONNX Runtime {difference:.1e}")
