"""Which ROS domain and which port nobody uses on this machine yet."""

import socket

from jepa_humanoid.errors import HumanoidError

LAST_DOMAIN = 101
"""Highest ROS domain whose ports lie below those that Linux hands out by itself."""


class NetworkError(HumanoidError, RuntimeError):
    """No domain or port is left; the message says what to do."""


def free_domain(first: int = 0) -> int:
    """Returns a ROS domain in which no participant runs on this machine, so that two graphs do not mix.

    Args:
        first: Where to start looking.

    Raises:
        NetworkError: When all are taken.
    """
    for offset in range(LAST_DOMAIN + 1):
        domain = (first + offset) % (LAST_DOMAIN + 1)
        # DDSI-RTPS 2.3, section 9.6.1: the first participant of a domain listens on this port.
        if _is_free(7410 + 250 * domain, socket.SOCK_DGRAM, "0.0.0.0"):
            return domain
    raise NetworkError("All ROS domains are in use on this machine. Name one yourself: --domain-id.")


def free_port(host: str, first: int) -> int:
    """Returns the first port from `first` on that nobody listens on.

    Raises:
        NetworkError: When the next hundred are taken as well, or the host's address is not this machine's.
    """
    for port in range(first, min(first + 100, 65536)):
        if _is_free(port, socket.SOCK_STREAM, host):
            return port
    raise NetworkError(f"No port from {first} on can be served at {host}. Choose others: --host, --port.")


def _is_free(port: int, kind: socket.SocketKind, host: str) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # ports that only wait to be forgotten
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
