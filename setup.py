"""Packaging: one description for pip (PyPI wheels) and for colcon (ament_python)."""

import os

from setuptools import find_packages, setup

PACKAGE = "jepa_humanoid"
SHARE = f"share/{PACKAGE}"

# The run-time set: everything a robot or a simulation needs, and nothing that trains. Upper bounds are the next series
# that may change an interface. numpy, scipy, pillow and matplotlib go down to what Ubuntu 24.04 has: the messages of a
# ROS 2 Jazzy installation are compiled against that numpy, and do not load beside numpy 2.
RUN_TIME = [
    "numpy>=1.26,<3",
    "scipy>=1.11,<2",
    "pin>=4,<5",  # Pinocchio; 3.x names several bindings differently
    "daqp>=0.10,<1",
    "numba>=0.61,<1",
    "mujoco>=4,<5",
    "example-robot-data>=6,<7",
    "onnxruntime>=1.26,<2",
    "pyyaml>=6,<7",
    "pydantic>=2.8,<3",
    "typer>=0.16,<1",
    "rich>=13,<16",
    "viser>=1.0.20,<2",
    "honcho>=2,<3",
    "trimesh>=4.6,<6",
    "networkx>=2.8,<4",  # trimesh finds the parts of a mesh with it, and leaves it to others to install
    "pillow>=10,<14",
    "xacro>=2.1,<3",
    "matplotlib>=3.6,<4",
    "mcap>=1.6,<2",  # recordings; earlier ones cannot flush a chunk
    "mcap-ros2-support>=0.6,<1",
]

# ROS 2 Jazzy as wheels. Leave this extra out where ROS 2 is installed already: its own packages serve then.
ROS = [
    "ros-jazzy-rclpy[fastrtps]>=7.1,<8",
    "ros-rclpy[fastrtps]>=7.1,<8",  # the middleware is an extra of both; without it rclpy.init() fails
    "ros-jazzy-std-msgs>=5.3,<6",
    "ros-jazzy-sensor-msgs>=5.3,<6",
    "ros-jazzy-geometry-msgs>=5.3,<6",
    "ros-jazzy-nav-msgs>=5.3,<6",
    "ros-jazzy-visualization-msgs>=5.3,<6",
    "ros-jazzy-diagnostic-msgs>=5.3,<6",
    "ros-jazzy-std-srvs>=5.3,<6",
    # rosgraph-msgs (/clock), rcl-interfaces and lifecycle-msgs come with rclpy.
]

# The real G1: its own DDS, beside the one that ROS uses.
G1 = ["cyclonedds>=11,<12"]

# Episodes to learn from, and recordings as tables in Parquet; CSV needs nothing.
PARQUET = ["pyarrow>=17,<27"]

# Episodes made on a cluster.
RAY = [*PARQUET, "ray>=2.50,<3"]

TRAIN = [
    *PARQUET,
    # Pinned exactly: a bare `torch` may resolve to a build that brings gigabytes of CUDA packages.
    "torch==2.13.0",
    "onnx>=1.19,<2",
    "onnxscript>=0.5,<1",
]

# A second physics engine to try the walking on: Gazebo's default one.
DART = ["dartpy>=6.20,<7"]

# Environments in which others train policies over velocities.
GYM = ["gymnasium>=1.0,<2"]

# The search behind the settings of a catch (scripts/tune_catch.py).
TUNE = ["cma>=4,<5"]


# The documentation as a site.
DOCS = ["mkdocs-material>=9.5,<10", "mkdocstrings[python]>=0.27,<2", "latex2mathml>=3.77,<4"]

TEST = [
    # Where there is no wheel of it, the tests of the real G1 are skipped.
    *(f"{requirement}; platform_machine == 'x86_64'" for requirement in G1),
    *DART,
    *GYM,
    *PARQUET,
    *DOCS,
    "hypothesis>=6.100,<7",
    "pytest>=8.3,<10",
    "coverage>=7.10,<8",  # which measures processes that tests start
    "pytest-cov>=6,<8",
    "pytest-timeout>=2.3,<3",
    "pytest-xdist>=3.6,<4",
    "ruff==0.17.6",  # exact: another version formats differently
    "mypy>=2.4,<3",
    "import-linter>=2.5,<3",
    "types-PyYAML>=6.0.12,<7",
]

DEV = [*TEST, "pre-commit>=4,<5"]


def data_files_below(*folders: str) -> list[tuple[str, list[str]]]:
    """Returns `data_files` entries that keep the folders' structure below `share/jepa_humanoid`."""
    return [
        (f"{SHARE}/{root}", [f"{root}/{name}" for name in sorted(names)])
        for folder in folders
        for root, _, names in sorted(os.walk(folder))
        if names and not root.endswith("__pycache__")
    ]


setup(
    name=PACKAGE,
    version="0.1.0",
    description="ROS 2 control stack that lets a humanoid imagine before it steps",
    long_description=(
        "Perception, a JEPA world-model planner and a whole-body controller as ROS 2 nodes; "
        "the same graph drives a MuJoCo robot, a Gazebo robot and a real Unitree G1."
    ),
    author="The jepa_humanoid contributors",
    maintainer="The jepa_humanoid contributors",
    maintainer_email="jepa-humanoid@users.noreply.github.com",
    license="Apache-2.0",
    python_requires=">=3.11",
    package_dir={"": "src"},
    packages=find_packages("src"),
    package_data={PACKAGE: ["py.typed", "monitor/browser/*"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (SHARE, ["package.xml"]),
        *data_files_below("launch", "urdf", "config", "models"),
    ],
    zip_safe=False,
    install_requires=RUN_TIME,
    extras_require={
        "ros": ROS,
        "g1": G1,
        "train": TRAIN,
        "dart": DART,
        "gym": GYM,
        "parquet": PARQUET,
        "ray": RAY,
        "tune": TUNE,
        "docs": DOCS,
        "test": TEST,
        "dev": DEV,
    },
    entry_points={
        "console_scripts": [
            "humanoid = jepa_humanoid.cli:main",
            "mujoco_robot = jepa_humanoid.nodes.mujoco_robot:main",
            "unitree_g1 = jepa_humanoid.nodes.unitree_g1:main",
            "controller = jepa_humanoid.nodes.controller:main",
            "perception = jepa_humanoid.nodes.perception:main",
            "planner = jepa_humanoid.nodes.planner:main",
            "page = jepa_humanoid.nodes.page:main",
            "gazebo_robot = jepa_humanoid.nodes.gazebo_robot:main",
            "gazebo_lidar = jepa_humanoid.nodes.gazebo_lidar:main",
            "goal_marker = jepa_humanoid.nodes.goal_marker:main",
            "joystick_stop = jepa_humanoid.nodes.joystick_stop:main",
            "demo_evaluator = jepa_humanoid.nodes.demo_evaluator:main",
        ],
    },
)
