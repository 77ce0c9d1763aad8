"""What gets installed: the wheel, its data, its commands, and that its descriptions agree."""

import ast
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

import jepa_humanoid
from jepa_humanoid import resources

CHECKOUT = Path(__file__).parents[1]

if not (CHECKOUT / "setup.py").is_file():
    pytest.skip("no source checkout", allow_module_level=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the sources: a build leaves folders behind that a later one would pick up."""
    source = tmp_path_factory.mktemp("source")
    for name in ("src", "launch", "urdf", "config", "models", "resource"):
        if (CHECKOUT / name).is_dir():
            ignored = shutil.ignore_patterns("*.egg-info", "__pycache__")
            shutil.copytree(CHECKOUT / name, source / name, ignore=ignored)
    for name in ("setup.py", "setup.cfg", "pyproject.toml", "package.xml", "LICENSE"):
        shutil.copy(CHECKOUT / name, source)
    target = tmp_path_factory.mktemp("wheel")
    pip(["wheel", "--no-deps", "--wheel-dir", str(target), str(source)])
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    """The wheel's METADATA."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return message_from_bytes(archive.read(name))


@pytest.fixture(scope="module")
def manifest() -> ElementTree.Element:
    """package.xml."""
    return ElementTree.parse(CHECKOUT / "package.xml").getroot()


def pip(arguments: list[str]) -> None:
    """Runs pip, and shows what it said if it failed."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr


@pytest.mark.slow
def test_wheel_carries_code_and_data(wheel: Path) -> None:
    """The wheel has every module, and the data files where an ament prefix has them."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for path in (CHECKOUT / "src/jepa_humanoid").rglob("*.py"):
        assert str(path.relative_to(CHECKOUT / "src")) in names
    share = f"{wheel.name.rsplit('-', 3)[0]}.data/data/share"
    assert f"{share}/ament_index/resource_index/packages/jepa_humanoid" in names
    assert f"{share}/jepa_humanoid/package.xml" in names
    for folder in ("launch", "urdf", "config", "models"):
        for path in (CHECKOUT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert f"{share}/jepa_humanoid/{path.relative_to(CHECKOUT)}" in names


@pytest.mark.slow
def test_installed_wheel_finds_its_data(wheel: Path, tmp_path: Path) -> None:
    """An installed wheel finds its data files below its own prefix, and not those of this checkout."""
    pip(["install", "--no-deps", "--no-compile", "--ignore-installed", "--prefix", str(tmp_path), str(wheel)])
    (package,) = tmp_path.rglob("jepa_humanoid/resources.py")
    program = "from jepa_humanoid.graph.assembly import make_graph; make_graph();"
    program += "from jepa_humanoid import resources as r; print(r.share_directory())"
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(package.parents[1])!r}); {program}"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    found = Path(outcome.stdout.strip())
    assert found.is_relative_to(tmp_path.resolve())
    assert (found / "launch/bringup.launch.py").is_file()


@pytest.mark.slow
def test_descriptions_agree(metadata: Message, manifest: ElementTree.Element) -> None:
    """Name, version and licence are the same for pip, for ament and for a program that asks, and have an entry."""
    assert metadata["Name"].replace("-", "_") == manifest.findtext("name") == "jepa_humanoid"
    assert metadata["Version"] == manifest.findtext("version") == jepa_humanoid.__version__
    assert manifest.findtext("license") == "Apache-2.0"
    changes = (CHECKOUT / "CHANGELOG.rst").read_text()
    assert re.search(rf"^(Forthcoming|{re.escape(metadata['Version'])} .*)$", changes, re.MULTILINE)


@pytest.mark.slow
def test_running_the_robot_needs_no_torch_and_no_ros_wheels(metadata: Message) -> None:
    """What is always installed trains nothing, brings no CUDA, and leaves ROS to the machine or to an extra."""
    requirements = metadata.get_all("Requires-Dist") or []
    always = [requirement for requirement in requirements if "extra ==" not in requirement]
    assert len(always) > 10
    assert not [requirement for requirement in always if re.match(r"torch|nvidia|ros-|jax|tensorflow", requirement)]
    assert "torch==2.13.0" in " ".join(requirements)


@pytest.mark.slow
def test_ros_packages_are_the_same_for_pip_and_for_ament(metadata: Message, manifest: ElementTree.Element) -> None:
    """Each ROS package that pip would bring is a dependency in package.xml, where rosdep looks."""
    depends = {element.text for element in manifest if element.tag.endswith("depend")}
    wheels = {
        match.group(1).replace("-", "_")
        for requirement in metadata.get_all("Requires-Dist") or []
        if (match := re.match(r"ros-jazzy-([a-z-]+)", requirement))
    }
    assert "rclpy" in wheels
    assert wheels <= depends


def test_commands_exist() -> None:
    """Each installed command is a `main` in a module of this package, and each node of the graph has one."""
    text = (CHECKOUT / "setup.py").read_text()
    entries = dict(re.findall(r'"(\w+) = jepa_humanoid\.([\w.]+):main"', text))
    assert {"humanoid", "mujoco_robot", "controller", "perception", "planner", "page"} <= entries.keys()
    for module in entries.values():
        path = CHECKOUT / "src/jepa_humanoid" / Path(*module.split(".")).with_suffix(".py")
        functions = [node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
        assert "main" in functions, path


def test_missing_resource_names_what_is_there() -> None:
    """Asking for a data file that does not exist is an error that names its neighbours."""
    with pytest.raises(resources.ResourceError, match=r"h7\.yaml does not exist.*g1\.yaml"):
        resources.resource("config/robots/h7.yaml")


@pytest.mark.parametrize("script", ["scripts/demo", "scripts/test", "scripts/format", ".ci/run"])
def test_scripts_can_be_run(script: str) -> None:
    """The scripts are executable and are valid for the shell that they name."""
    path = CHECKOUT / script
    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(path)], check=True)
