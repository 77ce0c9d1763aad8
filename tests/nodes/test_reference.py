"""The page about topics and parameters says what the code does."""

import importlib.util

import pytest

from jepa_humanoid.nodes.contract import SERVICES, TOPICS
from jepa_humanoid.nodes.reference import NODES, load_node, write_reference
from jepa_humanoid.resources import share_directory


@pytest.fixture(scope="module")
def nodes():
    return [load_node(name) for name in NODES]


def test_page_is_current(nodes):
    """docs/topics.md is what `python -m jepa_humanoid.nodes.reference` writes now."""
    page = share_directory() / "docs" / "topics.md"
    assert page.read_text() == write_reference(nodes), f"run it again with --write {page}"


def test_nodes_speak_of_the_contract_only(nodes):
    """No node uses a topic or service that the contract lacks, and every service of the contract has one server."""
    for node in nodes:
        assert set(node.PUBLISHES) | set(node.SUBSCRIBES) <= set(TOPICS), node.NAME
    assert sorted(name for node in nodes for name in node.SERVES) == sorted(SERVICES)


def test_nobody_controls_by_ground_truth(nodes):
    """Ground truth reaches evaluators alone."""
    assert {node.NAME for node in nodes if "evaluation" in node.SUBSCRIBES} == {"demo_evaluator"}


def test_every_parameter_is_described(nodes):
    """Every parameter says what it does, and every number has a range with its default inside."""
    for node in nodes:
        for spec in node.parameter_specs():
            assert spec.description, spec.name
            if isinstance(spec.default, (int, float)) and not isinstance(spec.default, bool):
                assert spec.low is not None, spec.name
                assert spec.high is not None, spec.name
                assert spec.low <= spec.default <= spec.high, spec.name
            if spec.choices:
                assert spec.default in spec.choices, spec.name


def test_page_about_launching_is_current():
    """The tables in docs/launch.md are what `python scripts/reference.py` writes now."""
    root = share_directory()
    spec = importlib.util.spec_from_file_location("reference", root / "scripts" / "reference.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = (root / "docs" / "launch.md").read_text()
    assert page == script.with_tables(page), "run scripts/reference.py again"
    for name in ("target", "rviz_config", "device", "storage"):
        assert f"| `{name}` |" in page
