"""Puts a graph together: the target's nodes, those that are the same whatever moves, and viewers."""

from types import MappingProxyType

from jepa_humanoid.graph import shared, viewers
from jepa_humanoid.graph.arguments import TARGETS, make_options
from jepa_humanoid.graph.description import Graph
from jepa_humanoid.graph.options import Options


def make_graph(options: Options | None = None) -> Graph:
    """Returns the graph for these options, or for the defaults."""
    options = options or make_options()
    target = TARGETS[options.TARGET]
    robot, *beside = target.nodes(options)
    nodes = [robot, shared.controller(options, target), shared.perception(options)]
    if options.planner != "off":
        nodes.append(shared.planner(options))
    if options.page:
        nodes.append(shared.page(options))
    nodes += beside
    if options.tf == "true" or options.rviz:
        nodes.append(viewers.robot_state_publisher(options))
    if options.rviz:
        nodes += [viewers.rviz(options), viewers.goal_marker(options)]
    if options.goal is not None:
        nodes.append(shared.demo_evaluator(options, options.goal))
    # Two cores are enough for five processes only if none of them starts a pool of threads for small matrices. No node
    # draws with MuJoCo, whose search for a graphics library would take a tenth of a second of the robot's start.
    environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MUJOCO_GL": "disable"}
    return Graph(options=options, target=target, nodes=tuple(nodes), environment=MappingProxyType(environment))
