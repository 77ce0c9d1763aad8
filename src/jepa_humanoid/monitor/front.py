"""What a browser gets first: viser's client behind our own front, which says that it loads and listens to keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import viser
import viser.infra

from jepa_humanoid.monitor.keyboard import KEYS

HELD = "jepa_humanoid.held"
"""Name under which a browser keeps which keys are held."""

PLAIN = "jepa_humanoid.plain"
"""Name under which a browser keeps that it draws without a graphics processor; empty if it has one."""

_PREFIX = "viser-user:"
"""What viser's client puts before the names that `LocalStorageHandle` asks for."""

_CLIENT = Path(viser.__file__).parent / "client" / "build" / "index.html"


def front_page(client: str, title: str, parts: int) -> str:
    """Put our front before viser's client.

    Args:
        client: Its one file, as HTML.
        title: Of the page.
        parts: How many meshes the robot is drawn with; once they are drawn, the front goes away.

    Raises:
        ValueError: If the file has no script before which something could stand.
    """
    head, script, client_code = client.partition("<script")
    if not script:
        raise ValueError("viser's client is not one file with a script in it")
    source = files("jepa_humanoid.monitor") / "browser"
    style, code = ((source / name).read_text(encoding="utf-8") for name in ("front.css", "front.js"))
    title = escape(title)
    front = (
        f'<div id="jh-front" data-parts="{parts}" data-keys="{" ".join(KEYS)}" '
        f'data-store="{_PREFIX}{HELD}" data-plain="{_PREFIX}{PLAIN}">'
        f'<h1>{title}</h1><div id="jh-bar"><i></i></div><p>Loading…</p><p></p></div>'
        '<div id="jh-lost" hidden>The page has lost its process: the robot cannot be stopped from here.</div>'
    )
    # The body begins early, so that there is something to look at while the client, 800 kB in one line, unpacks itself.
    head = head.replace("<title>Viser</title>", f"<title>{title}</title>")
    return f"{head}<style>{style}</style></head><body>{front}<script>{code}</script>{script}{client_code}"


@contextmanager
def behind_front(title: str, parts: int) -> Iterator[TemporaryDirectory[str]]:
    """While this lasts, a `viser.ViserServer` that is made serves its client behind our front.

    Its constructor makes its own HTTP server with the folder of viser's client and has no argument for another one.
    That folder is all that differs here.

    Yields:
        The folder that is served, to be cleaned up after the server has stopped.
    """
    folder = TemporaryDirectory(prefix="jepa_humanoid-page-")
    root = Path(folder.name)
    (root / "index.html").write_text(front_page(_CLIENT.read_text(encoding="utf-8"), title, parts), encoding="utf-8")
    (root / "alive.txt").write_text("yes\n", encoding="utf-8")
    viser_own = viser.infra.WebsockServer

    class Server(viser_own):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "http_server_root": root})

    viser.infra.WebsockServer = Server  # type: ignore[misc]
    try:
        yield folder
    except BaseException:
        folder.cleanup()
        raise
    finally:
        viser.infra.WebsockServer = viser_own  # type: ignore[misc]
