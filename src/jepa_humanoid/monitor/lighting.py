"""Light in the page's scene: plain for all, and better for whoever draws with a graphics processor."""

import threading

import viser

from jepa_humanoid.monitor.front import PLAIN

ANSWER_WITHIN = 60.0
"""Wall time in which a browser has to say how it draws [s]; one that does not keeps the plain light."""

_KEY = "/lights/key"
_FILL = "/lights/fill"
_OVERHEAD = (1.5, -2.5, 5.0)


def light(server: viser.ViserServer) -> None:
    """Light the scene, and ask each browser that comes whether it wants more of it.

    Shadows and reflections of a studio take two thirds of the time in which a browser without a graphics processor
    draws a picture. It handles what it is asked between two pictures, so held keys would be let go of.

    Args:
        server: Whose scene it is.
    """
    scene = server.scene
    scene.configure_environment_map(None)
    scene.configure_default_lights(enabled=False)
    scene.add_light_directional(_KEY, intensity=1.3, position=_OVERHEAD)
    scene.add_light_directional("/lights/rim", color=(150, 190, 255), intensity=1.0, position=(-2.5, 4.0, 2.5))
    scene.add_light_ambient(_FILL, intensity=1.6)
    server.on_client_connect(_welcome)


def _welcome(client: viser.ClientHandle) -> None:
    # A thread of its own, for the answer may come late, and viser's few are for what people do.
    threading.Thread(target=_improve, args=(client,), name="page-light", daemon=True).start()


def _improve(client: viser.ClientHandle) -> None:
    try:
        plain = client.local_storage.get_item(PLAIN, timeout=ANSWER_WITHIN)
    except (TimeoutError, RuntimeError):
        return  # it has gone, is hidden, or keeps nothing
    if plain:
        return
    scene = client.scene  # what has a name in it takes the place of what everybody has by that name
    with client.atomic():
        scene.configure_environment_map("studio", environment_intensity=0.3)
        scene.add_light_directional(_KEY, intensity=1.3, position=_OVERHEAD, cast_shadow=True)
        scene.add_light_ambient(_FILL, visible=False)
