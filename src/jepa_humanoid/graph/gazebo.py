"""Target ``gazebo``: the robot in Gazebo, driven through ros2_control. Only `ros2 launch` can start it.

Its server, the robot in it and the robot's controllers are started one after the other, each within its time.
"""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from jepa_humanoid.graph.description import Description, NodeSpec, OnExit, Preparation, Program, Step, Target
from jepa_humanoid.graph.options import SimulatedOptions, option
from jepa_humanoid.resources import PACKAGE, resource

PACKAGES = (
    *("ros_gz_sim", "ros_gz_bridge", "gz_ros2_control", "controller_manager"),
    *("joint_state_broadcaster", "imu_sensor_broadcaster", "forward_command_controller"),
)
"""What a ROS 2 installation has to have, besides the program ``gz``."""

SPAWN_PATIENCE = 60.0
"""Time for Gazebo to load its world and the robot [s]; it renders meshes meanwhile."""

CONTROLLER_PATIENCE = 20.0
"""Time for each step of loading controllers [s]: their manager waits for the description, and for the clock."""

LONGEST_GAP = 0.15
"""Time without a state that the controller bears [s]: Gazebo goes on while a busy machine has no time for us, and its
motor drivers damp meanwhile."""

NICE = 10
"""Priority of Gazebo's own processes; the planner's and the page's is the same."""

PARTITION = "GZ_PARTITION"
"""Variable with the name under which Gazebo's programs find each other."""

BROADCASTERS = ("joint_state_broadcaster", "imu_sensor_broadcaster")
EFFORT_CONTROLLER = "effort_controller"


@dataclass(frozen=True)
class GazeboOptions(SimulatedOptions):
    """What can be chosen about Gazebo."""

    TARGET: ClassVar[str] = "gazebo"

    gui: bool = option(False, "Show Gazebo's own window", in_command=False)


def nodes(options: GazeboOptions) -> tuple[NodeSpec, ...]:
    """The motor drivers, the bridge out of Gazebo, and the LiDAR where Gazebo does not render it."""
    robot = NodeSpec(
        name="gazebo_robot",
        description="The motor drivers of the robot in Gazebo",
        executable="gazebo_robot",
        parameters={"robot": options.robot, "seed": options.seed},
        on_exit=OnExit.SHUTDOWN,  # the joints would keep the last torque for ever
    )
    bridge = NodeSpec(
        name="gazebo_bridge",
        description="Carries the clock and the LiDAR's points out of Gazebo",
        package="ros_gz_bridge",
        executable="parameter_bridge",
        parameters={
            "config_file": str(resource("config/gazebo/bridge.yaml")),
            "expand_gz_topic_names": True,
            "use_sim_time": True,
        },
    )
    lidar = NodeSpec(
        name="gazebo_lidar",
        description="The LiDAR of a robot in Gazebo that nobody renders",
        executable="gazebo_lidar",
        parameters={"robot": options.robot, "scene": options.scene, "seed": options.seed},
    )
    return (robot, bridge, lidar) if options.lidar == "cast" else (robot, bridge)


def environment() -> Mapping[str, str]:
    """Keeps this graph's Gazebo apart from others on the network, unless somebody has chosen a partition already."""
    if PARTITION in os.environ:
        return {}
    return {PARTITION: f"{PACKAGE}_{socket.gethostname()}_{os.getpid()}"}


def prepare(options: GazeboOptions, description: Description) -> Preparation:
    """Gazebo's server, then the robot, then its broadcasters, then what drives its joints."""
    start = description.start
    name = options.namespace.replace("/", "_") or options.robot_name
    place = [word for key in ("x", "y", "z", "yaw") for word in ("-Y" if key == "yaw" else f"-{key}", str(start[key]))]
    spawn = NodeSpec(
        name="spawn_robot",
        description="Puts the robot into the world",
        package="ros_gz_sim",
        executable="create",
        arguments=("-world", str(start["world"]), "-name", name, "-topic", "robot_description", *place),
        on_exit=OnExit.NOTHING,
    )
    headless = () if options.gui else ("--headless-rendering",)
    world = str(description.folder / "world.sdf")
    server = _gazebo("gz_server", "-s", "-r", "--seed", str(options.seed), *headless, world, vital="Gazebo")
    window = (_gazebo("gz_gui", "-g"),) if options.gui else ()
    late = f"Gazebo has not taken the robot within {SPAWN_PATIENCE:.0f} s."
    return Preparation(
        programs=(server, *window),
        steps=(
            Step(spawn, "Spawning the robot in Gazebo", SPAWN_PATIENCE, late),
            Step(
                _spawner(options, str(start["controllers"]), *BROADCASTERS),
                f"Loading {' and '.join(BROADCASTERS)}",
            ),
            Step(
                _spawner(options, str(start["controllers"]), EFFORT_CONTROLLER),
                f"Loading {EFFORT_CONTROLLER}",
            ),
        ),
        done="the robot's joints are driven",
    )


def _gazebo(name: str, *arguments: str, vital: str = "") -> Program:
    """A part of Gazebo.

    It stands back for everybody else: nothing makes Gazebo wait for the controller, but on a busy machine it is better
    that time passes more slowly than that commands come late.
    """
    command = ("nice", "-n", str(NICE), "gz", "sim", *arguments)
    return Program(name, command, libraries={"GZ_SIM_SYSTEM_PLUGIN_PATH": "gz_ros2_control"}, vital=vital)


def _spawner(options: GazeboOptions, file: str, *controllers: str) -> NodeSpec:
    """Loads controllers, activates them, and ends; with a failure if that does not happen in time."""
    manager = f"/{options.namespace}/controller_manager" if options.namespace else "/controller_manager"
    patience = str(CONTROLLER_PATIENCE)
    return NodeSpec(
        name="",  # it names itself after the controllers
        description="Loads and activates controllers",
        package="controller_manager",
        executable="spawner",
        arguments=(
            *controllers,
            *("--controller-manager", manager),
            *("--controller-manager-timeout", patience),
            *("--switch-timeout", patience),
            *("--param-file", file),
        ),
        on_exit=OnExit.NOTHING,
    )


TARGET = Target(
    options=GazeboOptions,
    nodes=nodes,
    controller={"longest_gap": LONGEST_GAP},
    packages=PACKAGES,
    program="gz",
    environment=environment,
    prepare=prepare,
)
