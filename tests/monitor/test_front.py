"""What a browser shows before the page is there, and the keys that are held in it, in a real browser."""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jepa_humanoid.monitor.front import HELD, front_page
from jepa_humanoid.monitor.keyboard import KEYS, held_keys
from jepa_humanoid.monitor.page import Page
from jepa_humanoid.monitor.people import Handlers
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import VelocityCommand

Wait = Callable[..., None]

_SPEC = importlib.util.spec_from_file_location("chromium", Path(__file__).parents[1] / "chromium.py")
assert _SPEC is not None
assert _SPEC.loader is not None
chromium = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(chromium)

needs_browser = pytest.mark.skipif(chromium.PROGRAM is None, reason="there is no Chromium or Chrome here")

AHEAD = VelocityCommand(forward=0.5)
STILL = VelocityCommand()


def test_front_stands_before_the_client() -> None:
    """Front and script are there before the client's script begins, under our own title, with what comes from us."""
    page = front_page('<html><head><title>Viser</title><script data-p="x">f()</script></head></html>', "a < b", 30)
    assert page.index('id="jh-front"') < page.index("addEventListener") < page.index("<script data-p")
    assert "<title>a &lt; b</title>" in page
    assert 'data-parts="30"' in page
    assert " ".join(KEYS) in page
    assert page.endswith("f()</script></head></html>")


def test_client_without_a_script_is_refused() -> None:
    """Another release of viser could be built otherwise: better no page than one without a driver's keys."""
    with pytest.raises(ValueError, match="script"):
        front_page("<html></html>", "title", 1)


class Driven:
    """A page with somebody at the keyboard of a real browser."""

    def __init__(self, page: Page, tab: Any, commands: list[VelocityCommand], stops: list[bool]) -> None:
        self.page, self.tab, self.commands, self.stops = page, tab, commands, stops


@pytest.fixture(scope="module")
def driven(g1: RobotDescription, tmp_path_factory: pytest.TempPathFactory, wait_until: Wait) -> Iterator[Driven]:
    """One page and one browser for all tests, after it has loaded."""
    commands: list[VelocityCommand] = []
    stops: list[bool] = []
    handlers = Handlers(teleoperate=commands.append, emergency_stop=stops.append)
    with Page(g1, port=0, handlers=handlers) as page:
        page.show_state(g1.nominal_configuration)
        tab = chromium.Chromium(tmp_path_factory.mktemp("profile"), page.url)
        try:
            wait_until(lambda: tab.look("document.getElementById('jh-front') !== null"), "the front")
            wait_until(lambda: tab.look("document.getElementById('jh-front') === null"), "the front to go")
            assert tab.look("document.querySelector('.jh-status') !== null"), "the panel is there before the front goes"
            assert tab.look("getComputedStyle(document.getElementById('root')).visibility") == "visible"
            yield Driven(page, tab, commands, stops)
        finally:
            tab.close()


@pytest.fixture
def fresh(driven: Driven, wait_until: Wait) -> Driven:
    """Nobody drives."""
    driven.page.stop_driving()
    wait_until(lambda: driven.page.teleoperation.idle, "the zeros that end driving")
    driven.commands.clear()
    driven.stops.clear()
    return driven


@needs_browser
def test_held_key_drives_until_it_is_released(fresh: Driven, wait_until: Wait) -> None:
    """Commands come while the key is held, the panel shows which, and zeros end it; a second time as well."""
    for _ in range(2):
        fresh.commands.clear()
        fresh.tab.press("KeyW", "w")
        wait_until(lambda: fresh.commands[-5:] == 5 * [AHEAD], "commands ahead")
        wait_until(lambda: fresh.tab.look("document.querySelector('.jh-held')?.textContent") == "W", "the lit key")
        fresh.tab.release("KeyW", "w")
        wait_until(lambda: fresh.page.teleoperation.idle, "the end of driving")
        assert fresh.commands[-3:] == 3 * [STILL]
        assert not fresh.page._panel.drive.value


@needs_browser
def test_two_keys_are_one_velocity(fresh: Driven, wait_until: Wait) -> None:
    """What is added and taken away while driving counts at once."""
    fresh.tab.press("KeyW", "w")
    fresh.tab.press("KeyA", "a")
    wait_until(lambda: fresh.commands[-1:] == [VelocityCommand(0.5, 0.0, 0.6)], "a curve")
    fresh.tab.release("KeyW", "w")
    wait_until(lambda: fresh.commands[-1:] == [VelocityCommand(turn=0.6)], "turning")
    fresh.tab.release("KeyA", "a")
    wait_until(lambda: fresh.page.teleoperation.idle, "the end of driving")


@needs_browser
def test_space_stops_and_the_held_key_does_not_overrule_it(fresh: Driven, wait_until: Wait) -> None:
    """The stop is handed on, wherever the focus is, and a key that is still held drives no more."""
    fresh.tab.look("document.querySelector('#root input[type=checkbox]').focus()")
    fresh.tab.press("KeyW", "w")
    wait_until(lambda: AHEAD in fresh.commands, "commands ahead")
    fresh.tab.press("Space", " ")
    fresh.tab.release("Space", " ")
    wait_until(lambda: fresh.stops == [True], "the stop")
    wait_until(lambda: fresh.page.teleoperation.idle, "the end of driving")
    (client,) = fresh.page._server.get_clients().values()
    held = held_keys(client.local_storage.get_item(HELD, timeout=60.0))
    assert held == {"KeyW"}
    fresh.page._people._obey(client.client_id, held, False)
    assert fresh.page.teleoperation.driver is None
    fresh.tab.release("KeyW", "w")


@needs_browser
def test_typing_does_not_drive(fresh: Driven, wait_until: Wait) -> None:
    """In a field for text or numbers, letters are letters; afterwards they drive again."""
    fresh.tab.look("document.body.insertAdjacentHTML('beforeend', '<input id=field type=text>')")
    fresh.tab.look("document.getElementById('field').focus()")
    fresh.tab.press("KeyW", "w")
    assert not fresh.tab.look("localStorage.getItem('viser-user:jepa_humanoid.held')")
    fresh.tab.release("KeyW", "w")
    fresh.tab.look("document.getElementById('field').remove()")
    fresh.tab.press("KeyS", "s")
    wait_until(lambda: VelocityCommand(forward=-0.5) in fresh.commands, "commands back")
    assert AHEAD not in fresh.commands
    fresh.tab.release("KeyS", "s")
    wait_until(lambda: fresh.page.teleoperation.idle, "the end of driving")


@needs_browser
@pytest.mark.parametrize("event", ["blur", "pagehide"])
def test_who_looks_away_lets_go(fresh: Driven, wait_until: Wait, event: str) -> None:
    """A window that loses the focus is never told when the key is released."""
    fresh.tab.press("KeyW", "w")
    wait_until(lambda: AHEAD in fresh.commands, "commands ahead")
    fresh.tab.look(f"dispatchEvent(new Event('{event}'))")
    wait_until(lambda: fresh.page.teleoperation.idle, "the end of driving")
    assert fresh.commands[-3:] == 3 * [STILL]
    fresh.tab.release("KeyW", "w")


@needs_browser
def test_lost_process_is_told(fresh: Driven, wait_until: Wait) -> None:
    """While nothing answers there is a red line, and none once something does again."""
    shown = "!document.getElementById('jh-lost').hidden"
    assert not fresh.tab.look(shown)
    fresh.tab.call("Network.enable")
    for offline in (True, False):
        fresh.tab.call(
            "Network.emulateNetworkConditions", offline=offline, latency=0, downloadThroughput=-1, uploadThroughput=-1
        )
        wait_until(lambda offline=offline: fresh.tab.look(shown) is offline, "the line to change")


@needs_browser
def test_closing_the_tab_with_a_held_key_stops(fresh: Driven, wait_until: Wait) -> None:
    """Who leaves while holding a key lets go of the robot; the last test, for there is no tab after it."""
    fresh.tab.press("ArrowUp", "&")
    wait_until(lambda: AHEAD in fresh.commands, "commands ahead")
    fresh.tab.leave()
    wait_until(lambda: fresh.page.teleoperation.idle, "the end of driving")
    assert fresh.commands[-3:] == 3 * [STILL]
