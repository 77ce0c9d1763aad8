"""Who can plan, by name; nothing is loaded to know that."""

from importlib.metadata import EntryPoint, entry_points

GROUP = "jepa_humanoid.planners"
"""Entry points of others' planners: each is a `jepa_humanoid.planning.planners.PlannerMaker`."""

GOAL_BOUND = ("kinematic", "straight")
"""Planners of this package that go to a goal without a world model."""
WITHOUT_MODEL = (*GOAL_BOUND, "random")
"""All that do without one."""
OWN = ("jepa", "kinematic", "gcidm", "straight", "shuffled", "random")
"""Planners of this package."""


def others() -> dict[str, EntryPoint]:
    """Planners that other packages bring, by name; a name of this package's is this package's."""
    return {found.name: found for found in entry_points(group=GROUP) if found.name not in OWN}


def planner_names() -> tuple[str, ...]:
    """Names of the package's own planners, then of others' that are installed."""
    return (*OWN, *sorted(others()))
