"""People are told which nodes are silent, complain, or are missed."""

from jepa_humanoid.monitor.health import ERROR, SILENCE, STALE, WARNING, HealthWatch


def test_healthy_nodes_are_no_news() -> None:
    """Those that are relied on are listed without a trouble, others not at all."""
    watch = HealthWatch()
    for name in ("controller", "planner", "echo"):
        watch.hear(name, 0, "running", 0.0)
    health = watch.health(1.0)
    assert (health.silent, health.notes) == (frozenset(), ())
    assert health.troubles == {"controller": "", "planner": ""}


def test_silent_nodes_are_named() -> None:
    """Whatever they said last is old news."""
    watch = HealthWatch()
    watch.hear("planner", ERROR, "cannot plan", 0.0)
    health = watch.health(SILENCE + 0.1)
    assert health.silent == {"planner"}
    assert health.notes == ("planner is silent",)
    assert health.troubles == {"planner": "It is silent."}


def test_complaints_are_notes_unless_shown_elsewhere() -> None:
    """A node's own words, once."""
    watch = HealthWatch()
    watch.hear("controller", ERROR, "DAMPING: fell", 0.0)
    watch.hear("perception", WARNING, "waiting for points", 0.0)
    assert watch.health(0.0).notes == ("controller: DAMPING: fell", "perception: waiting for points")
    assert watch.health(0.0, frozenset({"controller"})).notes == ("perception: waiting for points",)


def test_each_node_is_missed_from_a_level_of_its_own() -> None:
    """A controller that damps does its duty, a planner that waits is not to blame, a blind perception is."""
    watch = HealthWatch()
    watch.hear("controller", ERROR, "DAMPING: fell", 0.0)
    watch.hear("planner", WARNING, "waiting for elevation", 0.0)
    watch.hear("perception", WARNING, "waiting for points", 0.0)
    assert watch.health(0.0).troubles == {"controller": "", "planner": "", "perception": "waiting for points"}
    watch.hear("controller", STALE, "not active", 0.0)
    assert watch.health(0.0).troubles["controller"] == "not active"
