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
    """Ground truth reaches evaluators and simulated sensors alone."""
    truths = {"evaluation", "ground_truth"}
    assert {node.NAME for node in nodes if truths & set(node.SUBSCRIBES)} == {"demo_evaluator", "gazebo_lidar"}
    sensor = next(node for node in nodes if node.NAME == "gazebo_lidar")
    assert sensor.PUBLISHES == ("points",)


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


@pytest.fixture(scope="module")
def script():
    """scripts/reference.py as a module."""
    spec = importlib.util.spec_from_file_location("reference", share_directory() / "scripts" / "reference.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("launch.md", ("target", "rviz_config", "device", "storage")),
        ("control.md", ("com_drop", "com_weight")),
        ("scenes.md", ("friction", "bottom", "file", "blocked_half_width")),
        ("data.md", ("codes", "cost_to_go", "draws")),
    ],
)
def test_tables_are_current(script, name, rows):
    """A page's tables are what `python scripts/reference.py` writes now."""
    page = (share_directory() / "docs" / name).read_text()
    assert page == script.with_tables(page, script.PAGES[name]()), "run scripts/reference.py again"
    for row in rows:
        assert f"| `{row}` |" in page


def test_every_setting_is_described(script):
    """Every setting of gait, whole-body controller and body is in the tables with words."""
    for line in script.settings_tables().splitlines():
        if line.startswith("| `"):
            assert len(line.split("|")[-2].split()) > 1, line
