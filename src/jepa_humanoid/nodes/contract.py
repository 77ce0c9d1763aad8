"""Topics and services of the graph: names, types, quality of service and rates, in one place.

Names are relative, so a namespace holds one robot and several robots run side by side; units are SI. Nodes make their
publishers and subscriptions from this table, and ``docs/topics.md`` is written from it.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Pose, PoseStamped, TwistStamped, Vector3Stamped
from nav_msgs.msg import Odometry, Path
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Imu, JointState, Joy, PointCloud2
from std_msgs.msg import Bool, Float64MultiArray, String
from std_srvs.srv import Trigger
from visualization_msgs.msg import InteractiveMarkerFeedback, InteractiveMarkerUpdate, MarkerArray
from visualization_msgs.srv import GetInteractiveMarkers

from jepa_humanoid.nodes.quality import EVENTS, LATCHED, LATEST, SENSOR, TRANSFORMS, Quality

try:
    from tf2_msgs.msg import TFMessage
except ModuleNotFoundError:  # it comes with a ROS 2 installation, and in no wheel
    TFMessage = None


@dataclass(frozen=True)
class Topic:
    """A topic of the graph.

    Attributes:
        name: Relative to the robot's namespace.
        type: Message class; None where its package is not installed, and nobody speaks of the topic then.
        quality: Offered by publishers and asked for by subscriptions.
        rate: How often, for people; in the target's time.
        meaning: What it says, in which frame and unit.
        foreign_type: The type's name where its package may be missing.
    """

    name: str
    type: Any
    quality: Quality
    rate: str
    meaning: str
    foreign_type: str = ""

    @property
    def exclusive(self) -> bool:
        """Whether one node alone may send it: a second one would be heard in turn with the first."""
        return self.name in _EXCLUSIVE

    @property
    def type_name(self) -> str:
        """The message type as ROS writes it."""
        return self.foreign_type or f"{self.type.__module__.split('.')[0]}/{self.type.__name__}"


@dataclass(frozen=True)
class ServiceSpec:
    """A service of the graph; attributes as in `Topic`."""

    name: str
    type: Any
    meaning: str

    @property
    def type_name(self) -> str:
        """The service type as ROS writes it."""
        return f"{self.type.__module__.split('.')[0]}/{self.type.__name__}"


_EXCLUSIVE = frozenset(
    {
        "joint_states",
        "imu/data",
        "points",
        "joint_commands",
        "odom",
        "base_footprint",
        "lidar/pose",
        "elevation",
        "footing",
        "plan/cmd_vel",
    }
)

ODOM_FRAME = "odom"
FOOTPRINT_FRAME = "base_footprint"
BASE_FRAME = "base_link"

FRAMES = MappingProxyType(
    {
        ODOM_FRAME: (
            "",
            "",
            "where the controller began to estimate (REP-105); drifts, never jumps while it runs",
        ),
        FOOTPRINT_FRAME: (
            ODOM_FRAME,
            "controller",
            "on the ground under the base, level, turned as the base is. REP-120 puts it between the feet; here it is "
            "under the base, which is what perception and planner learned with",
        ),
        "the URDF's root (G1: `pelvis`)": (FOOTPRINT_FRAME, "controller", "the base, whose motion is estimated"),
        BASE_FRAME: ("the URDF's root", "robot_state_publisher", "the same place under REP-105's name"),
        "links of the robot": (
            "their parents",
            "robot_state_publisher",
            "the URDF's own names; the IMU's and the LiDAR's are in `config/robots`",
        ),
    }
)
"""Frames: parent, who says where they are on `tf`, and meaning."""

TOPICS = MappingProxyType(
    {
        topic.name: topic
        for topic in (
            Topic(
                "joint_states",
                JointState,
                LATEST,
                "500 Hz",
                "position [rad], velocity [rad/s] and measured effort [N·m] of every actuated joint, in the robot's "
                "joint order",
            ),
            Topic("imu/data", Imu, LATEST, "500 Hz", "pelvis IMU, same stamp as `joint_states`; no orientation"),
            Topic("points", PointCloud2, SENSOR, "10 Hz", "head LiDAR, in its own frame"),
            Topic(
                "joint_commands",
                JointState,
                LATEST,
                "500 Hz",
                "stamp = stamp of the state it answers. The target applies kp(q\\*−q) + kd(v\\*−v) + effort with the "
                "gains of the robot's config, or those that the command brings. No positions: damp towards the "
                "velocities; neither: limp",
            ),
            Topic(
                "clock",
                Clock,
                LATEST,
                "100 Hz",
                "the target's time; `/clock` in the root namespace. In another one, remap `/clock` of nodes with "
                "`use_sim_time` to it",
            ),
            Topic("robot_description", String, LATCHED, "once", "URDF"),
            Topic(
                "evaluation",
                String,
                LATCHED,
                "5 Hz (wall)",
                "JSON with ground truth, for judging a run and never for control (below)",
            ),
            Topic(
                "push",
                Vector3Stamped,
                EVENTS,
                "any",
                "impulse on the torso of a simulated robot [N·s], spread over 0.1 s; in the world, or as the robot is "
                "turned if its frame is `base_footprint`",
            ),
            Topic(
                "lowcmd",
                String,
                LATEST,
                "5 Hz (wall)",
                "JSON: what is sent to a real robot's motors, or in a dry run would be, and why",
            ),
            Topic(
                "joint_state_broadcaster/joint_states",
                JointState,
                LATEST,
                "1000 Hz",
                "Gazebo only: joint positions and velocities as ros2_control has them, in any order",
            ),
            Topic(
                "imu_sensor_broadcaster/imu",
                Imu,
                LATEST,
                "1000 Hz",
                "Gazebo only: pelvis IMU; its orientation is the simulator's, and nobody uses it",
            ),
            Topic(
                "effort_controller/commands",
                Float64MultiArray,
                LATEST,
                "≥ 1000 Hz",
                "Gazebo only: torques [N·m] in the robot's joint order",
            ),
            Topic(
                "ground_truth",
                Odometry,
                LATEST,
                "50 Hz",
                "Gazebo only: where the base truly is, in the world; for judging and for simulated sensors, never for "
                "control",
            ),
            Topic("odom", Odometry, LATEST, "50 Hz", "estimated base in `odom`; twist in the base frame; covariances"),
            Topic(
                "base_footprint",
                PoseStamped,
                LATEST,
                "50 Hz",
                "the point under the pelvis at the height of the ground, aligned with the heading, in `odom`",
            ),
            Topic(
                "lidar/pose",
                PoseStamped,
                LATEST,
                "50 Hz",
                "the LiDAR's frame in `odom` (what `tf` says where tf2 is installed)",
            ),
            Topic(
                "tf",
                TFMessage,
                TRANSFORMS,
                "50 Hz",
                "`odom` to `base_footprint` to the base; published where tf2_msgs is installed",
                "tf2_msgs/TFMessage",
            ),
            Topic(
                "controller/markers",
                MarkerArray,
                LATEST,
                "10 Hz (wall) and on change",
                "to look at: footsteps, estimated contact forces, centre of mass and divergent component of motion, in "
                "`odom`",
            ),
            Topic(
                "controller/status",
                String,
                LATEST,
                "10 Hz (wall) and on change",
                "JSON: what the body does, and why (below)",
            ),
            Topic(
                "elevation",
                PointCloud2,
                LATEST,
                "10 Hz",
                "an organised cloud in `base_footprint`: row i, column j is the cell i ahead and j to the left, z its "
                "height [m], NaN where unknown; the resolution is the points' distance. Further fields: `deviation` of "
                "the height [m], NaN likewise, `age` since it was last seen [s], `velocity_x` and `velocity_y` of what "
                "stands there over the ground [m/s], 0 if it is still",
            ),
            Topic(
                "footing",
                PointCloud2,
                LATEST,
                "10 Hz",
                "heights [m] for feet, likewise but in `odom`, finer and nearer; the controller puts feet by it for a "
                "second, and by what they feel without it",
            ),
            Topic(
                "plan/cmd_vel",
                TwistStamped,
                LATEST,
                "20 Hz",
                "what the planner asks for, in `base_footprint`; stamp = newest odometry it knew; stale after 0.5 s",
            ),
            Topic(
                "plan/status",
                String,
                LATEST,
                "each plan",
                "JSON: what the mind does, and why, and what it imagined (below)",
            ),
            Topic("plan/path", Path, LATEST, "≤ 5 Hz", "to look at: the chosen imagined trajectory, in `odom`"),
            Topic(
                "plan/candidates",
                MarkerArray,
                LATEST,
                "≤ 5 Hz",
                "to look at: a sample of the imagined trajectories, in `odom`, coloured by cost",
            ),
            Topic(
                "plan/markers",
                MarkerArray,
                LATEST,
                "≤ 5 Hz",
                "to look at: the goal, and the surprise in words over the robot, green to red, in `odom`",
            ),
            Topic(
                "goal_pose",
                PoseStamped,
                LATEST,
                "any",
                "where to walk, in `odom`; a quaternion of zeros means any heading, others count whatever their length",
            ),
            Topic(
                "teleop/cmd_vel",
                TwistStamped,
                LATEST,
                "≥ 5 Hz",
                "outranks the planner for 0.5 s after its last message",
            ),
            *(
                Topic(
                    f"teleop/{side}_hand",
                    PoseStamped,
                    LATEST,
                    "≥ 5 Hz",
                    f"where the {side} hand is to be, in `base_footprint` or `odom`; it stays where it has come to "
                    "0.5 s after the last message. A stamp that is older is refused; zero is now",
                )
                for side in ("left", "right")
            ),
            Topic("payload", Float64MultiArray, LATEST, "any", "masses in the left and the right hand [kg]"),
            Topic(
                "posture/arms",
                JointState,
                LATEST,
                "any",
                "positions [rad] that joints of the arms hold from now on; those that are not named go to their "
                "nominal ones. For the model walker; a learned one moves its arms as it has learned",
            ),
            Topic(
                "posture/torso",
                Pose,
                LATEST,
                "any",
                "how the torso is held: `position.z` relative to the walk's height [m], and the pitch of `orientation`",
            ),
            Topic("joy", Joy, EVENTS, "20 Hz", "axes and buttons of a joystick"),
            Topic("emergency_stop", Bool, EVENTS, "any", "true outranks all and latches until `controller/release`"),
            Topic(
                "goal_marker/update",
                InteractiveMarkerUpdate,
                EVENTS,
                "on change",
                "goal and hands as handles for RViz; all of them: `goal_marker/get_interactive_markers`",
            ),
            Topic("goal_marker/feedback", InteractiveMarkerFeedback, EVENTS, "on change", "what people do with it"),
            Topic("diagnostics", DiagnosticArray, EVENTS, "1 Hz (wall) and on change", "how each node is, and why"),
        )
    }
)

SERVICES = MappingProxyType(
    {
        service.name: service
        for service in (
            ServiceSpec(
                "controller/stand_up",
                Trigger,
                "balance again, after damping, sitting or an input fault; not during an emergency stop",
            ),
            ServiceSpec("controller/sit_down", Trigger, "lower the pelvis, then damp"),
            ServiceSpec("controller/emergency_stop", Trigger, "damp at once, and stay so"),
            ServiceSpec(
                "controller/release",
                Trigger,
                "take back an emergency stop; the robot goes on damping until it is asked to stand up",
            ),
            *(
                ServiceSpec(f"controller/let_go_{side}", Trigger, f"leave the {side} hand to the posture again")
                for side in ("left", "right")
            ),
            ServiceSpec("controller/weigh", Trigger, "find out, standing still, what the hands carry"),
            ServiceSpec(
                "target/engage",
                Trigger,
                "real robot: from damping, raise the gains and move to the nominal posture; a controller that damps "
                "then takes over when it is asked to stand up",
            ),
            ServiceSpec("target/damp", Trigger, "real robot: damp at once, until engaged anew"),
            ServiceSpec("planner/cancel", Trigger, "forget the goal"),
            ServiceSpec(
                "goal_marker/get_interactive_markers",
                GetInteractiveMarkers,
                "all handles as they are, and the number of the last update; RViz asks when it comes",
            ),
            ServiceSpec(
                "target/restart",
                Trigger,
                "start a simulation anew: the robot stands where it stood at first, and the clock begins at zero",
            ),
        )
    }
)
