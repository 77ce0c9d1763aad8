"""Writes the tables of the documentation from the code: `python scripts/reference.py`; a test holds them against it.

`docs/topics.md` gets topics, services, frames and parameters, `docs/launch.md` the launch files' arguments.
"""

from collections.abc import Iterable
from pathlib import Path

from jepa_humanoid.bringup import BRINGUP, Argument, launch_arguments, record_arguments, teleop_arguments
from jepa_humanoid.nodes.reference import NODES, load_node, write_reference

DOCS = Path(__file__).resolve().parents[1] / "docs"
BEGIN, END = "<!-- tables: written by scripts/reference.py -->", "<!-- end of tables -->"


def launch_tables() -> str:
    """The arguments of every launch file."""
    lines = ["### bringup.launch.py", "", *_table(launch_arguments())]
    lines += ["", "`gazebo.launch.py` and `robot.launch.py` take the same but `target`.", ""]
    lines += ["### rviz.launch.py", "", "As `bringup.launch.py` but `rviz`, and:", "", *_table([BRINGUP]), ""]
    lines += [
        "### teleop.launch.py",
        "",
        "As `bringup.launch.py`, and:",
        "",
        *_table([BRINGUP, *teleop_arguments()]),
        "",
    ]
    lines += ["### record.launch.py", "", "As `bringup.launch.py`, and:", "", *_table([BRINGUP, *record_arguments()])]
    return "\n".join(lines)


def with_tables(page: str) -> str:
    """The page about launching with its tables made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{launch_tables()}\n\n{END}{after}"


def _table(arguments: Iterable[Argument]) -> list[str]:
    lines = ["| argument | default | choices | meaning |", "| --- | --- | --- | --- |"]
    for argument in arguments:
        choices = ", ".join(f"`{choice}`" for choice in argument.choices or ())
        default = f"`{argument.default}`" if argument.default else "(empty)"
        lines.append(f"| `{argument.name}` | {default} | {choices} | {argument.description} |")
    return lines


def main() -> None:
    """Write both pages."""
    (DOCS / "topics.md").write_text(write_reference([load_node(name) for name in NODES]))
    page = DOCS / "launch.md"
    page.write_text(with_tables(page.read_text()))


if __name__ == "__main__":
    main()
