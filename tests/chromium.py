"""A real browser without a screen, by its debugging protocol: it runs the page, and people's keys are pressed in it."""

import json
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
"""Where a browser is, or None where there is none."""

_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--no-first-run",
)

_NO_DRAWING = """
for (const name of ["drawElements", "drawElementsInstanced", "drawArrays", "drawArraysInstanced"])
  WebGL2RenderingContext.prototype[name] = () => {};
"""


class Chromium:
    """One browser with one tab, in which WebGL does all but fill pixels.

    Args:
        folder: For its profile.
        url: What to open.
    """

    def __init__(self, folder: Path, url: str) -> None:
        assert PROGRAM is not None
        self._process = subprocess.Popen(
            [PROGRAM, *_OPTIONS, "--window-size=480,320", "--remote-debugging-port=0", f"--user-data-dir={folder}"],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stderr is not None
        address = next(line.split()[-1] for line in self._process.stderr if line.startswith("DevTools listening"))
        # A pipe that nobody reads would hold the browser up.
        threading.Thread(target=self._process.stderr.read, daemon=True).start()
        self._socket = connect(address, max_size=None)
        self._count = 0
        self._session: str | None = None
        self._tab = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=self._tab, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)
        # Software would draw for seconds, in which the browser answers nobody; a graphics processor takes no time.
        self.call("Page.addScriptToEvaluateOnNewDocument", source=_NO_DRAWING)
        self.call("Page.navigate", url=url)

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call a method of the protocol, and return its answer."""
        self._count += 1
        session = {} if self._session is None else {"sessionId": self._session}
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": parameters, **session}))
        while True:
            answer = json.loads(self._socket.recv(120.0))
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def look(self, expression: str) -> Any:
        """Value of an expression in the page."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def press(self, code: str, key: str) -> None:
        """Press a key and hold it."""
        self.call("Input.dispatchKeyEvent", type="keyDown", code=code, key=key, windowsVirtualKeyCode=ord(key.upper()))

    def release(self, code: str, key: str) -> None:
        """Let go of a key."""
        self.call("Input.dispatchKeyEvent", type="keyUp", code=code, key=key, windowsVirtualKeyCode=ord(key.upper()))

    def leave(self) -> None:
        """Close the tab."""
        self._session = None
        self.call("Target.closeTarget", targetId=self._tab)

    def close(self) -> None:
        """End the browser. Does nothing the second time."""
        self._socket.close()
        self._process.terminate()
        self._process.wait()
