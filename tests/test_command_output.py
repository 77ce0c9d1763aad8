"""Commands say how far they are wherever their output goes."""

import io

import pytest
from rich.console import Console

from jepa_humanoid.commands import output


@pytest.mark.parametrize("terminal", [False, True])
def test_lines_are_for_pipes(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    """A line now and then where there are no bars, and none beside them."""
    said = io.StringIO()
    monkeypatch.setattr(output, "console", Console(file=said, force_terminal=terminal, highlight=False))
    lines = output.Lines(every=1e9)
    lines.say("heads 0.5: 25 of 60 steps")
    lines.say("heads 0.4: 50 of 60 steps")
    assert said.getvalue() == ("" if terminal else "heads 0.5: 25 of 60 steps, after 0 s\n")
