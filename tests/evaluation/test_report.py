"""The page of a report shows what was measured, and needs no other file."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from jepa_humanoid.evaluation.locomotion import run_trial
from jepa_humanoid.evaluation.report import render, write_html
from jepa_humanoid.evaluation.suites import Case, stand_suite
from jepa_humanoid.evaluation.summary import Report, summarize
from jepa_humanoid.evaluation.trial import LocomotionTrial, TrialSpec


class Reader(HTMLParser):
    """Collects words, and checks that what is opened is closed."""

    VOID = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note."""
        self.tags.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """It is the last one that was opened."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Take note."""
        self.words.append(data.strip())


@pytest.fixture(scope="module")
def stood() -> LocomotionTrial:
    """A moment of standing."""
    return run_trial(TrialSpec(replace(stand_suite(), duration=0.3, settling=0.3), Case(), seed=0))


@pytest.fixture
def pushed(stood: LocomotionTrial) -> list[Report]:
    """Two walkers, of which one is <strong>."""
    return [
        summarize(
            "push",
            "mujoco",
            [
                replace(stood, walker=name, impulse_ns=impulse, direction_deg=direction, survived=impulse < most)
                for impulse in (10.0, 20.0, 30.0)
                for direction in (0.0, 90.0, 180.0, 270.0)
            ],
            walker=name,
        )
        for name, most in (("model", 15.0), ("<strong>", 25.0))
    ]


def svgs(page: str) -> Iterator[ElementTree.Element]:
    """Pictures of a page."""
    for text in re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL):
        yield ElementTree.fromstring(text)


def test_page_of_pushes_shows_walkers_side_by_side(pushed: list[Report], tmp_path: Path) -> None:
    """Every figure has a column a walker, the charts are whole, and names are no markup."""
    write_html(tmp_path / "deep" / "report.html", pushed, "stands and is pushed")
    page = (tmp_path / "deep" / "report.html").read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert "strong" not in reader.tags
    assert {"model", "<strong>", "4 of 12 (14 to 61 %)", "8 of 12 (39 to 86 %)"} <= set(reader.words)
    assert any(word.startswith("15.0 N·s") for word in reader.words)
    assert any(word.startswith("25.0 N·s") for word in reader.words)
    assert {"forward", "left", "back", "right", "1/1", "0/1"} <= set(reader.words)
    assert len(list(svgs(page))) == 4


def test_page_needs_nothing_else(pushed: list[Report]) -> None:
    """No script, and nothing that would be fetched."""
    page = render(pushed, "stands and is pushed")
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!#)', re.sub(r'xlink:href="#', "", page))
    assert "url(http" not in page


def test_same_trials_are_the_same_page(pushed: list[Report]) -> None:
    """Two reports can be compared."""
    assert render(pushed, "is pushed") == render(pushed, "is pushed")


def test_what_was_not_measured_is_not_shown(stood: LocomotionTrial) -> None:
    """Nobody was pushed, and nobody walked: there are no such charts, and no such lines."""
    page = render([summarize("stand", "mujoco", [stood])], "stands")
    assert "Survival by direction" not in page
    assert "Cost of transport" not in page
    assert "velocity error" not in page
    assert "Tracking" in page


def test_walker_that_never_survived_has_a_page(stood: LocomotionTrial) -> None:
    """With what there is to say."""
    page = render([summarize("stand", "mujoco", [replace(stood, survived=False, passed=False)])], "stands")
    assert "0 of 1" in page
