"""Which ROS domain and which port nobody uses on this machine yet, and who may hear what is said there."""

import socket
from collections.abc import Iterator, Mapping, MutableMapping

from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.resources import resource

LAST_DOMAIN = 101
"""Highest ROS domain whose ports lie below those that Linux hands out by itself."""

HIGHEST_DOMAIN = 232
"""Highest ROS domain that has ports at all."""

PROFILES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
"""Variables that name Fast DDS's profiles: of its second series and of its third."""


class NetworkError(HumanoidError, RuntimeError):
    """No domain or port is left, or no node could find another; the message says what to do."""


def use_sockets(environment: MutableMapping[str, str]) -> None:
    """Have Fast DDS speak to nodes through sockets, unless the environment names profiles of its own.

    Through shared memory, its default, a node that was killed and started again may never be heard. Nodes of others
    that do use it hear ours, and are heard.

    Args:
        environment: Variables of the nodes; changed. Other middlewares read none of these.

    Raises:
        ResourceError: If the profiles are not installed.
    """
    profiles = str(resource("config/fastdds.xml"))
    for variable in PROFILES:
        environment.setdefault(variable, profiles)


def stay_here(environment: MutableMapping[str, str]) -> None:
    """Keep what nodes say on this machine, unless the environment asks for something else.

    Args:
        environment: Variables of the nodes; changed.

    Raises:
        NetworkError: If nodes with these variables could not start or not find each other.
    """
    use_sockets(environment)
    environment.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    if problem := next(deafening(environment), None):
        variable, value, advice = problem
        raise NetworkError(f"{variable} is {value}: {advice}.")


def deafening(environment: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Variables with which no node finds another: their names, their values, and what to do."""
    domain = environment.get("ROS_DOMAIN_ID", "0") or "0"
    if not domain.isdecimal() or int(domain) > HIGHEST_DOMAIN:
        advice = f"0 to {LAST_DOMAIN} are safe on every machine: export ROS_DOMAIN_ID=0, or unset it"
        yield "ROS_DOMAIN_ID", domain, advice
    if environment.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "").upper() == "OFF":
        advice = "nodes do not find each other: unset ROS_AUTOMATIC_DISCOVERY_RANGE, or set it to LOCALHOST"
        yield "ROS_AUTOMATIC_DISCOVERY_RANGE", "OFF", advice


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
        NetworkError: When there is no such port, the next hundred are taken as well, or the host's address is not this
            machine's.
    """
    if not 0 < first < 65536:
        raise NetworkError(f"port {first} does not exist. Choose one from 1 to 65535.")
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
