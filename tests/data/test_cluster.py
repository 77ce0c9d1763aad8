"""A cluster that is not there is said to be so, soon."""

import socket
import sys
from types import ModuleType

import pytest

from jepa_humanoid.data.cluster import on_ray
from jepa_humanoid.data.errors import DataError


def test_without_ray_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else needs it."""
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(DataError, match=r"a cluster needs ray: pip install -e '\.\[ray\]'"):
        next(on_ray(abs, [1]))


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_where_nobody_answers_there_is_no_cluster(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """At a port that nobody listens on; Ray is not even asked."""
    monkeypatch.setitem(sys.modules, "ray", ModuleType("ray"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"{scheme}127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(DataError, match=f"no Ray cluster at '{address}'"):
            next(on_ray(abs, [1], address))
